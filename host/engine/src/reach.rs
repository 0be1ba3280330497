//! Reaching out: one try of one effect is a race of the service's answer and the clock.
//!
//! A service that does not answer in its time has not answered: its future is dropped, and what it says later nobody
//! hears. What it did meanwhile it may have done, so the effect is undone like a done one.

use std::future::poll_fn;
use std::task::Poll;

use syndic_core::effect::{Way, connector_key};
use syndic_core::failpoint;
use syndic_core::ports::{Answer, Intent, NoAnswer, Request};
use syndic_core::{Event, Time};
use tracing::Instrument;

use crate::host::Host;
use crate::spans;

/// The pause before the second try of an undo. Each one after that is twice as long.
const PAUSE_MS: u64 = 100;

impl Host {
    /// One try. The service is looked at first, so an answer that is there counts, whatever the time.
    pub(crate) async fn reach_out(&self, request: &Request) -> Result<Answer, NoAnswer> {
        failpoint!("engine.call.durable");
        let (span, began) = (spans::effect(request), self.observed.now());
        let answer = self.answer_in_time(request).instrument(span.clone()).await;
        let said = spans::answered(&span, &answer);
        self.observed.tell_since(began, |observer, took| observer.reached(&request.action, said, took));
        failpoint!("engine.call.answered");
        answer
    }

    async fn answer_in_time(&self, request: &Request) -> Result<Answer, NoAnswer> {
        let (clock, connector) = (&self.ports.clock, &self.ports.connector);
        let late = plus_ms(clock.now(), request.timeout_ms);
        let mut answering = connector.call(request);
        let mut waiting = None;
        poll_fn(|cx| {
            if let Poll::Ready(answer) = answering.as_mut().poll(cx) {
                return Poll::Ready(answer);
            }
            let waiting = waiting.get_or_insert_with(|| clock.wait_until(late));
            let silence = || NoAnswer { reason: format!("no answer within {} ms", request.timeout_ms) };
            waiting.as_mut().poll(cx).map(|()| Err(silence()))
        })
        .await
    }

    /// Lets the pause pass that comes after the `nth` try, if it is over before `end`.
    pub(crate) async fn pause(&self, nth: u32, end: Time) -> bool {
        let clock = &self.ports.clock;
        let next = plus_ms(clock.now(), PAUSE_MS.saturating_mul(1_u64.checked_shl(nth).unwrap_or(u64::MAX)));
        if next < end {
            clock.wait_until(next).await;
        }
        next < end
    }
}

/// What is asked of a service for one effect of an event.
pub(crate) fn request_of(host: &Host, event: &Event, intent: &Intent, way: Way) -> Request {
    let (action, body, key, undoes) = match (way, &intent.effect.undo) {
        (Way::Undo, Some(undo)) => {
            let key = connector_key(&intent.event, &intent.slot, &intent.effect.id, intent.attempt, Way::Undo);
            (&undo.action, &undo.body, key, Some(intent.key))
        }
        _ => (&intent.effect.action, &intent.effect.body, intent.key, None),
    };
    Request {
        tenant: event.tenant.clone(),
        subject: event.subject.clone(),
        action: action.clone(),
        body: body.clone(),
        key,
        way,
        undoes,
        timeout_ms: host.config.limits.effect_ms,
    }
}

/// A time so many milliseconds later.
pub(crate) fn plus_ms(time: Time, ms: u64) -> Time {
    time.plus_ms(i64::try_from(ms).unwrap_or(i64::MAX))
}
