//! Compliance as a table: who the customer is, and what stands against them.
//!
//! Two small machines share it. *Identity* is the answer to "have we checked this person?"; there is one per
//! customer. An *incident* is a suspension on record; there is one per cause. A move that is not here does not
//! happen: a request for it is refused, a report of it is abstained from.
//!
//! A failed or pending check at a customer's first subscription is no move. The subscription is refused or
//! referred, and a refusal leaves nothing behind but its receipt.

use serde::{Deserialize, Serialize};

/// Where an identity or an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Identity: never checked, or too long ago.
    Unknown,
    /// Identity: checked, good for a year.
    Pass,
    /// Identity: checked, and not who they said.
    Fail,
    /// Identity: the yearly check has no answer yet.
    Pending,
    /// Incident: nothing stands.
    Clear,
    /// Incident: another slot's cause, kept on record here with its legal hold.
    Recorded,
    /// Incident: our cause stands and blocks; may be appealed.
    Blocked,
    /// Incident: still blocked, and a person was asked to look.
    UnderReview,
    /// Incident: still blocked, the appeal was rejected.
    Upheld,
}

/// What moves them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// `kyc-check` said yes to a subscriber.
    CheckPassed,
    /// The yearly `kyc-check` said yes.
    RecheckPassed,
    /// The yearly `kyc-check` said no.
    RecheckFailed,
    /// The yearly `kyc-check` has not decided.
    RecheckPending,
    /// The year is over, and the customer holds no subscription to check them for.
    Departed,
    /// The year has been over for a month, and the provider has not answered at all.
    Unanswered,
    /// `KycDecided{pass}`.
    DecidedPass,
    /// `KycDecided{fail}`.
    DecidedFail,
    /// `SuspensionLifted{compliance}`: people let a failed identity pass, until the next subscription asks again.
    Forgiven,
    /// `ManualSuspension` with a cause that another slot owns.
    RecordedElsewhere,
    /// `ManualSuspension` with our cause, a fraud score above 90, a failed identity.
    Suspended,
    /// The review timer.
    ReviewDue,
    /// `OperatorDecided{appeal, accept}`: raises `SuspensionLifted`, which every slot must see.
    AppealAccepted,
    /// `OperatorDecided{appeal, reject}`.
    AppealRejected,
    /// `OperatorDecided{remediation, accept}`, cause `compliance` only: raises `SuspensionLifted` likewise.
    RemediationAccepted,
    /// `OperatorDecided{remediation, reject}`, cause `compliance` only.
    RemediationRejected,
    /// `SuspensionLifted`.
    Lifted,
}

use State::*;
use Trigger::*;

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(State, Trigger, State)] = &[
    // ── identity: asked when it is needed ───────────────────────────────
    (Unknown,     CheckPassed,         Pass),
    (Pending,     CheckPassed,         Pass),
    (Pass,        CheckPassed,         Pass),         // the year is over, and its own check got no answer
    // ── identity: asked again every year ────────────────────────────────
    (Pass,        RecheckPassed,       Pass),
    (Pass,        RecheckFailed,       Fail),
    (Pass,        RecheckPending,      Pending),
    (Pass,        Departed,            Unknown),
    (Pass,        Unanswered,          Unknown),
    (Pending,     RecheckPassed,       Pass),
    (Pending,     RecheckFailed,       Fail),
    (Pending,     RecheckPending,      Unknown),      // 30 days without an answer: ask anew
    (Pending,     Departed,            Unknown),
    (Pending,     Unanswered,          Unknown),
    // ── identity: decided by people ─────────────────────────────────────
    (Unknown,     DecidedPass,         Pass),
    (Unknown,     DecidedFail,         Fail),
    (Pass,        DecidedPass,         Pass),
    (Pass,        DecidedFail,         Fail),
    (Pending,     DecidedPass,         Pass),
    (Pending,     DecidedFail,         Fail),
    (Fail,        DecidedPass,         Pass),
    (Fail,        DecidedFail,         Fail),
    (Fail,        Forgiven,            Unknown),
    // ── incident: another slot's cause ──────────────────────────────────
    (Clear,       RecordedElsewhere,   Recorded),
    (Recorded,    Lifted,              Clear),
    // ── incident: our cause ─────────────────────────────────────────────
    (Clear,       Suspended,           Blocked),
    (Blocked,     Suspended,           Blocked),
    (Blocked,     ReviewDue,           UnderReview),
    (Blocked,     AppealAccepted,      Blocked),
    (Blocked,     AppealRejected,      Upheld),
    (Blocked,     RemediationAccepted, Blocked),
    (Blocked,     RemediationRejected, Blocked),
    (Blocked,     Lifted,              Clear),
    (UnderReview, Suspended,           UnderReview),
    (UnderReview, ReviewDue,           UnderReview),  // asked again; time alone never unlocks
    (UnderReview, AppealAccepted,      UnderReview),
    (UnderReview, AppealRejected,      Upheld),
    (UnderReview, RemediationAccepted, UnderReview),
    (UnderReview, RemediationRejected, Blocked),
    (UnderReview, Lifted,              Clear),
    (Upheld,      Suspended,           Blocked),      // a new suspension may be appealed anew
    (Upheld,      ReviewDue,           UnderReview),
    (Upheld,      RemediationAccepted, Upheld),
    (Upheld,      RemediationRejected, Blocked),
    (Upheld,      Lifted,              Clear),
];

/// Where the move leads; none where there is no such move.
pub fn next(state: State, trigger: Trigger) -> Option<State> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (state, trigger)).map(|&(_, _, to)| to)
}
