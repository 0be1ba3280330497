//! A governor that wants what is not its own: facts it did not declare, other customers', other tenants', other slots'.
//!
//! The component tries one thing per event; the last two digits of the event's id say which. What it reads it shouts
//! out: into the log, and into a fact. It sits in the slot `compliance` and judges reports, which nobody else minds.

use serde_json::{Value, json};

use crate::guest::{APPROVE, Guest, words};
use crate::syndic::{Home, NEW_YEAR, Told, event, event_of, stream, text};

/// What others have, what the customer has and the spy did not declare, and what it may read.
const SECRET: &str = "SECRET-7f3a";
const PRIVATE: &str = "PRIVATE-7f3a";
const OPEN: &str = "OPEN-7f3a";

/// Where in memory the attempts are listed, where an answer of `read` lies, and where texts begin. See [`crate::guest`].
const ATTEMPTS: u32 = 5_000;
const ANSWER: u32 = 9_000;
const TEXTS: u32 = 10_000;
/// What the manifest says it reads: a list, and where that is told.
const READS: u32 = 1_400;
const READS_AT: u32 = 1_048;

/// The number of the attempt: the last two digits of the event's id, whose address and length are the first parameters.
const NTH: &str = "(i32.add
    (i32.mul (i32.const 10) (i32.sub (i32.load8_u (i32.sub (i32.add (local.get 0) (local.get 1)) (i32.const 2))) (i32.const 48)))
    (i32.sub (i32.load8_u (i32.sub (i32.add (local.get 0) (local.get 1)) (i32.const 1))) (i32.const 48)))";

/// Memory that is written to from the beginning on.
struct Memory {
    data: String,
    end: u32,
}

impl Memory {
    fn new() -> Self {
        Self { data: String::new(), end: TEXTS }
    }

    fn bytes(&mut self, bytes: &[u8]) -> [u32; 2] {
        let begin = self.end;
        let escaped: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        self.data.push_str(&format!("(data (i32.const {begin}) \"{escaped}\")"));
        self.end += u32::try_from(bytes.len()).unwrap();
        [begin, u32::try_from(bytes.len()).unwrap()]
    }

    fn at(&mut self, place: u32, words_there: &[u32]) {
        self.data.push_str(&format!("(data (i32.const {place}) \"{}\")", words(words_there)));
    }

    /// The manifest says that these are read: scope (0 customer, 1 tenant) and name.
    fn declare(&mut self, reads: &[(u32, &str)]) {
        let list: Vec<u32> = reads
            .iter()
            .flat_map(|(scope, name)| {
                let [at, length] = self.bytes(name.as_bytes());
                [*scope, at, length, 0]
            })
            .collect();
        self.at(READS, &list);
        self.at(READS_AT, &[READS, u32::try_from(reads.len()).unwrap()]);
    }
}

fn component(memory: &Memory, evaluate: &str) -> Vec<u8> {
    Guest { kind: "PaymentFailed", evaluate, more: &memory.data, ..Guest::default() }.build()
}

/// What becomes of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gets {
    /// What is its own.
    Own,
    /// Nothing is there.
    Nothing,
    /// The event is rolled back, and the governor is told off with this class.
    Error(&'static str),
}

const UNDECLARED: Gets = Gets::Error("undeclared-read");
const BAD: Gets = Gets::Error("bad-answer");

/// A customer whose facts hold a marker in every way a payload can put it there.
fn marked(tenant: &str, subject: &str, marker: &str) -> Vec<Value> {
    let on =
        |id: &str, kind: &str, data: Value| event_of(tenant, &format!("{subject}-{id}"), NEW_YEAR, kind, subject, data);
    vec![
        on("1", "CustomerSubscribes", json!({"sku": "plum", "payment_method": format!("card-{marker}")})),
        on("2", "ManualSuspension", json!({"reason": marker, "cause": "fraud"})),
        on("3", "ManualSuspension", json!({"reason": marker, "cause": "admin"})),
        on("4", "PaymentProcessed", json!({"amount": 7, "idempotency_key": format!("{subject}-paid")})),
    ]
}

/// A tenant that sells a plum.
fn sells(tenant: &str, marker: &str) -> Value {
    let prices = json!({"monthly": {"minor_units": 100, "currency": "USD"}});
    let product = json!({"sku": "plum", "name": marker, "status": "published", "prices": prices});
    event_of(tenant, "plum", NEW_YEAR, "ProductChanged", "catalogue", product)
}

