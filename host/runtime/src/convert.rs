//! Between the contract's types and the core's.
//!
//! What the host says is lowered as it is. What a governor answers is lifted strictly: a JSON text must be JSON under
//! the core's rules, a time a time, an integer one that every language holds exactly. The sentence names the member
//! that is not. Whether the answer keeps to the contract's bounds is the core's to say.

use std::fmt;

use syndic_core::Text;
use syndic_core::decision::{Decision, Effect, Raise, Reason, TimerRequest, Undo, Verdict, Write};
use syndic_core::effect::Mode;
use syndic_core::fact::{FactName, Scope, Seen};
use syndic_core::json::MAX_SAFE_INTEGER;
use syndic_core::ports::{Context, EffectResult};
use syndic_core::time::Time;

use crate::bindings::types;

// ── what the host says ──────────────────────────────────────────────────────────────────────────────────────────────

/// What a governor judges.
pub(crate) fn context(context: Context) -> types::Context {
    let Context { id, source, kind, subject, time, data, now, seed } = context;
    let event = types::Event { id, source, kind, subject, time: time.to_string(), data };
    types::Context { event, now: now.to_string(), seed }
}

/// An effect's answer.
pub(crate) fn result(result: EffectResult) -> types::EffectResult {
    let EffectResult { id, action, key, accepted, body } = result;
    types::EffectResult { id, action, key: key.to_string(), accepted, body }
}

/// A fact.
pub(crate) fn fact(seen: Seen) -> types::Fact {
    let Seen { name, version, value } = seen;
    types::Fact { name, version, value }
}

// ── what a governor answers ─────────────────────────────────────────────────────────────────────────────────────────

/// A decision.
pub(crate) fn decision(decision: types::Decision) -> Result<Decision, String> {
    Ok(Decision {
        verdict: verdict(decision.verdict),
        writes: each(decision.writes, write)?,
        effects: each(decision.effects, effect)?,
        timers: each(decision.timers, timer)?,
        raises: each(decision.raises, raise)?,
        note: decision.note,
    })
}

fn each<W, C>(list: Vec<W>, convert: impl Fn(usize, W) -> Result<C, String>) -> Result<Vec<C>, String> {
    list.into_iter().enumerate().map(|(nth, item)| convert(nth, item)).collect()
}

fn verdict(verdict: types::Verdict) -> Verdict {
    match verdict {
        types::Verdict::Approve => Verdict::Approve,
        types::Verdict::Abstain => Verdict::Abstain,
        types::Verdict::Refuse(reason) => Verdict::Refuse(self::reason(reason)),
        types::Verdict::Refer(reason) => Verdict::Refer(self::reason(reason)),
    }
}

fn reason(types::Reason { code, message }: types::Reason) -> Reason {
    Reason { code, message }
}

fn write(nth: usize, write: types::Write) -> Result<Write, String> {
    Ok(match write {
        types::Write::Set(types::SetValue { fact, value }) => {
            Write::Set { fact: name(fact), value: json(format_args!("writes[{nth}].value"), &value)? }
        }
        types::Write::Add(types::SetElement { fact, element }) => Write::Add { fact: name(fact), element },
        types::Write::Remove(types::SetElement { fact, element }) => Write::Remove { fact: name(fact), element },
        types::Write::Increase(types::CounterStep { fact, by }) => {
            Write::Increase { fact: name(fact), by: integer(format_args!("writes[{nth}].by"), by)? }
        }
        types::Write::Stand(types::Standing { fact, value }) => Write::Stand { fact: name(fact), value },
        types::Write::Number(types::Numbering { series, fact, pointer }) => {
            Write::Number { series, fact: name(fact), pointer }
        }
        types::Write::Claim(types::UniqueClaim { key, content }) => {
            Write::Claim { key, content: json(format_args!("writes[{nth}].content"), &content)? }
        }
    })
}

fn effect(nth: usize, effect: types::Effect) -> Result<Effect, String> {
    let mode = match effect.mode {
        types::EffectMode::Check => Mode::Check,
        types::EffectMode::Reversible => Mode::Reversible,
        types::EffectMode::Deferred => Mode::Deferred,
    };
    let undo = match effect.undo {
        Some(types::Undo { action, body }) => {
            Some(Undo { action, body: json(format_args!("effects[{nth}].undo.body"), &body)? })
        }
        None => None,
    };
    let body = json(format_args!("effects[{nth}].body"), &effect.body)?;
    Ok(Effect { id: effect.id, action: effect.action, mode, key: effect.key, body, undo })
}

fn timer(nth: usize, types::Timer { name, due, data }: types::Timer) -> Result<TimerRequest, String> {
    let due = Time::parse(&due).map_err(|error| format!("its answer's timers[{nth}].due: {error}"))?;
    let data = data.map(|data| json(format_args!("timers[{nth}].data"), &data)).transpose()?;
    Ok(TimerRequest { name, due, data })
}

fn raise(nth: usize, types::Raised { kind, data }: types::Raised) -> Result<Raise, String> {
    Ok(Raise { kind, data: json(format_args!("raises[{nth}].data"), &data)? })
}

fn name(types::FactName { subject, name }: types::FactName) -> FactName {
    FactName { scope: scope(subject), name }
}

/// Whose facts.
pub(crate) fn scope(subject: types::Subject) -> Scope {
    match subject {
        types::Subject::Customer => Scope::Customer,
        types::Subject::Tenant => Scope::Tenant,
    }
}

fn json(member: fmt::Arguments<'_>, text: &str) -> Result<Text, String> {
    Text::strict(text).map_err(|error| format!("its answer's {member} is not JSON of the contract: {error}"))
}

fn integer(member: fmt::Arguments<'_>, value: i64) -> Result<i64, String> {
    if value.unsigned_abs() > MAX_SAFE_INTEGER.unsigned_abs() {
        return Err(format!("its answer's {member} is {value}, outside ±(2^53 − 1)"));
    }
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter(by: i64) -> types::Write {
        let fact = types::FactName { subject: types::Subject::Tenant, name: "billing.n".to_owned() };
        types::Write::Increase(types::CounterStep { fact, by })
    }

    #[test]
    fn an_integer_that_some_language_would_round_is_refused_by_name() {
        assert!(write(0, counter(MAX_SAFE_INTEGER)).is_ok());
        for by in [MAX_SAFE_INTEGER + 1, -MAX_SAFE_INTEGER - 1, i64::MIN] {
            let sentence = write(7, counter(by)).unwrap_err();
            assert_eq!(sentence, format!("its answer's writes[7].by is {by}, outside ±(2^53 − 1)"));
        }
    }

    #[test]
    fn a_member_that_is_not_what_it_should_be_is_named() {
        let timer = |due: &str, data: &str| {
            self::timer(2, types::Timer { name: "t".to_owned(), due: due.to_owned(), data: Some(data.to_owned()) })
        };
        assert!(timer("2026-01-02T03:04:05Z", "{}").is_ok());
        assert!(timer("tomorrow", "{}").unwrap_err().contains("timers[2].due"));
        assert!(timer("2026-01-02T03:04:05Z", "1.5").unwrap_err().contains("timers[2].data is not JSON"));
        let raised = types::Raised { kind: "K".to_owned(), data: r#"{"a":1,"a":2}"#.to_owned() };
        assert!(raise(0, raised).unwrap_err().contains("`a` appears twice"));
    }
}
