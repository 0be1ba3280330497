//! Two months of fifty customers, made up from a seed, as lines to play.
//!
//! It is short and busy rather than true to life: every event has others that follow from it, timers come due between
//! the lines, and about one line in eight is something a stream should not hold: sent twice, an id used again, half a
//! line, a payment under the key of another.

use serde_json::{Value, json};

use crate::dice::Dice;

const CUSTOMERS: u64 = 50;
const HOUR: u64 = 3_600;
const DAY: u64 = 24 * HOUR;
const DAYS: u64 = 59;

const PLANS: [&str; 4] = ["free", "starter", "pro", "enterprise"];
const CARDS: [&str; 9] = [
    "card-4242",
    "card-4242",
    "card-4242",
    "card-1881",
    "sandbox:capture-fails",
    "sandbox:declined",
    "sandbox:timeout",
    "sandbox:lost_card",
    "sandbox:undo-fails",
];

/// The lines of a seed.
#[must_use]
pub fn stream(seed: u64) -> Vec<String> {
    let mut stream = Stream { dice: Dice::new(seed, "stream", 0), lines: Vec::new(), customer: String::new() };
    for number in 1..=CUSTOMERS {
        stream.customer = stream.name(number);
        stream.life();
    }
    stream.mistakes();
    stream.lines.sort_by_key(|(at, order, _)| (*at, *order));
    stream.lines.into_iter().map(|(_, _, line)| line).collect()
}

struct Stream {
    dice: Dice,
    /// Seconds since the new year, order of making, line.
    lines: Vec<(u64, usize, String)>,
    customer: String,
}

impl Stream {
    /// The sandbox knows customers by these names whose papers are not in order.
    fn name(&mut self, number: u64) -> String {
        match self.dice.below(10) {
            0 => format!("kyc-fail-{number}"),
            1 => format!("kyc-slow-{number}"),
            _ => format!("cust-{number}"),
        }
    }

    fn put(&mut self, at: u64, kind: &str, data: Value) {
        let order = self.lines.len();
        // Three customers in four share a tenant, so that they meet in its facts.
        let tenant = if self.customer.len().is_multiple_of(4) { "birch" } else { "acme" };
        let event = json!({
            "specversion": "1.0", "id": format!("evt-{order}"), "source": "/shop", "type": format!("marketplace.{kind}"),
            "tenant": tenant, "subject": self.customer, "time": time(at), "data": data,
        });
        self.lines.push((at, order, event.to_string()));
    }

    fn life(&mut self) {
        let mut at = self.dice.below(25 * DAY);
        let plan = self.dice.pick(&PLANS);
        let mut data = json!({
            "sku": plan, "seats": 1 + self.dice.below(4), "payment_method": self.dice.pick(&CARDS),
            "billing_cycle": self.dice.pick(&["monthly", "monthly", "annual"]),
        });
        if self.dice.one_in(4) {
            data["trial"] = true.into();
        }
        self.put(at, "CustomerSubscribes", data);
        for _ in 0..4 + self.dice.below(8) {
            at += HOUR / 2 + self.dice.below(6 * DAY);
            if at < DAYS * DAY {
                self.episode(at, plan);
            }
        }
    }

    fn episode(&mut self, at: u64, plan: &str) {
        match self.dice.below(13) {
            0..=2 => self.payment(at),
            3 => self.put(at, "PaymentFailed", json!({"reason": "insufficient funds", "decline_code": "51"})),
            4 | 5 => {
                let new = self.dice.pick(&PLANS);
                self.put(at, "CustomerUpgrades", json!({"old_sku": plan, "new_sku": new}));
            }
            6 => {
                let quantity = self.dice.below(9_000_000);
                let data = json!({"resource": "requests", "quantity": quantity, "period": "2026-01"});
                self.put(at, "UsageReported", data);
            }
            7 => {
                self.put(at, "UsageExceedsQuota", json!({"resource": "storage_gb", "current_usage": 300, "limit": 250}))
            }
            8 => {
                let when = self.dice.pick(&["now", "period-end"]);
                self.put(at, "CustomerCancels", json!({"reason": "moving on", "when": when}));
            }
            9 => {
                self.put(at, "ManualSuspension", json!({"reason": "looks odd", "cause": "fraud"}));
                self.put(at + DAY, "SuspensionLifted", json!({"cause": "fraud", "actor": "ops"}));
            }
            10 => self.put(at, "RenewalDue", json!({"subscription_id": "sub-1"})),
            11 => self.put(at, "RefundRequested", json!({"invoice_id": "inv-1", "amount": 500, "reason": "slow"})),
            _ => {
                let card = self.dice.pick(&CARDS);
                self.put(at, "PaymentMethodUpdated", json!({"payment_method": card}));
            }
        }
    }

    /// A payment; often its sender tries again, and sometimes with another amount under the same key.
    fn payment(&mut self, at: u64) {
        let key = format!("pay-{}", self.lines.len());
        let amount = 500 + self.dice.below(20_000);
        for again in 0..1 + self.dice.below(3) {
            let amount = if again == 2 { amount + 1 } else { amount };
            self.put(at + again * HOUR, "PaymentProcessed", json!({"amount": amount, "idempotency_key": key}));
        }
    }

    fn mistakes(&mut self) {
        let count = self.lines.len();
        for _ in 0..count / 8 {
            let nth = usize::try_from(self.dice.below(count as u64)).unwrap_or(0);
            let (at, _, line) = self.lines[nth].clone();
            let later = at + self.dice.below(3 * DAY);
            let wrong = match self.dice.below(6) {
                0 => line.replace("insufficient funds", "no funds").replace("\"seats\":", "\"seats\":1"),
                1 => line[..line.len() / 2].to_owned(),
                2 => line.replace("marketplace.", "bazaar."),
                3 => String::new(),
                _ => line,
            };
            self.lines.push((later, self.lines.len(), wrong));
        }
    }
}

/// A moment of January or February 2026.
fn time(at: u64) -> String {
    let (day, second) = (at / DAY, at % DAY);
    let (month, day) = if day < 31 { (1, day + 1) } else { (2, day - 30) };
    format!("2026-{month:02}-{day:02}T{:02}:{:02}:{:02}Z", second / HOUR, second / 60 % 60, second % 60)
}