/// Three customers: the one the spy is asked about, another of the same tenant, and one of the same name elsewhere.
fn street() -> Home {
    let mut events = vec![sells("acme", PRIVATE), sells("birch", SECRET)];
    events.extend(marked("acme", "mallory", PRIVATE));
    events.extend(marked("acme", "victim", SECRET));
    events.extend(marked("birch", "mallory", SECRET));
    let card = json!({"payment_method": format!("card-{OPEN}")});
    events.push(event("open", NEW_YEAR, "PaymentMethodUpdated", "mallory", card));
    let home = Home::new();
    assert!(home.play(stream(&events)).exits(0).outcomes().iter().all(|outcome| outcome == "completed"));
    for (tenant, whom) in [("acme", "victim"), ("birch", "mallory"), ("birch", "")] {
        assert!(json!(home.facts_of(tenant, whom)).to_string().contains(SECRET));
    }
    home
}

/// Plays every attempt for `mallory` of `acme`, and compares what became of each.
#[track_caller]
fn check(home: &Home, component: &[u8], expected: &[(String, Gets)]) -> Told {
    let attempt =
        |nth: usize| event(&format!("try-{nth:02}"), NEW_YEAR, "PaymentFailed", "mallory", json!({"reason": "no"}));
    let events: Vec<Value> = (0..expected.len()).map(attempt).collect();
    let told = home.play_with_governor(stream(&events), "compliance", component).exits(0);
    for ((attempt, gets), line) in expected.iter().zip(told.of_lines()) {
        let Gets::Error(class) = gets else {
            assert_eq!((&line["outcome"], &line["error"]), (&json!("completed"), &Value::Null), "{attempt}: {line}");
            continue;
        };
        assert_eq!(line["outcome"], "rolled-back", "{attempt}: {line}");
        let error = &line["error"];
        assert_eq!((&error["kind"], &error["governor"]), (&json!("GovernorError"), &json!("compliance")), "{attempt}");
        assert!(text(&error["message"]).contains(class), "{attempt}: {error}");
        assert!(
            text(&error["message"]).len() < 5_000,
            "a sentence, however long the name: {}",
            text(&error["message"]).len()
        );
    }
    told
}

/// A spy that reads, with what it declares.
fn reading(declares: &[(u32, &str)], attempts: &[(u32, Vec<u8>, Gets)]) -> (Vec<u8>, Vec<(String, Gets)>) {
    let mut memory = Memory::new();
    memory.declare(declares);
    for (nth, (scope, name, _)) in (0..).zip(attempts) {
        let [at, length] = memory.bytes(name);
        memory.at(ATTEMPTS + 12 * nth, &[*scope, at, length]);
    }
    let [loot, loot_length] = memory.bytes(b"compliance.loot");
    memory.at(ANSWER + 104, &[0, 0, 0, loot, loot_length, 0, 0]);
    let evaluate = format!(
        "(local $attempt i32)
         (local.set $attempt (i32.add (i32.const {ATTEMPTS}) (i32.mul (i32.const 12) {NTH})))
         (call $read (i32.load (local.get $attempt)) (i32.load offset=4 (local.get $attempt))
            (i32.load offset=8 (local.get $attempt)) (i32.const {ANSWER}))
         (if (i32.load8_u (i32.const {ANSWER})) (then
            (call $log (i32.const 3) (i32.load offset=24 (i32.const {ANSWER})) (i32.load offset=28 (i32.const {ANSWER})))
            (i32.store offset=124 (i32.const {ANSWER}) (i32.load offset=24 (i32.const {ANSWER})))
            (i32.store offset=128 (i32.const {ANSWER}) (i32.load offset=28 (i32.const {ANSWER})))
            (i32.store (i32.const 280) (i32.const {}))
            (i32.store (i32.const 284) (i32.const 1))))
         {APPROVE}",
        ANSWER + 104
    );
    let expected = attempts.iter().map(|(scope, name, gets)| {
        let name: String = String::from_utf8_lossy(name).chars().take(60).collect();
        (format!("{} {name:?}", ["customer", "tenant"][*scope as usize]), *gets)
    });
    (component(&memory, &evaluate), expected.collect())
}

