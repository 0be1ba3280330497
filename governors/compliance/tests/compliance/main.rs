//! Compliance as a specification: stories, the table held against the governor, and long random lives.

mod histories;
mod identity;
mod life;
mod readme;
mod records;
mod scene;
mod suspensions;
mod table;
