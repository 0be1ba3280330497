//! Reading: records by key and by prefix, through layers and from the space under them.

use std::borrow::Cow;
use std::mem;

use syndic_core::Time;
use syndic_core::ports::{Head, StoreError};

use crate::counters::Counters;
use crate::key::{Key, Table};
use crate::layer::{Layer, walk};
use crate::pack::Unpack;
use crate::reads::not_such_a_key;
use crate::space::Space;
use crate::value::{Record, damaged};

/// What is read at one moment. Whoever hands it out sees to it that nothing of it changes while it lives.
pub(crate) struct View<'a> {
    pub(crate) space: &'a dyn Space,
    /// What hides the space, the newest first.
    pub(crate) layers: Vec<&'a Layer>,
    /// The newest counters and head, where they are not in the space yet.
    pub(crate) newest: Option<(&'a Counters, &'a Head)>,
}

impl<'a> View<'a> {
    /// What is in a space and nowhere else.
    pub(crate) fn of(space: &'a dyn Space) -> Self {
        Self { space, layers: Vec::new(), newest: None }
    }

    pub(crate) fn head(&self) -> Result<Head, StoreError> {
        match self.newest {
            Some((_, head)) => Ok(head.clone()),
            None => Ok(self.get(&Key::of(Table::Head))?.unwrap_or_default()),
        }
    }

    pub(crate) fn counters(&self) -> Result<Counters, StoreError> {
        match self.newest {
            Some((counters, _)) => Ok(counters.clone()),
            None => Ok(self.get(&Key::of(Table::Counters))?.unwrap_or_default()),
        }
    }

    /// A record.
    pub(crate) fn get<T: Unpack>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.payload(key)?.map(|payload| read(key, &payload)).transpose()
    }

    /// A record's bytes.
    pub(crate) fn payload(&self, key: &Key) -> Result<Option<Cow<'a, [u8]>>, StoreError> {
        let stored = key.stored();
        if let Some(change) = self.layers.iter().find_map(|layer| layer.get(&stored)) {
            return Ok(change.map(Cow::Borrowed));
        }
        let Some(value) = self.space.get(&stored)? else { return Ok(None) };
        let record = Record::read(&stored, &value)?;
        record.payload(|piece| self.space.get(piece)).map(|payload| Some(Cow::Owned(payload)))
    }

    /// Whether there is a record.
    pub(crate) fn has(&self, key: &Key) -> Result<bool, StoreError> {
        let stored = key.stored();
        match self.layers.iter().find_map(|layer| layer.get(&stored)) {
            Some(change) => Ok(change.is_some()),
            None => Ok(self.space.get(&stored)?.is_some()),
        }
    }

    /// Every record whose key begins with `prefix`, in order.
    pub(crate) fn all<T: Unpack>(&self, prefix: &Key) -> Result<Vec<(Key, T)>, StoreError> {
        self.some(prefix, prefix, usize::MAX)
    }

    /// The first `limit` of them that are not below `from`.
    pub(crate) fn some<T: Unpack>(&self, prefix: &Key, from: &Key, limit: usize) -> Result<Vec<(Key, T)>, StoreError> {
        self.first(prefix, from.stored_prefix(), limit)
    }

    /// The first `limit` of them that come after a key, which need not be there; the first of all where there is none.
    pub(crate) fn after<T: Unpack>(
        &self,
        prefix: &Key,
        after: Option<&Key>,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        match after {
            None => self.some(prefix, prefix, limit),
            // The next key there can be, as keys are filed.
            Some(after) => self.first(prefix, &[&*after.stored(), &[0]].concat(), limit),
        }
    }

    fn first<T: Unpack>(&self, prefix: &Key, start: &[u8], limit: usize) -> Result<Vec<(Key, T)>, StoreError> {
        let mut found = Vec::new();
        if limit > 0 {
            self.walk(prefix, start, limit, |key, payload| {
                let record = read(&key, &payload)?;
                found.push((key, record));
                Ok(found.len() < limit)
            })?;
        }
        Ok(found)
    }

    /// The first `limit` records of a table that goes by due times, up to a time. Nothing of it comes before `first`,
    /// which becomes the first there is.
    pub(crate) fn due<T: Unpack>(
        &self,
        table: Table,
        first: &mut Key,
        until: Time,
        limit: usize,
    ) -> Result<Vec<(Key, T)>, StoreError> {
        let (start, mut seen, mut found) = (first.clone(), false, Vec::new());
        self.walk(&Key::of(table), start.stored_prefix(), limit, |key, payload| {
            if !mem::replace(&mut seen, true) {
                first.clone_from(&key);
            }
            let due = key.parts().time().ok_or_else(|| not_such_a_key(&key))?;
            if due > until || found.len() == limit {
                return Ok(false);
            }
            let record = read(&key, &payload)?;
            found.push((key, record));
            Ok(found.len() < limit)
        })?;
        Ok(found)
    }

    /// How many there are.
    pub(crate) fn count(&self, prefix: &Key) -> Result<u64, StoreError> {
        let mut count = 0;
        self.walk(prefix, prefix.stored_prefix(), usize::MAX, |_, _| {
            count += 1;
            Ok(true)
        })?;
        Ok(count)
    }

    /// Hands them to `each`, from where `start` would be filed, until it says that it is enough; about `expected` of
    /// them will be taken. A prefix longer than stored keys show is looked for in the keys that values keep.
    pub(crate) fn walk(
        &self,
        prefix: &Key,
        start: &[u8],
        expected: usize,
        mut each: impl FnMut(Key, Cow<'_, [u8]>) -> Result<bool, StoreError>,
    ) -> Result<(), StoreError> {
        walk((&self.layers, self.space), (prefix.stored_prefix(), start), expected, |(key, payload)| {
            if key.bytes().starts_with(prefix.bytes()) { each(key, payload) } else { Ok(true) }
        })
    }
}

fn read<T: Unpack>(key: &Key, payload: &[u8]) -> Result<T, StoreError> {
    T::unpack(payload).map_err(|why| damaged(key, why))
}
