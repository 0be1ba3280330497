//! Soundness by the book: every marking, every firing, and the definitions read out loud. Slow, and hard to get wrong.
//!
//! Nothing here is shared with the prover, not even how a transition fires.

use std::collections::{BTreeMap, BTreeSet};

use syndic_nets::proof::{Counterexample, Kind};
use syndic_nets::{Flat, PlaceId, TransitionId};

pub type Marking = BTreeMap<PlaceId, u32>;

pub fn start(net: &Flat) -> Marking {
    net.source.into_iter().map(|place| (place, 1)).collect()
}

pub fn enabled(net: &Flat, marking: &Marking, id: TransitionId) -> bool {
    net.transition(id).consumes.iter().all(|place| marking.contains_key(place))
}

/// What is left of a marking when an enabled transition has fired.
pub fn fired(net: &Flat, marking: &Marking, id: TransitionId) -> Marking {
    let mut after = marking.clone();
    let transition = net.transition(id);
    for place in &transition.consumes {
        *after.get_mut(place).expect("an enabled transition has its tokens") -= 1;
    }
    for place in &transition.removes {
        after.remove(place);
    }
    for place in &transition.produces {
        *after.entry(*place).or_default() += 1;
    }
    after.retain(|_, tokens| *tokens > 0);
    after
}

/// Every marking on the way, the start first.
pub fn played(net: &Flat, firing: &[TransitionId]) -> Vec<Marking> {
    let mut markings = vec![start(net)];
    for id in firing {
        let here = markings.last().expect("there is a start");
        assert!(enabled(net, here, *id), "{} is not enabled in {here:?}", net.transition(*id).name);
        markings.push(fired(net, here, *id));
    }
    markings
}

/// All markings, or the nearest ones.
pub struct Oracle<'a> {
    net: &'a Flat,
    sink: PlaceId,
    pub markings: Vec<Marking>,
    /// By marking: how many firings it is away.
    depth: Vec<usize>,
    /// By marking: what can fire, and where it leads.
    leaving: Vec<Vec<(TransitionId, usize)>>,
    pub complete: bool,
}

impl<'a> Oracle<'a> {
    /// Looks at markings until there are no more, or more than so many.
    pub fn ask(net: &'a Flat, markings_max: usize) -> Self {
        let sink = net.sink.expect("the net has a sink");
        let (markings, depth) = (vec![start(net)], vec![0]);
        let mut oracle = Self { net, sink, markings, depth, leaving: Vec::new(), complete: false };
        let mut numbers = BTreeMap::from([(start(net), 0)]);
        while oracle.leaving.len() < oracle.markings.len() && oracle.markings.len() <= markings_max {
            let here = oracle.leaving.len();
            let marking = oracle.markings[here].clone();
            let mut leaving = Vec::new();
            for id in net.transition_ids().filter(|id| enabled(net, &marking, *id)) {
                let after = fired(net, &marking, id);
                let number = *numbers.entry(after.clone()).or_insert(oracle.markings.len());
                if number == oracle.markings.len() {
                    oracle.markings.push(after);
                    oracle.depth.push(oracle.depth[here] + 1);
                }
                leaving.push((id, number));
            }
            oracle.leaving.push(leaving);
        }
        oracle.complete = oracle.leaving.len() == oracle.markings.len();
        oracle
    }

    pub fn firings(&self) -> usize {
        self.leaving.iter().map(Vec::len).sum()
    }

    /// What is wrong, if every marking is known: each kind, and the fewest firings that show it.
    pub fn faults(&self) -> BTreeMap<Kind, usize> {
        assert!(self.complete);
        let nearest = |numbers: Vec<usize>| numbers.into_iter().map(|number| self.depth[number]).min();
        let dead = self.dead();
        let faults = [
            (Kind::DeadTask, dead.iter().map(|id| self.nearest_firing(*id)).min()),
            (Kind::Stuck, nearest(self.stuck())),
            (Kind::TokenLeft, nearest(self.left())),
        ];
        faults.into_iter().filter_map(|(kind, length)| Some((kind, length?))).collect()
    }

    /// The fewest firings to a marking of which this holds.
    pub fn nearest(&self, holds: impl Fn(&Marking) -> bool) -> Option<usize> {
        let found = (0..self.markings.len()).filter(|number| holds(&self.markings[*number]));
        found.map(|number| self.depth[number]).min()
    }

    /// The transitions that no marking enables.
    pub fn dead(&self) -> BTreeSet<TransitionId> {
        let alive: BTreeSet<_> = self.leaving.iter().flatten().map(|(id, _)| *id).collect();
        self.net.transition_ids().filter(|id| !alive.contains(id)).collect()
    }

