//! Another version in a slot: under way, on trial, taken back, and with facts of another shape.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use syndic_core::config::{Budget, Gate, SlotConfig};
use syndic_core::decision::Manifest;
use syndic_core::ports::{Failure, FailureClass, Store};
use syndic_core::versions::{self, Difference, Mode, SlotRecord, TrialRecord, VersionRecord};
use syndic_core::{Decision, Event, Outcome, Time};
use syndic_engine::replay::Gates;
use syndic_engine::{Allow, Bounds, Cause, Install, Lanes, NotSwapped, Step, Swapped, Trialled};
use syndic_ledger::{Hash, Kind, Master, sha256};
use syndic_store::MemoryStore;

use crate::world::*;

const DAY: &str = "2026-01-01T00:00:00Z";

fn cause() -> Cause {
    Cause { by: "ann".into(), reason: "it is Tuesday".into(), at: Time::parse(DAY).unwrap(), id: None }
}

fn install(name: &str, mode: Mode) -> Install {
    let component = name.as_bytes().to_vec();
    let allow = if name == "bad" { [Allow::Failing].into() } else { BTreeSet::new() };
    Install { slot: slot("billing"), component, signature: None, mode, backtest: None, allow, cause: cause() }
}

fn traps() -> Failure {
    Failure { class: FailureClass::Unreachable, reason: "it panicked".into() }
}

fn version(number: &str) -> impl Fn(&mut Manifest) + use<> {
    let number = number.to_owned();
    move |manifest| manifest.version.clone_from(&number)
}

fn says(what: i64) -> impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync {
    move |_| Ok(approve().set("billing.said", json!(what)))
}

/// A world whose billing says 1, with a version that says 2.
fn two() -> World {
    World::new().governor("billing", says(1)).version("billing", "two", version("2.0.0"), says(2))
}

fn with(world: World, slot_config: SlotConfig) -> World {
    let mut world = world;
    world.config.slots.insert(slot("billing"), slot_config);
    world
}

impl Stage {
    fn install(&self, name: &str, mode: Mode) -> Result<Swapped, NotSwapped> {
        let swapped = self.host.install(install(name, mode)).unwrap();
        self.check_ledger();
        swapped
    }

    fn said(&self, event: &str) -> i64 {
        self.submit(renewal(event, DAY));
        self.fact("billing.said").unwrap().as_i64().unwrap()
    }

    fn slot_record(&self) -> SlotRecord {
        versions::entry(&*self.store, versions::SLOT_REGISTER, "billing").unwrap().unwrap()
    }

    fn history(&self) -> Vec<VersionRecord> {
        let all = versions::entries(&*self.store, versions::VERSION_REGISTER, "billing/").unwrap();
        all.into_iter().map(|(_, version)| version).collect()
    }

    fn trial(&self) -> TrialRecord {
        versions::entry(&*self.store, versions::TRIAL_REGISTER, "billing").unwrap().unwrap()
    }

    fn root(&self) -> Hash {
        self.store.head().unwrap().frontier.root()
    }
}

#[test]
fn the_next_event_has_the_new_version_and_a_receipt_says_who_put_it_there() {
    let stage = two().stage();
    assert_eq!(stage.said("e1"), 1);
    let swapped = stage.install("two", Mode::Active).unwrap();
    assert_eq!((swapped.active, swapped.warm, swapped.report.receipt), (2, Some(1), Some(2)));
    assert_eq!(stage.said("e2"), 2);
    let receipt = stage.receipt(2);
    assert_eq!((receipt.kind, receipt.event, receipt.tenant), (Kind::Act("install".into()), None, None));
    assert_eq!(receipt.governors[0].digest.0, sha256(b"two"));
    let kept = stage.store.receipt(2).unwrap().unwrap().kept.event;
    assert!(kept.contains("\"by\":\"ann\"") && kept.contains("it is Tuesday"), "{kept}");
    assert_eq!(stage.receipt(3).governors[0].version, "2.0.0");
    let history = stage.history();
    assert_eq!(history.iter().map(|version| version.version.as_str()).collect::<Vec<_>>(), ["1.0.0", "2.0.0"]);
    assert_eq!((history[1].by.as_str(), history[1].receipt), ("ann", Some(2)));
}

