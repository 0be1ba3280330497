//! Generated nets, judged by the prover and by the oracle.
//!
//! `SYNDIC_NETS` says how many.

use std::collections::{BTreeMap, BTreeSet};
use std::env;

use syndic_nets::proof::{Answer, Budget, Claim, Kind, Reduce, Verdict, holds, prove};
use syndic_nets::{Flat, PlaceId, TransitionId};

use crate::generate::{Dice, FAULTS, sound};
use crate::oracle::{Marking, Oracle, played, see};

/// Nets of a usual run.
const NETS: u64 = 10_000;

/// Markings after which the oracle takes it that there is no end of them, if the prover says so. Nets that were not
/// broken have fewer.
const MARKINGS_MAX: usize = 2_000;

/// Markings that the oracle looks at before it believes that there is an answer to be had from nobody.
const PATIENCE: usize = 20_000;

fn budget(reduce: Reduce) -> Budget {
    Budget { markings: 20_000, reduce, ..Budget::default() }
}

fn nets() -> u64 {
    #[allow(clippy::disallowed_methods, reason = "how long to go on is for who runs the test")]
    let asked = env::var("SYNDIC_NETS").ok();
    asked.map_or(NETS, |asked| asked.parse().expect("SYNDIC_NETS is a number"))
}

/// A net that is sound, or was before something happened to it.
fn net(seed: u64) -> (Flat, bool) {
    let mut dice = Dice(seed);
    let (replacements, cancelling) = (1 + dice.below(7), dice.below(3) == 0);
    let mut net = sound(&mut dice, replacements, cancelling);
    let broken = dice.below(3) != 0;
    if broken {
        FAULTS[dice.below(FAULTS.len())](&mut dice, &mut net);
    }
    (net, broken)
}

/// Whether everything is on a way from the source to the sink, and nothing before the one or behind the other.
fn is_workflow_net(net: &Flat) -> bool {
    let (Some(source), Some(sink)) = (net.source, net.sink) else { return false };
    let mut arcs: BTreeSet<(String, String)> = BTreeSet::new();
    let place = |id: &PlaceId| format!("place {}", id.0);
    for (at, task) in net.transitions.iter().enumerate() {
        arcs.extend(task.consumes.iter().map(|id| (place(id), format!("task {at}"))));
        arcs.extend(task.produces.iter().map(|id| (format!("task {at}"), place(id))));
    }
    let reached = |from: String, forwards: bool| {
        let mut reached = BTreeSet::from([from]);
        loop {
            let ends = arcs.iter().map(|(from, to)| if forwards { (from, to) } else { (to, from) });
            let new: Vec<String> = ends
                .filter(|(from, to)| reached.contains(*from) && !reached.contains(*to))
                .map(|(_, to)| to.clone())
                .collect();
            if new.is_empty() {
                return reached.len();
            }
            reached.extend(new);
        }
    };
    let all = net.places.len() + net.transitions.len();
    let open = arcs.iter().all(|(from, to)| *to != place(&source) && *from != place(&sink));
    open && reached(place(&source), true) == all && reached(place(&sink), false) == all
}

/// What came of a net, after everything about it was compared.
fn judged(net: &Flat, broken: bool) -> BTreeSet<Kind> {
    let [plain, reduced, usual] =
        [Reduce::Never, Reduce::Always, Reduce::WhenLarge].map(|reduce| prove(net, &budget(reduce)));
    let mut oracle = Oracle::ask(net, MARKINGS_MAX);
    if !oracle.complete && plain.faults().iter().all(|fault| fault.kind != Kind::Unbounded) {
        oracle = Oracle::ask(net, PATIENCE);
    }
    if let Verdict::Sound { reduced: how, .. } = &reduced {
        assert!(plain.is_sound() && how.is_some(), "a sound net stays sound when it is reduced: {plain:?}");
    } else {
        assert_eq!(plain, reduced, "reductions change no verdict");
    }
    assert_eq!(plain.faults(), usual.faults());
    let kinds: BTreeMap<Kind, usize> = plain.faults().iter().map(|fault| (fault.kind, fault.firing.len())).collect();
    assert_eq!(kinds.contains_key(&Kind::NotAWorkflowNet), !is_workflow_net(net));
    let mut behaviour = kinds.clone();
    behaviour.remove(&Kind::NotAWorkflowNet);
    plain.faults().iter().for_each(|fault| see(net, fault));
    if oracle.complete {
        assert_eq!(plain.explored().markings, oracle.markings.len());
        assert_eq!(plain.explored().firings, oracle.firings());
        compare(&plain, &behaviour, &oracle);
    } else {
        endless(net, &plain, &oracle);
    }
    [2, 4, 8, 16].into_iter().for_each(|markings| hurried(net, markings, &kinds, &oracle));
    assert!(broken || plain.is_sound(), "it was made to be sound: {plain:?}");
    assert_eq!(plain.is_sound(), kinds.is_empty() && oracle.complete);
    kinds.into_keys().collect()
}

fn compare(verdict: &Verdict, found: &BTreeMap<Kind, usize>, oracle: &Oracle) {
    let mut expected = oracle.faults();
    // Of dead transitions, the prover shows one that it takes for the cause; how near that one gets, the oracle says.
    if let Some(dead) = verdict.faults().iter().find(|fault| fault.kind == Kind::DeadTask) {
        assert_eq!(dead.tasks.iter().copied().collect::<BTreeSet<_>>(), oracle.dead());
        expected.insert(Kind::DeadTask, oracle.nearest_firing(dead.tasks[0]));
    }
    assert_eq!(*found, expected, "{verdict:?}");
}

