//! Compliance as a specification: stories, the table held against the governor, and long random lives.

mod histories;
mod identity;
mod life;
mod records;
mod scene;
mod suspensions;
mod table;

use syndic_sdk::testing::Page;

const README: Page = Page::new(include_str!("../../README.md"));
