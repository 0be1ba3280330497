//! The built binary as a daemon, and callers that keep their connections: what benches over HTTP share.

use std::env;
use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The binary that this profile built: two folders above the program that asks.
pub fn program() -> PathBuf {
    let own = env::current_exe().expect("a program knows where it is");
    own.ancestors().nth(2).map(|profile| profile.join("syndic")).unwrap_or_default()
}

/// Runs the binary to its end.
pub fn run(args: &[&str]) -> Output {
    Command::new(program()).args(args).output().expect("`cargo build --release` builds the binary")
}

/// A month of about so many events, one line each, as `demo` saves it; the file stays in the folder.
pub fn month(folder: &Path, events: usize) -> (PathBuf, Vec<String>) {
    let (data, file) = (folder.join("demo"), folder.join("month.jsonl"));
    let args = ["--events", &events.to_string(), "--json", "--data", &data.to_string_lossy()];
    let made = run(&[&["demo", "--save", &file.to_string_lossy()][..], &args].concat());
    assert!(made.status.success(), "the demo says: {}", String::from_utf8_lossy(&made.stderr));
    let lines = fs::read_to_string(&file).expect("the demo saves its month").lines().map(str::to_owned).collect();
    (file, lines)
}

/// The same month in the life of other customers: other subjects, other ids, and none of its unreadable lines.
pub fn again(month: &[String], round: usize) -> Vec<String> {
    let other = |line: &String| {
        let mut event: Value = serde_json::from_str(line).ok()?;
        for member in ["id", "subject"] {
            let said = event[member].as_str().unwrap_or_default().to_owned();
            event[member] = format!("{said}-{round}").into();
        }
        Some(event.to_string())
    };
    month.iter().filter_map(other).collect()
}

/// Events in so many shares, a customer's all in one, in their order.
pub fn shares(events: &[String], connections: usize) -> Vec<Vec<&str>> {
    let mut shares: Vec<Vec<&str>> = vec![Vec::new(); connections];
    for event in events {
        let read: Value = serde_json::from_str(event).unwrap_or_default();
        let mut hasher = DefaultHasher::new();
        (read["tenant"].as_str(), read["subject"].as_str()).hash(&mut hasher);
        let share = usize::try_from(hasher.finish() % connections as u64).unwrap_or_default();
        shares[share].push(event);
    }
    shares
}

/// A daemon of this bench.
pub struct Daemon {
    child: Child,
    says: BufReader<std::process::ChildStdout>,
    /// Where it listens.
    pub address: String,
    /// What its callers show.
    pub token: String,
    /// From its start until it said that it is ready.
    pub ready_after: Duration,
}

impl Daemon {
    /// Starts one on a directory, with a token of its own; `set` are keys of its configuration.
    pub fn start(data: &Path, set: &[&str]) -> Self {
        let data = data.to_string_lossy();
        let name = format!("bench-{}", Instant::now().elapsed().as_nanos());
        let made = run(&["token", "create", "--name", &name, "--role", "ingest", "--data", &data]);
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let token = String::from_utf8_lossy(&made.stdout).trim().to_owned();
        let always = ["http.listen=127.0.0.1:0", "http.requests_max=0", "log.level=error"];
        let mut command = Command::new(program());
        command.args(["run", "--json", "--data", &data]).stdout(Stdio::piped());
        for key in always.iter().chain(set) {
            command.args(["--set", key]);
        }
        let start = Instant::now();
        let mut child = command.spawn().expect("the daemon starts");
        let mut says = BufReader::new(child.stdout.take().expect("it is piped"));
        let mut ready = String::new();
        says.read_line(&mut ready).expect("it says when it is ready");
        let ready_after = start.elapsed();
        let ready: Value = serde_json::from_str(&ready).expect("it says so in JSON");
        let place = ready["listening"][0].as_str().expect("it says where");
        let address = place.trim_start_matches("http://").to_owned();
        Self { child, says, address, token, ready_after }
    }

    /// A connection to it.
    pub fn caller(&self) -> Caller {
        Caller::new(&self.address, &self.token).expect("the daemon listens")
    }

    /// MiB that it holds now, and the most that it held.
    pub fn memory_mib(&self) -> (f64, f64) {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kib = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            line.and_then(|line| line.trim().trim_end_matches(" kB").parse::<f64>().ok()).unwrap_or(f64::NAN)
        };
        (kib("VmRSS:") / 1024.0, kib("VmHWM:") / 1024.0)
    }

    /// Asks it to end, as a service manager does; how long it took, and whether it ended well.
    pub fn ends(mut self) -> (Duration, bool) {
        let start = Instant::now();
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(told.is_ok_and(|told| told.success()), "a process of ours can be told to end");
        // Whatever it says at the end is read, so that it never waits for us.
        let _ = std::io::copy(&mut self.says, &mut std::io::sink());
        let status = self.child.wait();
        (start.elapsed(), status.is_ok_and(|status| status.success()))
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that stays open.
pub struct Caller {
    stream: TcpStream,
    answers: BufReader<TcpStream>,
    head: String,
    body: Vec<u8>,
}

impl Caller {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens, or not any more.
    pub fn new(address: &str, token: &str) -> std::io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        let answers = BufReader::new(stream.try_clone()?);
        let head = format!("POST /v1/events HTTP/1.1\r\nhost: bench\r\nauthorization: Bearer {token}\r\n");
        Ok(Self { stream, answers, head, body: Vec::new() })
    }

    /// Sends an event and waits for its outcome: the status, and how long it took.
    ///
    /// # Errors
    /// The daemon ended.
    pub fn send(&mut self, event: &str) -> std::io::Result<(u16, Duration)> {
        self.post("application/cloudevents+json", event)
    }

    /// Sends several in one request; the status, and how long it took. What was said of each is in [`said`](Self::said).
    ///
    /// # Errors
    /// The daemon ended.
    pub fn send_batch(&mut self, events: &[&str]) -> std::io::Result<(u16, Duration)> {
        self.post("application/cloudevents-batch+json", &format!("[{}]", events.join(",")))
    }

    /// The body of the last answer.
    pub fn said(&self) -> &[u8] {
        &self.body
    }

    fn post(&mut self, kind: &str, body: &str) -> std::io::Result<(u16, Duration)> {
        let start = Instant::now();
        let request = format!("{}content-type: {kind}\r\ncontent-length: {}\r\n\r\n{body}", self.head, body.len());
        self.stream.write_all(request.as_bytes())?;
        let (mut status, mut length, mut line) = (0, 0, String::new());
        loop {
            line.clear();
            if self.answers.read_line(&mut line)? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if let Some(said) = line.strip_prefix("http/1.1 ") {
                status = said.split(' ').next().and_then(|status| status.parse().ok()).unwrap_or_default();
            } else if let Some(said) = line.strip_prefix("content-length:") {
                length = said.trim().parse().unwrap_or_default();
            } else if line.is_empty() {
                break;
            }
        }
        self.body.resize(length, 0);
        std::io::Read::read_exact(&mut self.answers, &mut self.body)?;
        Ok((status, start.elapsed()))
    }
}