    /// The fewest firings to where a dead transition is nearest to firing.
    pub fn nearest_firing(&self, id: TransitionId) -> usize {
        self.nearest_to_firing(id).into_iter().map(|number| self.depth[number]).min().expect("some marking is nearest")
    }

    /// The markings with most of a transition's inputs; of them those that rest, if some do.
    fn nearest_to_firing(&self, id: TransitionId) -> Vec<usize> {
        let inputs = &self.net.transition(id).consumes;
        let has = |number: usize| inputs.iter().filter(|place| self.markings[number].contains_key(place)).count();
        let most = (0..self.markings.len()).map(has).max().unwrap_or(0);
        let nearest: Vec<usize> = (0..self.markings.len()).filter(|number| has(*number) == most).collect();
        let resting: Vec<usize> = nearest.iter().copied().filter(|number| self.leaving[*number].is_empty()).collect();
        if most == 0 || resting.is_empty() { nearest } else { resting }
    }

    /// Markings from which the sink cannot be marked, and to which everything leads back that they lead to.
    fn stuck(&self) -> Vec<usize> {
        let comes_back = |number: &usize| self.reachable(*number).iter().all(|to| self.reachable(*to).contains(number));
        let hopeless: Vec<usize> = (0..self.markings.len()).filter(|number| !self.completes(*number)).collect();
        hopeless.into_iter().filter(comes_back).collect()
    }

    /// Whether the sink cannot be marked from here.
    pub fn hopeless(&self, marking: &Marking) -> bool {
        let number = self.markings.iter().position(|other| other == marking).expect("a marking that is reached");
        !self.completes(number)
    }

    fn completes(&self, from: usize) -> bool {
        self.reachable(from).iter().any(|to| self.markings[*to].contains_key(&self.sink))
    }

    /// The markings that this one leads to, and itself.
    fn reachable(&self, from: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::from([from]);
        let mut open = vec![from];
        while let Some(number) = open.pop() {
            open.extend(self.leaving[number].iter().map(|(_, to)| *to).filter(|to| reached.insert(*to)));
        }
        reached
    }

    fn left(&self) -> Vec<usize> {
        let done = Marking::from([(self.sink, 1)]);
        let left = |marking: &Marking| marking.contains_key(&self.sink) && *marking != done;
        (0..self.markings.len()).filter(|number| left(&self.markings[*number])).collect()
    }

    /// The fewest firings, below `most`, after which some marking on the way is exceeded, in a place that nothing fired
    /// since then empties.
    pub fn growth_shorter_than(&self, most: usize) -> Option<usize> {
        let mut best = None;
        for from in 0..self.leaving.len() {
            for kept in self.net.place_ids() {
                let found = self.grows(from, kept, best.unwrap_or(most));
                best = found.or(best);
            }
        }
        best
    }

    fn grows(&self, from: usize, kept: PlaceId, most: usize) -> Option<usize> {
        let mut level = BTreeSet::from([from]);
        let mut met = level.clone();
        for length in self.depth[from] + 1..most {
            let leaving = level.iter().flat_map(|number| self.leaving.get(*number).into_iter().flatten());
            let keeps = leaving.filter(|(id, _)| !self.net.transition(*id).removes.contains(&kept));
            level = keeps.map(|(_, to)| *to).filter(|to| met.insert(*to)).collect();
            if level.iter().any(|to| grown(&self.markings[from], &self.markings[*to], kept)) {
                return Some(length);
            }
        }
        None
    }
}

/// Whether no place holds less, and this one holds more.
fn grown(small: &Marking, large: &Marking, place: PlaceId) -> bool {
    let no_less = small.iter().all(|(place, tokens)| large.get(place).is_some_and(|more| more >= tokens));
    no_less && large.get(&place) > small.get(&place)
}

/// Plays a counterexample, and sees what it claims.
pub fn see(net: &Flat, shown: &Counterexample) {
    let markings = played(net, &shown.firing);
    let last = markings.last().expect("there is a start");
    assert_eq!(*last, shown.marking, "what the firing ends in");
    let sink = net.sink.expect("the net has a sink");
    match shown.kind {
        Kind::NotAWorkflowNet => assert!(shown.firing.is_empty()),
        Kind::DeadTask => assert!(shown.tasks.iter().all(|id| !enabled(net, last, *id))),
        Kind::Stuck => assert!(!last.contains_key(&sink)),
        Kind::TokenLeft => assert!(last.contains_key(&sink) && *last != Marking::from([(sink, 1)])),
        Kind::Unbounded => {
            let since = |before: usize, place| {
                shown.firing[before..].iter().all(|id| !net.transition(*id).removes.contains(place))
            };
            let proof =
                |before: usize| last.keys().any(|place| since(before, place) && grown(&markings[before], last, *place));
            assert!((0..markings.len() - 1).any(proof), "no marking on the way is smaller");
        }
    }
}
