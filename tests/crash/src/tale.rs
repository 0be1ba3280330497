//! One directory from nothing to the end of a stream, through as many lives as it takes.

use std::fs;
use std::path::Path;

use crate::desk::Desk;
use crate::fate::{Fate, Leaves, Throws};
use crate::life::{End, Life, Moment, live};
use crate::oracle::{Oracle, Said};
use crate::plan::{Mode, Plan};
use crate::reference::Reference;
use crate::syndic::{Syndic, Trouble};
use crate::tally::{Counts, Found, Wrong};

/// A tale while it is told.
pub(crate) struct Tale<'a> {
    plan: &'a Plan,
    syndic: &'a Syndic,
    reference: &'a Reference,
    mode: Mode,
    number: u64,
    throws: Throws,
    desk: Desk,
    oracle: Oracle<'a>,
    counts: Counts,
    lives: u64,
    ended: String,
    /// The command of the last life, with its environment.
    command: String,
}

impl<'a> Tale<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        syndic: &'a Syndic,
        reference: &'a Reference,
        (mode, number): (Mode, u64),
        at: &Path,
    ) -> Result<Self, Trouble> {
        Ok(Self {
            plan,
            syndic,
            reference,
            mode,
            number,
            throws: Throws::new(plan.seed, mode, number),
            desk: Desk::new(at)?,
            oracle: Oracle::new(reference),
            counts: Counts::default(),
            lives: 0,
            ended: String::new(),
            command: String::new(),
        })
    }

    /// Tells it with at most so many lives that are ended; then one that is not.
    pub(crate) fn tell(mut self, most: u64) -> Result<(Counts, Option<Found>), Trouble> {
        match self.lives(most).and_then(|()| self.the_end()) {
            Ok(()) => {
                fs::remove_dir_all(self.desk.dir()).map_err(Trouble::io("a folder that is not needed any more"))?;
                Ok((self.counts, None))
            }
            Err(Stop::Wrong(said)) => {
                let found = self.found(said)?;
                Ok((self.counts, Some(found)))
            }
            Err(Stop::Trouble(trouble)) => Err(trouble),
        }
    }

    fn lives(&mut self, most: u64) -> Result<(), Stop> {
        let mut calls = self.reference.calls;
        while self.counts.trials < most {
            let fate = self.throws.fate(self.reference, calls, self.oracle.lines.len() as u64);
            let life = self.live(fate)?;
            self.counts.trials += u64::from(fate.is_a_trial(self.mode) && life.end == End::Killed);
            self.judge(&life)?;
            if life.summary.is_some() {
                break;
            }
            if let Some(opening) = self.desk.report().and_then(|report| report["opening"].as_u64()) {
                calls.opening = opening.max(1);
            }
        }
        Ok(())
    }

    fn live(&mut self, fate: Fate) -> Result<Life, Trouble> {
        self.lives += 1;
        self.ended = fate.to_string();
        let command = self.syndic.play(&self.reference.lines, &self.desk.data(), self.reference.seed);
        let (command, moment) = match fate {
            Fate::Kill(moment) => (command, moment),
            Fate::Cut { leaves, before, throws } => {
                let mut command = self.desk.noted(command, self.syndic);
                command.envs([
                    ("SYNDIC_CRASH_LEAVES", leaves.name().to_owned()),
                    ("SYNDIC_CRASH_AT", before.to_string()),
                    ("SYNDIC_CRASH_SEED", throws.to_string()),
                ]);
                if self.plan.disk_lies {
                    command.env("SYNDIC_CRASH_LIES", "fdatasync");
                }
                (command, Moment::Never)
            }
        };
        self.command = format!("{command:?}");
        self.desk.keep_before()?;
        let life = live(command, moment, &self.desk.data(), &self.desk.stderr())?;
        if matches!(fate, Fate::Cut { leaves, .. } if leaves != Leaves::Carry) {
            self.desk.power_went()?;
        }
        Ok(life)
    }

    /// Holds what a life told, and the directory it left, against the undisturbed run.
    fn judge(&mut self, life: &Life) -> Result<(), Stop> {
        match &life.end {
            End::Done | End::Killed => {}
            End::Failed(why) => return Err(does_not_open(format!("it ended by itself: {why}"))),
            End::Hung => return Err(does_not_open("it did nothing for a long time")),
        }
        self.oracle.hear(&life.told)?;
        let skipped = self.oracle.look_from();
        let receipts = self.desk.receipts(self.syndic, skipped)?.map_err(does_not_open)?;
        self.counts.checked += self.oracle.acknowledged();
        Ok(self.oracle.look(skipped, &receipts)?)
    }

    /// One more life, which nobody disturbs.
    fn the_end(&mut self) -> Result<(), Stop> {
        let life = self.live(Fate::Kill(Moment::Never))?;
        self.judge(&life)?;
        let summary = life.summary.as_ref().ok_or_else(|| does_not_open("it ended without a summary"))?;
        let receipts = self.syndic.receipts(&self.desk.data(), 0).map_err(does_not_open)?;
        Ok(self.oracle.look_at_the_end(&receipts, &summary["root_hash"])?)
    }

    fn found(&self, (wrong, what): Said) -> Result<Found, Trouble> {
        let (seed, mode, number) = (self.plan.seed, self.mode.name(), self.number);
        let events = self.plan.events.as_ref().map_or(String::new(), |file| format!(" --events {}", file.display()));
        let lies = if self.plan.disk_lies { " --disk-lies" } else { "" };
        Ok(Found {
            wrong,
            what,
            mode: self.mode,
            number,
            life: self.lives,
            ended: self.ended.clone(),
            kept: self.desk.dir().to_owned(),
            again: format!("crash --seed {seed} --only {mode}/{number}{events}{lies}"),
            last_life: self.desk.write_again(&self.command)?,
        })
    }
}

/// Why a tale is not told to its end.
enum Stop {
    Wrong(Said),
    Trouble(Trouble),
}

impl From<Said> for Stop {
    fn from(said: Said) -> Self {
        Self::Wrong(said)
    }
}

impl From<Trouble> for Stop {
    fn from(trouble: Trouble) -> Self {
        Self::Trouble(trouble)
    }
}

fn does_not_open(why: impl Into<String>) -> Stop {
    Stop::Wrong((Wrong::DoesNotOpen, why.into()))
}
