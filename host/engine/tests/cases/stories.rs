//! Every rule of a case as the smallest story that shows it.

use serde_json::{Value as Json, json};
use syndic_core::Time;
use syndic_core::calendar::Calendar;
use syndic_core::ports::CaseStatus;
use syndic_engine::cases::{Case, CaseNet, Command, REFUSALS, Repair, Told, WorkVerb};

use crate::nets::{desk, phase, small};
use crate::world::{BEGIN, DAY, HOUR, MINUTE, SECOND, World, code, complete, object, take};

/// A person, a clock and a service after the same token; what the service does can be undone.
fn race() -> CaseNet {
    small(
        r#"verdict = ["pass", "fail"]"#,
        r#"
        [task.T_Ask]
        kind = "service"
        action = "kyc/verify"
        key = "k"
        undo = "kyc/forget"
        takes = "P_open"
        outcome.pass = { when = 'verdict == "pass"', gives = "P_done" }
        outcome.fail = { when = 'verdict == "fail"', gives = "P_done" }
        [task.T_Decide]
        kind = "user"
        roles = ["judge"]
        takes = "P_open"
        gives = "P_done"
        [task.T_Late]
        kind = "timer"
        after = "1 h"
        takes = "P_open"
        gives = "P_done"
        [task.T_Rest]
        kind = "user"
        takes = "P_done"
        gives = "P_end"
        "#,
    )
}

/// Three steps done one after the other, each with its undo, and then somebody waits.
fn three_steps() -> CaseNet {
    let step = |name: &str, from: &str, to: &str| {
        format!(
            "[task.{name}]\nkind = \"service\"\naction = \"{name}\"\nkey = \"k\"\nundo = \"un{name}\"\ntakes = \"{from}\"\ngives = \"{to}\"\n"
        )
    };
    let tasks = [step("T_A", "P_0", "P_1"), step("T_B", "P_1", "P_2"), step("T_C", "P_2", "P_3")].concat();
    small("", &(tasks + "[task.T_Rest]\nkind = \"user\"\ntakes = \"P_3\"\ngives = \"P_end\"\n"))
}

#[test]
fn a_race_is_decided_once_and_the_losers_are_withdrawn() {
    let net = race();
    let mut world = World::launch(&net, &json!({}));
    assert_eq!(world.completes("T_Decide", None, json!({})), ["T_Decide"]);
    assert_eq!(world.open(), ["T_Rest/1"]);
    assert_eq!(world.case.happens(), None, "the clock is off");
    let again = Command::Work { task: "T_Decide".into(), attempt: 1, by: "ann".into(), roles: vec![], verb: take() };
    assert_eq!(code(world.does(&again)), "no-such-work");
}

#[test]
fn a_late_yes_is_undone_and_a_late_no_is_nothing() {
    let net = race();
    for (accepted, undone) in [(true, 1), (false, 0)] {
        let mut world = World::launch(&net, &json!({}));
        let call = world.call("T_Ask");
        world.completes("T_Decide", None, json!({}));
        // Whoever was asked is heard out, though the token is gone.
        assert_eq!(world.call("T_Ask").id, call.id);
        let step = world.answers(&call, accepted, json!({"verdict": "pass"})).expect("heard");
        assert_eq!((step.fired.len(), step.told.len()), (0, undone));
        assert_eq!(world.shows("verdict"), json!(null));
        let calls = world.calls();
        assert_eq!(calls.len(), undone);
        if let [undo] = &calls[..] {
            assert_eq!((undo.action.as_str(), undo.undoes.as_deref()), ("kyc/forget", Some("kyc/verify")));
            world.answers(undo, true, json!({})).expect("undone");
        }
        assert_eq!(code(world.answers(&call, true, json!({}))), "late-answer");
        assert_eq!(world.case.due(), None);
    }
}

