//! Identity: whether somebody has checked who the customer is.
//!
//! The check is asked when it is first needed, at a subscription, and its yes is good for a year. When the year is
//! over it is asked again for customers who still have a subscription; for the others it is forgotten, because a
//! person who left must not be looked up.
//!
//! Not here: what a failed identity blocks, which is an incident like any other (`incident`).

use serde::{Deserialize, Serialize};
use syndic_book::{live, subscriptions};
use syndic_sdk::prelude::*;

use crate::incident::{self, Ground, Incident};
use crate::table::{self, State, Trigger};
use crate::ticket;

/// The timer that ends a year of trust, or a month of waiting.
pub(crate) const TIMER: &str = "kyc";

/// The timer that asks, `kyc.ask`, due as soon as it is set. An event whose check nobody answers is rolled back, and its
/// timer is spent; so the one that asks is not the one that comes again tomorrow.
pub(crate) const ASK: &str = "ask";

const FACT: &str = "compliance.kyc";
const CHECK: &str = "kyc-check";

/// How long a provider may think about a yearly check, or not be there, before a person is told.
const ANSWER_DAYS: i64 = 30;

/// The fact `compliance.kyc`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Identity {
    status: State,
    /// Until when a pass is good, or an answer is waited for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    until: Option<Time>,
}

/// What the provider said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Finding {
    Pass,
    Fail,
    Pending,
}

/// A subscription needs a checked customer: asks where nobody has, or not for a year.
pub(crate) fn subscribes(cx: &Context) -> Answer {
    let identity = Identity::read(cx)?;
    match identity.status {
        State::Fail => {
            refuse("kyc-failed", "the identity check failed; it has to be decided anew before a subscription")
        }
        State::Pass if identity.holds(cx.now()) => approve(),
        _ => {
            let mut decision = Decision::approve();
            decision.effect(check());
            Ok(decision)
        }
    }
}

/// A person or the provider decided.
pub(crate) fn decided(cx: &Context, decided: &KycDecided) -> Answer {
    let trigger = match decided.status {
        KycStatus::Pass => Trigger::DecidedPass,
        KycStatus::Fail => Trigger::DecidedFail,
    };
    let mut decision = Decision::approve();
    match moved(cx, &mut decision, trigger)? {
        Some(State::Fail) => failed(cx, &mut decision, decided.reason.as_deref())?,
        Some(State::Pass) => forgiven(cx, &mut decision)?,
        _ => return abstain(),
    }
    Ok(decision)
}

/// The year is over, or the wait for an answer: asks every day for a month, and then leaves it to a person.
pub(crate) fn year_over(cx: &Context) -> Answer {
    let Some(until) = Identity::read(cx)?.ended(cx.now()) else { return abstain() };
    let mut decision = Decision::approve();
    if live(&subscriptions(cx)?).next().is_none() {
        moved(cx, &mut decision, Trigger::Departed)?;
    } else if cx.now() >= until.plus_days(ANSWER_DAYS) {
        moved(cx, &mut decision, Trigger::Unanswered)?;
        decision.effect(ticket::open(ticket::KYC, &json!({})));
    } else {
        decision.timer(format!("{TIMER}.{ASK}"), cx.now(), &());
        decision.timer(TIMER, cx.now().plus_days(1), &());
    }
    Ok(decision)
}

/// Asks again, where what was known is still too old.
pub(crate) fn ask(cx: &Context) -> Answer {
    let mut decision = Decision::approve();
    if Identity::read(cx)?.ended(cx.now()).is_none() {
        return abstain();
    }
    decision.effect(check());
    Ok(decision)
}

/// The cause `compliance` is lifted. Where it stood for a failed identity, whoever lifted it has let that pass: the
/// provider is asked anew at the next subscription, and not before.
pub(crate) fn lifted(cx: &Context, decision: &mut Decision) -> Result<(), Fault> {
    moved(cx, decision, Trigger::Forgiven).map(drop)
}

/// The provider's answer to a check asked by a subscription or by the yearly timer.
pub(crate) fn answered(cx: &Context, results: &[EffectResult]) -> Answer {
    let Some(result) = results.iter().find(|result| result.action == CHECK) else { return approve() };
    let finding = finding(result);
    if matches!(cx.event()?, Event::TimerFired(_)) { rechecked(cx, finding) } else { checked(cx, finding) }
}

