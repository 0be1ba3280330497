//! The marketplace's nets are the specification's: the same places, transitions and arcs as the PNML files beside this
//! test, which were proved sound with two other tools.

use std::collections::BTreeSet;

use syndic_nets::format::{read, read_pnml, write, write_pnml};
use syndic_nets::guard::{COMBINATIONS, Coverage, cover};
use syndic_nets::model::{Kind, Library, Net};
use syndic_nets::{Budget, Flat, Judgement, marketplace};

const PNML: &[(&str, &str)] = &[
    ("vendor-onboarding", include_str!("pnml/marketplace-vendor-onboarding.pnml")),
    ("product-listing", include_str!("pnml/marketplace-product-listing.pnml")),
    ("customer-purchase", include_str!("pnml/marketplace-customer-purchase.pnml")),
    ("fulfillment", include_str!("pnml/marketplace-fulfillment.pnml")),
    ("post-sales-support", include_str!("pnml/marketplace-post-sales-support.pnml")),
    ("marketplace", include_str!("pnml/marketplace.pnml")),
];

fn net(name: &str) -> Net {
    let (_, text) = marketplace::FILES.iter().find(|(file, _)| *file == name).expect("a net of that name");
    read(text).unwrap_or_else(|error| panic!("{name}: {:#?}", error.mistakes))
}

fn pnml(name: &str) -> Flat {
    let (_, text) = PNML.iter().find(|(file, _)| *file == name).expect("a file of that name");
    read_pnml(text).expect("a net").flat
}

/// A net without its indices: names of places, and each transition with the names it consumes and produces.
fn shape(flat: &Flat) -> (BTreeSet<String>, BTreeSet<String>) {
    let names = |places: &[syndic_nets::PlaceId]| {
        let names: BTreeSet<&str> = places.iter().map(|place| flat.place(*place)).collect();
        names.into_iter().collect::<Vec<_>>().join(" + ")
    };
    let line = |transition: &syndic_nets::Transition| {
        format!("{}: {} -> {}", transition.name, names(&transition.consumes), names(&transition.produces))
    };
    (flat.places.iter().cloned().collect(), flat.transitions.iter().map(line).collect())
}

fn same(name: &str, ours: &Flat, theirs: &Flat) {
    let ((places, lines), (other_places, other_lines)) = (shape(ours), shape(theirs));
    let differ = |a: &BTreeSet<String>, b: &BTreeSet<String>| a.symmetric_difference(b).cloned().collect::<Vec<_>>();
    assert_eq!(differ(&places, &other_places), Vec::<String>::new(), "{name}: places of one only");
    assert_eq!(differ(&lines, &other_lines), Vec::<String>::new(), "{name}: transitions of one only");
    assert_eq!((ours.places.len(), ours.transitions.len()), (theirs.places.len(), theirs.transitions.len()), "{name}");
}

#[test]
fn every_phase_has_the_places_transitions_and_arcs_of_its_pnml() {
    for (name, places, transitions, arcs) in [
        ("vendor-onboarding", 13, 24, 55),
        ("product-listing", 22, 34, 84),
        ("customer-purchase", 15, 26, 58),
        ("fulfillment", 26, 30, 77),
        ("post-sales-support", 18, 24, 54),
    ] {
        let flat = net(name).flatten().unwrap();
        same(name, &flat, &pnml(name));
        let count: usize = flat.transitions.iter().map(|t| t.consumes.len() + t.produces.len()).sum();
        assert_eq!((flat.places.len(), flat.transitions.len(), count), (places, transitions, arcs), "{name}");
    }
}

#[test]
fn the_whole_is_the_root_with_its_five_nets_in_lined() {
    let library = Library(PNML[..5].iter().map(|(name, _)| net(name)).collect());
    let whole = library.inline(&net("marketplace")).unwrap();
    same("marketplace", &whole.flatten().unwrap(), &pnml("marketplace"));
    assert_eq!(whole.faults(), []);
    assert_eq!(read(&write(&whole)).unwrap(), whole);
}

#[test]
fn every_net_is_admitted_and_so_is_the_whole() {
    let library = Library(PNML[..5].iter().map(|(name, _)| net(name)).collect());
    let mut nets: Vec<Net> = marketplace::FILES.iter().map(|(name, _)| net(name)).collect();
    nets.push(library.inline(&net("marketplace")).unwrap());
    let mut properties = 0;
    for net in nets {
        let judgement = Judgement::of(&net, &Budget::default()).unwrap();
        assert!(judgement.admits(), "{}: {judgement:#?}", net.name);
        properties = judgement.properties.len();
    }
    assert_eq!(properties, 15, "the whole keeps the promises of its parts");
}

