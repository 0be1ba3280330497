//! The component itself, in the real host and under its real limits: every story in `stories/` has to come true.
//!
//! The host is the `syndic` program on your PATH, or the one that the variable SYNDIC names.

use syndic_sdk::testing::Component;

#[test]
fn the_component_does_what_its_stories_say() {
    Component::build(env!("CARGO_MANIFEST_DIR")).stories();
}