fn checked(cx: &Context, finding: Finding) -> Answer {
    match finding {
        Finding::Fail => refuse("kyc-failed", "the identity check failed"),
        Finding::Pending => refer("kyc-pending", "the identity check has no answer yet; decide when it has"),
        Finding::Pass => {
            let mut decision = Decision::approve();
            moved(cx, &mut decision, Trigger::CheckPassed)?;
            Ok(decision)
        }
    }
}

/// A yearly check is a report of how things are, so whatever it finds is written down.
fn rechecked(cx: &Context, finding: Finding) -> Answer {
    let trigger = match finding {
        Finding::Pass => Trigger::RecheckPassed,
        Finding::Fail => Trigger::RecheckFailed,
        Finding::Pending => Trigger::RecheckPending,
    };
    let mut decision = Decision::approve();
    match moved(cx, &mut decision, trigger)? {
        Some(State::Fail) => failed(cx, &mut decision, Some("the yearly check failed"))?,
        Some(State::Unknown) => {
            decision.effect(ticket::open(ticket::KYC, &json!({})));
        }
        _ => {}
    }
    Ok(decision)
}

/// Makes the move, writes it, and sets the timer that ends the new state where time ends it.
fn moved(cx: &Context, decision: &mut Decision, trigger: Trigger) -> Result<Option<State>, Fault> {
    let Some(status) = table::next(Identity::read(cx)?.status, trigger) else { return Ok(None) };
    let until = match status {
        State::Pass => Some(cx.now().plus_months(12, cx.now().day())),
        State::Pending => Some(cx.now().plus_days(ANSWER_DAYS)),
        _ => None,
    };
    decision.set(FACT, &Identity { status, until });
    if let Some(until) = until {
        decision.timer(TIMER, until, &());
    }
    Ok(Some(status))
}

/// A failed identity is an incident of cause `compliance`.
fn failed(cx: &Context, decision: &mut Decision, reason: Option<&str>) -> Result<(), Fault> {
    let reason = reason.unwrap_or("the identity check failed");
    incident::suspend_and_tell(cx, decision, Cause::Compliance, Ground::Identity, reason)
}

/// A pass takes back what a fail did, and no more: an operator's suspension for another reason stays.
fn forgiven(cx: &Context, decision: &mut Decision) -> Result<(), Fault> {
    let mut incident = Incident::read(cx, Cause::Compliance)?;
    if !incident.grounds.contains(&Ground::Identity) {
        return Ok(());
    }
    if incident.grounds.len() == 1 {
        decision.raise(SuspensionLifted { cause: Cause::Compliance, actor: "compliance".into() }.into());
    } else {
        incident.grounds.remove(&Ground::Identity);
        incident.write(decision, Cause::Compliance);
    }
    Ok(())
}

/// The status says it; an answer without one says what it accepted. A yes with a status that nobody has heard of is not
/// a pass: a person looks at it.
fn finding(result: &EffectResult) -> Finding {
    match (result.accepted, result.body.get("status").map(Value::as_str)) {
        (_, Some(Some("fail"))) => Finding::Fail,
        (_, Some(Some("pending"))) => Finding::Pending,
        (false, _) => Finding::Fail,
        (true, None | Some(Some("pass"))) => Finding::Pass,
        (true, Some(_)) => Finding::Pending,
    }
}

fn check() -> Effect {
    Effect::check(CHECK, CHECK, "kyc", &json!({}))
}

impl Identity {
    fn read(cx: &Context) -> Result<Self, Fault> {
        Ok(cx.fact(FACT)?.unwrap_or(Identity { status: State::Unknown, until: None }))
    }

    /// When a pass or a wait ended; none for what time does not end, or has not yet.
    fn ended(&self, now: Time) -> Option<Time> {
        let waits = table::next(self.status, Trigger::Unanswered).is_some();
        self.until.filter(|until| waits && *until <= now)
    }

    /// Whether its time is not over. The timer ends it too; this is for what is judged at that very instant.
    fn holds(&self, now: Time) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}