#[test]
fn a_broken_promise_and_a_choice_with_a_gap_are_not_admitted() {
    let (_, text) = marketplace::FILES[2];
    for (was, is) in [
        ("no P_PurchaseConfirmed without T_CheckInventory.reserved", "no P_PurchaseConfirmed without T_RetryPayment"),
        ("gives = \"P_PaymentFailed\" }", "gives = \"P_PurchaseConfirmed\" }"),
        ("payment == \"declined\"", "payment == \"declined\" && attempts < 2"),
    ] {
        assert!(text.contains(was));
        let net = read(&text.replace(was, is)).unwrap();
        assert!(!Judgement::of(&net, &Budget::default()).unwrap().admits(), "{is}");
    }
}

#[test]
fn the_root_is_six_places_and_nine_steps() {
    let flat = net("marketplace").flatten().unwrap();
    assert_eq!((flat.places.len(), flat.transitions.len()), (6, 9));
    let (source, sink) = (flat.source.unwrap(), flat.sink.unwrap());
    assert_eq!((flat.place(source), flat.place(sink)), ("P_VendorInitiated", "P_CaseClosed"));
}

#[test]
fn tasks_are_done_by_whom_the_pnml_says() {
    for (name, text) in &PNML[..5] {
        let net = net(name);
        let flattened = net.flattened().unwrap();
        for (transition, origin) in flattened.flat.transitions.iter().zip(&flattened.origins) {
            let kind = match &net.tasks[origin.task].kind {
                _ if origin.by_hand => "user",
                Kind::Auto { .. } => "auto",
                Kind::Service(_) => "service",
                Kind::User(_) => "user",
                Kind::Timer(_) => "timer",
                Kind::Composite(_) => "composite",
            };
            let id = format!("<transition id=\"{}\">", transition.name);
            let rest = &text[text.find(&id).expect("the transition is in the file")..];
            let theirs = rest.split_once("<kind>").and_then(|(_, rest)| rest.split_once("</kind>")).expect("a kind").0;
            assert_eq!(kind, theirs, "{}", transition.name);
        }
    }
}

#[test]
fn what_is_written_reads_back_as_it_was() {
    for (name, _) in marketplace::FILES {
        let net = net(name);
        assert_eq!(read(&write(&net)).unwrap(), net, "{name}");
    }
}

#[test]
fn pnml_written_reads_back_as_it_was() {
    for (name, text) in PNML {
        let read = read_pnml(text).unwrap();
        let again = read_pnml(&write_pnml(&read.name, &read.flat)).unwrap();
        assert_eq!(again, read, "{name}");
    }
}

#[test]
fn pnml_goes_on_as_a_net_file() {
    for (name, text) in &PNML[..5] {
        let flat = read_pnml(text).unwrap().flat;
        let lifted = read(&write(&Net::of_flat(name, &flat))).unwrap();
        let tasks = net(name).tasks.len();
        same(name, &lifted.flatten().unwrap(), &flat);
        assert_eq!(lifted.tasks.len(), tasks, "{name}: what belongs to one task is one again");
    }
}

#[test]
fn no_task_of_the_marketplace_leaves_a_case_out_or_sends_it_two_ways() {
    for (name, _) in marketplace::FILES {
        let net = net(name);
        for task in net.tasks.iter().filter(|task| !task.outcomes().is_empty()) {
            let coverage = cover(task.outcomes(), &net.data, COMBINATIONS);
            assert!(matches!(coverage, Coverage::Exact { .. }), "{name}, {}: {coverage:?}", task.name);
        }
    }
}

fn each(net_name: &str, task: &str) -> (u64, Vec<(String, u64)>) {
    let net = net(net_name);
    match cover(net.task(task).expect("a task").outcomes(), &net.data, COMBINATIONS) {
        Coverage::Exact { combinations, each } => (combinations, each),
        other => panic!("{other:?}"),
    }
}

#[test]
fn four_verdicts_pass_once_fail_65_times_and_need_a_person_15_times() {
    let counts = [("pass", 1), ("fail", 65), ("escalate", 15)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(each("product-listing", "T_ComplianceJoin"), (81, counts.to_vec()));
}

#[test]
fn three_results_succeed_once_and_fail_26_times_and_always_when_cancelled() {
    let counts = [("success", 1), ("failure", 26 + 27)].map(|(name, count)| (name.to_owned(), count));
    assert_eq!(each("fulfillment", "T_ProvisioningJoin"), (2 * 27, counts.to_vec()));
}
