//! Metrics: what the server sees of events and requests, and how the host stands, as Prometheus reads it.
//!
//! No label names a tenant, a customer or an id: their number is not bounded, and a metric is not the place for people.

use std::fmt::Error;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use syndic_core::{Outcome, Report};

use crate::Stats;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfOutcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSlot {
    slot: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    slot: String,
    verdict: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfRoute {
    route: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfAnswer {
    route: &'static str,
    status: u16,
}

/// From half a millisecond, which a judgement without effects takes, to the ten seconds after which one is stopped.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// Up to the twenty million a call is given.
const FUEL: [f64; 9] = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 2e7, 4e7];

/// What is counted.
pub(crate) struct Metrics {
    registry: Registry,
    events: Family<OfOutcome, Counter>,
    duplicates: Counter,
    durations: Histogram,
    fuel: Family<OfSlot, Histogram, fn() -> Histogram>,
    verdicts: Family<OfVerdict, Counter>,
    answers: Family<OfAnswer, Counter>,
    answered_in: Family<OfRoute, Histogram, fn() -> Histogram>,
    standing: Standing,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let seconds = || Histogram::new(SECONDS);
        let mut metrics = Self {
            registry: Registry::with_prefix("syndic"),
            events: Family::default(),
            duplicates: Counter::default(),
            durations: seconds(),
            fuel: Family::new_with_constructor(|| Histogram::new(FUEL)),
            verdicts: Family::default(),
            answers: Family::default(),
            answered_in: Family::new_with_constructor(seconds),
            standing: Standing::default(),
        };
        metrics.register();
        metrics
    }

    #[rustfmt::skip]
    fn register(&mut self) {
        let registry = &mut self.registry;
        registry.register("events", "Events that were sent here, by outcome", self.events.clone());
        registry.register("events_duplicate", "Events that had their outcome already", self.duplicates.clone());
        registry.register("event_duration_seconds", "From an event to its durable outcome", self.durations.clone());
        registry.register("governor_fuel", "Fuel that a governor burnt on an event", self.fuel.clone());
        registry.register("governor_verdicts", "Answers of governors", self.verdicts.clone());
        registry.register("http_responses", "Answers, by route and status", self.answers.clone());
        registry.register("http_duration_seconds", "From a request to its answer", self.answered_in.clone());
        registry.register_collector(Box::new(self.standing.clone()));
    }

    /// When something began.
    pub(crate) fn start(&self) -> Instant {
        Instant::now()
    }

    /// Counts what became of an event. A duplicate was judged before, and counts as that alone.
    pub(crate) fn judged(&self, report: &Report, since: Option<Instant>) {
        if report.duplicate {
            self.duplicates.inc();
            return;
        }
        self.events.get_or_create(&OfOutcome { outcome: report.outcome.name() }).inc();
        if let Some(since) = since.filter(|_| report.outcome != Outcome::Invalid) {
            self.durations.observe(since.elapsed().as_secs_f64());
        }
        for opinion in &report.governors {
            let (slot, verdict) = (opinion.slot.to_string(), opinion.verdict.clone());
            self.fuel.get_or_create(&OfSlot { slot: slot.clone() }).observe(opinion.fuel as f64);
            self.verdicts.get_or_create(&OfVerdict { slot, verdict }).inc();
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: &'static str, status: u16, since: Instant) {
        self.answers.get_or_create(&OfAnswer { route, status }).inc();
        self.answered_in.get_or_create(&OfRoute { route }).observe(since.elapsed().as_secs_f64());
    }

    /// Everything, and how the host stands.
    pub(crate) fn text(&self, stats: Stats) -> Result<String, Error> {
        self.standing.set(stats);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The media type of what [`Metrics::text`] gives.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// How the host stands, as it was told last.
#[derive(Clone, Debug, Default)]
struct Standing(Arc<Mutex<Stats>>);

impl Standing {
    fn set(&self, stats: Stats) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = stats;
    }
}

impl Collector for Standing {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let stats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What the ledger and the store know survives the process, so it is told as they count it.
        counters(&mut encoder, "receipts", "Receipts in the ledger, by outcome", "outcome", &stats.outcomes)?;
        counter(&mut encoder, "conflicts", "Conflicts that were recorded", stats.conflicts_detected)?;
        gauges(&mut encoder, "lanes", "Lanes, by state", "state", &stats.current_state)?;
        #[rustfmt::skip]
        let levels = [
            ("queue_depth",         "Events that wait for their outcome",              stats.pending_events),
            ("timers_waiting",      "Timers that wait",                                stats.timers_waiting),
            ("events_stuck",        "Events of which an effect could not be undone",   stats.stuck_events),
            ("effects_undelivered", "Deferred effects that nobody answered",           stats.undelivered_effects),
            ("quarantined",         "Versions that are not asked about an event",      stats.quarantined),
            ("governors",           "Governors that are installed",                    stats.total_governors),
            ("governors_healthy",   "Governors that are loaded and healthy",           stats.governors_healthy),
            ("error_state",         "1 while something is wrong that needs a person",  u64::from(stats.error_state.is_some())),
        ];
        levels.into_iter().try_for_each(|(name, help, value)| gauge(&mut encoder, name, help, value))
    }
}

type Counts = std::collections::BTreeMap<String, u64>;

fn counter(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    let counter = ConstCounter::new(value);
    counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)
}

fn gauge(encoder: &mut DescriptorEncoder<'_>, name: &str, help: &str, value: u64) -> Result<(), Error> {
    let gauge = ConstGauge::new(value as i64);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told_under_its_conventional_name() {
        let metrics = Metrics::new();
        let report = Report::turned_away("e", syndic_core::Error::invalid("no"));
        metrics.judged(&report, Some(metrics.start()));
        metrics.judged(&Report { duplicate: true, ..report }, None);
        metrics.answered("/v1/events", 400, metrics.start());
        let stats = Stats {
            outcomes: [("completed".to_owned(), 7)].into(),
            current_state: [("Idle".to_owned(), 3)].into(),
            conflicts_detected: 2,
            ..Stats::default()
        };
        let text = metrics.text(stats).unwrap();
        for line in [
            r#"syndic_events_total{outcome="invalid"} 1"#,
            "syndic_events_duplicate_total 1",
            r#"syndic_http_responses_total{route="/v1/events",status="400"} 1"#,
            r#"syndic_receipts_total{outcome="completed"} 7"#,
            "syndic_conflicts_total 2",
            r#"syndic_lanes{state="Idle"} 3"#,
            "syndic_queue_depth 0",
            "syndic_event_duration_seconds_count 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}
