//! `governor build`: a Rust crate becomes a component, with nothing installed but cargo and rustup.
//!
//! Cargo builds the core module; the component is encoded here, so that an author needs no second tool, and is loaded
//! once the way the host loads every governor, so that what is wrong with it shows now and not in production.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use serde_json::{Value, json};
use syndic_cli::args::GovernorVerb;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Slot;
use syndic_core::config::SlotConfig;
use syndic_core::ports::Installed;
use syndic_ledger::Digest;
use syndic_runtime::Runtime;
use wit_component::ComponentEncoder;

use crate::embedded::log_to_stderr;
use crate::show::Show;
use crate::trouble;

const TARGET: &str = "wasm32-unknown-unknown";

pub(crate) fn run(verb: GovernorVerb, show: &Show) -> Result<ExitCode, Failure> {
    let GovernorVerb::Build { dir, out } = verb;
    if !dir.join("Cargo.toml").is_file() {
        return Err(Failure::new(FailureKind::Usage, format!("`{}` holds no crate", dir.display()))
            .because("there is no Cargo.toml in it")
            .hint("make one with `cargo new --lib NAME` and `cargo add syndic-sdk --path …/sdk`"));
    }
    have_target(&dir)?;
    let module = compile(&dir)?;
    let core = std::fs::read(&module).map_err(|why| cannot("the built module cannot be read", why))?;
    let component = encode(&core)?;
    let installed = examine(&component)?;
    let out = out.unwrap_or_else(|| dir.join(module.file_name().unwrap_or_default()));
    std::fs::write(&out, &component).map_err(|why| cannot(&format!("`{}` cannot be written", out.display()), why))?;
    describe(&installed, &out, component.len(), show)?;
    Ok(ExitCode::SUCCESS)
}

/// Adds the wasm target to the toolchain of the crate's directory where it is missing.
fn have_target(dir: &Path) -> Result<(), Failure> {
    let installed = || {
        let found =
            Command::new("rustc").args(["--print", "target-libdir", "--target", TARGET]).current_dir(dir).output();
        found.is_ok_and(|found| Path::new(String::from_utf8_lossy(&found.stdout).trim()).is_dir())
    };
    if installed() {
        return Ok(());
    }
    let _ = Command::new("rustup").args(["target", "add", TARGET]).current_dir(dir).stdout(Stdio::null()).status();
    if installed() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Unreachable, format!("the toolchain lacks {TARGET}"))
        .hint(format!("run: rustup target add {TARGET}")))
}

/// Runs cargo, shows what it says, and finds the module it made.
fn compile(dir: &Path) -> Result<PathBuf, Failure> {
    let built = Command::new("cargo")
        .args(["rustc", "--lib", "--crate-type", "cdylib", "--release", "--target", TARGET])
        .arg("--message-format=json-render-diagnostics")
        .current_dir(dir)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|why| cannot("cargo cannot be run", why).hint("install Rust with rustup, see https://rustup.rs"))?;
    if !built.status.success() {
        return Err(
            Failure::new(FailureKind::No, "the governor does not build").because("what cargo said stands above")
        );
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let modules = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()).flat_map(|message| {
        let files = message["filenames"].as_array().cloned().unwrap_or_default();
        files.into_iter().filter_map(|file| file.as_str().map(PathBuf::from))
    });
    // Dependencies come before what depends on them, so the crate's own module is the last.
    let module = modules.fold(None, |last, file| if is_module(&file) { Some(file) } else { last });
    module.ok_or_else(|| {
        Failure::new(FailureKind::No, "cargo built no module").hint("the crate needs a library, `src/lib.rs`")
    })
}

fn is_module(file: &Path) -> bool {
    file.extension().is_some_and(|extension| extension == "wasm")
}

fn encode(module: &[u8]) -> Result<Vec<u8>, Failure> {
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(ComponentEncoder::encode);
    encoded.map_err(|why| {
        Failure::new(FailureKind::No, "the module is not a governor")
            .because(format!("{why:#}"))
            .hint("put #[governor(…)] of syndic-sdk on one function of the crate")
    })
}

/// Loads the component as a slot's would be. Which slot makes no difference to what a component may be.
fn examine(component: &[u8]) -> Result<Installed, Failure> {
    let runtime = Runtime::new(log_to_stderr())
        .map_err(|why| Failure::new(FailureKind::Unreachable, "governors cannot be run here").because(why))?;
    let slot = Slot::new("new").map_err(|why| Failure::new(FailureKind::Usage, why))?;
    let installed = runtime.examine(&slot, component, &SlotConfig::default());
    installed.map(|installed| (*installed).clone()).map_err(|error| trouble::not_installed(&error))
}

fn describe(installed: &Installed, out: &Path, bytes: usize, show: &Show) -> Result<(), Failure> {
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
