//! One life of a child: where it is to be stopped, what it told, and how it ended.

use std::env;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use serde_json::Value;
use syndic_core::failpoint::{POINTS, place};

use crate::child::{FOLDER, HITS, LANES, REACHED, REFUSED, STOPS, TOLD};

/// A child that says nothing for so long waits for something that never comes.
const HANGS: Duration = Duration::from_secs(60);

/// What the operating system calls an abort.
const SIGABRT: i32 = 6;

/// A process that is being started holds, for a moment, every file that is open here, and with it every lock. So nobody
/// opens a store meanwhile.
pub static STARTING: Mutex<()> = Mutex::new(());

/// What happens at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Deed {
    /// The process ends at once.
    Crash,
    /// So does the power.
    Cut,
    /// The operation fails.
    Error,
    /// The step is left out, now and from then on.
    Skip,
}

impl Deed {
    pub const ALL: [Self; 4] = [Self::Crash, Self::Cut, Self::Error, Self::Skip];
    /// What the walk does at every point.
    pub const WALKED: [Self; 3] = [Self::Crash, Self::Cut, Self::Error];

    pub fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::Cut => "cut",
            Self::Error => "error",
            Self::Skip => "skip",
        }
    }

    /// What the child ends like.
    pub fn ends(self) -> &'static [End] {
        match self {
            Self::Crash | Self::Cut => &[End::Aborted],
            // A disk that fails ends the process; a service that does not answer is asked again.
            Self::Error => &[End::Refused, End::Aborted, End::Done],
            Self::Skip => &[End::Done],
        }
    }
}

/// Where a child is stopped: at which hit of which point.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    pub place: usize,
    pub hit: u64,
    pub deed: Deed,
}

impl Stop {
    /// The stop at a point of this name.
    pub fn at(name: &str, hit: u64, deed: Deed) -> Self {
        Self { place: place(name), hit, deed }
    }

    pub fn parse(text: &str) -> Self {
        let [name, hit, deed] = text.split(' ').collect::<Vec<_>>()[..] else { panic!("`{text}` is no stop") };
        let deed = Deed::ALL.into_iter().find(|one| one.name() == deed);
        Self::at(name, hit.parse().unwrap(), deed.expect("a deed"))
    }

    pub fn is_at(&self, place: usize, hit: u64) -> bool {
        self.place == place && (self.hit == hit || (self.deed == Deed::Skip && self.hit < hit))
    }

    pub fn text(&self) -> String {
        format!("{} {} {}", POINTS[self.place].name, self.hit, self.deed.name())
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// The stream came to its end.
    Done,
    /// It said why it goes no further.
    Refused,
    /// It was ended, by us or by the store.
    Aborted,
    /// Anything else: a panic, for one.
    Failed(String),
    Hung,
}

pub struct Life {
    pub told: Vec<Value>,
    /// How often each point was hit, where it came to say so.
    pub hits: Option<Vec<u64>>,
    /// Whether it came to where it was to be stopped.
    pub reached: bool,
    pub end: End,
    /// What it said besides.
    pub said: String,
}

/// How the stream is played.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// One event after another, so that whatever happens the same receipts come of it.
    Play,
    /// Through lanes, several turns at a time.
    Lanes,
}

/// A life in a folder, with these stops.
pub fn live(folder: &Path, how: How, stops: &[Stop]) -> Life {
    let errors = folder.join("stderr");
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "child::child", "--nocapture"]).env(FOLDER, folder);
    command.env(STOPS, stops.iter().map(Stop::text).collect::<Vec<_>>().join(";"));
    command.envs((how == How::Lanes).then_some((LANES, "")));
    command.stdout(Stdio::piped()).stderr(File::create(&errors).unwrap());
    let mut child = {
        let _alone = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
        command.spawn().unwrap()
    };
    let mut stdout = child.stdout.take().unwrap();
    let (tell, heard) = channel();
    thread::spawn(move || {
        let mut all = String::new();
        let _ = stdout.read_to_string(&mut all);
        let _ = tell.send(all);
    });
    let told = heard.recv_timeout(HANGS);
    if told.is_err() {
        child.kill().unwrap();
    }
    let status = child.wait().unwrap();
    let said = std::fs::read_to_string(&errors).unwrap();
    let end = told.as_ref().map_or(End::Hung, |_| end(status, &said));
    let told = told.unwrap_or_default();
    let lines = |of: &'static str| told.lines().filter_map(move |line| line.strip_prefix(of));
    let hits = lines(HITS).next_back().map(|hits| serde_json::from_str(hits).unwrap());
    let reached = said.lines().any(|line| line == REACHED);
    Life { told: lines(TOLD).filter_map(|line| serde_json::from_str(line).ok()).collect(), hits, reached, end, said }
}

fn end(status: ExitStatus, said: &str) -> End {
    match (status.code(), status.signal()) {
        (Some(0), _) => End::Done,
        (Some(REFUSED), _) => End::Refused,
        (_, Some(SIGABRT)) => End::Aborted,
        _ => End::Failed(format!("{status}: {said}")),
    }
}
