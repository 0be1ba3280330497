//! Rules that make a net smaller and leave its soundness as it is.
//!
//! Of two nets before and after a rule, both are sound or neither is. A block of ten branches that run beside each other
//! has a marking for each way to interleave them; reduced, it has one. The rules are of Berthelot ("Transformations and
//! decompositions of nets", 1986) and Murata ("Petri nets: properties, analysis and applications", 1989), who prove them
//! for liveness and boundedness. For nets with cancellation, where these are not the same as soundness, each rule says
//! why it holds (after Wynn, Verbeek, van der Aalst, ter Hofstede and Edmond, "Soundness-preserving reduction rules for
//! reset workflow nets", 2009).

use super::game::{Step, merge};
use super::shrinking::{Reduced, Shrinking};

/// Arcs that may be looked at before a reduction ends, whether or not a rule still applies.
const LOOKS_MAX: usize = 20_000_000;

/// A way to make a net smaller.
#[derive(Debug, Clone, Copy)]
pub struct Reduction {
    /// What it is called.
    pub name: &'static str,
    /// Where it is proved.
    pub paper: &'static str,
    /// Applies the rule wherever it can; says whether it could anywhere.
    apply: fn(&mut Shrinking) -> bool,
}

/// All rules, tried in this order until none applies.
#[rustfmt::skip]
pub const REDUCTIONS: &[Reduction] = &[
    Reduction { name: "post-agglomeration",     paper: "Berthelot 1986", apply: post_agglomeration },
    Reduction { name: "parallel transitions",   paper: "Murata 1989, FPT", apply: parallel_transitions },
    Reduction { name: "parallel places",        paper: "Murata 1989, FPP", apply: parallel_places },
    Reduction { name: "self-loop transitions",  paper: "Murata 1989, EST", apply: self_loops },
];

/// Applies the rules for which `wanted` holds until none of them can be.
pub(super) fn reduce(mut net: Shrinking, wanted: impl Fn(&Reduction) -> bool) -> Reduced {
    let mut looks = 0;
    loop {
        let mut applied = false;
        for rule in REDUCTIONS.iter().filter(|rule| wanted(rule)) {
            looks += net.arcs() + net.places();
            applied |= looks < LOOKS_MAX && (rule.apply)(&mut net);
        }
        if !applied {
            return net.finish();
        }
    }
}

/// A place whose every token is passed on by transitions that need nothing else: they fire at once with what put the
/// token there, and the place is gone.
///
/// Firing them early only puts tokens elsewhere earlier, which keeps nothing from firing. With cancellation it would
/// put them where they can be lost, unless nothing empties the places they go to; and the place itself must not be
/// emptied either, and they must empty nothing.
fn post_agglomeration(net: &mut Shrinking) -> bool {
    let mut applied = false;
    for place in 0..net.places() as u32 {
        applied |= pass_on(net, place).is_some();
    }
    applied
}

fn pass_on(net: &mut Shrinking, place: u32) -> Option<()> {
    if place == net.source || place == net.sink || net.emptied[place as usize] {
        return None;
    }
    let befores = net.producers(place).to_vec();
    let afters = net.consumers(place).to_vec();
    if befores.is_empty() || afters.is_empty() || befores.len().min(afters.len()) > 1 {
        return None;
    }
    let puts_one = |step: &Step| step.produces.contains(&(place, 1));
    let passes = |step: &Step| {
        let kept = |(to, _): &(u32, u32)| *to != place && !net.emptied[*to as usize];
        step.consumes == [(place, 1)]
            && step.removes.is_empty()
            && !step.produces.is_empty()
            && step.produces.iter().all(kept)
    };
    let all = |ids: &[u32], holds: &dyn Fn(&Step) -> bool| ids.iter().all(|id| net.step(*id).is_some_and(holds));
    if !all(&befores, &puts_one) || !all(&afters, &passes) || !net.has_room(&befores, &afters) {
        return None;
    }
    let mut fused = Vec::new();
    for before in &befores {
        for after in &afters {
            fused.push((one_step(net.step(*before)?, net.step(*after)?, place), (*before, *after)));
        }
    }
    let gone: Vec<u32> = befores.into_iter().chain(afters).collect();
    net.fuse(&gone, fused);
    Some(())
}

