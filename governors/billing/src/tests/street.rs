//! A customer, the sandbox, and just enough of the slot `subscription` for billing to have something to bill.

use serde::de::DeserializeOwned;
use syndic_book::{
    Index, Status as Life, Subscription, bundled, cancelled_by, changed_by, period_from, upgraded_by,
    withdrawn_by_subscribing,
};
use syndic_sdk::prelude::*;
use syndic_sdk::testing::{IntoTime, Judged, Seen, World};

use super::journal::{Journal, Totals, told};
use crate::GOVERNOR;
use crate::account::Account;
use crate::invoice::Invoice;

pub(super) struct Street {
    pub(super) world: World,
    pub(super) now: Time,
    pub(super) fate: Fate,
    pub(super) seen: Seen,
    subs: Vec<Subscription>,
    payments: u32,
}

/// How a deferred effect ends, by its id; none: not yet.
pub(super) type Fate = Box<dyn FnMut(&str) -> Option<Settled>>;

impl Street {
    pub(super) fn new() -> Self {
        Self::of(World::new(&GOVERNOR))
    }

    pub(super) fn of(world: World) -> Self {
        let now = Time::from_date(2026, 1, 1);
        let fate = Box::new(|_: &str| Some(Settled::Done));
        Street { world: world.now(now), now, fate, seen: Seen::default(), subs: Vec::new(), payments: 0 }
    }

    /// Judges an event and carries out what follows from it: raised events first, then deferred effects.
    pub(super) fn tell(&mut self, event: impl Into<Event>) -> Judged {
        let judged = self.just(event);
        self.follow(&judged);
        judged
    }

    /// Judges an event; what it asked for stays undone.
    pub(super) fn just(&mut self, event: impl Into<Event>) -> Judged {
        let event = event.into();
        let judged = self.world.judge(event.clone());
        self.seen.note(&judged);
        if judged.is_completed() {
            self.subscription_slot(&event);
        }
        judged
    }

    pub(super) fn follow(&mut self, judged: &Judged) {
        if judged.is_completed() {
            for raised in judged.raised() {
                self.tell(raised);
            }
        }
        self.carry_out();
    }

    /// Does every deferred effect, as the sandbox would.
    pub(super) fn carry_out(&mut self) {
        let mut left = 0;
        while let Some(effect) = self.world.pending().get(left).map(|id| (*id).to_owned()) {
            let method = self.world.value("billing.account")["payment_method"].clone();
            let fails = effect.starts_with("capture-") && method == "sandbox:capture-fails";
            let status = if fails { Some(Settled::Failed) } else { (self.fate)(&effect) };
            let Some(status) = status else {
                left += 1;
                continue;
            };
            let judged = self.settle(&effect, status);
            assert!(judged.is_completed() || judged.code() == Some("EffectFailed"), "{effect}: {:?}", judged.outcome);
        }
    }

    pub(super) fn settle(&mut self, effect: &str, status: Settled) -> Judged {
        let judged = self.world.settle(effect, status, None);
        self.seen.note(&judged);
        judged
    }

    /// A person sends an effect again that had expired.
    pub(super) fn resend(&mut self, effect: &str, status: Settled) -> Judged {
        let judged = self.world.resend(effect, status);
        self.seen.note(&judged);
        judged
    }

    /// Lets time pass: timers fire in order, each with its consequences.
    pub(super) fn wait_until(&mut self, until: impl IntoTime) -> Vec<Judged> {
        let until = until.into_time();
        let mut fired = Vec::new();
        while let Some(name) = self.world.due_timers(until).first().map(|name| (*name).to_owned()) {
            self.now = self.now.max(self.world.due(&name).unwrap_or(self.now));
            let judged = self.world.fire(&name);
            self.seen.note(&judged);
            self.follow(&judged);
            fired.push(judged);
            assert!(fired.len() < 1_000, "timers go on without end; the last was `{name}`");
        }
        self.now = self.now.max(until);
        self.world.set_now(self.now);
        fired
    }

    pub(super) fn wait_days(&mut self, days: i64) -> Vec<Judged> {
        self.wait_until(self.now.plus_days(days))
    }

    pub(super) fn subscribe(&mut self, sku: &str) -> Judged {
        self.tell(subscribes(sku))
    }

    pub(super) fn pay_by(&mut self, method: &str) -> Judged {
        self.tell(PaymentMethodUpdated { payment_method: method.to_owned() })
    }

