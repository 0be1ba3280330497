//! The receipt of a step, and all that is committed with it.
//!
//! The leaf names the case, its net, what fired and what it is at afterwards, and commits to the whole of its state. What
//! else was said and answered stands beside it: a command's event as any event's, and of what happens by itself a record
//! of its own, to which the leaf commits as it does to an administrative act.

use serde_json::{Value, json};
use syndic_core::effect::Mode;
use syndic_core::outcome::{CaseStep, EffectReport, EffectStatus, Outcome, Report};
use syndic_core::ports::{
    Answer, CaseKey, CaseRecord, CaseStatus, Commit, DedupRecord, Entry, Kept, Lineage, NoAnswer, Raised, Reads,
    StoreError,
};
use syndic_core::{DedupKey, Error, Event, Time};
use syndic_ledger as ledger;
use syndic_ledger::{Digest, Kind, Parent, Receipt, Relation, canonical};

use super::Refused;
use super::commit::{Computed, What};
use super::raised::is_heard;
use crate::cases::{Call, Told};
use crate::host::Host;
use crate::in_force::InForce;
use crate::receipt::{self, Salts};

/// Who asks, where a case does.
const CASES: &str = "cases";

/// The source that what happens to cases by itself is filed under; no event from outside may say so.
const SOURCE: &str = "syndic:case";

/// A step that was computed, with what it was computed from.
pub(super) struct Happened<'h> {
    pub(super) key: &'h CaseKey,
    pub(super) what: &'h What<'h>,
    pub(super) at: Time,
    pub(super) before: Option<&'h CaseRecord>,
    pub(super) computed: &'h Result<Computed, Refused>,
    /// What it was computed by.
    pub(super) in_force: &'h InForce,
}

/// What is committed, and told.
pub(super) struct Sealed {
    pub(super) commit: Commit,
    pub(super) report: Report,
}

