//! The verbs of a governor's author: `new`, `build`, `check`, `test`, `bench`, `sign`, `verify`, `dev`.
//!
//! An author needs cargo, rustup and this program. What it carries (the SDK, the template, the encoder, the host) is
//! what it runs events with, so that a governor that is green here is not turned away later.

mod bench;
mod build;
mod cargo;
mod check;
pub(crate) mod component;
mod contract;
mod dev;
mod laid_out;
mod live;
mod new;
mod said;
mod scene;
mod sign;
mod site;
mod stage;
mod story;
mod test;
mod vendor;
mod watch;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use syndic_cli::Failure;
use syndic_cli::args::GovernorVerb;

pub(crate) use crate::author::sign::signature_of;
use crate::show::Show;

pub(crate) fn run(verb: GovernorVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        GovernorVerb::Slot(verb) => crate::slots::run(verb, show),
        GovernorVerb::New(args) => new::run(&args, show),
        GovernorVerb::Build(args) => build::run(&args, show),
        GovernorVerb::Test(args) => test::run(&args, show),
        GovernorVerb::Check(args) => check::run(&args, show),
        GovernorVerb::Bench(args) => bench::run(&args, show),
        GovernorVerb::Dev(args) => dev::run(&args, show),
        GovernorVerb::Sign(args) => sign::sign(&args, show),
        GovernorVerb::Verify(args) => sign::verify(&args, show),
        GovernorVerb::Backtest(args) => crate::replay::backtest(&args, show),
    }
}

/// A file of a directory, named as a person would name it.
fn within(dir: &Path, file: impl AsRef<Path>) -> PathBuf {
    if dir == Path::new(".") { file.as_ref().to_owned() } else { dir.join(file) }
}
