//! `governor dev`: a governor that is edited while it is watched. The second of the stories that compile.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use syndic_tests::watch::Watch;
use tempfile::TempDir;

use crate::daemon::Daemon;
use crate::daemon::doors::{ask, subscribes, token};
use crate::syndic::{Home, Told, command, run, told};

/// A machine may be busy; one that says nothing for so long has hung.
const SILENT_MAX: Duration = Duration::from_secs(900);

/// A crate somebody works on.
struct Desk {
    home: TempDir,
    dir: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let home = TempDir::new().unwrap();
        let dir = home.path().join("seat-limit");
        run(&["governor", "new", dir.to_str().unwrap()]).exits(0);
        Self { home, dir }
    }

    fn command(&self, args: &[&str]) -> std::process::Command {
        let mut command = command(args);
        command.current_dir(&self.dir).env("CARGO_TARGET_DIR", self.home.path().join("target"));
        command
    }

    fn governor(&self, args: &[&str]) -> Told {
        told(&mut self.command(&[&["governor"], args].concat()))
    }

    fn watched(&self, args: &[&str]) -> Watched {
        self.watched_with("", args)
    }

    fn watched_with(&self, token: &str, args: &[&str]) -> Watched {
        let mut dev = self.command(&[&["governor", "dev", "--json"], args].concat());
        if !token.is_empty() {
            dev.env("SYNDIC_TOKEN", token);
        }
        let mut child = dev.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let hears = BufReader::new(child.stdout.take().unwrap());
        Watched { child, hears, watch: Watch::over(SILENT_MAX) }
    }

    /// Edits a file, as an editor saves it.
    fn edit(&self, from: &str, to: &str) {
        let file = self.dir.join("src/lib.rs");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains(from), "`{from}` is not in:\n{text}");
        fs::write(&file, text.replacen(from, to, 1)).unwrap();
    }

    fn component(&self) -> Vec<u8> {
        fs::read(self.dir.join("seat_limit.wasm")).unwrap()
    }
}

/// A loop that goes on until the story ends.
struct Watched {
    child: Child,
    hears: BufReader<ChildStdout>,
    watch: Watch,
}