/// On a budget that may be too small there may be no answer, and never a wrong one.
fn hurried(net: &Flat, markings: usize, kinds: &BTreeMap<Kind, usize>, oracle: &Oracle) {
    for reduce in [Reduce::Never, Reduce::Always] {
        let verdict = prove(net, &Budget { markings, reduce, ..Budget::default() });
        assert!(!verdict.is_sound() || kinds.is_empty() && oracle.complete, "{verdict:?}");
        for fault in verdict.faults() {
            see(net, fault);
            assert!(!oracle.complete || kinds.contains_key(&fault.kind), "{fault:?}");
            assert!(!fault.shortest || !oracle.complete || kinds[&fault.kind] == fault.firing.len(), "{fault:?}");
            assert!(
                !oracle.complete
                    || fault.tasks.iter().all(|id| fault.kind != Kind::DeadTask || oracle.dead().contains(id))
            );
            assert!(!oracle.complete || fault.kind != Kind::Stuck || oracle.hopeless(&fault.marking), "{fault:?}");
        }
    }
}

fn endless(net: &Flat, verdict: &Verdict, oracle: &Oracle) {
    let cancels = net.transitions.iter().any(|task| !task.removes.is_empty());
    match verdict.faults().iter().find(|fault| fault.kind == Kind::Unbounded) {
        Some(unbounded) => {
            assert!(unbounded.shortest);
            assert_eq!(oracle.growth_shorter_than(unbounded.firing.len()), None);
        }
        None => assert!(cancels, "without cancellation, an endless net is found out: {verdict:?}"),
    }
}

#[test]
fn prover_and_oracle_agree_on_every_net() {
    let mut came_of: BTreeMap<String, u64> = BTreeMap::new();
    for seed in 0..nets() {
        let (net, broken) = net(seed);
        let judge = std::panic::catch_unwind(|| judged(&net, broken));
        let kinds = judge.unwrap_or_else(|_| panic!("seed {seed}: {net:#?}"));
        let names = if kinds.is_empty() {
            vec!["sound".to_owned()]
        } else {
            kinds.iter().map(|kind| format!("{kind:?}")).collect()
        };
        names.into_iter().for_each(|name| *came_of.entry(name).or_default() += 1);
    }
    println!("{came_of:?}");
    let often = |name: &str| came_of.get(name).is_some_and(|count| count * 100 >= nets());
    for name in ["sound", "NotAWorkflowNet", "DeadTask", "Stuck", "TokenLeft", "Unbounded"] {
        assert!(often(name), "too few nets are {name} to say anything: {came_of:?}");
    }
}

/// What a claim about a net comes to: the fewest firings that break it, or nothing.
fn broken_after(net: &Flat, claim: &Claim, breaks: &dyn Fn(&Marking) -> bool) -> Option<usize> {
    match holds(net, claim, &budget(Reduce::Never)) {
        Answer::Holds { .. } => None,
        Answer::Broken { firing, marking, .. } => {
            assert_eq!(played(net, &firing).last(), Some(&marking));
            assert!(breaks(&marking));
            Some(firing.len())
        }
        Answer::Unknown { sentence, .. } => panic!("every marking can be looked at: {sentence}"),
    }
}

#[test]
fn claims_are_broken_where_the_oracle_says_and_nowhere_else() {
    let (mut broken, mut kept) = (0, 0);
    for seed in 0..nets() / 5 {
        let (net, _) = net(seed);
        let dice = &mut Dice(seed);
        let [one, other] = [(); 2].map(|()| PlaceId(dice.below(net.places.len()) as u32));
        let [task, without] = [(); 2].map(|()| TransitionId(dice.below(net.transitions.len()) as u32));
        // Without a transition is, for the oracle, a net in which it can never fire.
        let mut less = net.clone();
        let never = PlaceId(net.places.len() as u32);
        less.places.push("P_Never".to_owned());
        less.transitions[without.0 as usize].consumes.push(never);
        let mut check = |oracle: &Oracle, claim: Claim, breaks: &dyn Fn(&Marking) -> bool| {
            let expected = oracle.nearest(breaks);
            assert_eq!(broken_after(&net, &claim, breaks), expected, "seed {seed}: {claim:?}");
            *if expected.is_some() { &mut broken } else { &mut kept } += 1;
        };
        let whole = Oracle::ask(&net, MARKINGS_MAX);
        if whole.complete {
            let together = |marking: &Marking| marking.contains_key(&one) && marking.contains_key(&other);
            check(&whole, Claim::NeverTogether(vec![one, other]), &together);
        }
        let less = Oracle::ask(&less, MARKINGS_MAX);
        if less.complete {
            check(&less, Claim::NoPlaceWithout(one, vec![without]), &|marking| marking.contains_key(&one));
            let inputs = &net.transition(task).consumes;
            check(&less, Claim::NoTaskWithout(task, vec![without]), &|marking| {
                inputs.iter().all(|place| marking.contains_key(place))
            });
        }
    }
    assert!(broken * 5 >= kept && kept * 5 >= broken, "{broken} broken, {kept} kept");
}
