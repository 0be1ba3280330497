//! Nets that nobody should have written: huge ones, dense ones, ones without end, and ones that are hardly nets.

use syndic_nets::proof::{Answer, Budget, Kind, Reduce, Spent, Verdict, Why, prove};
use syndic_nets::{Flat, Judgement, PlaceId, Transition, TransitionId};

use crate::generate::Dice;
use crate::oracle::see;
use crate::text::net;

/// A net whose cases run through so many branches at once, each with these transitions, from `P_In` to `P_Out`.
fn branches(count: usize, branch: &str) -> Flat {
    net(&branches_text(count, branch), "P_End")
}

fn branches_text(count: usize, branch: &str) -> String {
    let all = |end: &str| (0..count).map(|at| format!("{end}{at} ")).collect::<String>();
    let mut text = format!("T_Split: P_Begin -> {}\nT_Join: {} -> P_End\n", all("P_In"), all("P_Out"));
    for at in 0..count {
        let named: Vec<String> = branch.split_whitespace().map(|word| numbered(word, at)).collect();
        text += &named.join(" ").replace(" ;", "\n");
        text += "\n";
    }
    text
}

fn numbered(word: &str, at: usize) -> String {
    match word.strip_suffix(':') {
        Some(task) => format!("{task}{at}:"),
        None if word.starts_with("P_") => format!("{word}{at}"),
        None => word.to_owned(),
    }
}

/// Three steps, the last of which may be taken back.
const PLAIN: &str = "T_A: P_In -> P_One ; T_B: P_One -> P_Two ; T_Back: P_Two -> P_One ; T_C: P_Two -> P_Out";

/// Three places, each reached from the others, so that no rule makes them fewer.
const TANGLED: &str = "T_A: P_In -> P_One ; T_B: P_In -> P_Two ; T_C: P_One -> P_Two ; T_D: P_Two -> P_One ; \
                       T_E: P_One -> P_In ; T_F: P_Two -> P_In ; T_G: P_One -> P_Out ; T_H: P_Two -> P_Out ; \
                       T_I: P_Out -> P_In ; T_J: P_Out -> P_One";

fn budget() -> Budget {
    Budget { markings: 20_000, ..Budget::default() }
}

#[test]
fn more_markings_than_atoms_are_no_matter_where_rules_apply() {
    let net = branches(200, PLAIN);
    let Verdict::Sound { explored, reduced: Some(size) } = prove(&net, &budget()) else { panic!("it is sound") };
    assert_eq!((explored.markings, size.transitions), (2, 1));
}

#[test]
fn a_fault_among_more_markings_than_atoms_is_found_in_the_reduced_net() {
    let check = |written: &str, instead: &str, kind: Kind, sentence: &str| {
        let mut text = branches_text(200, PLAIN);
        assert_eq!(text.matches(written).count(), 1, "{written}");
        text = text.replace(written, instead);
        let net = net(&text, "P_End");
        let verdict = prove(&net, &budget());
        verdict.faults().iter().for_each(|fault| see(&net, fault));
        let fault = verdict.faults().iter().find(|fault| fault.kind == kind).expect("it is found");
        assert!(!fault.shortest);
        assert_eq!(fault.sentence, sentence);
    };
    check(
        "T_C7: P_Two7 -> P_Out7",
        "T_C7: P_Two7 -> P_Out7 P_End",
        Kind::TokenLeft,
        "the case ends more than once: after T_Split, T_A0, T_A1, T_A2, T_A3, … (594 more) …, T_C198, T_C199, T_Join it \
         has marked P_End (2 tokens)",
    );
    check(
        "T_C7: P_Two7 -> P_Out7",
        "T_C7: P_Two7 P_Two8 -> P_Out7 P_Out8",
        Kind::Stuck,
        "the case can no longer end: after T_Split, T_A0, T_A1, T_A2, T_A3, … (592 more) …, T_C198, T_C199, T_C8 \
         nothing leads to P_End",
    );
    check(
        "T_C7: P_Two7 -> P_Out7",
        "T_C7: P_Two7 P_Begin -> P_Out7",
        Kind::DeadTask,
        "T_C7 can never fire (nor can T_Join): no case ever has all that it needs",
    );
    check(
        "T_Back7: P_Two7 -> P_One7",
        "T_Back7: P_Two7 -> P_One7 P_Out7",
        Kind::Unbounded,
        "tokens pile up in P_Out7 without end: after T_Split, T_A0, T_A1, T_A2, T_A3, … (592 more) …, T_C197, T_C198, \
         T_C199 each round of T_Back7, T_B7 adds more",
    );
}