/// Names that mean somebody else's fact to whoever joins names with separators, or trusts their form.
fn foreign_names() -> Vec<Vec<u8>> {
    let whole = [
        "victim",
        "acme{}victim",
        "birch{}mallory",
        "..{}victim",
        "..{}..{}birch{}mallory",
        "{}acme{}victim",
        "tenant:birch",
    ];
    let separators = ["/", "\0", ".", ":", "|", "\u{1f}", "\u{ff}", "\\", "//"];
    let mut names = Vec::new();
    for separator in separators {
        for form in whole {
            names.push(format!("{}{separator}billing.account", form.replace("{}", separator)).into_bytes());
        }
    }
    names
}

/// The same, behind a beginning that the spy may read.
fn disguised_names() -> Vec<Vec<u8>> {
    foreign_names().into_iter().map(|name| [b"billing.".to_vec(), name].concat()).collect()
}

#[test]
fn a_governor_reads_what_it_declared_and_nothing_else_of_its_own_customer() {
    let customer = |name: &str, gets: Gets| (0, name.as_bytes().to_vec(), gets);
    let tenant = |name: &str| (1, name.as_bytes().to_vec(), UNDECLARED);
    let mut attempts = vec![
        customer("billing.account", Gets::Own),
        customer("compliance.incident.fraud", UNDECLARED),
        customer("subscription.sub.sub-1", UNDECLARED),
        customer("shared.access", UNDECLARED),
        customer("shared.suspensions", UNDECLARED),
        customer("", UNDECLARED),
        customer("*", UNDECLARED),
        customer("billing", UNDECLARED),
        customer("Billing.account", UNDECLARED),
        customer(" billing.account", UNDECLARED),
        customer("\0billing.account", UNDECLARED),
        customer("billing.", Gets::Nothing),
        customer("billing.*", Gets::Nothing),
        customer("billing.account\0", Gets::Nothing),
        customer("billing.account/", Gets::Nothing),
        customer("billing.accoun", Gets::Nothing),
        customer(&format!("billing.{}", "a".repeat(60_000)), Gets::Nothing),
        tenant("billing.account"),
        tenant("product-catalog.sku.plum"),
        tenant("shared.subscribers.plum"),
        tenant(""),
        (0, b"billing.\xff\xfe".to_vec(), BAD),
    ];
    attempts.extend(foreign_names().into_iter().map(|name| (0, name, UNDECLARED)));
    let home = street();
    let (component, expected) = reading(&[(0, "billing.*")], &attempts);
    let told = check(&home, &component, &expected);
    let heard = told.out.clone() + &told.err;
    assert!(heard.contains(OPEN), "it shouts what it may read: {}", told.err);
    assert!(!heard.contains(SECRET) && !heard.contains(PRIVATE), "{heard}");
    let loot = home.fact("mallory", "compliance.loot").to_string();
    assert!(loot.contains(OPEN) && !loot.contains(SECRET) && !loot.contains(PRIVATE), "{loot}");
}

#[test]
fn a_governor_that_declares_everything_sees_nobody_but_its_own_customer_and_tenant() {
    let mut attempts = vec![
        (0, b"billing.account".to_vec(), Gets::Own),
        (1, b"product-catalog.sku.plum".to_vec(), Gets::Own),
        (1, b"product-catalog.sku.plum\0".to_vec(), Gets::Nothing),
        (1, b"billing.account".to_vec(), Gets::Nothing),
        (0, b"*".to_vec(), Gets::Nothing),
        (0, Vec::new(), Gets::Nothing),
    ];
    attempts.extend(disguised_names().into_iter().map(|name| (0, name, Gets::Nothing)));
    let mut of_tenant = vec![(0, b"billing.account".to_vec(), Gets::Own)];
    of_tenant.extend(foreign_names().into_iter().map(|name| (1, name, Gets::Nothing)));
    for attempts in [attempts, of_tenant] {
        let home = street();
        let (component, expected) = reading(&[(0, "*"), (1, "*")], &attempts);
        let told = check(&home, &component, &expected);
        let (heard, kept) = (told.out.clone() + &told.err, json!(home.facts("mallory")).to_string());
        assert!(heard.contains(OPEN) && !heard.contains(SECRET), "{heard}");
        assert!(kept.contains(PRIVATE) && !kept.contains(SECRET), "{kept}");
        for receipt in told.of_lines().iter().map(|line| line["receipt"].to_string()) {
            let shown = home.run(&["receipt", "show", &receipt, "--json"]).exits(0).out;
            assert!(!shown.contains(SECRET), "{shown}");
        }
    }
}

