//! All tales of a plan, a few at a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::plan::{Mode, Plan};
use crate::reference::Reference;
use crate::syndic::{Syndic, Trouble};
use crate::tale::Tale;
use crate::tally::Tally;

/// How many tales of each mode a stream is good for. The undisturbed run costs as much as one of them.
const TALES_PER_STREAM: u64 = 10;

/// How many lives of a tale are ended: at least, so that small plans go past the making of the directory; and at most,
/// so that one in ten is ended while it is made.
const LIVES: (u64, u64) = (4, 10);

/// Carries a plan out. What went wrong is kept; everything else is removed.
///
/// # Errors
/// The tool itself cannot work: no binary, no library, no room.
pub fn run(plan: &Plan, watch: &(dyn Fn(&Tally) + Sync)) -> Result<Tally, Trouble> {
    let folder = tempfile::Builder::new().prefix("syndic-crash-").tempdir().map_err(Trouble::io("a folder"))?;
    let cache = plan.cache.clone().unwrap_or_else(|| folder.path().join("cache"));
    let syndic = Syndic::find(plan.binary.as_deref(), cache)?;
    let board = Mutex::new(Board::default());
    let run = Run { plan, syndic, folder: folder.path(), board, streams: Mutex::default(), watch };
    let ended: Vec<Result<(), Trouble>> = thread::scope(|scope| {
        let workers: Vec<_> = (0..plan.jobs.max(1)).map(|_| scope.spawn(|| run.work())).collect();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    let tally = run.board.into_inner().unwrap_or_else(PoisonError::into_inner).tally;
    if !tally.found.is_empty() {
        let _ = folder.keep();
    }
    ended.into_iter().collect::<Result<(), _>>().map(|()| tally)
}

/// Room for an undisturbed run, held by whoever plays it.
type Slot = Arc<Mutex<Option<Arc<Reference>>>>;

struct Run<'a> {
    plan: &'a Plan,
    syndic: Syndic,
    folder: &'a Path,
    board: Mutex<Board>,
    streams: Mutex<BTreeMap<u64, Slot>>,
    watch: &'a (dyn Fn(&Tally) + Sync),
}

/// What is given out, and what has come back.
#[derive(Default)]
struct Board {
    tally: Tally,
    /// The next tale of a mode, and how many lives are promised by those that are being told.
    modes: BTreeMap<Mode, (u64, u64)>,
    stop: bool,
}

/// A tale to tell.
struct Task {
    mode: Mode,
    number: u64,
    lives: u64,
}

impl Run<'_> {
    fn work(&self) -> Result<(), Trouble> {
        loop {
            let task = hold(&self.board).next(self.plan);
            let Some(task) = task else { return Ok(()) };
            if let Err(trouble) = self.tell(&task) {
                hold(&self.board).stop = true;
                return Err(trouble);
            }
        }
    }

    fn tell(&self, task: &Task) -> Result<(), Trouble> {
        let reference = self.reference(task.number / TALES_PER_STREAM)?;
        let at = self.folder.join(format!("{}-{}", task.mode.name(), task.number));
        let tale = Tale::new(self.plan, &self.syndic, &reference, (task.mode, task.number), &at)?;
        let (counts, found) = tale.tell(task.lives)?;
        let mut board = hold(&self.board);
        board.tally.add(task.mode, &counts, found);
        board.modes.entry(task.mode).or_default().1 -= task.lives;
        (self.watch)(&board.tally);
        Ok(())
    }

    /// The undisturbed run of a stream, which is played by who needs it first.
    fn reference(&self, number: u64) -> Result<Arc<Reference>, Trouble> {
        let slot = {
            let mut streams = hold(&self.streams);
            // The latest two are still in use; the others' tales are told.
            streams.retain(|old, _| old + 2 > number);
            Slot::clone(streams.entry(number).or_default())
        };
        let mut slot = hold(&slot);
        if let Some(reference) = &*slot {
            return Ok(Arc::clone(reference));
        }
        let at = self.folder.join(format!("stream-{number}"));
        let seed = self.plan.seed.wrapping_add(number);
        let reference = Arc::new(Reference::play(&self.syndic, self.plan.events.as_deref(), seed, &at)?);
        fs::remove_dir_all(at.join("world")).map_err(Trouble::io("a folder that is not needed any more"))?;
        *slot = Some(Arc::clone(&reference));
        Ok(reference)
    }
}

impl Board {
    /// The next tale: of the mode that has told the fewest, so that all modes are at the same stream. None where enough
    /// is told or promised.
    fn next(&mut self, plan: &Plan) -> Option<Task> {
        if self.stop {
            return None;
        }
        if let Some((mode, number)) = plan.only {
            self.stop = true;
            self.modes.entry(mode).or_default().1 += u64::MAX;
            return Some(Task { mode, number, lives: u64::MAX });
        }
        let lacks = |mode: &Mode| {
            let promised = self.modes.get(mode).map_or(0, |(_, lives)| *lives);
            mode.wanted(plan).saturating_sub(self.tally.trials(*mode) + promised)
        };
        let told = |mode: &Mode| self.modes.get(mode).map_or(0, |(number, _)| *number);
        let mode = Mode::ALL.into_iter().filter(|mode| lacks(mode) > 0).min_by_key(told)?;
        let lives = (mode.wanted(plan) / 4).clamp(LIVES.0, LIVES.1).min(lacks(&mode));
        let (number, promised) = self.modes.entry(mode).or_default();
        *promised += lives;
        *number += 1;
        Some(Task { mode, number: *number - 1, lives })
    }
}

fn hold<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