#[test]
fn where_no_rule_applies_the_budget_ends_it() {
    let net = branches(30, TANGLED);
    let check = |budget: Budget, expected: Spent| {
        let Verdict::Undecided { why, explored, sentence } = prove(&net, &budget) else { panic!("nobody can know") };
        assert_eq!(why, Why::Budget(expected));
        assert!(explored.markings <= budget.markings);
        sentence
    };
    let sentence = check(budget(), Spent::Markings);
    assert_eq!(sentence, "after 20000 markings nothing is proved: there are more markings than the budget allows");
    check(Budget { bytes: 1 << 20, ..budget() }, Spent::Bytes);
    check(Budget { work: 100_000, ..budget() }, Spent::Work);
    check(Budget { reduce: Reduce::Never, ..budget() }, Spent::Markings);
    check(Budget { reduce: Reduce::Always, ..budget() }, Spent::Markings);
}

#[test]
fn long_ways_overflow_no_stack() {
    let chain = |length: usize, end: &str| {
        let steps: String = (0..length).map(|at| format!("T_{at}: P_{at} -> P_{}\n", at + 1)).collect();
        let mut net = net(&format!("{steps}{}", end.replace("P_Last", &format!("P_{length}"))), "P_End");
        net.source = Some(PlaceId(0));
        net
    };
    assert!(prove(&chain(5_000, "T_End: P_Last -> P_End"), &Budget::default()).is_sound());
    assert!(prove(&chain(100_000, "T_End: P_Last -> P_End"), &Budget::default()).is_sound());
    // What is needed at the end was taken at the beginning.
    let stuck = prove(&chain(5_000, "T_End: P_Last P_1 -> P_End"), &Budget::default());
    assert_eq!(stuck.faults().iter().map(|fault| fault.firing.len()).collect::<Vec<_>>(), [5_000, 5_000]);
    let round = prove(&chain(5_000, "T_End: P_Last P_1 -> P_End\nT_Again: P_Last -> P_2"), &Budget::default());
    let stuck = round.faults().iter().find(|fault| fault.kind == Kind::Stuck).expect("it never ends");
    assert_eq!((stuck.firing.len(), stuck.tasks.len()), (2, 4_999));
    assert_eq!(
        stuck.sentence,
        "the case never ends: after T_0, T_1 all it can do for ever is T_2, T_3, T_4, T_5, T_6, … (4991 more) …, \
         T_4998, T_4999 and T_Again"
    );
}

/// In each round all tokens are moved over, one by one, and one is added; but to begin the next round cancels what was
/// not moved. There is no end of markings, and no round that could be repeated as it was.
const MOVING: &str = "
    T_Begin: P_Begin -> P_Over P_X
    T_Move: P_Over P_X -> P_Over P_Y
    T_Turn: P_Over -> P_Back P_Y / P_X
    T_MoveBack: P_Back P_Y -> P_Back P_X
    T_TurnBack: P_Back -> P_Over / P_Y
    T_End: P_Over -> P_End / P_X P_Y
";

#[test]
fn with_cancellation_nobody_can_always_tell() {
    let check = |net: &Flat| {
        let verdict = prove(net, &Budget { markings: 3_000, ..Budget::default() });
        let Verdict::Undecided { why, sentence, .. } = verdict else { panic!("{verdict:?}") };
        assert_eq!(why, Why::Cancellation(Spent::Markings));
        sentence
    };
    assert_eq!(
        check(&net(MOVING, "P_End")),
        "after 3000 markings nothing is proved: there are more markings than the budget allows; with cancellation there \
         may be no end of them, and no procedure can always tell"
    );
}

#[test]
fn growth_that_is_not_cancelled_is_a_proof_beside_cancellation() {
    let counting = MOVING.replace("T_TurnBack: P_Back -> P_Over", "T_TurnBack: P_Back -> P_Over P_Rounds");
    let net = net(&counting.replace("P_End / P_X P_Y", "P_End / P_X P_Y P_Rounds"), "P_End");
    let verdict = prove(&net, &Budget::default());
    let unbounded = verdict.faults().iter().find(|fault| fault.kind == Kind::Unbounded).expect("rounds are counted");
    assert_eq!(
        unbounded.sentence,
        "tokens pile up in P_Rounds without end: after T_Begin, T_Turn each round of T_TurnBack, T_Turn adds more"
    );
    see(&net, unbounded);
}

