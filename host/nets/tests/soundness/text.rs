//! Nets as a test writes them down.

use std::collections::{BTreeMap, BTreeSet};

use syndic_nets::{Flat, PlaceId, Transition};

/// Reads a transition a line, `name: inputs -> outputs`, or `name: inputs -> outputs / what is emptied`. The places are
/// those that are named; the first is the source, and the sink is the one given.
pub fn net(text: &str, sink: &str) -> Flat {
    let (mut places, mut numbers) = (Vec::new(), BTreeMap::new());
    let mut ids = |names: &str| {
        let id = |name: &str| {
            let next = PlaceId(numbers.len() as u32);
            *numbers.entry(name.to_owned()).or_insert_with(|| {
                places.push(name.to_owned());
                next
            })
        };
        names.split_whitespace().map(id).collect::<Vec<_>>()
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let transitions: Vec<Transition> = lines
        .map(|line| {
            let (name, arcs) = line.split_once(": ").expect("a name, then arcs");
            let (consumes, produces) = arcs.split_once("->").expect("inputs, then outputs");
            let (produces, removes) = produces.split_once('/').unwrap_or((produces, ""));
            let (consumes, produces, removes) = (ids(consumes), ids(produces), ids(removes));
            Transition { name: name.to_owned(), consumes, produces, removes }
        })
        .collect();
    let named: BTreeSet<&str> = transitions.iter().map(|transition| &*transition.name).collect();
    assert_eq!(named.len(), transitions.len(), "names are unique");
    let mut net = Flat::new(places, transitions);
    (net.source, net.sink) = (Some(PlaceId(0)), net.find_place(sink));
    assert!(net.sink.is_some(), "{sink} is a place");
    net
}
