//! The token game, on nets made up for it and on the marketplace's own.

use std::collections::BTreeSet;

use proptest::prelude::*;
use syndic_nets::format::read;
use syndic_nets::game::{Board, Game};
use syndic_nets::{Flat, PlaceId, Tokens, Transition, TransitionId, marketplace};

/// A net of lines `ann-signs: ann-asked -> ann-signed`, with `~place` for what is cancelled.
fn net(lines: &str) -> Flat {
    let mut places: Vec<String> = Vec::new();
    let mut transitions = Vec::new();
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (name, arcs) = line.split_once(':').expect("a name");
        let (from, to) = arcs.split_once("->").expect("an arrow");
        let mut place = |name: &str| {
            let at = places.iter().position(|known| known == name).unwrap_or_else(|| {
                places.push(name.to_owned());
                places.len() - 1
            });
            PlaceId(at as u32)
        };
        let (removes, consumes): (Vec<&str>, Vec<&str>) =
            from.split_whitespace().partition(|name| name.starts_with('~'));
        transitions.push(Transition {
            name: name.trim().to_owned(),
            consumes: consumes.into_iter().map(&mut place).collect(),
            removes: removes.into_iter().map(|name| place(&name[1..])).collect(),
            produces: to.split_whitespace().map(&mut place).collect(),
        });
    }
    Flat::new(places, transitions)
}

/// Fires these, and says what is there in the end, or why it ended early.
fn check(lines: &str, begin: &str, fire: &str, end: &str) {
    let flat = net(lines);
    let mut tokens = Tokens::new();
    for name in begin.split_whitespace() {
        *tokens.entry(flat.find_place(name).expect("a place")).or_default() += 1;
    }
    let mut game = Game::new(&Board::new(flat.clone()), tokens);
    let mut told = None;
    for name in fire.split_whitespace() {
        let id = flat.find_transition(name).expect("a transition");
        told = told.or(game.fire(id).err().map(|error| error.to_string()));
    }
    let lie = |(place, count): (&PlaceId, &u32)| vec![flat.place(*place); *count as usize].join(" ");
    let told = told.unwrap_or_else(|| game.tokens().iter().map(lie).collect::<Vec<_>>().join(" "));
    assert_eq!(told, end);
}

const SIGNATURES: &str = "
    ann-signs: ann-asked             -> ann-signed
    bob-signs: bob-asked             -> bob-signed
    release:   ann-signed bob-signed -> released
";

#[test]
fn two_signatures_release() {
    check(SIGNATURES, "ann-asked bob-asked", "bob-signs ann-signs release", "released");
}

#[test]
fn one_signature_is_not_enough() {
    let told = "transition `release` is not enabled: place `bob-signed` is empty";
    check(SIGNATURES, "ann-asked bob-asked", "ann-signs release", told);
}

#[test]
fn a_cancelled_place_is_emptied_before_anything_is_put() {
    check("again: go ~pile -> pile", "go pile pile pile", "again", "pile");
    check("clear: go ~pile -> done", "go", "clear", "done");
}

#[test]
fn what_loses_a_race_is_withdrawn() {
    let flat = net("work: asked -> done\n late: asked -> expired");
    let [work, late] = ["work", "late"].map(|name| flat.find_transition(name).unwrap());
    let mut game = Game::case(&Board::new(Flat { source: Some(PlaceId(0)), ..flat }));
    assert_eq!(game.enabled(), &BTreeSet::from([work, late]));
    assert_eq!(game.fire(work).unwrap().withdrawn, BTreeSet::from([work, late]));
}

#[test]
fn a_case_is_complete_with_one_token_in_the_sink_and_none_elsewhere() {
    let board = Board::new(net("go: begin -> middle rest\n end: middle -> over\n tidy: rest over -> over2"));
    let mut game = Game::case(&board);
    for id in 0..3 {
        assert!(!game.is_complete());
        game.fire(TransitionId(id)).unwrap();
    }
    assert!(game.is_complete());
}

/// Plays up to `steps` firings, choosing among what is enabled as the numbers say.
fn play(board: &std::sync::Arc<Board>, mut game: Game, choices: &[usize]) -> Game {
    for choice in choices {
        let enabled: Vec<TransitionId> = game.enabled().iter().copied().collect();
        let Some(id) = enabled.get(choice % enabled.len().max(1)) else { break };
        game.fire(*id).expect("what is enabled fires");
        let anew = Game::new(board, game.tokens().clone());
        assert_eq!(game.enabled(), anew.enabled(), "after {}", board.flat().transition(*id).name);
    }
    game
}

#[test]
fn every_net_of_the_marketplace_can_be_played_to_its_end() {
    for (name, text) in marketplace::FILES {
        let board = Board::new(read(text).unwrap().flatten().unwrap());
        let mut numbers = 1usize;
        let mut choices = || {
            numbers = numbers.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            numbers >> 33
        };
        let done = (0..50).any(|_| {
            let choices: Vec<usize> = (0..500).map(|_| choices()).collect();
            play(&board, Game::case(&board), &choices).is_complete()
        });
        assert!(done, "{name}");
    }
}

/// What a transition of a made-up net consumes, produces and removes.
type Arcs = (BTreeSet<u32>, BTreeSet<u32>, BTreeSet<u32>);

/// A net of up to eight places and transitions with any arcs, and a marking of it.
fn any_net() -> impl Strategy<Value = (Flat, Tokens)> {
    let arcs = || prop::collection::btree_set(0..8u32, 0..3);
    let transition = (prop::collection::btree_set(0..8u32, 1..4), arcs(), arcs());
    let tokens = prop::collection::btree_map((0..8u32).prop_map(PlaceId), 0..3u32, 0..8);
    (prop::collection::vec(transition, 1..8), tokens).prop_map(|(transitions, tokens)| {
        let ids = |set: BTreeSet<u32>| set.into_iter().map(PlaceId).collect();
        let named = |(at, (consumes, produces, removes)): (usize, Arcs)| {
            let name = format!("t{at}");
            Transition { name, consumes: ids(consumes), produces: ids(produces), removes: ids(removes) }
        };
        let transitions = transitions.into_iter().enumerate().map(named).collect();
        (Flat::new((0..8).map(|at| format!("p{at}")).collect(), transitions), tokens)
    })
}

proptest! {
    #[test]
    fn looking_around_finds_what_looking_everywhere_does(
        (flat, tokens) in any_net(),
        choices in prop::collection::vec(0..8usize, 0..40),
    ) {
        let board = Board::new(flat);
        play(&board, Game::new(&board, tokens), &choices);
    }

    #[test]
    fn a_firing_moves_what_its_arcs_name_and_nothing_else((flat, tokens) in any_net(), at in 0..8usize) {
        let board = Board::new(flat);
        let mut game = Game::new(&board, tokens);
        let id = TransitionId((at % board.flat().transitions.len()) as u32);
        let (before, transition) = (game.tokens().clone(), board.flat().transition(id));
        let fired = game.fire(id);
        for place in board.flat().place_ids() {
            let was = before.get(&place).copied().unwrap_or(0);
            let is = |arcs: &Vec<PlaceId>| u32::from(arcs.contains(&place));
            let left = if transition.removes.contains(&place) { 0 } else { was.wrapping_sub(is(&transition.consumes)) };
            let expected = if fired.is_ok() { left + is(&transition.produces) } else { was };
            prop_assert_eq!(game.tokens().get(&place).copied().unwrap_or(0), expected);
        }
    }
}
