//! `governor new`: a folder with a governor that builds and tests green, and everything it needs.
//!
//! Nothing has to be published for it: the SDK goes beside the governor, out of this program.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use syndic_cli::args::New;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Slot;

use super::vendor;
use crate::show::Show;

/// Words of the language, and crates that come with it: no crate can be named so.
const TAKEN: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc-macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "syndic-sdk",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

pub(super) fn run(args: &New, show: &Show) -> Result<ExitCode, Failure> {
    let name = name_of(&args.path)?;
    make_room(&args.path)?;
    let files = files(name);
    for (path, text) in &files {
        write(&args.path.join(path), text)?;
    }
    let dir = args.path.display().to_string();
    let value = json!({"dir": dir, "name": name, "files": files.len()});
    show.result(&value, |_| {
        let file = name.replace('-', "_");
        let next = [
            ("cargo test", "natively, and the component in the real host"),
            ("syndic governor build", &format!("{file}.wasm")),
            (&format!("syndic play events.jsonl --data data --governor quota-sla={file}.wasm"), "two events"),
        ];
        let next: String = next.map(|(command, what)| format!("\n  {command:<32} # {what}")).concat();
        format!("{dir}: governor `{name}`, with the SDK in vendor/ and its stories in stories/\n\n  cd {dir}{next}")
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The name, where the path ends in one that cargo and the host both take.
fn name_of(path: &Path) -> Result<&str, Failure> {
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let bad = |cause: String| {
        Failure::new(FailureKind::Usage, format!("`{}` cannot be a governor's name", path.display()))
            .because(cause)
            .hint("a governor is named after what it looks after: `syndic governor new seat-limit`")
    };
    if Slot::new(name).is_err() {
        return Err(bad("use 1 to 64 lower-case letters, digits and hyphens, beginning with a letter".to_owned()));
    }
    match TAKEN.contains(&name) {
        true => Err(bad(format!("`{name}` means something else in Rust"))),
        false => Ok(name),
    }
}

/// A folder that is there and empty is as good as none.
fn make_room(dir: &Path) -> Result<(), Failure> {
    let taken = match std::fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_some(),
        Err(_) => dir.symlink_metadata().is_ok(),
    };
    match taken {
        true => Err(Failure::new(FailureKind::Usage, format!("`{}` is there already", dir.display()))
            .because("it holds something, and nothing of it is written over")
            .hint("take another name, or move it away")),
        false => Ok(()),
    }
}

/// Every file of the folder.
fn files(name: &str) -> Vec<(PathBuf, String)> {
    let ident = name.replace('-', "_");
    let fill = |text: &str| text.replace("{{name}}", name).replace("{{ident}}", &ident);
    let texts = vendor::TEMPLATE.iter().filter(|(path, _)| !path.ends_with("Cargo.lock"));
    let own = texts.map(|(path, text)| {
        let path = path.trim_start_matches("sdk/template/");
        (PathBuf::from(if path == "gitignore" { ".gitignore" } else { path }), fill(text))
    });
    let pins = [("Cargo.lock", vendor::lock(name)), ("rust-toolchain.toml", vendor::TOOLCHAIN.to_owned())];
    let pins = pins.into_iter().map(|(path, text)| (PathBuf::from(path), text));
    let sdk = vendor::files().map(|(path, text)| (Path::new("vendor").join(path), text));
    own.chain(pins).chain(sdk).collect()
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    let folder = file.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder).and_then(|()| std::fs::write(file, text)).map_err(|why| {
        Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written", file.display()))
            .because(why)
            .hint("make the folder where you may write")
    })
}
