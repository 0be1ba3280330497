//! Records to fill stores with.

use serde_json::{Value, json};
use syndic_core::decision::{Effect, Undo};
use syndic_core::effect::Mode;
use syndic_core::fact::Held;
use syndic_core::ports::{
    Act, Again, Answer, CaseCounts, CaseKey, CaseRecord, CaseStatus, Claim, Commit, DeadLetter, DedupRecord, Deferred,
    Entry, Head, Intent, Kept, Lineage, Parked, Poison, PoisonKey, Raised, Reads, Timer, TimerKey, Unfinished, Verb,
    WorkKey, WorkRow, WorkState,
};
use syndic_core::{DedupKey, Fact, FactKey, Lane, Outcome, Report, Slot, Text, Time};
use syndic_ledger::{leaf_hash, sha256};

pub(crate) const NOON: Time = Time::from_ms(1_767_355_200_000);

pub(crate) fn slot(name: &str) -> Slot {
    Slot::new(name).unwrap()
}

pub(crate) fn lane(customer: Option<&str>) -> Lane {
    Lane { tenant: "acme".into(), customer: customer.map(Into::into) }
}

pub(crate) fn event(id: &str) -> DedupKey {
    DedupKey { tenant: "acme".into(), source: "/shop".into(), id: id.into() }
}

pub(crate) fn fact_key(customer: Option<&str>, name: &str) -> FactKey {
    FactKey { tenant: "acme".into(), customer: customer.map(Into::into), name: name.into() }
}

pub(crate) fn fact(value: Value) -> Fact {
    let (value, by, event) = (Held::Plain(value.into()), slot("billing"), "evt-1".into());
    Fact { value, version: 1, receipt: 1, base: 1, by, schema: 1, event, at: NOON }
}

pub(crate) fn timer(customer: Option<&str>, by: &str, name: &str, due: Time) -> Timer {
    let key = TimerKey { lane: lane(customer), slot: slot(by), name: name.into() };
    Timer {
        key,
        due,
        data: Some(json!({"sku": "pro"}).into()),
        cause: 1,
        subject: "cust-1".into(),
        lineage: Lineage::default(),
    }
}

pub(crate) fn effect(id: &str) -> Effect {
    let undo = Undo { action: "void-authorization".into(), body: json!({"invoice": "inv-1"}).into() };
    let body = json!({"invoice": "inv-1"});
    let (action, key) = ("authorize-payment".into(), "inv-1".into());
    Effect { id: id.into(), action, mode: Mode::Reversible, key, body: body.into(), undo: Some(undo) }
}

pub(crate) fn raised(event: &str) -> Raised {
    Raised { event: event.into(), cause: 1, lineage: Lineage::default().raise() }
}

pub(crate) fn deferred(id: &str) -> Deferred {
    let key = sha256(id.as_bytes());
    let lane = lane(Some("cust-1"));
    let subject = "cust-1".into();
    Deferred {
        lane,
        subject,
        slot: slot("billing"),
        effect: effect(id),
        key,
        cause: 1,
        now: NOON,
        lineage: Lineage::default(),
    }
}

pub(crate) fn intent(event: &DedupKey, id: &str) -> Intent {
    let key = sha256(id.as_bytes());
    let event = event.clone();
    let (slot, effect) = (slot("billing"), effect(id));
    Intent { event, slot, effect, key, attempt: 1, answer: None, undoing: false, undone: false }
}

pub(crate) fn answered(event: &DedupKey, id: &str) -> Intent {
    Intent { answer: Some(Answer { accepted: true, body: json!({"authorized": 2999}) }), ..intent(event, id) }
}

pub(crate) fn unfinished(event: &DedupKey) -> Unfinished {
    Unfinished { event: format!("the event {}", event.id), again: Some(again()) }
}

pub(crate) fn report(id: &str) -> Report {
    Report {
        id: id.into(),
        outcome: Outcome::Completed,
        duplicate: false,
        receipt: None,
        state_path: Vec::new(),
        governors: Vec::new(),
        conflicts: Vec::new(),
        effects: Vec::new(),
        error: None,
        case: None,
    }
}

pub(crate) fn dedup(id: &str) -> DedupRecord {
    known(id, NOON, None)
}

/// A dedup record, and the receipt it leads to.
pub(crate) fn known(id: &str, taken: Time, receipt: Option<u64>) -> DedupRecord {
    DedupRecord { hash: sha256(id.as_bytes()), taken, report: Report { receipt, ..report(id) } }
}

