//! The model: one event after another, in the order of the ledger, each judged again by the same governors.
//!
//! It has no lanes, no crashes and no retries; it is what the host's work has to look like from outside. What governors
//! had read is taken from each receipt and has to be what was there; what was answered to effects is taken from beside
//! the receipt and has to be what the bank's book says. Everything else is worked out again.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;
use syndic_core::decision::Write;
use syndic_core::effect::{Mode, Way, connector_key};
use syndic_core::outcome::Opinion;
use syndic_core::ports::{Again, Context, EffectResult, Entry, Failure, FailureClass, Intent, Verb};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{Decision, DedupKey, Error, Event, FactKey, FactName, Outcome, Scope, Time, Verdict};
use syndic_ledger::Hash;

use crate::facts::Facts;
use crate::governors;

/// A lane: whose events come one after another.
type Lane = (String, String);

/// What is known after so many receipts.
#[derive(Default)]
pub struct Model {
    /// Facts.
    pub facts: Facts,
    /// Reversible effects that have to stand open, or captured, and those that have to be undone.
    pub standing: BTreeMap<Hash, bool>,
    /// Deferred effects that were settled, and how.
    pub settled: BTreeMap<Hash, String>,
    /// Events that are stuck, with what they come to when they are undone: until then they may stand open.
    pub stuck: BTreeMap<DedupKey, Outcome>,
    /// The last receipt of each event, and its outcome.
    last: BTreeMap<DedupKey, (u64, Outcome)>,
    /// Deferred effects that nobody answered, by the id of the event that said so.
    expired: BTreeMap<String, Hash>,
    numbers: BTreeMap<String, u64>,
    claims: BTreeMap<(String, String), (u64, Value)>,
    timers: BTreeMap<(Lane, String, String), (Time, u64)>,
    raised: BTreeMap<Lane, VecDeque<(String, Value)>>,
    deferred: BTreeMap<Lane, VecDeque<(String, Hash)>>,
}

/// What one governor said.
type Said = (String, Result<Decision, Failure>);

/// Asks a governor: about the event, or about answers to its effects.
type Ask<'a> = dyn Fn(&str, Option<&[EffectResult]>) -> Result<Decision, Failure> + 'a;

/// What the governors come to.
enum Came {
    Completed(Vec<(String, Decision)>),
    Stopped(Outcome),
}

impl Model {
    /// Takes the next receipt.
    ///
    /// # Errors
    /// A sentence: the receipt cannot have come about.
    pub fn take(&mut self, sequence: u64, entry: &Entry) -> Result<(), String> {
        let event = Event::from_store(&entry.kept.event).map_err(|error| error.to_string())?;
        let lane =
            (event.tenant.clone(), if event.kind == "shop.price" { String::new() } else { event.subject.clone() });
        let slots = match &entry.kept.again {
            None => self.spend(&event, &lane)?,
            Some(again) => match self.act(&event, entry, again)? {
                Some(slots) => slots,
                None => return Ok(()),
            },
        };
        self.last.insert(event.key(), (sequence, entry.kept.report.outcome));
        if slots.is_empty() {
            return self.account(entry);
        }
        self.judged(sequence, &event, &lane, entry, &slots)?;
        self.account(entry)
    }

    fn judged(
        &mut self,
        sequence: u64,
        event: &Event,
        lane: &Lane,
        entry: &Entry,
        slots: &[String],
    ) -> Result<(), String> {
        let outcome = entry.kept.report.outcome;
        let came = self.judge(event, entry, slots)?;
        let excused = excuse(entry);
        if outcome == Outcome::Stuck {
            let meant = if let Came::Stopped(meant) = &came { *meant } else { Outcome::RolledBack };
            self.stuck.insert(event.key(), meant);
        }
        let error = &entry.kept.report.error;
        match (came, outcome) {
            (Came::Completed(decisions), Outcome::Completed) => self.complete(sequence, event, lane, entry, &decisions),
            (Came::Completed(decisions), Outcome::RolledBack)
                if entry.kept.again.is_some()
                    && matches!(error, Some(Error::IdempotencyViolation { .. }))
                    && self.is_claimed(event, &decisions) =>
            {
                Ok(())
            }
            (Came::Stopped(expected), _) if expected == outcome => Ok(()),
            (Came::Stopped(_), Outcome::Stuck) => Ok(()),
            (_, Outcome::RolledBack | Outcome::Stuck) if excused => Ok(()),
            (Came::Stopped(expected), _) => {
                Err(format!("it is {} and should be {}, for {error:?}", outcome.name(), expected.name()))
            }
            (Came::Completed(_), _) => Err(format!("it is {} and should be completed, for {error:?}", outcome.name())),
        }
    }

