//! Callers: they send events late, twice, out of order and under each other's names, and remember what they were told.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use syndic_core::{DedupKey, Error, Event, Outcome, Report, Time};
use syndic_engine::Pending;

use crate::counts::Counts;
use crate::dice::Dice;

/// One event, as often as it was sent.
pub struct Sent {
    /// The event.
    pub event: Event,
    /// Sendings that were not answered yet.
    pub waits: Vec<Pending>,
    /// What the caller was told of it.
    pub told: Option<Report>,
    /// Whether the caller was told that its id stands for another event.
    denied: bool,
    /// How often the caller was told that it was the first to send it.
    firsts: u32,
}

impl Sent {
    /// Whether the caller knows what became of it.
    pub fn is_settled(&self) -> bool {
        self.told.is_some() || self.denied
    }
}

/// Whether an event that came to this may come to something else, by another receipt. (A payment may do so without one,
/// where its key was claimed meanwhile.)
pub fn may_change(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Stuck | Outcome::Referred | Outcome::RolledBack)
}

/// Everybody who sends events.
#[derive(Default)]
pub struct Callers {
    /// All events, in the order in which they were first sent.
    pub sent: Vec<Sent>,
    made: u64,
    /// Who was told something since the last crash.
    lately: Vec<usize>,
    /// What was heard of them, to be counted.
    pub counts: Counts,
}

const TENANTS: [&str; 3] = ["acme", "bolt", "core"];
const CUSTOMERS: [&str; 3] = ["ann", "bob", "cy"];

impl Callers {
    /// Makes up an event, or sends an older one again under circumstances. Returns its place.
    pub fn next(&mut self, dice: &mut Dice, now: Time) -> usize {
        if !self.sent.is_empty() && dice.percent(15) {
            let place = usize::try_from(dice.below(self.sent.len() as u64)).unwrap_or(0);
            if dice.percent(70) {
                self.counts.add("an event sent again");
                return place;
            }
            // Another event under the same id.
            let event = &self.sent[place].event;
            let mut record: Value = serde_json::from_str(event.canonical()).unwrap_or_default();
            record["data"]["amount"] = dice.within(1, 1_000_000).into();
            self.counts.add("another event under a known id");
            return self.add(&record);
        }
        self.made += 1;
        let (kind, data) = match dice.below(100) {
            0..50 => ("shop.order", json!({"amount": dice.within(1, 500), "mood": dice.below(1 << 40)})),
            50..75 => {
                let key = dice.below(6);
                let amount = if dice.percent(80) { 100 } else { 200 };
                ("shop.pay", json!({"amount": amount, "key": key.to_string(), "mood": dice.below(1 << 40)}))
            }
            75..88 => ("shop.note", json!({"mood": dice.below(1 << 40)})),
            88..98 => ("shop.price", json!({"price": dice.within(0, 20), "mood": dice.below(1 << 40)})),
            _ => ("shop.unknown", json!({})),
        };
        let tenants = if dice.percent(60) { 1 } else { TENANTS.len() };
        let late = if dice.percent(20) { dice.within(-7_200_000, 600_000) } else { 0 };
        let record = json!({
            "specversion": "1.0", "id": format!("o{}", self.made), "source": "/shop", "type": kind,
            "tenant": dice.pick(&TENANTS[..tenants]), "subject": dice.pick(&CUSTOMERS),
            "time": now.plus_ms(late).to_string(), "data": data,
        });
        self.add(&record)
    }

    fn add(&mut self, record: &Value) -> usize {
        let event = Event::from_outside(record.to_string().as_bytes()).expect("callers make valid events");
        if let Some(place) = self.sent.iter().position(|sent| sent.event == event) {
            return place;
        }
        self.sent.push(Sent { event, waits: Vec::new(), told: None, denied: false, firsts: 0 });
        self.sent.len() - 1
    }

    /// Events whose callers do not know yet what became of them.
    pub fn unsettled(&self) -> Vec<usize> {
        (0..self.sent.len()).filter(|place| !self.sent[*place].is_settled()).collect()
    }

    /// An operator was told that an event has another outcome now. Its caller may have heard of a later one.
    pub fn overheard(&mut self, key: &DedupKey, report: &Report) {
        let Some(place) = self.sent.iter().position(|sent| sent.told.is_some() && sent.event.key() == *key) else {
            return;
        };
        let sent = &mut self.sent[place];
        if sent.event.kind == "shop.pay" || sent.told.as_ref().is_some_and(|told| told.receipt < report.receipt) {
            sent.told = Some(report.clone());
            self.lately.push(place);
        }
    }

