//! A governor's machine as a table: rows of a state, what happens there, and the state it leads to.

use std::collections::BTreeSet;

/// The states that a table of moves leads to, from where everything begins; that is among them.
///
/// ```
/// use syndic_sdk::testing::reached;
///
/// let moves = [("open", "pay", "paid"), ("paid", "refund", "refunded"), ("lost", "find", "open")];
/// assert_eq!(reached(&moves, ["open"]), ["open", "paid", "refunded"].into());
/// ```
pub fn reached<S: Copy + Ord, T>(moves: &[(S, T, S)], begins: impl IntoIterator<Item = S>) -> BTreeSet<S> {
    let mut reached: BTreeSet<S> = begins.into_iter().collect();
    while let Some((.., to)) = moves.iter().find(|(from, _, to)| reached.contains(from) && !reached.contains(to)) {
        reached.insert(*to);
    }
    reached
}
