//! The nets that cases may run on: loaded by name, proved before they are, and kept by the digest of their text.
//!
//! A net that is loaded anew stands under its name for cases that begin from then on. A case that has begun keeps the
//! digest it began with, so loading and unloading move nothing that is under way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::json;
use syndic_core::outcome::Report;
use syndic_core::ports::{Commit, Reads, StoreError};
use syndic_core::{Error, Text};
use syndic_ledger::{Digest, Hash, canonical};
use syndic_nets::format::{NotANet, read};
use syndic_nets::model::Library;
use syndic_nets::{Budget, Net};

use crate::act::check_words;
use crate::administer::{Deed, Written};
use crate::cases::{CaseNet, NotAdmitted};
use crate::host::{Halt, Host};
use crate::swap::Cause;

/// The register of nets: by name, which text stands for it now.
pub const NET_REGISTER: &str = "net";

/// Entries read at a time.
const AT_ONCE: usize = 256;

/// What stands under a net's name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NetRecord {
    /// SHA-256 of the net's text, with its composite tasks in-lined; the text is the blob of this name.
    pub digest: Hash,
    /// When it was loaded.
    pub at: String,
    /// Who loaded it.
    pub by: String,
    /// The receipt of that.
    pub receipt: u64,
}

/// A net that stands under its name now.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedNet {
    /// Its name.
    pub name: String,
    /// What its register says.
    pub record: NetRecord,
    /// The report of its receipt; none where it stood there already, and nothing was written.
    pub report: Option<Report>,
}

/// Why a net was not loaded. Nothing has changed.
#[derive(Debug, thiserror::Error)]
pub enum NotLoaded {
    /// It does not read.
    #[error(transparent)]
    Unreadable(#[from] NotANet),
    /// No case may run on it: it is not proved sound, or cannot be put together.
    #[error("`{0}` is not admitted: {1}")]
    NotAdmitted(String, NotAdmitted),
    /// Nobody can be called so, or give this as a reason.
    #[error("{0}")]
    Senseless(String),
}

impl Host {
    /// Proves a net, and has it stand under its name for the cases that begin from now on. What it returns is durable.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. [`NotLoaded`]: it is not one that cases may run on.
    pub fn load_net(&self, text: &str, cause: &Cause) -> Result<Result<LoadedNet, NotLoaded>, Halt> {
        if let Err(why) = check_words(&cause.by, &cause.reason) {
            return Ok(Err(NotLoaded::Senseless(why)));
        }
        let front = self.ports.store.front();
        let net = match admitted(text, &library(front)?) {
            Ok(net) => net,
            Err(why) => return Ok(Err(why)),
        };
        let (name, digest) = (net.name().to_owned(), net.digest());
        let standing = known(front, &name)?.filter(|record| record.digest == digest);
        if let Some(record) = standing {
            return Ok(Ok(LoadedNet { name, record, report: None }));
        }
        let mut loaded = None;
        let deed = deed("load-net", &name, digest, cause);
        let done = self.do_deed(&deed, &mut |_, sequence| {
            let record = NetRecord { digest, at: cause.at.to_string(), by: cause.by.clone(), receipt: sequence };
            let registers = vec![(NET_REGISTER.to_owned(), name.clone(), Some(kept(&record)?))];
            let blobs = vec![(digest, net.text().as_bytes().to_vec())];
            loaded = Some(record);
            Ok(Some(Written { commit: Commit { registers, blobs, ..Commit::default() }, governors: Vec::new() }))
        })?;
        let bug = || Halt::Bug(Error::invalid("the loading of a net was not admitted"));
        let (finished, record) = done.zip(loaded).ok_or_else(bug)?;
        pollster::block_on(self.durable(finished.ticket))?;
        Ok(Ok(LoadedNet { name, record, report: Some(finished.report) }))
    }

