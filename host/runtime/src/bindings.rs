//! The contract in `wit/`, as Rust types.
//!
//! Generated, so that the contract cannot drift from the code that keeps it. The host's functions may end a call, which
//! is what `trappable` says.

#![allow(missing_docs, unreachable_pub, unsafe_code, reason = "generated from wit/, where everything is documented")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "governor",
    imports: { default: trappable },
});

pub(crate) use syndic::governor::{host, types};