impl Happened<'_> {
    /// The case's record after the step; none where it was refused. An event that it waits for may have ended meanwhile.
    fn record(&self, front: &dyn Reads, sequence: u64) -> Result<Option<CaseRecord>, StoreError> {
        let Ok(Computed { net, step }) = self.computed else { return Ok(None) };
        let mut record = step.record(net, sequence);
        for call in step.case.awaited(net) {
            if is_heard(front, self.key, &call)? {
                record.due = Some(record.due.map_or(self.at, |due| due.min(self.at)));
            }
        }
        Ok(Some(record))
    }

    /// Everything that the step commits, with its receipt.
    pub(super) fn sealed(&self, host: &Host, front: &dyn Reads) -> Result<Sealed, StoreError> {
        let sequence = front.head()?.frontier.size() + 1;
        let report = self.report(sequence);
        let (receipt, kept) = match self.what {
            What::Command(event, _) => self.of_command(host, sequence, event, &report),
            _ => self.of_itself(host, sequence, &report),
        };
        let leaf =
            String::from_utf8(receipt.leaf()).map_err(|_| StoreError::Corrupt("a receipt is not UTF-8".into()))?;
        let mut commit = Commit { receipt: Some((sequence, Entry { leaf, kept })), ..Commit::default() };
        if let Ok(Computed { step, .. }) = self.computed {
            commit.cases = vec![(self.key.clone(), self.record(front, sequence)?)];
            commit.works = step.work_rows(self.key);
        }
        match self.what {
            What::Command(event, _) => {
                let known = DedupRecord { hash: event.hash(), taken: host.ports.clock.now(), report: report.clone() };
                commit.dedup = Some((event.key(), known));
            }
            What::Raised(_, event) => {
                let lineage = Lineage::default().raise();
                commit.raised = vec![Raised { event: event.canonical().to_owned(), cause: sequence, lineage }];
            }
            What::Due | What::Answered(..) => {}
        }
        Ok(Sealed { commit, report })
    }

    fn of_command(&self, host: &Host, sequence: u64, event: &Event, report: &Report) -> (Receipt, Kept) {
        let salts = Salts::new(&host.master, &event.tenant, &event.subject);
        let receipt = Receipt {
            dedup: Some(salts.commit_to(&canonical(&[&event.source, &event.id]))),
            error: report.error.as_ref().map(receipt::error),
            event: Some(ledger::Event {
                hash: salts.commit_to(event.canonical()),
                id: event.id.clone(),
                source: salts.commit_to(&event.source),
                r#type: event.wire_type(),
            }),
            subject: Some(salts.commit_to(&event.subject)),
            ..self.receipt(host, sequence, Kind::Event, report)
        };
        (receipt, self.kept(event.key(), event.canonical().to_owned(), report))
    }

    fn of_itself(&self, host: &Host, sequence: u64, report: &Report) -> (Receipt, Kept) {
        let salts = Salts::new(&host.master, &self.key.tenant, &self.key.id);
        let text = canonical(&self.happening());
        let receipt = Receipt {
            act: Some(salts.commit_to(&text)),
            effects: self.effect(&salts).into_iter().collect(),
            raises: self.raise(&salts).into_iter().collect(),
            subject: Some(salts.commit_to(&self.key.id)),
            ..self.receipt(host, sequence, Kind::Act("case".to_owned()), report)
        };
        let id = format!("{sequence}/{}", self.key.id);
        let key = DedupKey { tenant: self.key.tenant.clone(), source: SOURCE.to_owned(), id };
        (receipt, self.kept(key, text, report))
    }

    /// What every step's receipt has.
    fn receipt(&self, host: &Host, sequence: u64, kind: Kind, report: &Report) -> Receipt {
        let computed = self.computed.as_ref().ok();
        let case = computed.zip(report.case.as_ref()).map(|(computed, step)| ledger::Case {
            fired: step.fired.clone(),
            id: self.key.id.clone(),
            net: Digest(computed.net.digest()),
            state: Some(host.master.salt(&self.key.tenant, &self.key.id).commit(computed.step.state.as_bytes())),
            status: status(step.status),
        });
        let before = self.before.filter(|_| case.is_some());
        Receipt {
            case,
            parent: before.map(|before| Parent { relation: Relation::Continues, sequence: before.receipt }),
            tenant: Some(self.key.tenant.clone()),
            ..Receipt::new(
                sequence,
                self.at.to_string(),
                kind,
                receipt::outcome(report.outcome),
                self.in_force.digest,
                host.engine_hash,
            )
        }
    }

    fn kept(&self, key: DedupKey, event: String, report: &Report) -> Kept {
        Kept {
            key,
            event,
            now: self.at,
            reads: Vec::new(),
            writes: Vec::new(),
            intents: Vec::new(),
            lineage: Lineage::default(),
            report: report.clone(),
            again: None,
        }
    }

    fn report(&self, sequence: u64) -> Report {
        let id = match self.what {
            What::Command(event, _) => event.id.clone(),
            _ => self.key.id.clone(),
        };
        let (outcome, case, error) = match self.computed {
            Ok(computed) => (Outcome::Completed, Some(case_step(self.key, computed)), None),
            Err(refused) => {
                let error = Error::CommandRefused { code: refused.code().to_owned(), reason: refused.to_string() };
                (Outcome::Refused, None, Some(error))
            }
        };
        let effects = match self.what {
            What::Answered(call, answer) if !self.is_referred() => vec![EffectReport {
                id: format!("{CASES}/{}/{}", call.id.task, call.id.attempt),
                action: call.action.clone(),
                mode: mode(call),
                status: effect_status(call, answer),
            }],
            _ => Vec::new(),
        };
        Report {
            id,
            outcome,
            duplicate: false,
            receipt: Some(sequence),
            state_path: Vec::new(),
            governors: Vec::new(),
            conflicts: Vec::new(),
            effects,
            error,
            case,
        }
    }

    /// What happened by itself, as it is kept.
    fn happening(&self) -> Value {
        let call = |call: &Call| json!({"task": call.id.task, "attempt": call.id.attempt, "undo": call.id.undo});
        let mut happening = json!({"case": self.key.id, "tenant": self.key.tenant, "time": self.at.to_string()});
        match self.what {
            What::Command(..) | What::Due => happening["due"] = true.into(),
            What::Raised(raised, event) => {
                happening["call"] = call(raised);
                happening["raised"] = event.id.clone().into();
            }
            What::Answered(answered, answer) => {
                happening["call"] = call(answered);
                happening["answer"] = match answer {
                    Ok(Answer { accepted, body }) => json!({"accepted": accepted, "body": body}),
                    Err(NoAnswer { reason }) => json!({"silence": reason}),
                };
            }
        }
        happening
    }

    /// What a service was asked, and answered.
    fn effect(&self, salts: &Salts) -> Option<ledger::Effect> {
        let What::Answered(call, answer) = self.what else { return None };
        if self.is_referred() {
            return None;
        }
        Some(ledger::Effect {
            action: call.action.clone(),
            answer: answer.as_ref().ok().map(|answer| salts.commit_to(&canonical(answer))),
            attempt: call.tries + 1,
            id: format!("{}/{}", call.id.task, call.id.attempt),
            key: call.connector_key(self.key),
            mode: match mode(call) {
                Mode::Reversible => ledger::Mode::Reversible,
                Mode::Check | Mode::Deferred => ledger::Mode::Deferred,
            },
            request: salts.commit_to(&canonical(&json!({"asks": call.asks, "data": call.data}))),
            slot: CASES.to_owned(),
            status: match (call.id.undo, answer) {
                (true, Ok(Answer { accepted: true, .. })) => ledger::EffectStatus::Undone,
                (true, _) => ledger::EffectStatus::UndoFailed,
                (false, Ok(Answer { accepted: true, .. })) => ledger::EffectStatus::Done,
                (false, Ok(_)) => ledger::EffectStatus::Declined,
                (false, Err(_)) => ledger::EffectStatus::Failed,
            },
        })
    }

    /// Whether the answer is that there is none yet.
    fn is_referred(&self) -> bool {
        let told = self.computed.as_ref().map_or(&[][..], |computed| &computed.step.told);
        told.iter().any(|told| matches!(told, Told::Referred { .. }))
    }

    fn raise(&self, salts: &Salts) -> Option<ledger::Raised> {
        let What::Raised(_, event) = self.what else { return None };
        Some(ledger::Raised {
            hash: salts.commit_to(event.data_text()),
            slot: CASES.to_owned(),
            r#type: event.wire_type(),
        })
    }
}