/// Something a governor wants written. Texts are laid out when the component is made.
enum Wants<'a> {
    Set(u32, &'a str, &'a str),
    Add(u32, &'a str, &'a str),
    Remove(u32, &'a str, &'a str),
    Increase(u32, &'a str, i32),
    Stand(u32, &'a str, Option<&'a str>),
    Number(&'a str, u32, &'a str),
    Claim(&'a str, &'a str),
}

impl Wants<'_> {
    /// As the canonical ABI lays it out: which sort, then from the ninth byte on what it needs.
    fn words(&self, memory: &mut Memory) -> Vec<u32> {
        let mut text = |text: &str| memory.bytes(text.as_bytes());
        match *self {
            Self::Set(scope, name, value) => [&[0, 0, scope][..], &text(name), &text(value)].concat(),
            Self::Add(scope, name, element) => [&[1, 0, scope][..], &text(name), &text(element)].concat(),
            Self::Remove(scope, name, element) => [&[2, 0, scope][..], &text(name), &text(element)].concat(),
            Self::Increase(scope, name, by) => {
                [&[3, 0, scope][..], &text(name), &[0, by.cast_unsigned(), if by < 0 { u32::MAX } else { 0 }]].concat()
            }
            Self::Stand(scope, name, None) => [&[4, 0, scope][..], &text(name), &[0, 0, 0]].concat(),
            Self::Stand(scope, name, Some(value)) => [&[4, 0, scope][..], &text(name), &[1], &text(value)].concat(),
            Self::Number(series, scope, name) => {
                [&[5, 0][..], &text(series), &[scope], &text(name), &text("/number")].concat()
            }
            Self::Claim(key, content) => [&[6, 0][..], &text(key), &text(content)].concat(),
        }
    }
}

