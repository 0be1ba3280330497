//! Gathers what `syndic governor new` writes: the SDK's sources, the contract, and the template.
//!
//! The folders are listed here and not by hand, so that a file that is new in the SDK is in the binary with the next
//! build.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// What a governor's folder `vendor` holds, seen from the workspace root.
const SDK: [&str; 6] = ["LICENSE", "sdk/Cargo.toml", "sdk/src", "sdk/macros/Cargo.toml", "sdk/macros/src", "wit"];

/// What the folder itself is made of.
const TEMPLATE: [&str; 1] = ["sdk/template"];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the package is")).join("../..");
    let mut tables = String::new();
    for (name, what, places) in [
        ("SDK", "The SDK and the contract: paths inside `vendor`, and texts.", &SDK[..]),
        ("TEMPLATE", "The template: paths from the workspace root, and texts.", &TEMPLATE[..]),
    ] {
        let mut files = Vec::new();
        for place in places {
            println!("cargo::rerun-if-changed=../../{place}");
            list(&root, Path::new(place), &mut files);
        }
        files.sort();
        write_table(&mut tables, name, what, &files);
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says where to write")).join("sources.rs");
    fs::write(out, tables).expect("the folder for what a build script makes can be written");
}

fn list(root: &Path, place: &Path, files: &mut Vec<String>) {
    let Ok(entries) = fs::read_dir(root.join(place)) else {
        let name = place.to_str().expect("names of files are UTF-8");
        return files.push(name.replace('\\', "/"));
    };
    for entry in entries {
        let name = entry.expect("a folder of the workspace can be listed").file_name();
        list(root, &place.join(name), files);
    }
}

fn write_table(tables: &mut String, name: &str, what: &str, files: &[String]) {
    let mut line = |text: String| writeln!(tables, "{text}").expect("a text takes more text");
    line(format!("/// {what}\npub(super) const {name}: [(&str, &str); {}] = [", files.len()));
    for file in files {
        line(format!("    ({file:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), \"/../../{file}\"))),"));
    }
    line("];".to_owned());
}
