//! A stream is read to its end, whatever is in it: each bad line is told what is wrong with it, and every good one has
//! its outcome.

use serde_json::{Value, json};

use crate::syndic::{Home, NEW_YEAR, code, event, stream, subscribes};

/// The longest line that is read.
const LINE_MAX: usize = 64 * 1024;

fn good() -> Value {
    subscribes("evt-1", "cust-1", json!({"sku": "free"}))
}

/// A good event with one attribute changed; null takes it away.
fn with(name: &str, value: Value) -> String {
    let mut event = good();
    if value.is_null() {
        event.as_object_mut().unwrap().remove(name);
    } else {
        event[name] = value;
    }
    event.to_string()
}

/// A good event with other words in its text.
fn replaced(from: &str, to: &str) -> String {
    let text = good().to_string();
    assert!(text.contains(from), "{text}");
    text.replace(from, to)
}

fn of(kind: &str, data: Value) -> String {
    event("evt-1", NEW_YEAR, kind, "cust-1", data).to_string()
}

/// A payment whose amount is written so.
fn paid(amount: &str) -> String {
    of("PaymentProcessed", json!({"amount": 4711, "idempotency_key": "k"})).replace("4711", amount)
}

/// A good event in a line of so many bytes.
fn of_length(bytes: usize) -> String {
    let short = with("subject", json!("cust-long"));
    format!("{}{short}", " ".repeat(bytes - short.len()))
}

/// Bad lines of one sort: the sentence each is told holds these words.
struct Bad {
    says: &'static str,
    lines: Vec<Vec<u8>>,
}

fn bad<L: Into<Vec<u8>>>(says: &'static str, lines: impl IntoIterator<Item = L>) -> Bad {
    Bad { says, lines: lines.into_iter().map(Into::into).collect() }
}

