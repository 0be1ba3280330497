//! Properties over random histories: whatever happens, in whatever order, the books balance after every event; and
//! once nothing happens any more, time alone settles every invoice.

use std::collections::{BTreeMap, BTreeSet};

use syndic_book::{Status as Life, Subscription};
use syndic_sdk::Write;
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{Dice, Judged, Outcome, Seen, World};

use super::journal::{Journal, told};
use super::moved;
use super::readme;
use super::street::{Street, balance, payment, subscribes};
use crate::GOVERNOR;
use crate::invoice::Occasion;
use crate::table::{MOVES, Status};

const HISTORIES: u64 = 300;
const EVENTS: usize = 80;

const METHODS: [&str; 6] =
    ["card", "card", "sandbox:declined", "sandbox:lost_card", "sandbox:capture-fails", "sandbox:timeout"];
const SKUS: [&str; 9] = ["starter", "pro", "vault", "api", "euro", "free", "yen", "fils", "enterprise"];
/// Plans that a customer moves between, up and down.
const STAIRS: [(&str, &str); 3] = [("starter", "pro"), ("yen", "yen-plus"), ("fils", "fils-plus")];
const CURRENCIES: [&str; 3] = ["EUR", "JPY", "KWD"];
const CAUSES: [Cause; 3] = [Cause::Admin, Cause::Fraud, Cause::Compliance];

/// One random life.
struct History {
    seed: u64,
    dice: Dice,
    street: Street,
    causes: BTreeSet<Cause>,
    ended: BTreeMap<String, Status>,
    journal: Journal,
    events: usize,
}

#[test]
fn the_books_balance_whatever_happens_and_every_move_of_the_table_happens() {
    let mut events = 0;
    let mut seen = Seen::default();
    for seed in 0..HISTORIES {
        let mut history = History::new(seed);
        for _ in 0..EVENTS {
            history.step();
        }
        history.rest_in_peace();
        events += history.events;
        seen.extend(history.street.seen);
    }
    assert!(events >= 10_000, "only {events} events");
    let table: BTreeSet<_> = MOVES.iter().map(|(from, on, _)| (*from, *on)).collect();
    let never: Vec<_> = table.difference(&moved()).copied().collect();
    assert!(never.is_empty(), "these moves never happened: {never:?}");
    readme::is_told(&seen);
}

#[test]
fn the_same_history_leaves_the_same_facts() {
    let live = || {
        let mut history = History::new(7);
        (0..EVENTS).for_each(|_| history.step());
        history.street.world.facts().into_iter().map(|(fact, value)| (fact.clone(), value)).collect::<Vec<_>>()
    };
    assert_eq!(live(), live());
}

impl History {
    fn new(seed: u64) -> Self {
        let world = World::new(&GOVERNOR);
        let mut street = Street::of(if seed % 2 == 1 { world.config("tax_bp", "1937") } else { world });
        street.sell("vault", json!({ "requires_approval": true, "vendor_id": "v-1", "commission_bp": 1_500 }));
        let rate = json!({ "minor_units": 7, "currency": "USD", "per": 100 });
        street.sell("api", json!({ "overage": { "requests": rate } }));
        street.sell("euro", json!({ "prices": { "monthly": { "minor_units": 5_555, "currency": "EUR" } } }));
        for (sku, minor_units, currency) in
            [("yen", 3_333, "JPY"), ("yen-plus", 9_999, "JPY"), ("fils", 12_345, "KWD"), ("fils-plus", 45_679, "KWD")]
        {
            let price = |months: i64| json!({ "minor_units": minor_units * months, "currency": currency });
            let prices = json!({ "monthly": price(1), "annual": price(11) });
            let bags = json!({ "minor_units": 3, "currency": currency, "per": 7 });
            let overage = json!({ "bags": bags });
            street
                .sell(sku, json!({ "prices": prices, "overage": overage, "vendor_id": "v-2", "commission_bp": 1_234 }));
        }
        // The payment service has dice of its own.
        let mut fate = Dice::new(1_000 + seed);
        street.fate = Box::new(move |_| match fate.below(10) {
            0 => Some(Settled::Failed),
            1 => Some(Settled::Expired),
            2..=3 => None,
            _ => Some(Settled::Done),
        });
        History {
            seed,
            dice: Dice::new(seed),
            street,
            causes: BTreeSet::new(),
            ended: BTreeMap::new(),
            journal: Journal::default(),
            events: 0,
        }
    }

