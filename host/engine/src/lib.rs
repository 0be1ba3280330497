//! The engine: takes turns.
//!
//! It drives one event at a time through the nine states, asks governors, carries effects out and undoes them, commits
//! once, and then lets follow what follows: raised events, deferred effects, timers. What a move is and what answers
//! add up to it asks `core`; everything it touches is behind a port.
//!
//! Not here: what governors say (`governors`), how they run (`runtime`), bytes on disk (`store`).

mod act;
mod administer;
mod ahead;
mod blocking;
mod caseload;
pub mod cases;
mod cases_in_lanes;
mod commit;
mod consequence;
mod door;
mod ending;
mod failing;
mod foresight;
mod host;
mod in_force;
mod judge;
mod lanes;
mod lineup;
mod migrate;
pub mod nets;
mod observed;
mod parks;
mod pending;
mod play;
mod poison;
mod queue;
mod queues;
mod reach;
mod receipt;
pub mod replay;
mod rules;
mod sequel;
mod shadow;
mod spans;
mod standing;
mod stepped;
mod swap;
mod turn;
mod waker;
mod watch;

pub use act::{Denied, Order, Target};
pub use administer::Deed;
pub use caseload::{CaseHistory, CaseLook, REFUSALS as COMMAND_REFUSALS, look_at_case, verify_cases};
pub use consequence::{Consequence, Trigger};
pub use door::Bounds;
pub use host::{Halt, Host, Ports};
pub use in_force::last_calendars;
pub use lanes::Lanes;
pub use lineup::{Given, Lineup, NoLineup, Roster, Seating};
pub use nets::{LoadedNet, NetRecord, NotLoaded, NotUnloaded, UnloadedNet};
pub use pending::Pending;
pub use play::{AHEAD_MAX_MS, PlayClock, Played, Player, StreamRules, Tell};
pub use stepped::Stepped;
pub use swap::{Allow, Cause, Install, NotSwapped, Step, Swapped, Trialled};
