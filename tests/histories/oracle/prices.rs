//! What a period costs: the book's price, or the contract's, computed once more and otherwise.

use serde_json::Value;
use syndic_tests::facts::{Known, int, list, text};

use super::books::amount;
use super::{Held, Seen, hold};

const PROMISE: &str = "a period costs what the book says";

/// Cents a month of the bundled plans.
const BUNDLED: [(&str, i128); 3] = [("free", 0), ("starter", 2_999), ("pro", 9_999)];

/// Cycles: months, and how much less than the month's price the bundled book asks for them.
const CYCLES: [(&str, i128, i128); 4] =
    [("monthly", 1, 0), ("annual", 12, 10), ("two-year", 24, 20), ("three-year", 36, 30)];

pub fn check(seen: &Seen<'_>, tax_bp: u32) -> Held {
    for (id, before, after) in seen.changed("billing.invoice.") {
        let Some(invoice) = after.filter(|_| before.is_none()) else { continue };
        for line in list(invoice, "/lines") {
            let (net, tax) = (amount(line, "net"), amount(line, "tax"));
            let wanted = half_even(i128::from(net) * i128::from(tax_bp), 10_000);
            hold!(
                "every line is taxed, and rounded once",
                i128::from(tax) == wanted,
                "{id}: {tax} on {net}, not {wanted}"
            );
        }
        if !["subscription", "renewal", "reactivation"].contains(&text(invoice, "/occasion")) {
            continue;
        }
        let Some(sub) = seen.known().get(&format!("subscription.sub.{}", text(invoice, "/subscription"))) else {
            return super::broken(PROMISE, format!("{id} is for no subscription"));
        };
        // Who has a plan by a cycle that is not offered any more goes on at the price in force.
        let renews = text(invoice, "/occasion") != "subscription";
        let wanted = price(seen.facts.tenant(&seen.step.event.tenant), sub);
        let lines = list(invoice, "/lines");
        let found = lines.first().map(|line| amount(line, "net"));
        hold!(
            PROMISE,
            lines.len() == 1 && (wanted == found || renews && wanted.is_none()),
            "{id} charges {found:?}, the book says {wanted:?} for {sub}"
        );
    }
    Ok(())
}

/// The price of one period of a subscription; none where nobody sells it so.
pub fn price(book: &Known, sub: &Value) -> Option<i64> {
    if let Some(agreed) = sub.get("contract_price").filter(|agreed| !agreed.is_null()) {
        return Some(int(agreed, "/minor_units"));
    }
    let (sku, cycle, seats) = (text(sub, "/sku"), text(sub, "/cycle"), i128::from(int(sub, "/seats")));
    // A bundled plan whose change still waits for its day is written down as it is sold until then.
    let own = book.get(&format!("product-catalog.sku.{sku}"));
    if let Some(own) = own.filter(|own| own.get("bundled") != Some(&Value::Bool(true))) {
        let price = own.pointer(&format!("/prices/{cycle}/minor_units"))?.as_i64()?;
        return i64::try_from(i128::from(price) * seats).ok();
    }
    let (_, month) = BUNDLED.iter().find(|(name, _)| *name == sku)?;
    let (_, months, less) = CYCLES.iter().find(|(name, ..)| *name == cycle)?;
    i64::try_from(half_even(month * months * seats * (100 - less), 100)).ok()
}

/// Rounded once, half to even.
pub fn half_even(numerator: i128, denominator: i128) -> i128 {
    let (whole, rest) = (numerator.div_euclid(denominator), numerator.rem_euclid(denominator));
    let up = match (rest * 2).cmp(&denominator) {
        std::cmp::Ordering::Less => false,
        std::cmp::Ordering::Equal => whole % 2 != 0,
        std::cmp::Ordering::Greater => true,
    };
    whole + i128::from(up)
}

#[test]
fn three_annual_starter_seats_cost_97168() {
    let sub = serde_json::json!({"sku": "starter", "cycle": "annual", "seats": 3});
    assert_eq!(price(&Known::new(), &sub), Some(97_168));
}