    pub(super) fn pay(&mut self, amount: i64) -> Judged {
        self.payments += 1;
        self.tell(payment(amount, &format!("payment-{}", self.payments)))
    }

    pub(super) fn upgrade(&mut self, from: &str, to: &str) -> Judged {
        self.tell(CustomerUpgrades { old_sku: from.to_owned(), new_sku: to.to_owned(), contract_price: None })
    }

    pub(super) fn change(&mut self, action: ChangeAction, when: When) -> Judged {
        self.tell(SubscriptionChanged { action, new_sku: None, when, subscription_id: None })
    }

    pub(super) fn cancel(&mut self) -> Judged {
        self.tell(CustomerCancels::default())
    }

    pub(super) fn renew(&mut self, id: &str) -> Judged {
        self.tell(RenewalDue { subscription_id: id.to_owned() })
    }

    /// A customer whose renewal of `starter` was declined by this method.
    pub(super) fn behind(method: &str) -> Self {
        let mut street = Self::new();
        street.subscribe("starter");
        street.wait_until("2026-02-01T00:00:00Z");
        street.pay_by(method);
        street.renew("sub-1");
        street
    }

    pub(super) fn sell(&mut self, sku: &str, more: Value) {
        let mut entry = json!({
            "sku": sku, "name": sku, "status": "published",
            "prices": { "monthly": { "minor_units": 10_000, "currency": "USD" } },
        });
        for (name, value) in more.as_object().cloned().unwrap_or_default() {
            entry[name] = value;
        }
        self.world.set_tenant_fact(&format!("product-catalog.sku.{sku}"), entry);
    }

    pub(super) fn read<T: DeserializeOwned>(&self, fact: &str) -> T {
        serde_json::from_value(self.world.value(fact)).expect("the fact is there and has its shape")
    }

    pub(super) fn invoice(&self, id: &str) -> Invoice {
        self.read(&format!("billing.invoice.{id}"))
    }

    pub(super) fn account(&self) -> Account {
        match self.world.value("billing.account") {
            Value::Null => Account::default(),
            value => serde_json::from_value(value).expect("the account has its shape"),
        }
    }

    /// An invoice in one line: status, gross, paid, credited, written off.
    pub(super) fn line(&self, id: &str) -> String {
        let Invoice { status, gross, paid, credited, written_off, .. } = self.invoice(id);
        let amounts = [gross, paid, credited, written_off].map(|amount| amount.minor_units.to_string());
        format!("{} {}", json!(status).as_str().unwrap_or_default(), amounts.join(" "))
    }

    pub(super) fn credit(&self) -> i64 {
        self.account().credit(Currency::USD)
    }

    pub(super) fn access(&self) -> Value {
        self.world.value("shared.access")
    }

    pub(super) fn causes(&self) -> Value {
        self.world.value("shared.suspensions")
    }

    pub(super) fn subs(&self) -> &[Subscription] {
        &self.subs
    }

    pub(super) fn invoices(&self) -> Vec<Invoice> {
        (1..=self.account().invoices).map(|n| self.invoice(&format!("inv-{n}"))).collect()
    }

    /// The books in US dollars, checked: what the facts say, and what the journal says.
    pub(super) fn books(&self) -> Totals {
        self.books_in(Currency::USD)
    }

    pub(super) fn books_in(&self, currency: Currency) -> Totals {
        let books = told(self);
        for (currency, totals) in &books {
            assert!(balance(totals), "{currency}: {totals:?}");
        }
        let mut journal = Journal::default();
        journal.read(self);
        journal.agrees_with(self, "the journal");
        books.get(&currency).copied().unwrap_or_default()
    }
}

/// Both equations of the specification, and nothing below zero.
pub(super) fn balance(totals: &Totals) -> bool {
    let Totals { invoiced, paid, credited, written_off, open, received, unapplied, refunded, charged_back } = *totals;
    invoiced == paid + credited + written_off + open
        && received == paid + unapplied + refunded + charged_back
        && refunded <= received
        && [paid, credited, written_off, open, unapplied, refunded, charged_back].iter().all(|amount| *amount >= 0)
}

