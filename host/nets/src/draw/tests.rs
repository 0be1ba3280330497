//! What a picture owes to whoever looks at it.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::layout::{Layout, layout};
use super::{Shape, Sketch};
use crate::flat::{Flat, PlaceId, Tokens, Transition};
use crate::format::read;
use crate::marketplace;

fn sketches() -> Vec<Sketch> {
    marketplace::FILES.iter().map(|(_, text)| Sketch::of_net(&read(text).unwrap())).collect()
}

/// Nodes whose boxes, or labels, touch.
fn overlapping(sketch: &Sketch, layout: &Layout) -> Vec<(String, String)> {
    let extent = |at: usize| {
        let spot = layout.spots[at];
        let label = match sketch.nodes[at].shape {
            Shape::Place => super::layout::text_width(super::short(&sketch.nodes[at].name), 11.0),
            _ => 0.0,
        };
        (spot.x - spot.width / 2.0, spot.x + spot.width / 2.0 + label, spot.y, spot.height)
    };
    let mut found = Vec::new();
    for a in 0..sketch.nodes.len() {
        for b in a + 1..sketch.nodes.len() {
            let ((l, r, y, h), (l2, r2, y2, h2)) = (extent(a), extent(b));
            if l < r2 && l2 < r && (y - y2).abs() < (h + h2) / 2.0 {
                found.push((sketch.nodes[a].name.clone(), sketch.nodes[b].name.clone()));
            }
        }
    }
    found
}

#[test]
fn the_arrows_that_lead_back_are_the_loops_of_the_specification() {
    let mut loops = BTreeSet::new();
    for sketch in sketches() {
        let layout = layout(&sketch);
        let back = sketch.edges.iter().zip(&layout.routes).filter(|(_, route)| route.back).map(|(edge, _)| edge);
        loops.extend(back.map(|edge| format!("{} {}", sketch.nodes[edge.from].name, edge.label).trim().to_owned()));
    }
    assert_eq!(
        loops.iter().map(String::as_str).collect::<Vec<_>>(),
        [
            "T_ResolveSupport",
            "T_ResubmitProduct",
            "T_RetryBanking",
            "T_RetryPayment",
            "T_RetryVendorAPI",
            "T_ReviewIdentity resubmit",
            "T_ReviewOnboarding retry",
            "T_ReviseListing",
            "T_RollbackCatalog",
            "T_WaitlistRestock",
        ]
    );
}

#[test]
fn nothing_of_the_marketplace_lies_on_anything_else() {
    for sketch in sketches() {
        assert_eq!(overlapping(&sketch, &layout(&sketch)), [], "{}", sketch.title);
    }
}

#[test]
fn a_name_is_text_and_never_markup() {
    let evil = "\"><script>alert('&')</script>\n{}";
    let flat = Flat::new(
        vec![evil.to_owned(), format!("{evil}2")],
        vec![Transition {
            name: evil.to_owned(),
            consumes: vec![PlaceId(0)],
            produces: vec![PlaceId(1)],
            removes: vec![],
        }],
    );
    let sketch = Sketch::of_flat(evil, &flat);
    assert!(!sketch.svg().contains("<script>"));
    assert!(sketch.dot().contains("label=\"\\\"><script>alert('&')</script>\\n{}\""));
}

#[test]
fn tokens_are_seen() {
    let sketch = sketches().remove(0);
    let dots = |sketch: &Sketch| sketch.svg().matches("class=\"token\"").count();
    assert_eq!(dots(&sketch), 0);
    let marked = sketch.marked(&Tokens::from([(PlaceId(0), 1), (PlaceId(2), 1), (PlaceId(3), 7)]));
    assert_eq!(dots(&marked), 2);
    assert!(marked.svg().contains(">7</text>"));
}

#[test]
fn a_net_of_nothing_is_an_empty_picture() {
    assert!(Sketch::of_flat("empty", &Flat::default()).svg().contains("</svg>"));
}

/// The arcs of a few transitions between twelve places.
fn any_arcs() -> impl Strategy<Value = Vec<(BTreeSet<u32>, BTreeSet<u32>)>> {
    let places = || prop::collection::btree_set(0..12u32, 0..4);
    prop::collection::vec((places(), places()), 0..12)
}

proptest! {
    #[test]
    fn any_net_is_drawn_with_nothing_on_anything_else_and_arrows_running_down(
        arcs in any_arcs()
    ) {
        let ids = |set: BTreeSet<u32>| set.into_iter().map(PlaceId).collect();
        let transitions = arcs.into_iter().enumerate().map(|(at, (consumes, produces))| {
            Transition { name: format!("T_{at}"), consumes: ids(consumes), produces: ids(produces), removes: vec![] }
        });
        let flat = Flat::new((0..12).map(|at| format!("P_{at}")).collect(), transitions.collect());
        let sketch = Sketch::of_flat("any", &flat);
        let layout = layout(&sketch);
        prop_assert_eq!(overlapping(&sketch, &layout), []);
        for route in &layout.routes {
            prop_assert!(route.points.windows(2).all(|step| step[0].1 < step[1].1));
        }
        for spot in &layout.spots {
            prop_assert!(spot.x >= 0.0 && spot.x <= layout.width && spot.y <= layout.height);
        }
    }
}
