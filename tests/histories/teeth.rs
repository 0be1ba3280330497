//! The oracle has teeth: it is fed what must never be, and objects.
//!
//! A sound history is written down by hand, broken in one place at a time, and the promise that is named must be the one
//! that was broken.

use serde_json::{Value, json};
use syndic_core::effect::Way;
use syndic_core::outcome::Opinion;
use syndic_core::ports::{Lineage, Request, Timer, TimerKey};
use syndic_core::{Event, Lane, Outcome, Report, Slot, Time};
use syndic_ledger::sha256;
use syndic_tests::facts::Facts;
use syndic_tests::stage::{Asked, By, Came, Step};

use crate::oracle::causes::MACHINES;
use crate::oracle::once::Once;
use crate::oracle::tables::{ROWS, published};
use crate::oracle::{Oracle, Seen, rest, waits};

const NOW: &str = "2026-03-01T12:00:00Z";

/// A customer who bought a plan and paid: every fact as it should be.
fn sound() -> Vec<(&'static str, Value)> {
    let usd = |minor_units: i64| json!({"minor_units": minor_units, "currency": "USD"});
    vec![
        ("subscription.index", json!({"next": 2, "ids": ["sub-1"]})),
        (
            "subscription.sub.sub-1",
            json!({"id": "sub-1", "sku": "starter", "seats": 1, "cycle": "monthly", "status": "active",
                   "start": NOW, "end": "2026-04-01T12:00:00Z", "anchor_day": 1}),
        ),
        (
            "entitlement.grant.sub-1",
            json!({"sku": "starter", "seats": 1, "status": "active", "expires_at": "2026-04-01T12:00:00Z",
                   "features": ["community-support", "email-support"]}),
        ),
        ("entitlement.features", json!(["community-support", "email-support"])),
        ("shared.access", json!("full")),
        (
            "billing.account",
            json!({"received": {"USD": 2999}, "unapplied": {}, "refunded": {}, "charged_back": {}, "invoices": 1,
                   "entries": 1, "open": [], "past_due": []}),
        ),
        (
            "billing.entry.1",
            json!({"at": NOW, "why": {"event": "CustomerSubscribes", "invoices": ["inv-1"]}, "lines": [
                {"account": "cash", "side": "debit", "amount": usd(2999)},
                {"account": "revenue", "side": "credit", "amount": usd(2999), "invoice": "inv-1"}]}),
        ),
        (
            "billing.invoice.inv-1",
            json!({"id": "inv-1", "number": 1, "status": "paid", "occasion": "subscription", "subscription": "sub-1",
                   "issued_at": NOW, "order_id": "order-1", "tax": usd(0), "gross": usd(2999), "paid": usd(2999),
                   "credited": usd(0), "written_off": usd(0), "captured": usd(2999), "refunded": usd(0),
                   "charged_back": usd(0), "lines": [{"item": "starter", "net": usd(2999), "tax": usd(0), "start": NOW}]}),
        ),
    ]
}

/// One step of a customer, as the stage would tell it.
fn step(kind: &str, data: Value, writes: Vec<(&str, Value)>) -> Step {
    let line = json!({"specversion": "1.0", "id": "e", "source": "/shop", "type": format!("marketplace.{kind}"),
                      "tenant": "acme", "subject": "ann", "time": NOW, "data": data});
    let whose = || ("acme".to_owned(), Some("ann".to_owned()));
    let value = |value: Value| Some(value).filter(|value| !value.is_null());
    let mut report = Report::turned_away("e", syndic_core::Error::invalid("it was not"));
    (report.outcome, report.error) = (Outcome::Completed, None);
    report.governors.push(Opinion {
        slot: Slot::new("billing").unwrap(),
        version: String::new(),
        digest: String::new(),
        verdict: "approve".into(),
        code: None,
        message: None,
        note: None,
        fuel: 0,
    });
    Step {
        sequence: 1,
        by: By::Line,
        event: Event::from_outside(line.to_string().as_bytes()).unwrap(),
        data: line["data"].clone(),
        now: Time::parse(NOW).unwrap(),
        report,
        writes: writes.into_iter().map(|(name, it)| (whose(), name.to_owned(), value(it))).collect(),
    }
}

