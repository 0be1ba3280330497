//! A month of a small marketplace, made up from a seed.
//!
//! Three tenants, a few hundred customers, every kind of lifecycle event, and the accidents of real life: cards that
//! are declined, a provider that does not answer, webhooks that come twice, an id used for two things, a line that is
//! no event. The same seed makes the same month, byte for byte, for ever; that is why its dice are in this file.

use serde_json::{Value, json};
use syndic_core::Time;

/// 2026-01-01T00:00:00Z, when the month begins.
const BEGIN_MS: i64 = 1_767_225_600_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

const TENANTS: [&str; 3] = ["acme", "birch", "cobalt"];

/// SplitMix64 (Steele, Lea, Flood 2014): small, and the same on every machine and in every year.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.roll() % most.max(1)
    }

    fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[usize::try_from(self.below(from.len() as u64)).unwrap_or(0)]
    }
}

/// The month as it is written down, in the order in which it happens.
pub(crate) fn month(seed: u64, about: u32) -> Vec<String> {
    let mut month = Month { dice: Dice(seed), events: Vec::new(), next: 0 };
    for tenant in TENANTS {
        month.products(tenant);
    }
    let mut customer = 0;
    while month.events.len() < about as usize {
        customer += 1;
        month.life(customer);
    }
    month.accidents();
    month.events.sort_by_key(|(time, order, _)| (*time, *order));
    month.events.into_iter().map(|(_, _, line)| line).collect()
}

struct Month {
    dice: Dice,
    /// Time, order of making, line.
    events: Vec<(i64, usize, String)>,
    next: u32,
}

struct Who {
    tenant: &'static str,
    customer: String,
}

impl Month {
    fn put(&mut self, who: &Who, at: i64, kind: &str, data: &Value) {
        self.next += 1;
        let event = json!({
            "specversion": "1.0", "id": format!("evt-{}", self.next), "source": format!("/shops/{}", who.tenant),
            "type": format!("marketplace.{kind}"), "tenant": who.tenant, "subject": who.customer,
            "time": Time::from_ms(BEGIN_MS + at).to_string(), "data": data,
        });
        self.events.push((at, self.events.len(), event.to_string()));
    }

    /// Every tenant sells two products beyond the bundled ones; one tries to raise a price overnight.
    fn products(&mut self, tenant: &'static str) {
        let who = Who { tenant, customer: "catalogue".into() };
        let product = |sku: &str, name: &str, status: &str, price: i64| {
            json!({
                "sku": sku, "name": name, "status": status,
                "prices": {"monthly": {"minor_units": price, "currency": "USD"},
                           "annual": {"minor_units": price * 10, "currency": "USD"}},
                "limits": {"requests": {"limit": 2_000_000, "hard": false}, "storage_gb": {"limit": 250, "hard": true}},
                "features": ["email-support", sku],
                "overage": {"requests": {"minor_units": 100, "currency": "USD", "per": 1_000}},
            })
        };
        self.put(&who, 0, "ProductChanged", &product("team", "Team", "published", 4_999));
        self.put(&who, 1_000, "ProductChanged", &product("business", "Business", "published", 19_999));
        self.put(&who, 6 * DAY_MS, "ProductChanged", &product("team", "Team", "featured", 4_999));
        if tenant == "birch" {
            self.put(&who, 9 * DAY_MS, "ProductChanged", &product("business", "Business", "published", 39_999));
        }
    }

    fn life(&mut self, number: u32) {
        let tenant = self.dice.pick(&TENANTS);
        let mut at = self.moment(20 * DAY_MS);
        let who = |name: String| Who { tenant, customer: name };
        match number % 23 {
            3 => {
                let who = who(format!("kyc-fail-{number}"));
                self.subscribe(&who, at, "starter", "card-4242");
            }
            7 => {
                let who = who(format!("kyc-slow-{number}"));
                self.subscribe(&who, at, "pro", "card-4242");
            }
            11 => {
                let method = self.dice.pick(&["sandbox:declined", "sandbox:lost_card", "sandbox:timeout"]);
                let who = who(format!("cust-{number}"));
                self.subscribe(&who, at, "pro", method);
                at += self.moment(2 * DAY_MS);
                self.subscribe(&who, at, "pro", "card-4242");
            }
            17 => self.climb(&who(format!("cust-{number}")), at),
            _ => self.ordinary(&who(format!("cust-{number}")), at),
        }
    }

    fn ordinary(&mut self, who: &Who, mut at: i64) {
        let sku = self.dice.pick(&["free", "starter", "starter", "team", "pro", "pro", "business", "gold"]);
        let method = if self.dice.one_in(20) { "sandbox:capture-fails" } else { "card-4242" };
        self.subscribe(who, at, sku, method);
        for _ in 0..self.dice.below(6) {
            at += HOUR_MS + self.moment(4 * DAY_MS);
            if at < 31 * DAY_MS {
                self.episode(who, sku, at);
            }
        }
    }

