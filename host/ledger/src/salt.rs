//! Salts: how personal data stays out of a ledger that can never forget.
//!
//! A leaf is for ever, and a bare hash of an e-mail address is guessable. So whatever says something about a person
//! enters a leaf as a commitment, HMAC-SHA-256 under a salt of that tenant and subject. Who is given the salt and the
//! value can check the leaf; who has neither learns only that equal values of one subject have equal commitments.
//!
//! Salts are derived, not stored: HKDF-SHA-256 from one [`Master`] per data directory. Erasing a salt makes its
//! commitments unopenable for good, and no leaf or root has to change; the tree stays provable over what nobody can
//! read. While the master exists, though, every salt it ever derived exists with it: destroying the master erases all
//! of a data directory's salts at once. To forget one subject alone, the host erases the values it keeps beside the
//! ledger; what is left, the commitments, can be checked against a guess only by who holds the master.
//!
//! Not here: where the master is kept (`host/store`), or how a seed reaches it (`--seed`, `host/daemon`).

use std::fmt;

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::hash::{Hash, sha256};

/// The secret all salts of one data directory come from. It is never printed.
#[derive(Clone)]
pub struct Master {
    secret: [u8; 32],
    /// What HKDF makes of the secret before it knows what for.
    extracted: Hkdf<Sha256>,
}

/// The secret under which one subject's values are committed to. It is never printed.
#[derive(Clone)]
pub struct Salt {
    secret: [u8; 32],
    /// HMAC with the key taken in and nothing else: a commitment begins with a copy of it, which is half the work of a
    /// short one.
    keyed: Hmac<Sha256>,
}

impl Master {
    /// A master from 32 random bytes.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret, extracted: Hkdf::new(None, &secret) }
    }

    /// The master of `play` and `demo`, the same for the same seed everywhere. Anybody can compute it: it makes runs
    /// repeatable, not secret.
    pub fn from_seed(seed: u64) -> Self {
        let mut labelled = b"syndic master seed v1:".to_vec();
        labelled.extend_from_slice(&seed.to_be_bytes());
        Self::new(sha256(&labelled).0)
    }

    /// The secret, for the one place that stores it.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The salt of one customer of a tenant.
    pub fn salt(&self, tenant: &str, subject: &str) -> Salt {
        self.derive(&["syndic salt v1: customer", tenant, subject])
    }

    /// The salt of a tenant's own facts, which concern no single customer.
    pub fn tenant_salt(&self, tenant: &str) -> Salt {
        self.derive(&["syndic salt v1: tenant", tenant])
    }

    /// Each part is preceded by its length, so that no two lists of parts read alike: `("ab", "c")` is not
    /// `("a", "bc")`.
    fn derive(&self, parts: &[&str]) -> Salt {
        let mut info = Vec::new();
        for part in parts {
            info.extend_from_slice(&(part.len() as u64).to_be_bytes());
            info.extend_from_slice(part.as_bytes());
        }
        let mut salt = [0; 32];
        self.extracted.expand(&info, &mut salt).expect("HKDF-SHA-256 yields up to 8,160 bytes");
        Salt::new(salt)
    }
}

impl Salt {
    /// A salt that was handed over, to open commitments with.
    pub fn new(secret: [u8; 32]) -> Self {
        Self { secret, keyed: Hmac::new_from_slice(&secret).expect("HMAC takes keys of any length") }
    }

    /// The secret, to hand over to who may open this subject's commitments.
    pub fn reveal(&self) -> &[u8; 32] {
        &self.secret
    }

    /// The commitment to a value. Commit to canonical JSON: the one who opens it must arrive at the same bytes.
    pub fn commit(&self, bytes: &[u8]) -> Hash {
        let mut mac = self.keyed.clone();
        mac.update(bytes);
        Hash(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for Master {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Master(…)")
    }
}

impl fmt::Debug for Salt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Salt(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_and_every_tenant_has_its_own_salt() {
        let master = Master::from_seed(0);
        let salts = [
            master.salt("acme", "cust-1"),
            master.salt("acme", "cust-2"),
            master.salt("acmecust", "-1"),
            master.salt("acme", ""),
            master.tenant_salt("acme"),
            Master::from_seed(1).salt("acme", "cust-1"),
        ];
        let commitments: std::collections::BTreeSet<_> = salts.iter().map(|salt| salt.commit(b"full")).collect();
        assert_eq!(commitments.len(), salts.len());
    }

    #[test]
    fn a_salt_handed_over_opens_what_was_committed() {
        let salt = Master::from_seed(7).salt("acme", "cust-1");
        assert_eq!(Salt::new(*salt.reveal()).commit(b"{}"), salt.commit(b"{}"));
    }

    #[test]
    fn secrets_are_not_printed() {
        let master = Master::from_seed(0);
        assert_eq!(format!("{master:?} {:?}", master.salt("acme", "cust-1")), "Master(…) Salt(…)");
    }

    #[test]
    fn commit_is_the_hmac_of_rfc_4231() {
        // RFC 4231's first key is 20 bytes; HMAC pads keys with zeros, so it is this one of 32.
        let mut key = [0; 32];
        key[..20].fill(0x0b);
        assert_eq!(
            Salt::new(key).commit(b"Hi There").to_string(),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
