//! Loading: from bytes to a governor that may be asked.
//!
//! The bytes are compiled by this host and never taken as machine code from outside. What a component wants of the
//! world is looked at before any of it runs; then it describes itself, twice, under its slot's limits, so that a
//! component that cannot even do that is refused at the door and not in the middle of an event. None of this is
//! remembered: where its code was kept from an earlier start, all the rest happens again.
//!
//! A refusal says what is wrong, by name, and what to do. Exports beyond ours are ignored.

use syndic_core::config::{SlotConfig, Wasi};
use syndic_core::decision::Manifest;
use syndic_core::error::Error;
use syndic_core::ports::{COMPONENT_MAX_BYTES, Code, Installed};
use syndic_core::slot::Slot;
use syndic_ledger::{Hash, sha256};
use wasmtime::Engine;
use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, InstancePre, Linker};

use crate::call::{Given, Instance};
use crate::compile::Compiler;
use crate::engine::{MEMORIES_MAX, TABLES_MAX};
use crate::judge::Judge;
use crate::runtime::Log;
use crate::text::one_line;
use crate::wasi::Moment;
use crate::{manifest, offer, parts, wasi};

/// The major version of the contract that this host keeps.
const MAJOR: u64 = 1;

/// What the host offers, as `wit/` says.
const OFFERED: &[&str] = &["log", "read", "config"];

/// What a governor answers, as `wit/` says.
const ANSWERED: &[&str] = &["describe", "evaluate", "feedback", "migrate"];

/// Where governors are loaded.
pub(crate) struct Loader<'a> {
    pub(crate) compiler: &'a Compiler,
    pub(crate) linker: &'a Linker<Instance>,
    pub(crate) log: &'a Log,
}

impl Loader<'_> {
    /// Makes a governor of some bytes.
    ///
    /// # Errors
    /// [`Error::ComponentRejected`], saying what is wrong and what to do.
    pub(crate) fn load(&self, slot: &Slot, bytes: &[u8], limits: &SlotConfig) -> Result<Installed, Error> {
        // The component's own words may be in it.
        let rejected = |reason: String| {
            let reason = one_line(&reason).into_owned();
            Error::ComponentRejected { governor: slot.clone(), reason }
        };
        check_bytes(bytes).map_err(rejected)?;
        parts::check(bytes).map_err(rejected)?;
        let digest = sha256(bytes);
        let judge = self.prepare(slot, bytes, digest, limits.wasi).map_err(rejected)?;
        let manifest = self.describe(&judge, slot, limits).map_err(rejected)?;
        Ok(Installed { slot: slot.clone(), manifest, digest, code: Code::new(judge) })
    }

    fn prepare(&self, slot: &Slot, bytes: &[u8], digest: Hash, wasi: Wasi) -> Result<Judge, String> {
        let component = self
            .compiler
            .component(bytes, digest, slot, self.log)
            .map_err(|error| format!("it is not a component that this host can run: {}", error.root_cause()))?;
        check_imports(&component, &self.compiler.engine, wasi)?;
        check_exports(&component, &self.compiler.engine)?;
        check_resources(&component)?;
        let other = |error: wasmtime::Error| {
            format!(
                "it was built against another `syndic:governor@{MAJOR}` than this host's: {error:#}; build it again"
            )
        };
        let ready = self.linked(&component, wasi).map_err(other)?;
        let judge = Judge::new(ready).map_err(other)?;
        // The first call is then no slower than the others. Where it cannot be done, that call does it.
        let _ = component.initialize_copy_on_write_image();
        Ok(judge)
    }

    /// The component with everything that it imports.
    fn linked(&self, component: &Component, wasi: Wasi) -> wasmtime::Result<InstancePre<Instance>> {
        match wasi {
            Wasi::Refused => self.linker.instantiate_pre(component),
            Wasi::Deterministic => {
                let mut linker = Linker::new(&self.compiler.engine);
                offer::add_to_linker(&mut linker)?;
                wasi::add_to_linker(&mut linker, component, &self.compiler.engine)?;
                linker.instantiate_pre(component)
            }
        }
    }

    fn describe(&self, judge: &Judge, slot: &Slot, limits: &SlotConfig) -> Result<Manifest, String> {
        let once = || {
            let given = Given { slot, limits, facts: None, log: self.log, moment: Moment::default() };
            let manifest =
                judge.describe(given).map_err(|failure| format!("its `describe` failed: {}", failure.reason))?;
            manifest::checked(manifest).map_err(|reason| format!("its manifest is not one: {reason}"))
        };
        let manifest = once()?;
        if once()? != manifest {
            return Err("its `describe` gave two different answers; it may depend on nothing".to_owned());
        }
        Ok(manifest)
    }
}

