//! The daemon: what it is told before it starts, and how it lives and ends.

mod asked;
mod calendars;
mod callers;
mod cases;
pub(crate) mod doors;
mod hostile_nets;
mod kept;
mod life;
mod metrics;
mod nets;
mod packaging;
mod pages;
mod roles;
mod settings;
mod slots;
mod spans;
mod stopped;
mod traffic;
mod upkeep;

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};

use serde_json::Value;

use crate::syndic::{Home, command, told};

/// A daemon that runs.
pub(crate) struct Daemon {
    child: Child,
    /// What it said on stdout when it was ready.
    pub(crate) ready: Value,
    log: BufReader<ChildStderr>,
    heard: String,
}

impl Daemon {
    /// Starts one on a home's data, and waits until it is ready.
    pub(crate) fn start(home: &Home) -> Self {
        Self::start_with(home, &[])
    }

    /// The same, with more on the command line.
    pub(crate) fn start_with(home: &Home, more: &[&str]) -> Self {
        Self::spawned(&mut on(home, more))
    }

    fn spawned(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut says = BufReader::new(child.stdout.take().unwrap());
        says.read_line(&mut line).unwrap();
        let mut log = BufReader::new(child.stderr.take().unwrap());
        if line.is_empty() {
            let mut why = String::new();
            log.read_to_string(&mut why).unwrap();
            panic!("the daemon was never ready:\n{why}");
        }
        Self { child, ready: serde_json::from_str(&line).unwrap(), log, heard: String::new() }
    }

    /// Where it listens.
    pub(crate) fn place(&self) -> &str {
        self.ready["listening"][0].as_str().unwrap()
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal, by name.
    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([&format!("-{name}"), &self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits until its log says something, and gives back that line.
    #[track_caller]
    pub(crate) fn hears(&mut self, message: &str) -> Value {
        loop {
            let mut line = String::new();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "it never said `{message}`:\n{}", self.heard);
            self.heard.push_str(&line);
            let line: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
            if line["message"].as_str().is_some_and(|said| said.contains(message)) {
                return line;
            }
        }
    }

    /// Waits for its end: its exit code, and all that it logged.
    pub(crate) fn ends(mut self) -> (Option<i32>, String) {
        self.log.read_to_string(&mut self.heard).unwrap();
        (self.child.wait().unwrap().code(), std::mem::take(&mut self.heard))
    }

    /// Ends it in peace.
    pub(crate) fn stop(self) -> String {
        self.signal("TERM");
        let (code, log) = self.ends();
        assert_eq!(code, Some(0), "{log}");
        log
    }

    /// Ends it at once, as `kill -9` or a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// A story that fails leaves no daemon behind.
impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The daemon on a home's data, not started yet.
fn on(home: &Home, more: &[&str]) -> Command {
    let data = home.data.to_str().unwrap();
    // A port of its own, for many of them run side by side.
    let own = ["--set", "log.format=json", "--set", "http.listen=127.0.0.1:0"];
    command(&[&["run", "--json", "--data", data], &own[..], more].concat())
}

/// A daemon that must not start, and what it says.
fn refused(home: &Home, more: &[&str]) -> crate::syndic::Told {
    told(&mut on(home, &[&["--set", "log.level=error"], more].concat()))
}