/// What two transitions do that fire one after the other, the second on the token that the first puts on `between`.
fn one_step(before: &Step, after: &Step, between: u32) -> Step {
    let kept = before.produces.iter().filter(|(place, _)| *place != between);
    let mut produces: Vec<(u32, u32)> = kept.chain(&after.produces).copied().collect();
    merge(&mut produces);
    Step { consumes: before.consumes.clone(), removes: before.removes.clone(), produces }
}

/// Of transitions with the same arcs, one is enough: they are enabled together and do the same.
fn parallel_transitions(net: &mut Shrinking) -> bool {
    let mut sorted: Vec<(&Step, u32)> = net.steps().map(|(id, step)| (step, id)).collect();
    sorted.sort_unstable();
    let again: Vec<u32> = sorted.windows(2).filter(|pair| pair[0].0 == pair[1].0).map(|pair| pair[1].1).collect();
    again.iter().for_each(|id| net.remove(*id));
    !again.is_empty()
}

/// Of places with the same arcs, of which none is marked at the start, one is enough: they are marked alike for ever.
/// That holds with cancellation if both are emptied together.
fn parallel_places(net: &mut Shrinking) -> bool {
    // By place: what is done to it, by which transition, and how many times.
    let mut arcs: Vec<Vec<(u32, u8, u32)>> = vec![Vec::new(); net.places()];
    for (id, step) in net.steps() {
        step.consumes.iter().for_each(|(place, tokens)| arcs[*place as usize].push((id, 0, *tokens)));
        step.removes.iter().for_each(|place| arcs[*place as usize].push((id, 1, 1)));
        step.produces.iter().for_each(|(place, tokens)| arcs[*place as usize].push((id, 2, *tokens)));
    }
    let inner = |place: &u32| *place != net.source && *place != net.sink && !arcs[*place as usize].is_empty();
    let mut sorted: Vec<u32> = (0..net.places() as u32).filter(inner).collect();
    sorted.sort_by(|one, other| arcs[*one as usize].cmp(&arcs[*other as usize]));
    let alike = |pair: &&[u32]| arcs[pair[0] as usize] == arcs[pair[1] as usize];
    let again: Vec<u32> = sorted.windows(2).filter(alike).map(|pair| pair[1]).collect();
    net.remove_places(&again);
    !again.is_empty()
}

/// A transition that puts back what it takes, and empties nothing, changes no marking. It is dead only if everything
/// that needs at least as much is dead as well; so if there is such another transition, nothing is lost without it.
fn self_loops(net: &mut Shrinking) -> bool {
    let loops: Vec<u32> = net
        .steps()
        .filter(|(_, step)| step.consumes == step.produces && step.removes.is_empty())
        .map(|(id, _)| id)
        .collect();
    let mut applied = false;
    for id in loops {
        let Some(needs) = net.step(id).map(|step| step.consumes.clone()) else { continue };
        // Whatever needs as much is a consumer of each of these places; the one with the fewest is looked at.
        let fewest = needs.iter().map(|(place, _)| *place).min_by_key(|place| net.consumers(*place).len());
        let others = fewest.map(|place| net.consumers(place).to_vec()).unwrap_or_default();
        let needs_as_much =
            |other: &u32| *other != id && net.step(*other).is_some_and(|step| covers(&step.consumes, &needs));
        if others.iter().any(needs_as_much) {
            net.remove(id);
            applied = true;
        }
    }
    applied
}

