//! Reading: records by key and by prefix, through layers and from the space under them.

use std::borrow::Cow;

use syndic_core::ports::{Head, StoreError};

use crate::counters::Counters;
use crate::key::{Key, Table};
use crate::layer::{Layer, walk};
use crate::pack::Unpack;
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
        let mut found = Vec::new();
        self.walk(prefix, from, limit, |key, payload| {
            let record = read(&key, &payload)?;
            found.push((key, record));
            Ok(())
        })?;
        Ok(found)
    }

    /// How many there are.
    pub(crate) fn count(&self, prefix: &Key) -> Result<u64, StoreError> {
        let mut count = 0;
        self.walk(prefix, prefix, usize::MAX, |_, _| {
            count += 1;
            Ok(())
        })?;
        Ok(count)
    }

    /// Hands the first `limit` of them to `each`. A prefix longer than stored keys show is looked for in the keys that
    /// values keep.
    pub(crate) fn walk(
        &self,
        prefix: &Key,
        from: &Key,
        limit: usize,
        mut each: impl FnMut(Key, Cow<'_, [u8]>) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let (shown, start) = (prefix.stored_prefix(), from.stored_prefix());
        let mut taken = 0;
        walk((&self.layers, self.space), (shown, start), limit, |(key, payload)| {
            if taken < limit && key.bytes().starts_with(prefix.bytes()) {
                taken += 1;
                each(key, payload)?;
            }
            Ok(taken < limit)
        })
    }
}

fn read<T: Unpack>(key: &Key, payload: &[u8]) -> Result<T, StoreError> {
    T::unpack(payload).map_err(|why| damaged(key, why))
}
