//! What has to be true of every case besides that it can end.
//!
//! A claim is about the markings that can be reached, so it is checked on all of them, and where it is broken the
//! nearest one shows it. That a place is never marked *without* a transition is asked by leaving the transition out.

use super::counterexample::replay;
use super::explore::{End, Limits, Space, Spent};
use super::game::{Game, Step};
use super::sentences::{names, way};
use super::verdict::{Budget, Explored};
use super::workflow::shape;
use crate::flat::{Flat, PlaceId, Tokens, TransitionId};

/// A claim about every case of a net.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// No marking has a token on all of these. Of one place: it is never marked.
    NeverTogether(Vec<PlaceId>),
    /// A token comes to the place only after one of the transitions has fired.
    NoPlaceWithout(PlaceId, Vec<TransitionId>),
    /// The first transition is enabled only after one of the others has fired.
    NoTaskWithout(TransitionId, Vec<TransitionId>),
}

/// Whether a claim is true.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Answer {
    /// Every marking was looked at, and none breaks it.
    Holds {
        /// What was looked at. For a claim about what comes first: only what happens before that.
        explored: Explored,
    },
    /// Some marking breaks it.
    Broken {
        /// What was looked at.
        explored: Explored,
        /// A shortest way there.
        firing: Vec<TransitionId>,
        /// The marking.
        marking: Tokens,
        /// The same for people.
        sentence: String,
    },
    /// Neither is known.
    Unknown {
        /// What was looked at.
        explored: Explored,
        /// Why: the budget ended, there is no end of markings, or the net has no source or not the places asked for.
        sentence: String,
    },
}

impl Answer {
    /// What was looked at.
    pub fn explored(&self) -> Explored {
        match self {
            Self::Holds { explored } | Self::Broken { explored, .. } | Self::Unknown { explored, .. } => *explored,
        }
    }
}

/// Checks a claim on every marking of a net.
pub fn holds(net: &Flat, claim: &Claim, budget: &Budget) -> Answer {
    let unknown = |sentence: &str| Answer::Unknown { explored: Explored::default(), sentence: sentence.to_owned() };
    let Some(ends) = shape(net).ends else { return unknown("the net does not say where cases begin and end") };
    let Some((broken_by, left_out)) = asked(net, claim) else {
        return unknown("the claim names places or transitions that the net does not have");
    };
    let steps = Step::all(net);
    let game = Game::new(net.places.len(), &steps, |id| left_out.contains(&TransitionId(id)));
    let limits = Limits { markings: budget.markings, bytes: budget.bytes, work: budget.work };
    let space = Space::explore(&game, ends.source.0 as usize, limits);
    let breaks = |number: &usize| broken_by.iter().all(|place| space.tokens(*number, place.0 as usize) > 0);
    let explored = space.explored();
    if let Some(number) = (0..space.len()).find(breaks) {
        let firing: Vec<TransitionId> = space.way(number).into_iter().map(TransitionId).collect();
        let marking = replay(net, ends.source, &firing).unwrap_or_default();
        let sentence = broken(net, claim, &firing);
        return Answer::Broken { explored, firing, marking, sentence };
    }
    match space.end {
        End::Complete => Answer::Holds { explored },
        End::Growing(_) => Answer::Unknown { explored, sentence: "there is no end of markings".to_owned() },
        End::Spent(spent) => Answer::Unknown { explored, sentence: ended(spent, explored) },
    }
}

/// The places that must not be marked together, and what is left out meanwhile.
fn asked<'a>(net: &'a Flat, claim: &'a Claim) -> Option<(&'a [PlaceId], &'a [TransitionId])> {
    let (places, left_out): (&[PlaceId], &[TransitionId]) = match claim {
        Claim::NeverTogether(places) => (places, &[]),
        Claim::NoPlaceWithout(place, without) => (std::slice::from_ref(place), without),
        Claim::NoTaskWithout(task, without) => (&net.transitions.get(task.0 as usize)?.consumes, without),
    };
    let known = places.iter().all(|place| (place.0 as usize) < net.places.len())
        && left_out.iter().all(|id| (id.0 as usize) < net.transitions.len());
    known.then_some((places, left_out))
}

fn broken(net: &Flat, claim: &Claim, firing: &[TransitionId]) -> String {
    let after = if firing.is_empty() { "from the start".to_owned() } else { format!("after {}", way(net, firing)) };
    let without = |ids: &[TransitionId]| names(ids.iter().map(|id| &*net.transition(*id).name));
    match claim {
        Claim::NeverTogether(places) => {
            let are = if places.len() == 1 { "is marked" } else { "are marked together" };
            format!("{} {are} {after}", names(places.iter().map(|place| net.place(*place))))
        }
        Claim::NoPlaceWithout(place, ids) => {
            format!("{} is marked {after}, without {}", net.place(*place), without(ids))
        }
        Claim::NoTaskWithout(task, ids) => {
            format!("{} can fire {after}, without {}", net.transition(*task).name, without(ids))
        }
    }
}

fn ended(spent: Spent, explored: Explored) -> String {
    format!("{}; none of the {} markings before breaks the claim", spent.sentence(), explored.markings)
}
