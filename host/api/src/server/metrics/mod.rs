//! Metrics: what becomes of events, what it costs, and how the host stands, as Prometheus reads it.
//!
//! The host tells what it does through the observer's port, whatever door an event came through and where it came
//! through none; what stands in the ledger and the store is told as they count it, over all processes there ever were.
//!
//! No label names a tenant, a customer or an id: their number is not bounded, and a metric is not the place for people.

mod standing;

use std::fmt::{self, Debug};
use std::time::{Duration, Instant};

use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use syndic_core::ports::{Observer, Source};
use syndic_core::{Outcome, Report, Slot};

use self::standing::Standing;
use crate::Stats;

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEvent {
    outcome: &'static str,
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfSlot {
    slot: Named,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfVerdict {
    slot: Named,
    verdict: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfFailure {
    slot: Named,
    class: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfConflict {
    policy: String,
    settlement: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfEffect {
    action: String,
    answer: &'static str,
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

/// A slot's name, which is not copied for every call.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Named(Slot);

impl EncodeLabelValue for Named {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> Result<(), fmt::Error> {
        self.0.to_string().encode(encoder)
    }
}

/// From half a millisecond, which a judgement without effects takes, to the ten seconds after which one is stopped.
const SECONDS: [f64; 14] = [0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// For what takes some tens of microseconds where all is well: a call of a governor, a commit, a barrier.
const SHORT: [f64; 14] = [1e-5, 2e-5, 5e-5, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.05, 0.25, 1.0, 10.0];

/// From the second between two beats, by which every timer may be late, to a day.
const LATE: [f64; 8] = [0.5, 1.0, 2.0, 10.0, 60.0, 600.0, 3_600.0, 86_400.0];

/// Up to the twenty million a call is given.
const FUEL: [f64; 9] = [1e4, 3e4, 1e5, 3e5, 1e6, 3e6, 1e7, 2e7, 4e7];

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;

/// What is counted. It is made before anything else, and whoever counts has it.
pub struct Metrics {
    registry: Registry,
    events: Family<OfEvent, Counter>,
    duplicates: Counter,
    durations: Histogram,
    fuel: Histograms<OfSlot>,
    calls: Histograms<OfSlot>,
    verdicts: Family<OfVerdict, Counter>,
    failures: Family<OfFailure, Counter>,
    conflicts: Family<OfConflict, Counter>,
    effects: Histograms<OfEffect>,
    commits: Histogram,
    barriers: Histogram,
    timers: Histogram,
    spans_sent: Counter,
    spans_lost: Counter,
    connections: Gauge,
    refused: Counter,
    answers: Family<OfAnswer, Counter>,
    answered_in: Histograms<OfRoute>,
    standing: Standing,
}

impl Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Nothing is counted yet.
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("syndic"),
            events: Family::default(),
            duplicates: Counter::default(),
            durations: Histogram::new(SECONDS),
            fuel: Family::new_with_constructor(|| Histogram::new(FUEL)),
            calls: Family::new_with_constructor(|| Histogram::new(SHORT)),
            verdicts: Family::default(),
            failures: Family::default(),
            conflicts: Family::default(),
            effects: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            commits: Histogram::new(SHORT),
            barriers: Histogram::new(SHORT),
            timers: Histogram::new(LATE),
            spans_sent: Counter::default(),
            spans_lost: Counter::default(),
            connections: Gauge::default(),
            refused: Counter::default(),
            answers: Family::default(),
            answered_in: Family::new_with_constructor(|| Histogram::new(SECONDS)),
            standing: Standing::default(),
        };
        metrics.register();
        metrics
    }

    #[rustfmt::skip]
    fn register(&mut self) {
        let r = &mut self.registry;
        r.register("events", "Events judged or turned away since the start, by outcome and by where they came from", self.events.clone());
        r.register("events_duplicate", "Events that had their outcome already", self.duplicates.clone());
        r.register("event_duration_seconds", "From an event's admission at the door to its durable outcome", self.durations.clone());
        r.register("governor_fuel", "Fuel that a governor burnt on an event", self.fuel.clone());
        r.register("governor_call_seconds", "One call of a governor, on trial or not", self.calls.clone());
        r.register("governor_verdicts", "Answers of governors", self.verdicts.clone());
        r.register("governor_failures", "Calls of governors that gave no decision, by the class of failure", self.failures.clone());
        r.register("conflicts_settled", "Conflicts since the start, by policy and by what came of them", self.conflicts.clone());
        r.register("effect_seconds", "One try of one effect, by what was answered: yes, no, or none in its time", self.effects.clone());
        r.register("commit_seconds", "To admit an outcome, with waiting for others that are admitted", self.commits.clone());
        r.register("barrier_seconds", "For a group of outcomes to reach the disk", self.barriers.clone());
        r.register("timer_delay_seconds", "From when a timer was due to when it fired", self.timers.clone());
        r.register("spans_sent", "Spans that the collector took", self.spans_sent.clone());
        r.register("spans_lost", "Spans that the collector did not take, or that found no room", self.spans_lost.clone());
        r.register("http_connections", "Connections that are open", self.connections.clone());
        r.register("http_connections_refused", "Connections closed because their address had too many", self.refused.clone());
        r.register("http_responses", "Answers, by route and status", self.answers.clone());
        r.register("http_duration_seconds", "From a request to its answer", self.answered_in.clone());
        r.register_collector(Box::new(self.standing.clone()));
    }

    /// When something began.
    pub(crate) fn start(&self) -> Instant {
        Instant::now()
    }

    /// Counts an event that was turned away at the door.
    pub(crate) fn turned_away(&self) {
        self.events.get_or_create(&OfEvent { outcome: Outcome::Invalid.name(), source: Source::Sent.name() }).inc();
    }

    /// Counts what a sender is told where nothing was judged: a duplicate, or what its lane had no turn for.
    pub(crate) fn answered_event(&self, report: &Report) {
        if report.duplicate {
            self.duplicates.inc();
        } else if report.state_path.is_empty() {
            self.turned_away();
        }
    }

    /// Counts an answer.
    pub(crate) fn answered(&self, route: &'static str, status: u16, since: Instant) {
        self.answers.get_or_create(&OfAnswer { route, status }).inc();
        self.answered_in.get_or_create(&OfRoute { route }).observe(since.elapsed().as_secs_f64());
    }

    /// A connection is open, until what this returns is dropped.
    pub(crate) fn connected(&self) -> Connected {
        self.connections.inc();
        Connected(self.connections.clone())
    }

    /// Counts a connection that was closed unheard.
    pub(crate) fn connection_refused(&self) {
        self.refused.inc();
    }

    /// Counts spans that the collector took.
    pub fn spans_sent(&self, spans: u64) {
        self.spans_sent.inc_by(spans);
    }

    /// Counts spans that it did not take.
    pub fn spans_lost(&self, spans: u64) {
        self.spans_lost.inc_by(spans);
    }

    /// Everything, and how the host stands.
    pub(crate) fn text(&self, stats: Stats) -> Result<String, fmt::Error> {
        self.standing.set(stats);
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

/// The media type of what [`Metrics::text`] gives.
pub(crate) const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// An open connection.
pub(crate) struct Connected(Gauge);

impl Drop for Connected {
    fn drop(&mut self) {
        self.0.dec();
    }
}

impl Observer for Metrics {
    fn judged(&self, source: Source, report: &Report) {
        // What turned out to be a duplicate is counted where its sender is told so.
        if report.duplicate {
            return;
        }
        self.events.get_or_create(&OfEvent { outcome: report.outcome.name(), source: source.name() }).inc();
        for opinion in &report.governors {
            let slot = Named(opinion.slot.clone());
            self.fuel.get_or_create(&OfSlot { slot: slot.clone() }).observe(opinion.fuel as f64);
            self.verdicts.get_or_create(&OfVerdict { slot, verdict: opinion.verdict.clone() }).inc();
        }
        for conflict in &report.conflicts {
            // Where a slot won, which of them did is the receipt's to say.
            let named = ["rolled-back", "referred", "judged-again", "dropped"];
            let settlement = named.into_iter().find(|name| *name == conflict.settlement).unwrap_or("won");
            self.conflicts.get_or_create(&OfConflict { policy: conflict.policy.clone(), settlement }).inc();
        }
    }

    fn told(&self, took: Duration) {
        self.durations.observe(took.as_secs_f64());
    }

    fn called(&self, slot: &Slot, _fuel: u64, failed: Option<&'static str>, took: Duration) {
        let slot = Named(slot.clone());
        if let Some(class) = failed {
            self.failures.get_or_create(&OfFailure { slot: slot.clone(), class }).inc();
        }
        self.calls.get_or_create(&OfSlot { slot }).observe(took.as_secs_f64());
    }

    fn reached(&self, action: &str, answer: &'static str, took: Duration) {
        self.effects.get_or_create(&OfEffect { action: action.to_owned(), answer }).observe(took.as_secs_f64());
    }

    fn admitted(&self, took: Duration) {
        self.commits.observe(took.as_secs_f64());
    }

    fn synced(&self, took: Duration) {
        self.barriers.observe(took.as_secs_f64());
    }

    fn fired(&self, late: Duration) {
        self.timers.observe(late.as_secs_f64());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_core::Error;

    #[test]
    fn what_was_counted_is_told_under_its_conventional_name() {
        let metrics = Metrics::new();
        let turned_away = Report::turned_away("e", Error::invalid("no"));
        metrics.answered_event(&turned_away);
        metrics.answered_event(&Report { duplicate: true, ..turned_away.clone() });
        let judged = Report { outcome: Outcome::Refused, ..turned_away };
        metrics.judged(Source::Timer, &judged);
        metrics.judged(Source::Sent, &Report { duplicate: true, ..judged });
        metrics.called(&Slot::new("billing").unwrap(), 7, Some("trap"), Duration::from_micros(30));
        metrics.answered("/v1/events", 400, metrics.start());
        drop(metrics.connected());
        let stats = Stats {
            outcomes: [("completed".to_owned(), 7)].into(),
            current_state: [("Idle".to_owned(), 3)].into(),
            conflicts_detected: 2,
            waiting_events: 5,
            timers_late_ms: 1_500,
            ..Stats::default()
        };
        let text = metrics.text(stats).unwrap();
        for line in [
            r#"syndic_events_total{outcome="invalid",source="sent"} 1"#,
            r#"syndic_events_total{outcome="refused",source="timer"} 1"#,
            "syndic_events_duplicate_total 1",
            r#"syndic_governor_failures_total{slot="billing",class="trap"} 1"#,
            r#"syndic_governor_call_seconds_count{slot="billing"} 1"#,
            r#"syndic_http_responses_total{route="/v1/events",status="400"} 1"#,
            "syndic_http_connections 0",
            r#"syndic_receipts_total{outcome="completed"} 7"#,
            "syndic_conflicts_total 2",
            r#"syndic_lanes{state="Idle"} 3"#,
            "syndic_queue_depth 5",
            "syndic_timer_overdue_seconds 1.5",
            "syndic_event_duration_seconds_count 0",
        ] {
            assert!(text.lines().any(|told| told == line), "{line} is not in\n{text}");
        }
    }
}
