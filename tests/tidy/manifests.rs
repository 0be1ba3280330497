//! Every package is set up alike, and the pure ones are held to it.

use crate::house::{field, folder, packages, text, tidy};

/// What every manifest takes from the workspace.
const INHERITED: [&str; 4] = [
    "edition.workspace = true",
    "rust-version.workspace = true",
    "license.workspace = true",
    "publish.workspace = true",
];

/// What the host's packages take from it too. A governor has a version of its own, which stands in receipts.
const VERSION: &str = "version.workspace = true";

/// Packages that compute, and do nothing else.
const PURE: [&str; 4] = ["host/core", "host/ledger", "host/market", "host/nets"];

/// What they are refused at least, each with a reason that explains itself where the mistake is made.
const BANS: [&str; 7] = [
    "std::time::SystemTime::now",
    "std::time::Instant::now",
    "std::env::var",
    "std::fs::read",
    "std::fs::File::open",
    "std::thread::spawn",
    "std::thread::sleep",
];

fn folders() -> Vec<String> {
    packages().iter().map(|package| folder(field(package, "manifest_path"))).collect()
}

/// Whether a governor is what the package is: it is released by itself.
fn is_guest(folder: &str) -> bool {
    folder != "governors/bundle" && ["governors/", "sdk/examples/"].iter().any(|place| folder.starts_with(place))
}

#[test]
fn every_package_inherits_from_the_workspace() {
    tidy(folders().iter().flat_map(|folder| {
        let manifest = text(&format!("{folder}/Cargo.toml")).expect("cargo read the manifest a moment ago");
        let version = (!is_guest(folder)).then_some(VERSION);
        let wanted = INHERITED.into_iter().chain(version);
        let missing = wanted.filter(|line| !manifest.lines().any(|it| it == *line)).map(str::to_owned);
        let lints =
            (!manifest.contains("\n[lints]\nworkspace = true\n")).then(|| "[lints] workspace = true".to_owned());
        missing.chain(lints).map(move |line| format!("{folder}/Cargo.toml lacks `{line}`")).collect::<Vec<_>>()
    }));
}

#[test]
fn a_pure_package_is_refused_the_world() {
    let packages = folders();
    let pure = PURE.into_iter().filter(|folder| packages.iter().any(|package| package == folder));
    tidy(pure.flat_map(|folder| {
        let lints = text(&format!("{folder}/clippy.toml")).unwrap_or_default();
        let bans: Vec<&str> = lints.lines().filter(|line| line.contains("path = ")).collect();
        let missing = BANS.into_iter().filter(|ban| !bans.iter().any(|line| line.contains(&format!("\"{ban}\""))));
        let silent = bans.iter().filter(|line| !line.contains("reason = \""));
        let missing = missing.map(|ban| format!("{folder}/clippy.toml does not ban {ban}"));
        missing
            .chain(silent.map(|line| format!("{folder}/clippy.toml gives no reason: {}", line.trim())))
            .collect::<Vec<_>>()
    }));
}
