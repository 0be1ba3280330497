//! The periods that billing cycles make, and parts of periods.

use syndic_sdk::prelude::*;

/// What the bundled book takes off for paying this far ahead, in percent. Other books price each cycle.
pub fn bundled_discount_percent(cycle: Cycle) -> u32 {
    match cycle {
        Cycle::Monthly => 0,
        Cycle::Annual => 10,
        Cycle::TwoYear => 20,
        Cycle::ThreeYear => 30,
    }
}

/// The period `[start, end)` that begins at `start`. The anchor day, not the start's own day, says where it ends:
/// a subscription of the 31st renews on 28 February and on 31 March again.
pub fn period_from(start: Time, cycle: Cycle, anchor_day: u8) -> (Time, Time) {
    (start, start.plus_months(cycle.months().into(), anchor_day))
}

/// The first instant a deadline no longer covers. A timer set here leaves the deadline's own instant to the
/// customer, and to what another slot's timer raises at that very instant.
pub fn first_instant_after(deadline: Time) -> Time {
    deadline.plus_ms(1)
}

/// The part of a line that `left_ms` of `period_ms` is worth, rounded once. Nothing is left after the end; an
/// empty period is worth nothing.
pub fn prorate(line: Money, left_ms: i64, period_ms: i64) -> Result<Money, Fault> {
    let (left, period) = if period_ms > 0 { (left_ms.max(0), period_ms) } else { (0, 1) };
    Ok(line.scaled(left.into(), period.into())?)
}