/// What is done and stays done unless it is undone; an undo itself is not.
fn mode(call: &Call) -> Mode {
    if call.id.undo { Mode::Deferred } else { Mode::Reversible }
}

fn effect_status(call: &Call, answer: &Result<Answer, NoAnswer>) -> EffectStatus {
    match answer {
        Ok(Answer { accepted: true, .. }) if call.id.undo => EffectStatus::Undone,
        Ok(Answer { accepted: true, .. }) => EffectStatus::Done,
        _ => EffectStatus::Failed,
    }
}

pub(super) fn status(status: CaseStatus) -> ledger::CaseStatus {
    match status {
        CaseStatus::Running => ledger::CaseStatus::Running,
        CaseStatus::Suspended => ledger::CaseStatus::Suspended,
        CaseStatus::Stopped => ledger::CaseStatus::Stopped,
        CaseStatus::Completed => ledger::CaseStatus::Completed,
        CaseStatus::Cancelled => ledger::CaseStatus::Cancelled,
    }
}

fn case_step(key: &CaseKey, Computed { net, step }: &Computed) -> CaseStep {
    let mut told: Vec<String> = step.told.iter().filter_map(said).collect();
    told.extend(step.case.stopped().map(|stop| format!("stopped ({}): {}", stop.code, stop.why)));
    CaseStep {
        id: key.id.clone(),
        net: net.name().to_owned(),
        status: step.case.status(),
        fired: step.fired.clone(),
        told,
    }
}

/// What happened beside firings, as a sentence. That a case is stopped, its reason says.
fn said(told: &Told) -> Option<String> {
    Some(match told {
        Told::Acted { transition, action } => format!("{transition} did {action}"),
        Told::Late { task, role: Some(role) } => format!("{task} is late; {role} was told"),
        Told::Late { task, role: None } => format!("{task} is late"),
        Told::LeaseEnded { task, holder } => format!("{holder} was not heard of, and {task} is free again"),
        Told::FellBack { task } => format!("{task} is done by a person now"),
        Told::Referred { task } => format!("the event of {task} was referred: an operator decides it"),
        Told::LateYes { task } => format!("{task} was done too late, and is undone"),
        Told::DeadLetter { task } => format!("{task} could not be undone; a person does it"),
        Told::Stopped => return None,
    })
}
