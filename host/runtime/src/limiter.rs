//! The memory limit: one sum over all memories and tables of an instance.
//!
//! Growth beyond the slot's limit ends the call. WebAssembly would rather have `memory.grow` return −1, but then a
//! governor could go on and decide otherwise on a host that gives it less. A bound that the component itself declares
//! is part of the component, so growth beyond that one, within the limit, does return −1.

use wasmtime::{Error, ResourceLimiter};

use crate::engine::{CORE_INSTANCES_MAX, MEMORIES_MAX, TABLE_ELEMENTS_MAX, TABLES_MAX};

/// Bytes a table element counts for, on every machine.
const ELEMENT_BYTES: u64 = 8;

/// What one call may still take.
#[derive(Debug)]
pub(crate) struct Memory {
    max_bytes: u64,
    free_bytes: u64,
}

/// Why a growth ended the call.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OutOfMemory {
    /// The slot's limit.
    #[error("it asked for more than the {0} bytes of memory that its slot allows")]
    Limit(u64),
    /// One table's limit.
    #[error("it asked for a table of more than {TABLE_ELEMENTS_MAX} elements")]
    Table,
    /// The machine itself.
    #[error("the host could not give it the memory that its slot allows")]
    Host,
}

impl Memory {
    pub(crate) fn new(max_bytes: u64) -> Self {
        Self { max_bytes, free_bytes: max_bytes }
    }

    /// Whether the growth is granted; an error where the limit forbids it.
    fn grow(&mut self, bytes: u64, within_its_own_bound: bool) -> wasmtime::Result<bool> {
        let free_bytes = self.free_bytes.checked_sub(bytes).ok_or(OutOfMemory::Limit(self.max_bytes))?;
        if within_its_own_bound {
            self.free_bytes = free_bytes;
        }
        Ok(within_its_own_bound)
    }
}

impl ResourceLimiter for Memory {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let bytes = desired.saturating_sub(current) as u64;
        self.grow(bytes, maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn memory_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        Err(OutOfMemory::Host.into())
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if desired > TABLE_ELEMENTS_MAX {
            return Err(OutOfMemory::Table.into());
        }
        let bytes = (desired.saturating_sub(current) as u64).saturating_mul(ELEMENT_BYTES);
        self.grow(bytes, maximum.is_none_or(|maximum| desired <= maximum))
    }

    fn table_grow_failed(&mut self, _: Error) -> wasmtime::Result<()> {
        Err(OutOfMemory::Host.into())
    }

    fn instances(&self) -> usize {
        CORE_INSTANCES_MAX as usize
    }

    fn memories(&self) -> usize {
        MEMORIES_MAX as usize
    }

    fn tables(&self) -> usize {
        TABLES_MAX as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 65_536;

    #[test]
    fn memories_and_tables_share_one_limit() {
        let mut memory = Memory::new(3 * PAGE as u64);
        assert!(memory.memory_growing(0, PAGE, None).unwrap());
        assert!(memory.memory_growing(0, PAGE, None).unwrap());
        assert!(memory.table_growing(0, PAGE / 8, None).unwrap());
        let error = memory.memory_growing(PAGE, 2 * PAGE, None).unwrap_err();
        assert!(matches!(error.downcast_ref(), Some(OutOfMemory::Limit(196_608))));
    }

    #[test]
    fn a_bound_of_the_components_own_is_an_answer() {
        let mut memory = Memory::new(3 * PAGE as u64);
        assert!(!memory.memory_growing(PAGE, 2 * PAGE, Some(PAGE)).unwrap());
        assert!(!memory.table_growing(1, 3, Some(2)).unwrap());
        assert!(memory.memory_growing(0, 3 * PAGE, None).unwrap(), "what was not granted was not counted");
    }
}
