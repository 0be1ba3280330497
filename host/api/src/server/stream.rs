//! The live stream: every receipt as it becomes durable, as server-sent events.
//!
//! An event's id is the receipt's sequence. Who was cut off sends the last one it saw as `Last-Event-ID`, as browsers do
//! by themselves, and misses nothing: what it did not see is read from the ledger. A reader that is slow holds nothing
//! up; it reads the ledger at its own pace.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderName;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;

use super::App;
use super::ask::Ask;
use super::caller::Caller;
use super::look::may_see;
use super::problem::Problem;
use super::scans::{self, Stretch};
use crate::ReceiptLine;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Receipts read at a time. A reader that does not listen holds so many, until it is broken off.
const AT_ONCE: usize = 32;

/// Shorter than the minute after which middlemen cut what is silent.
const ALIVE_EVERY: Duration = Duration::from_secs(15);

pub(crate) async fn stream(app: Arc<App>, ask: Ask) -> Result<Response, Problem> {
    let last = ask.header(&LAST_EVENT_ID)?.map(|last| {
        last.parse()
            .map_err(|_| Problem::bad_request(format!("`Last-Event-ID` is the number of a receipt, not `{last}`")))
    });
    let after = match (last.transpose()?, ask.read_wish("after")?) {
        (Some(last), _) | (None, Some(last)) => last,
        (None, None) => app.scans.turn(app.service.stats()).await?.receipts,
    };
    let reader = Reader { caller: ask.caller().clone(), app, after, read: VecDeque::new() };
    let events = unfold(reader, |mut reader| async move {
        let event = reader.next().await?;
        Some((Ok::<_, Infallible>(event), reader))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE_EVERY)).into_response())
}

struct Reader {
    app: Arc<App>,
    caller: Caller,
    after: u64,
    read: VecDeque<ReceiptLine>,
}

impl Reader {
    /// The next receipt that is for this caller; none once the caller is let in no more, or the server closes.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some(line) = self.read.pop_front() {
                let data = serde_json::to_string(&line).ok()?;
                return Some(Event::default().id(line.sequence.to_string()).event("receipt").data(data));
            }
            if !self.app.tokens.still(&self.caller, self.app.service.now()) {
                return None;
            }
            let Stretch { lines, last } = scans::receipts(&self.app, self.after, AT_ONCE).await.ok()?;
            match last {
                Some(last) => {
                    self.after = last;
                    self.read.extend(lines.into_iter().filter(|line| may_see(&self.caller, line.tenant.as_deref())));
                }
                None => self.grown().await?,
            }
        }
    }

    async fn grown(&self) -> Option<()> {
        let mut closing = self.app.closing.clone();
        tokio::select! {
            grown = self.app.service.grown(self.after) => grown.ok().map(|_| ()),
            _ = closing.wait_for(|closing| *closing) => None,
        }
    }
}
