//! What there is between the events of a story: facts, the clock, claims, numbers.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;
use syndic_core::changes::{Change, Changes, Ground, Trouble, merge};
use syndic_core::config::SlotConfig;
use syndic_core::decision::{Decision, Manifest, Write};
use syndic_core::fact::{Held, Seen};
use syndic_core::ports::{Context, Facts, Installed, ReadError};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Config, Fact, FactName, Scope, Slot, Text, Time, json};
use syndic_ledger::sha256;

use super::story::{Given, Step};

/// When a story begins that does not say.
const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

/// The facts of a story, and what else it carries from one event to the next.
pub(super) struct Scene {
    facts: BTreeMap<FactName, Fact>,
    /// Facts whose first write says what they are: a set, or what a slot stands for.
    given: BTreeSet<FactName>,
    claims: BTreeMap<String, Text>,
    series: BTreeMap<String, u64>,
    customer: String,
    now: Time,
    events: u64,
    pub(super) limits: SlotConfig,
}

impl Scene {
    /// Sets the scene.
    ///
    /// # Errors
    /// A sentence: what is given cannot be.
    pub(super) fn of(given: &Given, slot: &Slot) -> Result<Self, String> {
        let now = Time::parse(given.now.as_deref().unwrap_or(NEW_YEAR)).map_err(|why| format!("`given.now`: {why}"))?;
        let values = given.config.clone();
        let limits = given.limits.unwrap_or_default().over(SlotConfig { values, ..SlotConfig::default() });
        let mut scene = Self {
            facts: BTreeMap::new(),
            given: BTreeSet::new(),
            claims: BTreeMap::new(),
            series: BTreeMap::new(),
            customer: given.customer.clone().unwrap_or_else(|| "cust-1".to_owned()),
            now,
            events: 0,
            limits,
        };
        let customers = given.facts.iter().map(|(name, value)| (Scope::Customer, name, value));
        let tenants = given.tenant_facts.iter().map(|(name, value)| (Scope::Tenant, name, value));
        for (scope, name, value) in customers.chain(tenants) {
            json::check(value).map_err(|why| format!("the fact `{name}`: {why}"))?;
            scene.give(FactName { scope, name: name.clone() }, value, slot);
        }
        Ok(scene)
    }

    /// A scene with nothing in it.
    pub(super) fn empty() -> Result<Self, String> {
        Self::of(&Given::default(), &Slot::new("nobody")?)
    }

    fn give(&mut self, fact: FactName, value: &Value, by: &Slot) {
        let (by, event) = (by.clone(), "given".to_owned());
        let value = Held::Plain(value.clone().into());
        self.given.insert(fact.clone());
        self.facts.insert(fact, Fact { value, version: 1, receipt: 1, base: 1, by, schema: 1, event, at: self.now });
    }

    /// What the governor is asked about the next event.
    ///
    /// # Errors
    /// A sentence: its time is none.
    pub(super) fn next(&mut self, slot: &Slot, step: &Step) -> Result<Context, String> {
        let when = &step.when;
        let time = match &when.time {
            Some(time) => Time::parse(time).map_err(|why| format!("`when.time`: {why}"))?,
            None => self.now,
        };
        self.events += 1;
        self.now = self.now.max(time);
        let own = [TIMER_FIRED, EFFECT_SETTLED].contains(&when.kind.as_str());
        let id = format!("evt-{}", self.events);
        let [a, b, c, d, e, f, g, h, ..] = sha256(id.as_bytes()).0;
        Ok(Context {
            source: if own { format!("syndic:{slot}") } else { "/story".to_owned() },
            kind: when.kind.clone(),
            subject: self.customer.clone(),
            time,
            data: Text::from(when.data.clone()).to_string(),
            now: self.now,
            seed: u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11,
            id,
        })
    }

    /// The facts as they are now, as far as a governor declares to read them.
    pub(super) fn view(&self, installed: &Installed) -> Arc<dyn Facts> {
        let seen = |(name, fact): (&FactName, &Fact)| {
            let seen = Seen { name: name.name.clone(), version: fact.version, value: fact.canonical() };
            (name.clone(), seen)
        };
        Arc::new(View {
            facts: self.facts.iter().map(seen).collect(),
            manifest: installed.manifest.clone(),
            config: self.limits.values.clone(),
        })
    }

    /// Whether every key that a decision claims is free; else how the host would end the event, and why.
    pub(super) fn claims_are_free(&self, decision: &Decision) -> Result<(), (&'static str, String)> {
        for write in &decision.writes {
            let Write::Claim { key, content } = write else { continue };
            match self.claims.get(key) {
                None => {}
                Some(first) if first == content => {
                    return Err(("duplicate", format!("`{key}` was claimed with the same content before")));
                }
                Some(_) => {
                    return Err(("idempotency-violation", format!("`{key}` was claimed with other content before")));
                }
            }
        }
        Ok(())
    }