/// The other slot: what it writes once an event is committed.
impl Street {
    fn subscription_slot(&mut self, event: &Event) {
        match event {
            Event::CustomerSubscribes(request) => self.begins(request),
            Event::CustomerUpgrades(request) => {
                let id = upgraded_by(&self.subs, request).map(|sub| sub.id.clone());
                self.edit(id, |sub| request.new_sku.clone_into(&mut sub.sku));
            }
            Event::SubscriptionChanged(request) => self.changes(request),
            Event::RenewalDue(request) => self.renews(&request.subscription_id),
            Event::CustomerCancels(request) if request.when == When::Now => {
                let ending: Vec<_> = cancelled_by(&self.subs, request).iter().map(|sub| sub.id.clone()).collect();
                ending.into_iter().for_each(|id| self.edit(Some(id), |sub| sub.status = Life::Cancelled));
            }
            _ => {}
        }
    }

    fn begins(&mut self, request: &CustomerSubscribes) {
        let own = self.world.tenant_value(&format!("product-catalog.sku.{}", request.sku));
        let unknown = own.is_null() && bundled(&request.sku).is_none();
        if unknown || withdrawn_by_subscribing(&self.subs, &request.sku).is_some() {
            return;
        }
        let now = self.now;
        let (status, period) = match request.trial {
            true => (Life::Trial, (now, now.plus_days(14))),
            false => (Life::Active, period_from(now, request.billing_cycle, now.day())),
        };
        self.subs.push(Subscription {
            id: format!("sub-{}", self.subs.len() + 1),
            sku: request.sku.clone(),
            seats: request.seats,
            cycle: request.billing_cycle,
            status,
            start: period.0,
            end: period.1,
            anchor_day: period.1.day(),
            trial_end: request.trial.then_some(period.1),
            contract_price: request.contract_price,
            pending_sku: None,
            cancelled_at: None,
            cancel_reason: None,
            paused_at: None,
            pause_year: None,
            paused_days_used: 0,
            suspended_period_ended: false,
        });
        self.publish();
    }

    fn changes(&mut self, request: &SubscriptionChanged) {
        let Some(sub) = changed_by(&self.subs, request).cloned() else { return };
        let now = self.now;
        match (request.action, request.when) {
            (ChangeAction::Downgrade, When::Now) => {
                let below = if sub.sku == "pro" { "starter" } else { "free" };
                let to = request.new_sku.as_deref().unwrap_or(below);
                self.edit(Some(sub.id), |sub| to.clone_into(&mut sub.sku));
            }
            (ChangeAction::Reactivate, _) if sub.status == Life::Cancelled => self.edit(Some(sub.id), |sub| {
                sub.status = Life::Active;
                (sub.start, sub.end) = period_from(now, sub.cycle, now.day());
            }),
            _ => {}
        }
    }

    fn renews(&mut self, id: &str) {
        let Some(sub) = self.subs.iter().find(|sub| sub.id == id).cloned() else { return };
        let untried = matches!(sub.status, Life::Trial | Life::Expired);
        if untried && self.account().payment_method.is_none() && sub.sku != "free" {
            return self.edit(Some(sub.id), |sub| sub.status = Life::Expired);
        }
        let from = if sub.status == Life::Expired { self.now } else { sub.end };
        self.edit(Some(sub.id), |sub| {
            sub.status = Life::Active;
            (sub.start, sub.end) = period_from(from, sub.cycle, sub.anchor_day);
        });
    }

    fn edit(&mut self, id: Option<String>, change: impl FnOnce(&mut Subscription)) {
        if let Some(sub) = self.subs.iter_mut().find(|sub| Some(&sub.id) == id.as_ref()) {
            change(sub);
            self.publish();
        }
    }

    fn publish(&mut self) {
        let ids: Vec<_> = self.subs.iter().map(|sub| sub.id.clone()).collect();
        self.world.set_fact("subscription.index", json!(Index { next: ids.len() as u64 + 1, ids }));
        for sub in &self.subs {
            self.world.set_fact(&format!("subscription.sub.{}", sub.id), json!(sub));
        }
    }
}

pub(super) fn subscribes(sku: &str) -> CustomerSubscribes {
    CustomerSubscribes {
        sku: sku.to_owned(),
        seats: 1,
        billing_cycle: Cycle::Monthly,
        trial: false,
        payment_method: None,
        contract_price: None,
        order_id: None,
    }
}

pub(super) fn payment(amount: i64, key: &str) -> PaymentProcessed {
    PaymentProcessed { amount, currency: None, idempotency_key: key.to_owned(), invoice_id: None }
}
