//! Cases as their steps write them: a record, a row of work, a receipt, and the key of the command that moved it.
//!
//! Records are as large as those of a marketplace's net half way through. What a step costs beside its commit is not in
//! here: this is what the store has to carry.

use serde_json::json;
use syndic_core::ports::{
    CaseKey, CaseRecord, CaseStatus, Commit, DedupRecord, Entry, Kept, Lineage, Reads, StoreError, WorkKey, WorkRow,
    WorkState,
};
use syndic_core::{DedupKey, Outcome, Report, Text, Time};
use syndic_ledger::{Case, Digest, Kind, Parent, Receipt, Relation, sha256};

/// When everything here happens.
pub const NOW: Time = Time::from_ms(1_768_187_045_000);

/// Nothing that sleeps is due before.
pub const LATER: Time = NOW.plus_ms(30 * 24 * 3_600_000);

const TASKS: [&str; 3] = ["T_SubmitIdentity", "T_SubmitBankDetails", "T_ReviewIdentity"];

/// The key of a case, by its number.
pub fn key(nth: usize) -> CaseKey {
    CaseKey { tenant: "acme".into(), id: format!("vendor-{nth:07}") }
}

/// The commit that launches a case: somebody has work to do in it, and in every second one something is due by itself.
pub fn launched(nth: usize, due: Option<Time>) -> Commit {
    let due = due.or((nth % 2 == 0).then(|| LATER.plus_ms(nth as i64)));
    let case = key(nth);
    let item = (WorkKey { case: case.clone(), task: TASKS[0].into(), attempt: 1 }, Some(offered()));
    Commit { cases: vec![(case, Some(record(0, due, 0)))], works: vec![item], ..Commit::default() }
}

/// The commit of a step of a case: its work is done, and there is other work in its place.
///
/// # Errors
/// The store cannot be read.
pub fn step(reads: &dyn Reads, case: &CaseKey, command: usize) -> Result<Option<Commit>, StoreError> {
    let Some(before) = reads.case(case)? else { return Ok(None) };
    let sequence = reads.head()?.frontier.size() + 1;
    let done = steps_of(&before);
    let due = before.due.filter(|due| *due > NOW).or((before.due.is_some()).then_some(LATER));
    let item = |step: u64| {
        let task = TASKS[(step % 3) as usize].to_owned();
        WorkKey { case: case.clone(), task, attempt: (step / 3) as u32 + 1 }
    };
    let (event, report) = told(case, command, sequence);
    Ok(Some(Commit {
        cases: vec![(case.clone(), Some(record(done + 1, due, sequence)))],
        works: vec![(item(done), None), (item(done + 1), Some(offered()))],
        dedup: Some((event.clone(), DedupRecord { hash: sha256(b"command"), taken: NOW, report: report.clone() })),
        receipt: Some((sequence, entry(case, before.receipt, event, report, sequence))),
        ..Commit::default()
    }))
}

fn offered() -> WorkRow {
    let roles = vec!["vendor".into()];
    WorkRow { state: WorkState::Offered, roles, holder: None, priority: 0, since: NOW, late: Some(LATER) }
}

fn record(steps: u64, due: Option<Time>, receipt: u64) -> CaseRecord {
    let task = TASKS[(steps % 3) as usize];
    let state = json!({
        "form": 1, "net": sha256(b"net"), "at": NOW, "steps": steps,
        "marking": {"P_BankingSetup": 1, "P_IdentityPassed": 1, "P_VendorApplied": 1},
        "filled": {"P_BankingSetup": NOW, "P_IdentityPassed": NOW, "P_VendorApplied": NOW},
        "data": {
            "vendor_id": "vendor-0000000", "kyc": "pass", "reviewer": "accept", "bank": "pass", "decision": "retry",
            "identity_resubmits": 1, "bank_retries": 0, "onboarding_retries": 0,
        },
        "attempts": {"T_SubmitBankDetails": 1, "T_SubmitIdentity": 2, "T_VerifyIdentity": 2},
        "items": {task: {"attempt": 1, "since": NOW, "late": LATER, "phase": {"offered": {}}}},
        "done": [{"task": "T_VerifyIdentity", "attempt": 2, "key": "vendor-0000000/identity/1"}],
    });
    CaseRecord { status: CaseStatus::Running, net: "vendor-onboarding".into(), due, receipt, state: state.into() }
}

/// How many steps a case has made.
fn steps_of(record: &CaseRecord) -> u64 {
    record.state.value()["steps"].as_u64().unwrap_or_default()
}

fn told(case: &CaseKey, command: usize, sequence: u64) -> (DedupKey, Report) {
    let id = format!("{}-{command}", case.id);
    let event = DedupKey { tenant: case.tenant.clone(), source: "/desk".into(), id: id.clone() };
    let report = Report {
        id,
        outcome: Outcome::Completed,
        duplicate: false,
        receipt: Some(sequence),
        state_path: Vec::new(),
        governors: Vec::new(),
        conflicts: Vec::new(),
        effects: Vec::new(),
        error: None,
    };
    (event, report)
}

fn entry(case: &CaseKey, before: u64, key: DedupKey, report: Report, sequence: u64) -> Entry {
    let hash = sha256(b"configuration");
    let outcome = syndic_ledger::Outcome::Completed;
    let receipt = Receipt {
        case: Some(Case {
            fired: vec!["T_SubmitBankDetails".into()],
            id: case.id.clone(),
            net: Digest::of(b"net"),
            status: syndic_ledger::CaseStatus::Running,
        }),
        parent: (before > 0).then_some(Parent { relation: Relation::Continues, sequence: before }),
        tenant: Some(case.tenant.clone()),
        ..Receipt::new(sequence, NOW.to_string(), Kind::Event, outcome, hash, hash)
    };
    let event = Text::from(json!({
        "specversion": "1.0", "id": key.id, "source": key.source, "type": "syndic.work.complete",
        "tenant": key.tenant, "subject": case.id, "time": NOW, "data": {"by": "ada", "outcome": "accept"},
    }));
    let kept = Kept {
        key,
        event: event.to_string(),
        now: NOW,
        reads: Vec::new(),
        writes: Vec::new(),
        intents: Vec::new(),
        lineage: Lineage::default(),
        report,
        again: None,
    };
    Entry { leaf: String::from_utf8(receipt.leaf()).expect("a leaf is text"), kept }
}
