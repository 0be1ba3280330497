//! Watching lanes from outside: how much waits in them, and whether they go on at all.

use crate::host::Halt;
use crate::lanes::Lanes;

impl Lanes {
    /// Events that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.inner.lock().queues.all_waiting()
    }

    /// What the host stopped with. Nobody is judged any more; only a new process goes on.
    pub fn halted(&self) -> Option<Halt> {
        self.inner.lock().halted.clone()
    }
}