    /// Has no more cases begin on a net. Those that run on it go on. None where there is no such net.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. A sentence, where the words of the cause are none.
    pub fn unload_net(&self, name: &str, cause: &Cause) -> Result<Result<Option<Report>, String>, Halt> {
        let Some(record) = known(self.ports.store.front(), name)? else { return Ok(Ok(None)) };
        let entry = (NET_REGISTER.to_owned(), name.to_owned(), None);
        Ok(self.administer(&deed("unload-net", name, record.digest, cause), vec![entry])?.map(Some))
    }
}

fn deed(name: &str, net: &str, digest: Hash, cause: &Cause) -> Deed {
    let Cause { by, reason, at, id } = cause.clone();
    Deed { name: name.into(), by, reason, at, id, details: json!({"net": net, "digest": Digest(digest).to_string()}) }
}

/// What stands under a name.
///
/// # Errors
/// The store failed.
pub fn known(front: &dyn Reads, name: &str) -> Result<Option<NetRecord>, StoreError> {
    front.register(NET_REGISTER, name)?.map(|text| record(name, &text)).transpose()
}

/// Every net that stands under a name, by name.
///
/// # Errors
/// The store failed.
pub fn nets(front: &dyn Reads) -> Result<Vec<(String, NetRecord)>, StoreError> {
    let (mut nets, mut after) = (Vec::new(), String::new());
    loop {
        let some = front.registers(NET_REGISTER, &after, AT_ONCE)?;
        let Some((last, _)) = some.last() else { return Ok(nets) };
        after.clone_from(last);
        for (name, text) in some {
            let record = record(&name, &text)?;
            nets.push((name, record));
        }
    }
}

/// The nets that cases run on, as they are looked up in: each is read once.
#[derive(Default)]
pub(crate) struct Known(Mutex<HashMap<Hash, Arc<CaseNet>>>);

impl Known {
    /// The net of a digest.
    pub(crate) fn net(&self, front: &dyn Reads, digest: &Hash) -> Result<Arc<CaseNet>, StoreError> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(net) = known.get(digest) {
            return Ok(Arc::clone(net));
        }
        let net = CaseNet::admitted(&text_of(front, digest)?).map_err(|why| unreadable(digest, &why))?;
        let net = Arc::new(net);
        known.insert(*digest, Arc::clone(&net));
        Ok(net)
    }
}

/// The text of a net that was loaded once.
///
/// # Errors
/// The store failed, or it is not there.
pub fn text_of(front: &dyn Reads, digest: &Hash) -> Result<String, StoreError> {
    let bytes = front.blob(digest)?.ok_or_else(|| unreadable(digest, &"it is not there"))?;
    String::from_utf8(bytes).map_err(|why| unreadable(digest, &why))
}

fn unreadable(digest: &Hash, why: &dyn std::fmt::Display) -> StoreError {
    StoreError::Corrupt(format!("the net {} does not read: {why}", Digest(*digest)))
}

/// A net that cases may run on.
fn admitted(text: &str, library: &Library) -> Result<CaseNet, NotLoaded> {
    let net = read(text)?;
    CaseNet::admit(&net, library, &Budget::default()).map_err(|why| NotLoaded::NotAdmitted(net.name, why))
}

/// The nets that composite tasks may name: those that are loaded.
fn library(front: &dyn Reads) -> Result<Library, StoreError> {
    let loaded = nets(front)?;
    let nets = loaded.into_iter().map(|(name, record)| {
        let net = read(&text_of(front, &record.digest)?).map_err(|why| unreadable(&record.digest, &why))?;
        Ok(Net { name, ..net })
    });
    Ok(Library(nets.collect::<Result<_, StoreError>>()?))
}

fn record(name: &str, text: &str) -> Result<NetRecord, StoreError> {
    serde_json::from_str(text)
        .map_err(|why| StoreError::Corrupt(format!("what stands under the net `{name}` does not read: {why}")))
}

fn kept(record: &NetRecord) -> Result<Text, StoreError> {
    Text::strict(&canonical(record)).map_err(|why| StoreError::Corrupt(format!("a net's record is no JSON: {why}")))
}
