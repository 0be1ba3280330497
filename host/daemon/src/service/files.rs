//! What became of an event, gathered from its receipts.

use serde_json::Value;
use syndic_api::{EventFile, HistoryLine, OutcomeLine, Prelude};
use syndic_core::DedupKey;
use syndic_core::ports::{Reads, StoreError};

/// An event with all that became of it; none where its key is not known.
pub(crate) fn event_file(store: &impl Reads, key: &DedupKey) -> Result<Option<EventFile>, StoreError> {
    let Some(record) = store.dedup(key)? else { return Ok(None) };
    let (mut history, mut event, mut receipt) = (Vec::new(), None, record.report.receipt);
    while let Some(sequence) = receipt {
        // An effect that was sent again follows from the event that asked for it, which is another.
        let Some(entry) = store.receipt(sequence)?.filter(|entry| entry.kept.key == *key) else { break };
        let act = entry.kept.again.as_ref().map(|again| &again.act);
        history.push(HistoryLine {
            receipt: sequence,
            outcome: entry.kept.report.outcome.name(),
            act: act.map(|act| act.verb.name()),
            by: act.map(|act| act.by.clone()),
            reason: act.map(|act| act.reason.clone()),
        });
        event = Some(entry.kept.event.into_bytes());
        receipt = entry.kept.again.map(|again| again.first).filter(|first| *first < sequence);
    }
    history.reverse();
    // One outcome and nobody's act is no history.
    if history.len() < 2 && history.iter().all(|line| line.act.is_none()) {
        history.clear();
    }
    if event.is_none() {
        event = store.blob(&record.hash)?;
    }
    let event = event.and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or(Value::Null);
    Ok(Some(EventFile { event, outcome: OutcomeLine::new(Prelude::default(), &record.report), history }))
}
