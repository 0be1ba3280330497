//! `demo`: a month of a small marketplace, and what became of it.
//!
//! It is `play` with three additions: the month is made up, an operator's own governor with a bug in it sits among the
//! eight, and the end is a story instead of a line per event.

mod month;
mod story;

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use indicatif::ProgressBar;
use syndic_cli::args::Demo;
use syndic_cli::{Failure, FailureKind};
use syndic_core::config::{Route, SlotConfig};
use syndic_core::{Config, Slot, Time};
use syndic_engine::StreamRules;

use crate::demo::story::Story;
use crate::embedded::{Component, Embedded, components, log_to_nobody, seed_of};
use crate::play::{Run, input};
use crate::show::Show;

/// When the month is over.
const END: &str = "2026-02-01T00:00:00Z";

pub(crate) fn run(args: &Demo, show: &Show) -> Result<ExitCode, Failure> {
    let data = folder(args.data.as_deref())?;
    let lines = month::month(args.seed, args.events);
    let text = lines.join("\n") + "\n";
    if let Some(file) = &args.save {
        std::fs::write(file, &text).map_err(|why| {
            Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written", file.display())).because(why)
        })?;
    }
    let (config, components) = with_loyalty()?;
    show.aside(&format!("playing {} events of January 2026 into {}", lines.len(), data.display()));
    let embedded = Embedded::open(&data, seed_of(&data, Some(args.seed)), config, &components, log_to_nobody())?;
    let mut story = Story::new(&lines);
    let mut run = Run::new(&embedded, StreamRules::default(), show, ProgressBar::hidden())?;
    if !show.json {
        run = run.watched_by(|played| story.hear(played));
    }
    run.lines(&mut input(Cursor::new(text)))?;
    run.until(end()?)?;
    let summary = run.finish()?;
    if !show.json {
        show.line(&story.tell(&summary, &data, show.paint))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn end() -> Result<Time, Failure> {
    Time::parse(END).map_err(|why| Failure::new(FailureKind::Corrupt, "the month has no end").because(why))
}

/// A fresh folder: the one asked for, which must be new or empty, or one among the temporary files that stays.
fn folder(wanted: Option<&Path>) -> Result<PathBuf, Failure> {
    let Some(wanted) = wanted else {
        let made = tempfile::Builder::new().prefix("syndic-demo-").tempdir();
        let made = made.map_err(|why| {
            Failure::new(FailureKind::Unreachable, "no temporary folder can be made")
                .because(why)
                .hint("name one with --data")
        })?;
        return Ok(made.keep());
    };
    let taken = std::fs::read_dir(wanted).is_ok_and(|mut entries| entries.next().is_some());
    if taken {
        return Err(Failure::new(FailureKind::Usage, format!("`{}` is not empty", wanted.display()))
            .because("what is in it would mix with the month")
            .hint("a demo begins in a new folder; to go on with an old one, use `syndic play`"));
    }
    Ok(wanted.to_owned())
}

/// The eight, and the loyalty governor in a slot of its own, asked about every upgrade.
fn with_loyalty() -> Result<(Config, Vec<Component>), Failure> {
    let slot = Slot::new("loyalty").map_err(|why| Failure::new(FailureKind::Corrupt, why))?;
    let mut config = Config::of_play();
    let mut slots = config.route("CustomerUpgrades").unwrap_or_default();
    slots.push(slot.clone());
    config.routes.push(Route { kind: "CustomerUpgrades".into(), slots, tenant_lane: false });
    config.slots.insert(slot.clone(), SlotConfig { deadline_ms: 600_000, ..SlotConfig::default() });
    let mut components = components(&[])?;
    components.push(Component { slot, bytes: syndic_governors::LOYALTY.to_vec(), file: None });
    Ok((config, components))
}
