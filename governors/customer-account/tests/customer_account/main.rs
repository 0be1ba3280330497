//! customer-account as a specification: the customer's stories, the table held against the governor, and long
//! random lives.

mod histories;
mod scene;
mod stories;
mod table;

use syndic_sdk::testing::Page;

const README: Page = Page::new(include_str!("../../README.md"));