    /// Whether a key that is claimed was taken before: what is judged again then is rolled back, with a receipt.
    fn is_claimed(&self, event: &Event, decisions: &[(String, Decision)]) -> bool {
        let mut writes = decisions.iter().flat_map(|(_, decision)| &decision.writes);
        writes.any(|write| match write {
            Write::Claim { key, .. } => self.claim(&event.tenant, key).is_some(),
            _ => false,
        })
    }

    /// Looks whether something could be done about an event that was not over. Says who judges it again, where somebody
    /// does, and nothing where its outcome stays.
    fn act(&mut self, event: &Event, entry: &Entry, again: &Again) -> Result<Option<Vec<String>>, String> {
        let verb = &again.act.verb;
        let key = event.key();
        if *verb == Verb::Resend {
            let id = event.id.replace("/s:", "/e:");
            let letter = self.expired.remove(&id).ok_or("a letter was sent again that had not expired, or twice")?;
            let data: Value = serde_json::from_str(event.data_text()).unwrap_or_default();
            self.settled.insert(letter, data["status"].as_str().unwrap_or_default().to_owned());
            return Ok(Some(judges(event)));
        }
        let (sequence, was) = self.last.get(&key).copied().ok_or("it had no receipt before")?;
        let wanted = match verb {
            Verb::Undo | Verb::Settle => Outcome::Stuck,
            Verb::Resolve { .. } | Verb::Refuse => Outcome::Referred,
            Verb::Retry | Verb::Release | Verb::Resend => Outcome::RolledBack,
        };
        if (again.first, wanted) != (sequence, was) {
            return Err(format!("it was {} by receipt {sequence}, and somebody could {}", was.name(), verb.name()));
        }
        let outcome = entry.kept.report.outcome;
        match verb {
            Verb::Release => return Ok(None),
            Verb::Retry | Verb::Resolve { .. } => return Ok(Some(judges(event))),
            Verb::Refuse if outcome == Outcome::Refused => {}
            Verb::Undo | Verb::Settle => {
                let meant = self.stuck.remove(&key);
                if meant != Some(outcome) && outcome != Outcome::RolledBack {
                    return Err(format!("it is {}, and was to be {meant:?} once it was undone", outcome.name()));
                }
            }
            _ => return Err(format!("it is {} after an order to {}", outcome.name(), verb.name())),
        }
        Ok(Some(Vec::new()))
    }

    /// Nothing may be left to come.
    ///
    /// # Errors
    /// A sentence that names what is.
    pub fn end(&self) -> Result<(), String> {
        let raised = self.raised.values().flatten().map(|(id, _)| id);
        let deferred = self.deferred.values().flatten().map(|(id, _)| id);
        if let Some(id) = raised.chain(deferred).next() {
            return Err(format!("`{id}` never came"));
        }
        self.timers.keys().next().map_or(Ok(()), |(_, slot, name)| Err(format!("timer `{name}` of {slot} never fired")))
    }

    /// Who has a claimed key, and what for.
    pub fn claim(&self, tenant: &str, key: &str) -> Option<&(u64, Value)> {
        self.claims.get(&(tenant.to_owned(), key.to_owned()))
    }