fn subscribes(writes: Vec<(&str, Value)>) -> Step {
    step("CustomerSubscribes", json!({"sku": "starter", "order_id": "order-1"}), writes)
}

/// What the oracle objects to after the sound beginning and this.
fn objection(steps: Vec<Step>) -> Option<&'static str> {
    let mut oracle = Oracle::default();
    let all = std::iter::once(subscribes(sound())).chain(steps).collect();
    oracle.came(&Came { steps: all, ..Came::default() }).err().map(|objection| objection.promise)
}

/// What it objects to where one member of one fact is otherwise from the beginning.
fn objection_where(fact: &str, pointer: &str, is: Value) -> Option<&'static str> {
    let mut facts = sound();
    let (_, value) = facts.iter_mut().find(|(name, _)| *name == fact).expect("it is a fact of the sound customer");
    *value.pointer_mut(pointer).expect("it has this member") = is;
    let came = Came { steps: vec![subscribes(facts)], ..Came::default() };
    Oracle::default().came(&came).err().map(|objection| objection.promise)
}

#[test]
fn it_has_nothing_against_what_is_sound() {
    assert_eq!(objection(Vec::new()), None);
}

#[test]
fn it_objects_to_one_thing_that_is_wrong() {
    const ONE_ENTRY: &str = "what moves money writes one entry, once and for ever";
    const DEBITS: &str = "the debits of every entry are its credits";
    const SUMS: &str = "a customer's entries, added up, are the account and the invoices";
    let money = |amount: i64| json!(amount);
    let (invoice, entry) = ("billing.invoice.inv-1", "billing.entry.1");
    #[rustfmt::skip]
    let wrong = [
        (invoice, "/gross/minor_units", money(3000), "invoiced = paid + credited + written off + open"),
        (invoice, "/credited/minor_units", money(1), "invoiced = paid + credited + written off + open"),
        (invoice, "/paid/minor_units", money(-1), "invoiced = paid + credited + written off + open"),
        (invoice, "/lines/0/net/minor_units", money(2998), "invoiced = paid + credited + written off + open"),
        (invoice, "/lines/0/net/currency", json!("EUR"), "invoiced = paid + credited + written off + open"),
        (invoice, "/status", json!("open"), "invoiced = paid + credited + written off + open"),
        (invoice, "/refunded/minor_units", money(5), "invoiced = paid + credited + written off + open"),
        (invoice, "/number", json!(2), "legal numbers are gapless per tenant"),
        (invoice, "/number", Value::Null, "legal numbers are gapless per tenant"),
        ("billing.account", "/received/USD", money(3000), "received = paid + unapplied + refunded + charged back"),
        ("billing.account", "/unapplied", json!({"USD": -1}), "received = paid + unapplied + refunded + charged back"),
        ("billing.account", "/open", json!(["inv-1"]), "the account lists what is open and what is past due"),
        ("billing.account", "/entries", json!(2), ONE_ENTRY),
        (entry, "/at", json!("2026-03-01T12:00:01Z"), ONE_ENTRY),
        (entry, "/why/event", json!("RenewalDue"), ONE_ENTRY),
        (entry, "/why/invoices", json!([]), ONE_ENTRY),
        (entry, "/lines", json!([]), ONE_ENTRY),
        (entry, "/lines/0/side", json!("credit"), DEBITS),
        (entry, "/lines/0/amount/minor_units", money(2998), DEBITS),
        (entry, "/lines/0/amount/currency", json!("EUR"), DEBITS),
        (entry, "/lines/1/account", json!("bribes"), DEBITS),
        (entry, "/lines/0/account", json!("receivable"), SUMS),
        (entry, "/lines/0/account", json!("chargebacks"), SUMS),
        (entry, "/lines/1/account", json!("vendor-payable"), SUMS),
        (entry, "/lines/1/account", json!("tax"), SUMS),
        ("shared.access", "", json!("open wide"), "access is full only when nothing stands against it"),
        ("shared.access", "", json!("grace"), "nobody is kept out for nothing"),
        ("entitlement.grant.sub-1", "/status", json!("expired"), "access is full only when nothing stands against it"),
        ("entitlement.grant.sub-1", "/expires_at", json!("2026-02-01T12:00:00Z"), "access is full only when nothing stands against it"),
        ("entitlement.grant.sub-1", "/features", json!(["community-support"]), "features are exactly the plans'"),
        ("entitlement.features", "", json!([]), "features are exactly the plans'"),
        ("subscription.sub.sub-1", "/seats", json!(2), "a period costs what the book says"),
        ("subscription.sub.sub-1", "/status", json!("lapsed"), "what happens is in the published tables"),
    ];
    for (fact, pointer, is, promise) in wrong {
        assert_eq!(objection_where(fact, pointer, is.clone()), Some(promise), "{fact}{pointer} = {is}");
    }
}