#[test]
fn who_is_asked_again_under_the_same_key_owes_nothing_for_the_first_time() {
    let net = phase("fulfillment");
    let mut world = World::launch(&net, &json!({"order_id": "o-1", "tier": "standard"}));
    let first = world.call("T_CallVendorAPI");
    assert_eq!(world.wait(5 * MINUTE), ["T_VendorCallTimeout", "T_RetryVendorAPI"]);
    let second = world.call("T_CallVendorAPI");
    assert_eq!((second.id.attempt, &second.key), (2, &first.key));
    assert_eq!(code(world.answers(&first, true, json!({"vendor": "ok"}))), "late-answer");
    world.yes("T_CallVendorAPI", json!({"vendor": "ok"}));
    assert!(world.calls().iter().all(|call| !call.id.undo));
}

#[test]
fn what_was_undone_is_asked_for_under_a_new_key() {
    let net = small(
        "",
        r#"
        [task.T_Begin]
        kind = "auto"
        takes = "P_begin"
        gives = "P_open"
        [task.T_Ask]
        kind = "service"
        action = "do"
        key = "k"
        undo = "undo"
        takes = "P_open"
        gives = "P_end"
        [task.T_Late]
        kind = "timer"
        after = "1 min"
        takes = "P_open"
        gives = "P_late"
        [task.T_Again]
        kind = "user"
        takes = "P_late"
        gives = "P_open"
        "#,
    );
    let mut world = World::launch(&net, &json!({}));
    assert_eq!(world.wait(MINUTE), ["T_Late"]);
    world.yes("T_Ask", json!({}));
    world.yes("T_Ask", json!({}));
    world.completes("T_Again", None, json!({}));
    assert_eq!(world.call("T_Ask").key, "k~2");
}

#[test]
fn deadlines_run_on_while_a_case_is_suspended_and_are_due_in_order_when_it_goes_on() {
    let net = phase("fulfillment");
    let mut world = World::launch(&net, &json!({"order_id": "o-1", "tier": "standard"}));
    let call = world.call("T_SetupBilling");
    world.must(&Command::Suspend);
    world.wait(2 * HOUR);
    assert_eq!((world.case.happens(), world.calls().len()), (None, 0));
    assert_eq!(code(world.answers(&call, true, json!({"billing": "ok"}))), "case-suspended");
    assert_eq!(code(world.does(&Command::Suspend)), "case-suspended");
    world.must(&Command::Resume);
    assert_eq!(code(world.does(&Command::Cancel)), "due-first");
    // What became due first fires first, all of it as of now: the vendor is given its five minutes again.
    assert_eq!(world.next(), ["T_VendorCallTimeout", "T_RetryVendorAPI"]);
    assert_eq!(world.wait(0), ["T_SetupBillingTimeout", "T_SetupMonitoringTimeout"]);
    assert_eq!(world.case.happens(), Some(world.now.plus_ms(5 * MINUTE)));
}

#[test]
fn a_case_that_nobody_can_move_is_stopped_and_can_be_repaired() {
    let net = three_steps();
    let stopped = || {
        let mut world = World::launch(&net, &json!({}));
        for wait in [SECOND, 5 * SECOND, 0] {
            world.silent("T_A");
            world.wait(wait);
        }
        assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("no-answer"));
        assert_eq!((world.case.due(), code(world.does(&Command::Suspend))), (None, "case-stopped"));
        world
    };
    let mut world = stopped();
    world.must(&Command::Repair(Repair { retry: Some("T_A".into()), ..Repair::default() }));
    let call = world.call("T_A");
    assert_eq!((call.id.attempt, call.tries, call.key.as_str()), (2, 0, "k"));
    assert_eq!(world.yes("T_A", json!({})), ["T_A"]);

    let mut world = stopped();
    let fire = |name: &str| Command::Repair(Repair { fire: Some(name.into()), ..Repair::default() });
    assert_eq!(code(world.does(&fire("T_B"))), "not-enabled");
    assert_eq!(code(world.does(&fire("T_X"))), "no-such-transition");
    assert_eq!(code(world.does(&Command::Repair(Repair::default()))), "empty-repair");
    assert_eq!(world.must(&fire("T_A")).fired, ["T_A"]);
    assert_eq!(world.case.status(), CaseStatus::Running);
}

