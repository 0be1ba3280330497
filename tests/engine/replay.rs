//! Judging again: what the ledger keeps is enough to make every decision once more, and to say what another would be.

use crate::world::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use syndic_core::config::SlotConfig;
use syndic_core::decision::Write;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Answer, Called, Commit, Entry, Facts, Failure, FailureClass, GovernorRuntime, Installed, Migrated, NoAnswer,
    Question, Reads, Request,
};
use syndic_core::settle::Said;
use syndic_core::versions::Mode;
use syndic_core::{Decision, Error, Event, FactName, Outcome, Scope, Slot, Text, Time};
use syndic_engine::replay::{Change, Found, Gates, Past, Replayed, Summary, What};
use syndic_engine::{Allow, Cause, Install};
use syndic_ledger::{Hash, Master, sha256};
use syndic_store::MemoryStore;

/// What each amount does in the shop.
const DECLINED: i64 = 16;
const CHECKED: i64 = 15;
const TRAPS: i64 = 14;
const REFUSED: i64 = 13;
const NO_SET: i64 = 17;
const BUSY: i64 = 18;

fn sold() -> FactName {
    FactName { scope: Scope::Tenant, name: "shared.sold".into() }
}

fn amount(asked: &Asked) -> i64 {
    let data: Value = serde_json::from_str(&asked.context().data).unwrap();
    data["amount"].as_i64().unwrap_or_default()
}

/// Counts payments, and what the tenant sold without ever reading that; asks the bank where it has to.
fn clerk(asked: &Asked) -> Result<Decision, Failure> {
    let trap = || Failure { class: FailureClass::Unreachable, reason: "it panicked".into() };
    if let Question::Feedback(_, results) = &asked.question {
        let heard = approve().set("billing.heard", serde_json::from_str(&results[0].body).unwrap());
        return Ok(if asked.accepted() { heard.set("billing.key", json!(results[0].key)) } else { refuse("declined") });
    }
    if asked.context().kind != "PaymentProcessed" {
        return Ok(approve().set("billing.last", json!([asked.context().kind, asked.context().now])));
    }
    let seen = asked.facts.read(&customer("billing.n")).map_err(|_| trap())?;
    let n: i64 = seen.map_or(0, |seen| seen.value.parse().unwrap());
    let counted = approve().set("billing.n", json!(n + 1)).write(Write::Increase { by: 1, fact: sold() });
    Ok(match amount(asked) {
        REFUSED => refuse("unlucky"),
        TRAPS => return Err(trap()),
        CHECKED => counted.check("score").reversible("auth"),
        DECLINED => counted.reversible("declined"),
        NO_SET => approve().write(Write::Add { element: "x".into(), fact: customer("billing.n") }),
        BUSY => {
            counted.mail("m").timer("t", "2026-02-01T00:00:00Z").raise("RenewalDue", json!({"subscription_id": "s"}))
        }
        _ => counted,
    })
}

/// A bank that has something to say, so that it matters which answer is heard.
fn bank(request: &Request) -> Result<Answer, NoAnswer> {
    let body = json!({"of": request.body.value()["id"], "key": request.key.to_string()});
    Ok(Answer { accepted: request.body.value()["id"] != "declined", body })
}

fn shop() -> World {
    World::new()
        .governor("billing", clerk)
        .governor("customer-account", |asked| {
            let seen = asked.facts.read(&customer("billing.n")).ok().flatten();
            Ok(approve().set("customer-account.saw", json!(seen.map(|seen| seen.value))))
        })
        .connector(bank)
}

const AMOUNTS: [i64; 11] = [1, CHECKED, 2, REFUSED, DECLINED, TRAPS, NO_SET, BUSY, 3, CHECKED, 4];

/// A day in the shop: every way there is for a decision to end, and what follows from one.
fn day() -> Stage {
    let stage = shop().stage();
    for (nth, amount) in (0..).zip(AMOUNTS) {
        stage.submit(payment(&format!("e{nth}"), &format!("k{nth}"), amount));
        stage.follow(Some("2026-01-01T00:00:00Z"));
    }
    stage.follow(Some("2026-03-01T00:00:00Z"));
    stage
}

