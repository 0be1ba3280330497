//! The token game, on packed markings.

use super::packing::{Overflow, Packing};
use super::rows::Rows;
use crate::flat::{Flat, PlaceId, Transition};

/// A transition as the proof sees it: what each firing takes, empties and puts, by place and count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Step {
    pub consumes: Vec<(u32, u32)>,
    pub removes: Vec<u32>,
    pub produces: Vec<(u32, u32)>,
}

impl Step {
    /// A place that stands twice in a list is meant twice.
    pub fn of(transition: &Transition) -> Self {
        let mut removes: Vec<u32> = transition.removes.iter().map(|place| place.0).collect();
        removes.sort_unstable();
        removes.dedup();
        Self { consumes: counted(&transition.consumes), removes, produces: counted(&transition.produces) }
    }

    /// The transitions of a net, in order.
    pub fn all(net: &Flat) -> Vec<Self> {
        net.transitions.iter().map(Self::of).collect()
    }
}

fn counted(places: &[PlaceId]) -> Vec<(u32, u32)> {
    let mut arcs: Vec<(u32, u32)> = places.iter().map(|place| (place.0, 1)).collect();
    merge(&mut arcs);
    arcs
}

/// Puts arcs in order, and makes one of those to the same place.
pub(super) fn merge(arcs: &mut Vec<(u32, u32)>) {
    arcs.sort_unstable();
    arcs.dedup_by(|next, kept| {
        let same = next.0 == kept.0;
        if same {
            kept.1 = kept.1.saturating_add(next.1);
        }
        same
    });
}

/// The rules of one net.
pub(super) struct Game<'a> {
    pub steps: &'a [Step],
    pub places: usize,
    /// By place: the transitions that are looked at when it is marked. Each waits at one of its inputs only, where the
    /// fewest others do.
    waiting: Rows<u32>,
    /// Transitions without inputs, always enabled.
    always: Vec<u32>,
}

impl<'a> Game<'a> {
    /// The game in which the transitions for which `left_out` holds never fire.
    pub fn new(places: usize, steps: &'a [Step], left_out: impl Fn(u32) -> bool) -> Self {
        let mut consumers = vec![0_u32; places];
        steps.iter().flat_map(|step| &step.consumes).for_each(|(place, _)| consumers[*place as usize] += 1);
        let playing = (0..steps.len() as u32).filter(|id| !left_out(*id));
        let at = |id: u32| {
            let inputs = steps[id as usize].consumes.iter();
            inputs.map(|(place, _)| *place as usize).min_by_key(|place| consumers[*place])
        };
        let waits: Vec<(usize, u32)> = playing.clone().filter_map(|id| Some((at(id)?, id))).collect();
        let always = playing.filter(|id| steps[*id as usize].consumes.is_empty()).collect();
        Self { steps, places, waiting: Rows::sorted(places, waits.iter().copied()), always }
    }

    /// Writes the transitions that are enabled, in order; says how many were looked at.
    pub fn enabled(&self, packing: Packing, marking: &[u64], into: &mut Vec<u32>) -> usize {
        into.clear();
        into.extend(&self.always);
        let mut looked = self.always.len();
        for place in packing.marked(marking) {
            let enabled = |id: &u32| {
                let needs = &self.steps[*id as usize].consumes;
                needs.iter().all(|(place, tokens)| packing.get(marking, *place as usize) >= *tokens)
            };
            let waiting = self.waiting.row(place);
            looked += waiting.len();
            into.extend(waiting.iter().filter(|id| enabled(id)));
        }
        into.sort_unstable();
        looked
    }

    /// The arcs that a firing of a transition goes along.
    pub fn arcs(&self, id: u32) -> usize {
        let Step { consumes, removes, produces } = &self.steps[id as usize];
        consumes.len() + removes.len() + produces.len()
    }

    /// Fires a transition that is enabled.
    pub fn fire(&self, packing: Packing, marking: &mut [u64], id: u32) -> Result<(), Overflow> {
        let step = &self.steps[id as usize];
        step.consumes.iter().for_each(|(place, tokens)| packing.take(marking, *place as usize, *tokens));
        step.removes.iter().for_each(|place| packing.clear(marking, *place as usize));
        step.produces.iter().try_for_each(|(place, tokens)| packing.add(marking, *place as usize, *tokens))
    }
}
