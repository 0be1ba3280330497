//! The eight governors, as bytes.
//!
//! The build script builds them exactly as a stranger would build theirs and encodes each as a component; this crate
//! only holds what came out. The bytes, and so the digests in every receipt, depend on the sources, the lock file and
//! the toolchain, and on nothing else of the machine that built them.
//!
//! Not here: anything that runs them (`host/runtime`), or installs them (`host/daemon`).

/// A governor and the slot it is made for.
#[derive(Debug, Clone, Copy)]
pub struct Bundled {
    /// The slot: `billing`.
    pub slot: &'static str,
    /// The component, in binary form.
    pub bytes: &'static [u8],
}

/// A slot the build script knows nothing of does not compile.
macro_rules! bundled {
    ($slot:literal) => {
        Bundled { slot: $slot, bytes: include_bytes!(concat!(env!("OUT_DIR"), "/", $slot, ".wasm")) }
    };
}

/// The bundled governors, in slot order: the order in which their effects are carried out.
pub const GOVERNORS: [Bundled; 8] = [
    bundled!("entitlement"),
    bundled!("billing"),
    bundled!("product-catalog"),
    bundled!("subscription"),
    bundled!("customer-account"),
    bundled!("quota-sla"),
    bundled!("compliance"),
    bundled!("multi-tenant"),
];

/// An operator's own governor, with a bug in it (`sdk/examples/loyalty`): what `syndic demo` shows a trap with.
pub const LOYALTY: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/loyalty.wasm"));

/// The bundled governor of a slot.
pub fn governor(slot: &str) -> Option<Bundled> {
    GOVERNORS.into_iter().find(|bundled| bundled.slot == slot)
}