#[test]
fn what_was_installed_judges_in_the_next_process_too_and_can_be_taken_back_there() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Master::from_seed(0)));
    let stage = two().over(Arc::clone(&store)).stage();
    assert_eq!(stage.said("e1"), 1);
    stage.install("two", Mode::Active).unwrap();
    drop(stage);
    let stage = two().over(Arc::clone(&store)).stage();
    assert_eq!(stage.said("e2"), 2);
    let back = stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap();
    assert_eq!((back.active, back.warm), (1, None));
    assert_eq!(stage.said("e3"), 1);
    let left = stage.history()[1].left.clone().unwrap();
    assert_eq!((left.why.as_str(), left.receipt), ("it is Tuesday", back.report.receipt.unwrap()));
    let no = stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap_err();
    assert!(matches!(no, NotSwapped::NoWayBack { .. }), "{no}");
    drop(stage);
    assert_eq!(two().over(store).stage().said("e4"), 1);
}

#[test]
fn an_installation_that_is_refused_says_at_which_step_and_changes_nothing() {
    let stage = two()
        .version("billing", "older", version("0.9.0"), says(0))
        .version("billing", "wider", |manifest| manifest.effects.push("sell-the-house".into()), says(3))
        .stage();
    stage.said("e1");
    let before = stage.root();
    let step = |name| match stage.host.install(install(name, Mode::Active)).unwrap().unwrap_err() {
        NotSwapped::Step { step, reason, .. } => (step, reason),
        other => panic!("{other}"),
    };
    assert_eq!(step("nothing").0, Step::Load);
    assert!(step("older").1.contains("0.9.0 is lower than 1.0.0"));
    assert!(step("wider").1.contains("may ask for the action `sell-the-house`"), "{:?}", step("wider"));
    let same = stage.host.install(install("billing", Mode::Active)).unwrap().unwrap_err();
    assert!(same.to_string().contains("version 1.0.0 of these very bytes is active already"), "{same}");
    let nobody = Cause { by: String::new(), ..cause() };
    let no = stage.host.install(Install { cause: nobody, ..install("two", Mode::Active) }).unwrap().unwrap_err();
    assert!(matches!(no, NotSwapped::Senseless(_)), "{no}");
    assert_eq!(stage.root(), before);
    assert_eq!(stage.said("e2"), 1);
    let allowed = Install { allow: [Allow::Downgrade].into(), ..install("older", Mode::Active) };
    assert_eq!(stage.host.install(allowed).unwrap().unwrap().active, 2);
    assert_eq!(stage.said("e3"), 0);
}

/// Every component judges what was decided last, and as much more as is asked for.
#[test]
fn a_version_that_fails_on_what_was_decided_or_is_too_different_is_not_let_in() {
    let stage = two().version("billing", "bad", version("3.0.0"), |_| Err(traps())).stage();
    let first = stage.host.install(Install { allow: BTreeSet::new(), ..install("bad", Mode::Active) }).unwrap();
    assert!(first.is_ok(), "nothing was decided yet");
    stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap();
    (1..=3).for_each(|nth| drop(stage.submit(renewal(&format!("e{nth}"), DAY))));
    let again = Install { allow: BTreeSet::new(), ..install("bad", Mode::Active) };
    let no = stage.host.install(again).unwrap().unwrap_err().to_string();
    assert!(no.contains("the self-test said no: it fails on 3 of the last 3 decisions"), "{no}");
    let with = |different_max| Install {
        backtest: Some(Trialled { last: 10, gates: Gates { different_max: Some(different_max), ..Gates::default() } }),
        ..install("two", Mode::Active)
    };
    let no = stage.host.install(with(2)).unwrap().unwrap_err().to_string();
    assert!(no.contains("the back-test said no: 3 decisions differ, and 2 may"), "{no}");
    stage.host.install(with(3)).unwrap().unwrap();
}

