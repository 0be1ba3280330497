//! The nets that cases may run on: loaded by name, proved before they are, and kept by the digest of their text.
//!
//! A net that is loaded anew stands under its name for cases that begin from then on. A case that has begun keeps the
//! digest it began with, so loading and unloading move nothing that is under way.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use syndic_core::outcome::Report;
use syndic_core::ports::{Commit, Reads, StoreError};
use syndic_core::{Error, Text};
use syndic_ledger::{Digest, Hash, canonical};
use syndic_nets::format::{NotANet, read};
use syndic_nets::model::{Kind, Library, Task};
use syndic_nets::{Budget, Net};

use crate::act::check_words;
use crate::administer::{Before, Deed, Written, is_done};
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

/// A net that was loaded.
#[derive(Clone, Debug, PartialEq)]
pub struct LoadedNet {
    /// Its name.
    pub name: String,
    /// What its register says, or said when the same act was done before.
    pub record: NetRecord,
    /// The report of its receipt; none where nothing was written: it stood there, or the same act was done before.
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
    /// What the act is to be known by stands for another one.
    #[error("the key stands for another act, the one of receipt {0}")]
    Another(u64),
    /// Nobody can be called so, or give this as a reason.
    #[error("{0}")]
    Senseless(String),
}

/// A net on which no more cases begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnloadedNet {
    /// Its name.
    pub name: String,
    /// Which text that was.
    pub digest: Digest,
    /// The receipt of that.
    pub receipt: u64,
    /// Whether the same act was done before.
    pub duplicate: bool,
}

/// Why a net was not unloaded. Nothing has changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotUnloaded {
    /// There is none of that name.
    #[error("the net `{0}` is not loaded")]
    Unknown(String),
    /// What the act is to be known by stands for another one.
    #[error("the key stands for another act, the one of receipt {0}")]
    Another(u64),
    /// Nobody can be called so, or give this as a reason.
    #[error("{0}")]
    Senseless(String),
}

const LOAD: &str = "load-net";
const UNLOAD: &str = "unload-net";

impl Host {
    /// Proves a net, and has it stand under its name for the cases that begin from now on. What it returns is durable.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. [`NotLoaded`]: it is not one that cases may run on.
    pub fn load_net(&self, text: &str, cause: &Cause) -> Result<Result<LoadedNet, NotLoaded>, Halt> {
        if let Err(why) = check_words(&cause.by, &cause.reason) {
            return Ok(Err(NotLoaded::Senseless(why)));
        }
        let sent = json!({ "sent": Digest::of(text.as_bytes()).to_string() });
        if let Some(done) = self.loaded_before(cause, &sent)? {
            return Ok(done);
        }
        let net = match read(text) {
            Ok(net) => net,
            Err(why) => return Ok(Err(why.into())),
        };
        let library = library(self.ports.store.front(), &net)?;
        let net = match CaseNet::admit(&net, &library, &Budget::default()) {
            Ok(net) => net,
            Err(why) => return Ok(Err(NotLoaded::NotAdmitted(net.name, why))),
        };
        let (name, digest) = (net.name().to_owned(), net.digest());
        let mut details = sent.clone();
        (details["net"], details["digest"]) = (json!(name), json!(Digest(digest).to_string()));
        let mut record = None;
        let done = self.do_deed(&deed(LOAD, cause, details), &mut |front, sequence| {
            // Only here it is known what others have done meanwhile.
            record = known(front, &name)?.filter(|record| record.digest == digest);
            if record.is_some() || is_done(front, cause)? {
                return Ok(None);
            }
            let loaded = NetRecord { digest, at: cause.at.to_string(), by: cause.by.clone(), receipt: sequence };
            let registers = vec![(NET_REGISTER.to_owned(), name.clone(), Some(kept(&loaded)?))];
            let blobs = vec![(digest, net.text().as_bytes().to_vec())];
            record = Some(loaded);
            Ok(Some(Written { commit: Commit { registers, blobs, ..Commit::default() }, governors: Vec::new() }))
        })?;
        pollster::block_on(self.durable(done.as_ref().map_or_else(|| self.ports.store.last(), |done| done.ticket)))?;
        if let (None, Some(before)) = (&done, self.loaded_before(cause, &sent)?) {
            return Ok(before);
        }
        let bug = || Halt::Bug(Error::invalid("the loading of a net was not admitted"));
        self.nets.knows(net);
        Ok(Ok(LoadedNet { name, record: record.ok_or_else(bug)?, report: done.map(|done| done.report) }))
    }

    /// What a load came to that was done before, under the same id.
    fn loaded_before(&self, cause: &Cause, sent: &Value) -> Result<Option<Result<LoadedNet, NotLoaded>>, Halt> {
        let (report, act) = match self.done_before(LOAD, cause, sent)? {
            None => return Ok(None),
            Some(Before::Another { receipt }) => return Ok(Some(Err(NotLoaded::Another(receipt)))),
            Some(Before::Same { report, act }) => (report, act),
        };
        let receipt = report.receipt.unwrap_or_default();
        let (name, digest) = named(&act, receipt)?;
        let said = |member: &str| act[member].as_str().unwrap_or_default().to_owned();
        let record = NetRecord { digest: digest.0, at: said("time"), by: said("by"), receipt };
        Ok(Some(Ok(LoadedNet { name, record, report: None })))
    }

