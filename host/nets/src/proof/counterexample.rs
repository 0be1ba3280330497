//! Faults as people get to see them: played on the net itself, in its own names.

use std::collections::BTreeMap;

use super::faults::{Fault, Found};
use super::sentences::{at, names, way};
use super::verdict::{Counterexample, Kind};
use super::workflow::Ends;
use crate::flat::{Flat, PlaceId, Tokens, TransitionId};

/// What the net's shape says against it.
pub(super) fn of_shape(faults: &[String], ends: Option<Ends>) -> Counterexample {
    const TOLD: usize = 3;
    let mut sentence = format!("this is not a workflow net: {}", faults[..faults.len().min(TOLD)].join("; "));
    if let Some(more @ 1..) = faults.len().checked_sub(TOLD) {
        sentence += &format!("; and {more} more");
    }
    let marking = ends.map(|ends| Tokens::from([(ends.source, 1)])).unwrap_or_default();
    let (firing, tasks) = (Vec::new(), Vec::new());
    Counterexample { kind: Kind::NotAWorkflowNet, firing, shortest: true, marking, tasks, sentence }
}

/// What an exploration found. The indices are those of the net; `None` if the firings are not its firings, which would
/// be our own mistake.
pub(super) fn of_behaviour(net: &Flat, ends: Ends, found: Found) -> Option<Counterexample> {
    let firing: Vec<TransitionId> = found.way.into_iter().map(TransitionId).collect();
    let marking = replay(net, ends.source, &firing)?;
    let story = Story { net, ends, firing: &firing, marking: &marking, shortest: found.shortest };
    let sentence = story.sentence(&found.fault);
    let (kind, tasks) = match found.fault {
        Fault::Dead { tasks, .. } => (Kind::DeadTask, tasks),
        Fault::Resting => (Kind::Stuck, Vec::new()),
        Fault::Circling { tasks } => (Kind::Stuck, tasks),
        Fault::Hopeless => (Kind::Stuck, Vec::new()),
        Fault::Left => (Kind::TokenLeft, Vec::new()),
        Fault::Growing { before, .. } => (Kind::Unbounded, firing[before..].iter().map(|id| id.0).collect()),
    };
    let tasks = tasks.into_iter().map(TransitionId).collect();
    Some(Counterexample { kind, firing, shortest: found.shortest, marking, tasks, sentence })
}

/// Plays a firing sequence from one token in the source; `None` if something is not enabled when its turn comes.
pub(super) fn replay(net: &Flat, source: PlaceId, firing: &[TransitionId]) -> Option<Tokens> {
    let mut tokens = Tokens::from([(source, 1)]);
    for id in firing {
        let transition = net.transitions.get(id.0 as usize)?;
        for place in &transition.consumes {
            let left = tokens.remove(place)?.checked_sub(1)?;
            if left > 0 {
                tokens.insert(*place, left);
            }
        }
        for place in &transition.removes {
            tokens.remove(place);
        }
        for place in &transition.produces {
            let count = tokens.entry(*place).or_default();
            *count = count.checked_add(1)?;
        }
    }
    Some(tokens)
}

/// What happened to a case, for telling.
struct Story<'a> {
    net: &'a Flat,
    ends: Ends,
    firing: &'a [TransitionId],
    marking: &'a Tokens,
    shortest: bool,
}

impl Story<'_> {
    fn sentence(&self, fault: &Fault) -> String {
        let after = self.after(self.firing);
        match fault {
            Fault::Dead { tasks, resting } => self.dead(tasks, *resting),
            Fault::Resting if self.marking.is_empty() => format!("the case vanishes: {after}no token is left"),
            Fault::Resting => {
                format!("the case gets stuck: {after}it rests in {} for ever", at(self.net, self.marking))
            }
            Fault::Circling { tasks } => {
                let round = names(tasks.iter().map(|id| self.task(*id)));
                format!("the case never ends: {after}all it can do for ever is {round}")
            }
            Fault::Hopeless => {
                format!("the case can no longer end: {after}nothing leads to {}", self.net.place(self.ends.sink))
            }
            Fault::Left => self.left(),
            Fault::Growing { before, places } => {
                let after = self.after(&self.firing[..*before]);
                let round = way(self.net, &self.firing[*before..]);
                let places = names(places.iter().map(|place| self.net.place(PlaceId(*place as u32))));
                format!("tokens pile up in {places} without end: {after}each round of {round} adds more")
            }
        }
    }

    fn dead(&self, tasks: &[u32], resting: bool) -> String {
        let Some((first, others)) = tasks.split_first() else { return String::new() };
        let needs = counted(&self.net.transitions[*first as usize].consumes);
        let lacks = |(place, tokens): &(&PlaceId, &u32)| self.marking.get(place).is_none_or(|there| there < tokens);
        let missing = names(needs.iter().filter(lacks).map(|(place, _)| self.net.place(*place)));
        let had = needs.iter().any(|need| !lacks(&need));
        let after = self.after(self.firing);
        let why = match (resting, had) {
            _ if !self.shortest => "no case ever has all that it needs".to_owned(),
            (true, _) => format!("{after}the case rests in {} for ever", at(self.net, self.marking)),
            (false, true) => format!("{after}it still waits for {missing}, and no case ever does better"),
            (false, false) => format!("no case ever marks {missing}"),
        };
        let also = match others.len() {
            0 => String::new(),
            1 => format!(" (nor can {})", self.task(others[0])),
            more => format!(" (nor can {more} other tasks)"),
        };
        format!("{} can never fire{also}: {why}", self.task(*first))
    }

    fn left(&self) -> String {
        let sink = self.net.place(self.ends.sink);
        let after = self.after(self.firing);
        let others: Tokens =
            self.marking.iter().filter(|(place, _)| **place != self.ends.sink).map(|(p, n)| (*p, *n)).collect();
        if others.is_empty() {
            return format!("the case ends more than once: {after}it has marked {}", at(self.net, self.marking));
        }
        format!("the case ends too early: {after}it marks {sink}, with tokens left in {}", at(self.net, &others))
    }

    fn task(&self, id: u32) -> &str {
        &self.net.transition(TransitionId(id)).name
    }

    /// The beginning of what comes after these firings.
    fn after(&self, firing: &[TransitionId]) -> String {
        if firing.is_empty() { "from the start ".to_owned() } else { format!("after {} ", way(self.net, firing)) }
    }
}

fn counted(places: &[PlaceId]) -> BTreeMap<PlaceId, u32> {
    places.iter().fold(BTreeMap::new(), |mut counted, place| {
        *counted.entry(*place).or_default() += 1;
        counted
    })
}
