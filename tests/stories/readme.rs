//! The README, typed: every command line of it from the first event on, in its order, in an empty directory.
//!
//! What stands there is what is run. Where a line is told elsewhere, or ends in another way than well, a table here says
//! so and why; a line that the README loses leaves a row that fails.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::swaps::kind;
use crate::syndic::{Told, command, program, told};

/// Lines that are not run here.
const ELSEWHERE: [(&str, &str); 2] = [
    ("cargo test ", "`first_governor` tests a new crate, and compiling it twice takes minutes"),
    ("syndic governor dev ", "it goes on until it is stopped; `dev` watches it"),
];

/// Lines that end with another code than 0.
const CODES: [(&str, i32, &str); 1] =
    [("syndic governor promote billing ", 1, "its gate wants a hundred calls, and here were none")];

/// A block of the page: its language, and its lines.
type Block = (String, Vec<String>);

fn blocks(page: &str) -> Vec<Block> {
    let from = page.find("## Your first event").expect("the README tells of a first event");
    let mut blocks: Vec<Block> = Vec::new();
    let mut inside = false;
    for line in page[from..].lines() {
        match line.strip_prefix("```") {
            Some(language) if !inside => {
                blocks.push((language.to_owned(), Vec::new()));
                inside = true;
            }
            Some(_) => inside = false,
            None if inside => {
                let block = &mut blocks.last_mut().unwrap().1;
                match block.last_mut().filter(|before| before.ends_with('\\')) {
                    // The line before goes on in this one.
                    Some(before) => *before = format!("{} {}", before.trim_end_matches('\\'), line.trim()),
                    None => block.push(line.to_owned()),
                }
            }
            None => {}
        }
    }
    blocks
}

/// A line without what it says about itself.
fn typed(line: &str) -> &str {
    line.find("  #").map_or(line, |comment| &line[..comment]).trim()
}

/// Whoever follows the page.
struct Newcomer {
    home: TempDir,
    cwd: PathBuf,
    daemon: Option<(Child, String)>,
    /// Tokens that were made, each with whose it is; and the one that is exported.
    tokens: Vec<(String, String)>,
    exported: Option<String>,
    used: BTreeSet<&'static str>,
}

