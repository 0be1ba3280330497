//! The proof: look at the shape, explore, and reduce where exploring would take long.

use super::counterexample::{of_behaviour, of_shape};
use super::explore::{End, Limits, Space, Spent};
use super::faults::{self, Fault, Found};
use super::game::{Game, Step};
use super::reduce::reduce;
use super::shrinking::{Reduced, Shrinking};
use super::verdict::{Budget, Counterexample, Explored, Reduce, Size, Verdict, Why};
use super::workflow::{Ends, shape};
use crate::flat::Flat;

/// Markings that are explored before a net counts as large.
const SMALL: usize = 1024;

/// Whether a net is sound.
///
/// A case starts as one token in the source. From every marking it can reach it must be able to mark the sink; the sink
/// must then be all that is marked, once; every transition must be able to fire; and there must be an end of markings.
/// From each marking *some* way leads to the sink: that a choice is not made the same way for ever is assumed.
pub fn prove(net: &Flat, budget: &Budget) -> Verdict {
    let shape = shape(net);
    let steps = Step::all(net);
    let limits = Limits { markings: budget.markings, bytes: budget.bytes, work: budget.work };
    let proof = shape.ends.map(|ends| Proof { net, steps: &steps, ends, limits });
    if shape.faults.is_empty() {
        let Some(proof) = proof else { unreachable!("a net of the right shape has a source and a sink") };
        return proof.of_workflow_net(budget.reduce);
    }
    let mut faults = vec![of_shape(&shape.faults, shape.ends)];
    let mut explored = Explored::default();
    if let Some(proof) = proof {
        let seen = proof.explore(limits);
        faults.extend(proof.counterexamples(seen.found));
        explored = seen.explored;
    }
    Verdict::Unsound { faults: sorted(faults), explored }
}

fn sorted(mut faults: Vec<Counterexample>) -> Vec<Counterexample> {
    faults.sort_by_key(|fault| (fault.firing.len(), fault.kind));
    faults
}

struct Proof<'a> {
    net: &'a Flat,
    steps: &'a [Step],
    ends: Ends,
    limits: Limits,
}

/// What an exploration shows.
struct Seen {
    found: Vec<Found>,
    /// The limit that ended it, if one did.
    spent: Option<Spent>,
    explored: Explored,
}

impl Proof<'_> {
    fn of_workflow_net(&self, when: Reduce) -> Verdict {
        if when == Reduce::WhenLarge {
            let seen = self.explore(Limits { markings: self.limits.markings.min(SMALL), ..self.limits });
            if seen.spent.is_none() {
                return self.verdict(seen, Vec::new());
            }
        }
        let mut of_reduced = Vec::new();
        if when != Reduce::Never {
            match self.by_reducing() {
                Ok(sound) => return sound,
                Err(found) => of_reduced = found,
            }
        }
        self.verdict(self.explore(self.limits), of_reduced)
    }

    /// The proof on a reduced net; or else what was found there, told of this one.
    fn by_reducing(&self) -> Result<Verdict, Vec<Found>> {
        let Ends { source, sink } = self.ends;
        let reduced = reduce(Shrinking::new(self.net.places.len(), self.steps, source.0, sink.0), |_| true);
        let places = reduced.places.len();
        let seen = explore(&reduced.steps, places, reduced.source, reduced.sink, self.limits);
        if !seen.found.is_empty() || seen.spent.is_some() {
            return Err(told(&reduced, seen.found));
        }
        let size = Size { places, transitions: reduced.steps.len() };
        Ok(Verdict::Sound { explored: seen.explored, reduced: Some(size) })
    }

    fn explore(&self, limits: Limits) -> Seen {
        let Ends { source, sink } = self.ends;
        explore(self.steps, self.net.places.len(), source.0 as usize, sink.0 as usize, limits)
    }

    /// The verdict on what the net itself shows; or, where its budget ended, on what a reduced one did.
    fn verdict(&self, seen: Seen, of_reduced: Vec<Found>) -> Verdict {
        let explored = seen.explored;
        let found = if seen.found.is_empty() && seen.spent.is_some() { of_reduced } else { seen.found };
        let is_clean = found.is_empty();
        let faults = self.counterexamples(found);
        match seen.spent {
            _ if !faults.is_empty() => Verdict::Unsound { faults: sorted(faults), explored },
            None => {
                assert!(is_clean, "what an exploration of the net found can be played on it");
                Verdict::Sound { explored, reduced: None }
            }
            Some(spent) => self.undecided(spent, explored),
        }
    }

    fn counterexamples(&self, found: Vec<Found>) -> Vec<Counterexample> {
        found.into_iter().filter_map(|found| of_behaviour(self.net, self.ends, found)).collect()
    }

    fn undecided(&self, spent: Spent, explored: Explored) -> Verdict {
        let cancels = self.steps.iter().any(|step| !step.removes.is_empty());
        let mut sentence = format!("after {} markings nothing is proved: {}", explored.markings, spent.sentence());
        if cancels {
            sentence += "; with cancellation there may be no end of them, and no procedure can always tell";
        }
        let why = if cancels { Why::Cancellation(spent) } else { Why::Budget(spent) };
        Verdict::Undecided { why, explored, sentence }
    }
}

fn explore(steps: &[Step], places: usize, source: usize, sink: usize, limits: Limits) -> Seen {
    let game = Game::new(places, steps, |_| false);
    let space = Space::explore(&game, source, limits);
    let explored = space.explored();
    let spent = if let End::Spent(spent) = space.end { Some(spent) } else { None };
    Seen { found: faults::all(&space, &game, sink), spent, explored }
}

/// What was found in a reduced net, told of the original: no more than is as true there. What is nearest, or first, or
/// enabled in the reduced net need not be so in the original.
fn told(reduced: &Reduced, found: Vec<Found>) -> Vec<Found> {
    let one = |Found { fault, way, .. }: Found| {
        let (fault, way) = match fault {
            Fault::Dead { tasks, .. } => {
                let firsts: Option<Vec<u32>> = tasks.iter().map(|id| reduced.told(&[*id])?.first().copied()).collect();
                (Fault::Dead { tasks: firsts?, resting: false }, Vec::new())
            }
            Fault::Resting | Fault::Circling { .. } => (Fault::Hopeless, way),
            Fault::Growing { before, places } => {
                let before = reduced.told(&way[..before])?.len();
                let places = places.iter().map(|place| reduced.places[*place] as usize).collect();
                (Fault::Growing { before, places }, way)
            }
            fault @ (Fault::Hopeless | Fault::Left) => (fault, way),
        };
        Some(Found { fault, way: reduced.told(&way)?, shortest: false })
    };
    found.into_iter().filter_map(one).collect()
}
