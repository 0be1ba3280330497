//! quota-sla as a specification: the customer's stories, and the table held against the governor.

mod histories;
mod scene;
mod stories;
mod table;