fn not_json() -> Vec<Bad> {
    let torn = good().to_string();
    vec![
        bad("not JSON", ["nope", "{", "\0\0\0", "{'id':1}", "\u{feff}{}", &torn[..torn.len() / 2]]),
        bad("not JSON", [format!("{torn}{torn}"), format!("{torn} x"), "[".repeat(10_000)]),
        bad("not JSON", [[b"{\"id\":\"\xff\xfe\"}".as_slice(), b"\xc3("].concat(), b"\x80".to_vec()]),
        bad("not JSON", [replaced("evt-1", "evt\u{7}1"), replaced("evt-1", "evt\t1")]),
        bad(
            "not JSON",
            [replaced("evt-1", r"\ud800"), replaced("evt-1", r"\udc00\ud800"), replaced("free", r"\ud83d")],
        ),
        bad("`tenant` appears twice", [replaced(r#""tenant""#, r#""tenant":"birch","tenant""#)]),
        bad("`id` appears twice", [replaced(r#""id""#, r#""\u0069d":"evt-2","id""#)]),
        bad("`sku` appears twice", [replaced(r#""sku""#, r#""sku":"pro","sku""#)]),
        bad("over 65536 bytes", [of_length(LINE_MAX + 1), of_length(5_000_000), "x".repeat(LINE_MAX + 1)]),
    ]
}

fn not_an_event() -> Vec<Bad> {
    let long = "x".repeat(257);
    vec![
        bad("not a CloudEvent", ["null", "7", "[]", "\"evt-1\"", "{}", r#"{"id":"evt-1"}"#]),
        bad("`specversion` must be \"1.0\"", [with("specversion", json!("0.3")), with("specversion", json!("1.0.1"))]),
        bad("`id` is missing", [with("id", Value::Null)]),
        bad("`id` must be 1 to 256 bytes", [with("id", json!("")), with("id", json!(long))]),
        bad("`id` must be text", [with("id", json!(7))]),
        bad("`id` holds a control character", [with("id", json!("a\u{0}b")), with("id", json!("a\u{85}b"))]),
        bad("`source` is missing", [with("source", Value::Null)]),
        bad("`type` is missing", [with("type", Value::Null)]),
        bad("`tenant` is missing", [with("tenant", Value::Null)]),
        bad("`tenant` must be 1 to 256 bytes", [with("tenant", json!(""))]),
        bad("`subject` is missing", [with("subject", Value::Null)]),
        bad("`subject` must be", [with("subject", json!(["a"])), with("subject", json!(""))]),
        bad("`subject` holds a control character", [with("subject", json!("a\nb"))]),
        bad("`time` is missing", [with("time", Value::Null)]),
        bad("`time`", [with("time", json!(1_767_225_600)), with("time", json!("yesterday")), with("time", json!(""))]),
        bad("with a zone", [with("time", json!("2026-01-02T03:04:05")), with("time", json!("2026-01-02"))]),
        bad("RFC 3339", [with("time", json!("2026-02-30T00:00:00Z")), with("time", json!("9999999-01-01T00:00:00Z"))]),
        bad(
            "2000 and 2100",
            [with("time", json!("1999-12-31T23:59:59Z")), with("time", json!("2100-01-01T00:00:00Z"))],
        ),
        bad("`data` is missing", [with("data", Value::Null)]),
        bad("`data` must be an object", [with("data", json!("sku")), with("data", json!([])), with("data", json!(1))]),
        bad("`Bad-Name` is not", [with("Bad-Name", json!("x"))]),
        bad("must be application/json", [with("datacontenttype", json!("text/plain"))]),
        bad("`type` must be `marketplace.CustomerSubscribes`", [with("type", json!("CustomerSubscribes"))]),
        bad("the host alone", [with("source", json!("syndic:billing")), with("source", json!("syndic:"))]),
        bad("the host alone", [of("TimerFired", json!({"name": "t", "due": "2026-01-01T00:00:00Z"}))]),
        bad("the host alone", [of("EffectSettled", json!({"effect": "e", "status": "done"}))]),
    ]
}

fn not_a_payload() -> Vec<Bad> {
    let subscribes = |data| of("CustomerSubscribes", data);
    vec![
        bad("`data.sku` is missing", [subscribes(json!({}))]),
        bad("`data.sku` must be text", [subscribes(json!({"sku": 7})), subscribes(json!({"sku": null}))]),
        bad(
            "`data.seats`",
            [subscribes(json!({"sku": "pro", "seats": "2"})), subscribes(json!({"sku": "pro", "seats": 0}))],
        ),
        bad("`data.trial`", [subscribes(json!({"sku": "pro", "trial": "yes"}))]),
        bad("`data.billing_cycle`", [subscribes(json!({"sku": "pro", "billing_cycle": "weekly"}))]),
        bad(
            "`data.contract_price.minor_units`",
            [subscribes(json!({"sku": "pro", "contract_price": {"minor_units": -1, "currency": "USD"}}))],
        ),
        bad(
            "`data.contract_price.currency`",
            [subscribes(json!({"sku": "pro", "contract_price": {"minor_units": 1, "currency": "usd"}}))],
        ),
        bad("`data.idempotency_key` is missing", [of("PaymentProcessed", json!({"amount": 1}))]),
        bad("`data.amount` must be an integer", [paid("-5"), paid("0"), paid("\"100\""), paid("null"), paid("true")]),
        bad("above 2^53", [paid("9007199254740992"), paid("18446744073709551615")]),
        bad("below −(2^53", [paid("-9007199254740992")]),
        bad("without fraction or exponent", [paid("1.5"), paid("1.0"), paid("1e3"), paid("1E+2"), paid("-0")]),
        bad("not JSON", [paid("1e999"), paid("01"), paid("+1"), paid("NaN")]),
        bad(
            "must be above `data.limit`",
            [of("UsageExceedsQuota", json!({"resource": "requests", "current_usage": 5, "limit": 5}))],
        ),
        bad(
            "`data.period` must be a month",
            [of("UsageReported", json!({"resource": "requests", "quantity": 5, "period": "2026-13"}))],
        ),
    ]
}

/// Good events of as many customers, one after each line.
fn among_good_ones(lines: &[Vec<u8>]) -> Vec<u8> {
    let mut stream = Vec::new();
    for (nth, line) in lines.iter().enumerate() {
        stream.extend_from_slice(line);
        let customer = format!("good-{nth}");
        let event = subscribes(&format!("good-{nth}"), &customer, json!({"sku": "free"}));
        stream.extend_from_slice(format!("\n{event}\n").as_bytes());
    }
    stream
}

#[test]
fn each_bad_line_is_told_what_is_wrong_and_the_good_ones_between_them_complete() {
    let bad: Vec<Bad> = [not_json(), not_an_event(), not_a_payload()].into_iter().flatten().collect();
    let lines: Vec<Vec<u8>> = bad.iter().flat_map(|bad| bad.lines.clone()).collect();
    let says = bad.iter().flat_map(|bad| bad.lines.iter().map(|_| bad.says));
    let told = Home::new().play(among_good_ones(&lines)).exits(0);

    let outcomes = told.of_lines();
    assert_eq!(outcomes.len(), 2 * lines.len());
    for ((nth, pair), says) in outcomes.chunks(2).enumerate().zip(says) {
        let begin: String = String::from_utf8_lossy(&lines[nth]).chars().take(300).collect();
        let [bad, good] = pair else { unreachable!("lines come in pairs") };
        assert_eq!(bad["line"], 2 * nth + 1, "{begin}");
        assert_eq!(
            (&bad["outcome"], &bad["error"]["kind"]),
            (&json!("invalid"), &json!("EventValidationFailed")),
            "{begin}"
        );
        let sentence = bad["error"]["message"].as_str().unwrap();
        assert!(sentence.contains(says) && sentence.len() < 400, "{begin}\nis told: {sentence}\nand not: {says}");
        assert_eq!((&good["line"], &good["outcome"]), (&json!(2 * nth + 2), &json!("completed")), "after {begin}");
    }
    let summary = told.summary();
    assert_eq!([&summary["completed"], &summary["invalid"]], [lines.len(), lines.len()]);
    assert_eq!(summary["events"], 2 * lines.len());
}

#[test]
fn a_kind_that_no_governor_is_assigned_to_is_invalid_and_leaves_no_receipt() {
    let unknown = ["marketplace.CustomerSings", "com.acme.Launch", "Launch"];
    let lines: Vec<String> = unknown.iter().map(|kind| with("type", json!(kind))).collect();
    let told = Home::new().play(lines.join("\n")).exits(0);
    for (line, kind) in (1..).zip(unknown) {
        let outcome = told.line(line);
        assert_eq!((&outcome["outcome"], &outcome["id"]), (&json!("invalid"), &json!("evt-1")));
        assert_eq!(outcome["error"]["kind"], "NoGovernorsAssigned");
        assert_eq!(outcome["error"]["event_type"], kind);
    }
    assert_eq!(told.summary()["receipts"], 0);
}

#[test]
fn a_line_may_be_long_and_its_texts_may_be_anything_that_is_not_a_control_character() {
    let most = "é".repeat(128);
    let mut named = with("id", json!(most));
    named = named.replace("cust-1", "Ünïcode \u{1F600} \\\" ");
    let extended = with("traceparent", json!("00-7b")).replace("evt-1", "evt-2");
    let exact = with("time", json!("2026-01-01T02:00:00.123456789+02:00")).replace("-1\"", "-3\"");
    let told = Home::new().play([of_length(LINE_MAX), named, extended, exact].join("\n")).exits(0);
    assert_eq!(told.outcomes(), ["completed"; 4], "{}", told.out);
}

#[test]
fn blank_lines_count_and_print_nothing_and_any_line_ending_will_do() {
    let event = |n: u32| subscribes(&format!("evt-{n}"), &format!("cust-{n}"), json!({"sku": "free"}));
    let text = format!("\n\r\n{}\r\n   \n\t\r\n{}\n\n{}", event(1), event(2), event(3));
    let told = Home::new().play(text).exits(0);
    let lines: Vec<u64> = told.of_lines().iter().map(|value| value["line"].as_u64().unwrap()).collect();
    assert_eq!(lines, [3, 6, 8]);
    assert_eq!(told.outcomes(), ["completed"; 3]);
    assert_eq!(told.summary()["events"], 3);
}

#[test]
fn strict_is_exit_code_1_unless_every_event_completed() {
    let strict = |events: &[Value]| Home::new().play_with(stream(events), &["--strict"]);
    strict(&[good(), good()]).exits(0);
    let upgrade = json!({"old_sku": "free", "new_sku": "starter"});
    let refused = event("evt-2", NEW_YEAR, "CustomerUpgrades", "cust-2", upgrade);
    assert_eq!(strict(&[good(), refused]).exits(1).outcomes(), ["completed", "refused"]);
    assert_eq!(strict(&[good(), json!("nope")]).exits(1).outcomes(), ["completed", "invalid"]);
}

#[test]
fn an_event_more_than_400_days_ahead_is_refused_unless_it_may_jump() {
    let on = |id: &str, time: &str| event(id, time, "CustomerSubscribes", id, json!({"sku": "free"}));
    let events = [
        on("now", "2026-01-01T00:00:00Z"),
        on("too-far", "2027-02-05T00:00:01Z"),
        on("as-far-as-may-be", "2027-02-05T00:00:00Z"),
        on("late", "2026-01-01T00:00:00Z"),
    ];
    let told = Home::new().play(stream(&events)).exits(0);
    assert_eq!(told.outcomes(), ["completed", "invalid", "completed", "completed"]);
    let error = &told.line(2)["error"];
    assert_eq!(error["kind"], "EventValidationFailed");
    assert!(error["message"].as_str().unwrap().contains("400 days"), "{error}");

    let told = Home::new().play_with(stream(&events), &["--jump"]).exits(0);
    assert_eq!(told.outcomes(), ["completed"; 4]);
}

#[test]
fn a_line_that_is_turned_away_does_not_move_the_clock() {
    let trial = subscribes("evt-1", "cust-1", json!({"sku": "pro", "trial": true}));
    let absurd = event("evt-2", "2026-06-01T00:00:00Z", "PaymentProcessed", "cust-1", json!({"amount": -1}));
    let unrouted = event("evt-3", "2026-06-01T00:00:00Z", "CustomerSings", "cust-1", json!({}));
    let still_january =
        event("evt-4", "2026-01-02T00:00:00Z", "RenewalDue", "cust-1", json!({"subscription_id": "sub-1"}));
    let told = Home::new().play(stream(&[trial, absurd, unrouted, still_january])).exits(0);
    assert_eq!(told.outcomes(), ["completed", "invalid", "invalid", "refused"]);
    assert_eq!(code(&told.line(4)), "not-due");
    assert_eq!(told.summary()["timers"], 0);
}

#[test]
fn an_id_sent_again_is_a_duplicate_and_an_id_used_for_something_else_is_a_violation() {
    let other = with("data", json!({"sku": "pro"}));
    let spaced = good().to_string().replace(':', " : ").replace("2026-01-01T00 : 00 : 00Z", "2026-01-01T00:00:00Z");
    let elsewhere = with("source", json!("/app")).replace("cust-1", "cust-2");
    let of_another = with("tenant", json!("birch"));
    let lines = [good().to_string(), other, good().to_string(), spaced, elsewhere, of_another];
    let told = Home::new().play(lines.join("\n")).exits(0);
    assert_eq!(told.outcomes(), ["completed", "invalid", "completed", "completed", "completed", "completed"]);
    let violation = told.line(2);
    assert_eq!((&violation["id"], &violation["error"]["kind"]), (&json!("evt-1"), &json!("IdempotencyViolation")));
    let first = told.line(1);
    for again in [told.line(3), told.line(4)] {
        assert_eq!((&again["duplicate"], &again["receipt"]), (&json!(true), &first["receipt"]));
        assert_eq!(again["governors"], first["governors"]);
    }
    assert_eq!([&told.line(5)["duplicate"], &told.line(6)["duplicate"]], [false, false]);
    assert_eq!(told.summary()["duplicates"], 2);
}

#[test]
fn a_payment_key_stands_for_one_payment_for_ever() {
    let pay = |id: &str, subject: &str, amount: u64, key: &str| {
        event(
            id,
            "2026-01-02T00:00:00Z",
            "PaymentProcessed",
            subject,
            json!({"amount": amount, "idempotency_key": key}),
        )
    };
    let events = [
        pay("evt-1", "cust-1", 500, "k-1"),
        pay("evt-2", "cust-1", 500, "k-1"),
        pay("evt-3", "cust-1", 501, "k-1"),
        pay("evt-4", "cust-2", 500, "k-1"),
        pay("evt-5", "cust-1", 500, "k-2"),
        pay("evt-3", "cust-1", 501, "k-1"),
    ];
    let home = Home::new();
    let told = home.play(stream(&events)).exits(0);
    assert_eq!(told.outcomes(), ["completed", "completed", "invalid", "invalid", "completed", "invalid"]);
    let (first, again) = (told.line(1), told.line(2));
    assert_eq!((&again["id"], &again["duplicate"]), (&json!("evt-2"), &json!(true)));
    assert_eq!(again["receipt"], first["receipt"]);
    for line in [3, 4, 6] {
        assert_eq!(told.line(line)["error"]["kind"], "IdempotencyViolation", "line {line}");
    }
    assert_eq!(told.line(6)["duplicate"], true);
    assert_eq!(told.summary()["receipts"], 2);
    assert_eq!(home.fact("cust-1", "billing.account")["unapplied"], json!({"USD": 1000}));
}