    /// Keeps what a decision writes.
    ///
    /// # Errors
    /// A sentence: a write cannot be carried out.
    pub(super) fn keep(
        &mut self,
        config: &Config,
        slot: &Slot,
        context: &Context,
        decision: &Decision,
    ) -> Result<(), String> {
        decision.writes.iter().for_each(|write| self.adopt(write, slot));
        let current = |name: &FactName| Ok(self.facts.get(name).cloned());
        let ground = Ground { config, time: context.time, moved: &BTreeSet::new(), winner: None, current: &current };
        let mut changes = merge(&ground, &[(slot, &decision.writes)]).map_err(sentence)?;
        self.number(&mut changes)?;
        for Change { fact, before, after, by, .. } in changes.facts {
            let version = before.map_or(0, |before| before.version) + 1;
            let receipt = self.events + 1;
            let (event, at) = (context.id.clone(), context.time);
            match after {
                Some(value) => {
                    self.facts.insert(fact, Fact { value, version, receipt, base: receipt, by, schema: 1, event, at })
                }
                None => self.facts.remove(&fact),
            };
        }
        self.claims.extend(changes.claims.into_iter().map(|claim| (claim.key, claim.content)));
        Ok(())
    }

    fn number(&mut self, changes: &mut Changes) -> Result<(), String> {
        for request in &changes.numbers {
            let next = self.series.entry(request.series.clone()).or_default();
            *next += 1;
            request.put(*next, &mut changes.facts)?;
        }
        Ok(())
    }

    /// A fact that was given as an array or a text is what the governor's first write takes it for: a set whose
    /// elements its slot added, or what its slot stands for.
    fn adopt(&mut self, write: &Write, slot: &Slot) {
        let (Write::Add { fact, .. } | Write::Remove { fact, .. } | Write::Stand { fact, .. }) = write else { return };
        if !self.given.remove(fact) {
            return;
        }
        let Some(Fact { value, .. }) = self.facts.get_mut(fact) else { return };
        let own = BTreeSet::from([slot.clone()]);
        match (write, value.read()) {
            (Write::Stand { .. }, Value::String(strictest)) => {
                let stands = BTreeMap::from([(slot.clone(), strictest.clone())]);
                *value = Held::Standing { stands, strictest };
            }
            (Write::Add { .. } | Write::Remove { .. }, Value::Array(items)) => {
                let texts = items.iter().filter_map(Value::as_str).map(|item| (item.to_owned(), own.clone()));
                *value = Held::Elements(texts.collect());
            }
            _ => {}
        }
    }
}

fn sentence(trouble: Trouble) -> String {
    match trouble {
        Trouble::BadAnswer { reason, .. } => reason,
        Trouble::Disagreement(conflict) | Trouble::Manual(conflict) => {
            format!("it disagrees with itself: {}", conflict.fact)
        }
        Trouble::Store(error) => error.to_string(),
    }
}

/// What a governor sees of a scene.
struct View {
    facts: BTreeMap<FactName, Seen>,
    manifest: Manifest,
    config: BTreeMap<String, String>,
}

impl Facts for View {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        match self.manifest.reads.iter().any(|declared| declared.covers(fact)) {
            true => Ok(self.facts.get(fact).cloned()),
            false => Err(ReadError::Undeclared(fact.to_string())),
        }
    }

    fn config(&self, key: &str) -> Option<String> {
        self.config.get(key).cloned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use syndic_core::Verdict;

    use super::super::story::When;
    use super::*;

    fn fact(name: &str) -> FactName {
        FactName { scope: Scope::Customer, name: name.into() }
    }

    #[test]
    fn what_is_written_is_there_for_the_next_event() {
        let slot = Slot::new("shop").unwrap();
        let facts = json!({"shop.tags": ["old"], "shared.access": "grace", "shop.gone": 1});
        let given: Given = serde_json::from_value(json!({"facts": facts})).unwrap();
        let mut scene = Scene::of(&given, &slot).unwrap();
        let set = |name: &str, value: Value| Write::Set { fact: fact(name), value: value.into() };
        let writes = vec![
            Write::Add { fact: fact("shop.tags"), element: "new".into() },
            Write::Remove { fact: fact("shop.tags"), element: "old".into() },
            Write::Stand { fact: fact("shared.access"), value: Some("blocked".into()) },
            set("shop.order", json!({"lines": 2})),
            Write::Number { series: "order".into(), fact: fact("shop.order"), pointer: "/number".into() },
            set("shop.gone", Value::Null),
        ];
        let decision = Decision { verdict: Verdict::Approve, writes, ..Decision::abstain() };
        for expected in [1, 2] {
            let when = When { kind: "Tested".into(), time: None, data: json!({}) };
            let step = Step { when, answers: BTreeMap::new(), then: None };
            let context = scene.next(&slot, &step).unwrap();
            scene.keep(&Config::default(), &slot, &context, &decision).unwrap();
            let reads: Vec<(&str, Value)> =
                scene.facts.iter().map(|(name, fact)| (name.name.as_str(), fact.value.read())).collect();
            let order = json!({"lines": 2, "number": expected});
            let access = ("shared.access", json!("blocked"));
            assert_eq!(reads, [access, ("shop.order", order), ("shop.tags", json!(["new"]))]);
        }
    }

    #[test]
    fn time_does_not_go_back() {
        let slot = Slot::new("shop").unwrap();
        let mut scene = Scene::empty().unwrap();
        let mut at = |time: &str| {
            let when = When { kind: "Tested".into(), time: Some(time.into()), data: json!({}) };
            let step = Step { when, answers: BTreeMap::new(), then: None };
            scene.next(&slot, &step).map(|context| context.now.to_string()[..10].to_owned())
        };
        assert_eq!(at("2026-05-01T00:00:00Z"), Ok("2026-05-01".to_owned()));
        assert_eq!(at("2026-03-01T00:00:00Z"), Ok("2026-05-01".to_owned()));
        assert!(at("noon").is_err_and(|why| why.contains("`when.time`")));
    }
}
