//! The component boundary: WIT's types on one side, the SDK's on the other. Only in components.
//!
//! Lifting takes strings over as they are; what JSON is parsed is parsed once, when the governor asks for it. A panic
//! is logged before it becomes a trap: the host knows where a component stopped, and the log says why.

use std::panic;
use std::sync::Once;

use crate::shape::Shape;
use crate::{
    Answer, Context, Decision, Effect, EffectMode, EffectResult, Fact, FactName, Fault, Governor, Read, Reason,
    Subject, Time, Verdict, Write,
};

#[doc(hidden)]
#[allow(unsafe_code, missing_docs, unreachable_pub, clippy::all)]
pub mod bindings {
    wit_bindgen::generate!({
        path: "../wit",
        world: "governor",
        pub_export_macro: true,
        default_bindings_module: "syndic_sdk::wire::bindings",
    });
}

#[doc(hidden)]
pub use bindings::exports::syndic::governor::judge::Guest;
pub use bindings::syndic::governor::types as wit;

/// The host's three functions, in the SDK's words.
pub(crate) mod imports {
    use super::bindings::syndic::governor::host;
    use crate::{Subject, log::Level};

    pub(crate) fn read(subject: Subject, name: &str) -> Option<String> {
        host::read(subject.into(), name).map(|fact| fact.value)
    }

    pub(crate) fn config(key: &str) -> Option<String> {
        host::config(key)
    }

    pub(crate) fn log(level: Level, message: &str) {
        let level = match level {
            Level::Debug => host::Level::Debug,
            Level::Info => host::Level::Info,
            Level::Warn => host::Level::Warn,
            Level::Error => host::Level::Error,
        };
        host::log(level, message);
    }
}

/// Exports a [`Governor`] as a component. `#[governor]` writes this.
#[doc(hidden)]
#[macro_export]
macro_rules! component {
    ($governor:expr) => {
        #[allow(unsafe_code)]
        const _: () = {
            struct Component;

            impl $crate::wire::Guest for Component {
                fn describe() -> $crate::wire::wit::Manifest {
                    $crate::wire::describe(&$governor)
                }

                fn evaluate(
                    context: $crate::wire::wit::Context,
                ) -> Result<$crate::wire::wit::Decision, $crate::wire::wit::Fault> {
                    $crate::wire::evaluate(&$governor, context)
                }

                fn feedback(
                    context: $crate::wire::wit::Context,
                    results: Vec<$crate::wire::wit::EffectResult>,
                ) -> Result<$crate::wire::wit::Decision, $crate::wire::wit::Fault> {
                    $crate::wire::feedback(&$governor, context, results)
                }

                fn migrate(
                    from_schema: u32,
                    facts: Vec<$crate::wire::wit::Fact>,
                ) -> Result<Vec<$crate::wire::wit::Fact>, $crate::wire::wit::Fault> {
                    $crate::wire::migrate(&$governor, from_schema, facts)
                }
            }

    $crate::wire::bindings::export!(Component with_types_in $crate::wire::bindings);
        };
    };
}

pub fn describe(governor: &Governor) -> wit::Manifest {
    let owned = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    wit::Manifest {
        name: governor.name.to_owned(),
        version: governor.version.to_owned(),
        kinds: owned(governor.kinds),
        reads: governor.reads.iter().map(lower_read).collect(),
        effects: owned(governor.effects),
        state_schema: governor.state_schema,
    }
}

pub fn evaluate(governor: &Governor, context: wit::Context) -> Result<wit::Decision, wit::Fault> {
    log_panics();
    lower(lift_context(governor, context).and_then(|cx| (governor.evaluate)(&cx)))
}

pub fn feedback(
    governor: &Governor,
    context: wit::Context,
    results: Vec<wit::EffectResult>,
) -> Result<wit::Decision, wit::Fault> {
    log_panics();
    let answer = || {
        let cx = lift_context(governor, context)?;
        let results = results.into_iter().map(lift_result).collect::<Result<Vec<_>, _>>()?;
        governor.answer_feedback(&cx, &results)
    };
    lower(answer())
}

pub fn migrate(governor: &Governor, from_schema: u32, facts: Vec<wit::Fact>) -> Result<Vec<wit::Fact>, wit::Fault> {
    log_panics();
    let facts = facts.into_iter().map(|wit::Fact { name, version, value }| Fact { name, version, value }).collect();
    let facts = governor.answer_migrate(from_schema, facts)?;
    Ok(facts.into_iter().map(|Fact { name, version, value }| wit::Fact { name, version, value }).collect())
}

