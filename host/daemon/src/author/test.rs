//! `governor test`: a governor's stories, in the real runtime and under the real limits.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::{Value, json};
use syndic_cli::args::Test;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind};
use syndic_core::Slot;
use syndic_core::ports::Installed;
use syndic_ledger::{Digest, sha256};

use super::component::{read, slot};
use super::scene::Scene;
use super::stage::{Played, Stage};
use super::story::{Told, difference, read_all};
use super::{build, component, within};
use crate::show::Show;

pub(super) fn run(args: &Test, show: &Show) -> Result<ExitCode, Failure> {
    let stories = args.stories.clone().unwrap_or_else(|| within(&args.dir, "stories"));
    let component = match &args.component {
        Some(file) => read(file)?,
        None => build::build(&args.dir)?.component,
    };
    let mut teller = Teller::new(component, args.slot.as_deref())?;
    let told = read_all(&stories)?;
    if !show.json {
        show.line(&teller.heading)?;
    }
    let mut came_true = 0;
    for told in &told {
        let played = teller.tell(told)?;
        if args.bless {
            bless(told, &played)?;
        }
        let lines: Vec<Vec<String>> = match args.bless {
            true => vec![Vec::new(); played.len()],
            false => played.iter().zip(told.story.steps()).map(|(played, step)| judge(played, step.then)).collect(),
        };
        let passed = lines.iter().all(Vec::is_empty);
        came_true += usize::from(passed);
        report(told, &played, &lines, show)?;
    }
    conclude(told.len(), came_true, args, show)
}

/// Lets a component tell stories.
pub(super) struct Teller {
    pub(super) stage: Stage,
    slot: Slot,
    heading: String,
}

impl Teller {
    /// A teller for a component, in a slot, or in the one that is named like the governor.
    pub(super) fn new(component: Vec<u8>, named: Option<&str>) -> Result<Self, Failure> {
        let digest = Digest(sha256(&component)).to_string();
        let manifest = component::examine(&component)?.manifest;
        let stage = Stage::new(component)?;
        let slot = match named {
            Some(name) => slot(name)?,
            None => Slot::new(&manifest.name).or_else(|_| slot("governor"))?,
        };
        let heading = format!("governor `{}` {}, {digest}", plain(&manifest.name), plain(&manifest.version));
        Ok(Self { stage, slot, heading })
    }

    /// The governor in the slot of stories that name none.
    pub(super) fn installed(&mut self) -> Result<Arc<Installed>, Failure> {
        self.stage.in_slot(&self.slot)
    }

    /// Plays every step of a story.
    pub(super) fn tell(&mut self, told: &Told) -> Result<Vec<Played>, Failure> {
        let broken = |why: String| {
            Failure::new(FailureKind::Usage, format!("`{}` is not a story", told.place()))
                .because(why)
                .hint("`syndic governor test --help` shows one")
        };
        let given = &told.story.given;
        let slot = given.slot.as_deref().map_or_else(|| Ok(self.slot.clone()), slot)?;
        let installed = self.stage.in_slot(&slot)?;
        let mut scene = Scene::of(given, &slot).map_err(broken)?;
        let steps = told.story.steps();
        steps.iter().map(|step| self.stage.play(&installed, &mut scene, step).map_err(broken)).collect()
    }
}

/// What is wrong with a step, in lines; none where it came true.
fn judge(played: &Played, then: Option<Value>) -> Vec<String> {
    let mut lines = match then {
        Some(then) => difference(&then, &played.said),
        None => vec!["- then: nothing is expected; `--bless` writes down what is said".to_owned()],
    };
    lines.extend(played.unasked.iter().map(|id| format!("- answers.{id}: no such effect was asked for")));
    lines
}

fn report(told: &Told, played: &[Played], lines: &[Vec<String>], show: &Show) -> Result<(), Failure> {
    let steps = played.iter().zip(lines).zip(1..);
    if show.json {
        for ((played, lines), step) in steps {
            let value = json!({
                "story": told.story.story, "file": told.place(), "step": step, "passed": lines.is_empty(),
                "fuel": played.fuel, "said": played.said, "difference": lines, "remark": played.remark,
            });
            show.result(&value, |_| String::new())?;
        }
        return Ok(());
    }
    let passed = lines.iter().all(Vec::is_empty);
    let word = if passed { show.paint.outcome("completed", "ok") } else { show.paint.outcome("failed", "NO") };
    let fuel: u64 = played.iter().map(|played| played.fuel).sum();
    let beside = show.paint.dim(&format!("({fuel} fuel)"));
    show.line(&format!("  {word}  {} {beside}", plain(&told.story.story)))?;
    if !passed {
        show.line(&format!("        {}", told.place()))?;
    }
    let several = played.len() > 1;
    for ((played, lines), step) in steps {
        if several && !lines.is_empty() {
            show.line(&format!("        step {step}:"))?;
        }
        if let Some(remark) = &played.remark {
            show.line(&format!("        {}", plain(remark)))?;
        }
        for line in lines {
            show.line(&format!("        {}", plain(line)))?;
        }
        if !lines.is_empty()
            && let Some(reason) = played.said.get("reason").and_then(Value::as_str)
        {
            show.line(&format!("        it failed because {}", plain(reason)))?;
        }
    }
    Ok(())
}

fn conclude(stories: usize, came_true: usize, args: &Test, show: &Show) -> Result<ExitCode, Failure> {
    let failed = stories - came_true;
    let value = json!({"summary": {"stories": stories, "passed": came_true, "failed": failed}});
    show.result(&value, |_| {
        let count = |n: usize| if n == 1 { "1 story".to_owned() } else { format!("{n} stories") };
        match (args.bless, failed) {
            (true, _) => format!("{} written as the governor tells them", count(stories)),
            (_, 0) => format!("{} came true", count(stories)),
            _ => format!(
                "{} of {} did not come true; `-` was expected and not said, `+` was said and not expected\nwhere the \
                 governor is right and the story is not, `--bless` writes what it says",
                failed,
                count(stories)
            ),
        }
    })?;
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::No.code()) })
}

/// Writes into a story's file what was said.
fn bless(told: &Told, played: &[Played]) -> Result<(), Failure> {
    let Some(file) = &told.file else { return Ok(()) };
    let blessed = told.story.clone().blessed(played.iter().map(|played| played.said.clone()));
    write(file, &blessed.text())
}

fn write(file: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(PathBuf::from(file), text).map_err(|why| {
        Failure::new(FailureKind::Unreachable, format!("`{}` cannot be written", file.display()))
            .because(why)
            .hint("stories are files of yours: let this program write them")
    })
}
