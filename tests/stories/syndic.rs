//! The binary at work: how a story plays events, what it is told, and what it finds afterwards.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use serde_json::{Value, json};
use tempfile::TempDir;

/// When most stories begin.
pub(crate) const NEW_YEAR: &str = "2026-01-01T00:00:00Z";

/// Where compiled governors are kept between stories: among the files of the build, not of whoever runs it.
const CACHE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/compiled-governors");

/// An event of the tenant `acme`.
pub(crate) fn event(id: &str, time: &str, kind: &str, subject: &str, data: Value) -> Value {
    event_of("acme", id, time, kind, subject, data)
}

/// An event of any tenant.
pub(crate) fn event_of(tenant: &str, id: &str, time: &str, kind: &str, subject: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": id, "source": "/shop", "type": format!("marketplace.{kind}"), "tenant": tenant,
        "subject": subject, "time": time, "data": data,
    })
}

/// A customer who begins with a plan, on the first of January.
pub(crate) fn subscribes(id: &str, subject: &str, data: Value) -> Value {
    event(id, NEW_YEAR, "CustomerSubscribes", subject, data)
}

/// Events as a stream, one per line.
pub(crate) fn stream(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

/// A folder of a story's own, with room for a data directory and for files.
pub(crate) struct Home {
    dir: TempDir,
    pub(crate) data: PathBuf,
}

impl Home {
    pub(crate) fn new() -> Self {
        let dir = TempDir::new().unwrap();
        Self { data: dir.path().join("data"), dir }
    }

    /// A home whose data directory has played a stream, all of it as expected.
    pub(crate) fn after(events: &[Value]) -> Self {
        let home = Self::new();
        home.play(stream(events)).exits(0);
        home
    }

    pub(crate) fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let file = self.dir.path().join(name);
        fs::write(&file, content).unwrap();
        file
    }

    pub(crate) fn play(&self, stream: impl AsRef<[u8]>) -> Told {
        self.play_with(stream, &[])
    }

    /// Plays a stream into the data directory, with more on the command line.
    pub(crate) fn play_with(&self, stream: impl AsRef<[u8]>, more: &[&str]) -> Told {
        let file = self.file("stream.jsonl", stream);
        let file = file.to_str().unwrap();
        self.run(&[&["play", file, "--json"], more].concat())
    }

    /// Plays a stream with governors that are compiled anew.
    pub(crate) fn play_uncached(&self, stream: impl AsRef<[u8]>) -> Told {
        let file = self.file("stream.jsonl", stream);
        let args = ["play", file.to_str().unwrap(), "--json", "--data", self.data.to_str().unwrap()];
        told(command(&args).env("SYNDIC_CACHE", ""))
    }

    /// Plays a stream with another component in a slot.
    pub(crate) fn play_with_governor(&self, stream: impl AsRef<[u8]>, slot: &str, component: &[u8]) -> Told {
        let file = self.file(&format!("{slot}.wasm"), component);
        self.play_with(stream, &["--governor", &format!("{slot}={}", file.display())])
    }

    /// Runs any verb on the data directory.
    pub(crate) fn run(&self, args: &[&str]) -> Told {
        run(&[args, &["--data", self.data.to_str().unwrap()]].concat())
    }

    /// Begins to play what the story will say line by line.
    pub(crate) fn begin(&self) -> Playing {
        self.begin_with(&[])
    }

    /// The same, with more on the command line.
    pub(crate) fn begin_with(&self, more: &[&str]) -> Playing {
        let args = ["play", "-", "--json", "--data", self.data.to_str().unwrap()];
        let mut child = command(&[&args, more].concat()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        Playing { says: child.stdin.take().unwrap(), hears: BufReader::new(child.stdout.take().unwrap()), child }
    }

    /// What is known of a customer of `acme`: the value of every fact by its name.
    pub(crate) fn facts(&self, customer: &str) -> Vec<(String, Value)> {
        self.facts_of("acme", customer)
    }

    /// What is known of a customer of any tenant; of the tenant itself where no customer is named.
    pub(crate) fn facts_of(&self, tenant: &str, customer: &str) -> Vec<(String, Value)> {
        let told = match customer {
            "" => self.run(&["fact", "list", "--tenant-facts", tenant, "--json"]),
            _ => self.run(&["fact", "list", tenant, customer, "--json"]),
        };
        assert!(told.code == Some(0) || told.err.contains("there are no facts"), "{}", told.err);
        let mut facts = told.values();
        facts.iter_mut().map(|fact| (text(&fact["name"]), fact["value"].take())).collect()
    }

    /// Every receipt's leaf.
    pub(crate) fn receipts(&self) -> Vec<Value> {
        self.run(&["receipt", "list", "--json", "--limit", "1000000"]).exits(0).values()
    }

    /// The value of one fact of a customer; null where there is none.
    pub(crate) fn fact(&self, customer: &str, name: &str) -> Value {
        self.facts(customer).into_iter().find(|(known, _)| known == name).map_or(Value::Null, |(_, value)| value)
    }
}

/// Runs the binary.
pub(crate) fn run(args: &[&str]) -> Told {
    told(&mut command(args))
}

/// Runs a command to its end.
pub(crate) fn told(command: &mut Command) -> Told {
    let Output { status, stdout, stderr } = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Told { said: format!("{command:?}"), code: status.code(), out: text(stdout), err: text(stderr) }
}

/// The binary lies two folders above this program: `<profile>/syndic` beside `<profile>/deps/stories-…`.
pub(crate) fn program() -> PathBuf {
    let own = std::env::current_exe().unwrap();
    let profile = own.ancestors().nth(2).map(Path::to_owned).unwrap_or_default();
    let binary = profile.join(format!("syndic{}", std::env::consts::EXE_SUFFIX));
    assert!(binary.is_file(), "{} is not built; `cargo test --workspace` builds it", binary.display());
    binary
}

/// The binary with these arguments.
pub(crate) fn command(args: &[&str]) -> Command {
    let mut command = Command::new(program());
    command.args(args).env_remove("NO_COLOR").env("SYNDIC_CACHE", CACHE);
    command
}

/// What the binary told, and how it ended.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    said: String,
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Told {
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}\n{}", self.said, self.out, self.err);
        self
    }

    /// It failed with this code, told so on stderr in three parts that hold these words, and printed no result. A part
    /// goes on in lines that are indented.
    #[track_caller]
    pub(crate) fn fails(self, code: i32, words: &[&str]) -> Self {
        let told = self.exits(code);
        let parts = told.err.lines().filter(|line| !line.starts_with(' '));
        let begins: Vec<&str> = parts.filter_map(|line| line.split_once(':')).map(|(begin, _)| begin).collect();
        assert_eq!(begins, ["error", "cause", "hint"], "{}", told.err);
        for word in words {
            assert!(told.err.contains(word), "`{word}` is missing:\n{}", told.err);
        }
        assert_eq!(told.out, "", "a failure is no result");
        told
    }

    /// Every line of the output, as JSON.
    #[track_caller]
    pub(crate) fn values(&self) -> Vec<Value> {
        let read = |line: &str| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"));
        self.out.lines().map(read).collect()
    }

    /// The outcomes of the input lines, without what followed from them.
    pub(crate) fn of_lines(&self) -> Vec<Value> {
        self.values().into_iter().filter(|value| value["line"].is_u64()).collect()
    }

    /// The outcome of one input line.
    #[track_caller]
    pub(crate) fn line(&self, line: u64) -> Value {
        let found = self.of_lines().into_iter().find(|value| value["line"] == line);
        found.unwrap_or_else(|| panic!("line {line} has no outcome:\n{}{}", self.out, self.err))
    }

    /// What became of each input line, in order.
    pub(crate) fn outcomes(&self) -> Vec<String> {
        self.of_lines().iter().map(|value| text(&value["outcome"])).collect()
    }

    #[track_caller]
    pub(crate) fn summary(&self) -> Value {
        let last = self.values().pop().unwrap_or_default();
        assert!(last["summary"].is_object(), "a stream ends with a summary, not {last}\n{}", self.err);
        last["summary"].clone()
    }

    pub(crate) fn root(&self) -> String {
        text(&self.summary()["root_hash"])
    }
}

