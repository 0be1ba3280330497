//! A gate that lets in only so many calls at once.
//!
//! The pool has room for a fixed number of instances. A call too many waits here for its turn instead of failing:
//! whether a governor answers must not depend on how busy the host is. Waiting does not count towards its deadline.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The gate.
pub(crate) struct Gate {
    places: Mutex<Places>,
    freed: Condvar,
}

struct Places {
    free: u32,
    /// Calls that wait. Mostly there are none, and then nobody is woken, for that asks the kernel.
    waiting: u32,
}

/// A place behind the gate, given back when dropped.
pub(crate) struct Place<'a>(&'a Gate);

impl Gate {
    pub(crate) fn new(places: u32) -> Self {
        Self { places: Mutex::new(Places { free: places, waiting: 0 }), freed: Condvar::new() }
    }

    /// Waits for a place.
    pub(crate) fn enter(&self) -> Place<'_> {
        let mut places = self.places();
        places.waiting += 1;
        let taken = self.freed.wait_while(places, |places| places.free == 0);
        let mut places = taken.unwrap_or_else(PoisonError::into_inner);
        places.waiting -= 1;
        places.free -= 1;
        Place(self)
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.places.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self.0.places();
        places.free += 1;
        let somebody_waits = places.waiting > 0;
        drop(places);
        if somebody_waits {
            self.0.freed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[test]
    fn no_more_than_its_places_are_ever_taken() {
        let (gate, inside) = (Gate::new(2), AtomicU32::new(0));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..500 {
                        let _place = gate.enter();
                        assert!(inside.fetch_add(1, Ordering::SeqCst) < 2);
                        inside.fetch_sub(1, Ordering::SeqCst);
                    }
                });
            }
        });
        let places = gate.places();
        assert_eq!((places.free, places.waiting), (2, 0));
    }
}