#[test]
fn what_was_given_up_waits_for_whoever_else_can_take_the_token_on() {
    let net = race();
    let mut world = World::launch(&net, &json!({}));
    world.no("T_Ask", json!({}));
    assert_eq!(world.case.status(), CaseStatus::Running);
    world.asks("ann", "T_Decide", take()).expect("taken");
    world.asks("ann", "T_Decide", WorkVerb::Fail { reason: "no file".into() }).expect("failed");
    assert_eq!((world.case.status(), world.open().len()), (CaseStatus::Running, 0));
    assert_eq!(world.wait(HOUR), ["T_Late"]);
    world.asks("ann", "T_Rest", take()).expect("taken");
    world.asks("ann", "T_Rest", WorkVerb::Fail { reason: "no bed".into() }).expect("failed");
    assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("failed"));
}

#[test]
fn a_word_outside_its_domain_and_a_choice_that_nothing_decides_stop_the_case() {
    let net = race();
    let mut world = World::launch(&net, &json!({}));
    world.yes("T_Ask", json!({"verdict": "perhaps"}));
    assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("outside-domain"));

    let mut world = World::launch(&net, &json!({}));
    world.yes("T_Ask", json!({"note": "all fine"}));
    let stop = world.case.stopped().expect("stopped").clone();
    assert_eq!(stop.code, "undecided");
    assert_eq!(stop.why, "`T_Ask` has no way out: `pass` depends on `verdict`, which has no value yet");
    // It was done all the same: cancelled, it is asked once more, and undone.
    world.must(&Command::Cancel);
    world.yes("T_Ask", json!({}));
    world.yes("T_Ask", json!({}));
    assert_eq!(world.case.status(), CaseStatus::Cancelled);
}

#[test]
fn a_timer_without_what_it_goes_by_stops_the_case_until_it_is_said() {
    let net = phase("post-sales-support");
    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    world.sets(json!({"issue": true}));
    assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("no-time"));
    world.sets(json!({"severity": "S2"}));
    assert_eq!(world.case.happens(), Some(world.now.plus_ms(30 * MINUTE)));
}

#[test]
fn a_cancelled_case_is_undone_newest_first_and_what_cannot_be_is_an_operators() {
    let net = three_steps();
    let mut world = World::launch(&net, &json!({}));
    for task in ["T_A", "T_B", "T_C"] {
        world.yes(task, json!({}));
    }
    world.must(&Command::Cancel);
    assert_eq!((world.case.status(), world.case.is_cancelling()), (CaseStatus::Running, true));
    assert_eq!(code(world.does(&Command::Cancel)), "case-cancelling");
    assert_eq!(world.calls().iter().map(|call| call.action.as_str()).collect::<Vec<_>>(), ["unT_C"]);
    world.yes("T_C", json!({}));
    for wait in [SECOND, 5 * SECOND, 0] {
        world.silent("T_B");
        world.wait(wait);
    }
    assert_eq!(world.last.told, [Told::DeadLetter { task: "T_B".into() }]);
    // The rest is undone meanwhile.
    world.yes("T_A", json!({}));
    assert_eq!((world.open(), world.case.status()), (vec!["undo/T_B/1".to_owned()], CaseStatus::Running));
    world.asks("otto", "undo/T_B", take()).expect("taken");
    assert_eq!(code(world.asks("otto", "undo/T_B", WorkVerb::Fail { reason: "no".into() })), "wrong-state");
    world.asks("otto", "undo/T_B", complete(None)).expect("undone by hand");
    assert_eq!(world.case.status(), CaseStatus::Cancelled);
    assert_eq!(code(world.does(&Command::Resume)), "case-not-suspended");
    assert_eq!(code(world.does(&Command::Cancel)), "case-over");
}