/// A net of any arcs whatever; some name places that are none.
fn scribble(dice: &mut Dice) -> Flat {
    let places = dice.below(8);
    let beyond = if dice.below(4) == 0 { 3 } else { 0 };
    let ids = |dice: &mut Dice, most: usize| {
        (0..dice.below(most)).map(|_| PlaceId(dice.below(places + beyond) as u32)).collect::<Vec<_>>()
    };
    let transitions = (0..dice.below(9))
        .map(|at| Transition {
            name: format!("T_{at}"),
            consumes: ids(dice, 4),
            produces: ids(dice, 4),
            removes: if dice.below(3) == 0 { ids(dice, 3) } else { vec![] },
        })
        .collect();
    let end = |dice: &mut Dice| (dice.below(6) != 0).then(|| PlaceId(dice.below(places + beyond) as u32));
    let (source, sink) = (end(dice), end(dice));
    Flat { places: (0..places).map(|at| format!("P_{at}")).collect(), transitions, source, sink }
}

#[test]
fn whatever_is_called_a_net_gets_an_answer() {
    for seed in 0..20_000 {
        let net = scribble(&mut Dice(seed));
        let budget = |reduce| Budget { markings: 300, reduce, ..Budget::default() };
        let verdict = prove(&net, &budget(Reduce::Never));
        let reduced = prove(&net, &budget(Reduce::Always));
        assert_eq!(verdict.is_sound(), reduced.is_sound(), "seed {seed}: {net:#?}");
        let in_range = |id: &TransitionId| (id.0 as usize) < net.transitions.len();
        assert!(verdict.faults().iter().all(|fault| fault.firing.iter().all(in_range) && !fault.sentence.is_empty()));
    }
}

#[test]
fn what_is_dense_ends_as_well() {
    let mut dice = Dice(7);
    let half = |dice: &mut Dice| (0..300).filter(|_| dice.below(2) == 0).map(PlaceId).collect::<Vec<_>>();
    let transitions = (0..300)
        .map(|at| Transition {
            name: format!("T_{at}"),
            consumes: vec![PlaceId(at % 300)],
            produces: half(&mut dice),
            removes: vec![],
        })
        .collect();
    let places = (0..301).map(|at| format!("P_{at}")).collect();
    let mut net = Flat::new(places, transitions);
    (net.source, net.sink) = (Some(PlaceId(0)), Some(PlaceId(300)));
    let verdict = prove(&net, &Budget::default());
    assert!(verdict.faults().iter().any(|fault| fault.kind == Kind::Unbounded), "{verdict:?}");
}

#[test]
fn what_waits_in_vain_and_what_is_promised_take_of_the_same_budget() {
    let waiting: String =
        (0..500).map(|at| format!("T_W{at}: P_X P_H -> P_End\nT_V{at}: P_X P_H -> P_X P_H\n")).collect();
    let branches = branches_text(10, TANGLED).replace("P_Begin -> ", "P_Begin -> P_H ");
    let idle = net(&format!("{branches}{waiting}"), "P_End");
    let spent = prove(&idle, &Budget { work: 200_000, ..Budget::default() }).explored();
    assert!(spent.work < 300_000 && spent.markings < 2_000, "{spent:?}");

    let text = "net = \"promising\"\n[conditions]\nA = \"\"\nZ = \"\"\n[task.T]\nkind = \"auto\"\ntakes = \"A\"\ngives = \"Z\"\n";
    let rules: String = (0..50).map(|nth| format!("r{nth} = \"never A with Z\"\n")).collect();
    let promising = syndic_nets::format::read(&format!("{text}[properties]\n{rules}")).unwrap();
    let judgement = Judgement::of(&promising, &Budget { work: 100, ..Budget::default() }).unwrap();
    let kept = judgement.properties.iter().filter(|(_, answer)| matches!(answer, Answer::Holds { .. })).count();
    assert!((1..50).contains(&kept) && judgement.verdict.is_sound() && !judgement.admits(), "{kept}");
}
