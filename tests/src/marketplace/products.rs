//! What tenants sell: nine plans in four currencies, and what becomes of them.

use serde_json::{Value, json};
use syndic_core::Time;

use super::DAY;
use crate::dice::Dice;
use crate::facts::{Known, text};

/// A plan a tenant may put into its book.
struct Plan {
    sku: &'static str,
    currency: &'static str,
    month: i64,
    /// Months a year costs; none: no yearly price.
    year: Option<i64>,
    features: &'static [&'static str],
    more: fn() -> Value,
}

fn plain() -> Value {
    json!({})
}

#[rustfmt::skip]
const PLANS: [Plan; 10] = [
    Plan { sku: "euro-s",   currency: "EUR", month: 900,    year: Some(10), features: &["chat"],                 more: plain },
    Plan { sku: "euro-m",   currency: "EUR", month: 2_901,  year: Some(11), features: &["chat", "sso"],          more: plain },
    Plan { sku: "euro-l",   currency: "EUR", month: 7_777,  year: None,     features: &["chat", "sso", "audit"], more: plain },
    Plan { sku: "yen",      currency: "JPY", month: 1_001,  year: Some(10), features: &[],                       more: plain },
    Plan { sku: "yen-more", currency: "JPY", month: 3_003,  year: None,     features: &["more"],                 more: plain },
    Plan { sku: "dinar",    currency: "KWD", month: 12_345, year: None,     features: &["fils"],                 more: plain },
    Plan { sku: "guarded",  currency: "USD", month: 4_200,  year: None,     features: &["vault"],
        more: || json!({"requires_approval": true}) },
    Plan { sku: "metered",  currency: "USD", month: 100,    year: None,     features: &["api"],
        more: || json!({"limits": {"requests": {"limit": 100}, "storage_gb": {"limit": 5, "hard": true}},
                        "overage": {"requests": {"minor_units": 7, "currency": "USD", "per": 10}}}) },
    Plan { sku: "borrowed", currency: "USD", month: 1_999,  year: Some(9),  features: &["theirs"],
        more: || json!({"vendor_id": "v-1", "commission_bp": 1_500, "trial_days": 3}) },
    // The bundled plan, sold otherwise.
    Plan { sku: "starter",  currency: "USD", month: 3_100,  year: None,     features: &["email-support"],        more: plain },
];

/// Names a customer may ask for: some sold by nobody.
#[rustfmt::skip]
pub const SKUS: [(u32, &str); 17] = [
    (6, "free"), (10, "starter"), (12, "pro"), (2, "professional"), (4, "enterprise"), (6, "euro-s"), (6, "euro-m"),
    (4, "euro-l"), (4, "yen"), (3, "yen-more"), (3, "dinar"), (6, "guarded"), (9, "metered"), (8, "borrowed"),
    (1, "nothing"), (1, "a*b"), (1, "Pro"),
];

/// A change of the book: most put a plan on sale, some take it through its life, and some ask for what may not be.
pub fn changed(dice: &mut Dice, book: &Known, now: i64) -> Value {
    let plan = &PLANS[dice.below(PLANS.len())];
    let known = book.get(&format!("product-catalog.sku.{}", plan.sku));
    let status = known.map_or("", |known| text(known, "/status"));
    let next = match status {
        "" | "draft" => dice.weighed(&[(9, "published"), (3, "draft"), (1, "featured"), (1, "archived")]),
        "published" | "featured" => {
            dice.weighed(&[(5, "published"), (4, "featured"), (3, "deprecated"), (1, "draft"), (1, "archived")])
        }
        _ => dice.weighed(&[(5, "archived"), (3, "deprecated"), (1, "published")]),
    };
    // Up a little, down a little, or much at once.
    let percent = dice.weighed(&[(6, 100), (2, 105), (2, 93), (2, 150), (1, 1)]);
    let month = plan.month * percent / 100;
    let mut prices = json!({"monthly": {"minor_units": month, "currency": plan.currency}});
    if let Some(months) = plan.year {
        prices["annual"] = json!({"minor_units": month * months, "currency": plan.currency});
    }
    let mut features: Vec<&str> = plan.features.to_vec();
    if dice.percent(20) {
        features.push("new");
    }
    let mut data = json!({"sku": plan.sku, "name": plan.sku, "status": next, "prices": prices, "features": features});
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), (plan.more)()) {
        data.extend(more);
    }
    if dice.percent(25) {
        let ahead = dice.pick(&[-DAY, 0, 5 * DAY, 31 * DAY, 45 * DAY, 100 * DAY]);
        data["effective_at"] = json!(Time::from_ms(now + ahead).to_string());
    }
    data
}
