//! The table, by what they attack.

mod answers;
mod binaries;
mod decisions;
mod floods;
mod giants;
mod loops;
mod memory;
mod proposals;
mod shapes;

use crate::row::Row;

/// Those whose size does not matter.
pub fn ordinary() -> Vec<Row> {
    [
        loops::rows(),
        floods::rows(),
        memory::rows(),
        answers::rows(),
        decisions::rows(),
        shapes::rows(),
        proposals::rows(),
        binaries::rows(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Those that are as large as may be.
pub fn giants() -> Vec<Row> {
    giants::rows()
}
