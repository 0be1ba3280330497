//! What people decide about incidents: to suspend, to lift, to hear an appeal, to accept a remediation.
//!
//! An accepted appeal or remediation does not lift anything by itself. It raises `SuspensionLifted`, which reaches
//! all seven slots and comes back here to close the incident.
//!
//! Appeals are heard together with customer-account, which answers for the cause `admin`: an appeal against that alone
//! is left to it, an appeal against nothing is refused here. An appeal whose id names a cause is about that one; any
//! other is about all that stands, here and there.
//!
//! Not here: the cause `admin` itself. Its suspension is kept on record with a legal hold; adding, lifting and
//! reviewing it is customer-account's.

use syndic_book::causes;
use syndic_sdk::prelude::*;

use crate::identity;
use crate::incident::{self, Ground, Incident, OWN};
use crate::table::{self, State, Trigger};
use crate::ticket::{self, REVIEW};

/// The review timer of a cause: `review.fraud`.
pub(crate) const TIMER: &str = "review";

/// What we raise ourselves comes back under this source, and says nothing new.
const OURSELVES: &str = "syndic:compliance";

/// Opens an incident and a legal hold; for our own causes it blocks.
pub(crate) fn suspended(cx: &Context, suspension: &ManualSuspension) -> Answer {
    if cx.source() == OURSELVES {
        return abstain();
    }
    let mut decision = Decision::approve();
    if OWN.contains(&suspension.cause) {
        incident::suspend(cx, &mut decision, suspension.cause, Ground::Operator, &suspension.reason)?;
    } else {
        incident::record(cx, &mut decision, suspension.cause, &suspension.reason)?;
    }
    Ok(decision)
}

/// Lifts our own causes, or refuses; of another slot's cause only the record and its hold are ours.
pub(crate) fn lifted(cx: &Context, lifted: &SuspensionLifted) -> Answer {
    let own = OWN.contains(&lifted.cause);
    let mut decision = if own { Decision::approve() } else { Decision::abstain() };
    let closed = incident::close(cx, &mut decision, lifted.cause, &lifted.actor)?;
    if own && !closed {
        return refuse("not-suspended", format!("no suspension with the cause `{}` stands", lifted.cause));
    }
    if lifted.cause == Cause::Compliance {
        identity::lifted(cx, &mut decision)?;
    }
    Ok(decision)
}

/// Hears appeals and remediations. What else is decided has other owners.
pub(crate) fn decided(cx: &Context, decided: &OperatorDecided) -> Answer {
    let accepted = decided.decision == Ruling::Accept;
    let (open_to, trigger) = match (decided.about, accepted) {
        (About::Appeal, true) => (&OWN[..], Trigger::AppealAccepted),
        (About::Appeal, false) => (&OWN[..], Trigger::AppealRejected),
        (About::Remediation, true) => (&[Cause::Compliance][..], Trigger::RemediationAccepted),
        (About::Remediation, false) => (&[Cause::Compliance][..], Trigger::RemediationRejected),
        _ => return abstain(),
    };
    let named = named(decided.id.as_deref());
    let meant = meant(cx, open_to, named, trigger)?;
    if meant.is_empty() {
        if decided.about == About::Appeal && admin_is_appealed(cx, named)? {
            return abstain();
        }
        return refuse("nothing-to-decide", format!("no suspension waits for {}", noun(decided.about)));
    }
    let mut decision = Decision::approve();
    for (cause, mut incident, to) in meant {
        if accepted {
            decision.raise(SuspensionLifted { cause, actor: decided.actor.clone() }.into());
        } else {
            incident.enter(cx, &mut decision, cause, to);
            incident.write(&mut decision, cause);
        }
    }
    Ok(decision)
}

/// A person is asked to look, and asked again until somebody decides. The account stays blocked.
pub(crate) fn review_due(cx: &Context, cause: &str) -> Answer {
    let Some(cause) = OWN.into_iter().find(|own| own.as_str() == cause) else { return abstain() };
    let mut incident = Incident::read(cx, cause)?;
    let Some(to) = table::next(incident.state, Trigger::ReviewDue) else { return abstain() };
    let mut decision = Decision::approve();
    incident.enter(cx, &mut decision, cause, to);
    incident.write(&mut decision, cause);
    let facts = json!({ "cause": cause, "opened_at": incident.opened_at, "reason": incident.reason });
    decision.effect(ticket::open(&format!("{REVIEW}{cause}"), &facts));
    Ok(decision)
}

/// The ticket of a review could not be opened: asked for again, while the review is still waited for.
pub(crate) fn review_again(cx: &Context, cause: &str) -> Answer {
    let waits = |own: &&Cause| own.as_str() == cause;
    match OWN.iter().find(waits) {
        Some(own) if Incident::read(cx, *own)?.state == State::UnderReview => review_due(cx, cause),
        _ => abstain(),
    }
}

/// The incidents a decision is about: the one whose cause is named, else every one that waits for it.
fn meant(
    cx: &Context,
    open_to: &[Cause],
    named: Option<Cause>,
    trigger: Trigger,
) -> Result<Vec<(Cause, Incident, State)>, Fault> {
    let mut meant = Vec::new();
    for cause in open_to.iter().copied().filter(|cause| named.is_none_or(|named| named == *cause)) {
        let incident = Incident::read(cx, cause)?;
        if let Some(to) = table::next(incident.state, trigger) {
            meant.push((cause, incident, to));
        }
    }
    Ok(meant)
}

/// The cause an id names; a ticket's number or the like names none.
fn named(id: Option<&str>) -> Option<Cause> {
    [Cause::Admin, Cause::Fraud, Cause::Compliance].into_iter().find(|cause| Some(cause.as_str()) == id)
}

/// Whether customer-account hears this appeal: it does while its cause stands and the account is not banned.
fn admin_is_appealed(cx: &Context, named: Option<Cause>) -> Result<bool, Fault> {
    let account: Option<Value> = cx.fact("customer-account.account")?;
    let banned = account.is_some_and(|account| account["status"] == "banned");
    let meant = named.is_none_or(|named| named == Cause::Admin);
    Ok(meant && !banned && causes(cx)?.contains(Cause::Admin.as_str()))
}

fn noun(about: About) -> &'static str {
    if about == About::Appeal { "an appeal" } else { "a remediation" }
}