/// Who judges again: governors under the names of those who judged, for another price, or by another engine.
struct Bench {
    governors: Scripted,
    engine: Hash,
    dearer: u64,
    /// Whose calls alone are dearer.
    only: Option<Hash>,
}

impl Bench {
    fn of(world: World) -> Self {
        Self { governors: world.scripted, engine: sha256(b"scripted"), dearer: 0, only: None }
    }
}

impl GovernorRuntime for Bench {
    fn load(&self, slot: &Slot, component: &[u8], limits: &SlotConfig) -> Result<Arc<Installed>, Error> {
        self.governors.load(slot, component, limits)
    }

    fn engine_hash(&self) -> Hash {
        self.engine
    }

    fn call(&self, version: &Installed, limits: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let Called { answer, fuel } = self.governors.call(version, limits, question, facts);
        let is_dearer = self.only.is_none_or(|only| version.digest == only);
        Called { answer, fuel: if is_dearer { fuel + self.dearer } else { fuel } }
    }

    fn migrate(&self, version: &Installed, limits: &SlotConfig, from: u32, facts: Vec<Seen>) -> Migrated {
        self.governors.migrate(version, limits, from, facts)
    }
}

/// What a receipt keeps, with a hand in it.
type Alter<'a> = &'a dyn Fn(u64, &mut Entry);

/// What becomes of kept content; none where it is lost.
type Tamper<'a> = &'a dyn Fn(Hash, &[u8]) -> Option<Vec<u8>>;

/// A copy of a ledger, and of the content that is named here under its digest.
fn copied(stage: &Stage, blobs: &[(Hash, &[u8])], alter: Alter<'_>) -> Arc<dyn Reads> {
    let copy = MemoryStore::new(Master::from_seed(0));
    for sequence in 1..=stage.store.head().unwrap().frontier.size() {
        let mut entry = stage.store.receipt(sequence).unwrap().unwrap();
        alter(sequence, &mut entry);
        copy.commit(Commit { receipt: Some((sequence, entry)), ..Commit::default() }).unwrap();
    }
    let blobs = blobs.iter().map(|(hash, bytes)| (*hash, bytes.to_vec())).collect();
    copy.commit(Commit { blobs, ..Commit::default() }).unwrap();
    Arc::new(copy)
}

/// What stands beside a shop's receipts.
fn content(stage: &Stage) -> Vec<(Hash, Vec<u8>)> {
    let configuration = stage.receipt(1).configuration;
    let components = ["billing", "customer-account"].map(|name| (sha256(name.as_bytes()), name.as_bytes().to_vec()));
    let kept = (configuration, stage.store.blob(&configuration).unwrap().unwrap());
    components.into_iter().chain([kept]).collect()
}

fn whole(stage: &Stage, alter: Alter<'_>) -> Arc<dyn Reads> {
    let content = content(stage);
    let blobs: Vec<(Hash, &[u8])> = content.iter().map(|(hash, bytes)| (*hash, bytes.as_slice())).collect();
    copied(stage, &blobs, alter)
}

