//! Price rises, and the notice they need.

use syndic_book::{Line, Sku};
use syndic_sdk::prelude::*;

/// Rises beyond this many percent need notice.
const RISE_PERCENT_MAX: i128 = 10;

/// How far ahead such a rise is announced.
const NOTICE_DAYS: i64 = 30;

/// Whether a change that applies at `at` and was `announced` then comes with the notice its prices need, seen from the
/// entry it takes the place of. What is a draft has no customers to give notice to.
pub(crate) fn noticed(current: Option<&Sku>, proposed: &Sku, announced: Time, at: Time) -> Result<bool, Fault> {
    let Some(current) = current.filter(|current| current.status != ProductStatus::Draft) else { return Ok(true) };
    Ok(at >= announced.plus_days(NOTICE_DAYS) || !rises(current, proposed)?)
}

/// Whether a seat would cost too much more in any cycle that both offer. A cycle of the bundled book has its
/// discounted price; prices in two currencies do not compare.
fn rises(current: &Sku, proposed: &Sku) -> Result<bool, Fault> {
    for cycle in Cycle::ALL {
        let (Line::Price(old), Line::Price(new)) = (current.line(cycle, 1, None)?, proposed.line(cycle, 1, None)?)
        else {
            continue;
        };
        let beyond = i128::from(new.minor_units) * 100 > i128::from(old.minor_units) * (100 + RISE_PERCENT_MAX);
        if old.currency == new.currency && beyond {
            return Ok(true);
        }
    }
    Ok(false)
}
