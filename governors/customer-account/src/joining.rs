//! Coming and going: the account is opened by the first subscription, closed with the last, and archived when nothing
//! keeps it any more.

use std::collections::BTreeSet;

use syndic_book::{cancelled_by, first_instant_after, subscriptions};
use syndic_sdk::prelude::*;

use crate::account::{Account, answer};
use crate::mail::{self, mail};
use crate::payments;
use crate::table::{State, Trigger};

/// The timer that ends the retention.
pub(crate) const RETENTION: &str = "retention";

/// How long a closed account is kept: as long as its last subscription may be taken up again, to the last instant.
/// Looked at anew after as long, where something keeps it.
const RETENTION_DAYS: i64 = 30;

/// Somebody subscribes: opens an account, or a closed one again. Whether a locked customer may is subscription's
/// question.
pub(crate) fn subscribes(cx: &Context) -> Answer {
    let mut account = Account::read(cx)?;
    let mut decision = Decision::default();
    if account.status == State::Banned {
        return refuse("account-banned", "the account is banned; it takes a reinstatement");
    }
    if account.status == State::Archived {
        decision.set(format!("customer-account.former.{}", account.number), &account);
        account = Account::none(cx, account.number);
    }
    let from = account.status;
    if !account.follow(cx, Trigger::Subscribed) {
        return abstain();
    }
    account.left_at = None;
    account.write(cx, &mut decision)?;
    match from {
        State::Absent => decision.effect(mail("welcome", &json!({}))),
        State::Closed => decision.effect(mail("welcome-back", &json!({}))),
        _ => &mut decision,
    };
    answer(decision)
}

/// Subscriptions end. One that is asked to end with its period comes back as one that ends now.
pub(crate) fn cancels(cx: &Context, request: &CustomerCancels) -> Answer {
    let mut account = Account::read(cx)?;
    let subs = subscriptions(cx)?;
    let ended: Vec<&str> = cancelled_by(&subs, request).iter().map(|sub| sub.id.as_str()).collect();
    if request.when == When::PeriodEnd || !account.status.is_open() || ended.is_empty() {
        return abstain();
    }
    let leaves = !subs.iter().any(|sub| sub.status.is_open() && !ended.contains(&sub.id.as_str()));
    let mut decision = Decision::default();
    decision.effect(mail("subscription-cancelled", &json!({ "subscriptions": ended, "leaves": leaves })));
    if leaves && account.follow(cx, Trigger::Left) {
        account.left_at = Some(cx.now());
        keep_for_retention(cx, &mut decision);
    }
    account.write(cx, &mut decision)?;
    answer(decision)
}

/// The retention is over. What somebody may still ask about is kept: a locked account, and one under a legal hold,
/// which is what a dispute puts. When a hold ends is compliance's to say: some disputes are never closed.
pub(crate) fn retention_over(cx: &Context) -> Answer {
    let mut account = Account::read(cx)?;
    let mut decision = Decision::default();
    let kept = account.status == State::Locked && account.left_at.is_some();
    if kept || (account.status == State::Closed && is_held(cx)?) {
        keep_for_retention(cx, &mut decision);
        decision.note("kept: a suspension or a legal hold stands");
    } else if account.follow(cx, Trigger::RetentionOver) {
        decision.delete(payments::PAYMENTS).delete(mail::UNDELIVERED).delete(mail::NOTICES);
    }
    account.write(cx, &mut decision)?;
    answer(decision)
}

/// An account that is unlocked after its customer left is kept from then on: the retention of a banned one has run out.
pub(crate) fn keep_if_closed(cx: &Context, account: &Account, decision: &mut Decision) {
    if account.status == State::Closed {
        keep_for_retention(cx, decision);
    }
}

fn keep_for_retention(cx: &Context, decision: &mut Decision) {
    let last = cx.now().plus_days(RETENTION_DAYS);
    decision.timer(RETENTION, first_instant_after(last), &());
}

fn is_held(cx: &Context) -> Result<bool, Fault> {
    let holds: BTreeSet<String> = cx.fact("compliance.hold")?.unwrap_or_default();
    Ok(!holds.is_empty())
}