impl Watched {
    /// Waits for the next line.
    fn hear(&mut self, what: &str) -> Value {
        self.watch.now(what);
        let mut line = String::new();
        assert_ne!(self.hears.read_line(&mut line).unwrap(), 0, "it ended before {what}");
        serde_json::from_str(&line).unwrap_or_else(|why| panic!("{why}: {line}"))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_governor_is_built_again_when_it_is_saved_and_a_mistake_leaves_the_last_good_one() {
    let desk = Desk::new();
    desk.governor(&["build"]).exits(0);
    let mut play = desk.command(&["play", "events.jsonl", "--data", "data", "--json"]);
    let played = told(play.args(["--governor", "quota-sla=seat_limit.wasm"])).exits(0);
    assert_eq!(played.outcomes(), ["completed", "refused"], "{}", played.out);

    let mut dev = desk.watched(&["--data", "data", "--slot", "quota-sla"]);
    let first = dev.hear("the first build");
    assert_eq!((&first["name"], &first["file"]), (&"seat-limit".into(), &"seat_limit.wasm".into()), "{first}");
    let built = desk.component();
    let compared = dev.hear("how it compares");
    assert_eq!((&compared["same"], &compared["different"]), (&2.into(), &0.into()), "{compared}");

    desk.edit("order.seats > 20", "order.seats > \"20\"");
    let failed = dev.hear("the mistake");
    assert_eq!((&failed["built"], &failed["stays"]), (&false.into(), &first["digest"]), "{failed}");
    assert_eq!(failed["what"], "the governor does not build");
    assert_eq!(desk.component(), built, "the last good one stays");

    desk.edit("order.seats > \"20\"", "order.seats > 50");
    let mended = dev.hear("the mended build");
    assert_ne!(mended["digest"], first["digest"], "{mended}");
    assert_ne!(desk.component(), built);
    let compared = dev.hear("the difference");
    assert_eq!(compared["changes"], json!({"newly-approved": 1}), "{compared}");
    assert_eq!(compared["firsts"][0]["id"], "evt-2", "the one whose thirty seats were refused: {compared}");
    is_not_told_by_times(&desk, &mut dev, &mended);

    fs::write(desk.dir.join("README.md"), "Words.").unwrap();
    assert_eq!(dev.hear("other words")["same"], true, "what is not in the component changes nothing");
    drop(dev);
    ends(&desk);
    is_tried_in_a_daemon(&desk);
}

/// In a daemon every build is a shadow, told of as events come in; and a trial of somebody else's stays.
fn is_tried_in_a_daemon(desk: &Desk) {
    desk.edit("order.seats >", "order.seats > 20");
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let daemon = Daemon::start(&home);
    let sends = |id: &str| {
        let event = desk.home.path().join("event.jsonl");
        fs::write(&event, subscribes("acme", id, id).to_string()).unwrap();
        ask(&daemon, &olga, &["event", "submit", event.to_str().unwrap(), "--strict"]).exits(0);
    };
    let live = ["--server", daemon.place(), "--slot", "quota-sla"];
    let mut dev = desk.watched_with(&olga, &live);
    dev.hear("the build");
    let shadow = dev.hear("that it is tried");
    assert_eq!((&shadow["active"], &shadow["trial"]), (&1.into(), &2.into()), "{shadow}");
    sends("e1");
    let found = dev.hear("what it decides otherwise");
    assert_eq!((&found["difference"], &found["is"]["event"]), (&1.into(), &"e1".into()), "{found}");

    desk.edit("order.seats > 20", "order.seats > 1");
    dev.hear("another build");
    assert_eq!(dev.hear("that it is tried")["trial"], 3);
    sends("e2");
    let found = dev.hear("what that decides otherwise");
    assert_eq!(found["is"]["event"], "e2", "the trial is a new one: {found}");
    assert!(found["is"]["kinds"].as_array().unwrap().contains(&"verdict".into()), "two seats are refused: {found}");
    drop(dev);

    desk.edit("order.seats > 1", "order.seats > 2");
    let held = told(desk.command(&[&["governor", "dev", "--once"], &live[..]].concat()).env("SYNDIC_TOKEN", &olga));
    assert!(held.exits(1).err.contains("`quota-sla` has another version on trial"));
    ask(&daemon, &olga, &["governor", "revert", "quota-sla"]).exits(0);
    daemon.stop();
}

/// Cargo goes by times, and takes a file that was brought back with its time for what it has built.
fn is_not_told_by_times(desk: &Desk, dev: &mut Watched, before: &Value) {
    let (source, aside) = (desk.dir.join("src/lib.rs"), desk.home.path().join("lib.rs"));
    let text = fs::read_to_string(&source).unwrap();
    fs::write(&aside, text.replacen("order.seats > 50", "order.seats > 70", 1)).unwrap();
    let old = fs::metadata(&source).unwrap().modified().unwrap() - Duration::from_secs(3_600);
    fs::File::options().write(true).open(&aside).unwrap().set_modified(old).unwrap();
    fs::rename(&aside, &source).unwrap();
    let brought = dev.hear("what was brought back with its time");
    assert_ne!(brought["digest"], before["digest"], "{brought}");
    assert_eq!(dev.hear("how that compares")["different"], 1);
}

/// Once is a build like any other, for scripts.
fn ends(desk: &Desk) {
    desk.governor(&["dev", "--once", "--data", "data"]).exits(0);
    desk.governor(&["dev", "--once", "--data", "nowhere"]).exits(3);
    desk.edit("order.seats > 70", "order.seats >");
    assert_eq!(desk.governor(&["dev", "--once"]).code, Some(1));
    desk.governor(&["dev", "--once", "src"]).fails(2, &["`src` holds no crate"]);
}
