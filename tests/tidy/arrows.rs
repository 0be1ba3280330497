//! Who may know whom. What is absent from this table is the design.
//!
//! Dev- and build-dependencies obey it too: a crate whose tests need what the crate may not know has its tests in
//! `tests/`.

use crate::house::{field, folder, packages, tidy};
use serde_json::Value;

/// Each package, and the packages it may depend on, by folder. A final `*` stands for every name; the first row that
/// names a package is the one that holds.
#[rustfmt::skip]
const ARROWS: &[(&str, &[&str])] = &[
    // ── the host: one crate per verb, which meet through the core's ports ─
    ("host/daemon",       &["host/*", "governors/bundle"]),
    ("host/cli",          &["host/api"]),
    ("host/api",          &["host/core", "host/ledger", "host/nets"]),
    ("host/engine",       &["host/core", "host/ledger", "host/nets"]),
    ("host/runtime",      &["host/core", "host/ledger"]),
    ("host/store",        &["host/core", "host/ledger"]),
    ("host/connect",      &["host/core", "host/ledger"]),
    ("host/core",         &["host/ledger"]),
    ("host/ledger",       &[]),
    ("host/nets",         &[]),
    // ── the guests: ours are built exactly as a stranger's would be ───────
    ("governors/bundle",  &[]),
    ("governors/book",    &["sdk"]),
    ("governors/*",       &["governors/book", "sdk"]),
    ("sdk/examples/*",    &["governors/book", "sdk"]),
    ("sdk",               &["sdk/macros"]),
    ("sdk/macros",        &[]),
    // ── what is true of all of it ─────────────────────────────────────────
    ("tests",             &["*"]),
    ("tests/benches",     &["*"]),
    ("tests/crash",       &["tests/crash/shim"]),
    ("tests/crash/shim",  &[]),
    ("tests/failpoints",  &["host/core", "host/engine", "host/ledger", "host/store"]),
    ("tests/simulation",  &["host/core", "host/engine", "host/ledger", "host/store"]),
];

/// Crates of others, and the only packages that may name them: replacing one of these touches one folder.
const OWNED: &[(&str, &[&str])] =
    &[("sled", &["host/store", "tests/benches"]), ("wasmtime", &["host/runtime", "tests/benches"])];

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

/// The sentence that refuses an arrow from one package to a dependency, as `cargo metadata` tells it.
fn refusal(from: &str, dependency: &Value) -> Option<String> {
    let name = field(dependency, "name");
    match (dependency["path"].as_str(), dependency["source"].as_str()) {
        (Some(path), _) => refused_package(from, &folder(path)),
        (None, Some(REGISTRY)) => refused_crate(from, name),
        (None, source) => Some(format!(
            "{from} may not depend on {name}: it comes from {}, and only crates.io and this workspace may be built from",
            source.unwrap_or("nowhere")
        )),
    }
}

fn refused_package(from: &str, to: &str) -> Option<String> {
    let Some((row, allowed)) = ARROWS.iter().find(|(package, _)| names(package, from)) else {
        return Some(format!("{from} may not depend on {to}: no row of ARROWS says what {from} may know"));
    };
    let known = ARROWS.iter().any(|(package, _)| names(package, to));
    let rule = match allowed {
        [] => "knows no other package".to_owned(),
        allowed => format!("knows {} only", allowed.join(", ")),
    };
    let refused = !known || !allowed.iter().any(|package| names(package, to));
    refused.then(|| format!("{from} may not depend on {to}: {row} {rule}"))
}

fn refused_crate(from: &str, name: &str) -> Option<String> {
    let part_of = |owned: &str| name.strip_prefix(owned).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'));
    let (owned, owners) = OWNED.iter().find(|(owned, _)| part_of(owned))?;
    let refused = !owners.contains(&from);
    refused.then(|| format!("{from} may not depend on {name}: {owned} is named by {} only", owners.join(" and ")))
}

/// Whether a name of the table, which may end in `*`, names this folder.
fn names(pattern: &str, folder: &str) -> bool {
    pattern.strip_suffix('*').map_or(pattern == folder, |prefix| folder.starts_with(prefix))
}

#[test]
fn packages_know_only_whom_the_table_lets_them_know() {
    let packages = packages();
    tidy(packages.iter().flat_map(|package| {
        let from = folder(field(package, "manifest_path"));
        let dependencies = package["dependencies"].as_array().expect("a package lists its dependencies");
        dependencies.iter().filter_map(move |dependency| refusal(&from, dependency)).collect::<Vec<_>>()
    }));
}

#[test]
fn every_package_has_a_row_and_every_row_a_package() {
    let folders: Vec<String> = packages().iter().map(|package| folder(field(package, "manifest_path"))).collect();
    let rowless = folders.iter().filter(|folder| !ARROWS.iter().any(|(row, _)| names(row, folder)));
    let empty = ARROWS.iter().filter(|(row, _)| !folders.iter().any(|folder| names(row, folder)));
    let rowless = rowless.map(|folder| format!("{folder} is a package without a row in ARROWS: whom may it know?"));
    tidy(rowless.chain(empty.map(|(row, _)| format!("{row} has a row in ARROWS, and is no package"))));
}

#[test]
fn a_refused_arrow_is_named_by_both_ends_and_the_rule() {
    let check = |from: &str, to: &str, sentence: &str| {
        assert_eq!(refused_package(from, to).unwrap_or_default(), sentence);
    };
    check("host/engine", "host/core", "");
    check(
        "host/engine",
        "host/store",
        "host/engine may not depend on host/store: host/engine knows host/core, host/ledger, host/nets only",
    );
    check("host/ledger", "host/core", "host/ledger may not depend on host/core: host/ledger knows no other package");
    check(
        "governors/billing",
        "host/core",
        "governors/billing may not depend on host/core: governors/* knows governors/book, sdk only",
    );
    check("tests", "elsewhere", "tests may not depend on elsewhere: tests knows * only");
    check("tools", "sdk", "tools may not depend on sdk: no row of ARROWS says what tools may know");
}

#[test]
fn one_package_names_each_engine_it_stands_on() {
    let check = |from: &str, name: &str, sentence: &str| {
        assert_eq!(refused_crate(from, name).unwrap_or_default(), sentence);
    };
    check("host/store", "sled", "");
    check("tests/benches", "wasmtime", "");
    check("host/daemon", "serde", "");
    check(
        "host/engine",
        "sled",
        "host/engine may not depend on sled: sled is named by host/store and tests/benches only",
    );
    check(
        "host/core",
        "wasmtime-wasi",
        "host/core may not depend on wasmtime-wasi: wasmtime is named by host/runtime and tests/benches only",
    );
}
