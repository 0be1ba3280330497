//! Governors from a script: pure, as a component is. What they do is rolled from the event alone.
//!
//! `bank` keeps the books: it authorises, writes what was authorised into facts, and has it captured later. `risk` asks,
//! refuses, refers, stands, claims shared names and sets timers. `stock` counts what is reserved for the whole tenant,
//! and sells no more than there is, because it reads that count exactly.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use syndic_core::config::{Route, SlotConfig};
use syndic_core::decision::{DeclaredRead, Effect, Raise, Reason, TimerRequest, Undo, Write};
use syndic_core::effect::Mode;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Called, Code, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime, Installed, Migrated, Question,
};
use syndic_core::{Config, Decision, Error, FactName, Manifest, Scope, Slot, Verdict};
use syndic_engine::Lineup;
use syndic_ledger::{Hash, sha256};

use crate::dice::Dice;

/// What may be reserved at once in one tenant.
pub const STOCK_MAX: i64 = 5;

/// The kinds of the simulated shop, who judges each, and whether it is the tenant's own.
const KINDS: &[(&str, &[&str], bool)] = &[
    ("shop.order", &["bank", "risk", "stock"], false),
    ("shop.pay", &["bank", "risk"], false),
    ("shop.note", &["risk", "stock"], false),
    ("shop.price", &["stock"], true),
];

const ACTIONS: &[&str] = &["authorize-payment", "reserve", "kyc-check", "capture", "mail"];

/// What a governor reads facts with.
pub type Read<'a> = dyn Fn(Scope, &str) -> Option<Value> + 'a;

/// The rules of the simulated shop.
pub fn config() -> Config {
    let mut config = Config::default();
    for (kind, slots, tenant_lane) in KINDS {
        let slots = slots.iter().map(|name| slot(name)).collect();
        config.routes.push(Route { kind: (*kind).into(), slots, tenant_lane: *tenant_lane });
    }
    config
}

/// Who judges a kind, in slot order.
pub fn route(kind: &str) -> &'static [&'static str] {
    KINDS.iter().find(|(name, ..)| *name == kind).map_or(&[], |(_, slots, _)| slots)
}

/// A slot of the simulated shop.
pub fn slot(name: &str) -> Slot {
    Slot::new(name).expect("the shop's slots have names that slots may have")
}

/// Runs the script.
pub struct Scripted {
    installed: BTreeMap<Slot, Arc<Installed>>,
}

impl Default for Scripted {
    fn default() -> Self {
        let installed = ["bank", "risk", "stock"].map(|name| {
            let kinds = KINDS.iter().filter(|(_, slots, _)| slots.contains(&name)).map(|(kind, ..)| *kind);
            let tenant = |name: &str, exact| DeclaredRead { scope: Scope::Tenant, name: name.into(), exact };
            let manifest = Manifest {
                name: name.into(),
                version: "1.0.0".into(),
                kinds: kinds.chain(["TimerFired", "EffectSettled"]).map(String::from).collect(),
                reads: vec![
                    DeclaredRead { scope: Scope::Customer, name: "*".into(), exact: false },
                    tenant("stock.price", false),
                    tenant("stock.reserved", name == "stock"),
                ],
                effects: ACTIONS.iter().map(ToString::to_string).collect(),
                state_schema: 1,
            };
            let digest = sha256(name.as_bytes());
            (slot(name), Arc::new(Installed { slot: slot(name), manifest, digest, code: Code::none() }))
        });
        Self { installed: installed.into() }
    }
}

impl Scripted {
    /// Everyone in their slots.
    pub fn lineup(&self) -> Lineup {
        Lineup::of(self.installed.values().cloned())
    }
}

impl GovernorRuntime for Scripted {
    fn load(&self, slot: &Slot, _: &[u8], _: &SlotConfig) -> Result<Arc<Installed>, Error> {
        Err(Error::ComponentRejected { governor: slot.clone(), reason: "only scripts are run here".into() })
    }

    fn engine_hash(&self) -> Hash {
        Hash([7; 32])
    }

    fn call(&self, version: &Installed, _: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let slot = &version.slot;
        let read = |scope, name: &str| {
            let seen = facts.read(&FactName { scope, name: name.into() }).ok()??;
            serde_json::from_str(&seen.value).ok()
        };
        let answer = match &question {
            Question::Evaluate(context) => judge(slot.as_str(), context, None, &read),
            Question::Feedback(context, results) => judge(slot.as_str(), context, Some(results), &read),
        };
        Called { answer, fuel: 100 }
    }

