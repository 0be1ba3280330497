//! Builds the eight governors for `wasm32-unknown-unknown` and encodes each as a component.
//!
//! This is a second cargo inside the first, because an artifact dependency is not stable yet. It has a target directory
//! of its own (a directory is locked while it is built in), and none of the outer build's flags: `cargo clippy`, a
//! coverage run and a plain build have to produce the same bytes. Paths are remapped for the same reason, and a
//! component that names this machine anyway stops the build.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use wit_component::ComponentEncoder;

/// What is built: the name of the component, and the package it is made from.
const GUESTS: [(&str, &str); 9] = [
    ("entitlement", "syndic-governor-entitlement"),
    ("billing", "syndic-governor-billing"),
    ("product-catalog", "syndic-governor-product-catalog"),
    ("subscription", "syndic-governor-subscription"),
    ("customer-account", "syndic-governor-customer-account"),
    ("quota-sla", "syndic-governor-quota-sla"),
    ("compliance", "syndic-governor-compliance"),
    ("multi-tenant", "syndic-governor-multi-tenant"),
    // Not one of the eight: an operator's own, with a bug in it, for the demonstration.
    ("loyalty", "syndic-example-loyalty"),
];

const TARGET: &str = "wasm32-unknown-unknown";

/// What a governor exports.
const JUDGE: &str = "syndic:governor/judge@1.0.0#evaluate";

/// What the components are made of, seen from the workspace root.
const SOURCES: [&str; 6] = ["Cargo.lock", "Cargo.toml", "governors/book", "rust-toolchain.toml", "sdk", "wit"];

/// Variables of the outer build that would change the inner one. Those the inner cargo reads from a configuration file
/// too are set to nothing instead of removed.
const FOREIGN: [&str; 8] = [
    "CARGO_INCREMENTAL",
    "CLIPPY_ARGS",
    "CLIPPY_CONF_DIR",
    "RUSTC_BOOTSTRAP",
    "RUSTC_LINKER",
    "RUSTDOCFLAGS",
    "RUSTFLAGS",
    "__CARGO_DEFAULT_LIB_METADATA",
];
const FOREIGN_PREFIXES: [&str; 6] =
    ["CARGO_BUILD_", "CARGO_CFG_", "CARGO_FEATURE_", "CARGO_PROFILE_", "CARGO_TARGET_", "CARGO_UNSTABLE_"];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match bundle() {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            for line in why.to_string().lines() {
                println!("cargo::error={line}");
            }
            ExitCode::FAILURE
        }
    }
}

fn bundle() -> Result<()> {
    House::announce_sources();
    let house = House::find()?;
    have_target(&house)?;
    for (name, package) in GUESTS {
        compile(&house, name, package)?;
        let component = encode(name, &fs::read(house.module(package))?)?;
        house.keeps_to_itself(name, &component)?;
        fs::write(house.out.join(name).with_extension("wasm"), component)?;
    }
    Ok(())
}

/// Where things are on this machine.
struct House {
    root: PathBuf,
    out: PathBuf,
    target: PathBuf,
    cargo_home: PathBuf,
    sysroot: PathBuf,
    /// What the standard library's own paths begin with where its sources are not installed.
    library: String,
}

impl House {
    fn find() -> Result<Self> {
        let root = variable("CARGO_MANIFEST_DIR")?.join("../..").canonicalize()?;
        let out = variable("OUT_DIR")?;
        // <target>/<profile>/build/<package>/out; below a triple where the outer build names one, which does no harm.
        let outer = out.ancestors().nth(4).ok_or("OUT_DIR is not inside a target directory")?;
        let target = outer.join("governors");
        let home = || env::home_dir().map(|home| home.join(".cargo")).ok_or("there is no home directory");
        let cargo_home = env::var_os("CARGO_HOME").map(PathBuf::from).map_or_else(home, Ok)?;
        let sysroot = PathBuf::from(rustc(&["--print", "sysroot"])?);
        let version = rustc(&["--version", "--verbose"])?;
        let commit = version.lines().find_map(|line| line.strip_prefix("commit-hash: "));
        let library = format!("/rustc/{}", commit.unwrap_or("unknown"));
        Ok(Self { root, out, target, cargo_home, sysroot, library })
    }

    /// Relative to this crate, so that a target directory that two checkouts share is not taken for up to date.
    fn announce_sources() {
        let ours = GUESTS.iter().filter(|(_, package)| package.starts_with("syndic-governor-"));
        let governors = ours.map(|(name, _)| format!("governors/{name}"));
        for source in SOURCES.iter().map(|source| (*source).to_owned()).chain(governors) {
            println!("cargo::rerun-if-changed=../../{source}");
        }
        println!("cargo::rerun-if-env-changed=RUSTUP_TOOLCHAIN");
    }

