//! What goes into a new governor's folder `vendor`: the SDK and the contract, under a workspace of their own.
//!
//! Nothing of it is kept a second time: the workspace's manifest is cut out of this workspace's. The lock file is the
//! template's own, because it holds less than this workspace's; a test compares the versions.

use std::collections::BTreeSet;

include!(concat!(env!("OUT_DIR"), "/sources.rs"));

const ROOT_MANIFEST: &str = include_str!("../../../../Cargo.toml");

/// The toolchain that the bundled governors are built with.
pub(super) const TOOLCHAIN: &str = include_str!("../../../../rust-toolchain.toml");

/// The manifests of the SDK's packages.
const MANIFESTS: [&str; 2] = ["sdk/Cargo.toml", "sdk/macros/Cargo.toml"];

/// What a package begins with in a lock file.
const PACKAGE: &str = "\n[[package]]\n";

/// Every file of `vendor`: its path in there, and its text.
pub(super) fn files() -> impl Iterator<Item = (&'static str, String)> {
    let manifest = std::iter::once(("Cargo.toml", workspace_manifest()));
    manifest.chain(SDK.iter().map(|(path, text)| (*path, (*text).to_owned())))
}

/// This workspace's manifest, with the SDK's two members and what they inherit.
fn workspace_manifest() -> String {
    let wanted: BTreeSet<&str> = MANIFESTS.iter().flat_map(|path| inherited(sdk_file(path))).collect();
    let mut manifest = "# The SDK of Syndic, as its workspace has it.\n[workspace]\nresolver = \"3\"\n\
                        members = [\"sdk\", \"sdk/macros\"]\n"
        .to_owned();
    for section in ROOT_MANIFEST.split("\n[").skip(1) {
        let (name, body) = section.split_once("]\n").unwrap_or((section, ""));
        let kept: Vec<&str> = match name {
            "workspace.dependencies" => body.lines().filter(|line| wanted.contains(key(line))).collect(),
            name if name == "workspace.package" || name.starts_with("workspace.lints.") => {
                body.lines().filter(|line| !line.is_empty() && !line.starts_with('#')).collect()
            }
            _ => continue,
        };
        manifest.push_str(&format!("\n[{name}]\n{}\n", kept.join("\n")));
    }
    manifest
}

fn sdk_file(path: &str) -> &'static str {
    SDK.iter().find(|(name, _)| *name == path).map_or("", |(_, text)| *text)
}

/// The dependencies that a manifest takes from its workspace.
fn inherited(manifest: &str) -> impl Iterator<Item = &str> {
    manifest.lines().filter_map(|line| line.strip_suffix(".workspace = true"))
}

/// The name before `=` or `.`.
fn key(line: &str) -> &str {
    line.split(['=', '.']).next().unwrap_or_default().trim()
}

/// The lock file of a governor of this name. Cargo keeps packages in the order of their names.
pub(super) fn lock(governor: &str) -> String {
    let kept = TEMPLATE.iter().find(|(path, _)| *path == "sdk/template/Cargo.lock").map_or("", |(_, text)| *text);
    let own = format!("name = \"{governor}\"\nversion = \"0.1.0\"\ndependencies = [\n \"syndic-sdk\",\n]\n");
    let (header, packages) = kept.split_once(PACKAGE).unwrap_or((kept, ""));
    let mut packages: Vec<&str> = packages.split(PACKAGE).collect();
    let place = packages.partition_point(|package| name_in(package) < governor);
    packages.insert(place, &own);
    packages.iter().fold(header.to_owned(), |lock, package| lock + PACKAGE + package)
}

fn name_in(package: &str) -> &str {
    package.lines().find_map(|line| line.strip_prefix("name = ")).unwrap_or_default().trim_matches('"')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_governor_is_built_with_the_versions_that_the_bundled_ones_are_built_with() {
        let pins = |lock: &'static str| lock.split(PACKAGE).skip(1).map(|package| package.split("dependencies").next());
        let ours: BTreeSet<_> = pins(include_str!("../../../../Cargo.lock")).map(|pin| pin.map(str::trim)).collect();
        let kept = TEMPLATE.iter().find(|(path, _)| path.ends_with("Cargo.lock")).map_or("", |(_, text)| *text);
        let strange: Vec<_> = pins(kept).map(|pin| pin.map(str::trim)).filter(|pin| !ours.contains(pin)).collect();
        assert!(strange.is_empty(), "sdk/template/Cargo.lock has what Cargo.lock has not: {strange:?}");
    }

    #[test]
    fn the_governor_has_its_place_in_the_lock() {
        for name in ["a", "seat-limit", "zz"] {
            let lock = lock(name);
            let names: Vec<&str> = lock.split(PACKAGE).skip(1).map(name_in).collect();
            assert!(names.is_sorted() && names.contains(&name), "{names:?}");
        }
    }

    #[test]
    fn the_workspace_says_all_that_the_sdk_inherits() {
        let manifest = workspace_manifest();
        for manifest_of in MANIFESTS {
            for name in inherited(sdk_file(manifest_of)).filter(|name| !name.is_empty()) {
                assert!(manifest.lines().any(|line| key(line) == name), "`{name}` is missing:\n{manifest}");
            }
        }
    }
}