fn with_past<T>(reads: Arc<dyn Reads>, bench: &Bench, judge: impl FnOnce(&Past<'_>) -> T) -> T {
    judge(&Past::new(reads, bench, &Master::from_seed(0), &|| 0, 2))
}

fn replay(reads: &Arc<dyn Reads>, bench: &Bench) -> Vec<Replayed> {
    with_past(Arc::clone(reads), bench, |past| {
        let mut told = Vec::new();
        let size = past.size().unwrap();
        past.replay_all(1..=size, |replayed| {
            assert_eq!(past.replay(replayed.sequence)?.as_ref(), Some(&replayed), "by itself it shows the same");
            told.push(replayed);
            Ok::<_, syndic_core::ports::StoreError>(())
        })
        .unwrap();
        told
    })
}

/// The receipts that differ, each with the first difference.
fn differences(reads: &Arc<dyn Reads>, bench: &Bench) -> Vec<(u64, &'static str, What)> {
    let told = replay(reads, bench);
    let named = told.iter().filter_map(|replayed| {
        let (_, difference) = replayed.difference()?;
        Some((replayed.sequence, difference.call.name(), difference.what.clone()))
    });
    named.collect()
}

fn receipt_of(stage: &Stage, id: &str) -> u64 {
    let size = stage.store.head().unwrap().frontier.size();
    (1..=size).find(|sequence| stage.receipt(*sequence).event.is_some_and(|event| event.id == id)).unwrap()
}

#[test]
fn every_decision_is_made_again_from_what_is_kept_beside_its_receipt() {
    let stage = day();
    let told = replay(&whole(&stage, &|_, _| {}), &Bench::of(shop()));
    assert_eq!(told.len(), AMOUNTS.len() + 3, "what was raised, what settled, and a timer");
    let bad = receipt_of(&stage, "e6");
    for replayed in &told {
        for part in &replayed.parts {
            let expected = match (replayed.sequence == bad, part.slot.as_str()) {
                (true, "billing") => Found::EqualFuel,
                _ => Found::Equal,
            };
            assert_eq!(part.found, expected, "receipt {}, {}: {}", replayed.sequence, part.slot, part.said);
        }
    }
    let fuel = |id: &str| told[receipt_of(&stage, id) as usize - 1].parts[0].fuel;
    assert_eq!(["e0", "e1", "e3", "e4"].map(fuel), [100, 300, 100, 200], "feedback is asked for as often as then");
}

#[test]
fn what_is_not_as_it_was_is_named() {
    let stage = day();
    let second = receipt_of(&stage, "e1");
    let alike = Bench::of(shop());
    let named = |alter: Alter<'_>| {
        let found = differences(&whole(&stage, alter), &alike).into_iter().find(|(sequence, ..)| *sequence == second);
        let (_, call, what) = found.expect("it is different");
        (call, what.kind(), what.to_string())
    };
    #[rustfmt::skip]
    let table: [(&str, &str, &str, Alter<'_>); 8] = [
        ("evaluate", "value", "fact `billing.n` was read as receipt 1 wrote it, and that is kept, and is not",
            &|sequence, entry| if sequence == 1 { entry.kept.writes[0].1 = Some(Text::from(json!(7))) }),
        ("evaluate", "value", "fact `billing.n` was read as receipt 1 wrote it, and that is not kept any more",
            &|sequence, entry| if sequence == 1 { entry.kept.writes.clear() }),
        ("evaluate", "value", "and that is kept, and is not what its hash says",
            &|_, entry| entry.kept.reads.iter_mut().for_each(|read| read.version += 1)),
        ("evaluate", "read", "it reads fact `billing.n`, which nobody read then",
            &|_, entry| entry.kept.reads.clear()),
        ("evaluate", "event", "the event is kept, and is not what the receipt commits to",
            &|_, entry| entry.kept.event = entry.kept.event.replace("\"k1\"", "\"k9\"")),
        ("feedback-after-checks", "answer", "the answer to effect `billing/score` is kept, and is not",
            &|_, entry| for intent in &mut entry.kept.intents {
                intent.answer = intent.answer.take().map(|answer| Answer { body: json!({}), ..answer });
            }),
        ("feedback-after-checks", "answer", "the answer to effect `billing/score` is not kept any more",
            &|_, entry| entry.kept.intents.clear()),
        ("feedback-after-reversible", "answer", "the answer to effect `billing/auth` is not kept any more",
            &|_, entry| entry.kept.intents.truncate(1)),
    ];
    for (call, kind, says, alter) in table {
        let (found_call, found_kind, sentence) = named(alter);
        assert_eq!((found_call, found_kind), (call, kind), "{sentence}");
        assert!(sentence.contains(says), "{sentence}");
    }
    let late = whole(&stage, &|_, entry| entry.kept.now = entry.kept.now.plus_ms(1));
    let kinds: Vec<&str> = differences(&late, &alike).iter().map(|(.., what)| what.kind()).collect();
    assert_eq!(kinds, ["output"; 3], "what was raised, what settled and the timer say when they were judged");
}

#[test]
fn a_component_or_configuration_that_is_gone_or_another_is_named() {
    let stage = day();
    let content = content(&stage);
    let first = |changed: Tamper<'_>| {
        let kept: Vec<(Hash, Vec<u8>)> =
            content.iter().filter_map(|(hash, bytes)| Some((*hash, changed(*hash, bytes)?))).collect();
        let blobs: Vec<(Hash, &[u8])> = kept.iter().map(|(hash, bytes)| (*hash, bytes.as_slice())).collect();
        let reads = copied(&stage, &blobs, &|_, _| {});
        let (sequence, call, what) = differences(&reads, &Bench::of(shop())).remove(0);
        assert_eq!((sequence, call), (1, "evaluate"));
        what.to_string()
    };
    let (clerk, rules) = (sha256(b"billing"), stage.receipt(1).configuration);
    let gone = |digest: Hash| first(&|hash, bytes| (hash != digest).then(|| bytes.to_vec()));
    let other = |digest: Hash| first(&|hash, bytes| Some(if hash == digest { b"{}".to_vec() } else { bytes.to_vec() }));
    assert_eq!(gone(clerk), format!("component sha256:{clerk} is not kept any more"));
    assert_eq!(other(clerk), format!("component sha256:{clerk} is kept, and is not what its hash says"));
    assert_eq!(gone(rules), format!("configuration sha256:{rules} is not kept any more"));
    assert_eq!(other(rules), format!("configuration sha256:{rules} is kept, and is not what its hash says"));
}