fn writing(attempts: &[(Wants<'_>, Gets)]) -> (Vec<u8>, Vec<(String, Gets)>) {
    let mut memory = Memory::new();
    memory.declare(&[(0, "billing.*")]);
    for (nth, (wants, _)) in (0..).zip(attempts) {
        let words = wants.words(&mut memory);
        memory.at(ATTEMPTS + 40 * nth, &words);
    }
    let evaluate = format!(
        "(i32.store (i32.const 280) (i32.add (i32.const {ATTEMPTS}) (i32.mul (i32.const 40) {NTH})))
         (i32.store (i32.const 284) (i32.const 1))
         {APPROVE}"
    );
    let expected = (0..).zip(attempts).map(|(nth, (_, gets))| (format!("write {nth}"), *gets));
    (component(&memory, &evaluate), expected.collect())
}

/// All facts of everybody, tenants too.
fn everything(home: &Home) -> Vec<(String, Value)> {
    let whose = [("acme", "mallory"), ("acme", "victim"), ("acme", ""), ("birch", "mallory"), ("birch", "")];
    let facts = whose.iter().map(|(tenant, whom)| (format!("{whom}@{tenant}"), home.facts_of(tenant, whom)));
    facts
        .flat_map(|(whose, facts)| facts.into_iter().map(move |(name, value)| (format!("{whose} {name}"), value)))
        .collect()
}

#[test]
fn a_governor_writes_no_name_of_another_slot_nor_of_a_tenant_nor_one_that_is_no_name() {
    let long = format!("compliance.{}", "a".repeat(150_000));
    let attempts = [
        (Wants::Set(0, "billing.account", "{}"), BAD),
        (Wants::Set(0, "entitlement.features", "[\"sso\"]"), BAD),
        (Wants::Set(0, "multi-tenant.isolation", "null"), BAD),
        (Wants::Set(0, "loot", "1"), BAD),
        (Wants::Set(0, "", "1"), BAD),
        (Wants::Set(0, "compliance", "1"), BAD),
        (Wants::Set(0, "compliance.", "1"), BAD),
        (Wants::Set(0, "compliance.*", "1"), BAD),
        (Wants::Set(0, "compliance.a\0b", "1"), BAD),
        (Wants::Set(0, "compliance\0.a", "1"), BAD),
        (Wants::Set(0, "compliances.a", "1"), BAD),
        (Wants::Set(0, "Compliance.a", "1"), BAD),
        (Wants::Set(0, "../compliance.a", "1"), BAD),
        (Wants::Set(0, "victim/compliance.a", "1"), BAD),
        (Wants::Set(0, &long, "1"), BAD),
        (Wants::Set(0, "shared.", "1"), BAD),
        (Wants::Set(0, "shared.access", "\"full\""), BAD),
        (Wants::Set(0, "shared.suspensions", "[]"), BAD),
        (Wants::Set(1, "compliance.a", "1"), BAD),
        (Wants::Set(1, "product-catalog.sku.pro", "null"), BAD),
        (Wants::Set(1, "shared.subscribers.pro", "0"), BAD),
        (Wants::Increase(1, "multi-tenant.load.2026-01.requests", 1), BAD),
        (Wants::Increase(0, "billing.account", 1), BAD),
        (Wants::Increase(0, "shared.access", 1), BAD),
        (Wants::Add(0, "billing.account", "x"), BAD),
        (Wants::Add(0, "shared.access", "full"), BAD),
        (Wants::Stand(0, "billing.account", Some("full")), BAD),
        (Wants::Stand(0, "shared.access", Some("fullest")), BAD),
        (Wants::Stand(0, "shared.suspensions", Some("full")), BAD),
        (Wants::Number("invoice", 0, "billing.invoice.inv-1"), BAD),
        (Wants::Number("invoice", 0, "compliance.incident.fraud"), BAD),
        (Wants::Claim("", "1"), BAD),
        (Wants::Claim("a\0b", "1"), BAD),
    ];
    let home = street();
    let before = everything(&home);
    let (component, expected) = writing(&attempts);
    check(&home, &component, &expected);
    assert_eq!(everything(&home), before, "nothing of it is kept, of anybody");
}

#[test]
fn a_governor_withdraws_nothing_that_another_slot_stands_for_and_takes_no_claim_that_is_taken() {
    let attempts = [
        (Wants::Remove(0, "shared.suspensions", "admin"), Gets::Nothing),
        (Wants::Stand(0, "shared.access", Some("full")), Gets::Nothing),
        (Wants::Stand(0, "shared.access", None), Gets::Nothing),
        (Wants::Set(0, "compliance./../billing.account", "\"a name like any other\""), Gets::Nothing),
    ];
    let home = street();
    let (component, expected) = writing(&attempts);
    check(&home, &component, &expected);
    assert_eq!(home.fact("mallory", "shared.suspensions"), json!(["admin", "fraud"]));
    assert_eq!(home.fact("mallory", "shared.access"), "blocked", "customer-account stands for it still");

    let home = street();
    let before = everything(&home);
    let (component, _) = writing(&[(Wants::Claim("payment:victim-paid", "{\"subject\":\"mallory\"}"), Gets::Nothing)]);
    let attempt = event("try-00", NEW_YEAR, "PaymentFailed", "mallory", json!({"reason": "no"}));
    let told = home.play_with_governor(stream(&[attempt]), "compliance", &component).exits(0);
    let line = told.line(1);
    assert_eq!(
        (&line["outcome"], &line["error"]["kind"]),
        (&json!("invalid"), &json!("IdempotencyViolation")),
        "{line}"
    );
    assert_eq!(everything(&home), before);
}

/// Claims and shared counters have no owner: a tenant's governors are trusted with each other's. Whoever installs one
/// should know.
#[test]
fn a_claim_is_whose_it_is_first_and_a_shared_counter_is_stepped_by_anybody() {
    let attempts = [
        (Wants::Claim("payment:next", "{}"), Gets::Nothing),
        (Wants::Increase(1, "shared.subscribers.plum", -1), Gets::Nothing),
    ];
    let home = street();
    let (component, expected) = writing(&attempts);
    check(&home, &component, &expected);
    let paid = json!({"amount": 9, "idempotency_key": "next"});
    let pays = |id: &str, tenant: &str| event_of(tenant, id, NEW_YEAR, "PaymentProcessed", "victim", paid.clone());
    let told = home.play(stream(&[pays("pay-1", "acme"), pays("pay-2", "birch")])).exits(0);
    assert_eq!(told.outcomes(), ["invalid", "completed"], "it is taken in its own tenant, and in no other");
    assert_eq!(told.line(1)["error"]["kind"], "IdempotencyViolation");
    let counted = |tenant: &str| json!(home.facts_of(tenant, "")).to_string();
    assert!(counted("acme").contains(r#"["shared.subscribers.plum",1]"#), "{}", counted("acme"));
    assert!(counted("birch").contains(r#"["shared.subscribers.plum",1]"#), "{}", counted("birch"));
}
