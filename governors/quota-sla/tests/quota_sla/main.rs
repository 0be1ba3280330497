//! quota-sla as a specification: the customer's stories, and the table held against the governor.

mod histories;
mod scene;
mod stories;
mod table;

use syndic_sdk::testing::Page;

const README: Page = Page::new(include_str!("../../README.md"));
