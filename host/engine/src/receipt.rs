//! Receipts: what a turn leaves in the ledger.
//!
//! A leaf holds nothing measured and nothing personal: whatever could name a person goes in as a salted commitment, and
//! sentences stay beside the leaf. An error's fields are the stable ones only.

use syndic_core::changes::{Change, Changes};
use syndic_core::effect::Mode;
use syndic_core::outcome::{Outcome, Report};
use syndic_core::ports::{Again, Commit, Verb};
use syndic_core::settle::Said;
use syndic_core::{Error, Scope, Text, Verdict};
use syndic_ledger as ledger;
use syndic_ledger::{Digest, ErrorField, ErrorRecord, Hash, Kind, Master, Receipt, Salt, canonical};

use crate::blocking::Done;
use crate::judge::{Glimpse, Seat, read_set};
use crate::turn::{Origin, Turn};

/// The salts of one event: its customer's, and its tenant's.
pub(crate) struct Salts {
    subject: Salt,
    tenant: Salt,
}

impl Salts {
    pub(crate) fn new(master: &Master, tenant: &str, subject: &str) -> Self {
        Self { subject: master.salt(tenant, subject), tenant: master.tenant_salt(tenant) }
    }

    pub(crate) fn of(&self, scope: Scope) -> &Salt {
        match scope {
            Scope::Customer => &self.subject,
            Scope::Tenant => &self.tenant,
        }
    }

    pub(crate) fn commit_to(&self, text: &str) -> Hash {
        self.subject.commit(text.as_bytes())
    }
}

/// A receipt and a report that lack only what the ledger's order decides: sequence and numbers.
pub(crate) struct Draft {
    pub(crate) changes: Changes,
    pub(crate) receipt: Receipt,
    pub(crate) report: Report,
    salts: Salts,
    numbered: bool,
}

impl Draft {
    /// The draft of a turn that ends with these changes.
    pub(crate) fn new(turn: &Turn<'_>, changes: Changes) -> Self {
        let salts = Salts::new(&turn.host.master, &turn.event.tenant, &turn.event.subject);
        let report = turn.report(&changes);
        let receipt = draft(turn, &report, &changes, &salts);
        Self { changes, receipt, report, salts, numbered: false }
    }

    /// Takes note of a number that went into one of the facts.
    pub(crate) fn numbered(&mut self, number: ledger::Number) {
        self.receipt.numbers.push(number);
        self.numbered = true;
    }

    /// The same with its place in the ledger.
    pub(crate) fn sealed(mut self, sequence: u64, commit: &Commit) -> Self {
        let salts = &self.salts;
        self.receipt.sequence = sequence;
        self.report.receipt = Some(sequence);
        if self.numbered {
            self.receipt.changes = self.changes.facts.iter().map(|change| changed(change, salts)).collect();
        }
        self.receipt.claims = commit
            .claims
            .iter()
            .map(|(_, key, claim)| ledger::Claim {
                content: salts.subject.commit(&claim.content.0),
                key: salts.commit_to(key),
            })
            .collect();
        self
    }
}

/// The receipt of a turn, as far as it is known before its place is.
fn draft(turn: &Turn<'_>, report: &Report, changes: &Changes, salts: &Salts) -> Receipt {
    let event = &turn.event;
    let completed = report.outcome == Outcome::Completed;
    Receipt {
        act: turn.origin.again().map(|again| salts.commit_to(&canonical(&again.act))),
        changes: changes.facts.iter().map(|change| changed(change, salts)).collect(),
        conflicts: report.conflicts.iter().map(conflict).collect(),
        dedup: Some(salts.commit_to(&canonical(&[&event.source, &event.id]))),
        effects: effects(turn, report.outcome, salts),
        error: report.error.as_ref().map(error),
        event: Some(ledger::Event {
            hash: salts.commit_to(event.canonical()),
            id: event.id.clone(),
            source: salts.commit_to(&event.source),
            r#type: event.wire_type(),
        }),
        governors: turn.seats.iter().map(|seat| governor(seat, salts)).collect(),
        parent: parent(&turn.origin),
        raises: if completed { raises(turn, salts) } else { Vec::new() },
        read_set: reads(turn, salts),
        state_path: report.state_path.iter().map(|state| state.name().to_owned()).collect(),
        subject: Some(salts.commit_to(&event.subject)),
        tenant: Some(event.tenant.clone()),
        timers: if completed { timers(turn, salts) } else { Vec::new() },
        ..Receipt::new(
            0,
            event.time.to_string(),
            Kind::Event,
            outcome(report.outcome),
            turn.host.in_force().digest,
            turn.host.engine_hash,
        )
    }
}