    fn step(&mut self) {
        if self.dice.once_in(3) {
            let hours = [1, 20, 24, 60, 170, 400][self.dice.below(6)];
            self.pass(self.street.now.plus_hours(hours));
        }
        let event = self.event();
        if let Some(event) = event {
            self.tell(event);
        }
    }

    /// Lets time pass; what falls due is renewed, as the other slot would see to it.
    fn pass(&mut self, until: Time) {
        let fired = self.street.wait_until(until);
        self.events += fired.len();
        for judged in fired {
            self.check("TimerFired", &judged, true);
        }
        let due: Vec<_> = self.open_subs().filter(|sub| sub.end <= self.street.now).map(|sub| sub.id.clone()).collect();
        if self.causes.is_empty() {
            due.into_iter().for_each(|id| self.tell(RenewalDue { subscription_id: id }.into()));
        }
    }

    fn tell(&mut self, event: Event) {
        let kind = event.kind().to_owned();
        let report = matches!(
            event,
            Event::PaymentProcessed(_)
                | Event::PaymentFailed(_)
                | Event::UsageExceedsQuota(_)
                | Event::ManualSuspension(_)
                | Event::DisputeOpened(_)
                | Event::DisputeClosed(_)
                | Event::SlaMeasured(_)
        );
        let judged = self.street.tell(event);
        self.events += 1;
        self.check(&kind, &judged, report);
    }

    fn check(&mut self, kind: &str, judged: &Judged, report: bool) {
        let at = format!("seed {}, event {}, {kind}", self.seed, self.events);
        match &judged.outcome {
            Outcome::RolledBack(fault) => assert_eq!(fault.code, "EffectFailed", "{at}: {fault}"),
            Outcome::Refused(_) | Outcome::Referred(_) => assert!(!report, "{at}: {:?}", judged.outcome),
            _ => {}
        }
        self.check_books(judged, &at);
        self.check_access(&at);
        self.check_invoices(&at);
    }

    /// Both equations; and the entries alone say the same, one to each decision that moved money.
    fn check_books(&mut self, judged: &Judged, at: &str) {
        for (currency, totals) in told(&self.street) {
            assert!(balance(&totals), "{at}: {currency}: {totals:?}");
        }
        let entry =
            |write: &&Write| matches!(write, Write::Set { fact, .. } if fact.name.starts_with("billing.entry."));
        assert!(judged.decision.writes.iter().filter(entry).count() <= 1, "{at}");
        self.journal.read(&self.street);
        self.journal.agrees_with(&self.street, at);
    }

    /// Access and the cause `payment` follow from what is past due.
    fn check_access(&self, at: &str) {
        let account = self.street.account();
        let expected = match (account.past_due.is_empty(), account.suspended) {
            (true, _) => Value::Null,
            (false, false) => json!("grace"),
            (false, true) => json!("blocked"),
        };
        assert_eq!(self.street.access(), expected, "{at}");
        let causes = self.street.causes();
        let payment = causes.as_array().is_some_and(|causes| causes.contains(&json!("payment")));
        assert_eq!(payment, account.suspended, "{at}");
        assert!(!account.suspended || !account.past_due.is_empty(), "{at}");
    }

    /// Numbers have no gaps, the index is right, what has ended stays as it is, and overage is billed once.
    fn check_invoices(&mut self, at: &str) {
        let account = self.street.account();
        let mut billed = BTreeSet::new();
        for (n, invoice) in self.street.invoices().into_iter().enumerate() {
            assert_eq!(invoice.number, Some(n as i64 + 1), "{at}");
            assert_eq!(account.open.contains(&invoice.id), invoice.status.unsettled(), "{at}: {}", invoice.id);
            assert_eq!(account.past_due.contains(&invoice.id), invoice.dunning.is_some(), "{at}: {}", invoice.id);
            if let Some(split) = &invoice.split {
                let parts = split.parts;
                let sum = parts.tax.minor_units + parts.commission.minor_units + parts.vendor_net.minor_units;
                assert_eq!(parts.gross.minor_units, sum, "{at}: {}", invoice.id);
            }
            for line in invoice.lines.iter().filter(|_| invoice.occasion == Occasion::Overage) {
                assert!(billed.insert((line.item.clone(), line.start)), "{at}: {line:?} again");
            }
            if let Some(before) = self.ended.get(&invoice.id) {
                assert_eq!(*before, invoice.status, "{at}: {}", invoice.id);
            }
            if invoice.status.terminal() {
                self.ended.insert(invoice.id, invoice.status);
            }
        }
    }