pub(crate) fn claim(content: &str, by: &str) -> Claim {
    Claim { content: sha256(content.as_bytes()), event: event(by), receipt: 7 }
}

pub(crate) fn entry(leaf: &str, id: &str, sequence: u64) -> Entry {
    let kept = Kept {
        key: event(id),
        event: format!("the event {id}"),
        now: NOON,
        reads: Vec::new(),
        writes: Vec::new(),
        intents: vec![answered(&event(id), "1")],
        lineage: Lineage::default(),
        report: known(id, NOON, Some(sequence)).report,
        again: (sequence > 1).then(again),
    };
    Entry { leaf: leaf.into(), kept }
}

/// The head after these leaves, all of completed events.
pub(crate) fn head<'a>(leaves: impl IntoIterator<Item = &'a str>) -> Head {
    let mut head = Head::default();
    for leaf in leaves {
        head.frontier.append(leaf_hash(leaf.as_bytes()));
        *head.tally.outcomes.entry(Outcome::Completed).or_default() += 1;
        // Their reports went through no states, as those of acts; so they count as no events.
        head.tally.beyond += 1;
    }
    head
}

/// The receipt that comes next in a store.
pub(crate) fn receipt(store: &dyn Reads, leaf: &str, id: &str) -> (u64, Entry) {
    let sequence = store.head().unwrap().frontier.size() + 1;
    (sequence, entry(leaf, id, sequence))
}

pub(crate) fn parked() -> Parked {
    let remaining = vec![intent(&event("stuck"), "1")];
    Parked { receipt: 1, remaining, meant: Outcome::Refused, error: None, tries: 2, next: Some(NOON) }
}

pub(crate) fn again() -> Again {
    let act = Act { verb: Verb::Resolve { winner: Some(slot("billing")) }, by: "ann".into(), reason: "asked".into() };
    Again { first: 1, act }
}

pub(crate) fn dead_letter() -> DeadLetter {
    DeadLetter { deferred: deferred("mail"), resent: 1 }
}

pub(crate) fn register(register: &str, key: &str) -> (String, String, Option<Text>) {
    (register.into(), key.into(), Some(json!({ "of": key }).into()))
}

pub(crate) fn poison() -> (PoisonKey, Poison) {
    let key = PoisonKey { slot: slot("own"), digest: sha256(b"component"), fingerprint: sha256(b"event") };
    (key, Poison { traps: 2, event: event("evt-1"), receipt: 1 })
}

pub(crate) fn case_key(id: &str) -> CaseKey {
    CaseKey { tenant: "acme".into(), id: id.into() }
}

pub(crate) fn case(status: CaseStatus, due: Option<Time>, data: &str) -> CaseRecord {
    CaseRecord { status, net: "order".into(), due, receipt: 7, state: json!({ "data": data }).into() }
}

pub(crate) fn work_key(case: &str, task: &str, attempt: u32) -> WorkKey {
    WorkKey { case: case_key(case), task: task.into(), attempt }
}

pub(crate) fn work_row(state: WorkState, holder: Option<&str>) -> WorkRow {
    let roles = vec!["picker".into(), "lead".into()];
    WorkRow {
        state,
        roles,
        holder: holder.map(Into::into),
        priority: -3,
        since: NOON,
        late: Some(NOON.plus_ms(60_000)),
    }
}

/// A commit with something in every field, as an event that had raised, waited and asked leaves it.
pub(crate) fn full_commit(store: &dyn Reads) -> Commit {
    Commit {
        facts: vec![
            (fact_key(Some("cust-1"), "billing.account"), Some(fact(json!({"open": ["inv-1"]})))),
            (fact_key(None, "shared.subscribers.pro"), Some(fact(json!(1)))),
        ],
        lane: Some((lane(Some("cust-1")), NOON)),
        timers_set: vec![timer(Some("cust-1"), "billing", "retry", NOON.plus_ms(1000))],
        timer_spent: None,
        raised: vec![raised("first"), raised("second")],
        raised_spent: None,
        outbox: vec![deferred("capture"), deferred("mail")],
        outbox_spent: None,
        accepted: Some((event("accepted"), Some(unfinished(&event("accepted"))))),
        dedup: Some((event("evt-1"), known("evt-1", NOON, Some(1)))),
        receipt: Some(receipt(store, "leaf 1", "evt-1")),
        numbers: vec![("acme".into(), "invoice".into(), 1)],
        claims: vec![("acme".into(), "payment/7".into(), claim("29.99", "evt-1"))],
        blobs: vec![(sha256(b"the event"), b"the event".to_vec())],
        parked: Some((event("stuck"), Some(parked()))),
        dead: Some((1, Some(dead_letter()))),
        poison: vec![(poison().0, Some(poison().1))],
        registers: vec![register("slot", "billing"), register("slot", "own"), register("token", "ada")],
        cases: vec![
            (case_key("order-1"), Some(case(CaseStatus::Running, Some(NOON.plus_ms(1000)), "short"))),
            (case_key("order-2"), Some(case(CaseStatus::Stopped, None, "long"))),
        ],
        works: vec![(work_key("order-1", "T_Pick", 1), Some(work_row(WorkState::Started, Some("ada"))))],
    }
}