    /// Takes an event of the host's own from where it waited, and says who judges it.
    fn spend(&mut self, event: &Event, lane: &Lane) -> Result<Vec<String>, String> {
        let Some(by) = event.made_by() else { return Ok(route(&event.kind)) };
        match event.kind.as_str() {
            TIMER_FIRED => {
                let data: Value = serde_json::from_str(event.data_text()).unwrap_or_default();
                let name = data["name"].as_str().unwrap_or_default().to_owned();
                let timer = self.timers.remove(&(lane.clone(), by.to_string(), name.clone()));
                let (due, cause) = timer.ok_or("a timer fired that nobody had set, or twice")?;
                let id = format!("{cause}/{by}/t:{name}");
                if (due, id.as_str()) != (event.time, event.id.as_str()) {
                    return Err(format!("it fired as it had been set before, and not as `{id}` at {due}"));
                }
                Ok(vec![by.to_string()])
            }
            EFFECT_SETTLED => {
                let (id, key) = self
                    .deferred
                    .get_mut(lane)
                    .and_then(VecDeque::pop_front)
                    .ok_or("it settled what nobody had asked")?;
                if id != event.id {
                    return Err(format!("`{id}` should have settled before it"));
                }
                let data: Value = serde_json::from_str(event.data_text()).unwrap_or_default();
                let status = data["status"].as_str().unwrap_or_default();
                if status == "expired" {
                    self.expired.insert(id, key);
                }
                self.settled.insert(key, status.to_owned());
                Ok(vec![by.to_string()])
            }
            kind => {
                let (id, data) =
                    self.raised.get_mut(lane).and_then(VecDeque::pop_front).ok_or("it was never raised, or twice")?;
                let same = serde_json::from_str::<Value>(event.data_text()).is_ok_and(|found| found == data);
                if id != event.id || !same {
                    return Err(format!("`{id}` should have come before it"));
                }
                Ok(route(kind))
            }
        }
    }

    fn judge(&self, event: &Event, entry: &Entry, slots: &[String]) -> Result<Came, String> {
        let [a, b, c, d, e, f, g, h, ..] = event.hash().0;
        let context = Context {
            id: event.id.clone(),
            source: event.source.clone(),
            kind: event.kind.clone(),
            subject: event.subject.clone(),
            time: event.time,
            data: event.data_text().to_owned(),
            now: entry.kept.now,
            seed: u64::from_be_bytes([a, b, c, d, e, f, g, h]) >> 11,
        };
        let wrong: RefCell<Option<String>> = RefCell::default();
        let completed = entry.kept.report.outcome == Outcome::Completed;
        let ask = |slot: &str, results: Option<&[EffectResult]>| {
            let read = |scope, name: &str| {
                let name = FactName { scope, name: name.into() };
                let key = name.key(&event.tenant, &event.subject);
                let Some(read) = entry.kept.reads.iter().find(|read| read.fact == name) else {
                    wrong.borrow_mut().get_or_insert(format!("`{name}` was read, and the receipt does not say so"));
                    return None;
                };
                let exact = scope == Scope::Customer || (slot == "stock" && name.name == "stock.reserved");
                if completed && self.facts.has_moved(&key, read.receipt, exact) {
                    wrong.borrow_mut().get_or_insert(format!("`{name}` had moved since receipt {}", read.receipt));
                }
                self.facts.at(&key, read.receipt).unwrap_or_else(|why| {
                    wrong.borrow_mut().get_or_insert(why);
                    None
                })
            };
            let opinions = &entry.kept.report.governors;
            let quarantined = |opinion: &&Opinion| opinion.code.as_deref() == Some("quarantined");
            if opinions.iter().filter(quarantined).any(|opinion| opinion.slot.as_str() == slot) {
                return Err(Failure { class: FailureClass::Quarantined, reason: String::new() });
            }
            governors::judge(slot, &context, results, &read).and_then(|decision| held(decision, entry))
        };
        let came = self.settle(entry, slots, &ask);
        wrong.into_inner().map_or(Ok(came), Err)
    }

    /// The answers and the two rounds of effects, as the contract has them.
    fn settle(&self, entry: &Entry, slots: &[String], ask: &Ask<'_>) -> Came {
        let mut said: Vec<Said> = slots.iter().map(|slot| (slot.clone(), ask(slot, None))).collect();
        for mode in [Mode::Check, Mode::Reversible] {
            if let Some(outcome) = stops(&said) {
                return Came::Stopped(outcome);
            }
            let mut heard = Vec::new();
            for (nth, (slot, decision)) in said.iter().enumerate() {
                let effects = decision.iter().flat_map(|decision| &decision.effects);
                let mut results = Vec::new();
                for effect in effects.filter(|effect| effect.mode == mode) {
                    match answered(&entry.kept.intents, slot, effect, entry.kept.report.outcome) {
                        Some(result) => results.push(result),
                        None => return Came::Stopped(Outcome::RolledBack),
                    }
                }
                if !results.is_empty() {
                    heard.push((nth, results));
                }
            }
            for (nth, results) in heard {
                let (slot, decision) = &mut said[nth];
                let more = ask(slot, Some(&results));
                *decision = decision.clone().and_then(|before| Ok(added(before, more?)));
            }
        }
        match stops(&said) {
            Some(outcome) => Came::Stopped(outcome),
            None => Came::Completed(said.into_iter().filter_map(|(slot, said)| Some((slot, said.ok()?))).collect()),
        }
    }

