//! What an operator does about an event that is not over, and what the host goes on trying by itself.
//!
//! A referred event is judged again, or refused; a rolled-back one is judged again; a stuck one is undone, by the service
//! at last or by hand; an effect that nobody answered is sent again; a quarantined event is let through. Each leaves a
//! receipt that names the one before, and the event's outcome is from then on what that receipt says. Every act is done
//! in the event's lane, as its turns are.

use std::sync::Arc;

use syndic_core::effect::Way;
use syndic_core::failpoint;
use syndic_core::outcome::Outcome;
use syndic_core::ports::{
    Act, Again, Commit, DeadLetter, Entry, NoAnswer, Parked, PoisonKey, REASON_MAX_BYTES, Reads, StoreError, Verb,
};
use syndic_core::slot::{EFFECT_SETTLED, TIMER_FIRED};
use syndic_core::{DedupKey, Error, Event, Lane, Slot, Time};

use crate::administer::concerned;
use crate::consequence::{Consequence, Trigger};
use crate::host::{Halt, Host};
use crate::reach;
use crate::sequel::Sequel;
use crate::turn::{Finished, Origin, Turn};

/// Something to do about something that is not over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// About what.
    pub target: Target,
    /// What, by whom and why.
    pub act: Act,
}

/// What an order is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// An event.
    Event(DedupKey),
    /// A deferred effect that nobody answered, by its number.
    Letter(u64),
}

/// Who acts where nobody does: the host by itself.
const HOST: &str = "syndic";

/// Why an order was not carried out. Nothing has changed, but for what the sentence says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// There is no such event.
    #[error("no event `{id}` is known here: an event that was turned away is not kept, and any other for 30 days")]
    Unknown {
        /// Its id.
        id: String,
    },
    /// Its outcome is another.
    #[error("event `{id}` is {}, and only what is {} can be meant", is.name(), wanted.name())]
    Otherwise {
        /// Its id.
        id: String,
        /// What it is.
        is: Outcome,
        /// What it would have to be.
        wanted: Outcome,
    },
    /// The service still does not undo it.
    #[error("effect `{effect}` is still not undone: {reason}")]
    StillStuck {
        /// `slot/id`.
        effect: String,
        /// What the service said, or that it said nothing.
        reason: String,
    },
    /// There is no such letter.
    #[error("no deferred effect waits under the number {number}")]
    NoLetter {
        /// The number.
        number: u64,
    },
    /// The service still does not answer.
    #[error("effect `{effect}` is still not answered: {reason}")]
    Undelivered {
        /// `slot/id`.
        effect: String,
        /// Why.
        reason: String,
    },
    /// No installed version is kept from the event.
    #[error(
        "event `{id}` is not quarantined: no installed governor has trapped on it {} times",
        syndic_core::ports::POISON_TRAPS
    )]
    NotQuarantined {
        /// Its id.
        id: String,
    },
    /// A case raised it, and has gone on without it.
    #[error(
        "the case that raised event `{id}` was told that it is {}, and does not wait for it any more: \
         `case repair --retry` has it ask anew",
        is.name()
    )]
    NotAwaited {
        /// Its id.
        id: String,
        /// What it is.
        is: Outcome,
    },
    /// The order itself makes no sense.
    #[error("{0}")]
    Senseless(String),
}

/// What an order came to.
pub(crate) type Ordered = Result<Finished, Denied>;

