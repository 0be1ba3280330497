//! Where the house stands, what is in it, and how a rule says that it is broken.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

/// All that may stand at the top of the tree, beside dot-files.
pub const TOP: [&str; 12] = [
    "Cargo.toml",
    "Cargo.lock",
    "host",
    "wit",
    "governors",
    "sdk",
    "tests",
    "README.md",
    "LICENSE",
    "rust-toolchain.toml",
    "rustfmt.toml",
    "clippy.toml",
];

/// The workspace's folder.
pub fn root() -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR"));
    tests.parent().expect("the tests stand inside the house").to_path_buf()
}

/// Every file of the tree, as a path from the root with forward slashes, sorted.
///
/// Git knows what belongs to the house and what was only left lying about. Where there is no checkout (a release
/// unpacked), whatever stands below [`TOP`] belongs.
pub fn files() -> Vec<String> {
    let tracked = Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output();
    let listed = tracked.ok().filter(|git| git.status.success()).map(|git| git.stdout).unwrap_or_default();
    let listed = String::from_utf8(listed).expect("names of files are UTF-8");
    let mut files: Vec<String> = listed.split_terminator('\0').map(str::to_owned).collect();
    if files.is_empty() {
        TOP.iter().for_each(|name| walk(name, &mut files));
    }
    // A file that is tracked and deleted is on its way out.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    assert!(files.iter().any(|file| file == "Cargo.toml"), "a tree without a Cargo.toml was listed: {files:?}");
    files
}

fn walk(path: &str, files: &mut Vec<String>) {
    let Ok(folder) = fs::read_dir(root().join(path)) else {
        return files.push(path.to_owned());
    };
    for entry in folder {
        let name = entry.expect("a folder of the house can be listed").file_name();
        walk(&format!("{path}/{}", name.to_string_lossy()), files);
    }
}

/// Every text of the tree with this ending: its path, and what it says.
pub fn texts(ending: &str) -> Vec<(String, String)> {
    let files = files().into_iter().filter(|file| file.ends_with(ending));
    files.filter_map(|file| text(&file).map(|text| (file, text))).collect()
}

/// What one file says; none where it is missing, or no text.
pub fn text(file: &str) -> Option<String> {
    fs::read_to_string(root().join(file)).ok()
}

/// The workspace's packages, as `cargo metadata` tells them. It resolves nothing, so it asks nobody.
pub fn packages() -> Vec<Value> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let told = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline", "--locked"])
        .current_dir(root())
        .output()
        .expect("cargo runs, for it runs this test");
    assert!(told.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).expect("cargo metadata is JSON");
    told["packages"].as_array().expect("cargo metadata lists packages").clone()
}

/// A package's folder, or a path dependency's, from the root: `host/core`.
pub fn folder(path: &str) -> String {
    let path = Path::new(path);
    let inside = path.strip_prefix(root()).unwrap_or(path);
    inside.to_string_lossy().trim_end_matches("/Cargo.toml").to_owned()
}

/// A text field of metadata that is always there.
pub fn field<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("cargo metadata gives a `{name}`: {value}"))
}

/// Passes where nothing is broken; otherwise fails with one sentence per line.
pub fn tidy(broken: impl IntoIterator<Item = String>) {
    let broken: Vec<String> = broken.into_iter().collect();
    assert!(broken.is_empty(), "\n\n{}\n", broken.join("\n"));
}
