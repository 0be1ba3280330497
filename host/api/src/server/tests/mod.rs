//! The server over a fake host: what it lets through, what it says, and that nothing breaks it.

mod fake;
mod listen;
mod nets;
mod rights;
mod routes;
mod slots;
mod storm;
mod whose;
mod wire;
