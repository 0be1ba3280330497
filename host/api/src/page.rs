//! A page of a list that may be longer.

use serde::{Deserialize, Serialize};

/// Some of a list, and where it goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct Page<T> {
    /// What is on this page. It may be shorter than was asked for, or empty, and the list may yet go on.
    pub items: Vec<T>,
    /// What to send as `after` for the next page; null where this is the last.
    pub next: Option<String>,
}
