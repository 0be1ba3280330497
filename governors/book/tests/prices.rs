//! What the price book says, without a host.
#![allow(clippy::unwrap_used)] // a test that cannot read its own story should stop there

use syndic_book::{BUNDLED_SKUS, Line, Sku, bundled, canonical, nameable, period_from, promise, prorate};
use syndic_sdk::prelude::*;

fn usd(minor_units: i64) -> Money {
    Money { minor_units, currency: Currency::USD }
}

fn plan(name: &str) -> Sku {
    bundled(name).unwrap()
}

fn line(name: &str, cycle: Cycle, seats: u32) -> Line {
    plan(name).line(cycle, seats, None).unwrap()
}

fn time(text: &str) -> Time {
    Time::parse(text).unwrap()
}

/// A plan of a tenant's own book.
fn own(currency: &str, cycle: Cycle, minor_units: i64) -> Sku {
    let currency = currency.parse().unwrap();
    Sku { sku: "own".into(), bundled: false, prices: [(cycle, Money { minor_units, currency })].into(), ..plan("pro") }
}

#[test]
fn a_line_is_rounded_once() {
    assert_eq!(line("starter", Cycle::Annual, 3), Line::Price(usd(97_168))); // 97,167.6
    assert_eq!(line("starter", Cycle::Monthly, 1), Line::Price(usd(2_999)));
    assert_eq!(line("pro", Cycle::ThreeYear, 100_000), Line::Price(usd(25_197_480_000)));
    assert_eq!(line("free", Cycle::TwoYear, 7), Line::Price(usd(0)));
}

#[test]
fn enterprise_costs_what_was_agreed_and_is_never_free() {
    assert_eq!(line("enterprise", Cycle::Annual, 1), Line::ContractOnly);
    let agreed = plan("enterprise").line(Cycle::Annual, 50, Some(usd(1_000_000))).unwrap();
    assert_eq!(agreed, Line::Price(usd(1_000_000)));
}

#[test]
fn another_book_prices_each_cycle_and_sells_no_other() {
    let yearly = own("JPY", Cycle::Annual, 120_000);
    let price = Money { minor_units: 240_000, currency: "JPY".parse().unwrap() };
    assert_eq!(yearly.line(Cycle::Annual, 2, None).unwrap(), Line::Price(price));
    assert_eq!(yearly.line(Cycle::Monthly, 2, None).unwrap(), Line::CycleNotOffered);
    assert!(yearly.offers(Cycle::Annual) && !yearly.offers(Cycle::Monthly));
}

#[test]
fn plans_are_ranked_by_their_month_and_only_within_one_currency() {
    let ranks: Vec<_> = BUNDLED_SKUS.iter().map(|name| plan(name).rank()).collect();
    assert!(ranks.is_sorted());
    assert!(own("USD", Cycle::Annual, 12 * 9_999).rank() == plan("pro").rank());
    assert!(own("USD", Cycle::TwoYear, i64::from(u32::MAX)).rank() < plan("enterprise").rank());
    assert_eq!(own("EUR", Cycle::Monthly, 1).rank().partial_cmp(&plan("pro").rank()), None);
}

#[test]
fn features_are_cumulative_and_limits_as_published() {
    assert_eq!(plan("starter").features, ["community-support", "email-support"]);
    assert_eq!(plan("enterprise").features, ["community-support", "email-support", "sso", "audit-export"]);
    assert_eq!(plan("enterprise").limits["requests"].limit, None);
    assert_eq!(plan("free").limits["concurrent"], Limit { limit: Some(10), hard: true });
    assert!(!plan("pro").limits["requests"].hard);
}

#[test]
fn professional_is_another_name_for_pro() {
    assert_eq!(canonical("professional"), "pro");
    assert_eq!(bundled("professional"), bundled("pro"));
    assert_eq!(bundled("gold"), None);
}

