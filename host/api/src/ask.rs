//! What callers send that is no event: an order, and the wish for a token.

use serde::{Deserialize, Serialize};

/// Something to do about an event that is not over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct OrderBody {
    /// What.
    pub verb: OrderVerb,
    /// Why; it is kept for ever beside the receipt.
    #[cfg_attr(feature = "server", schema(max_length = 1024))]
    pub reason: String,
    /// The slot that is right, where slots disagree and the policy is that an operator decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub winner: Option<String>,
}

/// What may be done about an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub enum OrderVerb {
    /// A referred event is judged again, on the facts of now.
    Resolve,
    /// A referred event is refused.
    Refuse,
    /// A rolled-back event is judged again.
    Retry,
    /// What could not be undone is undone by the service.
    Undo,
    /// What could not be undone was undone by hand.
    Settle,
    /// An event that a governor trapped on is let through to it again.
    Release,
}

/// Why a deferred effect that nobody answered is sent again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ResendBody {
    /// Why; it is kept for ever beside the receipt.
    #[cfg_attr(feature = "server", schema(max_length = 1024))]
    pub reason: String,
}

/// A token that is wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TokenBody {
    /// Whose it is, as receipts of what is done with it will say.
    #[cfg_attr(feature = "server", schema(min_length = 1, max_length = 64))]
    pub name: String,
    /// What it may do: admin · operator · agent · auditor · ingest.
    pub role: String,
    /// The only tenant it may touch; absent or null for all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The roles in which an agent may do work items, as nets name them. A token that is no agent's has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(feature = "server", schema(max_items = 16))]
    pub work_roles: Vec<String>,
    /// For how many days it is good; 90 where nothing is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[cfg_attr(feature = "server", schema(minimum = 1, maximum = 3650))]
    pub days: Option<u32>,
}

/// A token, without its secret: that is nowhere kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct TokenLine {
    /// What it is called when it is revoked.
    pub id: String,
    /// Whose it is.
    pub name: String,
    /// What it may do.
    pub role: String,
    /// The only tenant it may touch; null for all.
    pub tenant: Option<String>,
    /// The roles in which an agent may do work items. Earlier versions kept tokens without it.
    #[serde(default)]
    pub work_roles: Vec<String>,
    /// When it was made.
    pub created: String,
    /// From when it is good no more.
    pub expires: String,
}

/// A token that was just made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NewToken {
    /// The token itself. It is shown this once.
    pub secret: String,
    /// What is kept of it.
    #[serde(flatten)]
    pub token: TokenLine,
}
