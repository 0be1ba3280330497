//! WASI, for slots that say `wasi = "deterministic"`: enough of the outside world for a language's runtime to start, and
//! nothing of it that could differ.
//!
//! JavaScript, Python and Rust's `wasm32-wasip2` bring a library that wants a clock, chance, files and a network before
//! a line of the author's runs. Here the clock stands at the context's `now`, chance comes of its `seed`, what is
//! written to the standard streams goes to the governor's log, there is nothing to read, waiting takes no time, and
//! there are no files, no network, no environment and no arguments. All of WASI 0.2 can be *imported*; what has no such
//! answer ends the call, by name. Each call costs what a call of the host costs.
//!
//! A component says in its imports which functions it wants, in one of the 0.2 versions; it is given those by name and
//! in that version. The engine holds their types against ours when it is loaded.

mod answers;
mod world;

use wasmtime::component::types::ComponentItem;
use wasmtime::component::{Component, Linker, LinkerInstance, ResourceType};
use wasmtime::{Engine, Result};

use crate::call::{Instance, Stop};

pub(crate) use world::{Moment, Stream, World};

/// The packages of WASI 0.2.
const PACKAGES: &[&str] = &["cli", "clocks", "filesystem", "http", "io", "random", "sockets"];

/// Something that is ready whenever it is asked.
struct Pollable;
/// Why a stream failed, which none does.
struct Trouble;
/// Where nothing comes from.
struct Input;
/// Where a line for the log goes.
struct Output;
/// A thing of the outside world. There is none.
struct Absent;

/// The interface that a name stands for, where it is one of WASI 0.2's: `wasi:io/poll@0.2.6` is `io/poll`.
pub(crate) fn interface(name: &str) -> Option<&str> {
    let (interface, version) = name.strip_prefix("wasi:")?.split_once('@')?;
    let version = semver::Version::parse(version).ok()?;
    let (package, _) = interface.split_once('/')?;
    let known = PACKAGES.contains(&package) && (version.major, version.minor) == (0, 2) && version.pre.is_empty();
    known.then_some(interface)
}

/// Offers a component what it imports of WASI.
pub(crate) fn add_to_linker(linker: &mut Linker<Instance>, component: &Component, engine: &Engine) -> Result<()> {
    for (name, import) in component.component_type().imports(engine) {
        let (Some(interface), ComponentItem::ComponentInstance(wanted)) = (interface(name), import.ty) else {
            continue;
        };
        let mut offer = linker.instance(name)?;
        for (member, item) in wanted.exports(engine) {
            match item.ty {
                ComponentItem::Resource(_) => offer.resource(member, resource(member), |_, _| Ok(()))?,
                ComponentItem::ComponentFunc(_) => function(&mut offer, interface, member)?,
                _ => {}
            }
        }
    }
    Ok(())
}

/// What a resource is here. Interfaces name those of others again; `http/types` has another name for one.
fn resource(name: &str) -> ResourceType {
    match name {
        "pollable" => ResourceType::host::<Pollable>(),
        "error" | "io-error" => ResourceType::host::<Trouble>(),
        "input-stream" => ResourceType::host::<Input>(),
        "output-stream" => ResourceType::host::<Output>(),
        _ => ResourceType::host::<Absent>(),
    }
}

fn function(offer: &mut LinkerInstance<'_, Instance>, interface: &str, name: &str) -> Result<()> {
    if answers::add(offer, interface, name)? {
        return Ok(());
    }
    let called = format!("wasi:{interface}.{name}");
    offer.func_new(name, move |_, _, _, _| Err(Stop::NoSuchWorld(called.clone()).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_is_known_by_its_package_and_its_minor_version() {
        assert_eq!(interface("wasi:io/poll@0.2.12"), Some("io/poll"));
        assert_eq!(interface("wasi:cli/environment@0.2.0"), Some("cli/environment"));
        for other in ["wasi:io/poll@0.3.0", "wasi:nn/graph@0.2.0", "wasi:io/poll", "wasi:io@0.2.0", "io/poll@0.2.0"] {
            assert_eq!(interface(other), None, "{other}");
        }
    }
}
