//! Commands: events that ask something of a case or of a work item.
//!
//! A command is an event like any other: the same envelope, the same key, the same clock, the same outcome and receipt.
//! Only nobody judges it: the case answers. Its type says what is asked, its subject of whom: a case by its id, a work
//! item as `case/task/attempt`.

use crate::payload::{Field, Is, Need};
use serde_json::Value;

use Is::*;
use Need::*;

/// What the types of commands begin with.
pub const PREFIXES: [&str; 2] = ["syndic.case.", "syndic.work."];

/// The source of the events that cases raise; no event from outside may say so.
pub const CASES_SOURCE: &str = "/cases";

/// Bytes a case id may have.
const CASE_ID_MAX_BYTES: usize = 128;

/// The longest lease: a day.
const LEASE_MAX_MS: i64 = 86_400_000;

const BY: Field = ("by", Text, Required);
const REASON: Field = ("reason", Prose, Required);
const ROLES: Field = ("roles", Texts, Optional);
const LEASE: Field = ("lease_ms", Int(1_000, LEASE_MAX_MS), Optional);

/// What each command must carry.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[(&str, &[Field])] = &[
    ("syndic.case.launch",     &[("net", Text, Required), ("data", Values, Optional), ("rehearse", Values, Optional)]),
    ("syndic.case.cancel",     &[BY, REASON]),
    ("syndic.case.suspend",    &[BY, REASON]),
    ("syndic.case.resume",     &[BY, REASON]),
    ("syndic.case.repair",     &[BY, REASON, ("data", Values, Optional), ("retry", Text, Optional), ("fire", Text, Optional)]),
    ("syndic.work.take",       &[BY, ROLES, LEASE]),
    ("syndic.work.start",      &[BY, ROLES, LEASE]),
    ("syndic.work.complete",   &[BY, ROLES, ("outcome", Text, Optional), ("data", Values, Optional)]),
    ("syndic.work.fail",       &[BY, ROLES, REASON]),
    ("syndic.work.release",    &[BY, ROLES]),
    ("syndic.work.suspend",    &[BY, ROLES]),
    ("syndic.work.resume",     &[BY, ROLES]),
    ("syndic.work.delegate",   &[BY, ROLES, ("to", Text, Required), ("to_roles", Texts, Optional)]),
    ("syndic.work.heartbeat",  &[BY, ROLES, LEASE]),
    ("syndic.work.prioritise", &[BY, ROLES, ("priority", Int(i32::MIN as i64, i32::MAX as i64), Required)]),
];

/// Names a work item of some case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item<'s> {
    /// The case.
    pub case: &'s str,
    /// The task; it may hold a `/`, as `undo/T_Pay` does.
    pub task: &'s str,
    /// Which time the task was enabled.
    pub attempt: u32,
}

/// Whether a kind of event is a command.
pub fn is_command(kind: &str) -> bool {
    PREFIXES.iter().any(|prefix| kind.starts_with(prefix))
}

/// The case that a command of this kind is about.
pub fn case_of<'s>(kind: &str, subject: &'s str) -> Option<&'s str> {
    match kind.strip_prefix(PREFIXES[1]) {
        Some(_) => item_of(subject).map(|item| item.case),
        None => kind.starts_with(PREFIXES[0]).then_some(subject),
    }
}

/// The work item of this name.
pub fn item_of(subject: &str) -> Option<Item<'_>> {
    let (case, rest) = subject.split_once('/')?;
    let (task, attempt) = rest.rsplit_once('/')?;
    let digits = !attempt.starts_with(['0', '+']);
    let attempt = attempt.parse().ok().filter(|_| digits)?;
    (!task.is_empty()).then_some(Item { case, task, attempt })
}

/// Checks what a command is about, and what no table can say of its data. What is no command passes.
///
/// # Errors
/// A sentence that names the member and the rule.
pub(crate) fn check(kind: &str, subject: &str, data: &Value) -> Result<(), String> {
    if !is_command(kind) {
        return Ok(());
    }
    if !COMMANDS.iter().any(|(name, _)| *name == kind) {
        let known: Vec<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
        return Err(format!("`type` is no command: use one of {}", known.join(", ")));
    }
    let Some(case) = case_of(kind, subject) else {
        return Err("`subject` must be a work item: CASE/TASK/ATTEMPT, like order-1/T_Review/1".into());
    };
    check_case_id(case).map_err(|why| format!("`subject`: {why}"))?;
    match data.get("rehearse") {
        Some(Value::Object(tasks)) if kind == "syndic.case.launch" => tasks.iter().try_for_each(check_tries),
        _ => Ok(()),
    }
}