    fn migrate(&self, _: &Installed, _: &SlotConfig, _: u32, facts: Vec<Seen>) -> Migrated {
        Migrated { answer: Ok(facts.into_iter().map(|fact| (fact.name, fact.value)).collect()), fuel: 100 }
    }
}

/// What a governor answers: to an event, or to what was answered to its effects.
///
/// # Errors
/// It traps, or reports a fault.
pub fn judge(
    slot: &str,
    context: &Context,
    results: Option<&[EffectResult]>,
    read: &Read<'_>,
) -> Result<Decision, Failure> {
    let dice = Dice::of(context.seed, slot);
    let data: Value = serde_json::from_str(&context.data).unwrap_or_default();
    let script = Script { context, data, read };
    match (slot, results) {
        ("bank", None) => script.bank(dice),
        ("bank", Some(results)) => script.bank_hears(dice, results),
        ("risk", None) => script.risk(dice),
        ("risk", Some(results)) => script.risk_hears(dice, results),
        ("stock", None) => script.stock(dice),
        (_, results) => script.stock_hears(dice, results.unwrap_or_default()),
    }
}

struct Script<'a> {
    context: &'a Context,
    data: Value,
    read: &'a Read<'a>,
}

impl Script<'_> {
    /// What any governor may do instead of judging, so many times in a thousand.
    fn misbehave(&self, dice: &mut Dice) -> Result<Option<Decision>, Failure> {
        let class = match dice.below(1_000) {
            0..15 => FailureClass::Unreachable,
            15..25 => FailureClass::OutOfFuel,
            25..35 => FailureClass::Fault,
            35..45 => return Ok(Some(approve().set("elsewhere.name", json!(1)))),
            45..95 => return Ok(Some(say(Verdict::Refuse(reason("no"))))),
            95..125 => return Ok(Some(say(Verdict::Refer(reason("ask"))))),
            125..155 => return Ok(Some(Decision::abstain())),
            _ => return Ok(None),
        };
        Err(Failure { class, reason: "as rolled".into() })
    }

    fn number(&self, scope: Scope, name: &str) -> i64 {
        (self.read)(scope, name).and_then(|value| value.as_i64()).unwrap_or(0)
    }

    fn bank(&self, mut dice: Dice) -> Result<Decision, Failure> {
        if let Some(otherwise) = self.misbehave(&mut dice)? {
            return Ok(otherwise);
        }
        let amount = self.data["amount"].as_i64().unwrap_or(0);
        match self.context.kind.as_str() {
            "shop.order" => {
                let price = self.number(Scope::Tenant, "stock.price");
                let body =
                    json!({"order": self.context.id, "amount": {"minor_units": amount + price, "currency": "EUR"}});
                let decision = approve().increase(Scope::Customer, "bank.orders", 1);
                Ok(decision.reversible("auth", "authorize-payment", body, "void"))
            }
            "shop.pay" => {
                let key = self.data["key"].as_str().unwrap_or_default();
                let claim = Write::Claim { key: format!("pay:{key}"), content: json!({"amount": amount}).into() };
                let decision = approve().write(claim).increase(Scope::Customer, "bank.paid", amount);
                Ok(if dice.percent(30) { decision.check("kyc", &self.context.subject) } else { decision })
            }
            "EffectSettled" => Ok(self.bank_settles(&mut dice)),
            "TimerFired" => Ok(approve().increase(Scope::Customer, "bank.timers", 1)),
            _ => Ok(Decision::abstain()),
        }
    }

    fn bank_settles(&self, dice: &mut Dice) -> Decision {
        let status = self.data["status"].as_str().unwrap_or_default();
        let Some(order) = self.data["effect"].as_str().and_then(|effect| effect.strip_prefix("capture:")) else {
            return approve().increase(Scope::Customer, "bank.mails", 1);
        };
        let name = format!("bank.auth.{order}");
        let mut entry = (self.read)(Scope::Customer, &name).unwrap_or_else(|| json!({}));
        entry["captured"] = status.into();
        let decision = approve().set(&name, entry);
        match dice.below(4) {
            0 => decision.raise("shop.note", json!({"of": order})),
            1 => decision.timer(self.context, "chase", dice.within(0, 90) * 60_000),
            _ => decision,
        }
    }

    fn bank_hears(&self, mut dice: Dice, results: &[EffectResult]) -> Result<Decision, Failure> {
        dice.roll();
        let mut dice = Dice::of(dice.roll(), "hears");
        let Some(auth) = results.iter().find(|result| result.action == "authorize-payment") else {
            let refused = results.iter().any(|result| !result.accepted);
            return Ok(if refused { say(Verdict::Refuse(reason("unknown"))) } else { approve() });
        };
        if !auth.accepted {
            return Ok(if dice.percent(80) { say(Verdict::Refuse(reason("declined"))) } else { approve() });
        }
        match dice.below(100) {
            0..4 => return Err(Failure { class: FailureClass::Trap, reason: "as rolled".into() }),
            4..8 => return Ok(say(Verdict::Refuse(reason("no")))),
            8..11 => return Ok(say(Verdict::Refer(reason("ask")))),
            _ => {}
        }
        let order = &self.context.id;
        let answered: Value = serde_json::from_str(&auth.body).unwrap_or_default();
        let amount = answered["amount"].as_i64().unwrap_or(0);
        let name = format!("bank.auth.{order}");
        let entry = json!({"amount": amount, "key": auth.key.to_string(), "captured": "no"});
        let fact = FactName { scope: Scope::Customer, name: name.clone() };
        let number = Write::Number { fact, pointer: "/number".into(), series: "invoice".into() };
        let capture = json!({"order": order, "authorization": auth.key.to_string(), "amount": {"minor_units": amount}});
        let decision = approve()
            .set(&name, entry)
            .write(number)
            .increase(Scope::Customer, "bank.balance", amount)
            .increase(Scope::Tenant, "bank.total", amount)
            .deferred(&format!("capture:{order}"), "capture", capture);
        Ok(match dice.below(6) {
            0 => decision.raise("shop.note", json!({"of": order})).raise("shop.note", json!({"again": order})),
            1 => decision.timer(self.context, "chase", dice.within(0, 90) * 60_000),
            2 => decision.deferred("mail", "mail", json!({"order": order})),
            _ => decision,
        })
    }

    fn risk(&self, mut dice: Dice) -> Result<Decision, Failure> {
        if let Some(otherwise) = self.misbehave(&mut dice)? {
            return Ok(otherwise);
        }
        let mut decision = approve().increase(Scope::Customer, "risk.seen", 1);
        let (id, roll) = (&self.context.id, dice.below(12));
        if self.context.kind == "TimerFired" {
            decision = decision.increase(Scope::Customer, "risk.timers", 1);
            decision = match roll {
                0 => decision.raise("shop.note", json!({"of": id})),
                1 => decision.timer(self.context, "chain", dice.within(0, 30) * 60_000),
                2 => decision.reversible("hold", "reserve", json!({"order": id}), "release"),
                _ => decision,
            };
            return Ok(decision);
        }
        decision = match roll {
            0 => decision.set("shared.flag", json!("risk")),
            1 => decision.set("risk.last", json!({"id": id, "level": self.number(Scope::Tenant, "stock.reserved")})),
            2 => {
                let name = if dice.percent(50) { "a" } else { "b" };
                decision.timer(self.context, name, dice.within(0, 120) * 60_000)
            }
            3 => decision.timer(self.context, "now", 0),
            4 => decision.deferred("mail", "mail", json!({"to": self.context.subject})),
            5 => decision.raise("shop.note", json!({"of": id})),
            6 => decision.add("shared.tags", &format!("t{}", dice.below(3))),
            7 => decision.remove("shared.tags", &format!("t{}", dice.below(3))),
            8 => decision.stand("shared.access", Some(*dice.pick(&["blocked", "grace", "full"]))),
            _ => decision,
        };
        let asks = self.context.kind == "shop.order" && dice.percent(40);
        Ok(if asks { decision.check("kyc", &self.context.subject) } else { decision })
    }

    fn risk_hears(&self, mut dice: Dice, results: &[EffectResult]) -> Result<Decision, Failure> {
        if results.iter().all(|result| result.accepted) {
            return Ok(approve());
        }
        Ok(say(if dice.percent(50) { Verdict::Refuse(reason("kyc")) } else { Verdict::Refer(reason("kyc")) }))
    }

    fn stock(&self, mut dice: Dice) -> Result<Decision, Failure> {
        if let Some(otherwise) = self.misbehave(&mut dice)? {
            return Ok(otherwise);
        }
        match self.context.kind.as_str() {
            "shop.price" => {
                let fact = FactName { scope: Scope::Tenant, name: "stock.price".into() };
                Ok(approve().write(Write::Set { fact, value: self.data["price"].clone().into() }))
            }
            "shop.order" if self.number(Scope::Tenant, "stock.reserved") >= STOCK_MAX => {
                Ok(say(Verdict::Refuse(reason("sold-out"))))
            }
            "shop.order" => {
                let flag = if dice.percent(10) { "stock" } else { "" };
                let decision = approve().reversible("hold", "reserve", json!({"order": self.context.id}), "release");
                Ok(if flag.is_empty() { decision } else { decision.set("shared.flag", json!(flag)) })
            }
            "shop.note" if dice.percent(20) => Ok(approve().stand("shared.access", dice.percent(60).then_some("full"))),
            "shop.note" if dice.percent(20) => Ok(approve().add("shared.tags", "t1")),
            _ => Ok(Decision::abstain()),
        }
    }

    fn stock_hears(&self, mut dice: Dice, results: &[EffectResult]) -> Result<Decision, Failure> {
        if results.iter().any(|result| !result.accepted) {
            return Ok(say(Verdict::Refuse(reason("none-left"))));
        }
        if dice.percent(5) {
            return Err(Failure { class: FailureClass::StackOverflow, reason: "as rolled".into() });
        }
        let value = json!({"id": self.context.id});
        Ok(approve()
            .increase(Scope::Tenant, "stock.reserved", 1)
            .set(&format!("stock.held.{}", self.context.id), value))
    }
}