#[test]
fn it_objects_to_a_line_without_its_tax() {
    let came = Came { steps: vec![subscribes(sound())], ..Came::default() };
    let promise = Oracle::taxed(1).came(&came).err().map(|objection| objection.promise);
    assert_eq!(promise, None, "a ten-thousandth of 2999 rounds to nothing");
    let promise = Oracle::taxed(2).came(&came).err().map(|objection| objection.promise);
    assert_eq!(promise, Some("every line is taxed, and rounded once"));
}

#[test]
fn it_objects_to_access_while_a_cause_stands() {
    for cause in ["admin", "fraud", "compliance", "payment", "quota"] {
        let full = step("UsageReported", usage(), vec![("shared.suspensions", json!([cause]))]);
        assert_eq!(objection(vec![full]), Some("access is full only when nothing stands against it"), "{cause}");
    }
}

#[test]
fn it_objects_to_a_pause_that_is_over_and_not_seen_to_be_for_a_day() {
    let reads = || vec![("shared.access", json!("read-only")), ("quota-sla.stance", json!({"paused": true}))];
    let later = |hours: i64| {
        let mut later = step("UsageReported", usage(), vec![("quota-sla.rates", json!({}))]);
        later.now = Time::from_ms(later.now.ms() + hours * 3_600_000);
        later
    };
    let paused = || step("SubscriptionChanged", json!({"action": "resume"}), reads());
    assert_eq!(objection(vec![paused(), later(23)]), None);
    assert_eq!(objection(vec![paused(), later(24)]), Some("nobody is kept out for nothing"));
}

#[test]
fn it_objects_to_a_payment_that_lifts_what_is_not_its_own() {
    for cause in ["admin", "fraud", "compliance", "quota"] {
        let blocked = vec![("shared.suspensions", json!([cause])), ("shared.access", json!("blocked"))];
        let blocked = step("ManualSuspension", json!({"reason": "odd"}), blocked);
        let freed = vec![("shared.suspensions", json!([])), ("shared.access", json!("full"))];
        let freed = step("PaymentFailed", json!({"reason": "no"}), freed);
        assert_eq!(objection(vec![blocked, freed]), Some("a payment lifts no cause but its own"), "{cause}");
    }
}

#[test]
fn it_objects_to_what_happens_twice() {
    let pay = |received: i64| {
        let more = received - 2999;
        let account = json!({"received": {"USD": received}, "unapplied": {"USD": more}, "refunded": {},
                             "charged_back": {}, "entries": more + 1, "open": [], "past_due": []});
        let payment = json!({"minor_units": 1, "currency": "USD"});
        let line = |account: &str, side: &str| json!({"account": account, "side": side, "amount": payment});
        let entry = json!({"at": NOW, "why": {"event": "PaymentProcessed", "invoices": []},
                           "lines": [line("cash", "debit"), line("customer-credit", "credit")]});
        let entry_of = if more == 1 { "billing.entry.2" } else { "billing.entry.3" };
        let writes = vec![("billing.account", account), ("billing.payment.k", payment), (entry_of, entry)];
        step("PaymentProcessed", json!({"amount": 1, "idempotency_key": "k"}), writes)
    };
    assert_eq!(objection(vec![pay(3000)]), None);
    assert_eq!(objection(vec![pay(3000), pay(3001)]), Some("one charge per claim key"));
    assert_eq!(
        objection(vec![pay(3002)]),
        Some("money comes in by a payment, a capture or an order, and by nothing else")
    );
}

