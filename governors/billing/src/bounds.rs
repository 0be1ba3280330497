//! How much of a text from outside is kept. Facts are bounded, and an event may bring sixty thousand bytes of one text:
//! kept whole, it would leave an invoice no room for what happens to it next.

use crate::desk::{Step, Stop};

/// The longest name of a payment method or an order that is kept. They are sent back word for word, so a longer one is
/// refused and not cut.
const NAME_BYTES_MAX: usize = 256;

/// How much of somebody's words is kept. An invoice may have a hundred corrections, and each has its reason.
const WORDS_BYTES_MAX: usize = 120;

/// Refuses a payment method or an order whose name is too long to be one.
pub(crate) fn name(what: &str, name: &str) -> Step<String> {
    if name.len() > NAME_BYTES_MAX {
        return Stop::refuse("payment-declined", format!("no {what} has a name of {} bytes", name.len()));
    }
    Ok(name.to_owned())
}

/// The beginning of what somebody said, in one line.
pub(crate) fn words(said: &str) -> String {
    let said = &said[..said.floor_char_boundary(WORDS_BYTES_MAX)];
    said.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
