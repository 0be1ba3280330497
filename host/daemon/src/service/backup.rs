//! A backup of a host that lives: a moment of its store, read in a thread that may wait, with a receipt of its own.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use syndic_api::server::{Backup, Denied, Unavailable};
use syndic_core::ports::Clock;
use syndic_engine::Deed;
use syndic_store::{Moment, MomentError};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio::time::timeout;
use tracing::{info, warn};

use crate::run::Live;

/// Pieces that wait to be sent: a few, so that disk and network work side by side.
const WAITING: usize = 4;

/// Whoever takes nothing for so long is given no more: what is written meanwhile gathers in memory.
const PATIENCE: Duration = Duration::from_secs(60);

/// Takes a backup, to be read in pieces. It has its receipt, durably, when this returns, and the receipt names its root.
pub(super) fn take(live: &Arc<Live>, by: &str, runtime: Handle) -> Result<Result<Backup, Denied>, Unavailable> {
    let moment = match live.store.moment() {
        Ok(moment) => moment,
        Err(MomentError::Taken) => return Ok(Err(Denied(MomentError::Taken.to_string()))),
        Err(MomentError::Store(why)) => return Err(Unavailable(why.to_string())),
    };
    let frontier = &moment.head.frontier;
    let (receipts, root, paused) = (frontier.size(), frontier.root().to_string(), moment.paused);
    let deed = Deed {
        name: "backup".into(),
        by: by.into(),
        reason: "a backup was wanted".into(),
        at: live.clock.now(),
        id: None,
        details: json!({"receipts": receipts, "root_hash": root}),
    };
    let told = live.host.administer(&deed, Vec::new()).map_err(|halt| Unavailable(halt.to_string()))?;
    let report = match told {
        Ok(report) => report,
        Err(why) => return Ok(Err(Denied(why))),
    };
    let receipt = report.receipt.ok_or_else(|| Unavailable("its receipt has no number".into()))?;
    info!(by, receipts, root, receipt, paused_us = paused.as_micros(), "a backup is being taken");
    let (give, pieces) = mpsc::channel(WAITING);
    tokio::task::spawn_blocking(move || tell(moment, &give, &runtime));
    Ok(Ok(Backup { receipt, paused, pieces }))
}

/// Reads the moment to its end, or as long as somebody listens.
fn tell(mut moment: Moment, give: &mpsc::Sender<Result<Vec<u8>, Unavailable>>, runtime: &Handle) {
    let mut bytes = 0;
    loop {
        let piece = match moment.next() {
            Ok(Some(piece)) => Ok(piece),
            Ok(None) => break,
            Err(why) => Err(Unavailable(why.to_string())),
        };
        bytes += piece.as_ref().map_or(0, Vec::len);
        let failed = piece.as_ref().err().map(ToString::to_string);
        let sent = runtime.block_on(timeout(PATIENCE, give.send(piece)));
        let why = match sent {
            Ok(Ok(())) => failed,
            Ok(Err(_)) => Some("nobody listens any more".into()),
            Err(_) => Some(format!("nothing was taken for {PATIENCE:?}")),
        };
        if let Some(why) = why {
            warn!(bytes, why, "a backup was broken off");
            return;
        }
    }
    info!(bytes, "a backup was taken");
}