fn reason(code: &str) -> Reason {
    Reason { code: code.into(), message: format!("it says {code}") }
}

fn say(verdict: Verdict) -> Decision {
    Decision { verdict, ..Decision::abstain() }
}

fn approve() -> Decision {
    say(Verdict::Approve)
}

/// Adds to a decision, so that the script reads as sentences.
trait With: Sized {
    fn write(self, write: Write) -> Self;
    fn effect(self, id: &str, action: &str, mode: Mode, body: Value, undo: Option<Undo>) -> Self;
    fn raise(self, kind: &str, data: Value) -> Self;
    fn timer(self, context: &Context, name: &str, after_ms: i64) -> Self;

    fn set(self, name: &str, value: Value) -> Self {
        self.write(Write::Set { fact: customer(name), value: value.into() })
    }

    fn increase(self, scope: Scope, name: &str, by: i64) -> Self {
        self.write(Write::Increase { fact: FactName { scope, name: name.into() }, by })
    }

    fn add(self, name: &str, element: &str) -> Self {
        self.write(Write::Add { fact: customer(name), element: element.into() })
    }

    fn remove(self, name: &str, element: &str) -> Self {
        self.write(Write::Remove { fact: customer(name), element: element.into() })
    }

    fn stand(self, name: &str, value: Option<&str>) -> Self {
        self.write(Write::Stand { fact: customer(name), value: value.map(String::from) })
    }

