//! Actions on the outside world: asked for by a governor, done or undone by the host.

use serde::Serialize;
use serde_json::Value;

use crate::decision::json;

/// When an effect happens, and what may be done about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EffectMode {
    /// Before the commit; asks and changes nothing. Its answer comes to `feedback`.
    Check,
    /// Before the commit; can be undone, by the undo written beside it. Its answer comes to `feedback`.
    Reversible,
    /// After the commit, at least once with its key. Its end comes as an `EffectSettled` event.
    Deferred,
}

/// How an effect is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undo {
    /// The action that undoes it: `void-authorization`.
    pub action: String,
    /// Its body, a JSON object. The host adds which effect it undoes.
    pub body: String,
}

/// An action on the outside world, asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// Unique within this governor's answer to this event: `capture-inv-3`.
    pub id: String,
    /// The action, as declared in `effects`: `authorize-payment`.
    pub action: String,
    /// When.
    pub mode: EffectMode,
    /// What it acts on: `inv-3`. Two governors that ask the same action on the same key must agree on the body.
    pub key: String,
    /// The body, a JSON object.
    pub body: String,
    /// Present for a reversible effect, absent otherwise.
    pub undo: Option<Undo>,
}

/// A blocking effect's answer, as `feedback` is told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EffectResult {
    /// The effect's id.
    pub id: String,
    /// Its action.
    pub action: String,
    /// The connector key under which it was done; a later capture or void names it.
    pub key: String,
    /// Whether the service said yes. A no (declined, failed) is an answer, not a failure.
    pub accepted: bool,
    /// The answer's body.
    pub body: Value,
}

impl Effect {
    /// Asks and changes nothing; answered before the commit.
    pub fn check(
        id: impl Into<String>,
        action: impl Into<String>,
        key: impl Into<String>,
        body: &(impl Serialize + ?Sized),
    ) -> Self {
        Self::new(EffectMode::Check, id, action, key, body)
    }

    /// Done before the commit, and undone by `undo_action` if the event does not complete.
    pub fn reversible(
        id: impl Into<String>,
        action: impl Into<String>,
        key: impl Into<String>,
        body: &(impl Serialize + ?Sized),
        undo_action: impl Into<String>,
        undo_body: &(impl Serialize + ?Sized),
    ) -> Self {
        let undo = Some(Undo { action: undo_action.into(), body: json(undo_body) });
        Self { undo, ..Self::new(EffectMode::Reversible, id, action, key, body) }
    }

    /// Done after the commit, at least once under its key.
    pub fn deferred(
        id: impl Into<String>,
        action: impl Into<String>,
        key: impl Into<String>,
        body: &(impl Serialize + ?Sized),
    ) -> Self {
        Self::new(EffectMode::Deferred, id, action, key, body)
    }

    fn new(
        mode: EffectMode,
        id: impl Into<String>,
        action: impl Into<String>,
        key: impl Into<String>,
        body: &(impl Serialize + ?Sized),
    ) -> Self {
        Self { id: id.into(), action: action.into(), mode, key: key.into(), body: json(body), undo: None }
    }
}