#[test]
fn what_must_not_be_done_twice_is_done_once() {
    let stage = two().stage();
    let once = || Install { cause: Cause { id: Some("line 7".into()), ..cause() }, ..install("two", Mode::Active) };
    let first = stage.host.install(once()).unwrap().unwrap();
    let again = stage.host.install(once()).unwrap().unwrap();
    assert_eq!((again.report.receipt, again.report.duplicate), (first.report.receipt, true));
    assert_eq!(stage.slot_record().versions, 2);
    // Whatever else is asked for under that name is another act, and is not done.
    let as_a_shadow = Install { mode: Mode::Shadow, ..once() };
    let another_reason = Install { cause: Cause { reason: "it is Wednesday".into(), ..once().cause }, ..once() };
    let another = NotSwapped::Another { slot: slot("billing"), receipt: first.report.receipt.unwrap() };
    for install in [as_a_shadow, another_reason] {
        assert_eq!(stage.host.install(install).unwrap(), Err(another.clone()));
    }
    assert_eq!(stage.host.revert(&slot("billing"), &once().cause).unwrap(), Err(another));
    assert_eq!(stage.said("e1"), 2);
}

/// What happens while somebody else is at it.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// The second is installed while the first judges the past, and so is there before it.
#[test]
fn of_two_who_install_at_once_one_is_told_that_it_was_overtaken() {
    for modes in [[Mode::Active, Mode::Active], [Mode::Shadow, Mode::Active], [Mode::Shadow, Mode::Shadow]] {
        let quicker: Arc<Mutex<Option<Meanwhile>>> = Arc::default();
        let meanwhile = Arc::clone(&quicker);
        let slow = move |asked: &Asked| {
            let happens = meanwhile.lock().unwrap().take();
            happens.into_iter().for_each(|happens| happens());
            says(3)(asked)
        };
        let stage = two().version("billing", "three", version("3.0.0"), slow).stage();
        assert_eq!(stage.said("e1"), 1);
        let host = Arc::clone(&stage.host);
        *quicker.lock().unwrap() =
            Some(Box::new(move || drop(host.install(install("two", modes[1])).unwrap().unwrap())));
        let told = stage.install("three", modes[0]);
        assert_eq!(told, Err(NotSwapped::Overtaken { slot: slot("billing") }), "{modes:?}");
        let record = stage.slot_record();
        assert_eq!((record.versions, record.trial.is_some()), (2, modes[1] == Mode::Shadow), "{modes:?}");
    }
}

#[test]
fn an_event_ends_on_the_version_it_began_with() {
    let stage = World::new()
        .governor("billing", |asked| {
            Ok(if asked.is_feedback() {
                approve().set("billing.heard", json!(1))
            } else {
                approve().set("billing.said", json!(1)).reversible("hold")
            })
        })
        .version("billing", "two", version("2.0.0"), |asked| {
            Ok(if asked.is_feedback() {
                approve().set("billing.heard", json!(2))
            } else {
                approve().set("billing.said", json!(2)).reversible("hold")
            })
        })
        .stage();
    // The second version is installed while the service is asked about the first one's effect.
    let host = Arc::clone(&stage.host);
    let swap = Mutex::new(Some(move || host.install(install("two", Mode::Active)).unwrap().unwrap()));
    *stage.connector.while_asked.lock().unwrap() = Some(Box::new(move || {
        if let Some(swap) = swap.lock().unwrap().take() {
            swap();
        }
    }));
    let first = stage.submit(renewal("e1", DAY));
    assert_eq!(first.governors[0].version, "1.0.0");
    assert_eq!((stage.fact("billing.said"), stage.fact("billing.heard")), (Some(json!(1)), Some(json!(1))));
    let second = stage.submit(renewal("e2", DAY));
    assert_eq!(second.governors[0].version, "2.0.0");
    assert_eq!((stage.fact("billing.said"), stage.fact("billing.heard")), (Some(json!(2)), Some(json!(2))));
}

