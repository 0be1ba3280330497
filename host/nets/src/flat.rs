//! The plain net: places, transitions, and three kinds of arcs.
//!
//! Whatever a model can say, it says it here in the end: joins and splits have become transitions, composite tasks
//! their insides or a single step, names are indices. The prover, the token game and the drawings speak of this form
//! only, so what is proved is what is played.

use std::collections::BTreeMap;

/// A place of one [`Flat`], by its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaceId(pub u32);

/// A transition of one [`Flat`], by its index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TransitionId(pub u32);

/// How many tokens lie where; a place that is not named is empty, and no count is zero.
pub type Tokens = BTreeMap<PlaceId, u32>;

/// What happens at once: one token is taken from each of `consumes`, then every token from each of `removes`, then
/// one is put on each of `produces`. The three lists are sorted, and none names a place twice.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Transition {
    /// Unique in its net. A task with several outcomes is one transition for each: `T_VerifyIdentity.passed`.
    pub name: String,
    /// Where one token is needed, and taken.
    pub consumes: Vec<PlaceId>,
    /// Where one token is put.
    pub produces: Vec<PlaceId>,
    /// The cancellation set: emptied, whatever lies there. It asks for nothing, so it never keeps from firing.
    pub removes: Vec<PlaceId>,
}

/// A place/transition net with reset arcs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Flat {
    /// Names, unique; a [`PlaceId`] is an index here.
    pub places: Vec<String>,
    /// A [`TransitionId`] is an index here.
    pub transitions: Vec<Transition>,
    /// The one place that nothing produces; `None` if there is none, or several.
    pub source: Option<PlaceId>,
    /// The one place that nothing consumes; `None` if there is none, or several.
    pub sink: Option<PlaceId>,
}

impl Flat {
    /// A net of these parts, with its source and sink looked up. Lists of arcs are put in order.
    pub fn new(places: Vec<String>, mut transitions: Vec<Transition>) -> Self {
        let (mut produced, mut consumed) = (vec![false; places.len()], vec![false; places.len()]);
        for transition in &mut transitions {
            for arcs in [&mut transition.consumes, &mut transition.produces, &mut transition.removes] {
                arcs.sort_unstable();
                arcs.dedup();
            }
            transition.produces.iter().for_each(|place| produced[place.0 as usize] = true);
            transition.consumes.iter().for_each(|place| consumed[place.0 as usize] = true);
        }
        let (source, sink) = (the_only_false(&produced), the_only_false(&consumed));
        Self { places, transitions, source, sink }
    }

    /// The name of a place of this net.
    pub fn place(&self, id: PlaceId) -> &str {
        &self.places[id.0 as usize]
    }

    /// A transition of this net.
    pub fn transition(&self, id: TransitionId) -> &Transition {
        &self.transitions[id.0 as usize]
    }

    /// Every place, in order.
    pub fn place_ids(&self) -> impl Iterator<Item = PlaceId> + use<> {
        (0..self.places.len() as u32).map(PlaceId)
    }

    /// Every transition, in order.
    pub fn transition_ids(&self) -> impl Iterator<Item = TransitionId> + use<> {
        (0..self.transitions.len() as u32).map(TransitionId)
    }

    /// The place of this name.
    pub fn find_place(&self, name: &str) -> Option<PlaceId> {
        self.places.iter().position(|place| place == name).map(|at| PlaceId(at as u32))
    }

    /// The transition of this name.
    pub fn find_transition(&self, name: &str) -> Option<TransitionId> {
        self.transitions.iter().position(|transition| transition.name == name).map(|at| TransitionId(at as u32))
    }
}

fn the_only_false(flags: &[bool]) -> Option<PlaceId> {
    let mut found = flags.iter().enumerate().filter(|(_, flag)| !**flag).map(|(at, _)| PlaceId(at as u32));
    found.next().filter(|_| found.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(transitions: &[(&str, &[u32], &[u32])]) -> Flat {
        let ids = |places: &[u32]| places.iter().copied().map(PlaceId).collect::<Vec<_>>();
        let transitions = transitions.iter().map(|(name, consumes, produces)| Transition {
            name: (*name).to_owned(),
            consumes: ids(consumes),
            produces: ids(produces),
            removes: vec![],
        });
        Flat::new(["begin", "middle", "end"].map(str::to_owned).to_vec(), transitions.collect())
    }

    #[test]
    fn the_source_is_what_nothing_produces_and_the_sink_what_nothing_consumes() {
        let flat = net(&[("go", &[0], &[1]), ("stop", &[1], &[2])]);
        assert_eq!((flat.source, flat.sink), (Some(PlaceId(0)), Some(PlaceId(2))));
    }

    #[test]
    fn two_ends_are_no_sink_and_no_beginning_is_no_source() {
        let flat = net(&[("go", &[0], &[1, 2, 0])]);
        assert_eq!((flat.source, flat.sink), (None, None));
    }
}
