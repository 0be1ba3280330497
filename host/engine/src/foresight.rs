//! Foresight: what governors said of an event before its turn came.
//!
//! A governor is pure, so an answer given ahead of time on the same facts at the same moment is the answer. Each seat is
//! checked by itself: where something it read was written since, its governor is asked again, and only that last answer
//! is receipted.

use syndic_core::Time;

use crate::judge::Seat;

/// Answers given ahead.
pub(crate) struct Foreseen {
    /// The lane's time they were asked at.
    pub(crate) now: Time,
    /// Who answered, and what each had read.
    pub(crate) seats: Vec<Seat>,
}

impl Foreseen {
    /// The same governor's answer, if it was asked.
    pub(crate) fn take(&mut self, seat: &Seat) -> Option<Seat> {
        let same = |ahead: &Seat| {
            let beside = match (&ahead.shadow, &seat.shadow) {
                (None, None) => true,
                (Some(one), Some(other)) => one.is_like(other),
                _ => false,
            };
            ahead.slot == seat.slot && ahead.installed.digest == seat.installed.digest && beside
        };
        let place = self.seats.iter().position(same)?;
        Some(self.seats.swap_remove(place))
    }
}