#[test]
fn a_shadow_is_asked_and_compared_and_comes_to_nothing_until_it_is_promoted() {
    let gate = Gate { calls: 3, different: 0, failed: 0 };
    let stage = with(two(), SlotConfig { gate, ..SlotConfig::default() }).stage();
    let swapped = stage.install("two", Mode::Shadow).unwrap();
    assert_eq!((swapped.active, swapped.trial), (1, Some(2)));
    assert_eq!(stage.said("e1"), 1);
    let promote = |force| stage.host.promote(&slot("billing"), force, &cause()).unwrap();
    let no = promote(false).unwrap_err().to_string();
    assert!(no.contains("it was asked 1 times, and 3 are wanted"), "{no}");
    assert_eq!((stage.said("e2"), stage.said("e3")), (1, 1));
    let trial = stage.trial();
    assert_eq!((trial.calls, trial.different, trial.failed, trial.fuel), (3, 3, 0, [300, 300]));
    let (_, difference): (String, Difference) =
        versions::entries(&*stage.store, versions::DIFFERENCE_REGISTER, "billing/").unwrap().remove(0);
    assert_eq!((difference.kinds.as_slice(), difference.event.as_str()), (&["writes".to_owned()][..], "e1"));
    assert_eq!(
        difference.decisions.map(|decision| decision["writes"][0]["set"]["value"].clone()),
        [json!(1), json!(2)]
    );
    let no = promote(false).unwrap_err().to_string();
    assert!(no.contains("3 differences are not explained"), "{no}");
    stage.host.explain(&slot("billing"), Some(1), &cause()).unwrap().unwrap();
    assert!(promote(false).unwrap_err().to_string().contains("2 differences are not explained"));
    stage.host.explain(&slot("billing"), None, &cause()).unwrap().unwrap();
    let swapped = promote(false).unwrap();
    assert_eq!((swapped.active, swapped.trial, swapped.warm), (2, None, Some(1)));
    assert_eq!(stage.said("e4"), 2);
}

#[test]
fn a_shadow_leaves_the_same_ledger_as_none() {
    let lived = |shadow: bool| {
        let world = World::new()
            .governor("billing", |asked| Ok(approve().reversible("hold").set("billing.n", json!(asked.is_feedback()))))
            .version("billing", "two", version("2.0.0"), |_| Err(traps()));
        let stage = world.stage();
        stage.install("two", Mode::Shadow).unwrap();
        if !shadow {
            stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap();
        }
        let leaf = |event| {
            let mut receipt = stage.receipt(stage.submit(renewal(event, DAY)).receipt.unwrap());
            receipt.sequence = 0;
            receipt
        };
        let leaves = [leaf("e1"), leaf("e2")];
        assert!(!shadow || stage.trial().failed == 2);
        leaves
    };
    assert_eq!(lived(true), lived(false));
}

#[test]
fn a_canary_judges_for_its_share_of_customers_and_for_the_same_ones_always() {
    let stage = two().stage();
    stage.install("two", Mode::Canary(30)).unwrap();
    let judged_by = |customer: usize, event: &str| {
        let mut event = renewal(&format!("{event}-{customer}"), DAY);
        event["subject"] = json!(format!("c{customer}"));
        stage.submit(event).governors[0].version.clone()
    };
    let first: Vec<String> = (0..60).map(|customer| judged_by(customer, "a")).collect();
    let share = first.iter().filter(|version| *version == "2.0.0").count();
    assert!((8..30).contains(&share), "{share} of 60");
    assert_eq!(first, (0..60).map(|customer| judged_by(customer, "b")).collect::<Vec<_>>());
    assert_eq!(stage.trial().calls, 2 * share as u64);
}

/// Events that a bad version breaks are rolled back, each of them, and the version goes by itself.
#[test]
fn a_version_that_fails_too_often_is_taken_back_by_the_host() {
    let budget = Budget { calls: 10, failures: 2 };
    let bad = || {
        let world = two().version("billing", "bad", version("3.0.0"), |_| Err(traps()));
        with(world, SlotConfig { budget, ..SlotConfig::default() })
    };
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new(Master::from_seed(0)));
    let stage = bad().over(Arc::clone(&store)).stage();
    assert_eq!(stage.said("e1"), 1);
    stage.install("bad", Mode::Active).unwrap();
    let outcome = |stage: &Stage, id: &str| stage.submit(renewal(id, DAY)).outcome;
    assert_eq!([outcome(&stage, "e2"), outcome(&stage, "e3")], [Outcome::RolledBack; 2]);
    drop(stage);
    // What was counted is known to the next process.
    let stage = bad().over(store).stage();
    assert_eq!(outcome(&stage, "e4"), Outcome::RolledBack, "one more than it may");
    assert_eq!(stage.said("e5"), 1);
    let left = stage.history()[1].left.clone().unwrap();
    assert_eq!(left.why, "3 of its last 3 calls failed, the last one: unreachable");
    let receipt = stage.receipt(left.receipt);
    assert_eq!((receipt.kind, receipt.governors[0].version.as_str()), (Kind::Act("revert".into()), "1.0.0"));
    assert!(stage.store.poisons().unwrap().is_empty(), "its quarantines are over with it");
}