impl Host {
    /// Carries out an order. What it returns is admitted.
    pub(crate) async fn carry_out_order(&self, order: Order) -> Result<Ordered, Halt> {
        failpoint!("engine.order.taken");
        let Order { target, act } = order;
        if let Err(why) = check_words(&act.by, &act.reason) {
            return Ok(Err(Denied::Senseless(why)));
        }
        match (target, &act.verb) {
            (Target::Event(key), Verb::Resolve { .. }) => self.judge_again(&key, Outcome::Referred, act).await,
            (Target::Event(key), Verb::Retry) => self.judge_again(&key, Outcome::RolledBack, act).await,
            (Target::Event(key), Verb::Refuse) => self.refuse(&key, act),
            (Target::Event(key), Verb::Settle) => self.settle_by_hand(&key, act),
            (Target::Event(key), Verb::Undo) => self.undo_parked(&key, None, act).await,
            (Target::Event(key), Verb::Release) => self.release(&key, act),
            (Target::Letter(number), Verb::Resend) => self.resend(number, act).await,
            (_, verb) => {
                let why = format!("`{}` is about {}", verb.name(), subject_of(verb));
                Ok(Err(Denied::Senseless(why)))
            }
        }
    }

    /// Why an order is not carried out that is about something unknown.
    pub(crate) fn unknown(order: &Order) -> Denied {
        match &order.target {
            Target::Event(key) => Denied::Unknown { id: key.id.clone() },
            Target::Letter(number) => Denied::NoLetter { number: *number },
        }
    }

    /// The lane in which an order is carried out; none where what it is about is not known, or has no outcome yet.
    pub(crate) fn lane_of_order(&self, order: &Order) -> Result<Option<Lane>, Halt> {
        let front = self.ports.store.front();
        match &order.target {
            Target::Letter(number) => Ok(letter(front, *number)?.map(|letter| letter.deferred.lane)),
            Target::Event(key) => {
                let receipt = match front.parked_event(key)? {
                    Some(parked) => Some(parked.receipt),
                    None => front.dedup(key)?.and_then(|known| known.report.receipt),
                };
                receipt.map(|receipt| self.lane_of_receipt(receipt)).transpose()
            }
        }
    }

    /// The lane that an event with a receipt ran in. A timer, or an effect that settled, runs where its cause ran.
    pub(crate) fn lane_of_receipt(&self, receipt: u64) -> Result<Lane, Halt> {
        let mut receipt = receipt;
        loop {
            let event = self.event_of(&entry(self.ports.store.front(), receipt)?)?;
            let cause = match event.kind.as_str() {
                TIMER_FIRED | EFFECT_SETTLED => event.id.split('/').next().and_then(|cause| cause.parse().ok()),
                _ => None,
            };
            match cause {
                Some(cause) if cause < receipt => receipt = cause,
                _ => return Ok(event.lane(&self.tenant_kinds)),
            }
        }
    }

    pub(crate) fn event_of(&self, entry: &Entry) -> Result<Event, StoreError> {
        let unreadable = |error: Error| StoreError::Corrupt(format!("a receipt's event does not read: {error}"));
        Event::from_store(&entry.kept.event).map_err(unreadable)
    }

    /// The outcome of an event that has a receipt, where it is the one wanted.
    fn outcome_of(&self, key: &DedupKey, wanted: Outcome) -> Result<Result<(u64, Entry), Denied>, Halt> {
        let front = self.ports.store.front();
        let id = || key.id.clone();
        let Some(known) = front.dedup(key)? else { return Ok(Err(Denied::Unknown { id: id() })) };
        let is = known.report.outcome;
        match known.report.receipt.filter(|_| is == wanted) {
            Some(receipt) => Ok(Ok((receipt, entry(front, receipt)?))),
            None => Ok(Err(Denied::Otherwise { id: id(), is, wanted })),
        }
    }

    async fn judge_again(&self, key: &DedupKey, wanted: Outcome, act: Act) -> Result<Ordered, Halt> {
        match self.outcome_of(key, wanted)? {
            Err(denied) => Ok(Err(denied)),
            Ok((first, entry)) => {
                let event = self.event_of(&entry)?;
                if self.is_awaited(&event)? == Some(false) {
                    return Ok(Err(Denied::NotAwaited { id: event.id, is: wanted }));
                }
                let turn = self.turn_again(event, Again { first, act }, None)?;
                turn.run().await.map(Ok)
            }
        }
    }

