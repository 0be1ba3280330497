//! Watching lanes from outside: how much waits in them, how they stand, and whether they go on at all.

use std::time::Duration;

use syndic_core::Time;
use syndic_core::states::State;

use crate::host::{Halt, Host};
use crate::lanes::Lanes;

impl Lanes {
    /// Events that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.inner.lock().queues.all_waiting()
    }

    /// Events from outside that were taken, by this process or one before, and that nobody was told the outcome of.
    pub fn taken(&self) -> usize {
        self.inner.lock().flights.len()
    }

    /// How many lanes are in which state, where the store knows of so many in all. A lane in which nothing happens is
    /// idle.
    pub fn states(&self, lanes: u64) -> Vec<(State, u64)> {
        self.inner.host.standing.of(lanes)
    }

    /// What the host stopped with. Nobody is judged any more; only a new process goes on.
    pub fn halted(&self) -> Option<Halt> {
        self.inner.lock().halted.clone()
    }
}

impl Host {
    /// Tells whoever observes that a timer fires which was due then.
    pub(crate) fn tell_fired(&self, due: Time) {
        self.observed.tell(|observer| {
            let late_ms = u64::try_from(self.ports.clock.now().ms() - due.ms()).unwrap_or(0);
            observer.fired(Duration::from_millis(late_ms));
        });
    }
}