/// Whether these arcs take at least what those do, everywhere.
fn covers(these: &[(u32, u32)], those: &[(u32, u32)]) -> bool {
    those.iter().all(|(place, tokens)| {
        these.binary_search_by_key(place, |(other, _)| *other).is_ok_and(|at| these[at].1 >= *tokens)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A step a line: `inputs > outputs`, or `inputs > outputs / what is emptied`. 0 is the source, 9 the sink.
    fn steps(text: &str) -> Vec<Step> {
        let ids = |text: &str| text.split_whitespace().map(|id| id.parse().unwrap()).collect::<Vec<u32>>();
        let arcs = |text: &str| ids(text).into_iter().map(|place| (place, 1)).collect::<Vec<_>>();
        let step = |line: &str| {
            let (consumes, rest) = line.split_once('>').unwrap();
            let (produces, removes) = rest.split_once('/').unwrap_or((rest, ""));
            Step { consumes: arcs(consumes), removes: ids(removes), produces: arcs(produces) }
        };
        text.lines().map(str::trim).filter(|line| !line.is_empty()).map(step).collect()
    }

    /// Places and transitions that one rule by itself leaves.
    fn left(rule: &str, text: &str) -> (usize, usize) {
        assert!(REDUCTIONS.iter().any(|known| known.name == rule), "{rule} is a rule");
        let reduced = reduce(Shrinking::new(10, &steps(text), 0, 9), |known| known.name == rule);
        (reduced.places.len(), reduced.steps.len())
    }

    #[test]
    fn what_only_passes_tokens_on_goes() {
        let rule = "post-agglomeration";
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 3 \n 3 > 4 5 \n 2 4 5 > 9"), (5, 2));
        assert_eq!(left(rule, "0 > 1 \n 1 > 2 \n 1 > 3 \n 2 3 > 9"), (4, 3), "of two ways on, each becomes one step");
        assert_eq!(left(rule, "0 > 1 \n 0 > 2 \n 1 > 3 \n 2 > 3 \n 3 > 9"), (2, 2), "and of two ways there");
        assert_eq!(left(rule, "0 > 1 2 \n 1 2 > 9"), (4, 2), "not what waits for another");
    }

    #[test]
    fn nothing_goes_past_a_cancellation() {
        let rule = "post-agglomeration";
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 3 \n 2 3 > 9 \n 2 > 9 / 1"), (5, 4), "the place is emptied");
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 3 \n 2 3 > 9 \n 2 > 9 / 3"), (5, 4), "the next place is emptied");
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 3 / 2 \n 3 > 9"), (4, 2), "who passes it on empties something");
    }

    #[test]
    fn of_what_is_alike_one_is_enough() {
        assert_eq!(left("parallel transitions", "0 > 1 \n 1 > 9 \n 1 > 9 \n 1 > 9"), (3, 2));
        assert_eq!(left("parallel transitions", "0 > 1 \n 1 > 9 / 2 \n 1 > 9"), (4, 3));
        assert_eq!(left("parallel places", "0 > 1 2 3 \n 1 2 3 > 9"), (3, 2));
        assert_eq!(left("parallel places", "0 > 1 2 \n 1 2 > 9 / 1"), (4, 2), "one is emptied");
        assert_eq!(left("parallel places", "0 > 1 2 4 \n 1 2 > 9 \n 4 > 9 / 1 2"), (4, 3), "both are emptied");
        assert_eq!(left("parallel places", "0 1 > 0 1 9"), (3, 1), "the source is marked, and nothing is like it");
    }

    #[test]
    fn a_step_that_changes_nothing_goes_if_something_else_needs_as_much() {
        let rule = "self-loop transitions";
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 1 \n 1 2 > 9"), (4, 2));
        assert_eq!(left(rule, "0 > 1 2 \n 1 2 > 1 2 \n 1 > 9 \n 2 > 9"), (4, 4), "it may be dead by itself");
        assert_eq!(left(rule, "0 > 1 2 \n 1 > 1 / 2 \n 1 2 > 9"), (4, 3), "it empties something");
    }
}
