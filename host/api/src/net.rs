//! Nets that cases may run on, on the wire.

use serde::{Deserialize, Serialize};

/// A net that stands under its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct NetLine {
    /// Its name.
    pub net: String,
    /// Which text that is: `sha256:…`.
    pub digest: String,
    /// When it was loaded.
    pub loaded: String,
    /// Who loaded it.
    pub by: String,
    /// The receipt of that.
    pub receipt: u64,
    /// Whether it stood there already.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub duplicate: bool,
}