#[test]
fn the_anchor_day_survives_short_months_and_leap_years() {
    let mut start = time("2027-11-30T23:59:59.999Z").plus_days(1); // 31 does not exist in November
    start = start.plus_days(30);
    let mut days = Vec::new();
    for _ in 0..4 {
        start = period_from(start, Cycle::Monthly, 31).1;
        days.push(start.to_string());
    }
    let ends = ["2028-01-31", "2028-02-29", "2028-03-31", "2028-04-30"];
    assert_eq!(days, ends.map(|day| format!("{day}T23:59:59.999Z")));
    let leap_day = time("2028-02-29T00:00:00Z");
    assert_eq!(period_from(leap_day, Cycle::Annual, 29).1, time("2029-02-28T00:00:00Z"));
    assert_eq!(period_from(time("2031-02-28T00:00:00Z"), Cycle::Annual, 29).1, time("2032-02-29T00:00:00Z"));
}

#[test]
fn a_part_of_a_line_is_exact_to_the_millisecond_and_rounds_to_even() {
    let month = time("2026-02-01T00:00:00Z").since(time("2026-01-01T00:00:00Z"));
    assert_eq!(prorate(usd(3_100), month - 1, month).unwrap(), usd(3_100));
    assert_eq!(prorate(usd(3_100), month / 31 * 20, month).unwrap(), usd(2_000));
    assert_eq!(prorate(usd(5), 1, 2).unwrap(), usd(2));
    assert_eq!(prorate(usd(7), 1, 2).unwrap(), usd(4));
    assert_eq!(prorate(usd(7), -5, 2).unwrap(), usd(0));
    assert_eq!(prorate(usd(7), 5, 0).unwrap(), usd(0));
}

#[test]
fn a_plan_is_kept_as_it_was_written() {
    let own: Sku = serde_json::from_value(json!({
        "sku": "gold", "name": "Gold", "status": "published", "vendor_id": "v-1", "commission_bp": 1500,
        "prices": {"monthly": {"minor_units": 5000, "currency": "EUR"}},
        "overage": {"requests": {"minor_units": 100, "currency": "EUR", "per": 1000}},
        "color": "a field nobody knows",
    }))
    .unwrap();
    assert_eq!((own.trial_days, own.bundled, own.requires_approval), (14, false, false));
    let again: Sku = serde_json::from_value(serde_json::to_value(&own).unwrap()).unwrap();
    assert_eq!(again, own);
}

#[test]
fn something_is_more_than_nothing_in_any_currency() {
    assert!(own("EUR", Cycle::Monthly, 1).rank() > plan("free").rank());
    assert!(own("EUR", Cycle::Monthly, 0).rank() < plan("starter").rank());
    assert_eq!(own("EUR", Cycle::Monthly, 0).rank().partial_cmp(&plan("free").rank()), None);
}

#[test]
fn what_costs_more_than_money_can_be_is_no_fault() {
    let moon = own("USD", Cycle::Monthly, syndic_sdk::SAFE_MAX);
    assert_eq!(moon.line(Cycle::Monthly, 1, None).unwrap(), Line::Price(usd(syndic_sdk::SAFE_MAX)));
    assert_eq!(moon.line(Cycle::Monthly, 2, None).unwrap(), Line::BeyondMoney);
}

#[test]
fn a_name_from_outside_fits_into_ours_or_is_never_looked_up() {
    assert!(nameable(&"a".repeat(100)) && nameable("a.b/ä c"));
    assert!(!nameable(&"a".repeat(101)) && !nameable("") && !nameable("a*"));
}

#[test]
fn service_below_its_promise_is_credited_by_started_points_and_capped() {
    let percent = |sku: &str, uptime_ppm| promise(sku).unwrap().credit_percent(uptime_ppm);
    let pro = [1_000_000, 999_000, 998_999, 988_999, 0, -1].map(|uptime_ppm| percent("pro", uptime_ppm));
    assert_eq!(pro, [0, 0, 10, 20, 25, 25]);
    assert_eq!([percent("enterprise", 999_899), percent("starter", 995_000)], [10, 0]);
    assert!(promise("free").is_none() && promise("gold").is_none(), "nothing is promised");
}
