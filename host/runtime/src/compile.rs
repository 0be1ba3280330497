//! From a component's bytes to its code: compiled here, or kept from an earlier start of this host.
//!
//! Nothing but code is kept. What a component imports and what it says of itself is looked at on every load, whichever
//! way its code came.

use std::hash::{Hash as _, Hasher};
use std::panic::{self, AssertUnwindSafe};

use syndic_core::slot::Slot;
use syndic_ledger::{Hash, sha256};
use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cache::{Cache, FORMAT, Origin, Vouched};
use crate::call::Level;
use crate::runtime::Log;
use crate::text::one_line;

/// What makes code of components, for one engine.
pub(crate) struct Compiler {
    pub(crate) engine: Engine,
    /// What must be the same for code to be used again. It says what kind of processor this is, and so has no part in
    /// the engine hash of receipts.
    hash: Hash,
    cache: Option<Cache>,
}

impl Compiler {
    pub(crate) fn new(engine: &Engine, cache: Option<Cache>) -> Self {
        Self { engine: engine.clone(), hash: hash(engine), cache }
    }

    /// The code of a component of this digest. What is wrong with the cache goes to the log and stops nothing.
    pub(crate) fn component(&self, bytes: &[u8], digest: Hash, slot: &Slot, log: &Log) -> wasmtime::Result<Component> {
        let Some(cache) = &self.cache else {
            return compile(&self.engine, bytes);
        };
        let say = |level, line: &str| log(slot, level, &one_line(line));
        let origin = Origin { component: digest, engine: self.hash };
        match self.kept(cache, &origin) {
            Ok(Some(component)) => {
                say(Level::Debug, "its code was kept from an earlier start");
                return Ok(component);
            }
            Ok(None) => {}
            Err(why) => {
                cache.forget(&origin);
                say(Level::Warn, &format!("its code in the cache was removed and not run, because {why}"));
            }
        }
        let component = compile(&self.engine, bytes)?;
        match keep(cache, &origin, &component) {
            Ok(()) => say(Level::Debug, "it was compiled, and its code is kept for the next start"),
            Err(why) => say(Level::Info, &format!("it was compiled, and its code cannot be kept: {why}")),
        }
        Ok(component)
    }

    /// The code that was kept, if any; else why what was kept is none.
    fn kept(&self, cache: &Cache, origin: &Origin) -> Result<Option<Component>, String> {
        match cache.find(origin) {
            Ok(None) => Ok(None),
            Ok(Some(vouched)) => revive(&self.engine, &vouched).map(Some).map_err(|why| why.root_cause().to_string()),
            Err(why) => Err(why.to_string()),
        }
    }
}

/// Compiles. A component can be so odd that the compiler finds a rule of its own broken and panics: one that lowers what
/// it lifts, where each memory has to be the only one, is known to. Nothing is running yet and nothing was kept, so that
/// this is one more component that is refused, and no reason for the host to end.
fn compile(engine: &Engine, bytes: &[u8]) -> wasmtime::Result<Component> {
    let compiled = panic::catch_unwind(AssertUnwindSafe(|| Component::from_binary(engine, bytes)));
    compiled.unwrap_or_else(|_| Err(wasmtime::format_err!("the compiler cannot make anything of it")))
}

fn keep(cache: &Cache, origin: &Origin, component: &Component) -> wasmtime::Result<()> {
    Ok(cache.keep(origin, &component.serialize()?)?)
}

/// Makes a component of code that this host kept.
#[allow(
    unsafe_code,
    reason = "machine code is run as it is read; the type of the argument is the proof that it is ours"
)]
fn revive(engine: &Engine, vouched: &Vouched) -> wasmtime::Result<Component> {
    // SAFETY: the bytes must be what `Component::serialize` of this version of wasmtime gave, unchanged. A `Vouched` is
    // made only by `Cache::vouch`, of bytes with a valid MAC under a key that none but this host's user can read; and
    // all that makes such MACs is `Cache::keep`, which is called only above and with what `serialize` gave. The MAC
    // covers the engine's hash, in which wasmtime's version is. The very buffer that was checked is used here; wasmtime
    // copies it, and no file is mapped that could change afterwards.
    unsafe { Component::deserialize(engine, vouched.code()) }
}

/// SHA-256 over the entries' format and all that wasmtime says code depends on: its version, its settings, and what
/// this processor can do.
fn hash(engine: &Engine) -> Hash {
    let mut told = Told(FORMAT.to_vec());
    engine.precompile_compatibility_hash().hash(&mut told);
    sha256(&told.0)
}

/// A hasher that keeps every byte it is told, because the standard one's 64 bits are too few to tell engines apart
/// when somebody tries to confuse them.
struct Told(Vec<u8>);

impl Hasher for Told {
    fn write(&mut self, bytes: &[u8]) {
        self.0.extend_from_slice(bytes);
    }

    /// What was told is hashed elsewhere.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use wasmtime::Config;

    use super::*;

    #[test]
    fn code_is_used_again_by_the_same_engine_only() {
        let engine = |config: &Config| Engine::new(config).unwrap();
        let ordinary = hash(&engine(&Config::new()));
        assert_eq!(ordinary, hash(&engine(&Config::new())));
        assert_ne!(ordinary, hash(&engine(Config::new().consume_fuel(true))));
        assert_ne!(ordinary, hash(&engine(Config::new().memory_reservation(1 << 26))));
        assert_ne!(ordinary, hash(&engine(Config::new().wasm_tail_call(false))));
    }
}
