//! What a person reads who was woken for an invoice.

use serde_json::{Value, json};
use syndic_api::FactLine;
use syndic_cli::facts;
use syndic_cli::paint::Paint;

const HASH: &str = "e4bf2a3e40dc84608e72e5c00592fd27b9375d301da079aadb8ccf0b4aa35831";

fn fact(name: &str, value: Value) -> FactLine {
    let (by, event, at) = ("billing".into(), "evt-1".into(), "2026-01-02T03:04:05Z".into());
    FactLine { name: name.into(), version: 2, value, by, event, at }
}

fn usd(minor_units: i64) -> Value {
    json!({"currency": "USD", "minor_units": minor_units})
}

/// An invoice as billing keeps it: partly paid, and authorised for the rest.
fn invoice() -> FactLine {
    let line = |item: &str, net: i64, tax: i64| json!({"item": item, "net": usd(net), "tax": usd(tax), "start": "2026-01-02T03:04:05Z", "end": "2026-02-02T03:04:05Z"});
    let mut value = json!({
        "id": "inv-1", "number": 17, "status": "open", "occasion": "change", "subscription": "sub-1",
        "issued_at": "2026-01-02T03:04:05Z", "payment_method": "card", "authorization": HASH, "authorized": usd(24_997),
        "lines": [line("starter", -7_931, 0), line("business", 37_928, 700)],
    });
    for (name, units) in
        [("gross", 30_697), ("tax", 700), ("paid", 5_000), ("credited", 700), ("written_off", 0), ("captured", 0)]
    {
        value[name] = usd(units);
    }
    fact("billing.invoice.inv-1", value)
}

#[track_caller]
fn reads(fact: FactLine, expected: &str) {
    let told = facts::documents(&[fact], Paint { colours: false });
    let body: Vec<&str> = told.lines().skip(2).map(|line| line.strip_prefix("  ").unwrap_or(line)).collect();
    assert_eq!(body, expected.lines().collect::<Vec<_>>(), "\n{told}");
}

#[test]
fn an_invoice_says_where_it_stands_what_it_asks_and_what_is_owed() {
    let told = facts::documents(&[invoice()], Paint { colours: false });
    assert_eq!(
        told,
        "\
billing.invoice.inv-1
version 2, written by billing at 2026-01-02T03:04:05Z for evt-1
  id              inv-1
  number          17
  status          open
  authorization   e4bf2a3e…
  occasion        change
  payment_method  card
  subscription    sub-1
  issued_at       2026-01-02T03:04:05Z
  gross           306.97 USD
  tax               7.00 USD
  paid             50.00 USD
  credited          7.00 USD
  written_off       0.00 USD
  open            249.97 USD
  authorized      249.97 USD
  captured          0.00 USD
  lines
    item      start                 end                          net       tax
    starter   2026-01-02T03:04:05Z  2026-02-02T03:04:05Z  -79.31 USD  0.00 USD
    business  2026-01-02T03:04:05Z  2026-02-02T03:04:05Z  379.28 USD  7.00 USD"
    );
}

#[test]
fn a_list_says_what_each_fact_comes_to_and_fits_a_screen() {
    let told = facts::list(&[
        fact("billing.account", json!({"received": {"USD": 5_000, "JPY": 300}, "open": ["inv-1"], "refunded": {}})),
        fact(&format!("billing.capture.{HASH}"), json!({"invoice": "inv-1"})),
        invoice(),
        fact("compliance.hold", json!([])),
        fact("quota-sla.limits", json!({"requests": {"hard": false, "limit": 1_000}, "seats": {"hard": true}})),
        fact("shared.access", json!("full")),
    ]);
    let lines: Vec<&str> = told.lines().map(str::trim_end).collect();
    assert_eq!(
        lines[2..],
        [
            " billing.account                   2   open inv-1, received 300 JPY, 50.00 USD",
            " billing.capture.e4bf2a3e…         2   invoice inv-1",
            " billing.invoice.inv-1             2   open, open 249.97 USD, gross 306.97 USD, tax 7.00 USD, paid…",
            " compliance.hold                   2   none",
            " quota-sla.limits                  2   requests (limit 1000), seats (hard)",
            " shared.access                     2   full",
        ]
    );
}

#[test]
fn money_is_written_as_its_currency_is() {
    let price = |minor_units: i64, currency: &str| json!({"minor_units": minor_units, "currency": currency});
    let overage = json!({"requests": {"minor_units": 15, "currency": "EUR", "per": 1_000}});
    let prices = json!({"annual": price(29_990, "JPY"), "monthly": price(2_999, "KWD"), "two-year": price(5, "EUR")});
    reads(
        fact("product-catalog.sku.team", json!({"name": "Team", "prices": prices, "overage": overage, "limits": {}})),
        "\
name    Team
limits  none
overage
  requests  0.15 EUR per 1000
prices
  annual    29990 JPY
  monthly   2.999 KWD
  two-year   0.05 EUR",
    );
}

#[test]
fn several_things_under_one_name_each_are_a_table_and_what_does_not_fit_one_is_indented() {
    reads(
        fact("quota-sla.limits", json!({"requests": {"hard": false, "limit": 1_000}, "seats": {"hard": true}})),
        "\
\x20         hard   limit
requests  false  1000
seats     true",
    );
    reads(
        fact("stranger.deep", json!([{"id": "a", "of": {"b": {"c": [1, 2]}}}, {"id": "d", "of": [[3], [4]]}])),
        "\
- id  a
  of
    b
      c  1, 2
- id  d
  of
    - 3
    - 4",
    );
}

#[test]
fn whatever_a_fact_holds_its_lines_fit_a_screen_and_move_no_cursor() {
    let mut deep = json!({"word": "w".repeat(300), "text": "so many words ".repeat(40)});
    for level in 0..60 {
        deep = json!({ format!("level-{level}-{}", "n".repeat(level)): deep, "esc": "\u{1b}[2J\r\n" });
    }
    let wide: Vec<Value> =
        (0..3).map(|nth| json!({"id": nth, "reason": "r".repeat(90), "by": "b".repeat(90)})).collect();
    for value in
        [deep, json!(wide), json!("x".repeat(5_000)), json!(-9_007_199_254_740_991_i64), Value::Null, json!({})]
    {
        let name = format!("stranger.{}", "long-".repeat(60));
        let told = [
            facts::documents(&[fact(&name, value.clone())], Paint { colours: false }),
            facts::list(&[fact(&name, value)]),
        ];
        for line in told.iter().flat_map(|told| told.lines()) {
            assert!(line.chars().count() <= 100, "{} columns: {line}", line.chars().count());
            assert!(!line.chars().any(char::is_control), "{line}");
        }
    }
}

#[test]
fn a_fact_is_found_by_its_name_by_how_it_begins_and_by_what_the_list_shows_of_it() {
    let capture = format!("billing.capture.{HASH}");
    let names = ["billing.invoice.inv-1", "billing.invoice.inv-10", capture.as_str()];
    let found = |name: &str| -> Vec<String> {
        let all = names.map(|name| fact(name, Value::Null)).into();
        facts::named(all, name).into_iter().map(|fact| fact.name).collect()
    };
    assert_eq!(found("billing.invoice.inv-1"), ["billing.invoice.inv-1"]);
    assert_eq!(found("billing.invoice"), ["billing.invoice.inv-1", "billing.invoice.inv-10"]);
    assert_eq!(found("billing.capture.e4bf2a3e…"), [capture.as_str()]);
    assert!(found("invoice").is_empty());
}