    /// Nothing happens any more: every effect ends, every suspension is lifted, and time does the rest.
    fn rest_in_peace(&mut self) {
        self.street.fate = Box::new(|_| Some(Settled::Done));
        for cause in std::mem::take(&mut self.causes) {
            self.lift(cause);
        }
        self.tell(CustomerCancels::default().into());
        for _ in 0..6 {
            let fired = self.street.wait_days(30);
            self.events += fired.len();
        }
        self.street.books();
        let account = self.street.account();
        assert!(account.open.is_empty(), "seed {}: {:?} never ended", self.seed, account.open);
        assert_eq!(self.street.access(), Value::Null, "seed {}", self.seed);
    }

    fn lift(&mut self, cause: Cause) {
        self.tell(SuspensionLifted { cause, actor: "ann".into() }.into());
        self.causes.remove(&cause);
        self.post_causes();
    }

    /// What the owners of the other causes write.
    fn post_causes(&mut self) {
        let mut causes: Vec<_> = self.causes.iter().map(|cause| cause.as_str()).collect();
        causes.extend(self.street.account().suspended.then_some("payment"));
        let value = if causes.is_empty() { Value::Null } else { json!(causes) };
        self.street.world.set_fact("shared.suspensions", value);
    }

    fn open_subs(&self) -> impl Iterator<Item = &Subscription> {
        self.street.subs().iter().filter(|sub| sub.status.is_open())
    }

    fn some_sub(&mut self) -> Option<String> {
        let ids: Vec<_> = self.open_subs().map(|sub| sub.id.clone()).collect();
        (!ids.is_empty()).then(|| self.dice.pick(&ids))
    }

    fn some_invoice(&mut self) -> String {
        let newest = self.street.account().invoices;
        let back = newest.min(self.dice.below(5) as u64);
        format!("inv-{}", newest - back)
    }

    fn has(&self, sku: &str) -> bool {
        self.open_subs().any(|sub| sub.sku == sku)
    }

    /// What happens next. What the slot `subscription` would refuse does not.
    fn event(&mut self) -> Option<Event> {
        let held = !self.causes.is_empty();
        match self.dice.below(24) {
            0..=3 if !held => self.a_subscription(),
            4 if !held => self.an_upgrade(),
            5 if !held => self.a_downgrade(),
            6 if !held && self.could_come_back() => Some(changed(ChangeAction::Reactivate, None, None)),
            7 => {
                let subscription_id = self.some_sub()?;
                Some(CustomerCancels { subscription_id: Some(subscription_id), ..CustomerCancels::default() }.into())
            }
            8..=11 => Some(self.a_payment()),
            12 => {
                let decline_code = self.dice.once_in(4).then(|| "stolen_card".to_owned());
                let invoice_id = self.dice.once_in(2).then(|| self.some_invoice());
                Some(PaymentFailed { reason: "no".into(), decline_code, invoice_id }.into())
            }
            13..=14 => Some(PaymentMethodUpdated { payment_method: self.dice.pick(&METHODS).into() }.into()),
            15 => {
                self.a_suspension();
                None
            }
            16 => {
                let amount = self.dice.once_in(2).then(|| self.dice.below(4_000) as i64 + 1);
                Some(RefundRequested { invoice_id: self.some_invoice(), amount, reason: "no".into() }.into())
            }
            17..=18 => {
                let amount = self.dice.below(12_000) as i64 + 1;
                Some(DisputeOpened { invoice_id: self.some_invoice(), amount, reason: "no".into() }.into())
            }
            19 => Some(
                DisputeClosed {
                    invoice_id: self.disputed()?,
                    status: self.dice.pick(&[DisputeStatus::Won, DisputeStatus::Lost]),
                }
                .into(),
            ),
            20 => Some(self.a_ruling()),
            21 => {
                let current_usage = 1_001 + self.dice.below(100_000) as i64;
                let resource = self.dice.pick(&["requests", "bags"]).to_owned();
                Some(UsageExceedsQuota { resource, current_usage, limit: 1_000 }.into())
            }
            22 => {
                let (period, uptime_ppm) = (self.street.now.month(), 960_000 + self.dice.below(40_000) as i64);
                Some(SlaMeasured { period, uptime_ppm, p99_ms: 1, error_ppm: 0 }.into())
            }
            23 if !held => self.a_change_of_mind(),
            _ => None,
        }
    }