    /// Whoever was told an outcome.
    pub fn told(&self) -> impl Iterator<Item = &Sent> {
        self.sent.iter().filter(|sent| sent.told.is_some() && sent.event.kind != "shop.unknown")
    }

    /// Whoever was told an outcome since this was last asked. What survived one crash is not lost in the next.
    pub fn told_lately(&mut self) -> impl Iterator<Item = &Sent> {
        let lately = std::mem::take(&mut self.lately);
        lately.into_iter().map(|place| &self.sent[place]).filter(|sent| sent.event.kind != "shop.unknown")
    }

    /// The process died, and with it every connection.
    pub fn hang_up(&mut self) {
        self.sent.iter_mut().for_each(|sent| sent.waits.clear());
    }

    /// Looks whether answers came.
    ///
    /// # Errors
    /// A sentence: an answer contradicts another, or is none.
    pub fn listen(&mut self) -> Result<Vec<(usize, Report)>, String> {
        let mut heard = Vec::new();
        for (place, sent) in self.sent.iter_mut().enumerate() {
            let mut wrong = None;
            sent.waits.retain_mut(|waits| match waits.try_answer() {
                Some(Ok(report)) => {
                    heard.push((place, report));
                    false
                }
                Some(Err(halt)) => {
                    wrong = Some(format!("`{}` was answered with a halt: {halt}", sent.event.id));
                    false
                }
                None => true,
            });
            wrong.map_or(Ok(()), Err)?;
        }
        for (place, report) in &heard {
            self.hear(*place, report)?;
        }
        Ok(heard)
    }

    fn hear(&mut self, place: usize, report: &Report) -> Result<(), String> {
        let id = report.id.clone();
        let (key, hash) = (self.sent[place].event.key(), self.sent[place].event.hash());
        let another = self
            .sent
            .iter()
            .any(|other| other.event.key() == key && other.event.hash() != hash && other.told.is_some());
        let sent = &mut self.sent[place];
        match &report.error {
            Some(Error::Overloaded { .. }) => {
                self.counts.add("an event turned away at a full door");
                return Ok(());
            }
            Some(Error::IdempotencyViolation { reason, .. }) if reason.starts_with("the id `") => {
                self.counts.add("an event denied its id");
                if sent.told.is_some() {
                    return Err(format!("`{id}` was told an outcome, and then that its id stands for another"));
                }
                sent.denied = true;
                return Ok(());
            }
            Some(Error::NoGovernorsAssigned { .. }) => {
                sent.told = Some(report.clone());
                return Ok(());
            }
            _ => {}
        }
        if report.outcome == Outcome::Invalid && report.error.is_none() {
            return Err(format!("`{id}` is invalid, and nobody says why"));
        }
        if sent.denied || another {
            return Err(format!("two events under the id `{id}` were told an outcome"));
        }
        if let Some(before) = &sent.told
            && (Report { duplicate: false, ..before.clone() }) != (Report { duplicate: false, ..report.clone() })
            && !(may_change(before.outcome) && (before.receipt < report.receipt || sent.event.kind == "shop.pay"))
        {
            return Err(format!("`{id}` was told `{}` and then `{}`", before.outcome.name(), report.outcome.name()));
        }
        sent.firsts += u32::from(!report.duplicate && report.receipt.is_some());
        if sent.firsts > 1 {
            return Err(format!("`{id}` was told twice that it was the first"));
        }
        self.counts.add(match (report.outcome, report.duplicate) {
            (Outcome::Invalid, _) => "told invalid",
            (_, true) => "told as a duplicate",
            (Outcome::Completed, _) => "told completed",
            (Outcome::Refused, _) => "told refused",
            (Outcome::Referred, _) => "told referred",
            (Outcome::RolledBack, _) => "told rolled-back",
            (Outcome::Stuck, _) => "told stuck",
        });
        sent.told = Some(report.clone());
        self.lately.push(place);
        Ok(())
    }

    /// The events that were sent, by key.
    pub fn by_key(&self) -> BTreeMap<DedupKey, Vec<&Sent>> {
        let mut keys: BTreeMap<DedupKey, Vec<&Sent>> = BTreeMap::new();
        for sent in &self.sent {
            keys.entry(sent.event.key()).or_default().push(sent);
        }
        keys
    }
}
