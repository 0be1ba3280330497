//! Problems: what an answer says that is not what was asked for (RFC 9457).
//!
//! A problem's kind is a stable name. Those of the core are taken as they are; what only HTTP can go wrong with is added
//! here. One table says each kind's status and what to do about it; it answers under the kind's `type`, too.

use serde::Serialize;
use serde_json::{Map, Value};
use syndic_core::Error;

use crate::ErrorLine;

/// A problem.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ProblemLine {
    /// Where this kind of problem is described.
    pub r#type: String,
    /// What it is, in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What it is this time.
    pub detail: String,
    /// The stable name.
    pub kind: String,
    /// The kind's own fields.
    #[serde(flatten)]
    pub fields: Map<String, Value>,
}

/// A kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProblemKind {
    /// The stable name.
    pub name: &'static str,
    /// The HTTP status.
    pub status: u16,
    /// What it is, in a few words.
    pub title: &'static str,
    /// What to do about it.
    pub hint: &'static str,
}

/// Every kind of problem.
#[rustfmt::skip]
pub const PROBLEMS: &[ProblemKind] = &[
    // ── the request ──────────────────────────────────────────────────────────
    kind("BadRequest",            400, "the request does not read",            "`detail` names the part that does not"),
    kind("EventValidationFailed", 400, "that is not an event",                 "`detail` names the member and the rule"),
    kind("NetUnreadable",         400, "that is not a net",                    "`mistakes` names each by line and column, with what to do about it"),
    kind("Unauthorized",          401, "a token is needed",                    "send `Authorization: Bearer …` with a token that is neither revoked nor expired"),
    kind("Forbidden",             403, "this is not for this caller",          "another role or tenant is needed; `syndic token create` makes a token"),
    kind("RoleNotHeld",           403, "the token has no such work role", "name roles of the token, or none; `syndic token create --work-role` makes a token that has others"),
    kind("NotFound",              404, "there is no such thing",               "what belongs to another tenant is not found either"),
    kind("MethodNotAllowed",      405, "the path has other methods",           "`Allow` names them"),
    kind("SlowRequest",           408, "the request came too slowly",          "send it again on a better line"),
    kind("Denied",                409, "the order was not carried out",        "nothing has changed, but for what `detail` says; what is about a slot says `why` in a word"),
    kind("Ambiguous",             409, "several events have this id",          "name the one with `tenant` and `source`"),
    kind("TooLarge",              413, "the body is too large",                "an event has at most 64 KiB, a batch 500 events and 4 MiB, a component 32 MiB, a net 1 MiB"),
    kind("UnsupportedMediaType",  415, "the body is of another type",          "send `application/cloudevents+json`, `application/cloudevents-batch+json` or `application/json`; a component as `application/wasm`, a net as `application/toml`"),
    kind("IdempotencyViolation",  422, "the key stands for something else",    "the first content stands; send the other under another id"),
    kind("ComponentRejected",     422, "a component may not be installed",     "`step` said no, and nothing has changed; `syndic governor check` says all that is wrong with it"),
    kind("NetRejected",           422, "no case may run on this net",          "`faults` has the shortest story that goes wrong; `syndic net check` says the same of a file"),
    kind("NoGovernorsAssigned",   422, "nobody judges this type of event",     "`detail` names the type; the configuration may add a route"),
    kind("Overloaded",            429, "the queue is full",                    "nothing was taken: send it again after `Retry-After`"),
    kind("RateLimited",           429, "too many requests",                    "nothing was taken: send it again after `Retry-After`"),
    // ── the host ─────────────────────────────────────────────────────────────
    kind("Internal",              500, "a bug in syndic",                      "report it; what was acknowledged is safe"),
    kind("Unavailable",           503, "the host cannot answer now",           "what was acknowledged is safe; send it again after `Retry-After`"),
    kind("OutcomePending",        504, "the outcome takes longer",             "send the same event again: it is judged once, and answers with the outcome of that"),
    // ── what an outcome may hold; none of these is the answer to a request ────
    kind("InvalidTransition",     500, "no move of the table leads there",     "a bug in syndic: report it"),
    kind("GovernorStartupFailed", 500, "a governor was not healthy in time",   "`syndic governor check` says what is wrong with it"),
    kind("CoordinationTimeout",   500, "a phase outlived its limit",           "the event was rolled back; retry it"),
    kind("GovernorError",         500, "a governor trapped or broke a rule",   "the event was rolled back; `reason` names where"),
    kind("ConflictDetected",      500, "decisions disagree",                   "the event was rolled back; `governors` names who disagrees"),
    kind("RollbackFailed",        500, "an effect could not be undone",        "the event is stuck: settle it"),
    kind("EffectFailed",          500, "a service gave no answer",             "the event was rolled back; retry it"),
    kind("CommandRefused",        500, "a case does not do what was asked",    "`code` says why; nothing has changed, and the receipt says so"),
];

const fn kind(name: &'static str, status: u16, title: &'static str, hint: &'static str) -> ProblemKind {
    ProblemKind { name, status, title, hint }
}

/// The exit code of a verb that ends because a daemon answered with this status.
pub fn exit_code(status: u16) -> u8 {
    match status {
        404 | 409 | 422 => 1,
        400 | 413 | 415 => 2,
        _ => 3,
    }
}

impl ProblemKind {
    /// The kind of a name.
    pub fn named(name: &str) -> Option<&'static Self> {
        PROBLEMS.iter().find(|kind| kind.name == name)
    }

    /// Where it is described.
    pub fn path(&self) -> String {
        format!("/problems/{}", self.name)
    }
}

impl ProblemLine {
    /// A problem of a kind of the table.
    ///
    /// # Panics
    /// The table has no such kind: a bug of ours.
    pub fn new(kind: &str, detail: impl Into<String>) -> Self {
        let kind = ProblemKind::named(kind).expect("the table has every kind that is used");
        Self {
            r#type: kind.path(),
            title: kind.title.into(),
            status: kind.status,
            detail: detail.into(),
            kind: kind.name.into(),
            fields: Map::new(),
        }
    }
}

impl From<&Error> for ProblemLine {
    fn from(error: &Error) -> Self {
        let ErrorLine { kind, message, fields } = ErrorLine::from(error);
        Self { fields, ..Self::new(kind, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_core_has_its_problem() {
        for error in [Error::invalid("no"), Error::Overloaded { retry_after_ms: 250 }] {
            let problem = ProblemLine::from(&error);
            assert_eq!((problem.kind.as_str(), problem.detail), (error.kind(), error.to_string()));
        }
        let full = ProblemLine::from(&Error::Overloaded { retry_after_ms: 250 });
        assert_eq!((full.status, &full.fields["retry_after_ms"]), (429, &250.into()));
        assert_eq!(full.r#type, "/problems/Overloaded");
    }
}
