//! The engine's promises, over governors that answer from a script: all or nothing, one receipt each, in order.

mod crashes;
mod effects;
mod follows;
mod judging;
mod keys;
mod world;
