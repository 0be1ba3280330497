//! Carries batches to the collector: the one HTTP client of the house, on the thread that sends.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use ureq::Agent;

/// Bytes of an answer that are read; a collector says in it how much it did not take.
const ANSWER_MAX_BYTES: u64 = 64 * 1024;

/// A client that waits for so long.
pub(super) struct Carrier(Agent);

impl Carrier {
    pub(super) fn patient_for(timeout: Duration) -> Self {
        // Elsewhere than where it was sent nothing goes: headers may carry a secret.
        let config = Agent::config_builder().http_status_as_error(false).max_redirects(0).timeout_global(Some(timeout));
        Self(config.build().into())
    }

    fn carry(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answer = self.0.run(request.map(Vec::from))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(ANSWER_MAX_BYTES).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}

impl fmt::Debug for Carrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Carrier")
    }
}

impl HttpClient for Carrier {
    /// It blocks: whoever sends has a thread for it.
    fn send_bytes<'s, 'f>(
        &'s self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'f>>
    where
        's: 'f,
        Self: 'f,
    {
        Box::pin(std::future::ready(self.carry(request)))
    }
}
