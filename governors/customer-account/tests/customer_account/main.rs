//! customer-account as a specification: the customer's stories, the table held against the governor, and long
//! random lives.

mod histories;
mod readme;
mod scene;
mod stories;
mod table;
