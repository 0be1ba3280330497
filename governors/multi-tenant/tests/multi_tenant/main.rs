//! Multi-tenant as a specification: stories, the table held against the governor, and long random lives.

mod histories;
mod readme;
mod stories;
mod table;
