//! Connectors: the host's doors to outside services.
//!
//! One file per service. So far there is one: the [`Sandbox`], which plays every service and is what `demo` and `play`
//! reach out to.

mod rehearsal;
mod sandbox;

pub use sandbox::Sandbox;
