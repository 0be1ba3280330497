//! What one call may read when it is made again: what was read then, and nothing that came after.

use std::sync::{Arc, Mutex};

use syndic_core::config::SlotConfig;
use syndic_core::fact::Seen;
use syndic_core::ports::{Facts, Installed, ReadError, StoreError};
use syndic_core::{FactName, Text};

use crate::migrate::Carried;

use super::history::{Found, History, Whose};
use super::page::Page;
use super::{Lack, What, lock};

/// Why a call cannot be made again.
#[derive(Clone, Debug)]
pub(crate) enum Trouble {
    /// The store failed.
    Store(StoreError),
    /// Something is not as it was.
    What(What),
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<What> for Trouble {
    fn from(what: What) -> Self {
        Self::What(what)
    }
}

/// Whether a call may read what nobody read then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beyond {
    /// The component that decided reads what it read.
    No,
    /// Another component may: as of the receipt's place in the ledger.
    Yes,
}

/// One call's view.
pub(crate) struct Recall {
    pub(crate) page: Arc<Page>,
    pub(crate) history: Arc<History>,
    pub(crate) version: Arc<Installed>,
    pub(crate) limits: Arc<SlotConfig>,
    pub(crate) beyond: Beyond,
    /// What was carried over from another schema before the call.
    pub(crate) carried: Option<Arc<Carried>>,
    /// The first thing that could not be read.
    pub(crate) trouble: Mutex<Option<Trouble>>,
}

impl Facts for Recall {
    fn read(&self, fact: &FactName) -> Result<Option<Seen>, ReadError> {
        if !self.version.manifest.reads.iter().any(|declared| declared.covers(fact)) {
            return Err(ReadError::Undeclared(fact.to_string()));
        }
        let found = self.recall(fact).map_err(|trouble| {
            lock(&self.trouble).get_or_insert(trouble);
            ReadError::Store("what was read then cannot be read again".into())
        })?;
        let version = found.as_ref().map_or(0, |(version, _)| *version);
        let value = match self.carried.as_ref().and_then(|carried| carried.get(fact)) {
            Some(carried) => carried.cloned(),
            None => found.map(|(_, value)| value),
        };
        Ok(value.map(|value| Seen { name: fact.name.clone(), version, value: value.to_string() }))
    }

    fn config(&self, key: &str) -> Option<String> {
        self.limits.values.get(key).cloned()
    }
}

impl Recall {
    /// What a fact was, before anything was carried over.
    pub(crate) fn recall(&self, fact: &FactName) -> Result<Option<(u64, Text)>, Trouble> {
        let page = &*self.page;
        let whose = Whose { tenant: &page.event.tenant, customer: page.customer() };
        let Some(place) = page.kept().reads.iter().position(|read| read.fact == *fact) else {
            return self.beyond(whose, fact);
        };
        let read = &page.kept().reads[place];
        let value = match read.receipt {
            0 => None,
            receipt => {
                let value = self.history.written_by(receipt, whose, fact)?;
                Some(value.ok_or_else(|| self.lacks(place, Lack::Missing))?)
            }
        };
        // The leaf has its read set in the order in which it is kept beside it.
        let committed = page.leaf.read_set.get(place);
        let salt = page.salts.of(fact.scope);
        let hash = value.as_ref().map(|value| salt.commit(value.as_bytes()));
        let alike = committed.is_some_and(|committed| {
            (committed.name == fact.name) && (committed.version, committed.hash) == (read.version, hash)
        });
        if !alike {
            return Err(self.lacks(place, Lack::Other).into());
        }
        Ok(value.map(|value| (read.version, value)))
    }

    fn lacks(&self, place: usize, lack: Lack) -> What {
        let read = &self.page.kept().reads[place];
        What::Value { fact: read.fact.clone(), receipt: read.receipt, lack }
    }

    fn beyond(&self, whose: Whose<'_>, fact: &FactName) -> Result<Option<(u64, Text)>, Trouble> {
        if self.beyond == Beyond::No {
            return Err(What::Read { fact: fact.clone() }.into());
        }
        match self.history.as_of(self.page.sequence, whose, fact)? {
            Found::Value(version, text) => Ok(Some((version, text))),
            Found::Absent => Ok(None),
            Found::Unknown => Err(What::Unknown { fact: fact.clone() }.into()),
        }
    }
}
