//! How lanes stand: how many are in which of the nine states, as of now.
//!
//! A lane that nothing happens in takes no room here. It is idle, and the store knows how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use syndic_core::states::State;

/// Counts of turns under way.
#[derive(Default)]
pub(crate) struct Standing {
    in_state: [AtomicU64; State::ALL.len()],
    /// Of these, turns of lanes that the store does not know yet.
    new: AtomicU64,
}

impl Standing {
    /// A turn begins. It is counted until what this returns is dropped, however it ends.
    pub(crate) fn begin(self: &Arc<Self>, new: bool) -> Stand {
        self.new.fetch_add(u64::from(new), Ordering::Relaxed);
        self.in_state[place(State::Idle)].fetch_add(1, Ordering::Relaxed);
        Stand { standing: Arc::clone(self), state: State::Idle, new }
    }

    /// How many lanes are in each state, where the store knows of so many lanes in all. The counts change while they are
    /// read: they add up only where nothing moves.
    pub(crate) fn of(&self, lanes: u64) -> Vec<(State, u64)> {
        let mut counts: [u64; State::ALL.len()] = [0; _];
        counts.iter_mut().zip(&self.in_state).for_each(|(count, now)| *count = now.load(Ordering::Relaxed));
        let known = counts.iter().sum::<u64>().saturating_sub(self.new.load(Ordering::Relaxed));
        counts[place(State::Idle)] += lanes.saturating_sub(known);
        State::ALL.into_iter().zip(counts).collect()
    }
}

/// One turn's place among them.
pub(crate) struct Stand {
    standing: Arc<Standing>,
    state: State,
    new: bool,
}

impl Stand {
    /// The turn goes to another state.
    pub(crate) fn enter(&mut self, state: State) {
        self.standing.in_state[place(state)].fetch_add(1, Ordering::Relaxed);
        self.standing.in_state[place(self.state)].fetch_sub(1, Ordering::Relaxed);
        self.state = state;
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.standing.in_state[place(self.state)].fetch_sub(1, Ordering::Relaxed);
        self.standing.new.fetch_sub(u64::from(self.new), Ordering::Relaxed);
    }
}

/// A state's place in the list of all.
fn place(state: State) -> usize {
    State::ALL.iter().position(|one| *one == state).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_that_nothing_happens_in_are_idle_and_a_turn_that_is_dropped_is_in_no_state() {
        let standing = Arc::new(Standing::default());
        let mut known = standing.begin(false);
        let mut stranger = standing.begin(true);
        known.enter(State::AwaitingFeedback);
        stranger.enter(State::CoordinatingFsms);
        let told = |lanes| {
            let mut counts = standing.of(lanes);
            counts.retain(|(_, count)| *count > 0);
            counts
        };
        assert_eq!(told(3), [(State::Idle, 2), (State::CoordinatingFsms, 1), (State::AwaitingFeedback, 1)]);
        drop(known);
        drop(stranger);
        assert_eq!(told(4), [(State::Idle, 4)]);
    }
}
