//! What the host offers, and what it costs.
//!
//! A call of the host is one cheap instruction to a governor, and work to the host: a lookup, a line for the log, bytes
//! copied and checked. It is paid for in fuel like all other work, by its length and before it is done, or else a loop
//! of such calls would keep a host busy for minutes on the fuel of a millisecond. And since every fact that is read is
//! kept with the receipt, as named, one call reads only so many.

use wasmtime::component::{HasSelf, Linker};
use wasmtime::{Result, StoreContextMut, Trap};

use crate::bindings::host::Host as _;
use crate::bindings::{host, types};
use crate::call::{Instance, Stop};

/// Where governors find it. An earlier or later minor version's is this one too.
const INTERFACE: &str = "syndic:governor/host@1.0.0";

/// Fuel for a call of the host, whatever it says. Looking a fact up takes about as long as so many instructions.
pub(crate) const CALL_FUEL: u64 = 500;

/// Fuel for a byte that is handed over, either way: as much as copying it would be.
pub(crate) const BYTE_FUEL: u64 = 1;

/// Facts that one call may read. Each stands in the receipt.
pub(crate) const READS_MAX: u32 = 1_024;

/// Bytes of the names that one call may read by. A name has at most 512, but a governor may ask by one that is none.
pub(crate) const READ_NAMES_MAX_BYTES: usize = 256 * 1024;

/// Says what there is to import.
pub(crate) fn add_to_linker(linker: &mut Linker<Instance>) -> Result<()> {
    types::add_to_linker::<_, HasSelf<_>>(linker, |instance: &mut Instance| instance)?;
    let mut offered = linker.instance(INTERFACE)?;
    offered.func_wrap("log", |mut store: Store<'_>, (level, message): (host::Level, String)| {
        pay(&mut store, message.len())?;
        store.data_mut().log(level, message)
    })?;
    offered.func_wrap("read", |mut store: Store<'_>, (subject, name): (types::Subject, String)| {
        pay(&mut store, name.len())?;
        store.data_mut().count_read(&name)?;
        let fact = store.data_mut().read(subject, name)?;
        bytes(&mut store, fact.as_ref().map_or(0, |fact| fact.name.len() + fact.value.len()))?;
        Ok((fact,))
    })?;
    offered.func_wrap("config", |mut store: Store<'_>, (key,): (String,)| {
        pay(&mut store, key.len())?;
        let value = store.data_mut().config(key)?;
        bytes(&mut store, value.as_ref().map_or(0, String::len))?;
        Ok((value,))
    })
}

type Store<'a> = StoreContextMut<'a, Instance>;

/// Pays for a call that hands over so many bytes.
pub(crate) fn pay(store: &mut Store<'_>, length: usize) -> Result<()> {
    burn(store, CALL_FUEL.saturating_add(price(length)))
}

/// Pays for bytes.
pub(crate) fn bytes(store: &mut Store<'_>, length: usize) -> Result<()> {
    burn(store, price(length))
}

fn price(length: usize) -> u64 {
    (length as u64).saturating_mul(BYTE_FUEL)
}

/// Takes fuel away; all that is left, where it is too little.
fn burn(store: &mut Store<'_>, fuel: u64) -> Result<()> {
    match store.get_fuel()?.checked_sub(fuel) {
        Some(left) => store.set_fuel(left),
        None => {
            store.set_fuel(0)?;
            Err(Trap::OutOfFuel.into())
        }
    }
}

impl Instance {
    /// Counts a read, before it is done.
    fn count_read(&mut self, name: &str) -> std::result::Result<(), Stop> {
        self.reads += 1;
        self.read_names_bytes = self.read_names_bytes.saturating_add(name.len());
        if self.reads > READS_MAX || self.read_names_bytes > READ_NAMES_MAX_BYTES {
            return Err(Stop::TooManyReads);
        }
        Ok(())
    }
}