fn check_bytes(bytes: &[u8]) -> Result<(), String> {
    if bytes.len() > COMPONENT_MAX_BYTES {
        return Err(format!("it has {} bytes, over {COMPONENT_MAX_BYTES}", bytes.len()));
    }
    match bytes {
        [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => Ok(()),
        [b'\0', b'a', b's', b'm', 1, 0, 0, 0, ..] => {
            Err("it is a core module, not a component; wrap it with `wasm-tools component new`, or build it with \
                 `syndic governor build`"
                .to_owned())
        }
        [b'\0', b'a', b's', b'm', ..] => Err("it is WebAssembly of a version that this host does not know".to_owned()),
        _ if is_text(bytes) => {
            Err("it is WebAssembly text, not a component; translate it with `wasm-tools parse`".to_owned())
        }
        [] => Err("it is empty, not a component".to_owned()),
        _ => Err("it is not a component: it does not begin like WebAssembly".to_owned()),
    }
}

fn is_text(bytes: &[u8]) -> bool {
    let begin = bytes.trim_ascii_start();
    begin.starts_with(b"(component") || begin.starts_with(b"(module") || begin.starts_with(b";;")
}

/// Nothing but `host` and `types` may be imported, and of `host` nothing that this host does not have.
fn check_imports(component: &Component, engine: &Engine, wasi: Wasi) -> Result<(), String> {
    let component = component.component_type();
    for (name, import) in component.imports(engine) {
        let has = match interface(name) {
            Some(("types", MAJOR)) => continue,
            Some(("host", MAJOR)) => OFFERED,
            Some(("host" | "types", _)) => {
                return Err(format!(
                    "it imports `{name}`, and this host offers version {MAJOR}; build it against `syndic:governor@{MAJOR}`"
                ));
            }
            None if wasi == Wasi::Deterministic && wasi::interface(name).is_some() => continue,
            _ => return Err(forbidden(name, wasi)),
        };
        let ComponentItem::ComponentInstance(instance) = import.ty else {
            return Err(forbidden(name, wasi));
        };
        for (function, item) in instance.exports(engine) {
            if matches!(item.ty, ComponentItem::ComponentFunc(_)) && !has.contains(&function) {
                return Err(format!("it imports `{function}` of `{name}`, which this host does not have yet"));
            }
        }
    }
    Ok(())
}

fn forbidden(name: &str, wasi: Wasi) -> String {
    let hint = match wasi {
        Wasi::Refused if wasi::interface(name).is_some() => {
            "build it without WASI (Rust: for `wasm32-unknown-unknown`), or let its slot have `wasi = \"deterministic\"` \
             (`--wasi SLOT`)"
        }
        _ => "drop the import and rebuild",
    };
    format!(
        "it imports `{name}`, and a governor may import only `syndic:governor/host` and `syndic:governor/types`; {hint}"
    )
}

/// Every function of `judge` must be there.
fn check_exports(component: &Component, engine: &Engine) -> Result<(), String> {
    let component = component.component_type();
    let judge = component.exports(engine).find(|(name, _)| matches!(interface(name), Some(("judge", _))));
    let (found, missing) = match judge {
        Some((name, export)) => match export.ty {
            ComponentItem::ComponentInstance(judge) if interface(name) == Some(("judge", MAJOR)) => {
                let missing = ANSWERED.iter().filter(|function| judge.get_export(engine, function).is_none());
                (format!("its `{name}` lacks"), missing.copied().collect::<Vec<_>>())
            }
            _ => {
                return Err(format!(
                    "it exports `{name}`, and this host asks version {MAJOR}; build it against `syndic:governor@{MAJOR}`"
                ));
            }
        },
        None => ("it exports no `syndic:governor/judge` and so lacks".to_owned(), ANSWERED.to_vec()),
    };
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.iter().map(|function| format!("`{function}`")).collect();
    Err(format!("{found} {}; export the world `governor` of `syndic:governor@{MAJOR}`", missing.join(", ")))
}

/// The pool has room for so many memories and tables per component and no more.
fn check_resources(component: &Component) -> Result<(), String> {
    let Some(needs) = component.resources_required() else {
        return Err("it imports core modules, so what it needs cannot be known; link them in".to_owned());
    };
    if needs.num_memories > MEMORIES_MAX || needs.num_tables > TABLES_MAX {
        return Err(format!(
            "it has {} memories and {} tables, over {MEMORIES_MAX} and {TABLES_MAX}; compose it of fewer parts",
            needs.num_memories, needs.num_tables
        ));
    }
    Ok(())
}

/// The interface and the major version of a name of our package: `syndic:governor/host@1.2.3` is `("host", 1)`.
fn interface(name: &str) -> Option<(&str, u64)> {
    let (interface, version) = name.strip_prefix("syndic:governor/")?.split_once('@')?;
    let version = semver::Version::parse(version).ok()?;
    Some((interface, version.major))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_a_component_is_told_what_it_is() {
        let told = |bytes: &[u8]| check_bytes(bytes).unwrap_err();
        assert!(told(b"\0asm\x01\0\0\0").contains("core module"));
        assert!(told(b"\0asm\x09\0\0\0").contains("does not know"));
        assert!(told(b"  (component)").contains("WebAssembly text"));
        assert!(told(b"").contains("empty"));
        assert!(told(b"\x7fELF").contains("does not begin like WebAssembly"));
        assert!(told(&vec![0; COMPONENT_MAX_BYTES + 1]).contains("over 33554432"));
        assert!(check_bytes(b"\0asm\x0d\0\x01\0").is_ok());
    }

    #[test]
    fn an_interface_is_known_by_name_and_major_version() {
        assert_eq!(interface("syndic:governor/host@1.4.0"), Some(("host", 1)));
        assert_eq!(interface("syndic:governor/host@2.0.0"), Some(("host", 2)));
        assert_eq!(interface("syndic:governor/host"), None);
        assert_eq!(interface("wasi:cli/environment@0.2.6"), None);
    }
}
