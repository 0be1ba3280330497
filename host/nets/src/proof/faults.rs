//! What is wrong with a net, read off its markings.
//!
//! The definition is van der Aalst's ("The application of Petri nets to workflow management", 1998), with boundedness
//! asked for by name, because with cancellation it no longer follows from the rest. With one token in the source:
//!
//! - option to complete: from every marking that can be reached, one that marks the sink can be;
//! - proper completion: a marking that marks the sink has one token there, and no other;
//! - no dead task: every transition can fire somewhere;
//! - bounded: the markings come to an end.
//!
//! In a space that is not complete the first two can be found broken, and none can be found kept.

use super::components::components;
use super::explore::{End, Space};
use super::game::Game;
use super::growth::Growth;
use super::rows::Rows;

/// One way in which a net is not sound.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault {
    /// These can never fire. The first is the one nearest to the cause, the marking the one where it is nearest to
    /// firing, if that is known; `resting` if nothing else can fire there either.
    Dead { tasks: Vec<u32>, resting: bool },
    /// Nothing can fire, and the sink is empty.
    Resting,
    /// What can fire leads round, and never to the sink.
    Circling { tasks: Vec<u32> },
    /// Whatever can fire, the sink stays empty.
    Hopeless,
    /// The sink is marked, and not alone, or more than once.
    Left,
    /// Repeating what was fired after the first `before` firings leaves more tokens in `places` each time.
    Growing { before: usize, places: Vec<usize> },
}

/// A fault, and a way to a marking that shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub fault: Fault,
    pub way: Vec<u32>,
    pub shortest: bool,
}

/// All kinds of faults that an exploration shows, each with a shortest way to it.
pub(super) fn all(space: &Space, game: &Game, sink: usize) -> Vec<Found> {
    let at = |(number, fault)| Found { fault, way: space.way(number), shortest: true };
    // Where not all is known, a case may go round nearer than where it rests.
    let first_known = |(number, fault)| Found { fault, way: space.way(number), shortest: false };
    let mut found: Vec<Found> = left(space, sink).into_iter().map(at).collect();
    match &space.end {
        End::Complete => {
            found.extend(stuck(space, sink).map(at));
            found.extend(dead(space, game).map(at));
        }
        End::Growing(growth) => {
            found.extend(resting(space, sink).map(first_known));
            found.push(growing(growth));
        }
        End::Spent(_) => found.extend(resting(space, sink).map(first_known)),
    }
    found
}

fn growing(growth: &Growth) -> Found {
    let fault = Fault::Growing { before: growth.before, places: growth.places.clone() };
    Found { fault, way: growth.way.clone(), shortest: growth.shortest }
}

/// The first marking that marks the sink and is not the final one.
fn left(space: &Space, sink: usize) -> Option<(usize, Fault)> {
    let improper = |number: &usize| space.tokens(*number, sink) > 0 && space.packing.tokens(space.marking(*number)) > 1;
    (0..space.len()).find(improper).map(|number| (number, Fault::Left))
}

/// The first marking that nothing leaves, with an empty sink.
fn resting(space: &Space, sink: usize) -> Option<(usize, Fault)> {
    let rests =
        |number: &usize| space.leaving(*number).is_some_and(<[_]>::is_empty) && space.tokens(*number, sink) == 0;
    (0..space.len()).find(rests).map(|number| (number, Fault::Resting))
}

/// The first marking of those that a case which cannot complete ends up in: it rests there, or comes back for ever.
fn stuck(space: &Space, sink: usize) -> Option<(usize, Fault)> {
    let hopeful = completing(space, sink);
    if hopeful.iter().all(|hopeful| *hopeful) {
        return None;
    }
    let corner = nearest_corner(space, &hopeful);
    let first = *corner.first()?;
    let mut tasks: Vec<u32> = corner.iter().flat_map(|number| space.edges.row(*number)).map(|edge| edge.by).collect();
    tasks.sort_unstable();
    tasks.dedup();
    Some((first, if tasks.is_empty() { Fault::Resting } else { Fault::Circling { tasks } }))
}

/// Markings without hope that lead to each other and to no others: of those, the set with the first marking.
fn nearest_corner(space: &Space, hopeful: &[bool]) -> Vec<usize> {
    let component = components(&space.edges, |number| !hopeful[number]);
    let hopeless = || (0..space.len()).filter(|number| !hopeful[*number]);
    let mut left = vec![false; space.len() + 1];
    for number in hopeless() {
        let of = component[number];
        left[of as usize] |= space.edges.row(number).iter().any(|edge| component[edge.to as usize] != of);
    }
    let nearest = hopeless().map(|number| component[number]).find(|component| !left[*component as usize]);
    hopeless().filter(|number| Some(component[*number]) == nearest).collect()
}

/// By marking: whether one that marks the sink can be reached from it.
fn completing(space: &Space, sink: usize) -> Vec<bool> {
    let backwards = Rows::sorted(
        space.len(),
        (0..space.len()).flat_map(|from| space.edges.row(from).iter().map(move |edge| (edge.to as usize, from as u32))),
    );
    let mut hopeful: Vec<bool> = (0..space.len()).map(|number| space.tokens(number, sink) > 0).collect();
    let mut queue: Vec<u32> = (0..space.len() as u32).filter(|number| hopeful[*number as usize]).collect();
    while let Some(number) = queue.pop() {
        for before in backwards.row(number as usize) {
            if !std::mem::replace(&mut hopeful[*before as usize], true) {
                queue.push(*before);
            }
        }
    }
    hopeful
}

/// The transitions that never fire. The first of them is the one with the fewest inputs that are never marked: of a
/// row of dead tasks behind a dead one, the first has none.
fn dead(space: &Space, game: &Game) -> Option<(usize, Fault)> {
    let mut fires = vec![false; game.steps.len()];
    let mut marked = vec![false; game.places];
    for number in 0..space.len() {
        space.edges.row(number).iter().for_each(|edge| fires[edge.by as usize] = true);
        space.packing.marked(space.marking(number)).for_each(|place| marked[place] = true);
    }
    let mut tasks: Vec<u32> = (0..game.steps.len() as u32).filter(|id| !fires[*id as usize]).collect();
    let never_marked = |id: &u32| {
        let inputs = &game.steps[*id as usize].consumes;
        inputs.iter().filter(|(place, _)| !marked[*place as usize]).count()
    };
    tasks.sort_by_cached_key(|id| (never_marked(id), *id));
    let inputs = &game.steps[*tasks.first()? as usize].consumes;
    let (number, resting) = nearest_to_firing(space, inputs)?;
    Some((number, Fault::Dead { tasks, resting }))
}

/// The first marking with most of these inputs, of those the first that nothing leaves, if there is one.
fn nearest_to_firing(space: &Space, inputs: &[(u32, u32)]) -> Option<(usize, bool)> {
    let closeness = |number: usize| {
        let has = |(place, tokens): &&(u32, u32)| space.tokens(number, *place as usize) >= *tokens;
        let has = inputs.iter().filter(has).count();
        (has, has > 0 && space.edges.row(number).is_empty())
    };
    // Of equals, `max_by_key` gives the last.
    let nearest = (0..space.len()).rev().max_by_key(|number| closeness(*number))?;
    Some((nearest, closeness(nearest).1))
}
