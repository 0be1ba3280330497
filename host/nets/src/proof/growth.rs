//! Nets whose markings never end.
//!
//! A marking that holds at least what an earlier one on its way held, and somewhere more, can be grown again: what was
//! fired between the two is enabled again, for more tokens never keep from firing (Karp and Miller, "Parallel program
//! schemata", 1969). With cancellation that much still holds, but a firing that empties a place forgets how much was
//! there. So it is a proof only if some place holds more that none of the firings between the two empties: there each
//! round adds the same again. If all places that hold more are emptied on the way, the next round ends in the very same
//! marking, and nothing is proved.
//!
//! Without cancellation, an endless net is always found out: of the ways that never meet a larger marking there are
//! finitely many (Dickson, König), so the look at some ways, longer each time, comes across one. With it, no test finds
//! all (Dufourd, Finkel and Schnoebelen, "Reset nets between decidability and undecidability", 1998).
//!
//! A net whose markings do end needs no such test, therefore the search looks for growth only now and then.

use super::explore::Space;
use super::game::Game;

/// Firings that are followed to find a shorter proof than the first that was found.
const SHORTENING_WORK: u64 = 20_000_000;

/// Places that are looked at which grew and were emptied, on one way. Only a net with cancellation has any, and of such
/// a one no test finds all.
const EMPTIED_MAX: usize = 1_000_000;

/// A way on which the markings grow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Growth {
    pub way: Vec<u32>,
    /// How many firings of the way come before the ones that can be repeated.
    pub before: usize,
    /// Where each repetition leaves more tokens.
    pub places: Vec<usize>,
    /// There is no shorter such way.
    pub shortest: bool,
}

/// Looks at the way to the newest marking and at the one to the heaviest. The shortest proof of all is found if they
/// show any.
pub(super) fn found(space: &Space, game: &Game) -> Option<Growth> {
    let newest = space.len() - 1;
    let weight = |number: &usize| (space.packing.tokens(space.marking(*number)), std::cmp::Reverse(*number));
    let heaviest = (0..space.len()).max_by_key(weight)?;
    let growth = [heaviest, newest].into_iter().find_map(|to| on_the_way(space, game, to))?;
    Some(Shortening::new(space, game, growth).shortest())
}

/// Two markings on the shortest way to this one, of which the later is larger.
fn on_the_way(space: &Space, game: &Game, to: usize) -> Option<Growth> {
    let mut numbers: Vec<usize> =
        std::iter::successors(Some(to), |number| space.cause(*number).map(|(before, _)| before)).collect();
    numbers.reverse();
    // All pairs of so many take about as long as the markings took to explore.
    numbers.truncate(8 * space.len().isqrt());
    let way = space.way(*numbers.last()?);
    // By place: behind which firing of the way it was emptied last, counted from 1.
    let mut emptied = vec![0; game.places];
    let mut looked = 0;
    for large in 1..numbers.len() {
        game.steps[way[large - 1] as usize].removes.iter().for_each(|place| emptied[*place as usize] = large);
        for small in (0..large).rev() {
            let grown = space.packing.growth(space.marking(numbers[small]), space.marking(numbers[large]));
            let Some(mut places) = grown else { continue };
            looked += places.len();
            places.retain(|place| emptied[*place] <= small);
            if !places.is_empty() {
                return Some(Growth { way: way[..large].to_vec(), before: small, places, shortest: false });
            }
            if looked > EMPTIED_MAX {
                return None;
            }
        }
    }
    None
}

fn empties(game: &Game, id: u32, place: usize) -> bool {
    game.steps[id as usize].removes.binary_search(&(place as u32)).is_ok()
}

/// The search for the shortest way to a marking, and from there to a larger one, among everything that was explored.
///
/// All markings nearer than the end of the first proof were left by every firing, so no shorter way leads outside.
struct Shortening<'a> {
    space: &'a Space,
    game: &'a Game<'a>,
    best: Growth,
    /// By marking: in which round it was last met.
    met: Vec<u32>,
    round: u32,
    work: u64,
}

impl<'a> Shortening<'a> {
    fn new(space: &'a Space, game: &'a Game<'a>, best: Growth) -> Self {
        Self { space, game, best, met: vec![0; space.len()], round: 0, work: 0 }
    }

    fn shortest(mut self) -> Growth {
        let mut emptied: Vec<usize> =
            self.game.steps.iter().flat_map(|step| &step.removes).map(|place| *place as usize).collect();
        emptied.sort_unstable();
        emptied.dedup();
        for from in 0..self.space.len() {
            let before = self.space.way(from);
            if before.len() + 1 >= self.best.way.len() {
                break;
            }
            // First for growth where nothing ever empties a place, then for each other place, without what empties it.
            for kept in std::iter::once(None).chain(emptied.iter().copied().map(Some)) {
                self.around(from, &before, kept, &emptied);
            }
            if self.work > SHORTENING_WORK {
                return self.best;
            }
        }
        self.best.shortest = true;
        self.best
    }

    /// Follows the firings from a marking breadth first, and keeps the first way to a larger one if it is the best.
    fn around(&mut self, from: usize, before: &[u32], kept: Option<usize>, emptied: &[usize]) {
        self.round += 1;
        self.work += 1;
        self.met[from] = self.round;
        // What was met, and how: the step before, as an index here, and the firing.
        let mut queue = vec![(from, 0, u32::MAX)];
        let (mut next, mut level_end, mut length) = (0, 1, before.len() + 1);
        while next < queue.len() && length < self.best.way.len() && self.work <= SHORTENING_WORK {
            for edge in self.space.leaving(queue[next].0).unwrap_or_default() {
                let to = edge.to as usize;
                let barred = kept.is_some_and(|place| empties(self.game, edge.by, place));
                self.work += 1;
                if barred || self.met[to] == self.round {
                    continue;
                }
                self.met[to] = self.round;
                self.work += self.space.packing.words as u64;
                queue.push((to, next, edge.by));
                let places = self.grown(from, to, kept, emptied);
                if !places.is_empty() {
                    let way = before.iter().copied().chain(walked(&queue)).collect();
                    self.best = Growth { way, before: before.len(), places, shortest: false };
                    return;
                }
            }
            next += 1;
            if next == level_end {
                (level_end, length) = (queue.len(), length + 1);
            }
        }
    }

    /// The places that prove growth between two markings.
    fn grown(&self, small: usize, large: usize, kept: Option<usize>, emptied: &[usize]) -> Vec<usize> {
        let mut places =
            self.space.packing.growth(self.space.marking(small), self.space.marking(large)).unwrap_or_default();
        places.retain(|place| kept.map_or(emptied.binary_search(place).is_err(), |kept| kept == *place));
        places
    }
}

/// The firings that led to the last entry of a queue.
fn walked(queue: &[(usize, usize, u32)]) -> Vec<u32> {
    let last = queue.len() - 1;
    let mut way: Vec<u32> = std::iter::successors(Some(last), |at| Some(queue[*at].1))
        .take_while(|at| *at != 0)
        .map(|at| queue[at].2)
        .collect();
    way.reverse();
    way
}