#[test]
fn another_answer_another_fuel_and_another_engine_are_told_apart() {
    let stage = day();
    let reads = whole(&stage, &|_, _| {});
    let first = |bench: Bench| differences(&reads, &bench).into_iter().next().map(|(.., what)| what);
    let says = |say: fn(&Asked) -> Result<Decision, Failure>| Bench::of(shop().governor("billing", say));
    let verdict = What::Verdict { then: "approve".into(), now: "refuse closed".into() };
    assert_eq!(first(says(|_| Ok(refuse("closed")))), Some(verdict.clone()));
    assert_eq!(first(says(|asked| Ok(approve().set("billing.n", json!(asked.context().id))))), Some(What::Output));
    let dearer = || Bench { dearer: 1, ..Bench::of(shop()) };
    let fuel = What::Fuel { then: 100, now: 101 };
    assert_eq!(first(dearer()), Some(fuel.clone()));
    let other = sha256(b"another engine");
    let engine = What::Engine { then: sha256(b"scripted"), now: other, and: Box::new(fuel) };
    assert_eq!(first(Bench { engine: other, ..dearer() }), Some(engine), "it explains the rest");
    assert_eq!(
        first(Bench { engine: other, ..Bench::of(shop()) }),
        None,
        "where nothing else differs, neither does it"
    );
}

#[test]
fn what_the_clock_stopped_and_what_nobody_was_asked_are_not_repeated() {
    let slow = || Failure { class: FailureClass::Deadline, reason: "250 ms".into() };
    let world = || shop().governor("billing", move |_| Err(slow()));
    let stage = world().stage();
    stage.submit(payment("e1", "k1", 1));
    stage.submit(event("e2", "CustomerUpgrades", "2026-01-01T00:00:00Z", json!({"old_sku": "a", "new_sku": "b"})));
    let reads = whole(&stage, &|_, _| {});
    let told = replay(&reads, &Bench::of(world()));
    let found: Vec<&Found> = told.iter().flat_map(|replayed| &replayed.parts).map(|part| &part.found).collect();
    assert_eq!(found, [&Found::Stopped, &Found::Equal, &Found::NotAsked]);
    let summary = backtest(&reads, &Bench::of(world()), "billing", "billing", None);
    assert_eq!((summary.decisions, summary.compared()), (1, 0));
    assert_eq!(summary.not_comparable.get("deadline"), Some(&1));
}

// ── back-tests ──────────────────────────────────────────────────────────────────────────────────────────────────────

fn backtest(reads: &Arc<dyn Reads>, bench: &Bench, slot: &str, component: &str, last: Option<u64>) -> Summary {
    let candidate = bench.load(&self::slot(slot), component.as_bytes(), &SlotConfig::default()).unwrap();
    with_past(Arc::clone(reads), bench, |past| past.backtest(&candidate, last).unwrap())
}