#[test]
fn it_objects_to_money_that_moves_without_an_entry_and_to_an_order_that_pays_twice() {
    let mut facts = sound();
    facts.retain(|(name, _)| *name != "billing.entry.1");
    facts.iter_mut().filter(|(name, _)| *name == "billing.account").for_each(|(_, it)| it["entries"] = json!(0));
    let came = Came { steps: vec![subscribes(facts)], ..Came::default() };
    let silent = Oracle::default().came(&came).err().map(|objection| objection.promise);
    assert_eq!(silent, Some("a customer's entries, added up, are the account and the invoices"));
    let (_, entry) = sound().remove(6);
    let written_over = step("PaymentFailed", json!({"reason": "no"}), vec![("billing.entry.1", entry)]);
    assert_eq!(objection(vec![written_over]), Some("what moves money writes one entry, once and for ever"));

    let mut once = Once::default();
    let mut promise = |step: &Step| {
        let mut facts = Facts::default();
        let write = |(whose, name, value): &(_, String, Option<Value>)| {
            (Clone::clone(whose), name.clone(), facts.write(Clone::clone(whose), name, value.clone()))
        };
        let changes: Vec<_> = step.writes.iter().map(write).collect();
        let seen = Seen { step, facts: &facts, changes: &changes, calm: true };
        once.check(&seen).err().map(|objection| objection.promise)
    };
    let mut again = subscribes(sound());
    assert_eq!(promise(&again), None);
    again.writes.iter_mut().filter_map(|(.., value)| value.as_mut()).for_each(|it| {
        if it.get("number").is_some() {
            it["number"] = json!(2);
        }
    });
    assert_eq!(promise(&again), Some("an order pays for a plan once"));
}

#[test]
fn it_objects_to_what_the_world_knows_and_the_books_do_not() {
    let asked = |action: &str, body: Value| {
        let request = Request {
            tenant: "acme".into(),
            subject: "ann".into(),
            action: action.into(),
            body: body.into(),
            key: sha256(action.as_bytes()),
            way: Way::Do,
            undoes: None,
            timeout_ms: 2_000,
        };
        Asked { request, accepted: Some(true) }
    };
    let promise = |asked: Vec<Asked>| {
        let came = Came { steps: vec![subscribes(sound())], asked, ..Came::default() };
        Oracle::default().came(&came).err().map(|objection| objection.promise)
    };
    let (amount, key) = (json!({"minor_units": 2999, "currency": "USD"}), sha256(b"authorize-payment").to_string());
    let reserved = || asked("authorize-payment", json!({"amount": amount}));
    let given_back = || asked("void-authorization", json!({"authorization": key}));
    let captured = || asked("capture", json!({"authorization": key, "amount": amount}));
    let refused = || vec![reserved(), Asked { accepted: Some(false), ..given_back() }];
    let told = |void: &Asked| asked("ticket", json!({"about": "void", "key": void.request.key.to_string()}));
    let once = Some("a reservation is captured once or given back");
    let books = Some("the books say what the world did");
    assert_eq!(promise(vec![reserved(), given_back()]), None);
    assert_eq!(promise(vec![reserved()]), once);
    assert_eq!(promise(refused()), once);
    assert_eq!(promise([refused(), vec![told(&given_back())]].concat()), None);
    assert_eq!(promise(vec![reserved(), captured()]), books);
    assert_eq!(promise(vec![asked("refund", json!({"amount": amount}))]), books);
}

