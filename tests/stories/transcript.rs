//! Transcripts: stories in plain text, which the binary is asked to live up to.
//!
//! A file in `transcripts/` is prose with four sorts of lines that do something. What stands below them, indented by four
//! spaces, is what the program answered; `SYNDIC_BLESS=1` writes it anew.
//!
//! ```text
//! > 2026-01-01 ann CustomerSubscribes {"sku":"pro"}   an event of the tenant acme (`ann@birch`: of birch)
//! ~ 2026-02-01                                        nothing happens until then, but time passes
//! ? ann                                               what is known of a customer; with names, these facts or parts
//! $ receipt list --from 3                             any verb
//! * * *                                               another day, in a data directory of its own
//! ```
//!
//! Events in a row are one `play`; a question in between ends it, and the next begins another on the same directory.
//! Beside each line of `play` stands when it was, from the ledger. `>>` and `~~` tell only how often what happened.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::mem::take;
use std::path::PathBuf;

use serde_json::Value;

use crate::books::{Books, money};
use crate::syndic::{Home, event_of, stream, text};

/// How far what was answered is indented.
const MARGIN: &str = "    ";

/// Plays a transcript, and compares what was answered with what it says.
#[track_caller]
pub(crate) fn check(name: &str) -> Home {
    let file = folder().join(format!("{name}.txt"));
    let said = fs::read_to_string(&file).unwrap();
    let mut telling = Telling::default();
    for line in said.lines().filter(|line| !line.starts_with(MARGIN)) {
        telling.line(line);
    }
    telling.flush();
    if std::env::var_os("SYNDIC_BLESS").is_some() {
        fs::write(&file, &telling.told).unwrap();
        return telling.home;
    }
    if let Some((nth, (told, said))) = (1..).zip(telling.told.lines().zip(said.lines())).find(|(_, (a, b))| a != b) {
        panic!("{name}.txt:{nth} says\n{said}\nand the program\n{told}\nIf the program is right, set SYNDIC_BLESS=1.");
    }
    assert_eq!(telling.told.lines().count(), said.lines().count(), "{name}.txt: one is longer than the other");
    telling.home
}

/// Where transcripts are kept.
pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("stories").join("transcripts")
}

struct Telling {
    home: Home,
    told: String,
    /// Events that wait to be played, and whether each is told in short; what is said between them.
    waiting: Vec<(Value, bool)>,
    between: Vec<String>,
    events: usize,
}

impl Default for Telling {
    fn default() -> Self {
        Self { home: Home::new(), told: String::new(), waiting: Vec::new(), between: vec![String::new()], events: 0 }
    }
}

impl Telling {
    fn line(&mut self, line: &str) {
        let (sign, rest) = line.split_once(' ').unwrap_or((line, ""));
        if matches!(sign, "~" | "~~" | "?" | "$" | "*") {
            self.flush();
        }
        self.say(line);
        match sign {
            ">" | ">>" => {
                self.events += 1;
                self.waiting.push((parsed(rest, self.events), sign == ">>"));
                self.between.push(String::new());
            }
            "~" | "~~" => self.pass(rest, sign == "~~"),
            "?" => self.ask(rest),
            "$" => self.run(rest),
            "*" => self.home = Home::new(),
            _ => {}
        }
    }

    /// Says a line below the events that wait.
    fn say(&mut self, line: &str) {
        let below = self.between.last_mut().unwrap();
        below.push_str(line);
        below.push('\n');
    }

    fn answer(&mut self, lines: impl IntoIterator<Item = String>) {
        for line in lines {
            self.say(format!("{MARGIN}{line}").trim_end());
        }
    }

    /// Plays what waits.
    fn flush(&mut self) {
        let waiting = take(&mut self.waiting);
        let between = std::mem::replace(&mut self.between, vec![String::new()]);
        let events: Vec<Value> = waiting.iter().map(|(event, _)| event.clone()).collect();
        let mut answers = if events.is_empty() { Vec::new() } else { self.played(&events, &[]) }.into_iter();
        let mut shorts = waiting.iter().map(|(_, short)| *short);
        for (nth, said) in between.into_iter().enumerate() {
            if nth > 0 {
                let lines = told(answers.next().unwrap_or_default(), shorts.next().unwrap_or_default());
                self.answer(lines);
            }
            let last = self.between.last_mut().unwrap();
            last.push_str(&said);
        }
        let said = take(&mut self.between[0]);
        self.told.push_str(&said);
    }

    fn pass(&mut self, until: &str, short: bool) {
        let lines = self.played(&[], &["--until", &moment(until)]).pop().unwrap_or_default();
        self.answer(told(lines, short));
    }

    fn ask(&mut self, question: &str) {
        let mut words = question.split(' ');
        let whom = words.next().unwrap_or_default();
        let (customer, tenant) = whom.split_once('@').unwrap_or((whom, "acme"));
        let facts = self.home.facts_of(tenant, customer);
        let names: Vec<&str> = words.collect();
        let answer = if names.is_empty() {
            let books = Books::new(facts);
            books.balance();
            books.digest()
        } else {
            names.iter().map(|name| format!("{name} {}", part(&facts, name))).collect()
        };
        self.answer(answer);
    }