/// Has a script judge what a slot's governor decided.
fn tried(
    stage: &Stage,
    slot: &str,
    last: Option<u64>,
    script: impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync + 'static,
) -> Summary {
    let only = Some(sha256(b"candidate"));
    let bench = Bench { dearer: 50, only, ..Bench::of(shop().version(slot, "candidate", |_| {}, script)) };
    backtest(&whole(stage, &|_, _| {}), &bench, slot, "candidate", last)
}

fn changes(summary: &Summary) -> Vec<(Change, u64)> {
    summary.changes.iter().map(|(change, count)| (*change, *count)).collect()
}

#[test]
fn a_candidate_that_decides_alike_differs_nowhere_and_its_fuel_is_compared() {
    let summary = tried(&day(), "billing", None, clerk);
    assert_eq!((summary.decisions, summary.same, summary.different()), (14, 14, 0));
    assert_eq!(summary.fuel.map(|fuel| fuel.median), Some(1.5));
    let gates = Gates { different_max: Some(0), fuel_ratio_max: Some(1.5), ..Gates::default() };
    assert_eq!(gates.check(&summary), Ok(()));
    let dear = Gates { fuel_ratio_max: Some(1.4), ..gates }.check(&summary).unwrap_err();
    assert_eq!(dear, "it burns 1.500 times the fuel in the median, and 1.4 times is allowed");
}

/// Approves the unlucky amount, refuses 3, refers 4, traps on 2, and says more of 1 and in the end.
fn newcomer(asked: &Asked) -> Result<Decision, Failure> {
    match (asked.context().kind.as_str(), amount(asked)) {
        ("PaymentProcessed", 1) => Ok(clerk(asked)?.set("billing.first", json!(true))),
        ("PaymentProcessed", 2) => Err(Failure { class: FailureClass::OutOfFuel, reason: "it burnt all".into() }),
        ("PaymentProcessed", 3) => Ok(refuse("three")),
        ("PaymentProcessed", 4) => Ok(refer("four")),
        ("PaymentProcessed", REFUSED) => Ok(approve()),
        ("TimerFired", _) => Ok(approve().set("billing.last", json!("late"))),
        _ => clerk(asked),
    }
}

#[test]
fn the_first_of_each_difference_is_shown_with_the_decision_as_it_was() {
    let stage = day();
    let summary = tried(&stage, "billing", None, newcomer);
    let expected = [
        (Change::Failed, 1),
        (Change::Refused, 1),
        (Change::Referred, 1),
        (Change::Approved, 1),
        (Change::Otherwise, 2),
    ];
    assert_eq!((changes(&summary), summary.same), (expected.to_vec(), 8));
    let ids: Vec<&str> = summary.firsts.iter().map(|first| first.id.as_str()).collect();
    assert_eq!(ids, ["e2", "e8", "e10", "e3", "e0"], "the gravest comes first, and of each the first");
    let approved = &summary.firsts[3];
    assert_eq!((approved.sequence, approved.then.words.as_str()), (receipt_of(&stage, "e3"), "refuse unlucky"));
    assert_eq!(approved.then.said, Ok(Said::Decided(refuse("unlucky"))));
    assert_eq!(approved.now, Said::Decided(approve()));
    let gate = Gates { different_max_percent: Some(40.0), ..Gates::default() };
    assert_eq!(gate.check(&summary).unwrap_err(), "42.86 % of 14 decisions differ, and 40 % may");
}

#[test]
fn effects_are_answered_as_they_were_and_one_that_nobody_asked_for_is_not_guessed_at() {
    let stage = day();
    let other_key = |asked: &Asked| {
        let mut decision = clerk(asked)?;
        decision.effects.iter_mut().for_each(|effect| effect.body = json!({"id": "other"}).into());
        Ok(decision)
    };
    let summary = tried(&stage, "billing", None, other_key);
    assert_eq!(changes(&summary), [(Change::Otherwise, 4)], "two checks, one decline, one mail");
    let first = &summary.firsts[0];
    assert_eq!((first.id.as_str(), first.unanswered.as_deref()), ("e1", Some("billing/score")));

    let careless = |asked: &Asked| if asked.is_feedback() { Ok(approve()) } else { clerk(asked) };
    let summary = tried(&stage, "billing", None, careless);
    assert_eq!(
        changes(&summary),
        [(Change::Approved, 1), (Change::Otherwise, 2)],
        "it hears the same, and does not care"
    );
}

