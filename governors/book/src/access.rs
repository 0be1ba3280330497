//! Access, and why it may be withheld.

use std::collections::BTreeSet;

use syndic_sdk::prelude::*;

/// The fact that says what a customer may do. It reads as the strictest value any slot stands for.
pub const ACCESS: &str = "shared.access";

/// The set of causes that stand against a customer; each is added and removed by its owner alone.
pub const SUSPENSIONS: &str = "shared.suspensions";

/// What a slot may stand for in [`ACCESS`], the strictest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing works.
    Blocked,
    /// What is there may be read.
    ReadOnly,
    /// Everything works, and something is owed.
    Grace,
    /// Everything works.
    Full,
}

impl Access {
    /// The value as it stands in the fact.
    pub const fn as_str(self) -> &'static str {
        match self {
            Access::Blocked => "blocked",
            Access::ReadOnly => "read-only",
            Access::Grace => "grace",
            Access::Full => "full",
        }
    }
}

/// The causes that stand in the snapshot.
pub fn causes(cx: &Context) -> Result<BTreeSet<String>, Fault> {
    Ok(cx.fact(SUSPENSIONS)?.unwrap_or_default())
}

/// Whether any of these causes forbids new business and holds renewals back. An unpaid bill or a used-up quota
/// does not: dunning and the next period deal with those.
pub fn holds_renewal(causes: &BTreeSet<String>) -> bool {
    causes.iter().any(|cause| cause != Cause::Payment.as_str() && cause != Cause::Quota.as_str())
}