    fn complete(
        &mut self,
        sequence: u64,
        event: &Event,
        lane: &Lane,
        entry: &Entry,
        decisions: &[(String, Decision)],
    ) -> Result<(), String> {
        let place = (event.tenant.as_str(), event.subject.as_str());
        let writes: Vec<(&str, &Write)> = decisions
            .iter()
            .flat_map(|(slot, decision)| decision.writes.iter().map(move |write| (slot.as_str(), write)))
            .collect();
        self.facts.write(sequence, place, &writes);
        for (_, write) in &writes {
            match write {
                Write::Number { fact, series, .. } => {
                    let last = self.numbers.entry(format!("{} {series}", event.tenant)).or_default();
                    *last += 1;
                    self.facts.number(&fact.key(place.0, place.1), sequence, *last);
                }
                Write::Claim { key, content } => {
                    let claim = (sequence, content.value());
                    if self.claims.insert((event.tenant.clone(), key.clone()), claim).is_some() {
                        return Err(format!("`{key}` was claimed before"));
                    }
                }
                _ => {}
            }
        }
        let now = entry.kept.now;
        for (slot, decision) in decisions {
            for timer in &decision.timers {
                let key = (lane.clone(), slot.clone(), timer.name.clone());
                self.timers.insert(key, (timer.due, sequence));
            }
            let lane = (event.tenant.clone(), event.subject.clone());
            for (n, raise) in (1..).zip(&decision.raises) {
                let raised = (format!("{sequence}/{slot}/r:{n}"), raise.data.value());
                self.raised.entry(lane.clone()).or_default().push_back(raised);
            }
            for effect in decision.effects.iter().filter(|effect| effect.mode == Mode::Deferred) {
                let key = connector_key(&event.key(), &governors::slot(slot), &effect.id, 1, Way::Do);
                let deferred = (format!("{sequence}/{slot}/e:{}", effect.id), key);
                self.deferred.entry(lane.clone()).or_default().push_back(deferred);
            }
        }
        if now < event.time {
            return Err(format!("the lane's time, {now}, is before the event's"));
        }
        Ok(())
    }

    /// Enters what has to stand in the bank's book.
    fn account(&mut self, entry: &Entry) -> Result<(), String> {
        let outcome = entry.kept.report.outcome;
        for intent in entry.kept.intents.iter().filter(|intent| intent.effect.mode == Mode::Reversible) {
            let accepted = intent.answer.as_ref().is_some_and(|answer| answer.accepted);
            let declined = intent.answer.as_ref().is_some_and(|answer| !answer.accepted);
            let open = accepted && !intent.undone;
            match outcome {
                Outcome::Completed if !open && !intent.undone && !declined => {
                    return Err(format!("it is completed, and nobody knows what became of `{}`", intent.effect.id));
                }
                Outcome::Completed => drop(self.standing.insert(intent.key, open)),
                Outcome::Stuck if !intent.undone && !declined => {}
                _ if !intent.undone && !declined => {
                    return Err(format!("it is {}, and `{}` is not undone", outcome.name(), intent.effect.id));
                }
                _ => drop(self.standing.insert(intent.key, false)),
            }
        }
        Ok(())
    }

    /// The fact that a tenant's own money adds up in.
    pub fn total(&self, tenant: &str) -> i64 {
        let key = FactKey { tenant: tenant.into(), customer: None, name: "bank.total".into() };
        self.facts.now(&key).and_then(|cell| cell.reads().as_i64()).unwrap_or(0)
    }
}

/// Who judges an event that is judged again.
fn judges(event: &Event) -> Vec<String> {
    match (event.made_by(), event.kind.as_str()) {
        (Some(slot), TIMER_FIRED | EFFECT_SETTLED) => vec![slot.to_string()],
        _ => route(&event.kind),
    }
}

fn route(kind: &str) -> Vec<String> {
    governors::route(kind).iter().map(ToString::to_string).collect()
}

