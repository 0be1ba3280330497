//! Why a slot does not let a component in: what, why, and what now.
//!
//! One constructor for each reason, so that the sentences stand in one place and are read together.

use syndic_ledger::Digest;

use super::{NAMESPACE, PublicKey, Publisher};
use crate::error::Error;
use crate::slot::Slot;
use crate::time::Time;

/// A component that may not come in.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {hint}")]
pub struct Refused {
    /// The reason, for programs.
    pub why: Why,
    /// The reason, for people.
    pub what: String,
    /// What to do.
    pub hint: String,
}

/// The reasons there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// Its digest is not one that the slot is pinned to.
    NotPinned,
    /// There is no signature.
    Unsigned,
    /// The signature's file is not one signature.
    Unreadable,
    /// The signature is of a kind that is not read.
    OtherAlgorithm,
    /// The signature was made for something else.
    OtherNamespace,
    /// The signature is of other bytes, or of nobody.
    WrongSignature,
    /// The key is no publisher's.
    UnknownKey,
    /// Its publisher publishes to other slots.
    OtherSlot,
    /// The key does not count yet.
    NotYet,
    /// The key counts no longer.
    NoLonger,
}

impl Why {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotPinned => "not-pinned",
            Self::Unsigned => "unsigned",
            Self::Unreadable => "unreadable",
            Self::OtherAlgorithm => "other-algorithm",
            Self::OtherNamespace => "other-namespace",
            Self::WrongSignature => "wrong-signature",
            Self::UnknownKey => "unknown-key",
            Self::OtherSlot => "other-slot",
            Self::NotYet => "not-yet",
            Self::NoLonger => "no-longer",
        }
    }
}

impl Refused {
    fn new(why: Why, what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { why, what: what.into(), hint: hint.into() }
    }

    /// The same, as the error of installing.
    pub fn into_error(self, slot: &Slot) -> Error {
        Error::ComponentRejected { governor: slot.clone(), reason: self.to_string() }
    }

    pub(super) fn not_pinned(digest: Digest, pins: usize) -> Self {
        let what = match pins {
            1 => format!("its digest is {digest}, and the slot is pinned to another"),
            pins => format!("its digest is {digest}, and the slot is pinned to {pins} others"),
        };
        Self::new(Why::NotPinned, what, "install what is pinned, or add this digest to the slot's `pins`")
    }

    pub(super) fn unsigned(publishers: &[Publisher]) -> Self {
        let hint = match publishers {
            [] => "name whose signatures count in its `publishers`, and sign the component".to_owned(),
            publishers => {
                format!("have it signed by {} with `syndic governor sign FILE --key KEYFILE`", names(publishers))
            }
        };
        Self::new(Why::Unsigned, "it is not signed, and the slot asks for a signature", hint)
    }

    pub(super) fn unreadable(why: impl std::fmt::Display) -> Self {
        let what = format!("its signature cannot be read: {why}");
        let hint = format!(
            "sign it again, with `syndic governor sign FILE --key KEYFILE` or `ssh-keygen -Y sign -n {NAMESPACE} -f \
             KEYFILE FILE`"
        );
        Self::new(Why::Unreadable, what, hint)
    }

    pub(super) fn other_algorithm(found: &str) -> Self {
        let what = format!("its signature is of the kind `{}`, and only `ssh-ed25519` counts", short(found));
        Self::new(Why::OtherAlgorithm, what, "sign it with a key that `ssh-keygen -t ed25519` made")
    }

    pub(super) fn other_namespace(found: &str) -> Self {
        let what = format!("it was signed for `{}`, and a governor is signed for `{NAMESPACE}`", short(found));
        Self::new(Why::OtherNamespace, what, format!("sign it for that: `ssh-keygen -Y sign -n {NAMESPACE}`"))
    }

    pub(super) fn wrong_signature(key: &PublicKey) -> Self {
        let what = format!("its signature, by the key {}, is not of these bytes", key.fingerprint());
        let hint = "the component or its signature was changed after signing: fetch both again, or sign what is here";
        Self::new(Why::WrongSignature, what, hint)
    }

    pub(super) fn unknown_key(key: &PublicKey, publishers: &[Publisher]) -> Self {
        let whose = match publishers {
            [] => "and no publisher is known".to_owned(),
            publishers => format!("which is no key of {}", names(publishers)),
        };
        let what = format!("it was signed by the key {}, {whose}", key.fingerprint());
        let hint = format!("if you trust it, list it among the publishers: `{key}`");
        Self::new(Why::UnknownKey, what, hint)
    }

    pub(super) fn other_slot(publisher: &Publisher, slot: &Slot) -> Self {
        let slots: Vec<String> = publisher.slots.iter().map(|slot| format!("`{slot}`")).collect();
        let what = format!(
            "`{}`, who signed it, publishes to {} only, and not to `{slot}`",
            short(&publisher.name),
            slots.join(", ")
        );
        Self::new(Why::OtherSlot, what, "install it there, or add the slot to the publisher's `slots`")
    }

    pub(super) fn not_yet(publisher: &Publisher, from: Time) -> Self {
        let what = format!("it was signed by a key of `{}` that counts from {from} on", short(&publisher.name));
        Self::new(Why::NotYet, what, "wait until then, or have it signed by a key that counts today")
    }

    pub(super) fn no_longer(publisher: &Publisher, until: Time) -> Self {
        let what = format!("it was signed by a key of `{}` that counted until {until}", short(&publisher.name));
        Self::new(Why::NoLonger, what, "have it signed by a key that counts today")
    }
}

/// A stranger's words, short and on one line.
pub(super) fn short(text: &str) -> String {
    let mut short: String = text.chars().take(40).map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
    if text.chars().nth(40).is_some() {
        short.push('…');
    }
    short
}

/// Names, each once.
fn names(publishers: &[Publisher]) -> String {
    let mut names: Vec<String> = publishers.iter().map(|publisher| format!("`{}`", short(&publisher.name))).collect();
    names.dedup();
    names.join(" or ")
}
