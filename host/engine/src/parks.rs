//! What is parked, in memory: which undo is tried next, and which lanes have an event that is stuck.
//!
//! The store knows all of it too; this is so that nobody has to read every parked event to find the next.

use std::collections::{BTreeMap, BTreeSet};

use syndic_core::ports::Parked;
use syndic_core::{DedupKey, Lane, Time};

/// Parked events, by when they are tried next and by lane.
#[derive(Default)]
pub(crate) struct Parks {
    known: BTreeMap<DedupKey, (Lane, Option<Time>)>,
    due: BTreeSet<(Time, DedupKey)>,
    stuck_in: BTreeMap<Lane, usize>,
}

impl Parks {
    /// Takes note of an event that is parked, or parked anew.
    pub(crate) fn put(&mut self, event: DedupKey, lane: Lane, parked: &Parked) {
        self.take(&event);
        self.due.extend(parked.next.map(|next| (next, event.clone())));
        *self.stuck_in.entry(lane.clone()).or_default() += 1;
        self.known.insert(event, (lane, parked.next));
    }

    /// Forgets an event.
    pub(crate) fn take(&mut self, event: &DedupKey) {
        let Some((lane, next)) = self.known.remove(event) else { return };
        if let Some(next) = next {
            self.due.remove(&(next, event.clone()));
        }
        if let Some(stuck) = self.stuck_in.get_mut(&lane) {
            *stuck -= 1;
            if *stuck == 0 {
                self.stuck_in.remove(&lane);
            }
        }
    }

    /// The event whose undo is tried next, and when.
    pub(crate) fn first(&self) -> Option<&(Time, DedupKey)> {
        self.due.first()
    }

    /// The events whose undo is due by a time, with their lanes.
    pub(crate) fn due(&self, until: Time) -> Vec<(DedupKey, Lane)> {
        let due = self.due.iter().take_while(|(next, _)| *next <= until);
        due.filter_map(|(_, event)| Some((event.clone(), self.known.get(event)?.0.clone()))).collect()
    }

    /// Whether an event is parked.
    pub(crate) fn is_parked(&self, event: &DedupKey) -> bool {
        self.known.contains_key(event)
    }

    /// The lanes of which an event is stuck.
    pub(crate) fn lanes(&self) -> impl Iterator<Item = &Lane> {
        self.stuck_in.keys()
    }

    /// Whether an event of a lane is stuck.
    pub(crate) fn is_stuck(&self, lane: &Lane) -> bool {
        self.stuck_in.contains_key(lane)
    }
}
