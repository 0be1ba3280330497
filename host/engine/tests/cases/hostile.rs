//! What a case must stand, though nobody means well.

use std::collections::BTreeSet;

use serde_json::json;
use syndic_core::ports::{CaseKey, CaseStatus};
use syndic_engine::cases::{CaseNet, Command, NotAdmitted, STATE_MAX};
use syndic_nets::Budget;
use syndic_nets::format::read;
use syndic_nets::model::Library;

use crate::nets::small;
use crate::world::{HOUR, World};

/// A service that raises an event, and is undone by a connector, in a loop.
const ORDER: &str = r#"
    [task.T_Begin]
    kind = "auto"
    takes = "P_begin"
    gives = "P_start"
    [task.T_Order]
    kind = "service"
    event = { type = "marketplace.CustomerSubscribes", subject = "{customer}" }
    undo = "shop/cancel"
    takes = "P_start"
    outcome.good = { when = 'outcome == "completed"', gives = "P_ordered" }
    outcome.bad = { gives = "P_ordered" }
    [task.T_Late]
    kind = "timer"
    after = "1 h"
    takes = "P_start"
    gives = "P_ordered"
    [task.T_More]
    kind = "user"
    takes = "P_ordered"
    outcome.again = { gives = "P_start" }
    outcome.enough = { gives = "P_end" }
"#;
const DATA: &str = "customer = 'text'\noutcome = ['completed', 'refused']";

fn raised(world: &mut World<'_>) {
    let call = world.call("T_Order");
    let look = world.now;
    world.must(&Command::Raised { call: call.id, look });
}

#[test]
fn each_event_that_was_raised_is_undone_by_itself() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    for _ in 0..2 {
        raised(&mut world);
        world.yes("T_Order", json!({"outcome": "completed"}));
        world.completes("T_More", Some("again"), json!({}));
    }
    raised(&mut world);
    world.must(&Command::Cancel);
    world.yes("T_Order", json!({"outcome": "completed"}));
    let (mut keys, mut attempts) = (BTreeSet::new(), Vec::new());
    while world.case.status() != CaseStatus::Cancelled {
        let call = world.call("T_Order");
        assert!(call.id.undo);
        keys.insert(call.connector_key(&CaseKey { tenant: "acme".into(), id: "c".into() }));
        attempts.push(call.id.attempt);
        world.answers(&call, true, json!({})).expect("taken");
    }
    assert_eq!((attempts, keys.len()), (vec![3, 2, 1], 3));
}

#[test]
fn an_event_that_lost_its_token_is_heard_out_though_one_like_it_is_raised_again() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    raised(&mut world);
    assert_eq!(world.wait(HOUR), ["T_Late"]);
    world.completes("T_More", Some("again"), json!({}));
    let calls: Vec<(u32, bool)> = world.calls().iter().map(|call| (call.id.attempt, call.raised)).collect();
    assert_eq!(calls, [(1, true), (2, false)]);
}

#[test]
fn an_event_that_was_not_raised_before_its_token_went_is_not_raised_to_be_undone() {
    let net = small(DATA, ORDER);
    let mut world = World::launch(&net, &json!({"customer": "c-1"}));
    assert_eq!(world.wait(HOUR), ["T_Late"]);
    assert_eq!(world.calls(), []);
}

/// Eleven things that are done one after the other and can be undone.
fn errands() -> CaseNet {
    let task = |at: usize| {
        format!(
            "[task.T_{at}]\nkind = \"service\"\naction = \"do\"\nkey = \"errand-{at}\"\nundo = \"undo\"\n\
             retry = {{ attempts = 1 }}\ntakes = \"P_{at}\"\ngives = \"P_{}\"\n",
            at + 1
        )
    };
    small("note = \"text\"", &(10..22).map(task).collect::<String>())
}

/// A note with which the case has so much room left.
fn note(world: &mut World<'_>, room: usize) {
    world.sets(json!({"note": ""}));
    let length = STATE_MAX - room - world.last.state.len();
    world.sets(json!({"note": "x".repeat(length)}));
    assert_eq!(world.last.state.len(), STATE_MAX - room);
}

