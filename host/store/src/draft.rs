//! A draft: what an admission will change, readable before it is admitted.

use syndic_core::ports::{Head, StoreError};

use crate::counters::Counters;
use crate::heart::Heart;
use crate::key::Key;
use crate::layer::Layer;
use crate::pack::{Pack, Unpack};
use crate::space::Space;
use crate::view::View;

/// Changes in the making, over everything that is admitted. Its maker has the turn, so nobody else changes anything.
pub(crate) struct Draft<'a, S> {
    heart: &'a Heart<S>,
    pub(crate) changes: Layer,
    pub(crate) counters: Counters,
    pub(crate) head: Head,
}

impl<'a, S: Space> Draft<'a, S> {
    pub(crate) fn new(heart: &'a Heart<S>, counters: Counters, head: Head) -> Self {
        Self { heart, changes: Layer::default(), counters, head }
    }

    /// Looks at everything as it will be. The front is held only for as long as `answer` runs.
    pub(crate) fn look<T>(&self, answer: impl FnOnce(&View<'_>) -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.heart.look_at_front(Some(&self.changes), answer)
    }

    pub(crate) fn get<T: Unpack>(&self, key: &Key) -> Result<Option<T>, StoreError> {
        self.look(|view| view.get(key))
    }

    pub(crate) fn has(&self, key: &Key) -> Result<bool, StoreError> {
        self.look(|view| view.has(key))
    }

    pub(crate) fn put(&mut self, key: Key, record: &impl Pack) {
        self.put_bytes(key, record.pack());
    }

    pub(crate) fn put_bytes(&mut self, key: Key, payload: Vec<u8>) {
        self.changes.change(key, Some(payload));
    }

    pub(crate) fn put_or_remove(&mut self, key: Key, record: Option<&impl Pack>) {
        match record {
            Some(record) => self.put(key, record),
            None => self.remove(key),
        }
    }

    pub(crate) fn remove(&mut self, key: Key) {
        self.changes.change(key, None);
    }

    /// Removes every record whose key begins with `prefix`.
    pub(crate) fn remove_all(&mut self, prefix: &Key) -> Result<(), StoreError> {
        for (key, ()) in self.look(|view| view.all(prefix))? {
            self.remove(key);
        }
        Ok(())
    }
}