/// A play that goes on.
pub(crate) struct Playing {
    child: Child,
    says: ChildStdin,
    hears: BufReader<ChildStdout>,
}

impl Playing {
    pub(crate) fn say(&mut self, event: &Value) {
        writeln!(self.says, "{event}").and_then(|()| self.says.flush()).unwrap();
    }

    /// Waits for the outcome of an input line.
    #[track_caller]
    pub(crate) fn hear(&mut self, line: u64) -> Value {
        loop {
            let mut told = String::new();
            assert_ne!(self.hears.read_line(&mut told).unwrap(), 0, "it ended before line {line} had an outcome");
            let told: Value = serde_json::from_str(&told).unwrap();
            if told["line"] == line {
                return told;
            }
        }
    }

    /// Ends it at once, as `kill -9` or a power cut would.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the stream, and waits for the end.
    pub(crate) fn end(self) {
        let Self { mut child, says, hears } = self;
        drop(says);
        hears.lines().for_each(|line| drop(line.unwrap()));
        assert!(child.wait().unwrap().success());
    }
}

/// A JSON text as text.
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The code of the first governor that did not just approve or abstain.
pub(crate) fn code(outcome: &Value) -> String {
    let governors = outcome["governors"].as_array().cloned().unwrap_or_default();
    governors.iter().map(|governor| text(&governor["code"])).find(|code| !code.is_empty()).unwrap_or_default()
}
