//! Where a governor's sources lie, as cargo tells it: its package, those it depends on by path, and their settings.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use syndic_cli::args::Dev;

use super::cargo::{TARGET, cargo_for_guests};
use super::watch::Ground;

/// Files of a workspace that every build in it depends on.
const SETTINGS: [&str; 5] = ["Cargo.toml", "Cargo.lock", "rust-toolchain", "rust-toolchain.toml", ".cargo"];

/// How many files are named when something has moved.
const NAMED_MAX: usize = 3;

/// Where the sources of one crate lie.
pub(super) struct Site {
    dir: PathBuf,
    /// Folders and files that a build reads.
    reads: Vec<PathBuf>,
    /// What a build writes.
    writes: Vec<PathBuf>,
    /// The packages that are built from these sources: name and folder.
    packages: Vec<(String, PathBuf)>,
}

impl Site {
    /// Asks cargo. Where it cannot tell, because what it reads is damaged, the crate's own folder is all there is.
    pub(super) fn of(args: &Dev) -> Self {
        let dir = args.dir.canonicalize().unwrap_or_else(|_| args.dir.clone());
        let told = metadata(&dir).unwrap_or_default();
        let workspace = path(&told["workspace_root"]).unwrap_or_else(|| dir.clone());
        let mut site = Self { reads: vec![dir.clone()], writes: Vec::new(), packages: Vec::new(), dir };
        site.reads.extend(SETTINGS.iter().map(|file| workspace.join(file)));
        site.writes.extend(path(&told["target_directory"]));
        site.writes.extend([&args.out, &args.data].into_iter().flatten().filter_map(|path| whole(path)));
        for package in local(&told) {
            let folder = path(&package["manifest_path"]).and_then(|it| Some(it.parent()?.to_owned()));
            site.reads.extend(folder.clone());
            site.packages.extend(package["name"].as_str().map(str::to_owned).zip(folder));
            let names = items(&package["targets"]).iter().filter_map(|it| it["name"].as_str());
            site.writes.extend(names.map(|name| site.dir.join(format!("{}.wasm", name.replace('-', "_")))));
        }
        // A folder comes before what lies in it.
        site.reads.sort();
        site.reads.dedup_by(|inner, outer| inner.starts_with(&*outer));
        site
    }

    pub(super) fn ground(self) -> Ground {
        Ground { roots: self.reads, not: self.writes }
    }

    /// Removes what cargo has built from these files, so that it builds them again whatever their times say.
    pub(super) fn forget(&self, files: &[&Path]) {
        let mut packages: Vec<&str> = files.iter().filter_map(|file| self.package_of(file)).collect();
        packages.dedup();
        if packages.is_empty() {
            packages = self.packages.iter().map(|(name, _)| name.as_str()).collect();
        }
        let mut cargo = cargo_for_guests(&self.dir);
        cargo.args(["clean", "--quiet", "--profile", "governor", "--target", TARGET]);
        cargo.args(packages.into_iter().flat_map(|package| ["--package", package]));
        // Where it cannot, the build that follows cannot either, and says why.
        let _ = cargo.stdout(Stdio::null()).stderr(Stdio::null()).status();
    }

    /// The package that a file belongs to: the innermost.
    fn package_of(&self, file: &Path) -> Option<&str> {
        let around = self.packages.iter().filter(|(_, folder)| file.starts_with(folder));
        around.max_by_key(|(_, folder)| folder.components().count()).map(|(name, _)| name.as_str())
    }
}

fn metadata(dir: &Path) -> Option<Value> {
    let mut cargo = Command::new("cargo");
    let told = cargo.args(["metadata", "--format-version", "1"]).current_dir(dir).stderr(Stdio::null()).output();
    told.ok().filter(|told| told.status.success()).and_then(|told| serde_json::from_slice(&told.stdout).ok())
}

/// The package that cargo was asked in, and all it depends on that lies on this disk and not in cargo's own folders.
fn local(told: &Value) -> Vec<&Value> {
    let mut reached: Vec<&Value> = Vec::new();
    let mut waiting = vec![&told["resolve"]["root"]];
    while let Some(id) = waiting.pop() {
        if !reached.contains(&id) {
            reached.push(id);
            let node = items(&told["resolve"]["nodes"]).iter().find(|node| node["id"] == *id);
            waiting.extend(node.map(|node| items(&node["dependencies"])).unwrap_or_default());
        }
    }
    let here = |package: &&Value| package["source"].is_null() && reached.contains(&&package["id"]);
    items(&told["packages"]).iter().filter(here).collect()
}

fn items(list: &Value) -> &[Value] {
    list.as_array().map(Vec::as_slice).unwrap_or_default()
}

fn path(value: &Value) -> Option<PathBuf> {
    value.as_str().map(PathBuf::from)
}

/// A file's path as it is met when folders are looked through, though the file may not be there.
fn whole(path: &Path) -> Option<PathBuf> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Some(folder.canonicalize().ok()?.join(path.file_name()?))
}

/// What has moved, in one line.
pub(super) fn changed(files: &[&Path], dir: &Path) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let named =
        files.iter().take(NAMED_MAX).map(|file| format!("`{}`", file.strip_prefix(&dir).unwrap_or(file).display()));
    let named: Vec<String> = named.collect();
    match files.len().saturating_sub(NAMED_MAX) {
        0 => format!("{} changed; building", named.join(", ")),
        more => format!("{} and {more} more changed; building", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_site_is_the_crate_and_what_it_depends_on_here_and_not_its_neighbours() {
        let package = |id: &str, source: Value| json!({"id": id, "source": source, "name": id});
        let node = |id: &str, dependencies: &[&str]| json!({"id": id, "dependencies": dependencies});
        let told = json!({
            "packages": [
                package("seats", Value::Null), package("book", Value::Null), package("neighbour", Value::Null),
                package("serde", json!("registry+https://github.com/rust-lang/crates.io-index")),
            ],
            "resolve": {"root": "seats", "nodes": [
                node("seats", &["serde", "book"]), node("book", &["serde", "book"]), node("neighbour", &["book"]),
                node("serde", &[]),
            ]},
        });
        let names: Vec<&str> = local(&told).into_iter().filter_map(|it| it["name"].as_str()).collect();
        assert_eq!(names, ["seats", "book"]);
        assert!(local(&Value::Null).is_empty());
    }

    #[test]
    fn what_changed_is_named_as_one_would_name_it() {
        let files: Vec<&Path> = ["/site/src/lib.rs", "/else/b", "/c", "/d", "/e"].map(Path::new).into();
        assert_eq!(changed(&files[..1], Path::new("/site")), "`src/lib.rs` changed; building");
        assert_eq!(changed(&files, Path::new("/site")), "`src/lib.rs`, `/else/b`, `/c` and 2 more changed; building");
    }
}
