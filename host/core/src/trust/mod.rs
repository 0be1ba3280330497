//! Trust in components: whose they are, and whether a slot may have them.
//!
//! A publisher signs a component with an Ed25519 key, and the signature lies in a file beside it, in the form that
//! `ssh-keygen -Y sign` writes ([SSHSIG]). Of the forms there are, this one leaves the component's bytes as they are, so
//! that its digest is the same with and without it (a signature inside the module would change it); it binds a
//! namespace, so that what was signed for something else (a commit, a mail) is no governor; and every publisher has the
//! key and the tool already, on any system, and can check without this program what this program checked. DSSE and
//! signed notes are made for statements *about* bytes, and would want one more document; minisign wants one more tool.
//!
//! Nothing but Ed25519 is read, and it is verified strictly: one key and one signature for one meaning. SSH's wire form
//! and armour are read by `ssh-encoding`; what stands in them is six fields, taken apart here ([`sshsig`]), because the
//! crate that knows all of SSH's keys has no release that fits, and verifies less strictly.
//!
//! A signature carries no time. A key's validity is held against the moment of judging: what was installed in time stays
//! installed.
//!
//! Not here: files (`host/daemon`), what a component may *do* ([`crate::capability`]).
//!
//! [SSHSIG]: https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.sshsig

mod key;
mod refused;
mod signers;
pub mod sshsig;

use serde::{Deserialize, Serialize};
use syndic_ledger::Digest;

use crate::slot::Slot;
use crate::time::Time;

pub use key::{PrivateKey, PublicKey};
pub use refused::{Refused, Why};
pub use signers::signers;

/// What governors are signed for. A signature for anything else is none.
pub const NAMESPACE: &str = "syndic-governor";

/// What a slot asks of a component before it lets it in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Policy {
    /// Whether there has to be a signature.
    #[serde(skip_serializing_if = "Signature::is_optional")]
    pub signature: Signature,
    /// Whose signatures count.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub publishers: Vec<Publisher>,
    /// The only components that may come in, where there are any. A signature does not outweigh them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub pins: Vec<Digest>,
}

/// Whether a slot's component has to be signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Signature {
    /// It need not be. One that is given is judged all the same: a bad signature is never better than none.
    #[default]
    Optional,
    /// It has to be, by one of the publishers.
    Required,
}

impl Signature {
    fn is_optional(&self) -> bool {
        *self == Self::Optional
    }
}

/// Somebody who publishes governors, and one key of theirs. Who changes keys is listed twice for a while.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publisher {
    /// Who it is. It stands beside what they published.
    pub name: String,
    /// The key.
    pub key: PublicKey,
    /// The first moment at which the key counts; none: it always did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_from: Option<Time>,
    /// The first moment at which it counts no longer; none: it always will.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub valid_until: Option<Time>,
    /// The slots they publish to; none: any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub slots: Vec<Slot>,
}

impl Publisher {
    /// Somebody who may publish to any slot at any time.
    pub fn new(name: impl Into<String>, key: PublicKey) -> Self {
        Self { name: name.into(), key, valid_from: None, valid_until: None, slots: Vec::new() }
    }

    /// Whether they may publish to a slot now.
    fn may(&self, slot: &Slot, now: Time) -> Result<(), Refused> {
        if !self.slots.is_empty() && !self.slots.contains(slot) {
            return Err(Refused::other_slot(self, slot));
        }
        match (self.valid_from, self.valid_until) {
            (Some(from), _) if now < from => Err(Refused::not_yet(self, from)),
            (_, Some(until)) if now >= until => Err(Refused::no_longer(self, until)),
            _ => Ok(()),
        }
    }
}

/// Where a component comes from, as far as is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Provenance {
    /// The publisher whose key signed it.
    pub publisher: Option<String>,
    /// The fingerprint of the key that signed it, as `ssh-keygen -l` prints it.
    pub key: Option<String>,
}

impl Policy {
    /// A policy that asks for nothing.
    pub const OPEN: Self = Self { signature: Signature::Optional, publishers: Vec::new(), pins: Vec::new() };

    /// Whether it asks for nothing. A configuration in which it does reads as it did before there was a choice.
    pub fn is_open(&self) -> bool {
        *self == Self::OPEN
    }
}

/// Whether a slot lets a component in, and whose it then is.
///
/// # Errors
/// Why it does not, and what to do about it.
pub fn judge(
    policy: &Policy,
    slot: &Slot,
    component: &[u8],
    signature: Option<&[u8]>,
    now: Time,
) -> Result<Provenance, Refused> {
    if !policy.pins.is_empty() {
        let digest = Digest::of(component);
        if !policy.pins.contains(&digest) {
            return Err(Refused::not_pinned(digest, policy.pins.len()));
        }
    }
    let Some(signature) = signature else {
        return match policy.signature {
            Signature::Optional => Ok(Provenance::default()),
            Signature::Required => Err(Refused::unsigned(&policy.publishers)),
        };
    };
    let signature = sshsig::read(signature)?;
    let publisher = named(policy, &signature.key, slot, now);
    // Nobody's key is still told apart from bytes that were changed: the one is a question of trust, the other is not.
    signature.verify(component)?;
    let key = Some(signature.key.fingerprint());
    match publisher {
        Some(Ok(publisher)) => Ok(Provenance { publisher: Some(publisher.name.clone()), key }),
        Some(Err(refused)) => Err(refused),
        None if policy.publishers.is_empty() && policy.signature.is_optional() => {
            Ok(Provenance { publisher: None, key })
        }
        None => Err(Refused::unknown_key(&signature.key, &policy.publishers)),
    }
}

/// The publisher of a key who may publish now; else why the first who has it may not; none where nobody has it.
fn named<'a>(policy: &'a Policy, key: &PublicKey, slot: &Slot, now: Time) -> Option<Result<&'a Publisher, Refused>> {
    let judged = |publisher: &'a Publisher| publisher.may(slot, now).map(|()| publisher);
    let mut theirs = policy.publishers.iter().filter(|publisher| publisher.key == *key).map(judged);
    let first = theirs.next()?;
    Some(first.or_else(|refused| theirs.find_map(Result::ok).ok_or(refused)))
}

#[cfg(test)]
mod tests;