    /// Has no more cases begin on a net. Those that run on it go on. What it returns is durable.
    ///
    /// # Errors
    /// [`Halt`]: the store failed. [`NotUnloaded`]: there is no such net.
    pub fn unload_net(&self, name: &str, cause: &Cause) -> Result<Result<UnloadedNet, NotUnloaded>, Halt> {
        if let Err(why) = check_words(&cause.by, &cause.reason) {
            return Ok(Err(NotUnloaded::Senseless(why)));
        }
        let unknown = || Ok(Err(NotUnloaded::Unknown(name.to_owned())));
        loop {
            match self.done_before(UNLOAD, cause, &json!({ "net": name }))? {
                None => {}
                Some(Before::Another { receipt }) => return Ok(Err(NotUnloaded::Another(receipt))),
                Some(Before::Same { report, act }) => {
                    let receipt = report.receipt.unwrap_or_default();
                    let (name, digest) = named(&act, receipt)?;
                    return Ok(Ok(UnloadedNet { name, digest, receipt, duplicate: true }));
                }
            }
            let Some(record) = known(self.ports.store.front(), name)? else { return unknown() };
            let digest = Digest(record.digest);
            let details = json!({ "net": name, "digest": digest.to_string() });
            let done = self.do_deed(&deed(UNLOAD, cause, details), &mut |front, _| {
                if known(front, name)?.as_ref() != Some(&record) || is_done(front, cause)? {
                    return Ok(None);
                }
                let registers = vec![(NET_REGISTER.to_owned(), name.to_owned(), None)];
                Ok(Some(Written { commit: Commit { registers, ..Commit::default() }, governors: Vec::new() }))
            })?;
            // Where it was loaded anew or unloaded meanwhile, it is looked at again.
            let Some(finished) = done else { continue };
            pollster::block_on(self.durable(finished.ticket))?;
            let receipt = finished.report.receipt.unwrap_or_default();
            return Ok(Ok(UnloadedNet { name: name.to_owned(), digest, receipt, duplicate: false }));
        }
    }
}

fn deed(name: &str, cause: &Cause, details: Value) -> Deed {
    let Cause { by, reason, at, id } = cause.clone();
    Deed { name: name.into(), by, reason, at, id, details }
}

/// The net that an act was about.
fn named(act: &Value, receipt: u64) -> Result<(String, Digest), StoreError> {
    let said = |member: &str| act["details"][member].as_str();
    let parts = said("net").zip(said("digest").and_then(|digest| digest.parse().ok()));
    let (net, digest) = parts.ok_or_else(|| StoreError::Corrupt(format!("receipt {receipt} names no net")))?;
    Ok((net.to_owned(), digest))
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
    /// The net of a digest. While one is read, others are found.
    pub(crate) fn net(&self, front: &dyn Reads, digest: &Hash) -> Result<Arc<CaseNet>, StoreError> {
        if let Some(net) = self.nets().get(digest) {
            return Ok(Arc::clone(net));
        }
        Ok(self.knows(CaseNet::admitted(&text_of(front, digest)?).map_err(|why| unreadable(digest, &why))?))
    }

    /// Keeps a net that is read.
    fn knows(&self, net: CaseNet) -> Arc<CaseNet> {
        Arc::clone(self.nets().entry(net.digest()).or_insert_with(|| Arc::new(net)))
    }

    fn nets(&self) -> MutexGuard<'_, HashMap<Hash, Arc<CaseNet>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

/// The nets that its composite tasks name, of those that are loaded. Each is whole.
fn library(front: &dyn Reads, net: &Net) -> Result<Library, StoreError> {
    let named = |task: &Task| if let Kind::Composite(name) = &task.kind { Some(name.clone()) } else { None };
    let names: BTreeSet<String> = net.tasks.iter().filter_map(named).collect();
    let mut nets = Vec::new();
    for name in names {
        let Some(record) = known(front, &name)? else { continue };
        let net = read(&text_of(front, &record.digest)?).map_err(|why| unreadable(&record.digest, &why))?;
        nets.push(Net { name, ..net });
    }
    Ok(Library(nets))
}

fn record(name: &str, text: &str) -> Result<NetRecord, StoreError> {
    serde_json::from_str(text)
        .map_err(|why| StoreError::Corrupt(format!("what stands under the net `{name}` does not read: {why}")))
}

fn kept(record: &NetRecord) -> Result<Text, StoreError> {
    Text::strict(&canonical(record)).map_err(|why| StoreError::Corrupt(format!("a net's record is no JSON: {why}")))
}