    fn subscribe(&mut self, who: &Who, at: i64, sku: &str, method: &str) {
        let cycle = self.dice.pick(&["monthly", "monthly", "annual"]);
        let mut data =
            json!({"sku": sku, "seats": 1 + self.dice.below(5), "billing_cycle": cycle, "payment_method": method});
        if self.dice.one_in(9) {
            data["trial"] = true.into();
        }
        self.put(who, at, "CustomerSubscribes", &data);
    }

    fn episode(&mut self, who: &Who, sku: &str, at: i64) {
        let key = format!("pay-{}", self.next);
        match self.dice.below(12) {
            0 | 1 => self.put(who, at, "CustomerUpgrades", &json!({"old_sku": sku, "new_sku": "business"})),
            2 | 3 => {
                let data = json!({"amount": 500 + self.dice.below(20_000), "idempotency_key": key});
                self.put(who, at, "PaymentProcessed", &data);
                if self.dice.one_in(3) {
                    // The bank reports it twice, under two ids.
                    self.put(who, at + HOUR_MS, "PaymentProcessed", &data);
                }
            }
            4 => self.put(who, at, "PaymentFailed", &json!({"reason": "insufficient funds", "decline_code": "51"})),
            5 | 6 => {
                let data = json!({"resource": "requests", "quantity": self.dice.below(2_500_000), "period": "2026-01"});
                self.put(who, at, "UsageReported", &data);
            }
            7 => {
                let data = json!({"resource": "storage_gb", "current_usage": 300, "limit": 250});
                self.put(who, at, "UsageExceedsQuota", &data);
            }
            8 => {
                let when = self.dice.pick(&["now", "period-end"]);
                self.put(who, at, "CustomerCancels", &json!({"reason": "moving on", "when": when}));
            }
            9 => {
                self.put(who, at, "ManualSuspension", &json!({"reason": "chargebacks elsewhere", "cause": "admin"}));
                let lifted = json!({"cause": "admin", "actor": "ops"});
                self.put(who, at + DAY_MS, "SuspensionLifted", &lifted);
            }
            10 => self.put(who, at, "RenewalDue", &json!({"subscription_id": "sub-1"})),
            _ => self.put(who, at, "PaymentMethodUpdated", &json!({"payment_method": "card-1881"})),
        }
    }

    /// A customer who cannot stop upgrading, and so meets the loyalty governor's bug.
    fn climb(&mut self, who: &Who, mut at: i64) {
        const LADDER: [&str; 5] = ["free", "starter", "team", "pro", "business"];
        self.put(who, at, "CustomerSubscribes", &json!({"sku": "free", "payment_method": "card-4242"}));
        for step in LADDER.windows(2) {
            at += HOUR_MS + self.moment(DAY_MS);
            self.put(who, at, "CustomerUpgrades", &json!({"old_sku": step[0], "new_sku": step[1]}));
        }
    }

    /// What goes wrong on the way: lines sent again, an id used twice, a line that is no event.
    fn accidents(&mut self) {
        let count = self.events.len();
        for _ in 0..count / 40 {
            let nth = usize::try_from(self.dice.below(count as u64)).unwrap_or(0);
            let (at, _, line) = self.events[nth].clone();
            let again = match self.dice.below(4) {
                0 => line.replace("\"source\":\"/shops/", "\"traceparent\":\"00-7b\",\"source\":\"/shops/"),
                1 => line[..line.len() / 2].to_owned(),
                _ => line,
            };
            self.events.push((at + HOUR_MS, self.events.len(), again));
        }
    }

    fn moment(&mut self, within: i64) -> i64 {
        let seconds = self.dice.below(u64::try_from(within / 1_000).unwrap_or(1));
        i64::try_from(seconds).unwrap_or(0) * 1_000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_month_and_another_another() {
        assert_eq!(month(7, 400), month(7, 400));
        assert_ne!(month(7, 400), month(8, 400));
    }

    #[test]
    fn every_month_has_every_kind_of_the_lifecycle() {
        for seed in 0..5 {
            let text = month(seed, 1_500).join("\n");
            for kind in [
                "CustomerSubscribes",
                "CustomerUpgrades",
                "PaymentProcessed",
                "PaymentFailed",
                "UsageExceedsQuota",
                "CustomerCancels",
                "ManualSuspension",
                "RenewalDue",
                "ProductChanged",
            ] {
                assert!(text.contains(kind), "{kind} with seed {seed}");
            }
        }
    }
}
