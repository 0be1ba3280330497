//! The life of an invoice as a table: every move there is.
//!
//! What a customer owes is not a state but a sum (`Invoice::due`), and whether it is being chased is a record beside
//! the state (`dunning`). The state says what may happen next, and nothing happens that is not a row here.

use serde::{Deserialize, Serialize};

/// Where an invoice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// Issued; nothing is paid or reserved.
    Open,
    /// Paid in part; the rest is owed.
    Partial,
    /// A payment failed; the rest is owed and chased.
    PastDue,
    /// The rest is reserved at the payment service, not taken: a person has to approve first.
    Authorised,
    /// The reserved money was asked for.
    Capturing,
    /// Nothing is owed, and money is held for it.
    Paid,
    /// Paid, and the customer's bank asks for the money back.
    Disputed,
    /// Was paid, and is credited in full.
    Credited,
    /// The bank took the money back.
    ChargedBack,
    /// Credited in full before it was paid.
    Void,
    /// Given up.
    WrittenOff,
}

/// What moves an invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trigger {
    /// `authorize-payment` was answered yes.
    Reserved,
    /// `capture` was asked for.
    CaptureAsked,
    /// EffectSettled: the capture is done.
    Captured,
    /// EffectSettled: the capture is done, and a credit note had already taken all that was owed.
    CapturedTooLate,
    /// EffectSettled: the capture failed or expired; or nobody ever said.
    CaptureLost,
    /// Credit or a payment covers a part.
    PaidPart,
    /// Credit, an order or a payment covers the rest.
    PaidRest,
    /// PaymentFailed, or an authorisation that was declined.
    PaymentFailed,
    /// A credit note leaves nothing owed and nothing paid.
    CreditedOut,
    /// Dunning ended without money.
    GivenUp,
    /// DisputeOpened.
    DisputeOpened,
    /// DisputeClosed: won.
    DisputeWon,
    /// DisputeClosed: lost, and all that was paid is gone.
    DisputeLost,
    /// DisputeClosed: lost for a part; the rest stays paid.
    DisputeLostInPart,
}

use Status::*;
use Trigger::*;

impl Status {
    /// Every state, in the order of a life.
    pub const ALL: [Status; 11] =
        [Open, Partial, PastDue, Authorised, Capturing, Paid, Disputed, Credited, ChargedBack, Void, WrittenOff];

    /// Whether a payment may settle it: something is owed, and no capture is under way.
    pub const fn owing(self) -> bool {
        matches!(self, Open | Partial | PastDue | Authorised)
    }

    /// Whether it is in the account's list of open invoices.
    pub const fn unsettled(self) -> bool {
        self.owing() || matches!(self, Capturing)
    }

    /// Whether nothing can happen any more.
    pub const fn terminal(self) -> bool {
        matches!(self, Credited | ChargedBack | Void | WrittenOff)
    }
}

/// Every legal move: in this state, on this trigger, go there.
#[rustfmt::skip]
pub const MOVES: &[(Status, Trigger, Status)] = &[
    // ── a good day ──────────────────────────────────────────────────────
    (Open,       Reserved,          Authorised),
    (Authorised, CaptureAsked,      Capturing),
    (Capturing,  Captured,          Paid),
    // ── paid some other way: credit, an order, a transfer ───────────────
    (Open,       PaidPart,          Partial),
    (Open,       PaidRest,          Paid),
    (Partial,    PaidPart,          Partial),
    (Partial,    PaidRest,          Paid),
    (Partial,    Reserved,          Authorised),
    (Authorised, PaidPart,          Partial),     // the reservation is voided, not captured
    (Authorised, PaidRest,          Paid),        // likewise
    // ── a bad day ───────────────────────────────────────────────────────
    (Open,       PaymentFailed,     PastDue),
    (Partial,    PaymentFailed,     PastDue),
    (Capturing,  CaptureLost,       Open),
    (PastDue,    PaymentFailed,     PastDue),
    (PastDue,    Reserved,          Authorised),
    (PastDue,    PaidPart,          Partial),
    (PastDue,    PaidRest,          Paid),
    (PastDue,    GivenUp,           WrittenOff),
    (Partial,    GivenUp,           WrittenOff),
    // ── credit notes ────────────────────────────────────────────────────
    (Open,       CreditedOut,       Void),
    (Partial,    CreditedOut,       Void),
    (PastDue,    CreditedOut,       Void),
    (Authorised, CreditedOut,       Void),
    (Capturing,  CapturedTooLate,   Void),        // the money goes back
    (Paid,       CreditedOut,       Credited),
    // ── the bank asks ───────────────────────────────────────────────────
    (Paid,       DisputeOpened,     Disputed),
    (Disputed,   DisputeWon,        Paid),
    (Disputed,   DisputeLost,       ChargedBack),
    (Disputed,   DisputeLostInPart, Paid),
];

/// Where the move leads; none where there is no such move.
pub fn next(status: Status, trigger: Trigger) -> Option<Status> {
    MOVES.iter().find(|(from, on, _)| (*from, *on) == (status, trigger)).map(|&(_, _, to)| to)
}
