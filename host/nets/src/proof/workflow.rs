//! Whether a net has the shape of a workflow: one place where cases begin, one where they end, and everything between.

use super::sentences::names;
use crate::flat::{Flat, PlaceId, Transition};

/// Where cases begin and end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ends {
    pub source: PlaceId,
    pub sink: PlaceId,
}

/// What the shape of a net says about it.
#[derive(Debug)]
pub(super) struct Shape {
    /// What keeps it from being a workflow net, as sentences.
    pub faults: Vec<String>,
    /// Where its cases begin and end, if so much can be said.
    pub ends: Option<Ends>,
}

/// Looks at a net, which may name places that it does not have.
pub(super) fn shape(net: &Flat) -> Shape {
    let strays = strays(net);
    if !strays.is_empty() {
        return Shape { faults: strays, ends: None };
    }
    let mut faults = Vec::new();
    let source = end(net, net.source, &SOURCE, &mut faults);
    let sink = end(net, net.sink, &SINK, &mut faults);
    let ends = source.zip(sink).map(|(source, sink)| Ends { source, sink });
    if let Some(Ends { source, sink }) = ends {
        if source == sink {
            faults.push(format!("cases begin and end in the same place, {}", net.place(source)));
        }
        faults.extend(off_the_way(net, source, sink));
    }
    Shape { faults, ends }
}

/// Ids that are none.
fn strays(net: &Flat) -> Vec<String> {
    let is_place = |place: &PlaceId| (place.0 as usize) < net.places.len();
    let of_transitions = net.transitions.iter().flat_map(|transition| {
        let arcs = [&transition.consumes, &transition.produces, &transition.removes].into_iter().flatten();
        let strays = arcs.filter(|place| !is_place(place));
        strays.map(|place| format!("{} names place number {}, and there is none", transition.name, place.0))
    });
    let ends = [("begin", net.source), ("end", net.sink)];
    let of_ends = ends.into_iter().filter_map(|(what, place)| {
        let place = place.filter(|place| !is_place(place))?;
        Some(format!("cases {what} in place number {}, and there is none", place.0))
    });
    of_ends.chain(of_transitions).collect()
}

/// What is said of a source, and of a sink.
struct Kind {
    name: &'static str,
    /// What nothing does to it.
    not: &'static str,
    wrong: fn(&Transition) -> &[PlaceId],
    right: fn(&Transition) -> &[PlaceId],
}

const SOURCE: Kind = Kind { name: "source", not: "produces", wrong: |t| &t.produces, right: |t| &t.consumes };
const SINK: Kind = Kind { name: "sink", not: "consumes", wrong: |t| &t.consumes, right: |t| &t.produces };

/// The source or the sink. Where the net names none there may still be only one that has any arcs at all.
fn end(net: &Flat, named: Option<PlaceId>, kind: &Kind, faults: &mut Vec<String>) -> Option<PlaceId> {
    let touched = |arcs: fn(&Transition) -> &[PlaceId]| {
        let mut touched = vec![false; net.places.len()];
        net.transitions.iter().flat_map(arcs).for_each(|place| touched[place.0 as usize] = true);
        touched
    };
    let (wrong, right) = (touched(kind.wrong), touched(kind.right));
    if let Some(place) = named {
        if wrong[place.0 as usize] {
            faults.push(format!("{} is the {}, yet a task {} it", net.place(place), kind.name, kind.not));
        }
        return Some(place);
    }
    let candidates: Vec<PlaceId> = net.place_ids().filter(|place| !wrong[place.0 as usize]).collect();
    let mut connected = candidates.iter().copied().filter(|place| right[place.0 as usize]);
    let (only, another) = (connected.next(), connected.next());
    match (only, another) {
        (Some(only), None) => Some(only),
        (None, _) => {
            faults.push(format!("it has no {}: there is no place that nothing {}", kind.name, kind.not));
            None
        }
        (Some(_), Some(_)) => {
            let names = names(candidates.iter().map(|place| net.place(*place)));
            faults.push(format!("it has more than one {}: nothing {} {names}", kind.name, kind.not));
            None
        }
    }
}

/// Places and transitions that no way from the source to the sink passes.
fn off_the_way(net: &Flat, source: PlaceId, sink: PlaceId) -> Option<String> {
    let forwards = reached(net, source, |transition| (&transition.consumes, &transition.produces));
    let backwards = reached(net, sink, |transition| (&transition.produces, &transition.consumes));
    let nodes = net.places.iter().chain(net.transitions.iter().map(|transition| &transition.name));
    let off: Vec<&str> = nodes
        .zip(forwards.into_iter().zip(backwards))
        .filter(|(_, (forwards, backwards))| !(*forwards && *backwards))
        .map(|(name, _)| name.as_str())
        .collect();
    let are = if off.len() == 1 { "is" } else { "are" };
    let (from, to) = (net.place(source), net.place(sink));
    (!off.is_empty()).then(|| format!("{} {are} on no way from {from} to {to}", names(off.into_iter())))
}

type Sides<'a> = (&'a [PlaceId], &'a [PlaceId]);

/// What arcs lead to from a place, by node: the places, then the transitions.
fn reached<'a>(net: &'a Flat, from: PlaceId, sides: impl Fn(&'a Transition) -> Sides<'a>) -> Vec<bool> {
    let places = net.places.len();
    let mut leaving: Vec<Vec<usize>> = vec![Vec::new(); places];
    for (at, transition) in net.transitions.iter().enumerate() {
        sides(transition).0.iter().for_each(|place| leaving[place.0 as usize].push(at));
    }
    let mut reached = vec![false; places + net.transitions.len()];
    reached[from.0 as usize] = true;
    let mut open = vec![from.0 as usize];
    while let Some(place) = open.pop() {
        for at in &leaving[place] {
            if !std::mem::replace(&mut reached[places + at], true) {
                let next = sides(&net.transitions[*at]).1.iter().map(|place| place.0 as usize);
                let new: Vec<usize> = next.filter(|place| !std::mem::replace(&mut reached[*place], true)).collect();
                open.extend(new);
            }
        }
    }
    reached
}