#[test]
fn an_event_is_raised_once_and_its_outcome_is_looked_for() {
    let net = small(
        "",
        r#"
        [task.T_Refund]
        kind = "service"
        event = { type = "RefundRequested", subject = "cust-1" }
        takes = "P_open"
        outcome.completed = { gives = "P_end" }
        outcome.refused = { gives = "P_end" }
        "#,
    );
    let mut world = World::launch(&net, &json!({}));
    let call = world.call("T_Refund");
    assert_eq!((call.event(), call.raised), (Some("RefundRequested"), false));
    let look = world.now.plus_ms(MINUTE);
    world.must(&Command::Raised { call: call.id.clone(), look });
    assert_eq!((world.case.due(), world.calls().len()), (Some(look), 0));
    world.wait(MINUTE);
    assert!(world.call("T_Refund").raised);
    assert_eq!(world.no("T_Refund", json!({"outcome": "refused"})), ["T_Refund.refused"]);
}

#[test]
fn an_event_that_was_referred_is_waited_for_until_somebody_ends_it() {
    let net = small(
        "",
        r#"
        [task.T_Subscribe]
        kind = "service"
        event = { type = "CustomerSubscribes", subject = "cust-1" }
        undo = "subscription/cancel"
        takes = "P_open"
        gives = "P_end"
        [task.T_GiveUp]
        kind = "timer"
        after = "2 d"
        takes = "P_open"
        gives = "P_end"
        "#,
    );
    let referred = || {
        let mut world = World::launch(&net, &json!({}));
        let call = world.call("T_Subscribe").id;
        world.must(&Command::Raised { call, look: world.now });
        assert_eq!(world.no("T_Subscribe", json!({"outcome": "referred"})), Vec::<String>::new());
        assert_eq!(world.last.told, [Told::Referred { task: "T_Subscribe".into() }]);
        // Nothing is called meanwhile, and nothing is due but the timer.
        assert_eq!((world.calls().len(), world.case.due()), (0, world.case.happens()));
        assert_eq!(world.case.awaited(&net).len(), 1);
        let call = world.case.raised_calls(&net, &world.calendar).remove(0);
        assert!(call.raised && world.case.awaits(&net, "T_Subscribe", 1) && !world.case.awaits(&net, "T_Subscribe", 2));
        (world, call)
    };

    let (mut world, call) = referred();
    assert_eq!(world.answers(&call, true, json!({"outcome": "completed"})).unwrap().fired, ["T_Subscribe"]);
    let (mut world, call) = referred();
    world.answers(&call, false, json!({"outcome": "refused"})).unwrap();
    assert!(!world.case.awaits(&net, "T_Subscribe", 1));

    // The customer is not kept waiting for ever; what an operator allows after that is undone.
    let (mut world, call) = referred();
    assert_eq!(world.wait(2 * DAY), ["T_GiveUp"]);
    assert!(world.case.awaits(&net, "T_Subscribe", 1));
    world.answers(&call, true, json!({"outcome": "completed"})).unwrap();
    assert_eq!(world.call("T_Subscribe").action, "subscription/cancel");

    // What was decided before anybody looked at the clock again comes before what became due since.
    let (mut world, call) = referred();
    world.now = world.now.plus_ms(3 * DAY);
    assert_eq!(world.answers(&call, true, json!({"outcome": "completed"})).unwrap().fired, ["T_Subscribe"]);

    // So it is with a case that is cancelled, which is over when the event is; a case that rests hears of it later.
    let (mut world, call) = referred();
    world.must(&Command::Suspend);
    assert!(world.case.awaits(&net, "T_Subscribe", 1) && world.case.awaited(&net).is_empty());
    world.must(&Command::Resume);
    world.must(&Command::Cancel);
    assert_eq!((world.case.awaited(&net).len(), world.case.status()), (1, CaseStatus::Running));
    world.answers(&call, false, json!({"outcome": "refused"})).unwrap();
    assert_eq!(world.case.status(), CaseStatus::Cancelled);
}

