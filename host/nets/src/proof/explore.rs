//! Every marking that can be reached, nearest first.
//!
//! Markings lie packed one behind the other in the order they are met, so a marking is a number, and of two the one
//! with the smaller number is not farther from the start. Each keeps the firing that first led to it: going back along
//! these is a shortest way. All firings are kept as well, because whether a case can still complete is asked backwards.

use foldhash::fast::FixedState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;
use std::hash::{BuildHasher, Hasher};

use super::game::Game;
use super::growth::{self, Growth};
use super::packing::{Overflow, Packing};
use super::rows::Rows;
use super::verdict::Explored;

/// Markings that are explored before anybody asks whether they grow without end. Most nets have fewer.
const FIRST_LOOK: usize = 64;

/// What a firing costs besides the words of its marking and its arcs, counted in such words.
const WORK_OF_A_FIRING: u64 = 8;

/// Where an exploration has to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    pub markings: usize,
    pub bytes: usize,
    pub work: u64,
}

/// Which limit was met.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// As many markings were met as the budget allows.
    Markings,
    /// Markings and firings took the memory that the budget allows.
    Bytes,
    /// Firings took the work that the budget allows.
    Work,
    /// A place held more tokens than can be counted.
    Tokens,
}

impl Spent {
    /// The same for people.
    pub(super) fn sentence(self) -> &'static str {
        match self {
            Self::Markings => "there are more markings than the budget allows",
            Self::Bytes => "the markings take more memory than the budget allows",
            Self::Work => "to look at all markings takes more work than the budget allows",
            Self::Tokens => "a place holds more tokens than can be counted",
        }
    }
}

/// How an exploration ended.
#[derive(Debug)]
pub(super) enum End {
    /// There are no other markings.
    Complete,
    /// There is no end of them.
    Growing(Growth),
    /// Nobody knows.
    Spent(Spent),
}

/// A firing, as seen from the marking before it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Edge {
    pub to: u32,
    pub by: u32,
}

/// The markings that were met. The first so many of them as `edges` has rows were also left by every firing.
pub(super) struct Space {
    pub packing: Packing,
    pub edges: Rows<Edge>,
    pub end: End,
    markings: Vec<u64>,
    /// By marking: the one before it, and what was fired there. The start is its own.
    first: Vec<Edge>,
    known: HashTable<u32>,
    /// Words of markings that were written, arcs that were gone along, transitions that were looked at: what stands for
    /// time.
    work: u64,
    /// The marking that is being made, and what is enabled in the one it is made from.
    next: Vec<u64>,
    enabled: Vec<u32>,
}

impl Space {
    /// Explores from one token in `source`.
    pub fn explore(game: &Game, source: usize, limits: Limits) -> Self {
        for shift in Packing::SHIFTS {
            let mut space = Self::new(Packing::new(shift, game.places), source);
            match space.run(game, limits) {
                Ok(end) => {
                    space.end = end;
                    return space;
                }
                Err(Overflow) if shift != Packing::SHIFTS[2] => {}
                Err(Overflow) => return space,
            }
        }
        unreachable!("the last packing returns")
    }

    fn new(packing: Packing, source: usize) -> Self {
        let mut markings = vec![0; packing.words];
        packing.add(&mut markings, source, 1).expect("an empty place has room for one token");
        let mut known = HashTable::new();
        known.insert_unique(hash(&markings), 0, |_| 0);
        let first = vec![Edge { to: 0, by: u32::MAX }];
        let (edges, end) = (Rows::new(), End::Spent(Spent::Tokens));
        Self { packing, edges, end, markings, first, known, work: 0, next: Vec::new(), enabled: Vec::new() }
    }

    fn run(&mut self, game: &Game, limits: Limits) -> Result<End, Overflow> {
        let mut look = FIRST_LOOK;
        while self.edges.len() < self.len() {
            let spent = self.leave_next(game, limits)?;
            if spent.is_some() || self.len() >= look {
                if let Some(growth) = growth::found(self, game) {
                    return Ok(End::Growing(growth));
                }
                look = self.len() * 2;
            }
            if let Some(spent) = spent {
                return Ok(End::Spent(spent));
            }
        }
        Ok(End::Complete)
    }

