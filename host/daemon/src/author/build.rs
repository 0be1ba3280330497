//! `governor build`: a Rust crate becomes a component, with nothing installed but cargo and rustup.
//!
//! Cargo builds the core module; the component is encoded here, so that an author needs no second tool, and is loaded
//! once the way the host loads every governor, so that what is wrong with it shows now and not in production.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};

use serde_json::{Value, json};
use syndic_cli::args::Build;
use syndic_cli::{Failure, FailureKind};
use syndic_core::ports::Installed;
use syndic_ledger::Digest;
use wit_component::ComponentEncoder;

use super::cargo::{TARGET, cargo_for_guests, have_target};
use super::component::examine;
use super::within;
use crate::show::Show;

/// What a governor exports.
const JUDGE: &str = "syndic:governor/judge@1.0.0#evaluate";

pub(super) fn run(args: &Build, show: &Show) -> Result<ExitCode, Failure> {
    let built = build(&args.dir)?;
    let installed = examine(&built.component)?;
    let out = args.out.clone().unwrap_or_else(|| within(&args.dir, &built.file));
    put(&out, &built.component).map_err(|why| cannot(&format!("`{}` cannot be written", out.display()), why))?;
    describe(&installed, &out, built.component.len(), show)?;
    Ok(ExitCode::SUCCESS)
}

/// Writes a component or its signature, whole or not at all: whoever reads it meanwhile has the one before.
pub(super) fn put(out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = out.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::Builder::new().tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.persist(out).map(drop).map_err(|error| error.error)
}

/// A component, and what its file is called.
pub(super) struct Built {
    pub(super) component: Vec<u8>,
    pub(super) file: PathBuf,
}

/// Makes a component of the crate in a directory.
pub(super) fn build(dir: &Path) -> Result<Built, Failure> {
    crate_in(dir)?;
    have_target(dir)?;
    let module = compile(dir)?;
    let core = std::fs::read(&module).map_err(|why| cannot("the built module cannot be read", why))?;
    let file = module.file_name().map(PathBuf::from).unwrap_or_default();
    Ok(Built { component: encode(&core)?, file })
}

/// Whether a directory holds a crate at all.
pub(super) fn crate_in(dir: &Path) -> Result<(), Failure> {
    if dir.join("Cargo.toml").is_file() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Usage, format!("`{}` holds no crate", dir.display()))
        .because("there is no Cargo.toml in it")
        .hint("make one with `syndic governor new NAME`, or name the crate's directory"))
}

/// Runs cargo, shows what it says, and finds the module it made.
fn compile(dir: &Path) -> Result<PathBuf, Failure> {
    let built = cargo_for_guests(dir)
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--profile", "governor", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| cannot("cargo cannot be run", why).hint("install Rust with rustup, see https://rustup.rs"))?;
    if !built.status.success() {
        return Err(Failure::new(FailureKind::No, "the governor does not build")
            .because("what cargo said stands above")
            .hint("mend what it names, and run this again"));
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let mut modules =
        messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).flat_map(|message| {
            let files = message["filenames"].as_array().cloned().unwrap_or_default();
            files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from))
        });
    // Dependencies come before what depends on them, so the crate's own module is the last.
    let module = modules.rfind(|file| file.extension().is_some_and(|extension| extension == "wasm"));
    module.ok_or_else(|| {
        Failure::new(FailureKind::No, "cargo built no module")
            .because("the crate has no library")
            .hint("put the governor into `src/lib.rs`")
    })
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Failure> {
    let exports = module.windows(JUDGE.len()).any(|window| window == JUDGE.as_bytes());
    let refused = |cause: String| {
        Failure::new(FailureKind::No, "the crate holds no governor")
            .because(cause)
            .hint("put `#[governor(kinds = [\"PaymentProcessed\"])]` of syndic-sdk on one function of `src/lib.rs`")
    };
    if !exports {
        return Err(refused(format!("its module exports no `{JUDGE}`")));
    }
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(ComponentEncoder::encode);
    encoded.map_err(|why| refused(format!("{why:#}")))
}

pub(super) fn describe(installed: &Installed, out: &Path, bytes: usize, show: &Show) -> Result<(), Failure> {
    let digest = Digest(installed.digest).to_string();
    let manifest = &installed.manifest;
    let value = json!({
        "file": out.display().to_string(), "name": manifest.name, "version": manifest.version, "kinds": manifest.kinds,
        "effects": manifest.effects, "bytes": bytes, "digest": digest,
    });
    show.result(&value, |_| {
        let (name, version, kinds) = (&manifest.name, &manifest.version, manifest.kinds.join(", "));
        format!("{}: governor `{name}` {version}, judges {kinds}\n{bytes} bytes, {digest}", out.display())
    })
}

fn cannot(what: &str, why: impl std::fmt::Display) -> Failure {
    Failure::new(FailureKind::Unreachable, what).because(why)
}
