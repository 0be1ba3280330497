//! Cases, as they are to be: every rule as the smallest story that shows it, every net of the marketplace driven to each
//! of its ends, and thousands of random lives held against an oracle that plays the token game by itself.

mod calendars;
mod ends;
#[path = "../../../nets/tests/soundness/generate.rs"]
#[allow(dead_code)]
mod generate;
mod hostile;
mod lives;
mod nets;
mod oracle;
mod people;
mod stories;
mod world;