#[test]
fn a_net_that_knows_the_word_hears_that_an_event_was_referred() {
    let named = r#"
        [task.T_Ask]
        kind = "service"
        event = { type = "RefundRequested", subject = "cust-1" }
        takes = "P_open"
        outcome.completed = { gives = "P_end" }
        outcome.referred = { gives = "P_end" }
    "#;
    let guarded = r#"
        [task.T_Ask]
        kind = "service"
        event = { type = "RefundRequested", subject = "cust-1" }
        takes = "P_open"
        outcome.completed = { when = 'outcome == "completed"', gives = "P_end" }
        outcome.referred = { gives = "P_end" }
    "#;
    for (data, tasks) in [("", named), (r#"outcome = ["completed", "referred"]"#, guarded)] {
        let net = small(data, tasks);
        let mut world = World::launch(&net, &json!({}));
        assert_eq!(world.no("T_Ask", json!({"outcome": "referred"})), ["T_Ask.referred"]);
    }
}

#[test]
fn a_way_in_is_the_first_that_is_marked_and_a_cancelled_place_is_emptied_before_any_is_filled() {
    let net = small(
        "",
        r#"
        [task.T_Split]
        kind = "auto"
        takes = "P_open"
        gives = ["P_a", "P_b"]
        [task.T_Work]
        kind = "user"
        takes = "P_b"
        gives = "P_c"
        [task.T_Join]
        kind = "timer"
        after = "1 min"
        entry.early = { takes = ["P_a", "P_b"] }
        entry.done = { takes = ["P_a", "P_c"] }
        cancels = ["P_b", "P_c"]
        gives = "P_end"
        "#,
    );
    let mut world = World::launch(&net, &json!({}));
    assert_eq!(world.wait(MINUTE), ["T_Join.early"]);
    let mut world = World::launch(&net, &json!({}));
    world.completes("T_Work", None, json!({}));
    assert_eq!(world.wait(MINUTE), ["T_Join.done"]);
}

#[test]
fn automatic_tasks_that_fire_for_ever_are_stopped() {
    let net = small(
        r#"ready = "bool""#,
        r#"
        [task.T_Ping]
        kind = "auto"
        when = '!ready'
        takes = "P_a"
        gives = "P_b"
        [task.T_Pong]
        kind = "auto"
        takes = "P_b"
        gives = "P_a"
        [task.T_Stop]
        kind = "auto"
        when = 'ready'
        takes = "P_a"
        gives = "P_end"
        [task.T_Begin]
        kind = "auto"
        takes = "P_open"
        gives = "P_a"
        "#,
    );
    let mut world = World::launch(&net, &json!({}));
    assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("endless"));
    assert_eq!(world.sets(json!({"ready": true})).last().map(String::as_str), Some("T_Stop"));
    assert_eq!(world.case.status(), CaseStatus::Completed);
}

#[test]
fn a_case_with_no_enabled_task_says_what_it_waits_for() {
    let net = small(
        r#"ready = "bool""#,
        "[task.T_Go]\nkind = \"user\"\nwhen = 'ready'\ntakes = \"P_open\"\ngives = \"P_end\"\n",
    );
    let mut world = World::launch(&net, &json!({}));
    let stop = world.case.stopped().expect("stopped");
    assert_eq!((stop.code.as_str(), stop.why.as_str()), ("stuck", "nothing is enabled: tokens lie on P_open"));
    world.sets(json!({"ready": true}));
    assert_eq!(world.open(), ["T_Go/1"]);
}