/// A decision that breaks a rule is a failure of its governor.
fn held(decision: Decision, entry: &Entry) -> Result<Decision, Failure> {
    let foreign = |write: &Write| matches!(write, Write::Set { fact, .. } if fact.name == "elsewhere.name");
    let deep = entry.kept.lineage.depth >= 8;
    let follows = !decision.raises.is_empty() || decision.effects.iter().any(|effect| effect.mode == Mode::Deferred);
    if decision.writes.iter().any(foreign) || (deep && follows) {
        return Err(Failure::bad_answer("as the contract has it".into()));
    }
    Ok(decision)
}

/// What stops the event, as far as everybody has spoken.
fn stops(said: &[Said]) -> Option<Outcome> {
    let any = |is: &dyn Fn(&Verdict) -> bool| said.iter().any(|(_, said)| said.as_ref().is_ok_and(|d| is(&d.verdict)));
    if said.iter().any(|(_, said)| said.is_err()) {
        return Some(Outcome::RolledBack);
    }
    if any(&|verdict| matches!(verdict, Verdict::Refuse(_))) {
        return Some(Outcome::Refused);
    }
    if any(&|verdict| matches!(verdict, Verdict::Refer(_))) {
        return Some(Outcome::Referred);
    }
    let flags = said.iter().filter(|(_, said)| {
        let writes = said.iter().flat_map(|decision| &decision.writes);
        writes.into_iter().any(|write| matches!(write, Write::Set { fact, .. } if fact.name == "shared.flag"))
    });
    (flags.count() > 1 || effects_clash(said)).then_some(Outcome::RolledBack)
}

/// Whether two slots ask one action on one key with other content.
fn effects_clash(said: &[Said]) -> bool {
    let effects: Vec<_> = said
        .iter()
        .flat_map(|(slot, said)| said.iter().flat_map(move |d| d.effects.iter().map(move |e| (slot, e))))
        .collect();
    effects.iter().any(|(slot, one)| {
        effects.iter().any(|(other, two)| {
            slot != other
                && (&one.action, &one.key) == (&two.action, &two.key)
                && (&one.body, &one.undo) != (&two.body, &two.undo)
        })
    })
}

/// What stopped it besides its governors: the world was slow, or moved too often, or would not undo.
fn excuse(entry: &Entry) -> bool {
    match &entry.kept.report.error {
        Some(Error::CoordinationTimeout { .. } | Error::RollbackFailed { .. }) => true,
        Some(Error::ConflictDetected { .. }) => {
            entry.kept.report.conflicts.iter().any(|conflict| conflict.policy == "optimistic")
        }
        Some(Error::EffectFailed { effect, .. }) => entry
            .kept
            .intents
            .iter()
            .any(|intent| intent.answer.is_none() && *effect == format!("{}/{}", intent.slot, intent.effect.id)),
        _ => false,
    }
}

/// The answer that counted for an effect: that of the last attempt at the same content, or of another slot that asked
/// the same.
fn answered(
    intents: &[Intent],
    slot: &str,
    effect: &syndic_core::decision::Effect,
    outcome: Outcome,
) -> Option<EffectResult> {
    let same = |intent: &&Intent| {
        let (asked, done) = (effect, &intent.effect);
        (&asked.action, &asked.key, &asked.body) == (&done.action, &done.key, &done.body)
            && !(outcome == Outcome::Completed && intent.undone)
            && intent.answer.is_some()
    };
    let own = |intent: &&Intent| intent.slot.as_str() == slot && intent.effect.id == effect.id;
    let last = intents.iter().filter(same).filter(own).max_by_key(|intent| intent.attempt);
    let intent = last.or_else(|| intents.iter().find(|intent| same(intent) && intent.slot.as_str() != slot))?;
    let answer = intent.answer.as_ref()?;
    Some(EffectResult {
        id: effect.id.clone(),
        action: effect.action.clone(),
        key: intent.key,
        accepted: answer.accepted,
        body: answer.body.to_string(),
    })
}

/// A decision and what its governor added.
fn added(mut before: Decision, more: Decision) -> Decision {
    before.verdict = more.verdict;
    before.effects.extend(more.effects);
    before.writes.extend(more.writes);
    before.timers.extend(more.timers);
    before.raises.extend(more.raises);
    before
}