/// Of another slot: refuses unless the facts it reads are what they were at that event's turn. The recorded governor of
/// the slot never read the tenant's fact, and nobody ever did.
fn doubter(reads: &'static [&'static str]) -> impl Fn(&Asked) -> Result<Decision, Failure> + Send + Sync + 'static {
    move |asked| {
        let fact = |name: &str| match name {
            "shared.sold" => asked.facts.read(&sold()).ok().flatten().map(|seen| (seen.version, seen.value)),
            name => asked.facts.read(&customer(name)).ok().flatten().map(|seen| (seen.version, seen.value)),
        };
        let before: u64 = asked.context().id[1..].parse().unwrap_or_default();
        let expected = (before > 0).then(|| (before, before.to_string()));
        let wrong = reads.iter().find(|name| fact(name) != expected);
        Ok(wrong.map_or_else(approve, |name| refuse(if *name == "shared.sold" { "sold" } else { "counted" })))
    }
}

fn payments(many: usize) -> Stage {
    let stage = World::new()
        .governor("billing", clerk)
        .governor("customer-account", |_| Ok(approve().set("customer-account.n", json!(1))))
        .stage();
    for nth in 0..many {
        let line = payment(&format!("e{nth}"), &format!("k{nth}"), 100).to_string();
        let report = stage.host.submit(Event::from_outside(line.as_bytes()).unwrap()).unwrap();
        assert_eq!(report.outcome, Outcome::Completed);
    }
    stage
}

#[test]
fn what_a_candidate_reads_beyond_is_as_it_was_at_that_place_of_the_ledger() {
    let stage = payments(1_500);
    let all = tried(&stage, "customer-account", None, doubter(&["billing.n", "shared.sold"]));
    assert_eq!((all.decisions, &all.firsts[0].now), (1_500, &Said::Decided(approve())));
    assert_eq!(changes(&all), [(Change::Otherwise, 1_500)], "it writes nothing, and says so of every one");

    let last = tried(&stage, "customer-account", Some(20), doubter(&["billing.n"]));
    assert_eq!((last.receipts, last.decisions), ((1_481, 1_500), 20));
    assert_eq!(
        changes(&last),
        [(Change::Otherwise, 20)],
        "who wrote it first had read it, and so leads to what was before"
    );
}

/// An event is dear to whoever meets it first, and every call takes a little longer or shorter, as on a real machine.
#[test]
fn versions_that_are_equally_fast_are_as_fast_as_each_other_whoever_is_asked_first() {
    let stage = payments(400);
    let time = Arc::new(AtomicU64::new(0));
    let takes = |who: &'static str| {
        let (time, met, dice) = (Arc::clone(&time), Mutex::new(BTreeSet::new()), AtomicU64::new(who.len() as u64));
        move |asked: &Asked| {
            let first = met.lock().unwrap().insert(asked.context().id.clone());
            let rolled = dice.fetch_add(1, Ordering::SeqCst).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            time.fetch_add(if first { 5_000 } else { 1_000 } + rolled % 300, Ordering::SeqCst);
            Ok(approve().set("customer-account.n", json!(1)))
        }
    };
    let world = shop().governor("customer-account", takes("recorded"));
    let bench = Bench::of(world.version("customer-account", "candidate", |_| {}, takes("candidate")));
    let candidate = bench.load(&slot("customer-account"), b"candidate", &SlotConfig::default()).unwrap();
    let stopwatch = move || time.load(Ordering::SeqCst);
    let reads = whole(&stage, &|_, _| {});
    let past = Past::new(reads, &bench, &Master::from_seed(0), &stopwatch, 1).backtest(&candidate, None).unwrap();
    let ratio = past.time.unwrap();
    assert!(ratio.of == 400 && (0.995..=1.005).contains(&ratio.median), "{ratio:?}");
}

