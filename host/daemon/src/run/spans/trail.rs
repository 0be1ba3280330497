//! Trails: the trace that an event's sender is in, by the W3C's trace context.
//!
//! The headers of the request say where it came from last, and the CloudEvents attribute of the same name where the
//! event began. Where both are there the tree hangs below the first, and points to the second. What does not read is as
//! good as nothing: a trace is no reason to turn an event away.

use opentelemetry::Context;
use opentelemetry::propagation::{Extractor, TextMapPropagator};
use opentelemetry::trace::{SpanContext, TraceContextExt};
use opentelemetry_sdk::propagation::TraceContextPropagator;
use syndic_api::server::Trail;
use syndic_core::Event;
use tracing::{Span, debug_span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// The attributes, named as the headers are.
const PARENT: &str = "traceparent";
const STATE: &str = "tracestate";

/// How long the shortest is: version, trace, span and flags.
const PARENT_BYTES: usize = 55;

/// The span of an event at the door: from where it is let in until its sender is told, durably, what became of it.
pub(crate) fn door(event: &Event, trail: &Trail) -> Span {
    let span = debug_span!("door", tenant = %event.tenant, id = %event.id, otel.kind = "server");
    if span.is_disabled() {
        return span;
    }
    let (last, first) = (context(trail), context(&of_event(event)));
    let Some(parent) = last.or_else(|| first.clone()) else { return span };
    if let Some(first) = first.filter(|first| *first != parent) {
        span.add_link(first);
    }
    // It fails only where no collector is named: then nobody asks for the parent.
    let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    span
}

fn of_event(event: &Event) -> Trail {
    Trail { parent: event.attribute(PARENT), state: event.attribute(STATE) }
}

fn context(trail: &Trail) -> Option<SpanContext> {
    // The library takes half a byte of flags for a whole one.
    trail.parent.as_ref().filter(|parent| parent.len() >= PARENT_BYTES)?;
    let context = TraceContextPropagator::new().extract_with_context(&Context::new(), &Headers(trail));
    Some(context.span().span_context().clone()).filter(SpanContext::is_valid)
}

/// A trail, as the propagator reads it.
struct Headers<'a>(&'a Trail);

impl Extractor for Headers<'_> {
    fn get(&self, key: &str) -> Option<&str> {
        match key {
            PARENT => self.0.parent.as_deref(),
            STATE => self.0.state.as_deref(),
            _ => None,
        }
    }

    fn keys(&self) -> Vec<&str> {
        vec![PARENT, STATE]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parent(parent: &str) -> Option<String> {
        let trail = Trail { parent: Some(parent.into()), state: None };
        context(&trail).map(|context| format!("{}/{}", context.trace_id(), context.span_id()))
    }

    #[test]
    fn a_trail_that_does_not_read_leads_nowhere() {
        let whole = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_eq!(parent(whole).unwrap(), "4bf92f3577b34da6a3ce929d0e0e4736/00f067aa0ba902b7");
        for broken in [
            "",
            "00",
            "zz",
            &whole[..54],
            &whole.to_uppercase(),
            &whole.replace('4', "0").replace(|c: char| c.is_ascii_hexdigit(), "0"),
        ] {
            assert_eq!(parent(broken), None, "{broken}");
        }
    }
}