    /// A turn of an event that had a receipt before.
    pub(crate) fn turn_again(&self, event: Event, again: Again, letter: Option<u64>) -> Result<Turn<'_>, Halt> {
        let slots = match (event.made_by(), event.kind.as_str()) {
            (Some(slot), TIMER_FIRED | EFFECT_SETTLED) => Arc::from([slot]),
            _ => self.route(&event.kind).unwrap_or_else(|| Arc::new([])),
        };
        let lane = self.lane_of_receipt(again.first)?;
        let before = entry(self.ports.store.front(), again.first)?;
        let lineage = if letter.is_some() { before.kept.lineage.raise() } else { before.kept.lineage };
        Turn::new(self, event, lane, slots, Origin::Again { again, lineage, letter })
    }

    /// Goes on with a turn that an earlier process had begun anew.
    pub(crate) fn resumed(&self, event: Event, again: Again) -> Result<Turn<'_>, Halt> {
        let letter = match again.act.verb {
            Verb::Resend => self.letter_of(&event)?,
            _ => None,
        };
        self.turn_again(event, again, letter)
    }

    /// The letter whose end an event tells of.
    fn letter_of(&self, settled: &Event) -> Result<Option<u64>, Halt> {
        let letters = self.ports.store.front().dead_letters(0, usize::MAX)?;
        let told = letters.into_iter().find(|(_, letter)| resent_id(letter) == settled.id);
        Ok(told.map(|(number, _)| number))
    }

    fn refuse(&self, key: &DedupKey, act: Act) -> Result<Ordered, Halt> {
        match self.outcome_of(key, Outcome::Referred)? {
            Err(denied) => Ok(Err(denied)),
            Ok((first, before)) => {
                let sequel = Sequel { before, again: Again { first, act }, outcome: Outcome::Refused, error: None };
                self.commit_sequel(sequel, Commit::default()).map(Ok)
            }
        }
    }

    fn settle_by_hand(&self, key: &DedupKey, act: Act) -> Result<Ordered, Halt> {
        match self.parked(key)? {
            Err(denied) => Ok(Err(denied)),
            Ok(parked) => self.unpark(key, parked, act).map(Ok),
        }
    }

    fn parked(&self, key: &DedupKey) -> Result<Result<Parked, Denied>, Halt> {
        let front = self.ports.store.front();
        if let Some(parked) = front.parked_event(key)? {
            return Ok(Ok(parked));
        }
        let id = key.id.clone();
        Ok(Err(match front.dedup(key)? {
            Some(known) => Denied::Otherwise { id, is: known.report.outcome, wanted: Outcome::Stuck },
            None => Denied::Unknown { id },
        }))
    }

    /// Tries to undo what is left of a stuck event, in its order, each effect once; what is undone stays so. Where it is
    /// the host that tries, `at` is when, and says when the next try is.
    pub(crate) async fn undo_parked(&self, key: &DedupKey, at: Option<Time>, act: Act) -> Result<Ordered, Halt> {
        let mut parked = match self.parked(key)? {
            Err(denied) => return Ok(Err(denied)),
            Ok(parked) => parked,
        };
        let event = self.event_of(&entry(self.ports.store.front(), parked.receipt)?)?;
        while let Some(intent) = parked.remaining.first() {
            self.before_reaching_out().await?;
            let request = reach::request_of(self, &event, intent, Way::Undo);
            let reason = match self.reach_out(&request).await {
                Ok(answer) if answer.accepted => {
                    parked.remaining.remove(0);
                    if !parked.remaining.is_empty() {
                        self.park(key, &parked)?;
                    }
                    continue;
                }
                Ok(_) => "the service refused to undo it".to_owned(),
                Err(NoAnswer { reason }) => reason,
            };
            let effect = format!("{}/{}", intent.slot, intent.effect.id);
            if let Some(at) = at {
                parked.tries = parked.tries.saturating_add(1);
                parked.next = self.next_try(at, parked.tries);
                self.park(key, &parked)?;
            }
            return Ok(Err(Denied::StillStuck { effect, reason }));
        }
        self.unpark(key, parked, act).map(Ok)
    }

    /// The event whose undo is tried next, and when.
    pub(crate) fn next_undo(&self) -> Option<(Time, DedupKey)> {
        self.parks().first().cloned()
    }

    /// Tries, at its time, to undo a stuck event. Tells where that ended it.
    pub(crate) async fn try_undo(&self, key: &DedupKey, at: Time) -> Result<Option<Consequence>, Halt> {
        let act = Act { verb: Verb::Undo, by: HOST.into(), reason: "its undo was due to be tried again".into() };
        match self.undo_parked(key, Some(at), act).await? {
            // The park says that it is not over.
            Err(Denied::StillStuck { .. }) => Ok(None),
            Err(denied) => Err(Halt::Store(StoreError::Corrupt(format!("a parked event cannot be undone: {denied}")))),
            Ok(Finished { report, .. }) => {
                let receipt = report.receipt.unwrap_or_default();
                let event = self.event_of(&entry(self.ports.store.front(), receipt)?)?;
                let Event { kind, time, tenant, subject, .. } = event;
                Ok(Some(Consequence { trigger: Trigger::Undone, kind, time, tenant, subject, report }))
            }
        }
    }

    /// When something is tried again after so many tries in vain; none where it was long enough.
    fn next_try(&self, at: Time, tries: u32) -> Option<Time> {
        let limits = &self.config.limits;
        let wait = i64::try_from(limits.wait_ms(tries + 1)).unwrap_or(i64::MAX);
        (!limits.is_over(tries + 1)).then(|| at.plus_ms(wait))
    }

    fn park(&self, key: &DedupKey, parked: &Parked) -> Result<(), Halt> {
        let commit = Commit { parked: Some((key.clone(), Some(parked.clone()))), ..Commit::default() };
        failpoint!("engine.park.write", self.ports.store.admit(&mut |_| Ok(Some(commit.clone()))).map(drop)?);
        failpoint!("engine.park.written");
        let lane = self.lane_of_receipt(parked.receipt)?;
        self.parks().put(key.clone(), lane, parked);
        Ok(())
    }

    /// Everything is undone: the event comes to what it would have come to.
    fn unpark(&self, key: &DedupKey, parked: Parked, act: Act) -> Result<Finished, Halt> {
        let before = entry(self.ports.store.front(), parked.receipt)?;
        let again = Again { first: parked.receipt, act };
        let sequel = Sequel { before, again, outcome: parked.meant, error: parked.error };
        let commit = Commit { parked: Some((key.clone(), None)), ..Commit::default() };
        let finished = self.commit_sequel(sequel, commit)?;
        self.parks().take(key);
        Ok(finished)
    }

    /// Lets an event through to the versions that trapped on it. What it came to stays as it is: it can be retried now.
    fn release(&self, key: &DedupKey, act: Act) -> Result<Ordered, Halt> {
        let (first, before) = match self.outcome_of(key, Outcome::RolledBack)? {
            Err(denied) => return Ok(Err(denied)),
            Ok(found) => found,
        };
        let fingerprint = self.event_of(&before)?.fingerprint();
        let mut released = Vec::new();
        for installed in self.lineup().all() {
            let key = PoisonKey { slot: installed.slot.clone(), digest: installed.digest, fingerprint };
            if self.ports.store.front().poison(&key)?.is_some_and(|poison| poison.is_quarantined()) {
                released.push((key, Arc::clone(installed)));
            }
        }
        if released.is_empty() {
            return Ok(Err(Denied::NotQuarantined { id: key.id.clone() }));
        }
        let governors = released.iter().map(|(_, installed)| concerned(installed)).collect();
        let poison = released.into_iter().map(|(key, _)| (key, None)).collect();
        let sequel = Sequel { before, again: Again { first, act }, outcome: Outcome::Completed, error: None };
        self.commit_release(sequel, governors, Commit { poison, ..Commit::default() }).map(Ok)
    }

    async fn resend(&self, number: u64, act: Act) -> Result<Ordered, Halt> {
        let Some(mut letter) = letter(self.ports.store.front(), number)? else {
            return Ok(Err(Denied::NoLetter { number }));
        };
        match self.deliver_once(&letter.deferred).await? {
            Err(NoAnswer { reason }) => {
                let effect = format!("{}/{}", letter.deferred.slot, letter.deferred.effect.id);
                letter.resent = letter.resent.saturating_add(1);
                let commit = Commit { dead: Some((number, Some(letter))), ..Commit::default() };
                failpoint!("engine.letter.write", self.ports.store.admit(&mut |_| Ok(Some(commit.clone()))).map(drop)?);
                failpoint!("engine.letter.written");
                Ok(Err(Denied::Undelivered { effect, reason }))
            }
            Ok(answer) => {
                let event = self.settled_event(&letter.deferred, resent_id(&letter), Some(&answer), true)?;
                let again = Again { first: letter.deferred.cause, act };
                self.turn_again(event, again, Some(number))?.run().await.map(Ok)
            }
        }
    }
}