    fn check(self, id: &str, who: &str) -> Self {
        self.effect(id, "kyc-check", Mode::Check, json!({"who": who}), None)
    }

    fn reversible(self, id: &str, action: &str, body: Value, undo: &str) -> Self {
        let undo = Undo { action: undo.into(), body: json!({"order": body["order"]}).into() };
        self.effect(id, action, Mode::Reversible, body, Some(undo))
    }

    fn deferred(self, id: &str, action: &str, body: Value) -> Self {
        self.effect(id, action, Mode::Deferred, body, None)
    }
}

impl With for Decision {
    fn write(mut self, write: Write) -> Self {
        self.writes.push(write);
        self
    }

    fn effect(mut self, id: &str, action: &str, mode: Mode, body: Value, undo: Option<Undo>) -> Self {
        let key = format!("{action}-{id}");
        self.effects.push(Effect { id: id.into(), action: action.into(), mode, key, body: body.into(), undo });
        self
    }

    fn raise(mut self, kind: &str, data: Value) -> Self {
        self.raises.push(Raise { kind: kind.into(), data: data.into() });
        self
    }

    fn timer(mut self, context: &Context, name: &str, after_ms: i64) -> Self {
        self.timers.push(TimerRequest { name: name.into(), due: context.now.plus_ms(after_ms), data: None });
        self
    }
}

fn customer(name: &str) -> FactName {
    FactName { scope: Scope::Customer, name: name.into() }
}