fn timers(turn: &Turn<'_>, salts: &Salts) -> Vec<ledger::Timer> {
    let set = turn.decisions().flat_map(|(slot, decision)| decision.timers.iter().map(move |timer| (slot, timer)));
    set.map(|(slot, timer)| ledger::Timer {
        hash: salts.commit_to(&canonical(&(timer.due, timer.data.as_ref().map(Text::embedded)))),
        name: timer.name.clone(),
        slot: slot.to_string(),
    })
    .collect()
}

fn raises(turn: &Turn<'_>, salts: &Salts) -> Vec<ledger::Raised> {
    let raised = turn.decisions().flat_map(|(slot, decision)| decision.raises.iter().map(move |raise| (slot, raise)));
    raised
        .map(|(slot, raise)| ledger::Raised {
            hash: salts.commit_to(&raise.data),
            slot: slot.to_string(),
            r#type: syndic_core::event::type_of(&raise.kind),
        })
        .collect()
}

pub(crate) fn outcome(outcome: Outcome) -> ledger::Outcome {
    match outcome {
        Outcome::Completed => ledger::Outcome::Completed,
        Outcome::Refused => ledger::Outcome::Refused,
        Outcome::Referred => ledger::Outcome::Referred,
        Outcome::RolledBack => ledger::Outcome::RolledBack,
        Outcome::Stuck => ledger::Outcome::Stuck,
        Outcome::Invalid => unreachable!("what was turned away leaves no receipt"),
    }
}

fn parent(origin: &Origin) -> Option<ledger::Parent> {
    let (relation, sequence) = match origin {
        Origin::Outside => return None,
        Origin::Raised { cause, .. } => (ledger::Relation::Raised, *cause),
        Origin::Settled { cause, .. } => (ledger::Relation::Settled, *cause),
        Origin::Timer { cause, .. } => (ledger::Relation::Timer, *cause),
        Origin::Again { again, .. } => return Some(parent_of(again)),
    };
    Some(ledger::Parent { relation, sequence })
}

/// How the receipt of an act follows from the one before.
pub(crate) fn parent_of(again: &Again) -> ledger::Parent {
    let relation = match again.act.verb {
        Verb::Resolve { .. } | Verb::Refuse => ledger::Relation::Resolves,
        Verb::Retry => ledger::Relation::Retries,
        Verb::Settle | Verb::Undo => ledger::Relation::Undoes,
        Verb::Resend => ledger::Relation::Resends,
        Verb::Release => ledger::Relation::Releases,
    };
    ledger::Parent { relation, sequence: again.first }
}

fn scope(scope: Scope) -> ledger::Scope {
    match scope {
        Scope::Customer => ledger::Scope::Customer,
        Scope::Tenant => ledger::Scope::Tenant,
    }
}

fn governor(seat: &Seat, salts: &Salts) -> ledger::Governor {
    let (verdict, code, output) = match &seat.said {
        Said::Failed(failure) => (ledger::Verdict::Fault, Some(failure.class.name().to_owned()), None),
        Said::Decided(decision) => {
            let verdict = match decision.verdict {
                Verdict::Approve => ledger::Verdict::Approve,
                Verdict::Abstain => ledger::Verdict::Abstain,
                Verdict::Refuse(_) => ledger::Verdict::Refuse,
                Verdict::Refer(_) => ledger::Verdict::Refer,
            };
            let code = decision.verdict.reason().map(|reason| reason.code.clone());
            (verdict, code, Some(salts.commit_to(&seat.output)))
        }
    };
    ledger::Governor {
        migrated: seat.migrated_from,
        code,
        digest: Digest(seat.installed.digest),
        fuel: seat.fuel,
        output,
        slot: seat.slot.to_string(),
        verdict: Some(verdict),
        version: seat.installed.manifest.version.clone(),
    }
}

fn reads(turn: &Turn<'_>, salts: &Salts) -> Vec<ledger::Read> {
    let read = |(fact, seen): (&syndic_core::FactName, &Glimpse)| ledger::Read {
        hash: seen.value.as_ref().map(|value| salts.of(fact.scope).commit(value.as_bytes())),
        name: fact.name.clone(),
        scope: scope(fact.scope),
        version: seen.version,
    };
    read_set(&turn.seats).into_iter().map(read).collect()
}

fn changed(change: &Change, salts: &Salts) -> ledger::Change {
    let salt = salts.of(change.fact.scope);
    let commit = |held: &syndic_core::fact::Held| salt.commit(held.text().as_bytes());
    ledger::Change {
        after: change.after.as_ref().map(commit),
        before: change.before.as_ref().map(|before| commit(&before.value)),
        name: change.fact.name.clone(),
        scope: scope(change.fact.scope),
        version: change.before.as_ref().map_or(0, |before| before.version) + 1,
    }
}