    /// Subscribes, and cancels before anything that was asked for is done.
    fn a_change_of_mind(&mut self) -> Option<Event> {
        let wanted = self.a_subscription()?;
        let judged = self.street.just(wanted);
        self.check("CustomerSubscribes", &judged, false);
        let subscription_id = self.open_subs().last()?.id.clone();
        Some(CustomerCancels { subscription_id: Some(subscription_id), ..CustomerCancels::default() }.into())
    }

    fn a_subscription(&mut self) -> Option<Event> {
        let sku = self.dice.pick(&SKUS);
        if self.has(sku) {
            return None;
        }
        let payment_method = self.dice.once_in(2).then(|| self.dice.pick(&METHODS).to_owned());
        let order_id = self.dice.once_in(8).then(|| format!("order-{}", self.events));
        let trial = order_id.is_none() && self.dice.once_in(8);
        let billing_cycle = self.dice.pick(&[Cycle::Monthly, Cycle::Monthly, Cycle::Annual]);
        let contract_price = (sku == "enterprise" && !self.dice.once_in(4)).then(|| Money::new(77_777, Currency::USD));
        let seats = self.dice.pick(&[1, 1, 3]);
        let request = CustomerSubscribes { payment_method, order_id, contract_price, seats, ..subscribes(sku) };
        Some(CustomerSubscribes { trial, billing_cycle, ..request }.into())
    }

    fn an_upgrade(&self) -> Option<Event> {
        let (old, new) = STAIRS.into_iter().find(|(old, new)| self.has(old) && !self.has(new))?;
        Some(CustomerUpgrades { old_sku: old.into(), new_sku: new.into(), contract_price: None }.into())
    }

    fn a_downgrade(&self) -> Option<Event> {
        let (to, from) = STAIRS.into_iter().find(|(to, from)| self.has(from) && !self.has(to))?;
        let sub = self.open_subs().find(|sub| sub.sku == from)?.id.clone();
        Some(changed(ChangeAction::Downgrade, Some(to.to_owned()), Some(sub)))
    }

    fn could_come_back(&self) -> bool {
        let newest = self.street.subs().iter().rfind(|sub| sub.status == Life::Cancelled);
        newest.is_some_and(|sub| !self.has(&sub.sku))
    }

    fn a_payment(&mut self) -> Event {
        let amount = self.dice.pick(&[1, 1, 1, 500, 2_999, 12_000]);
        let currency = self.dice.once_in(4).then(|| self.dice.pick(&CURRENCIES).parse().expect("a currency"));
        let invoice_id = self.dice.once_in(3).then(|| self.some_invoice());
        let key = match self.dice.below(8) {
            0 => format!("p-{}", self.dice.below(10)),
            1 => self.street.invoices().pop().and_then(|newest| newest.capture).unwrap_or_default(),
            _ => format!("p-{}", self.events),
        };
        PaymentProcessed { currency, invoice_id, ..payment(amount, &key) }.into()
    }

    fn a_suspension(&mut self) {
        let cause = self.dice.pick(&CAUSES);
        if self.causes.contains(&cause) {
            return self.lift(cause);
        }
        self.tell(ManualSuspension { reason: "asked".into(), cause }.into());
        self.causes.insert(cause);
        self.post_causes();
    }

    fn disputed(&self) -> Option<String> {
        self.street.invoices().into_iter().find(|invoice| invoice.dispute.is_some()).map(|invoice| invoice.id)
    }

    fn awaiting(&self) -> Option<String> {
        self.street.invoices().into_iter().find(|invoice| invoice.awaiting_approval)?.subscription
    }

    fn a_ruling(&mut self) -> Event {
        let refund = self.dice.once_in(3);
        let (about, id) = match refund {
            true => (About::Refund, Some(self.some_invoice())),
            false => (About::Approval, self.awaiting()),
        };
        let decision = self.dice.pick(&[Ruling::Accept, Ruling::Accept, Ruling::Reject]);
        OperatorDecided { about, id, decision, amount: None, actor: "ann".into() }.into()
    }
}

fn changed(action: ChangeAction, new_sku: Option<String>, subscription_id: Option<String>) -> Event {
    SubscriptionChanged { action, new_sku, when: When::Now, subscription_id }.into()
}
