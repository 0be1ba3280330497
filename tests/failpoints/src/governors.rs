//! Two governors that answer from a script.

use std::sync::Arc;

use serde_json::{Value, json};
use syndic_core::config::SlotConfig;
use syndic_core::decision::{DeclaredRead, Effect, Raise, Reason, TimerRequest, Undo, Write};
use syndic_core::effect::Mode;
use syndic_core::fact::Seen;
use syndic_core::ports::{
    Called, Code, Context, EffectResult, Facts, Failure, FailureClass, GovernorRuntime, Installed, Migrated, Question,
    Store,
};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Config, Decision, Error, FactName, Manifest, Scope, Slot, Verdict};
use syndic_engine::{Given, Halt, Lineup, NoLineup};
use syndic_ledger::{Hash, sha256};

/// The slots that are filled.
const SLOTS: [&str; 2] = ["billing", "entitlement"];

/// How long a timer waits.
const HOUR_MS: i64 = 3_600_000;

/// The governors.
#[derive(Default)]
pub struct Scripted;

impl Scripted {
    /// Everyone in their slots, and whoever was installed there since.
    pub(crate) fn lineup(&self, store: &dyn Store, config: &Config) -> Result<Lineup, Halt> {
        store.keep(SLOTS.map(|name| (sha256(name.as_bytes()), name.as_bytes().to_vec())).into())?;
        let given = SLOTS.map(|name| {
            let slot = Slot::new(name).expect("a slot's name");
            Given { slot, component: name.as_bytes(), overrides: false }
        });
        Lineup::assemble(store.front(), self, config, &given).map_err(|why| match why {
            NoLineup::Store(error) => error.into(),
            NoLineup::Rejected(error) => Halt::Bug(error),
        })
    }
}

fn manifest(name: &str) -> Manifest {
    let texts = |list: &[&str]| list.iter().map(ToString::to_string).collect();
    Manifest {
        name: name.into(),
        version: "1.0.0".into(),
        kinds: texts(&["RenewalDue", TIMER_FIRED, EFFECT_SETTLED]),
        reads: vec![DeclaredRead { scope: Scope::Customer, name: "*".into(), exact: false }],
        effects: texts(&["kyc-check", "authorize-payment", "capture", "mail"]),
        state_schema: 1,
    }
}

impl GovernorRuntime for Scripted {
    /// Any bytes are a version of the slot's script.
    fn load(&self, slot: &Slot, component: &[u8], _: &SlotConfig) -> Result<Arc<Installed>, Error> {
        let manifest = manifest(slot.as_str());
        Ok(Arc::new(Installed { manifest, digest: sha256(component), slot: slot.clone(), code: Code::none() }))
    }

    fn engine_hash(&self) -> Hash {
        sha256(b"scripted")
    }

    fn call(&self, version: &Installed, _: &SlotConfig, question: Question, facts: Arc<dyn Facts>) -> Called {
        let slot = &version.slot;
        let answer = match &question {
            Question::Evaluate(context) if (slot.as_str(), &*about(context).0) == ("billing", "trap") => {
                Err(Failure { class: FailureClass::Unreachable, reason: "it panicked".into() })
            }
            Question::Evaluate(context) => Ok(evaluate(slot.as_str(), context, &*facts)),
            Question::Feedback(context, results) => Ok(hear(slot.as_str(), context, results)),
        };
        Called { answer, fuel: 100 }
    }

    fn migrate(&self, _: &Installed, _: &SlotConfig, _: u32, facts: Vec<Seen>) -> Migrated {
        Migrated { answer: Ok(facts.into_iter().map(|fact| (fact.name, fact.value)).collect()), fuel: 100 }
    }
}

/// What an event is about. A timer brings back the order it was set for.
fn about(context: &Context) -> (String, Value) {
    let data: Value = serde_json::from_str(&context.data).expect("data is JSON");
    match context.kind.as_str() {
        EFFECT_SETTLED => ("settled".into(), data),
        TIMER_FIRED => ("sale".into(), data["data"].clone()),
        _ => (data["story"].as_str().unwrap_or_default().into(), data),
    }
}

fn order(data: &Value) -> &str {
    data["order"].as_str().unwrap_or_default()
}

/// The authorization that a governor asks for of an order in a story.
pub(crate) fn authorization(order: &str, story: &str) -> Effect {
    approve().reversible(order, story).effects.pop().expect("it was put there")
}

