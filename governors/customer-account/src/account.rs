//! The account: the fact `customer-account.account`, and how it follows the table.
//!
//! Two things happen to an account that no event routed here tells of: a cancelled subscription is taken up again, and
//! the last cause is lifted by its owner's own timer. Both show in facts, so an account is brought up to date with
//! them whenever it is read.

use serde::{Deserialize, Serialize};
use syndic_book::{causes, holds_renewal, live, subscriptions};
use syndic_sdk::prelude::*;

use crate::table::{State, Trigger, next};

/// The account that is, or was last.
pub(crate) const ACCOUNT: &str = "customer-account.account";

/// How much of a reason is kept; the whole one is in the event.
const REASON_CHARS_MAX: usize = 500;

/// An account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Account {
    /// Counts the accounts of one customer; another follows an archived one.
    pub(crate) number: u64,
    /// Where it stands.
    pub(crate) status: State,
    /// When it came to stand there.
    pub(crate) since: Time,
    /// When it was opened.
    pub(crate) opened_at: Time,
    /// When the last subscription ended; absent while there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) left_at: Option<Time>,
    /// Why it is locked or banned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<String>,
}

impl Account {
    /// The account as the facts of all slots have it.
    pub(crate) fn read(cx: &Context) -> Result<Account, Fault> {
        let mut account = Account::stored(cx)?;
        account.catch_up(cx)?;
        Ok(account)
    }

    /// The account as it was last written.
    pub(crate) fn stored(cx: &Context) -> Result<Account, Fault> {
        Ok(cx.fact(ACCOUNT)?.unwrap_or_else(|| Account::none(cx, 0)))
    }

    /// No account yet, after so many.
    pub(crate) fn none(cx: &Context, before: u64) -> Account {
        Account {
            number: before + 1,
            status: State::Absent,
            since: cx.now(),
            opened_at: cx.now(),
            left_at: None,
            reason: None,
        }
    }

    /// Follows what other slots' facts say has happened meanwhile.
    pub(crate) fn catch_up(&mut self, cx: &Context) -> Result<(), Fault> {
        match self.status {
            State::Closed if live(&subscriptions(cx)?).next().is_some() => {
                self.follow(cx, Trigger::Returned);
                self.left_at = None;
            }
            State::Locked if !holds_renewal(&causes(cx)?) => self.unlock(cx),
            _ => {}
        }
        Ok(())
    }

    /// The last cause is gone.
    pub(crate) fn unlock(&mut self, cx: &Context) {
        let has_left = self.left_at.is_some();
        self.follow(cx, if has_left { Trigger::LiftedAfterLeaving } else { Trigger::Lifted });
        self.reason = None;
    }

    /// Follows the table. False where it has no such move; then nothing changes.
    pub(crate) fn follow(&mut self, cx: &Context, trigger: Trigger) -> bool {
        let Some(to) = next(self.status, trigger) else { return false };
        if to != self.status {
            (self.status, self.since) = (to, cx.now());
        }
        true
    }

    /// Remembers why.
    pub(crate) fn because(&mut self, reason: &str) {
        self.reason = Some(reason.chars().take(REASON_CHARS_MAX).collect());
    }

    /// Writes the account where it differs from what is stored.
    pub(crate) fn write(&self, cx: &Context, decision: &mut Decision) -> Result<(), Fault> {
        if *self != Account::stored(cx)? {
            decision.set(ACCOUNT, self);
        }
        Ok(())
    }
}

/// Approves a decision that does something; nothing to do is nothing to say.
pub(crate) fn answer(mut decision: Decision) -> Answer {
    if decision != Decision::default() {
        decision.verdict = Verdict::Approve;
    }
    Ok(decision)
}