#[test]
fn now_and_then_a_failure_is_within_the_budget_and_where_nothing_was_before_nothing_is_taken_back() {
    let budget = Budget { calls: 4, failures: 1 };
    // No trap: those are counted for the event's quarantine too.
    let fault = || Failure { class: FailureClass::Fault, reason: "a fact is broken".into() };
    let fails = move |asked: &Asked| if asked.context().id.starts_with("bad") { Err(fault()) } else { Ok(approve()) };
    let world = World::new().governor("billing", fails).version("billing", "two", version("2.0.0"), fails);
    let stage = with(world, SlotConfig { budget, ..SlotConfig::default() }).stage();
    let send = |ids: &[&str]| ids.iter().for_each(|id| drop(stage.submit(renewal(id, DAY))));
    send(&["bad-1", "bad-2", "bad-3"]);
    stage.install("two", Mode::Active).unwrap();
    send(&["bad-4", "e1", "e2", "e3", "bad-5", "e4", "e5", "e6", "bad-6"]);
    assert_eq!(stage.slot_record().active, 2, "no two of four calls failed");
    send(&["e7", "bad-7"]);
    assert_eq!(stage.slot_record().active, 1);
}

/// A canary that fails is taken out; the version that judges stays.
#[test]
fn a_canary_that_fails_too_often_loses_its_customers() {
    let budget = Budget { calls: 10, failures: 0 };
    let world = two().version("billing", "bad", version("3.0.0"), |_| Err(traps()));
    let stage = with(world, SlotConfig { budget, ..SlotConfig::default() }).stage();
    stage.install("bad", Mode::Canary(100)).unwrap();
    assert_eq!(stage.submit(renewal("e1", DAY)).outcome, Outcome::RolledBack);
    assert_eq!((stage.slot_record().trial, stage.slot_record().active), (None, 1));
    assert_eq!(stage.said("e2"), 1);
}

// ── facts of another shape ──────────────────────────────────────────────────────────────────────────────────────────

/// Version 1 counts in `billing.n`; version 2 keeps `{"count": n}` there, and knows the way back where it is told.
fn counting(way_back: bool) -> World {
    let count = |value: Option<String>| value.map_or(0, |value| value.parse::<i64>().unwrap());
    let first = move |asked: &Asked| Ok(approve().set("billing.n", json!(count(asked.fact("billing.n")) + 1)));
    let second = |asked: &Asked| {
        let before = asked.fact("billing.n").map_or(json!({"count": 0}), |text| serde_json::from_str(&text).unwrap());
        Ok(approve().set("billing.n", json!({"count": before["count"].as_i64().unwrap() + 1})))
    };
    let schema_2 = |manifest: &mut Manifest| {
        manifest.version = "2.0.0".into();
        manifest.state_schema = 2;
    };
    World::new()
        .governor("billing", first)
        .version("billing", "two", schema_2, second)
        .carrying("two", |from, facts| {
            assert_eq!(from, 1);
            Ok(facts.into_iter().map(|fact| (fact.name, format!("{{\"count\":{}}}", fact.value))).collect())
        })
        .carrying("billing", move |from, facts| {
            assert_eq!(from, 2);
            let back = |value: &str| value.trim_start_matches("{\"count\":").trim_end_matches('}').to_owned();
            match way_back {
                true => Ok(facts.into_iter().map(|fact| (fact.name, back(&fact.value))).collect()),
                false => Err(Failure { class: FailureClass::Fault, reason: "schema 2 is not known here".into() }),
            }
        })
}