/// Everything a full commit leaves is there; used before and after whatever happens to the store.
pub(crate) fn check_full_commit(store: &dyn Reads) {
    assert_eq!(store.head().unwrap(), head(["leaf 1"]));
    let open = store.fact(&fact_key(Some("cust-1"), "billing.account")).unwrap().unwrap();
    assert_eq!(open, fact(json!({"open": ["inv-1"]})));
    assert_eq!(store.facts("acme", None).unwrap(), [("shared.subscribers.pro".into(), fact(json!(1)))]);
    assert_eq!(store.lane_now(&lane(Some("cust-1"))).unwrap(), Some(NOON));
    let timer = timer(Some("cust-1"), "billing", "retry", NOON.plus_ms(1000));
    assert_eq!(store.due(NOON.plus_ms(1000), 9).unwrap(), [timer]);
    assert_eq!(store.timers().unwrap(), 1);
    assert_eq!(store.raised(0, 9).unwrap(), [(1, raised("first")), (2, raised("second"))]);
    assert_eq!(store.deferred(1, 9).unwrap(), [(2, deferred("mail"))]);
    assert_eq!(store.unfinished().unwrap(), [unfinished(&event("accepted"))]);
    assert_eq!(store.dedup(&event("evt-1")).unwrap(), Some(known("evt-1", NOON, Some(1))));
    assert_eq!(store.events_of_id("evt-1").unwrap(), [event("evt-1")]);
    assert_eq!(store.claim("acme", "payment/7").unwrap(), Some(claim("29.99", "evt-1")));
    assert_eq!(store.last_number("acme", "invoice").unwrap(), 1);
    assert_eq!(store.receipt(1).unwrap(), Some(entry("leaf 1", "evt-1", 1)));
    assert_eq!(store.blob(&sha256(b"the event")).unwrap().unwrap(), b"the event");
    assert_eq!(store.parked().unwrap(), [(event("stuck"), parked())]);
    assert_eq!(store.parked_event(&event("stuck")).unwrap(), Some(parked()));
    assert_eq!(store.dead_letters(0, 9).unwrap(), [(1, dead_letter())]);
    assert_eq!(store.poisons().unwrap(), [poison()]);
    assert_eq!(store.poison(&poison().0).unwrap(), Some(poison().1));
    let keys = |after, limit| store.registers("slot", after, limit).unwrap().into_iter().map(|(key, _)| key);
    assert!(keys("", 9).eq(["billing", "own"]) && keys("billing", 9).eq(["own"]) && keys("", 1).eq(["billing"]));
    assert_eq!(store.register("token", "ada").unwrap(), register("token", "ada").2);
    assert_eq!(store.register("slot", "ada").unwrap(), None);
    let running = case(CaseStatus::Running, Some(NOON.plus_ms(1000)), "short");
    let stopped = case(CaseStatus::Stopped, None, "long");
    assert_eq!(store.case(&case_key("order-1")).unwrap(), Some(running.clone()));
    let cases = [(case_key("order-1"), running), (case_key("order-2"), stopped)];
    assert_eq!(store.cases(Some("acme"), None, 9).unwrap(), cases);
    assert_eq!(store.cases_due(NOON.plus_ms(1000), 9).unwrap(), [(NOON.plus_ms(1000), case_key("order-1"))]);
    let (item, row) = (work_key("order-1", "T_Pick", 1), work_row(WorkState::Started, Some("ada")));
    assert_eq!(store.work(&item).unwrap(), Some(row.clone()));
    assert_eq!(store.works_of(&case_key("order-1")).unwrap(), [(item, row)]);
    let counts = CaseCounts { running: 1, stopped: 1, work: 1, ..CaseCounts::default() };
    assert_eq!(store.case_counts().unwrap(), counts);
}
