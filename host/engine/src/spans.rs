//! Spans: the tree that an event is for whoever listens.
//!
//! An event is one span; below it stands each state that it goes through, below a state each governor that is asked in
//! it and each service that is reached out to, with how long everything took. An event that somebody sent hangs below
//! whatever span its sender was in. Nobody's name is in any of them: whose event it is, the receipt says.
//!
//! Not here: where spans go (`host/daemon`). Where nobody listens, a span costs a look at one number.

use syndic_core::effect::Way;
use syndic_core::ports::{Answer, Failure, Installed, NoAnswer, Request};
use syndic_core::states::State;
use syndic_core::{Event, Outcome, Report};
use tracing::field::Empty;
use tracing::{Span, debug_span};

use crate::turn::Origin;

/// What tells a collector that a span failed, by its conventions.
const FAILED: &str = "ERROR";

/// An event, from where its lane takes it to where it is admitted.
pub(crate) fn event(event: &Event, origin: &Origin) -> Span {
    let Event { id, tenant, kind, .. } = event;
    let span = debug_span!(
        "event", tenant = %tenant, id = %id, kind = %kind,
        cause = Empty, outcome = Empty, receipt = Empty, otel.status_code = Empty,
    );
    if let Some(cause) = origin.cause() {
        span.record("cause", cause);
    }
    span
}

/// Says what an event came to. A refusal is the design working.
pub(crate) fn came_to(span: &Span, report: &Report) {
    span.record("outcome", report.outcome.name());
    if let Some(receipt) = report.receipt {
        span.record("receipt", receipt);
    }
    if matches!(report.outcome, Outcome::RolledBack | Outcome::Stuck) {
        span.record("otel.status_code", FAILED);
    }
}

/// A state, and what is done in it: in the last one, nothing. The names of spans are fixed when the program is made, so
/// there is one of each.
pub(crate) fn state(state: State) -> Span {
    match state {
        State::Initializing | State::Idle => Span::none(),
        State::ProcessingEvent => debug_span!("ProcessingEvent"),
        State::CoordinatingFsms => debug_span!("CoordinatingFsms"),
        State::AwaitingFeedback => debug_span!("AwaitingFeedback"),
        State::CompletingAction => debug_span!("CompletingAction"),
        State::ErrorDetected => debug_span!("ErrorDetected"),
        State::ErrorRecovery => debug_span!("ErrorRecovery"),
        State::ResumeOperation => debug_span!("ResumeOperation"),
    }
}

/// One call of a governor.
pub(crate) fn governor(installed: &Installed, call: &'static str) -> Span {
    debug_span!(
        "governor", slot = %installed.slot, version = %installed.manifest.version, call,
        fuel = Empty, failed = Empty, otel.status_code = Empty,
    )
}

/// Says what a call of a governor took, and whether it went wrong.
pub(crate) fn called<T>(span: &Span, fuel: u64, answer: &Result<T, Failure>) -> Option<&'static str> {
    span.record("fuel", fuel);
    let failed = answer.as_ref().err().map(|failure| failure.class.name());
    if let Some(class) = failed {
        span.record("failed", class);
        span.record("otel.status_code", FAILED);
    }
    failed
}

/// One try of one effect.
pub(crate) fn effect(request: &Request) -> Span {
    let way = match request.way {
        Way::Do => "do",
        Way::Undo => "undo",
    };
    debug_span!(
        "effect", action = %request.action, way, key = %request.key,
        answer = Empty, otel.status_code = Empty, otel.kind = "client",
    )
}

/// Says what a service answered. That it says no is an answer.
pub(crate) fn answered(span: &Span, answer: &Result<Answer, NoAnswer>) -> &'static str {
    let said = match answer {
        Ok(Answer { accepted: true, .. }) => "yes",
        Ok(_) => "no",
        Err(_) => {
            span.record("otel.status_code", FAILED);
            "none"
        }
    };
    span.record("answer", said);
    said
}
