//! What operators decide about accounts: reinstatements and appeals.
//!
//! Nothing is lifted here. An accepted decision raises `SuspensionLifted`, which reaches every slot that held something
//! back, and comes here too to unlock the account. A rejected one bans.
//!
//! Appeals are heard together with compliance: it answers for the causes `fraud` and `compliance`, and for an appeal
//! against nothing; we answer for the cause `admin`, and for the account. An appeal whose id names a cause is about
//! that one; any other is about all that stands, here and there.

use syndic_book::causes;
use syndic_sdk::prelude::*;

use crate::account::Account;
use crate::mail::mail;
use crate::suspension::{put_admin, review_in_time};
use crate::table::{State, Trigger};

/// The causes that lock: what a reinstatement has lifted, each by its owner, and what an appeal may name.
const LOCKING: [Cause; 3] = [Cause::Admin, Cause::Fraud, Cause::Compliance];

/// The causes a rejected appeal against bans for. A customer whose identity is not proved may still prove it.
const BANNED_FOR: [Cause; 2] = [Cause::Admin, Cause::Fraud];

/// Hears what is ours to hear.
pub(crate) fn decided(cx: &Context, request: &OperatorDecided) -> Answer {
    match request.about {
        About::Reinstatement => reinstatement(cx, request),
        About::Appeal => appeal(cx, request),
        About::Approval | About::Refund | About::Remediation => abstain(),
    }
}

/// An account that is banned or locked is reinstated with everything that stands against it, or not.
fn reinstatement(cx: &Context, request: &OperatorDecided) -> Answer {
    let mut account = Account::read(cx)?;
    if !matches!(account.status, State::Banned | State::Locked) {
        return refuse("not-banned", "the account is neither banned nor locked");
    }
    if request.decision == Ruling::Reject {
        return ban(cx, account, request);
    }
    let mut decision = Decision::approve();
    account.follow(cx, Trigger::Reinstated);
    account.write(cx, &mut decision)?;
    lift(cx, &mut decision, &LOCKING, &request.actor)?;
    review_in_time(cx, &mut decision);
    Ok(decision)
}

/// An appeal against a suspension: the one whose cause its id names, else any. An account that is banned has been heard:
/// it takes a reinstatement. Who has no account can be suspended, and so can appeal; there is nothing to ban.
fn appeal(cx: &Context, request: &OperatorDecided) -> Answer {
    let account = Account::read(cx)?;
    let standing = causes(cx)?;
    let named = LOCKING.into_iter().find(|cause| request.id.as_deref() == Some(cause.as_str()));
    let is_meant = |cause: &Cause| standing.contains(cause.as_str()) && named.is_none_or(|named| named == *cause);
    let appealed: Vec<Cause> = BANNED_FOR.into_iter().filter(is_meant).collect();
    let ours = appealed.contains(&Cause::Admin);
    match request.decision {
        _ if account.status == State::Banned || appealed.is_empty() => abstain(),
        Ruling::Reject if account.status == State::Locked => ban(cx, account, request),
        Ruling::Reject if ours => approve(),
        Ruling::Accept if ours => {
            let mut decision = Decision::approve();
            lift(cx, &mut decision, &[Cause::Admin], &request.actor)?;
            Ok(decision)
        }
        _ => abstain(),
    }
}

/// Bans, by our own cause: whoever lifts another one does not unlock the account.
fn ban(cx: &Context, mut account: Account, request: &OperatorDecided) -> Answer {
    let mut decision = Decision::approve();
    let was_banned = account.status == State::Banned;
    account.follow(cx, Trigger::Rejected);
    put_admin(cx, &mut decision)?;
    account.write(cx, &mut decision)?;
    let template = if was_banned { "reinstatement-rejected" } else { "account-banned" };
    decision.effect(mail(template, &json!({ "about": request.about })));
    Ok(decision)
}

/// Raises the lifting of every one of these causes that stands.
fn lift(cx: &Context, decision: &mut Decision, causes_lifted: &[Cause], actor: &str) -> Result<(), Fault> {
    let standing = causes(cx)?;
    for cause in causes_lifted.iter().copied().filter(|cause| standing.contains(cause.as_str())) {
        decision.raise(SuspensionLifted { cause, actor: actor.to_owned() }.into());
    }
    Ok(())
}
