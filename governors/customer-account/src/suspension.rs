//! Locked and unlocked: the cause `admin` is ours, and any cause but payment and quota locks the account.
//!
//! The causes `fraud` and `compliance` are compliance's: it puts them, lifts them, and asks for their review. Here they
//! only show in the account.

use syndic_book::{ACCESS, Access, SUSPENSIONS, causes, holds_renewal};
use syndic_sdk::prelude::*;

use crate::account::{Account, answer};
use crate::joining::keep_if_closed;
use crate::mail::mail;
use crate::table::{State, Trigger};

/// The timer that asks for a review of an admin suspension.
pub(crate) const REVIEW: &str = "review";

/// The ticket that does.
pub(crate) const REVIEW_TICKET: &str = "ticket-review";

/// Days until a person is asked to look at a suspension, and asked again. The account stays locked.
const REVIEW_DAYS: i64 = 30;

/// Scores above this suspend.
const SUSPEND_ABOVE: u8 = 90;

/// A person suspends the customer, or compliance does and tells. Never refused: the cause is kept even where there is
/// no account to lock.
pub(crate) fn suspended(cx: &Context, suspension: &ManualSuspension) -> Answer {
    lock(cx, suspension.cause, &suspension.reason)
}

/// A fraud score; compliance puts the cause on the same event.
pub(crate) fn scored(cx: &Context, scored: &FraudScored) -> Answer {
    if scored.score <= SUSPEND_ABOVE {
        return abstain();
    }
    lock(cx, Cause::Fraud, &format!("fraud score {}", scored.score))
}

/// A KYC decision. A fail locks; a pass comes back as a suspension lifted where there is one to lift.
pub(crate) fn kyc_decided(cx: &Context, decided: &KycDecided) -> Answer {
    match decided.status {
        KycStatus::Pass => abstain(),
        KycStatus::Fail => {
            lock(cx, Cause::Compliance, decided.reason.as_deref().unwrap_or("the identity check failed"))
        }
    }
}

/// A suspension is lifted. Ours is refused where it does not stand, and where a ban keeps it.
pub(crate) fn lifted(cx: &Context, request: &SuspensionLifted) -> Answer {
    let mut causes = causes(cx)?;
    let mut account = Account::read(cx)?;
    let mut decision = Decision::default();
    let stood = causes.remove(request.cause.as_str());
    if request.cause == Cause::Admin {
        if !stood {
            return refuse("not-suspended", "no suspension with the cause `admin` stands");
        }
        if account.status == State::Banned {
            return refuse("account-banned", "the account is banned; it takes a reinstatement");
        }
        decision.remove(SUSPENSIONS, Cause::Admin.as_str()).withdraw(ACCESS);
    }
    if account.status == State::Locked && !holds_renewal(&causes) {
        account.unlock(cx);
        decision.effect(mail("account-unlocked", &json!({})));
        keep_if_closed(cx, &account, &mut decision);
    }
    account.write(cx, &mut decision)?;
    answer(decision)
}

/// A suspension waits for a person, who is asked again until somebody decides. A ban has been decided.
pub(crate) fn review_due(cx: &Context) -> Answer {
    let account = Account::read(cx)?;
    if !stands(cx, Cause::Admin)? || account.status == State::Banned {
        return abstain();
    }
    let mut decision = Decision::approve();
    let body = json!({
        "queue": "accounts",
        "about": "review-admin",
        "title": "an account waits for a review of its suspension",
        "facts": { "status": account.status, "reason": account.reason },
    });
    decision.effect(Effect::deferred(REVIEW_TICKET, "ticket", "customer-account:review-admin", &body));
    review_in_time(cx, &mut decision);
    Ok(decision)
}

/// Has a person asked in thirty days, should the cause still stand then.
pub(crate) fn review_in_time(cx: &Context, decision: &mut Decision) {
    decision.timer(REVIEW, cx.now().plus_days(REVIEW_DAYS), &());
}

/// Puts the cause `admin` on the customer, if it does not stand.
pub(crate) fn put_admin(cx: &Context, decision: &mut Decision) -> Result<bool, Fault> {
    let newly = !stands(cx, Cause::Admin)?;
    if newly {
        decision.add(SUSPENSIONS, Cause::Admin.as_str()).stand(ACCESS, Access::Blocked.as_str());
    }
    Ok(newly)
}

/// Whether a cause stands.
pub(crate) fn stands(cx: &Context, cause: Cause) -> Result<bool, Fault> {
    Ok(causes(cx)?.contains(cause.as_str()))
}

fn lock(cx: &Context, cause: Cause, reason: &str) -> Answer {
    let mut account = Account::read(cx)?;
    let mut decision = Decision::default();
    if cause == Cause::Admin && put_admin(cx, &mut decision)? {
        review_in_time(cx, &mut decision);
    }
    let from = account.status;
    if account.follow(cx, Trigger::Suspended) {
        account.because(reason);
        account.write(cx, &mut decision)?;
    }
    if account.status == State::Locked && from != State::Locked {
        decision.effect(mail("account-locked", &json!({ "cause": cause })));
    }
    answer(decision)
}
