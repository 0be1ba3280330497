//! `governor dev`: a governor that is built again whenever it is saved, and what the change would have decided.
//!
//! Three things a loop like this owes, and one that tempts it. It never shows a build of something that is not there
//! any more: what a build reads is read before and after it, and if anything moved meanwhile it is built again. It never
//! runs in circles: what it writes itself it does not look at. And what does not build leaves the last good component
//! where it is. The temptation is to trust times: cargo takes a file for unchanged that is older than its last build,
//! which one that was brought back with its time is; so what was built of such a file is removed first.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::SystemTime;

use serde_json::json;
use syndic_cli::args::{Backtest, Data, Dev};
use syndic_cli::{Failure, FailureKind};
use syndic_ledger::Digest;

use super::build::{self, Built, build, put};
use super::component::examine;
use super::live::Shadow;
use super::site::{Site, changed};
use super::watch::{Ground, Inputs};
use super::within;
use crate::replay;
use crate::show::Show;

pub(super) fn run(args: &Dev, show: &Show) -> Result<ExitCode, Failure> {
    build::crate_in(&args.dir)?;
    let mut bench = Bench { args, show, last: None, good: None, shadow: Shadow::of(args)? };
    loop {
        let (ground, inputs, built) = settled(|| Site::of(args).ground(), |inputs| bench.build(inputs));
        let done = built.and_then(|built| bench.good(built));
        let told = match done {
            Ok(slot) => slot.map_or(Ok(()), |slot| bench.compare(&slot)),
            Err(failure) if args.once => return Err(failure),
            Err(failure) => bench.bad(&failure),
        };
        match told {
            told if args.once => return told.map(|()| ExitCode::SUCCESS),
            Ok(()) => {}
            // The directory may be somebody's for the moment. What was built is good all the same.
            Err(failure) => show.aside(&failure.to_string()),
        }
        let moved = ground.moved(&inputs);
        show.aside(&changed(&moved.since(&inputs), &args.dir));
    }
}

/// Builds until nothing has moved since the build began; only then is what was built what is there.
fn settled<B>(mut ground: impl FnMut() -> Ground, mut build: impl FnMut(&Inputs) -> B) -> (Ground, Inputs, B) {
    let mut now = ground();
    let mut before = now.read_at_rest();
    loop {
        let built = build(&before);
        let after = now.read(&before);
        if after == before {
            return (now, before, built);
        }
        // What is built from may lie elsewhere by now.
        now = ground();
        before = now.read_at_rest();
    }
}

/// Where the builds of one crate are made.
struct Bench<'a> {
    args: &'a Dev,
    show: &'a Show,
    /// What the last build was made of, and when it began.
    last: Option<(Inputs, SystemTime)>,
    /// The last component that the host would load, and where it lies.
    good: Option<(Digest, PathBuf)>,
    /// Where it is tried in a daemon.
    shadow: Option<Shadow>,
}

impl Bench<'_> {
    fn build(&mut self, inputs: &Inputs) -> Result<Built, Failure> {
        if let Some((before, began)) = &self.last {
            let hidden = inputs.hidden_from(before, *began);
            if !hidden.is_empty() {
                Site::of(self.args).forget(&hidden);
            }
        }
        self.last = Some((inputs.clone(), SystemTime::now()));
        build(&self.args.dir)
    }

    /// Takes a component for the last good one, and says whose decisions it is to be compared with: nobody's where it is
    /// the one before.
    fn good(&mut self, built: Built) -> Result<Option<String>, Failure> {
        let digest = Digest::of(&built.component);
        let out = self.args.out.clone().unwrap_or_else(|| within(&self.args.dir, &built.file));
        if self.good.as_ref().is_some_and(|(good, _)| *good == digest) {
            let value = json!({"file": out.display().to_string(), "digest": digest, "same": true});
            self.show.result(&value, |_| format!("{}: the same component as before", out.display()))?;
            return Ok(None);
        }
        let installed = examine(&built.component)?;
        put(&out, &built.component).map_err(|why| {
            Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written", out.display())).because(why)
        })?;
        build::describe(&installed, &out, built.component.len(), self.show)?;
        self.good = Some((digest, out));
        Ok(Some(self.args.slot.clone().unwrap_or_else(|| installed.manifest.name.clone())))
    }

    /// Asks the last good component about what is recorded, or has a daemon ask it from now on, and shows what it decides
    /// otherwise.
    fn compare(&mut self, slot: &str) -> Result<(), Failure> {
        if let (Some(shadow), Some((digest, file))) = (&mut self.shadow, &self.good) {
            return shadow.tries(slot, file, *digest, self.show, self.args.once);
        }
        let (Some(data), Some((_, file))) = (&self.args.data, &self.good) else { return Ok(()) };
        let asked = Backtest {
            slot: slot.to_owned(),
            file: file.clone(),
            last: Some(self.args.last),
            max_different: None,
            max_different_percent: None,
            max_fuel_ratio: None,
            wasi: false,
            data: Data { data: data.clone() },
        };
        replay::backtest(&asked, self.show).map(drop)
    }

    /// What does not build, or would not be loaded, changes nothing.
    fn bad(&self, failure: &Failure) -> Result<(), Failure> {
        self.show.aside(&failure.to_string());
        let (digest, out) = self.good.clone().unzip();
        let out = out.map(|out| out.display().to_string());
        let value = json!({
            "built": false, "what": failure.what, "cause": failure.cause, "file": out, "stays": digest,
        });
        self.show.result(&value, |_| match (&digest, &out) {
            (Some(digest), Some(out)) => format!("{out}: the last good component stays\n{digest}"),
            _ => "there is no good component yet".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_moves_while_it_is_built_is_built_again_and_what_rests_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("lib.rs");
        fs::write(&file, "first").unwrap();
        let ground = || Ground { roots: vec![dir.path().to_owned()], not: vec![dir.path().join("guest.wasm")] };
        let mut saves = vec!["third", "second"];
        let (_, inputs, built) = settled(ground, |_| {
            let built = fs::read_to_string(&file).unwrap();
            fs::write(dir.path().join("guest.wasm"), &built).unwrap();
            if let Some(save) = saves.pop() {
                fs::write(&file, save).unwrap();
            }
            built
        });
        assert_eq!(built, "third", "and never what stood there when a build began");
        assert_eq!(inputs, ground().read(&Inputs::default()));
    }

    #[test]
    fn what_was_changed_and_changed_back_during_a_build_is_built_again() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("lib.rs");
        fs::write(&file, "right").unwrap();
        let ground = || Ground { roots: vec![dir.path().to_owned()], not: Vec::new() };
        let mut builds = 0;
        let (.., built) = settled(ground, |_| {
            builds += 1;
            if builds > 1 {
                return fs::read_to_string(&file).unwrap();
            }
            fs::write(&file, "wrong").unwrap();
            let built = fs::read_to_string(&file).unwrap();
            fs::write(&file, "right").unwrap();
            built
        });
        assert_eq!((built.as_str(), builds), ("right", 2));
    }
}
