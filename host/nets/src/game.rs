//! The token game: what may happen now, and what is there after it did.
//!
//! A firing moves few tokens, so after it only the transitions around those places are looked at again: a step costs
//! the same in a net of ten tasks and of ten thousand. Nothing here chooses. Who plays, chooses among what is enabled,
//! and the set is in the order of the net, so that two who choose alike play the same game.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::flat::{Flat, PlaceId, Tokens, TransitionId};

/// What belongs to a net and not to a game: which transitions look at which place. Made once, shared by all games.
#[derive(Debug)]
pub struct Board {
    flat: Flat,
    /// For each place, who consumes from it, in order.
    consumers: Vec<Vec<TransitionId>>,
}

/// One game: a marking, and what is enabled in it.
#[derive(Debug, Clone)]
pub struct Game {
    board: Arc<Board>,
    tokens: Tokens,
    enabled: BTreeSet<TransitionId>,
}

/// What a firing did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fired {
    /// Enabled now, and not before.
    pub enabled: BTreeSet<TransitionId>,
    /// Enabled before, and no more: what runs there is withdrawn.
    pub withdrawn: BTreeSet<TransitionId>,
}

/// A transition that could not fire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotFired {
    /// A place it consumes from is empty.
    #[error("transition `{transition}` is not enabled: place `{place}` is empty")]
    Empty {
        /// Its name.
        transition: String,
        /// The first such place.
        place: String,
    },
    /// More tokens than can be counted, which no bounded net has.
    #[error("place `{place}` holds more tokens than can be counted")]
    Overflow {
        /// The place.
        place: String,
    },
}

impl Board {
    /// A board for this net.
    pub fn new(flat: Flat) -> Arc<Self> {
        let mut consumers = vec![Vec::new(); flat.places.len()];
        for id in flat.transition_ids() {
            flat.transition(id).consumes.iter().for_each(|place| consumers[place.0 as usize].push(id));
        }
        Arc::new(Self { flat, consumers })
    }

    /// The net.
    pub fn flat(&self) -> &Flat {
        &self.flat
    }

    /// The first place this transition would consume from and that is empty.
    fn lacks(&self, tokens: &Tokens, id: TransitionId) -> Option<PlaceId> {
        self.flat.transition(id).consumes.iter().copied().find(|place| !tokens.contains_key(place))
    }
}

impl Game {
    /// A game that begins here.
    pub fn new(board: &Arc<Board>, mut tokens: Tokens) -> Self {
        tokens.retain(|_, count| *count > 0);
        let enabled = board.flat.transition_ids().filter(|id| board.lacks(&tokens, *id).is_none()).collect();
        Self { board: Arc::clone(board), tokens, enabled }
    }

    /// A case: one token in the net's source, if it has one.
    pub fn case(board: &Arc<Board>) -> Self {
        Self::new(board, board.flat.source.into_iter().map(|source| (source, 1)).collect())
    }

    /// Where the tokens lie.
    pub fn tokens(&self) -> &Tokens {
        &self.tokens
    }

    /// What may fire, in the order of the net.
    pub fn enabled(&self) -> &BTreeSet<TransitionId> {
        &self.enabled
    }

    /// Whether the case is over: one token in the sink, and none elsewhere.
    pub fn is_complete(&self) -> bool {
        self.board.flat.sink.is_some_and(|sink| self.tokens.iter().eq([(&sink, &1)]))
    }

    /// Fires a transition: takes, cancels, puts.
    ///
    /// # Errors
    /// It is not enabled, or a place overflows; then nothing has moved.
    pub fn fire(&mut self, id: TransitionId) -> Result<Fired, NotFired> {
        let board = Arc::clone(&self.board);
        let transition = board.flat.transition(id);
        if let Some(place) = board.lacks(&self.tokens, id) {
            let place = board.flat.place(place).to_owned();
            return Err(NotFired::Empty { transition: transition.name.clone(), place });
        }
        // Only a full place that is neither consumed from nor emptied can overflow.
        let keeps = |place: &PlaceId| !transition.consumes.contains(place) && !transition.removes.contains(place);
        let full = |place: &&PlaceId| keeps(place) && self.tokens.get(place) == Some(&u32::MAX);
        if let Some(place) = transition.produces.iter().find(full) {
            return Err(NotFired::Overflow { place: board.flat.place(*place).to_owned() });
        }
        transition.consumes.iter().for_each(|place| self.take(*place));
        self.tokens.retain(|place, _| !transition.removes.contains(place));
        transition.produces.iter().for_each(|place| *self.tokens.entry(*place).or_default() += 1);
        let moved = [&transition.consumes, &transition.removes, &transition.produces].into_iter().flatten();
        Ok(self.look_around(moved))
    }

    fn take(&mut self, place: PlaceId) {
        if let Some(count) = self.tokens.get_mut(&place) {
            *count -= 1;
            if *count == 0 {
                self.tokens.remove(&place);
            }
        }
    }

    /// Looks again at everyone who consumes from one of these places.
    fn look_around<'p>(&mut self, moved: impl Iterator<Item = &'p PlaceId>) -> Fired {
        let mut fired = Fired::default();
        let around: BTreeSet<TransitionId> =
            moved.flat_map(|place| &self.board.consumers[place.0 as usize]).copied().collect();
        for id in around {
            match (self.board.lacks(&self.tokens, id), self.enabled.contains(&id)) {
                (None, false) => drop(fired.enabled.insert(id)),
                (Some(_), true) => drop(fired.withdrawn.insert(id)),
                _ => {}
            }
        }
        self.enabled.extend(&fired.enabled);
        self.enabled.retain(|id| !fired.withdrawn.contains(id));
        fired
    }
}