/// Once per instance, and an instance may judge many events.
fn log_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        panic::set_hook(Box::new(|panic| {
            let place = panic.location().map(|at| format!(" ({}:{})", at.file(), at.line())).unwrap_or_default();
            crate::log::error(panic.payload_as_str().unwrap_or("a panic without words").to_owned() + &place);
        }));
    });
}

fn lift_context(governor: &Governor, context: wit::Context) -> Result<Context, Fault> {
    let wit::Context { event, now, seed } = context;
    let time = |text: &str| Time::parse(text).map_err(|why| Fault::new("broken-event", why.to_string()));
    Ok(Context {
        parse: governor.parse,
        time: time(&event.time)?,
        now: time(&now)?,
        seed,
        id: event.id,
        source: event.source,
        kind: event.kind,
        subject: event.subject,
        data: event.data,
    })
}

fn lift_result(result: wit::EffectResult) -> Result<EffectResult, Fault> {
    let wit::EffectResult { id, action, key, accepted, body } = result;
    let body = Shape::Any
        .read(&body)
        .map_err(|why| Fault::new("broken-effect-result", format!("the answer to `{id}`: {why}")))?;
    Ok(EffectResult { id, action, key, accepted, body })
}

fn lower(answer: Answer) -> Result<wit::Decision, wit::Fault> {
    let Decision { verdict, writes, effects, timers, raises, note } = answer?;
    Ok(wit::Decision {
        verdict: verdict.into(),
        writes: writes.into_iter().map(Into::into).collect(),
        effects: effects.into_iter().map(Into::into).collect(),
        timers: timers
            .into_iter()
            .map(|timer| wit::Timer { name: timer.name, due: timer.due.to_string(), data: timer.data })
            .collect(),
        raises: raises.into_iter().map(|raised| wit::Raised { kind: raised.kind, data: raised.data }).collect(),
        note,
    })
}

fn lower_read(read: &Read) -> wit::DeclaredRead {
    wit::DeclaredRead { subject: read.subject.into(), name: read.name.to_owned(), exact: read.exact }
}

impl From<Fault> for wit::Fault {
    fn from(Fault { code, message }: Fault) -> Self {
        Self { code, message }
    }
}

impl From<Reason> for wit::Reason {
    fn from(Reason { code, message }: Reason) -> Self {
        Self { code, message }
    }
}

impl From<Verdict> for wit::Verdict {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Approve => Self::Approve,
            Verdict::Abstain => Self::Abstain,
            Verdict::Refuse(reason) => Self::Refuse(reason.into()),
            Verdict::Refer(reason) => Self::Refer(reason.into()),
        }
    }
}

impl From<Subject> for wit::Subject {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Customer => Self::Customer,
            Subject::Tenant => Self::Tenant,
        }
    }
}

impl From<FactName> for wit::FactName {
    fn from(FactName { subject, name }: FactName) -> Self {
        Self { subject: subject.into(), name }
    }
}

impl From<Write> for wit::Write {
    fn from(write: Write) -> Self {
        match write {
            Write::Set { fact, value } => Self::Set(wit::SetValue { fact: fact.into(), value }),
            Write::Add { fact, element } => Self::Add(wit::SetElement { fact: fact.into(), element }),
            Write::Remove { fact, element } => Self::Remove(wit::SetElement { fact: fact.into(), element }),
            Write::Increase { fact, by } => Self::Increase(wit::CounterStep { fact: fact.into(), by }),
            Write::Stand { fact, value } => Self::Stand(wit::Standing { fact: fact.into(), value }),
            Write::Number { series, fact, pointer } => {
                Self::Number(wit::Numbering { series, fact: fact.into(), pointer })
            }
            Write::Claim { key, content } => Self::Claim(wit::UniqueClaim { key, content }),
        }
    }
}

impl From<Effect> for wit::Effect {
    fn from(effect: Effect) -> Self {
        let Effect { id, action, mode, key, body, undo } = effect;
        let mode = match mode {
            EffectMode::Check => wit::EffectMode::Check,
            EffectMode::Reversible => wit::EffectMode::Reversible,
            EffectMode::Deferred => wit::EffectMode::Deferred,
        };
        let undo = undo.map(|undo| wit::Undo { action: undo.action, body: undo.body });
        Self { id, action, mode, key, body, undo }
    }
}