    fn module(&self, package: &str) -> PathBuf {
        let file = format!("{}.wasm", package.replace('-', "_"));
        self.target.join(TARGET).join("governor").join(file)
    }

    /// Prefixes and what stands for them; of several that match, rustc takes the last.
    fn remaps(&self) -> Vec<(PathBuf, &str)> {
        let mut remaps = vec![
            (self.sysroot.clone(), "/rust"),
            (self.cargo_home.clone(), "/cargo"),
            (self.root.clone(), "/syndic"),
            // The component `rust-src`, where an editor asked for it, puts local paths in the place of these.
            (self.sysroot.join("lib/rustlib/src/rust"), &self.library),
        ];
        // A registry's folder is named after where it was fetched from: a mirror would show in the digest.
        let registries = fs::read_dir(self.cargo_home.join("registry/src")).into_iter().flatten().flatten();
        remaps.extend(registries.map(|registry| (registry.path(), "/crates")));
        remaps
    }

    /// A machine's path in a component would be in its digest, and so in every receipt.
    fn keeps_to_itself(&self, slot: &str, component: &[u8]) -> Result<()> {
        for path in [&self.root, &self.cargo_home, &self.sysroot] {
            let path = path.to_string_lossy();
            if component.windows(path.len()).any(|window| window == path.as_bytes()) {
                return Err(format!("the component of `{slot}` names a path of this machine: {path}").into());
            }
        }
        Ok(())
    }
}

/// rustup installs the targets of `rust-toolchain.toml` by itself, except where it was told not to.
fn have_target(house: &House) -> Result<()> {
    let installed = || rustc(&["--print", "target-libdir", "--target", TARGET]).map(|path| Path::new(&path).is_dir());
    if installed()? {
        return Ok(());
    }
    let added = Command::new("rustup")
        .args(["target", "add", TARGET])
        .current_dir(&house.root)
        .stdout(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if added && installed()? {
        return Ok(());
    }
    Err(format!("the governors are built for {TARGET}, which this toolchain lacks\nrun: rustup target add {TARGET}")
        .into())
}

/// One governor. As a `cdylib` alone: beside an `rlib`, cargo leaves out link-time optimisation, and components are a
/// quarter larger.
fn compile(house: &House, name: &str, package: &str) -> Result<()> {
    let mut cargo = Command::new(variable("CARGO")?);
    cargo.args(["rustc", "--quiet", "--lib", "--crate-type", "cdylib", "--profile", "governor", "--target", TARGET]);
    cargo.arg("--package").arg(package);
    cargo.arg("--target-dir").arg(&house.target).current_dir(&house.root);
    if house.root.join("Cargo.lock").exists() {
        cargo.arg("--locked");
    }
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if FOREIGN.contains(&&*text) || FOREIGN_PREFIXES.iter().any(|prefix| text.starts_with(prefix)) {
            cargo.env_remove(&name);
        }
    }
    cargo.env("RUSTC_WRAPPER", "").env("RUSTC_WORKSPACE_WRAPPER", "");
    cargo.env("CARGO_ENCODED_RUSTFLAGS", flags(house));
    match cargo.status()?.success() {
        true => Ok(()),
        false => Err(format!("the governor `{name}` did not build; what cargo said stands below").into()),
    }
}

/// Flags in the form that has no trouble with spaces in paths.
fn flags(house: &House) -> String {
    let remap = |(from, to): (PathBuf, &str)| format!("--remap-path-prefix={}={to}", from.display());
    house.remaps().into_iter().map(remap).collect::<Vec<_>>().join("\u{1f}")
}

fn encode(slot: &str, module: &[u8]) -> Result<Vec<u8>> {
    let holds = |text: &str| module.windows(text.len()).any(|window| window == text.as_bytes());
    if !holds(JUDGE) {
        return Err(format!("`{slot}` exports no `{JUDGE}`: which function is its #[governor]?").into());
    }
    let encoded = ComponentEncoder::default().validate(true).module(module).and_then(ComponentEncoder::encode);
    encoded.map_err(|why| format!("`{slot}` is not a component: {why:#}").into())
}

fn rustc(arguments: &[&str]) -> Result<String> {
    let output = Command::new(variable("RUSTC")?).args(arguments).output()?;
    match output.status.success() {
        true => Ok(String::from_utf8(output.stdout)?.trim().to_owned()),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned().into()),
    }
}

fn variable(name: &str) -> Result<PathBuf> {
    env::var_os(name).map(PathBuf::from).ok_or_else(|| format!("cargo did not set {name}").into())
}