fn evaluate(slot: &str, context: &Context, facts: &dyn Facts) -> Decision {
    let (story, data) = about(context);
    let order = order(&data);
    let authorize = |as_: &str| approve().reversible(order, as_);
    match (slot, story.as_str()) {
        ("billing", "sale" | "sale-after") => authorize("sale").check(order).counted("billing.sales", facts),
        ("billing", "referred" | "hopeless") if count("billing.sales", facts) == 0 => {
            Decision { verdict: Verdict::Refer(reason()), ..Decision::abstain() }
        }
        ("billing", "settled") => approve().counted("billing.settled", facts),
        ("billing", "raise") => ["a", "b"].iter().fold(approve().later("mail", order, json!({})), |all, which| {
            all.raise(json!({"subscription_id": "s", "story": "sale", "order": format!("{order}-{which}")}))
        }),
        ("billing", "timer") => approve().timer(order, context),
        ("billing", "dead") => approve().later("mail", order, json!({"story": "dead"})),
        ("billing", "claim" | "claim-again") => authorize("claim").claim(&data, "the same"),
        ("billing", "claim-other") => authorize("claim").claim(&data, "other"),
        ("billing", story) => authorize(story),
        ("entitlement", "pair") => approve().reversible(&format!("{order}-too"), "pair"),
        _ => approve().counted("entitlement.seen", facts),
    }
}

/// What is said when the answers of effects are there.
fn hear(slot: &str, context: &Context, results: &[EffectResult]) -> Decision {
    let (story, data) = about(context);
    let (order, accepted) = (order(&data), results.iter().all(|result| result.accepted));
    let refused = ["refused", "stuck", "stuck-hard"].contains(&story.as_str());
    if !accepted || refused || (slot, story.as_str()) == ("entitlement", "pair") {
        return Decision { verdict: Verdict::Refuse(reason()), ..Decision::abstain() };
    }
    let authorized = results.iter().find(|result| result.action == "authorize-payment");
    match (story.as_str(), authorized) {
        ("plain", _) | (_, None) => approve(),
        (_, Some(authorized)) => approve()
            .later("capture", order, json!({"authorization": authorized.key.to_string()}))
            .later("mail", order, json!({})),
    }
}

fn reason() -> Reason {
    Reason { code: "no".into(), message: "No.".into() }
}

fn count(name: &str, facts: &dyn Facts) -> u64 {
    let fact = FactName { scope: Scope::Customer, name: name.into() };
    let seen = facts.read(&fact).expect("it is declared");
    seen.and_then(|seen| seen.value.parse().ok()).unwrap_or(0)
}

fn approve() -> Decision {
    Decision { verdict: Verdict::Approve, ..Decision::abstain() }
}

/// Adds to a decision, so that a script reads as what it asks for.
trait With: Sized {
    fn effect(self, action: &str, mode: Mode, order: &str, body: Value) -> Self;
    fn counted(self, name: &str, facts: &dyn Facts) -> Self;
    fn timer(self, order: &str, context: &Context) -> Self;
    fn claim(self, data: &Value, content: &str) -> Self;
    fn raise(self, data: Value) -> Self;

    fn check(self, order: &str) -> Self {
        self.effect("kyc-check", Mode::Check, order, json!({}))
    }

    fn reversible(self, order: &str, story: &str) -> Self {
        self.effect("authorize-payment", Mode::Reversible, order, json!({"story": story}))
    }

    fn later(self, action: &str, order: &str, body: Value) -> Self {
        self.effect(action, Mode::Deferred, order, body)
    }
}

impl With for Decision {
    fn effect(mut self, action: &str, mode: Mode, order: &str, mut body: Value) -> Self {
        body["order"] = order.into();
        let undo = Undo { action: "void-authorization".into(), body: body.clone().into() };
        let undo = (mode == Mode::Reversible).then_some(undo);
        self.effects.push(Effect {
            id: format!("{action}/{order}"),
            action: action.into(),
            mode,
            key: order.into(),
            body: body.into(),
            undo,
        });
        self
    }

    fn counted(mut self, name: &str, facts: &dyn Facts) -> Self {
        let fact = FactName { scope: Scope::Customer, name: name.into() };
        self.writes.push(Write::Set { fact, value: json!(count(name, facts) + 1).into() });
        self
    }

    fn timer(mut self, order: &str, context: &Context) -> Self {
        let data = Some(json!({"order": order}).into());
        self.timers.push(TimerRequest { data, due: context.now.plus_ms(HOUR_MS), name: order.into() });
        self
    }

    fn claim(mut self, data: &Value, content: &str) -> Self {
        self.writes.push(Write::Claim { content: json!(content).into(), key: format!("invoice {}", data["round"]) });
        self
    }

    fn raise(mut self, data: Value) -> Self {
        self.raises.push(Raise { kind: "RenewalDue".into(), data: data.into() });
        self
    }
}