#[test]
fn facts_are_carried_over_with_the_first_event_of_each_customer_and_back_again() {
    let stage = counting(true).stage();
    stage.submit(renewal("e1", DAY));
    stage.submit(renewal("e2", DAY));
    stage.install("two", Mode::Active).unwrap();
    assert_eq!(stage.fact("billing.n"), Some(json!(2)), "nothing is touched before an event");
    let report = stage.submit(renewal("e3", DAY));
    assert_eq!(stage.fact("billing.n"), Some(json!({"count": 3})));
    let receipt = stage.receipt(report.receipt.unwrap());
    assert_eq!((receipt.governors[0].migrated, receipt.governors[0].fuel), (Some(1), 110));
    assert_eq!((receipt.changes.len(), receipt.changes[0].version, receipt.read_set.len()), (1, 3, 1));
    let report = stage.submit(renewal("e4", DAY));
    assert_eq!(stage.receipt(report.receipt.unwrap()).governors[0].migrated, None, "once");
    stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap();
    stage.submit(renewal("e5", DAY));
    assert_eq!(stage.fact("billing.n"), Some(json!(5)));
}

#[test]
fn what_an_event_does_not_write_is_carried_over_with_it_and_with_a_refused_one_nothing() {
    let stage = World::new()
        .governor("billing", |_| Ok(approve().set("billing.a", json!(1)).set("billing.b", json!(1))))
        .version(
            "billing",
            "two",
            |manifest| manifest.state_schema = 2,
            |asked| {
                Ok(match asked.context().id.as_str() {
                    "no" => refuse("no"),
                    _ => approve().set("billing.a", json!("second")),
                })
            },
        )
        .carrying("two", |_, facts| {
            let mut facts: Vec<_> = facts.into_iter().map(|fact| (fact.name, "\"carried\"".to_owned())).collect();
            facts.push(("billing.c".to_owned(), "0".to_owned()));
            Ok(facts)
        })
        .stage();
    stage.submit(renewal("e1", DAY));
    let one_way = stage.install("two", Mode::Active).unwrap_err().to_string();
    assert!(one_way.contains("say `--allow one-way`"), "{one_way}");
    let allowed = Install { allow: [Allow::OneWay].into(), ..install("two", Mode::Active) };
    stage.host.install(allowed).unwrap().unwrap();
    assert_eq!(stage.submit(renewal("no", DAY)).outcome, Outcome::Refused);
    assert_eq!(stage.fact("billing.b"), Some(json!(1)));
    stage.submit(renewal("e2", DAY));
    let facts = ["billing.a", "billing.b", "billing.c"].map(|name| stage.fact(name).unwrap());
    assert_eq!(facts, [json!("second"), json!("carried"), json!(0)]);
}

#[test]
fn a_version_without_a_way_back_is_let_in_only_where_somebody_says_so_and_then_stays() {
    let stage = counting(false).stage();
    stage.submit(renewal("e1", DAY));
    let no = stage.install("two", Mode::Active).unwrap_err().to_string();
    assert!(no.contains("dry run of the migration") && no.contains("schema 2 is not known here"), "{no}");
    let allowed = Install { allow: [Allow::OneWay].into(), ..install("two", Mode::Active) };
    stage.host.install(allowed).unwrap().unwrap();
    stage.submit(renewal("e2", DAY));
    let no = stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap_err().to_string();
    assert!(no.contains("cannot read"), "{no}");
    assert_eq!(stage.fact("billing.n"), Some(json!({"count": 2})));
}

#[test]
fn a_migration_that_fails_rolls_the_event_back_and_writes_nothing() {
    let stage = counting(true)
        .carrying("two", |_, facts| {
            // It fails where the customer has counted to three.
            let bad = facts.iter().any(|fact| fact.value == "3");
            if bad {
                Err(traps())
            } else {
                Ok(facts.into_iter().map(|fact| (fact.name, "{\"count\":0}".into())).collect())
            }
        })
        .stage();
    let allowed = Install { allow: [Allow::OneWay].into(), ..install("two", Mode::Active) };
    for id in ["e1", "e2"] {
        stage.submit(renewal(id, DAY));
    }
    stage.host.install(allowed).unwrap().unwrap();
    commit_count(&stage, 3);
    let report = stage.submit(renewal("e4", DAY));
    assert_eq!((report.outcome, stage.fact("billing.n")), (Outcome::RolledBack, Some(json!(3))));
    assert_eq!(report.governors[0].code.as_deref(), Some("unreachable"));
    let receipt = stage.receipt(report.receipt.unwrap());
    assert_eq!(
        (receipt.governors[0].migrated, receipt.governors[0].fuel),
        (Some(1), 10),
        "so that it can be asked again"
    );
    assert_eq!(receipt.read_set.len(), 1);
}

