//! What cannot be a governor is refused before the first event, in words that name the file, the slot and the reason.

use crate::guest::Guest;
use crate::syndic::Home;

/// Refused in three lines that hold these words; nothing was played, and no data directory was made.
fn refused(component: impl AsRef<[u8]>, words: &[&str]) {
    let home = Home::new();
    let told = home.play_with_governor("", "billing", component.as_ref());
    told.fails(2, &[&["billing.wasm", "`billing`", "ComponentRejected"], words].concat());
    assert!(!home.data.exists());
}

#[test]
fn a_core_module_is_told_how_to_become_a_component() {
    refused(wat::parse_str("(module)").unwrap(), &["core module", "wasm-tools component new"]);
}

#[test]
fn a_text_file_and_an_empty_one_are_told_what_they_are() {
    refused("name = \"billing\"\n", &["not a component"]);
    refused("(component)", &["WebAssembly text"]);
    refused("", &["empty"]);
}

#[test]
fn a_component_of_another_world_is_told_what_it_lacks() {
    let greeter = r#"(component (core module $m (func (export "greet"))) (core instance $i (instantiate $m))
                     (func (export "greet") (canon lift (core func $i "greet"))))"#;
    refused(wat::parse_str(greeter).unwrap(), &["`describe`, `evaluate`, `feedback`, `migrate`"]);
    refused(Guest { without: "feedback", ..Guest::default() }.build(), &["lacks `feedback`"]);
    refused(Guest { contract: "2.0.0", ..Guest::default() }.build(), &["@2.0.0", "offers version 1"]);
}

#[test]
fn a_component_that_wants_the_world_is_told_which_import_it_may_not_have() {
    let parts = r#"(import "wasi:cli/environment@0.2.6" (instance (export "get" (func (result string)))))"#;
    refused(Guest { parts, ..Guest::default() }.build(), &["`wasi:cli/environment@0.2.6`", "may import only"]);
}

#[test]
fn a_torn_component_and_one_that_cannot_describe_itself_are_refused() {
    let whole = Guest::default().build();
    refused(&whole[..whole.len() - 1], &["not a component that this host can run"]);
    refused(Guest { describe: "(unreachable)", ..Guest::default() }.build(), &["its `describe` failed"]);
}

#[test]
fn a_file_that_is_not_there_and_a_slot_that_is_not_are_named() {
    let home = Home::new();
    let play = |governor: &str| home.play_with("", &["--governor", governor]).exits(2);
    assert!(play("billing=/no/such.wasm").err.contains("`/no/such.wasm` cannot be read"));
    let file = home.file("guest.wasm", Guest::default().build());
    let told = play(&format!("loyalty={}", file.display()));
    assert!(told.err.contains("no slot `loyalty`") && told.err.contains("multi-tenant"), "{}", told.err);
    assert!(play("billing").err.contains("SLOT=FILE.wasm"));
    assert!(!home.data.exists());
}
