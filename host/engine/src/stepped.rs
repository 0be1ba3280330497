//! The same lanes without a thread: whoever holds them takes every step, and chooses which.
//!
//! Threads interleave as they like and never the same way twice. Here one caller decides which lane goes on, when what is
//! admitted becomes durable, and when callers are told, so that a seed explores schedules and finds the same one again.
//! What a step does is what a worker does; see `lanes`. Dropped, it leaves what a process that was killed leaves.

use std::sync::Arc;

use syndic_core::{Event, Report, Time};

use crate::act::{Denied, Order};
use crate::door::Bounds;
use crate::host::{Halt, Host};
use crate::lanes::Inner;
use crate::pending::Pending;

/// Many lanes over one host, one step at a time.
pub struct Stepped(Arc<Inner>);

impl Stepped {
    /// Goes on with what an earlier process left, as [`Lanes::start`](crate::Lanes::start) does, and starts nobody.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn start(host: &Arc<Host>, bounds: Bounds) -> Result<Self, Halt> {
        Inner::recovered(host, bounds).map(Self)
    }

    /// Takes an event, as [`Lanes::submit`](crate::Lanes::submit) does.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped.
    pub fn submit(&self, event: Event) -> Result<Pending, Halt> {
        self.0.submit(event)
    }

    /// Carries out an order, as [`Lanes::order`](crate::Lanes::order) does.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped.
    pub fn order(&self, order: Order) -> Result<Pending<Result<Report, Denied>>, Halt> {
        self.0.order(order)
    }

    /// Takes one lane that can go on one step; false where none can. Of so many tenants, and then of so many lanes of
    /// one, `pick` says which goes; 0 is whose turn it would be.
    ///
    /// # Errors
    /// [`Halt`]: the host has stopped.
    pub fn step(&self, pick: &mut dyn FnMut(usize) -> usize) -> Result<bool, Halt> {
        let mut state = self.0.lock();
        if let Some(halt) = &state.halted {
            return Err(halt.clone());
        }
        state.queues.go_first(pick);
        let Some((lane, task)) = state.queues.next(false) else { return Ok(false) };
        drop(state);
        match &self.0.step(&lane, task).halted {
            Some(halt) => Err(halt.clone()),
            None => Ok(true),
        }
    }

    /// Answers callers whose events came to an outcome that is durable, and waits for nothing. Says how many turns ended.
    pub fn tell(&self) -> usize {
        self.0.tell_durable(&mut self.0.lock())
    }

    /// Lets time pass, as [`Lanes::time_passes`](crate::Lanes::time_passes) does.
    ///
    /// # Errors
    /// [`Halt`]: the store failed.
    pub fn time_passes(&self, now: Time) -> Result<(), Halt> {
        self.0.time_passes(now)
    }

    /// Whether no lane has anything to do and everyone was told.
    pub fn is_at_rest(&self) -> bool {
        self.0.lock().is_at_rest()
    }

    /// Events that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.0.lock().queues.all_waiting()
    }
}