#[test]
fn a_case_that_is_full_can_be_cancelled_and_what_it_owes_finds_room() {
    let net = errands();
    let mut world = World::launch(&net, &json!({}));
    (10..21).for_each(|at| drop(world.yes(&format!("T_{at}"), json!({}))));
    note(&mut world, 10);
    world.must(&Command::Cancel);
    world.no("T_21", json!({}));
    // Nobody answers the undos, and an operator has to see to each.
    for at in (10..21).rev() {
        world.silent(&format!("T_{at}"));
    }
    assert_eq!((world.open().len(), world.case.due()), (11, None));
    for at in (10..21).rev() {
        world.completes(&format!("undo/T_{at}"), None, json!({}));
    }
    assert_eq!(world.case.status(), CaseStatus::Cancelled);
}

#[test]
fn what_became_due_while_a_case_rested_happens_before_an_answer_that_was_due_still_earlier() {
    let net = small(
        "",
        "[task.T_Ask]\nkind = \"service\"\naction = \"a\"\nkey = \"k\"\nretry = { attempts = 3, backoff = [\"1 h\"] }\n\
         takes = \"P_open\"\ngives = \"P_end\"\n\
         [task.T_Late]\nkind = \"timer\"\nafter = \"2 h\"\ntakes = \"P_open\"\ngives = \"P_end\"\n",
    );
    let mut world = World::launch(&net, &json!({}));
    world.silent("T_Ask");
    let asked_again = world.case.due().expect("it is asked again");
    world.must(&Command::Suspend);
    world.wait(5 * HOUR);
    world.must(&Command::Resume);
    // The call is the earliest of what is due; its answer cannot be taken before the timer, which is later.
    assert_eq!(world.case.due(), Some(asked_again));
    let first = world.case.happens_by(asked_again);
    assert_eq!(first, Some(asked_again.plus_ms(HOUR)));
    world.now = asked_again;
    assert_eq!(world.next(), ["T_Late"]);
    assert_eq!(world.case.status(), CaseStatus::Completed);
}

#[test]
fn services_and_timers_that_lead_round_in_no_time_are_stopped_and_can_be_put_right() {
    let more = "[task.T_Begin]\nkind = \"auto\"\ntakes = \"P_begin\"\ngives = \"P_a\"\n\
                [task.T_Round]\nkind = \"auto\"\nwhen = 'again'\ntakes = \"P_b\"\ngives = \"P_a\"\n\
                [task.T_Out]\nkind = \"user\"\ntakes = \"P_b\"\ngives = \"P_end\"\n";
    for (task, is_service) in [
        ("kind = \"service\"\naction = \"a\"\nkey = \"k\"", true),
        ("kind = \"timer\"\nafter = \"1 h since P_begin\"", false),
    ] {
        let net = small("again = \"bool\"", &format!("{more}[task.T_In]\n{task}\ntakes = \"P_a\"\ngives = \"P_b\"\n"));
        let mut world = World::launch(&net, &json!({"again": true}));
        world.wait(2 * HOUR);
        let mut steps = 0;
        while world.case.status() == CaseStatus::Running {
            steps += 1;
            if is_service { drop(world.yes("T_In", json!({}))) } else { drop(world.next()) }
        }
        let stop = world.case.stopped().expect("stopped");
        assert_eq!((stop.code.as_str(), steps <= 1001, world.case.due()), ("endless", true, None), "{task}");
        world.sets(json!({"again": false}));
        if is_service {
            drop(world.yes("T_In", json!({})))
        } else {
            drop(world.next())
        }
        world.completes("T_Out", None, json!({}));
        assert_eq!(world.case.status(), CaseStatus::Completed);
    }
}

#[test]
fn a_net_that_could_not_be_read_again_with_what_is_inside_it_is_not_admitted() {
    let inner = format!(
        "net = \"inner\"\n[conditions]\nP_in = \"\"\nP_out = \"\"\n\
         [task.T_Do]\nabout = \"{}\"\nkind = \"user\"\ntakes = \"P_in\"\ngives = \"P_out\"\n",
        "x".repeat(600_000)
    );
    let outer = "net = \"outer\"\n[conditions]\nP_a = \"\"\nP_b = \"\"\nP_c = \"\"\n\
                 [task.T_A]\nkind = \"composite\"\nnet = \"inner\"\ntakes = \"P_a\"\ngives = \"P_b\"\n\
                 [task.T_B]\nkind = \"composite\"\nnet = \"inner\"\ntakes = \"P_b\"\ngives = \"P_c\"\n";
    let library = Library(vec![read(&inner).expect("a net")]);
    let told = CaseNet::admit(&read(outer).expect("a net"), &library, &Budget::default());
    assert!(matches!(told, Err(NotAdmitted::Whole(_))), "more than a megabyte is no net");
}
