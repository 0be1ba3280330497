//! The fake behind the host's imports: the memory of whichever world the thread is judging in.
//!
//! Outside a world nothing is known: facts and configuration are absent, and log lines go nowhere. A helper that is
//! tested on its own needs no set-up.

use std::cell::RefCell;

use super::memory::Memory;
use crate::{Subject, log::Level};

thread_local! {
    static MEMORY: RefCell<Option<Memory>> = const { RefCell::new(None) };
}

/// Runs a governor's function with `memory` behind its imports.
pub(super) fn within<T>(memory: &mut Memory, judge: impl FnOnce() -> T) -> T {
    MEMORY.set(Some(std::mem::take(memory)));
    let answer = judge();
    *memory = MEMORY.take().expect("a governor cannot reach the memory it is judged in");
    answer
}

pub(crate) fn read(subject: Subject, name: &str) -> Option<String> {
    MEMORY.with_borrow(|memory| memory.as_ref()?.read(subject, name))
}

pub(crate) fn config(key: &str) -> Option<String> {
    MEMORY.with_borrow(|memory| memory.as_ref()?.config.get(key).cloned())
}

pub(crate) fn log(level: Level, message: &str) {
    MEMORY.with_borrow_mut(|memory| {
        if let Some(memory) = memory {
            memory.log.push((level, message.to_owned()));
        }
    });
}