fn conflict(conflict: &syndic_core::outcome::Conflict) -> ledger::Conflict {
    let policy = match conflict.policy.as_str() {
        "slot-order" => ledger::Policy::SlotOrder,
        "strictest" => ledger::Policy::Strictest,
        "manual" => ledger::Policy::Manual,
        "optimistic" => ledger::Policy::Optimistic,
        "last-write-wins" => ledger::Policy::LastWriteWins,
        _ => ledger::Policy::Compensate,
    };
    ledger::Conflict {
        fact: impersonal(&conflict.fact).to_owned(),
        policy,
        settlement: conflict.settlement.clone(),
        slots: conflict.slots.iter().map(ToString::to_string).collect(),
    }
}

/// Blocking effects with what came of them, then, where the event completed, the deferred ones that now wait.
fn effects(turn: &Turn<'_>, outcome: Outcome, salts: &Salts) -> Vec<ledger::Effect> {
    let request = |effect: &syndic_core::decision::Effect| {
        salts.subject.commit(canonical(&(&effect.key, effect.body.embedded(), &effect.undo)).as_bytes())
    };
    let mut effects: Vec<ledger::Effect> = turn.done.iter().map(|done| blocking(turn, done, &request, salts)).collect();
    if outcome == Outcome::Completed {
        for (slot, decision) in turn.decisions() {
            for effect in decision.effects.iter().filter(|effect| effect.mode == Mode::Deferred) {
                let way = syndic_core::effect::Way::Do;
                effects.push(ledger::Effect {
                    action: effect.action.clone(),
                    answer: None,
                    attempt: 1,
                    id: effect.id.clone(),
                    key: syndic_core::effect::connector_key(&turn.event.key(), slot, &effect.id, 1, way),
                    mode: ledger::Mode::Deferred,
                    request: request(effect),
                    slot: slot.to_string(),
                    status: ledger::EffectStatus::Pending,
                });
            }
        }
    }
    effects
}

fn blocking(
    turn: &Turn<'_>,
    done: &Done,
    request: &impl Fn(&syndic_core::decision::Effect) -> Hash,
    salts: &Salts,
) -> ledger::Effect {
    let intent = &done.intent;
    let status = match &intent.answer {
        _ if intent.undone => ledger::EffectStatus::Undone,
        _ if turn.stuck.is_some() && done.needs_undo() => ledger::EffectStatus::UndoFailed,
        None => ledger::EffectStatus::Failed,
        Some(answer) if !answer.accepted => ledger::EffectStatus::Declined,
        Some(_) => ledger::EffectStatus::Done,
    };
    ledger::Effect {
        action: intent.effect.action.clone(),
        answer: intent.answer.as_ref().map(|answer| salts.subject.commit(canonical(answer).as_bytes())),
        attempt: intent.attempt,
        id: intent.effect.id.clone(),
        key: intent.key,
        mode: match intent.effect.mode {
            Mode::Check => ledger::Mode::Check,
            Mode::Reversible => ledger::Mode::Reversible,
            Mode::Deferred => ledger::Mode::Deferred,
        },
        request: request(&intent.effect),
        slot: intent.slot.to_string(),
        status,
    }
}

/// What a conflict is about, without the key of an effect or claim, which may name a person: `authorize-payment`.
fn impersonal(fact: &str) -> &str {
    fact.split(' ').next().unwrap_or_default()
}

/// An error's stable, impersonal fields; its sentence stays beside the leaf.
pub(crate) fn error(error: &Error) -> ErrorRecord {
    let text = |text: &dyn ToString| ErrorField::Text(text.to_string());
    let fields: Vec<(&str, ErrorField)> = match error {
        Error::InvalidTransition { from, to, event } => {
            vec![("event", text(event)), ("from", text(from)), ("to", text(to))]
        }
        Error::GovernorStartupFailed { governor, timeout_secs } => {
            vec![("governor", text(governor)), ("timeout_secs", ErrorField::Number(*timeout_secs))]
        }
        Error::CommandRefused { code, .. } => vec![("code", text(code))],
        Error::CoordinationTimeout { phase } => vec![("phase", text(phase))],
        Error::GovernorError { governor, .. } | Error::ComponentRejected { governor, .. } => {
            vec![("governor", text(governor))]
        }
        Error::ConflictDetected { fact, governors } => {
            let names = governors.iter().map(ToString::to_string).collect();
            vec![("fact", text(&impersonal(fact))), ("governors", ErrorField::Names(names))]
        }
        Error::RollbackFailed { effect, .. } | Error::EffectFailed { effect, .. } => vec![("effect", text(effect))],
        Error::NoGovernorsAssigned { event_type, .. } => vec![("event_type", text(event_type))],
        Error::Overloaded { retry_after_ms } => vec![("retry_after_ms", ErrorField::Number(*retry_after_ms))],
        Error::RoleNotHeld { role, .. } => vec![("role", text(role))],
        Error::IdempotencyViolation { .. } | Error::EventValidationFailed { .. } => Vec::new(),
    };
    ErrorRecord {
        fields: fields.into_iter().map(|(name, field)| (name.to_owned(), field)).collect(),
        kind: error.kind().to_owned(),
    }
}
