//! Effects: which actions may block, and the keys under which the world sees them.

use serde::{Deserialize, Serialize};
use syndic_ledger::{Hash, sha256};

use crate::event::DedupKey;
use crate::slot::Slot;

/// When an effect happens, and what may be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// Before the commit; asks and changes nothing.
    Check,
    /// Before the commit; can be undone.
    Reversible,
    /// After the commit, through the outbox.
    Deferred,
}

/// The actions known to ask without changing anything.
const CHECKS: &[&str] = &["kyc-check", "verify-isolation", "quote-tax"];

/// The actions known to be undoable, which may therefore block.
const REVERSIBLE: &[&str] = &["authorize-payment", "reserve", "provision"];

/// Refuses a mode that an action cannot have: only a known check may be asked as one, and only a known reversible
/// action may be done before the commit. Any action may be deferred, save a check, whose answer nobody would hear.
///
/// # Errors
/// A sentence that names the action.
pub fn check_mode(action: &str, mode: Mode) -> Result<(), String> {
    match mode {
        Mode::Check if !CHECKS.contains(&action) => Err(format!("`{action}` is not a check")),
        Mode::Reversible if !REVERSIBLE.contains(&action) => {
            Err(format!("`{action}` cannot be undone, so it may not block: defer it"))
        }
        Mode::Deferred if CHECKS.contains(&action) => Err(format!("`{action}` is a check and cannot be deferred")),
        _ => Ok(()),
    }
}

/// Which way an effect is carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Way {
    /// Done.
    Do,
    /// Undone.
    Undo,
}

/// The key a provider sees: the same for every try of one attempt, so that nothing happens twice while it honours keys.
/// SHA-256 over (tenant, source, event id, slot, effect id, attempt, do | undo), each with its length before it.
pub fn connector_key(event: &DedupKey, slot: &Slot, effect: &str, attempt: u32, way: Way) -> Hash {
    let attempt = attempt.to_string();
    let way = match way {
        Way::Do => "do",
        Way::Undo => "undo",
    };
    let mut bytes = Vec::with_capacity(512);
    for part in [&event.tenant, &event.source, &event.id, slot.as_str(), effect, &attempt, way] {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(part.as_bytes());
    }
    sha256(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_irreversible_action_may_not_block() {
        assert!(check_mode("capture", Mode::Reversible).unwrap_err().contains("cannot be undone"));
        assert!(check_mode("mail", Mode::Check).is_err());
        assert!(check_mode("kyc-check", Mode::Deferred).is_err());
        assert!(check_mode("authorize-payment", Mode::Reversible).is_ok());
        assert!(check_mode("capture", Mode::Deferred).is_ok());
    }

    #[test]
    fn a_connector_key_tells_every_part_apart() {
        let key = |id: &str, slot: &str, effect: &str, attempt, way| {
            let event = DedupKey { tenant: "t".into(), source: "/s".into(), id: id.into() };
            connector_key(&event, &Slot::new(slot).unwrap(), effect, attempt, way)
        };
        let base = key("e", "billing", "1", 1, Way::Do);
        assert_eq!(base, key("e", "billing", "1", 1, Way::Do));
        for other in [
            key("e1", "billing", "1", 1, Way::Do),
            key("e", "billin", "g1", 1, Way::Do),
            key("e", "billing", "1", 2, Way::Do),
            key("e", "billing", "1", 1, Way::Undo),
        ] {
            assert_ne!(base, other);
        }
    }
}