impl Newcomer {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let bin = home.path().join("bin");
        fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(program(), bin.join("syndic")).unwrap();
        let cwd = home.path().join("empty");
        fs::create_dir_all(home.path().join(".ssh")).unwrap();
        fs::create_dir(&cwd).unwrap();
        Self { home, cwd, daemon: None, tokens: Vec::new(), exported: None, used: BTreeSet::new() }
    }

    /// A shell in which a line is typed, and that says afterwards where it is.
    fn shell(&self, line: &str) -> Command {
        let mut shell = Command::new("bash");
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CARGO_")) {
            if name != "CARGO_HOME" {
                shell.env_remove(name);
            }
        }
        let place = self.home.path().join("place");
        shell.args(["-c", &format!("{line}\ncode=$?; pwd > \"$PLACE\"; exit $code")]).current_dir(&self.cwd);
        let path = std::env::var("PATH").unwrap_or_default();
        shell.env("PATH", format!("{}:{path}", self.home.path().join("bin").display())).env("PLACE", place);
        shell.env("CARGO_TARGET_DIR", self.home.path().join("target")).env("CARGO_PROFILE_DEV_DEBUG", "0");
        // A port of its own, and compiled governors that other stories have left.
        shell.env("SYNDIC_HTTP__LISTEN", "127.0.0.1:0");
        for (name, value) in command(&[]).get_envs() {
            value.map(|value| shell.env(name, value));
        }
        if let (Some(token), Some((_, address))) = (&self.exported, &self.daemon) {
            shell.env("SYNDIC_SERVER", address).env("SYNDIC_TOKEN", token);
        }
        shell
    }

    fn types(&mut self, whole: &str) {
        let line = typed(whole);
        if let Some((begin, _)) = ELSEWHERE.iter().find(|(begin, _)| line.starts_with(begin.trim_end())) {
            self.used.insert(begin);
            return;
        }
        if line.contains("--data live") || line.starts_with("syndic run") {
            self.stops();
        }
        if line.starts_with("syndic run ") {
            return self.starts(line);
        }
        if line.starts_with("export ") {
            // What the page leaves out is the token that was shown to whom it names, and the port is this daemon's own.
            assert!(line.contains("SYNDIC_SERVER=http://127.0.0.1:7070") || self.exported.is_some(), "{line}");
            let whose = whole.rsplit("# ").next().and_then(|says| says.strip_suffix("'s"));
            let token = self.tokens.iter().find(|(name, _)| Some(name.as_str()) == whose).expect(whole);
            self.exported = Some(token.1.clone());
            return;
        }
        self.needs(line);
        // The home of keys is this newcomer's own, and cargo's is where it was.
        let line = line.replace("~/", &format!("{}/", self.home.path().display()));
        let told = told(&mut self.shell(&line));
        let code = CODES.iter().find(|(begin, ..)| line.starts_with(begin));
        code.map(|(begin, ..)| self.used.insert(begin));
        let told = told.exits(code.map_or(0, |(_, code, _)| *code));
        self.cwd = fs::read_to_string(self.home.path().join("place")).unwrap().trim().into();
        if let Some(name) = line.strip_prefix("syndic token create --name ") {
            self.tokens.push((name.split(' ').next().unwrap().to_owned(), told.out.trim().to_owned()));
        }
        self.hears(&line, &told);
    }

    /// What a line takes for granted: a key, a publisher's file, a newer component, an event of one's own.
    fn needs(&self, line: &str) {
        let key = self.home.path().join(".ssh/id_ed25519");
        if line.contains("~/.ssh/id_ed25519") && !key.exists() {
            let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-f"]).arg(&key).status();
            assert!(made.unwrap().success());
            fs::copy(key.with_extension("pub"), self.cwd.join("acme.pub")).unwrap();
        }
        let (newer, event) = (self.cwd.join("new.wasm"), self.cwd.join("event.json"));
        if line.contains("new.wasm") && !newer.exists() {
            fs::write(newer, kind("2.0.0")).unwrap();
        }
        if line.contains("@event.json") {
            let events = fs::read_to_string(self.cwd.join("events.jsonl")).unwrap();
            fs::write(event, events.lines().next().unwrap()).unwrap();
        }
    }

    /// What the page says in words of some of its lines.
    fn hears(&self, line: &str, told: &Told) {
        let says: &[&str] = match line {
            "syndic event show evt-2 --data data" => &["refused", "declined"],
            "syndic governor test" => &["2 stories came true"],
            line if line.contains("/v1/events") => &["\"outcome\":", "\"receipt\":"],
            line if line.contains("/billing/install") => &["\"trial\":2"],
            line if line.starts_with("syndic governor backtest ") => &["refuse"],
            line if line.starts_with("syndic backup ") => &["is whole"],
            _ => &[],
        };
        for word in says {
            assert!(told.out.contains(word), "`{line}` does not say `{word}`:\n{}\n{}", told.out, told.err);
        }
    }

    fn starts(&mut self, line: &str) {
        let mut shell = self.shell(&format!("exec {line} --json"));
        let mut child = shell.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut ready).unwrap();
        let ready: Value = serde_json::from_str(&ready).unwrap_or_else(|why| panic!("`{line}`: {why}"));
        self.daemon = Some((child, ready["listening"][0].as_str().unwrap().to_owned()));
    }

    /// Ctrl-C lets it finish what it took.
    fn stops(&mut self) {
        let Some((mut child, _)) = self.daemon.take() else { return };
        assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
        assert_eq!(child.wait().unwrap().code(), Some(0));
    }
}

#[test]
fn a_newcomer_types_the_page_from_the_first_event_on() {
    if ["ssh-keygen", "curl"].iter().any(|tool| Command::new(tool).arg("-V").output().is_err()) {
        return;
    }
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let mut newcomer = Newcomer::new();
    let mut lines = 0;
    for (language, block) in blocks(&page) {
        if language == "json" && lines == 0 {
            fs::write(newcomer.cwd.join("events.jsonl"), block.join("\n") + "\n").unwrap();
        }
        for line in block.iter().filter(|line| language == "sh" && !line.is_empty()) {
            lines += 1;
            newcomer.types(line);
        }
    }
    newcomer.stops();
    assert!(lines > 30, "{lines} lines");
    let rows = ELSEWHERE.iter().map(|row| row.0).chain(CODES.iter().map(|row| row.0)).collect::<BTreeSet<_>>();
    assert_eq!(newcomer.used, rows, "a row here is about no line of the page");
}