/// Whose words an act holds are kept for ever, so they are bounded; a person must say why.
pub(crate) fn check_words(by: &str, reason: &str) -> Result<(), String> {
    for (name, text) in [("who acts", by), ("the reason", reason)] {
        if text.trim().is_empty() {
            return Err(format!("{name} is missing: it is kept with the receipt"));
        }
        if text.len() > REASON_MAX_BYTES || text.chars().any(char::is_control) {
            return Err(format!("{name} must be one line of at most {REASON_MAX_BYTES} bytes"));
        }
    }
    Ok(())
}

fn subject_of(verb: &Verb) -> &'static str {
    match verb {
        Verb::Resend => "a deferred effect, by its number",
        _ => "an event",
    }
}

/// The id of the event that tells of a letter's end. `s` is for sent again.
fn resent_id(letter: &DeadLetter) -> String {
    let deferred = &letter.deferred;
    format!("{}/{}/s:{}", deferred.cause, deferred.slot, deferred.effect.id)
}

pub(crate) fn letter(front: &dyn Reads, number: u64) -> Result<Option<DeadLetter>, StoreError> {
    let found = front.dead_letters(number.saturating_sub(1), 1)?.into_iter().next();
    Ok(found.filter(|(found, _)| *found == number && number > 0).map(|(_, letter)| letter))
}

/// A receipt that some record leads to.
pub(crate) fn entry(front: &dyn Reads, receipt: u64) -> Result<Entry, StoreError> {
    front.receipt(receipt)?.ok_or_else(|| StoreError::Corrupt(format!("receipt {receipt} is not there")))
}

/// How often each effect of an event was attempted before, over all its receipts.
pub(crate) fn attempts_before(front: &dyn Reads, again: &Again) -> Result<Vec<(Slot, String, u32)>, StoreError> {
    let mut attempts: Vec<(Slot, String, u32)> = Vec::new();
    let mut next = Some(again.first);
    while let Some(receipt) = next {
        let kept = entry(front, receipt)?.kept;
        for intent in kept.intents {
            let (slot, id) = (&intent.slot, &intent.effect.id);
            match attempts.iter_mut().find(|(by, of, _)| by == slot && of == id) {
                Some((.., attempt)) => *attempt = intent.attempt.max(*attempt),
                None => attempts.push((intent.slot, intent.effect.id, intent.attempt)),
            }
        }
        next = kept.again.map(|again| again.first).filter(|first| *first < receipt);
    }
    Ok(attempts)
}