#[test]
fn it_objects_to_moves_that_are_in_no_table() {
    let mut oracle = Oracle::default();
    let at = |fact: &str| MACHINES.iter().position(|machine| machine.fact == fact).unwrap();
    let mut promise = |fact: &str, kind: &str, from: Value, to: Value| {
        let moved = oracle.tables.moved(at(fact), "x", (Some(&from), Some(&to)), kind);
        moved.err().map(|objection| objection.promise)
    };
    let (is, state) = (|status: &str| json!({"status": status}), |state: &str| json!({"state": state}));
    let table = Some("what happens is in the published tables");
    assert_eq!(promise("subscription.sub.", "RenewalDue", is("trial"), is("active")), None);
    assert_eq!(promise("subscription.sub.", "PaymentProcessed", is("trial"), is("active")), table);
    assert_eq!(promise("subscription.sub.", "RenewalDue", is("cancelled"), is("active")), table);
    assert_eq!(promise("entitlement.grant.", "PaymentProcessed", is("expired"), is("active")), table);
    assert_eq!(promise("compliance.incident.", "PaymentProcessed", state("blocked"), state("clear")), table);
    let closed = Some("closed states are closed");
    for status in ["void", "credited", "charged-back", "written-off"] {
        assert_eq!(promise("billing.invoice.", "PaymentProcessed", is(status), is("paid")), closed, "{status}");
    }
    assert_eq!(promise("subscription.sub.", "SubscriptionChanged", is("archived"), is("active")), closed);
}

#[test]
fn it_objects_to_an_undone_event_that_changed_something_and_to_a_fault() {
    let refused = |outcome| {
        let mut step = step("UsageReported", usage(), vec![("quota-sla.period", json!({}))]);
        step.report.outcome = outcome;
        step
    };
    assert_eq!(objection(vec![refused(Outcome::RolledBack)]), Some("no governor breaks an event"));
    assert_eq!(objection(vec![refused(Outcome::Refused)]), Some("reports are never refused"));
    let mut request = step("PaymentMethodUpdated", json!({"payment_method": "card"}), vec![("billing.x", json!(1))]);
    request.report.outcome = Outcome::Refused;
    assert_eq!(objection(vec![request]), Some("an undone event changes nothing"));
}

#[test]
fn it_objects_to_waiting_for_ever() {
    let mut facts = Facts::default();
    for (name, value) in sound() {
        facts.write(("acme".to_owned(), Some("ann".to_owned())), name, Some(value));
    }
    let waits = |timers: &[Timer]| waits::have_ends(&facts, timers).err().map(|objection| objection.promise);
    assert_eq!(waits(&[]), Some("every waiting state has an exit that time alone can take"));
    let due = [timer("subscription", "due-sub-1"), timer("entitlement", "due-sub-1")];
    // Two have the plan nobody counted.
    assert_eq!(waits(&due), Some("a plan's subscribers are counted"));
    let later = Time::parse("2028-03-01T12:00:00Z").unwrap();
    let rests = rest::everything_rests(&facts, &[], 0, later, false);
    assert_eq!(rests.err().map(|objection| objection.promise), Some("nothing waits for ever"));
}

#[test]
fn it_reads_every_table_that_is_published() {
    for (machine, rows) in MACHINES.iter().zip(ROWS.iter()) {
        let page = format!("{}/../governors/{}/README.md", env!("CARGO_MANIFEST_DIR"), machine.governor);
        let all = published(&std::fs::read_to_string(page).unwrap());
        let of_page: Vec<_> =
            MACHINES.iter().zip(ROWS.iter()).filter(|(it, _)| it.governor == machine.governor).collect();
        for row in &all {
            assert!(of_page.iter().any(|(_, rows)| rows.contains(row)), "{row:?} of {} is nobody's", machine.governor);
        }
        for closed in machine.closed {
            assert!(rows.iter().all(|(from, ..)| from != closed), "{closed} of {} is left", machine.fact);
        }
    }
}

fn usage() -> Value {
    json!({"resource": "requests", "quantity": 1, "period": "2026-03"})
}

fn timer(slot: &str, name: &str) -> Timer {
    let lane = Lane { tenant: "acme".into(), customer: Some("ann".into()) };
    Timer {
        key: TimerKey { lane, slot: Slot::new(slot).unwrap(), name: name.into() },
        due: Time::parse("2026-04-01T12:00:00Z").unwrap(),
        data: None,
        cause: 1,
        subject: "ann".into(),
        lineage: Lineage::default(),
    }
}