/// Whether a case may be called so.
///
/// # Errors
/// A sentence: what it must be.
pub fn check_case_id(id: &str) -> Result<(), String> {
    let may = |b: u8| b.is_ascii_alphanumeric() || b"-_.:".contains(&b);
    match (1..=CASE_ID_MAX_BYTES).contains(&id.len()) && id.bytes().all(may) {
        true => Ok(()),
        false => Err(format!(
            "a case id is 1 to {CASE_ID_MAX_BYTES} letters, digits and `-_.:`, not `{}`",
            id.escape_debug()
        )),
    }
}

/// What one task is answered in a rehearsal: a list, one entry for each try; the last one holds for all that follow.
fn check_tries((task, tries): (&String, &Value)) -> Result<(), String> {
    let is_try = |entry: &Value| entry.is_object() || matches!(entry.as_str(), Some("silence" | "no" | "yes"));
    match tries {
        Value::Array(tries) if (1..=64).contains(&tries.len()) && tries.iter().all(is_try) => Ok(()),
        _ => Err(format!(
            "`data.rehearse.{task}` must be a list of 1 to 64 answers, each an object, \"yes\", \"no\" or \"silence\""
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payload;
    use serde_json::json;

    fn checked(kind: &str, subject: &str, data: Value) -> Result<(), String> {
        payload::check(kind, &data).and_then(|()| check(kind, subject, &data))
    }

    #[test]
    fn a_work_item_is_named_by_case_task_and_attempt() {
        let item = |case, task, attempt| Some(Item { case, task, attempt });
        assert_eq!(item_of("order-1/T_Review/2"), item("order-1", "T_Review", 2));
        assert_eq!(item_of("order-1/undo/T_Pay/1"), item("order-1", "undo/T_Pay", 1));
        for bad in ["order-1", "order-1/T_Review", "order-1/T_Review/x", "order-1//1", "order-1/T/01", "order-1/T/+1"] {
            assert_eq!(item_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_command_that_reads_passes() {
        let who = json!({"by": "ann", "reason": "asked to"});
        let launch =
            json!({"net": "fulfillment", "data": {"tier": "premium"}, "rehearse": {"T_Pay": [{"a": 1}, "silence"]}});
        assert_eq!(checked("syndic.case.launch", "order-1", launch), Ok(()));
        assert_eq!(checked("syndic.case.cancel", "order-1", who), Ok(()));
        assert_eq!(checked("syndic.work.take", "order-1/T_Review/1", json!({"by": "ann", "lease_ms": 60_000})), Ok(()));
    }

    #[test]
    fn what_is_wrong_with_a_command_is_named() {
        let who = || json!({"by": "ann", "reason": "asked to"});
        #[rustfmt::skip]
        let wrong = [
            ("syndic.case.begin",  "order-1", json!({}), "`type` is no command: use one of syndic.case.launch"),
            ("syndic.case.cancel", "order/1", who(), "`subject`: a case id is 1 to 128 letters, digits and `-_.:`, not `order/1`"),
            ("syndic.case.cancel", "ördér", who(), "`subject`: a case id is"),
            ("syndic.case.cancel", "order-1", json!({"by": "ann"}), "`data.reason` is missing"),
            ("syndic.case.launch", "order-1", json!({"data": {}}), "`data.net` is missing"),
            ("syndic.case.launch", "order-1", json!({"net": "n", "data": []}), "`data.data` must be an object"),
            ("syndic.case.launch", "order-1", json!({"net": "n", "rehearse": {"T": ["maybe"]}}), "`data.rehearse.T` must be a list"),
            ("syndic.work.take",   "order-1", json!({"by": "ann"}), "`subject` must be a work item"),
            ("syndic.work.take",   "order-1/T/1", json!({"by": "ann", "lease_ms": 1}), "`data.lease_ms` must be an integer from 1000 to 86400000"),
            ("syndic.work.delegate", "order-1/T/1", json!({"by": "ann"}), "`data.to` is missing"),
        ];
        for (kind, subject, data, sentence) in wrong {
            let told = checked(kind, subject, data).unwrap_err();
            assert!(told.starts_with(sentence), "{told}");
        }
    }
}