#[test]
fn what_does_not_fit_is_refused_and_what_cannot_be_refused_stops_the_case() {
    let net = small(
        r#"note = "text""#,
        "[task.T_Ask]\nkind = \"service\"\naction = \"a\"\nkey = \"\"\nsays = \"note\"\ntakes = \"P_open\"\ngives = \"P_mid\"\n\
         [task.T_Go]\nkind = \"user\"\ntakes = \"P_mid\"\ngives = \"P_end\"\n",
    );
    let long = "x".repeat(70_000);
    let calendar = Calendar::default();
    let at = Time::parse(BEGIN).unwrap();
    assert_eq!(code(Case::launch(&net, &object(&json!({"note": long})), None, at, &calendar)), "too-large");
    let mut world = World::launch(&net, &json!({}));
    world.yes("T_Ask", json!({"note": long}));
    assert_eq!(world.case.stopped().map(|stop| stop.code.as_str()), Some("too-large"));
    world.must(&Command::Repair(Repair { fire: Some("T_Ask".into()), ..Repair::default() }));
    assert_eq!(world.open(), ["T_Go/1"]);
}

#[test]
fn whoever_does_a_task_says_what_it_asks_and_nothing_else() {
    let net = small(
        r#"
        billing = ["ok", "fail"]
        vendor = ["ok", "fail"]
        order_id = "text"
        note = "text"
        "#,
        r#"
        [task.T_Ask]
        kind = "service"
        action = "vendor/open"
        key = "{order_id}"
        says = ["note"]
        takes = "P_open"
        outcome.ok = { when = 'vendor == "ok"', gives = "P_mid" }
        outcome.fail = { gives = "P_mid" }
        [task.T_Confirm]
        kind = "user"
        roles = ["vendor"]
        says = "note"
        takes = "P_mid"
        gives = "P_end"
        "#,
    );
    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    assert_eq!(world.call("T_Ask").asks, json!({"note": "text", "vendor": ["ok", "fail"]}));
    // What a service was not asked is its own business.
    world.yes("T_Ask", json!({"vendor": "ok", "billing": "ok", "order_id": "o-2", "note": "by hand"}));
    assert_eq!(["vendor", "order_id", "note"].map(|name| world.shows(name)), ["ok", "o-1", "by hand"].map(Json::from));
    assert_eq!(world.shows("billing"), Json::Null);
    world.asks("vera", "T_Confirm", take()).unwrap();
    for data in [json!({"billing": "ok"}), json!({"note": "done", "order_id": "o-2"})] {
        let done = WorkVerb::Complete { outcome: None, data: object(&data) };
        assert_eq!(code(world.asks("vera", "T_Confirm", done)), "not-asked", "{data}");
    }
    let done = WorkVerb::Complete { outcome: None, data: object(&json!({"note": "done"})) };
    assert_eq!(world.asks("vera", "T_Confirm", done).unwrap().fired, ["T_Confirm"]);
}

#[test]
fn a_record_of_another_form_or_another_net_does_not_read() {
    let (net, other) = (desk(), race());
    let world = World::launch(&net, &json!({}));
    let mut record = world.case.record(&net, 1);
    assert!(Case::read(&other, &record).unwrap_err().contains("another version"));
    let mut state = record.state.value();
    state["form"] = json!(2);
    record.state = state.into();
    assert!(Case::read(&net, &record).unwrap_err().contains("form 2"));
    assert_eq!(code(world.case.step(&other, &Command::Cancel, world.now, &world.calendar)), "other-net");
}

#[test]
fn a_net_is_pinned_to_the_byte_and_reads_back_as_the_same() {
    for net in crate::nets::PHASES.map(phase) {
        assert_eq!(CaseNet::admitted(net.text()).unwrap().digest(), net.digest());
    }
    let whole = crate::nets::admitted(&crate::nets::parsed("marketplace"));
    assert_eq!(CaseNet::admitted(whole.text()).unwrap().digest(), whole.digest());
}

#[test]
fn every_refusal_has_a_code_of_its_own() {
    for (at, (code, says)) in REFUSALS.iter().enumerate() {
        assert!(!says.is_empty() && REFUSALS[..at].iter().all(|(other, _)| other != code), "{code}");
    }
}
