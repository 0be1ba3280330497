//! One life: a process that plays, is listened to, and is ended.

use std::fs::File;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::syndic::Trouble;

/// A process that does nothing for so long does nothing any more.
const HANGS: Duration = Duration::from_secs(30);

/// How often it is looked whether a folder is there.
const LOOK: Duration = Duration::from_micros(100);

/// When a life is ended from outside.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Moment {
    Never,
    AfterStart(Duration),
    /// After the data directory began to be made.
    AfterFolder(Duration),
    AfterFirstLine(Duration),
}

/// What a life left behind.
pub(crate) struct Life {
    /// Every whole line but the summary: what was acknowledged.
    pub(crate) told: Vec<Value>,
    pub(crate) summary: Option<Value>,
    pub(crate) end: End,
    /// When the folder was there and the first line was heard, and how long it took in all.
    pub(crate) folder: Option<Duration>,
    pub(crate) first_line: Option<Duration>,
    pub(crate) all: Duration,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Done,
    Killed,
    /// It ended by itself, and not well.
    Failed(String),
    Hung,
}

/// Lives until the moment, or to the end.
pub(crate) fn live(mut command: Command, moment: Moment, data: &Path, stderr: &Path) -> Result<Life, Trouble> {
    let said = File::create(stderr).map_err(Trouble::io(stderr.display().to_string()))?;
    command.stdout(Stdio::piped()).stderr(said);
    let began = Instant::now();
    let mut child = command.spawn().map_err(Trouble::io(format!("{command:?}")))?;
    let (tell, hear) = channel();
    let mut stdout = child.stdout.take();
    let listener = thread::spawn(move || {
        let (mut all, mut piece) = (Vec::new(), vec![0; 64 * 1024]);
        while let Some(count) = stdout.as_mut().and_then(|stdout| stdout.read(&mut piece).ok()).filter(|n| *n > 0) {
            // Nobody listens any more once the moment has come.
            let _ = tell.send(Instant::now());
            all.extend_from_slice(&piece[..count]);
        }
        all
    });
    let mut watch = Watch { hear, began, folder: None, first_line: None };
    let hung = watch.until(moment, data) == Past::Patience;
    let status = end(&mut child, moment, hung)?;
    let heard = listener.join().unwrap_or_default();
    let all = began.elapsed();
    let (told, summary) = lines(&heard);
    let end = match (hung, status.code(), status.signal()) {
        (true, ..) => End::Hung,
        (_, Some(0), _) => End::Done,
        (_, _, Some(9)) => End::Killed,
        _ => End::Failed(format!("{status}: {}", std::fs::read_to_string(stderr).unwrap_or_default().trim())),
    };
    Ok(Life { told, summary, end, folder: watch.folder, first_line: watch.first_line, all })
}

fn end(child: &mut Child, moment: Moment, hung: bool) -> Result<ExitStatus, Trouble> {
    if hung || !matches!(moment, Moment::Never) {
        child.kill().map_err(Trouble::io("kill"))?;
    }
    child.wait().map_err(Trouble::io("wait"))
}

/// What is heard of a process while it lives.
struct Watch {
    hear: Receiver<Instant>,
    began: Instant,
    folder: Option<Duration>,
    first_line: Option<Duration>,
}

/// Why waiting came to an end.
#[derive(PartialEq, Eq)]
enum Past {
    Moment,
    Life,
    Patience,
}

impl Watch {
    fn until(&mut self, moment: Moment, data: &Path) -> Past {
        match moment {
            Moment::Never => self.until_the_end(data),
            Moment::AfterStart(wait) => self.sleep(wait),
            Moment::AfterFolder(wait) => self.after(wait, |watch| watch.sees(data)),
            Moment::AfterFirstLine(wait) => self.after(wait, |watch| watch.first_line.is_some()),
        }
    }

    fn after(&mut self, wait: Duration, came: impl Fn(&mut Self) -> bool) -> Past {
        while !came(self) {
            if self.began.elapsed() > HANGS {
                return Past::Patience;
            }
            if self.listen(LOOK) == Past::Life {
                return Past::Life;
            }
        }
        self.sleep(wait)
    }

    /// Sleeps for a time, or until the process ends.
    fn sleep(&mut self, wait: Duration) -> Past {
        let until = Instant::now() + wait;
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Past::Moment;
            }
            if self.listen(left) == Past::Life {
                return Past::Life;
            }
        }
    }

    /// Listens until the process ends, or says nothing for too long.
    fn until_the_end(&mut self, data: &Path) -> Past {
        let mut last = Instant::now();
        while last.elapsed() < HANGS {
            let wait = if self.sees(data) { HANGS } else { LOOK };
            match self.listen(wait) {
                Past::Life => return Past::Life,
                Past::Moment => last = Instant::now(),
                Past::Patience => {}
            }
        }
        Past::Patience
    }

    /// Hears one piece of output: a moment that came. Nothing for this long is impatience.
    fn listen(&mut self, wait: Duration) -> Past {
        match self.hear.recv_timeout(wait) {
            Ok(at) => {
                self.first_line.get_or_insert(at - self.began);
                Past::Moment
            }
            Err(RecvTimeoutError::Timeout) => Past::Patience,
            Err(RecvTimeoutError::Disconnected) => Past::Life,
        }
    }

    fn sees(&mut self, data: &Path) -> bool {
        if self.folder.is_none() && data.exists() {
            self.folder = Some(self.began.elapsed());
        }
        self.folder.is_some()
    }
}

/// Whole lines. What the process was about to write when it ended is no line.
fn lines(heard: &[u8]) -> (Vec<Value>, Option<Value>) {
    let whole = heard.iter().rposition(|byte| *byte == b'\n').map_or(&heard[..0], |end| &heard[..end]);
    let mut told: Vec<Value> = Vec::new();
    for line in whole.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        // A line that is no JSON is no outcome of any run, and so differs from what it should be.
        told.push(serde_json::from_slice(line).unwrap_or_else(|_| String::from_utf8_lossy(line).into()));
    }
    let summary = told.pop_if(|last| last.get("summary").is_some()).map(|mut last| last["summary"].take());
    (told, summary)
}