    fn run(&mut self, verb: &str) {
        let told = self.home.run(&verb.split(' ').collect::<Vec<_>>());
        self.answer(told.out.lines().chain(told.err.lines()).map(str::to_owned));
    }

    /// What each event was told, timers that fired before it first; and at last what came after all of them.
    fn played(&self, events: &[Value], more: &[&str]) -> Vec<Vec<Told>> {
        let file = self.home.file("stream.jsonl", stream(events));
        let told = self.home.run(&[&["play", file.to_str().unwrap()], more].concat()).exits(0);
        assert_eq!(told.err, "", "nothing was logged");
        let times = times(&self.home.receipts());
        let mut groups: Vec<Vec<Told>> = vec![Vec::new(); events.len() + 1];
        let (mut done, mut group) = (0, 0);
        for line in told.out.lines().take_while(|line| !line.contains(" events: ")) {
            let line = Told::new(line, &times);
            match (line.place.parse(), line.place.as_str()) {
                (Ok(number), _) => (done, group) = (number, number - 1),
                (_, "follows") => {}
                _ => group = done,
            }
            groups[group].push(line);
        }
        groups
    }
}

/// One line of `play`, with when it was.
#[derive(Clone)]
struct Told {
    place: String,
    line: String,
    what: String,
}

impl Told {
    fn new(line: &str, times: &BTreeMap<u64, String>) -> Self {
        let mut words = line.split_whitespace();
        let (place, outcome, receipt) = (words.next(), words.next(), words.next());
        let receipt = receipt.and_then(|receipt| receipt.strip_prefix('#')).and_then(|number| number.parse().ok());
        let time = receipt.and_then(|receipt: u64| times.get(&receipt)).map_or("", String::as_str);
        let id = words.next().unwrap_or_default();
        let kind = words.next().unwrap_or_default();
        let timer = id.rsplit_once("/t:").map_or("", |(_, name)| name);
        let what = if timer.is_empty() { kind } else { timer };
        let what = match outcome.unwrap_or_default() {
            "completed" => what.to_owned(),
            outcome => format!("{what} {outcome}"),
        };
        Self { place: place.unwrap_or_default().to_owned(), line: format!("{time:<16} {line}"), what }
    }
}

/// The lines themselves, or how often each sort of them came.
fn told(lines: Vec<Told>, short: bool) -> Vec<String> {
    if !short {
        return lines.into_iter().map(|line| line.line).collect();
    }
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    let (mut kept, mut total) = (Vec::new(), 0);
    for line in lines {
        if line.place.parse::<usize>().is_ok() {
            kept.push(line.line);
        } else {
            *counts.entry(line.what).or_default() += 1;
            total += 1;
        }
    }
    let mut summary = format!("{total} in between:");
    for (what, count) in &counts {
        let _ = write!(summary, " {count} × {what},");
    }
    summary.truncate(summary.len() - 1);
    if total > 0 {
        kept.insert(0, summary);
    }
    kept
}

/// A fact, or with a JSON Pointer behind its name a part of it; amounts as people write them.
fn part(facts: &[(String, Value)], name: &str) -> Value {
    let (fact, pointer) = name.find('/').map_or((name, ""), |at| name.split_at(at));
    let value = facts.iter().find(|(known, _)| known == fact).and_then(|(_, value)| value.pointer(pointer));
    value.map_or(Value::Null, readable)
}

fn readable(value: &Value) -> Value {
    match (value, value["minor_units"].as_i64(), value["currency"].as_str()) {
        (_, Some(minor), Some(currency)) => money(minor, currency).into(),
        (Value::Object(members), ..) => members.iter().map(|(name, value)| (name.clone(), readable(value))).collect(),
        (Value::Array(values), ..) => values.iter().map(readable).collect(),
        _ => value.clone(),
    }
}

/// An event as a transcript writes it.
pub(crate) fn parsed(line: &str, nth: usize) -> Value {
    let parts: Vec<&str> = line.splitn(4, ' ').collect();
    let [time, subject, kind, data] = parts[..] else { panic!("`> TIME SUBJECT KIND DATA`, not `{line}`") };
    let (subject, tenant) = subject.split_once('@').unwrap_or((subject, "acme"));
    let data: Value = serde_json::from_str(data).unwrap_or_else(|why| panic!("{why}: {data}"));
    event_of(tenant, &format!("evt-{nth}"), &moment(time), kind, subject, data)
}

/// A day, or a day and a time to the minute, as RFC 3339.
fn moment(time: &str) -> String {
    match time.len() {
        10 => format!("{time}T00:00:00Z"),
        16 => format!("{time}:00Z"),
        _ => time.to_owned(),
    }
}

/// When each receipt was, to the minute.
fn times(receipts: &[Value]) -> BTreeMap<u64, String> {
    let entry = |receipt: &Value| {
        let time: String = text(&receipt["time"]).replace('T', " ").chars().take(16).collect();
        Some((receipt["sequence"].as_u64()?, time))
    };
    receipts.iter().filter_map(entry).collect()
}
