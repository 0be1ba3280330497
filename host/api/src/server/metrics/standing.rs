//! How the host stands, as it was told last.

use std::collections::BTreeMap;
use std::fmt::Error;
use std::sync::{Arc, Mutex, PoisonError};

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeGaugeValue, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::Stats;

/// What was told last.
#[derive(Clone, Debug, Default)]
pub(super) struct Standing(Arc<Mutex<Stats>>);

impl Standing {
    pub(super) fn set(&self, stats: Stats) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let stats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What the ledger and the store know survives the process, so it is told as they count it.
        counters(&mut encoder, "receipts", "Receipts in the ledger, by outcome", "outcome", &stats.outcomes)?;
        counter(&mut encoder, "conflicts", "Conflicts in the ledger", stats.conflicts_detected)?;
        counter(&mut encoder, "events_processed", "Events with an outcome in the ledger", stats.events_processed)?;
        gauges(&mut encoder, "lanes", "Lanes, by state", "state", &stats.current_state)?;
        gauges(&mut encoder, "cases", "Cases, by status", "status", &stats.cases)?;
        #[rustfmt::skip]
        let levels = [
            ("events_pending",      "Events that were taken, or raised, and have no durable outcome", stats.pending_events),
            ("queue_depth",         "Events from outside that wait for their turn",    stats.waiting_events),
            ("timers_waiting",      "Timers that wait",                                stats.timers_waiting),
            ("timers_due",          "Of these, that should have fired; at most 1000 are counted", stats.timers_due),
            ("effects_deferred",    "Deferred effects that wait; at most 10000 are counted", stats.effects_deferred),
            ("events_stuck",        "Events of which an effect could not be undone",   stats.stuck_events),
            ("effects_undelivered", "Deferred effects that nobody answered",           stats.undelivered_effects),
            ("work_items",          "Work items that are open",                        stats.work_items),
            ("quarantined",         "Versions that are not asked about an event",      stats.quarantined),
            ("governors",           "Governors that are installed",                    stats.total_governors),
            ("governors_healthy",   "Governors that are loaded and healthy",           stats.governors_healthy),
            ("error_state",         "1 while something is wrong that needs a person",  u64::from(stats.error_state.is_some())),
        ];
        levels.into_iter().try_for_each(|(name, help, value)| gauge(&mut encoder, name, help, value as i64))?;
        let late = stats.timers_late_ms as f64 / 1e3;
        gauge(&mut encoder, "timer_overdue_seconds", "For how long the first of the timers should have fired", late)
    }
}

type Counts = BTreeMap<String, u64>;

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn gauge<N: EncodeGaugeValue>(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    value: N,
) -> Result<(), Error> {
    let gauge = ConstGauge::new(value);
    gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)
}

fn counters(
    encoder: &mut DescriptorEncoder<'_>,
    name: &str,
    help: &str,
    label: &str,
    all: &Counts,
) -> Result<(), Error> {
    let of = ConstCounter::new(0u64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, of)?;
    for (key, value) in all {
        ConstCounter::new(*value).encode(family.encode_family(&[(label, key.as_str())])?)?;
    }
    Ok(())
}

fn gauges(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, label: &str, all: &Counts) -> Result<(), Error> {
    let of = ConstGauge::new(0i64).metric_type();
    let mut family = encoder.encode_descriptor(name, help, None, of)?;
    for (key, value) in all {
        ConstGauge::new(*value as i64).encode(family.encode_family(&[(label, key.as_str())])?)?;
    }
    Ok(())
}