    /// Fires everything that is enabled in the next marking, unless a limit is met.
    fn leave_next(&mut self, game: &Game, limits: Limits) -> Result<Option<Spent>, Overflow> {
        let here = self.edges.len();
        let words = here * self.packing.words..(here + 1) * self.packing.words;
        self.work += game.enabled(self.packing, &self.markings[words.clone()], &mut self.enabled) as u64;
        for at in 0..self.enabled.len() {
            if let Some(spent) = self.spent(limits) {
                return Ok(Some(spent));
            }
            let by = self.enabled[at];
            self.next.clear();
            self.next.extend_from_slice(&self.markings[words.clone()]);
            game.fire(self.packing, &mut self.next, by)?;
            let to = self.number_of_next(Edge { to: here as u32, by });
            self.edges.push(Edge { to, by });
            self.work += WORK_OF_A_FIRING + (self.packing.words + game.arcs(by)) as u64;
        }
        self.edges.end_row();
        self.work += WORK_OF_A_FIRING + self.packing.words as u64;
        Ok(None)
    }

    /// The number of the marking that was just made, which is a new one if nothing led there before.
    fn number_of_next(&mut self, cause: Edge) -> u32 {
        let (markings, words, next) = (&self.markings, self.packing.words, &self.next);
        let at = |number: &u32| &markings[*number as usize * words..][..words];
        match self.known.entry(hash(next), |number| at(number) == next, |number| hash(at(number))) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(unknown) => {
                let number = self.first.len() as u32;
                unknown.insert(number);
                self.markings.extend_from_slice(next);
                self.first.push(cause);
                number
            }
        }
    }

    fn spent(&self, limits: Limits) -> Option<Spent> {
        if self.len() >= limits.markings.min(u32::MAX as usize) {
            Some(Spent::Markings)
        } else if self.bytes() >= limits.bytes {
            Some(Spent::Bytes)
        } else {
            (self.work >= limits.work).then_some(Spent::Work)
        }
    }

    /// Memory that is held, and will be when the firings are read backwards. Vectors that grow may hold twice of what
    /// is in them.
    fn bytes(&self) -> usize {
        const BOOKS: usize = size_of::<Edge>() + 2 * size_of::<usize>() + 2 * (size_of::<u32>() + 1);
        const FIRING: usize = size_of::<Edge>() + size_of::<u32>();
        2 * (self.len() * (self.packing.words * 8 + BOOKS) + self.edges.items() * FIRING)
    }

    /// How much was looked at.
    pub fn explored(&self) -> Explored {
        Explored { markings: self.len(), firings: self.edges.items(), work: self.work }
    }

    /// How many markings were met.
    pub fn len(&self) -> usize {
        self.first.len()
    }

    pub fn marking(&self, number: usize) -> &[u64] {
        &self.markings[number * self.packing.words..][..self.packing.words]
    }

    pub fn tokens(&self, number: usize, place: usize) -> u32 {
        self.packing.get(self.marking(number), place)
    }

    /// The marking before this one on the shortest way, and the firing between; `None` for the start.
    pub fn cause(&self, number: usize) -> Option<(usize, u32)> {
        let Edge { to, by } = self.first[number];
        (by != u32::MAX).then_some((to as usize, by))
    }

    /// A shortest way to a marking.
    pub fn way(&self, number: usize) -> Vec<u32> {
        let mut way: Vec<u32> =
            std::iter::successors(self.cause(number), |(before, _)| self.cause(*before)).map(|(_, by)| by).collect();
        way.reverse();
        way
    }

    /// The firings that leave a marking; none are known of the last ones of a space that is not complete.
    pub fn leaving(&self, number: usize) -> Option<&[Edge]> {
        (number < self.edges.len()).then(|| self.edges.row(number))
    }
}

fn hash(marking: &[u64]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    marking.iter().for_each(|word| hasher.write_u64(*word));
    hasher.finish()
}