/// The first receipt of the walk stepped the fact without reading it, so nothing tells what was there before; from then
/// on it is known again.
#[test]
fn what_cannot_be_known_is_not_compared() {
    let stage = payments(30);
    let last = tried(&stage, "customer-account", Some(20), doubter(&["shared.sold"]));
    assert_eq!((last.decisions, last.compared()), (20, 19));
    assert_eq!(last.not_comparable.get("unknown"), Some(&1));
    let (receipt, what) = last.not_comparable_first.clone().unwrap();
    assert_eq!((receipt, what), (11, What::Unknown { fact: sold() }));
    assert_eq!(changes(&last), [(Change::Otherwise, 19)]);
    let nothing = tried(&stage, "customer-account", Some(1), doubter(&["shared.sold"]));
    let gates = Gates { different_max: Some(1_000), ..Gates::default() };
    assert!(gates.check(&nothing).unwrap_err().contains("nothing speaks for it"));
}

// ── facts that were carried over ────────────────────────────────────────────────────────────────────────────────────

/// A clerk that counts in a number, and one that counts in a document and carries the number over, if it can.
fn counting(can: &Arc<AtomicBool>) -> World {
    let count = |asked: &Asked, documents: bool| {
        let seen = asked.facts.read(&customer("billing.n")).ok().flatten();
        let n: Value = seen.map_or(json!(0), |seen| serde_json::from_str(&seen.value).unwrap());
        let n = if documents { n["count"].as_i64() } else { n.as_i64() }.unwrap_or(0) + 1;
        approve().set("billing.n", if documents { json!({"count": n}) } else { json!(n) })
    };
    let can = Arc::clone(can);
    World::new()
        .governor("billing", move |asked| Ok(count(asked, false)))
        .version("billing", "two", |manifest| manifest.state_schema = 2, move |asked| Ok(count(asked, true)))
        .carrying("two", move |_, facts| {
            let no = || Failure { class: FailureClass::Unreachable, reason: "it panicked".into() };
            let carried = |fact: Seen| (fact.name, format!("{{\"count\":{}}}", fact.value));
            if can.load(Ordering::SeqCst) { Ok(facts.into_iter().map(carried).collect()) } else { Err(no()) }
        })
}

#[test]
fn what_was_carried_over_from_another_schema_is_carried_over_again_and_so_is_a_failure_to() {
    let day = "2026-01-01T00:00:00Z";
    for (works, fuel) in [(true, 110), (false, 10)] {
        let can = Arc::new(AtomicBool::new(true));
        let stage = counting(&can).stage();
        stage.submit(renewal("before", day));
        let at = Time::parse(day).unwrap();
        let cause = Cause { by: "ann".into(), reason: "it is better".into(), at, id: None };
        let (component, allow) = (b"two".to_vec(), [Allow::OneWay].into());
        let install = Install {
            slot: slot("billing"),
            component,
            signature: None,
            mode: Mode::Active,
            backtest: None,
            allow,
            cause,
        };
        stage.host.install(install).unwrap().unwrap();
        can.store(works, Ordering::SeqCst);
        stage.submit(renewal("first", day));
        stage.submit(renewal("second", day));
        let first = receipt_of(&stage, "first");
        let part = stage.receipt(first).governors.remove(0);
        assert_eq!((part.migrated, part.fuel), (Some(1), fuel));
        let reads = Arc::clone(&stage.store) as Arc<dyn Reads>;
        for replayed in replay(&reads, &Bench::of(counting(&can))) {
            assert_eq!(replayed.difference(), None, "receipt {}", replayed.sequence);
        }
        let old = backtest(&reads, &Bench::of(counting(&can)), "billing", "billing", None);
        let two = backtest(&reads, &Bench::of(counting(&can)), "billing", "two", None);
        let [old, two] = [old, two].map(|summary| (summary.same, summary.not_comparable.get("schema").copied()));
        match works {
            true => {
                assert_eq!((old, two), ((1, Some(1)), (2, Some(1))), "who did not migrate left the other facts unnamed")
            }
            false => assert_eq!((old.0, two), (1, (2, Some(1)))),
        }
    }
}
