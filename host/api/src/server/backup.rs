//! A backup over HTTP: the store as of one moment, as a stream that `syndic backup` lays out as a data directory.
//!
//! It has a receipt before its first byte leaves: whoever carries everything away has said so in the ledger.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::header::{CONTENT_TYPE, LOCATION};
use axum::http::{HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use futures_util::stream::unfold;

use super::App;
use super::ask::Ask;
use super::problem::Problem;
use super::service::{Backup, Unavailable};

/// The media type of a backup.
pub(crate) const BACKUP: &str = "application/vnd.syndic.backup";

const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

pub(crate) async fn backup(app: Arc<App>, ask: Ask) -> Result<Response, Problem> {
    let Backup { receipt, paused, pieces } = app.service.backup(ask.caller().name.clone()).await??;
    let closing = app.closing.clone();
    let stream = unfold((pieces, closing), |(mut pieces, mut closing)| async move {
        let piece = tokio::select! {
            piece = pieces.recv() => piece?.map(Bytes::from),
            _ = closing.wait_for(|closing| *closing) => Err(Unavailable("the host stops".into())),
        };
        Some((piece, (pieces, closing)))
    });
    let place = format!("/v1/receipts/{receipt}");
    let headers = [(CONTENT_TYPE, HeaderValue::from_static(BACKUP)), (SERVER_TIMING, paused_for(paused))];
    Ok((headers, [(LOCATION, place)], Body::from_stream(stream)).into_response())
}

/// How long writers were held up, as browsers and tools read it: in milliseconds.
fn paused_for(paused: Duration) -> HeaderValue {
    let text = format!("pause;dur={:.3}", paused.as_secs_f64() * 1_000.0);
    HeaderValue::from_str(&text).expect("our own header values are ASCII")
}