/// Writes a count past the engine, in the first schema.
fn commit_count(stage: &Stage, count: i64) {
    let key = customer("billing.n").key("acme", "c1");
    let mut fact = stage.store.fact(&key).unwrap().unwrap();
    fact.value = syndic_core::fact::Held::Plain(json!(count).into());
    let facts = vec![(key, Some(fact))];
    commit(&stage.store, syndic_core::ports::Commit { facts, ..Default::default() });
}

// ── under traffic ───────────────────────────────────────────────────────────────────────────────────────────────────

/// A governor that says which version it is when it judges, and again when it hears of its effect.
fn signing(name: &'static str) -> impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync {
    move |asked| {
        // What was there already is no write.
        let said = json!(format!("{name} {}", asked.context().id));
        Ok(if asked.is_feedback() {
            approve().set("billing.heard", said)
        } else {
            approve().set("billing.said", said).reversible("hold")
        })
    }
}

#[test]
fn of_a_thousand_swaps_under_traffic_no_event_is_lost_and_none_has_two_versions() {
    let stage = World::new()
        .governor("billing", signing("1.0.0"))
        .version("billing", "two", version("2.0.0"), signing("2.0.0"))
        .stage();
    let room = Bounds { workers: 2, lane_max: 10_000, tenant_max: 40_000, host_max: 40_000, ..Bounds::default() };
    let lanes = Lanes::start(&stage.host, room).unwrap();
    let swapping = AtomicBool::new(true);
    let sent: u64 = std::thread::scope(|scope| {
        let callers: Vec<_> = (0..3)
            .map(|caller| {
                let (lanes, swapping) = (&lanes, &swapping);
                scope.spawn(move || {
                    let mut sent = 0;
                    while sent < 50 || swapping.load(Ordering::SeqCst) {
                        let mut event = renewal(&format!("{caller}-{sent}"), DAY);
                        event["subject"] = json!(format!("c{caller}-{}", sent % 7));
                        let event = Event::from_outside(event.to_string().as_bytes()).unwrap();
                        assert_eq!(lanes.submit(event).unwrap().wait().unwrap().outcome, Outcome::Completed);
                        sent += 1;
                    }
                    sent
                })
            })
            .collect();
        for nth in 0..500 {
            let name = if nth % 2 == 0 { "two" } else { "billing" };
            let allowed = Install { allow: [Allow::Downgrade].into(), ..install(name, Mode::Active) };
            stage.host.install(allowed).unwrap().unwrap();
            if nth % 5 == 4 {
                stage.host.revert(&slot("billing"), &cause()).unwrap().unwrap();
                stage
                    .host
                    .install(Install { allow: [Allow::Downgrade].into(), ..install(name, Mode::Canary(50)) })
                    .unwrap()
                    .unwrap();
                stage.host.promote(&slot("billing"), true, &cause()).unwrap().unwrap();
            }
        }
        swapping.store(false, Ordering::SeqCst);
        callers.into_iter().map(|caller| caller.join().unwrap()).sum()
    });
    lanes.rest().unwrap();
    stage.check_ledger();
    let (mut events, mut versions) = (0, BTreeSet::new());
    for sequence in 1..=stage.store.head().unwrap().frontier.size() {
        let entry = stage.store.receipt(sequence).unwrap().unwrap();
        if entry.kept.key.tenant.is_empty() {
            continue;
        }
        let judged = entry.kept.report.governors[0].version.clone();
        for (name, value) in &entry.kept.writes {
            let said = format!("\"{judged} {}\"", entry.kept.key.id);
            assert_eq!(value.as_deref(), Some(said.as_str()), "{name} of receipt {sequence}");
        }
        assert_eq!(entry.kept.writes.len(), 2);
        versions.insert(judged);
        events += 1;
    }
    assert_eq!((events, versions.len()), (sent, 2), "each event has its receipt, and both versions judged");
}
