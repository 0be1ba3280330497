//! What a governor is, as data: its manifest and the functions behind its exports.
//!
//! `#[governor]` writes one of these as the constant `GOVERNOR`. The test kit calls it as it stands; on `wasm32` the
//! component's exports do.

use crate::{Answer, Context, Decision, EffectResult, Event, Fault, Subject};

/// A governor: the manifest the host is told, and what it calls.
#[derive(Debug, Clone, Copy)]
pub struct Governor {
    /// Its name, as a person would say it.
    pub name: &'static str,
    /// Its semantic version.
    pub version: &'static str,
    /// The event kinds it judges. An event of another kind is abstained from without a call.
    pub kinds: &'static [&'static str],
    /// The facts it may read. A read of anything else ends the decision.
    pub reads: &'static [Read],
    /// The effect actions it may ask for.
    pub effects: &'static [&'static str],
    /// The version of the shape of its own facts; `migrate` is asked when it rises.
    pub state_schema: u32,
    /// Reads the events it lists, and holds no reader for others.
    #[doc(hidden)]
    pub parse: fn(&str, &str) -> Result<Event, Fault>,
    /// Judges an event.
    pub evaluate: Evaluate,
    /// Is told the answers of its own blocking effects.
    pub feedback: Option<Feedback>,
    /// Carries a customer's facts from an older state schema to this one.
    pub migrate: Option<Migrate>,
}

/// Judges an event.
pub type Evaluate = fn(&Context) -> Answer;

/// Is told the answers of one round of blocking effects, and adds to the decision.
pub type Feedback = fn(&Context, &[EffectResult]) -> Answer;

/// Carries a customer's facts from the state schema of that number to this governor's.
pub type Migrate = fn(u32, Vec<Fact>) -> Result<Vec<Fact>, Fault>;

/// A fact, or with a final `*` a prefix of names, that a governor may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// Whose facts.
    pub subject: Subject,
    /// The name, or the prefix with its `*`.
    pub name: &'static str,
    /// True where the decision is void if the fact moved meanwhile, although others only count it up or down.
    pub exact: bool,
}

/// A fact as `migrate` is given it, and gives it back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Its name.
    pub name: String,
    /// How often it was written. The host counts; what `migrate` puts here is not looked at.
    pub version: u64,
    /// The value as JSON text.
    pub value: String,
}

impl Read {
    /// Whether this declaration covers a read of `name`.
    pub fn covers(&self, subject: Subject, name: &str) -> bool {
        let named = match self.name.strip_suffix('*') {
            Some(prefix) => name.starts_with(prefix),
            None => name == self.name,
        };
        named && subject == self.subject
    }
}

impl Governor {
    /// Judges the answers of blocking effects. A governor without `feedback` of its own approves when every answer was
    /// yes and refuses otherwise: a no that nobody looks at must not pass for a yes.
    pub fn answer_feedback(&self, cx: &Context, results: &[EffectResult]) -> Answer {
        if let Some(feedback) = self.feedback {
            return feedback(cx, results);
        }
        match results.iter().find(|result| !result.accepted) {
            Some(no) => Ok(Decision::refuse("not-accepted", format!("`{}` was answered no", no.action))),
            None => Ok(Decision::approve()),
        }
    }

    /// Carries facts over. A governor without `migrate` keeps them as they are.
    pub fn answer_migrate(&self, from_schema: u32, facts: Vec<Fact>) -> Result<Vec<Fact>, Fault> {
        match self.migrate {
            Some(migrate) => migrate(from_schema, facts),
            None => Ok(facts),
        }
    }
}
