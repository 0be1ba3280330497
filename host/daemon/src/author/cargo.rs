//! Cargo, as governors are built with it: one profile, one target, and nothing of this machine in the bytes.
//!
//! A component's digest stands in every receipt, so the same sources, versions and toolchain should give the same
//! bytes wherever they lie and whoever builds them. Flags that people set for their own builds are taken away, and
//! paths are replaced by names.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use syndic_cli::{Failure, FailureKind};

pub(super) const TARGET: &str = "wasm32-unknown-unknown";

/// The profile: size before speed, one unit for the smallest and most repeatable code. Function names stay, so that a
/// trap can name where it happened.
const PROFILE: [&str; 6] = [
    "profile.governor.inherits=\"release\"",
    "profile.governor.opt-level=\"s\"",
    "profile.governor.lto=true",
    "profile.governor.codegen-units=1",
    "profile.governor.panic=\"abort\"",
    "profile.governor.strip=\"debuginfo\"",
];

/// Variables that would change the bytes.
const FOREIGN: [&str; 4] = ["CARGO_INCREMENTAL", "RUSTC_BOOTSTRAP", "RUSTC_LINKER", "RUSTFLAGS"];
const FOREIGN_PREFIXES: [&str; 3] = ["CARGO_BUILD_RUSTFLAGS", "CARGO_PROFILE_", "CARGO_TARGET_WASM32_"];

/// Adds the wasm target to the toolchain of a directory where it is missing.
pub(super) fn have_target(dir: &Path) -> Result<(), Failure> {
    let installed = || {
        let found = told(dir, &["--print", "target-libdir", "--target", TARGET]);
        found.is_some_and(|libraries| Path::new(&libraries).is_dir())
    };
    if installed() {
        return Ok(());
    }
    let _ = Command::new("rustup").args(["target", "add", TARGET]).current_dir(dir).stdout(Stdio::null()).status();
    if installed() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Unreachable, format!("the toolchain lacks {TARGET}"))
        .because("rustup could not add it")
        .hint(format!("run: rustup target add {TARGET}")))
}

/// A cargo that builds governors in a directory.
pub(super) fn cargo_for_guests(dir: &Path) -> Command {
    let mut cargo = Command::new("cargo");
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if FOREIGN.contains(&&*text) || FOREIGN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    let flags = remaps(dir).into_iter().map(|(from, to)| format!("--remap-path-prefix={}={to}", from.display()));
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags.collect::<Vec<_>>().join("\u{1f}")).current_dir(dir);
    for setting in PROFILE {
        cargo.args(["--config", setting]);
    }
    cargo
}

/// Prefixes and what stands for them; of several that match, rustc takes the last.
fn remaps(dir: &Path) -> Vec<(PathBuf, &'static str)> {
    let home = env::var_os("CARGO_HOME").map(PathBuf::from);
    let home = home.or_else(|| env::home_dir().map(|home| home.join(".cargo")));
    let sysroot = told(dir, &["--print", "sysroot"]).map(PathBuf::from);
    let mut remaps: Vec<(PathBuf, &str)> = sysroot.into_iter().map(|sysroot| (sysroot, "/rust")).collect();
    remaps.extend(dir.canonicalize().map(|dir| (dir, "/governor")));
    if let Some(home) = home {
        // A registry's folder is named after where it was fetched from: a mirror would show in the digest.
        let registries = std::fs::read_dir(home.join("registry/src")).into_iter().flatten().flatten();
        let registries: Vec<_> = registries.map(|registry| (registry.path(), "/crates")).collect();
        remaps.push((home, "/cargo"));
        remaps.extend(registries);
    }
    remaps
}

/// What the compiler of a directory says.
fn told(dir: &Path, arguments: &[&str]) -> Option<String> {
    let said = Command::new("rustc").args(arguments).current_dir(dir).output().ok()?;
    said.status.success().then(|| String::from_utf8_lossy(&said.stdout).trim().to_owned())
}
