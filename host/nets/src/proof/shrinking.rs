//! A net on its way to a smaller one, and the way back.
//!
//! A reduced net's transition stands for some of the original's fired one after the other, so a firing of the small net
//! is a firing of the large one, told in fewer words.

use super::game::Step;

/// Of an original net's arcs, how many times as many a reduced one may have. Rules that copy a transition for each of
/// its neighbours could otherwise make more net than they take away.
const ARCS_MAX: usize = 2;

/// Firings of the original net that are written out for one way of a reduced one.
const TOLD_MAX: usize = 100_000;

/// A net under reduction.
pub(super) struct Shrinking {
    pub source: u32,
    pub sink: u32,
    /// By place: some transition empties it.
    pub emptied: Vec<bool>,
    steps: Vec<Option<Step>>,
    /// By place, transitions that put tokens there; some are gone.
    producers: Vec<Vec<u32>>,
    consumers: Vec<Vec<u32>>,
    arcs: usize,
    arcs_max: usize,
    /// How many transitions the original has. These stand for themselves.
    original: usize,
    /// By transition, after the original ones: the two that it stands for.
    pairs: Vec<(u32, u32)>,
}

impl Shrinking {
    pub fn new(places: usize, steps: &[Step], source: u32, sink: u32) -> Self {
        let mut emptied = vec![false; places];
        steps.iter().flat_map(|step| &step.removes).for_each(|place| emptied[*place as usize] = true);
        let (producers, consumers) = (vec![Vec::new(); places], vec![Vec::new(); places]);
        let original = steps.len();
        let (steps, pairs, list) = (Vec::new(), Vec::new(), steps);
        let mut net =
            Self { source, sink, emptied, steps, producers, consumers, arcs: 0, arcs_max: 0, original, pairs };
        list.iter().for_each(|step| net.add(step.clone()));
        net.arcs_max = net.arcs * ARCS_MAX;
        net
    }

    pub fn places(&self) -> usize {
        self.emptied.len()
    }

    /// How many arcs there are: what a look at all of them takes.
    pub fn arcs(&self) -> usize {
        self.arcs
    }

    pub fn step(&self, id: u32) -> Option<&Step> {
        self.steps[id as usize].as_ref()
    }

    /// The transitions there are.
    pub fn steps(&self) -> impl Iterator<Item = (u32, &Step)> {
        self.steps.iter().zip(0..).filter_map(|(step, id)| Some((id, step.as_ref()?)))
    }

    /// The transitions that put tokens on a place.
    pub fn producers(&mut self, place: u32) -> &[u32] {
        let producers = &mut self.producers[place as usize];
        producers.retain(|id| self.steps[*id as usize].as_ref().is_some_and(|step| has(&step.produces, place)));
        producers
    }

    /// The transitions that take tokens from a place.
    pub fn consumers(&mut self, place: u32) -> &[u32] {
        let consumers = &mut self.consumers[place as usize];
        consumers.retain(|id| self.steps[*id as usize].as_ref().is_some_and(|step| has(&step.consumes, place)));
        consumers
    }

    fn add(&mut self, step: Step) {
        let id = self.steps.len() as u32;
        step.produces.iter().for_each(|(place, _)| self.producers[*place as usize].push(id));
        step.consumes.iter().for_each(|(place, _)| self.consumers[*place as usize].push(id));
        self.arcs += size(&step);
        self.steps.push(Some(step));
    }

    pub fn remove(&mut self, id: u32) {
        if let Some(step) = self.steps[id as usize].take() {
            self.arcs -= size(&step);
        }
    }

    /// Takes places out of every transition.
    pub fn remove_places(&mut self, places: &[u32]) {
        let mut gone = vec![false; self.places()];
        places.iter().for_each(|place| gone[*place as usize] = true);
        for step in self.steps.iter_mut().flatten() {
            let before = size(step);
            step.consumes.retain(|(place, _)| !gone[*place as usize]);
            step.produces.retain(|(place, _)| !gone[*place as usize]);
            step.removes.retain(|place| !gone[*place as usize]);
            self.arcs -= before - size(step);
        }
    }

    /// Whether there may be each of the one transitions followed by each of the others, and these no more.
    pub fn has_room(&self, befores: &[u32], afters: &[u32]) -> bool {
        let arcs = |ids: &[u32]| ids.iter().filter_map(|id| self.step(*id)).map(size).sum::<usize>();
        let (less, more) = (arcs(befores) + arcs(afters), arcs(befores) * afters.len() + arcs(afters) * befores.len());
        // Two arcs of each pair are gone with the place between.
        let more = more.saturating_sub(2 * befores.len() * afters.len());
        self.arcs - less + more <= self.arcs_max
    }

    /// Puts new transitions in the place of others, each of them two that fire one after the other.
    pub fn fuse(&mut self, gone: &[u32], fused: Vec<(Step, (u32, u32))>) {
        gone.iter().for_each(|id| self.remove(*id));
        for (step, pair) in fused {
            self.add(step);
            self.pairs.push(pair);
        }
    }

    /// The small net, its places numbered anew.
    pub fn finish(self) -> Reduced {
        let mut kept = vec![false; self.places()];
        [self.source, self.sink].into_iter().for_each(|place| kept[place as usize] = true);
        for (_, step) in self.steps() {
            let arcs = step.consumes.iter().chain(&step.produces).map(|(place, _)| place);
            arcs.chain(&step.removes).for_each(|place| kept[*place as usize] = true);
        }
        let places: Vec<u32> = (0..self.places() as u32).filter(|place| kept[*place as usize]).collect();
        let number = |place: &u32| places.binary_search(place).expect("a place with arcs is kept") as u32;
        let arcs = |arcs: &[(u32, u32)]| arcs.iter().map(|(place, tokens)| (number(place), *tokens)).collect();
        let anew = |step: &Step| Step {
            consumes: arcs(&step.consumes),
            removes: step.removes.iter().map(number).collect(),
            produces: arcs(&step.produces),
        };
        let (ids, steps) = self.steps().map(|(id, step)| (id, anew(step))).unzip();
        let (source, sink) = (number(&self.source) as usize, number(&self.sink) as usize);
        Reduced { steps, source, sink, places, ids, original: self.original, pairs: self.pairs }
    }
}

fn has(arcs: &[(u32, u32)], place: u32) -> bool {
    arcs.binary_search_by_key(&place, |(place, _)| *place).is_ok()
}

fn size(step: &Step) -> usize {
    step.consumes.len() + step.removes.len() + step.produces.len()
}

/// A reduced net, which is sound exactly if the original is.
pub(super) struct Reduced {
    pub steps: Vec<Step>,
    pub source: usize,
    pub sink: usize,
    /// By place: which one of the original it is.
    pub places: Vec<u32>,
    ids: Vec<u32>,
    original: usize,
    pairs: Vec<(u32, u32)>,
}

impl Reduced {
    /// Transitions of this net as the firings of the original that they stand for; `None` if those are too many to
    /// tell.
    pub fn told(&self, way: &[u32]) -> Option<Vec<u32>> {
        let mut told = Vec::new();
        let mut open: Vec<u32> = way.iter().rev().map(|step| self.ids[*step as usize]).collect();
        while let Some(id) = open.pop() {
            if told.len() + open.len() > TOLD_MAX {
                return None;
            }
            match (id as usize).checked_sub(self.original) {
                None => told.push(id),
                Some(pair) => open.extend([self.pairs[pair].1, self.pairs[pair].0]),
            }
        }
        Some(told)
    }
}
