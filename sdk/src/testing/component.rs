//! The component itself, in the real host and under its real limits, from a test of the governor's own crate.
//!
//! The [`World`](super::World) is a small host that lives in a test. This one is `syndic`: it builds the component,
//! asks it as it asks every governor, and holds what it says to the contract. Every question is asked twice, and has to
//! have the same answer for the same fuel.

use std::ffi::OsString;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::{IntoTime, Reply};
use crate::Event;

/// The variable that names the program.
const PROGRAM: &str = "SYNDIC";

/// A governor's component.
///
/// ```no_run
/// use syndic_sdk::prelude::*;
/// use syndic_sdk::testing::{Component, Reply, Story, event};
///
/// let component = Component::build(env!("CARGO_MANIFEST_DIR"));
/// component.stories();
///
/// let order = event("CustomerSubscribes", json!({"sku": "opera", "payment_method": "card"}));
/// let told = component.tell(&Story::of(order).answer("auth", Reply::No(json!({"decline_code": "lost_card"}))));
/// assert_eq!(told.code(), Some("payment-declined"));
/// ```
#[derive(Debug, Clone)]
pub struct Component {
    file: PathBuf,
    dir: PathBuf,
}

impl Component {
    /// Builds the component of the crate in a directory; for your own, that is `env!("CARGO_MANIFEST_DIR")`.
    ///
    /// # Panics
    /// Where there is no `syndic`, or it says that the crate does not build.
    pub fn build(dir: impl AsRef<Path>) -> Self {
        let dir = dir.as_ref();
        let output = run(&["--json".into(), "governor".into(), "build".into(), dir.into()], "");
        assert!(output.status.success(), "the component does not build:\n\n{}", words(&output));
        let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let file = told["file"].as_str().expect("`syndic governor build` names the file it made");
        Self { file: file.into(), dir: dir.into() }
    }

    /// Lets every story in the crate's `stories/` come true.
    ///
    /// # Panics
    /// Where one does not, with what was expected and what was said.
    pub fn stories(&self) {
        let stories = self.dir.join("stories");
        let output = run(&self.test(stories.into(), false), "");
        assert!(output.status.success(), "\n\n{}", words(&output));
    }

    /// Asks the component, and says what it decides.
    ///
    /// # Panics
    /// Where the story is none, or the component cannot be loaded.
    pub fn tell(&self, story: &Story) -> Told {
        let output = run(&self.test("-".into(), true), &story.0.to_string());
        let told =
            String::from_utf8_lossy(&output.stdout).lines().next().and_then(|line| serde_json::from_str(line).ok());
        let Some(mut told): Option<Value> = told else { panic!("the story cannot be told:\n\n{}", words(&output)) };
        Told { said: told["said"].take(), fuel: told["fuel"].as_u64().unwrap_or_default() }
    }

    fn test(&self, stories: OsString, json: bool) -> Vec<OsString> {
        let mut arguments: Vec<OsString> = vec!["governor".into(), "test".into()];
        arguments.extend(json.then(|| "--json".into()));
        arguments.extend(["--component".into(), self.file.clone().into(), "--stories".into(), stories]);
        arguments
    }
}

/// One question: an event, and everything the answer may depend on. `syndic help governor test` shows it as JSON.
#[derive(Debug, Clone)]
pub struct Story(Value);

impl Story {
    /// An event, on no facts.
    pub fn of(event: impl Into<Event>) -> Self {
        let event = event.into();
        let data: Value = serde_json::from_str(&event.data()).unwrap_or_default();
        Self(json!({"story": "a test's own", "when": {"kind": event.kind(), "data": data}, "given": {}, "answers": {}}))
    }

    /// The slot the governor stands in; without it, one named like the governor.
    pub fn slot(self, slot: &str) -> Self {
        self.given("slot", slot)
    }

    /// The customer; without it, `cust-1`.
    pub fn customer(self, customer: &str) -> Self {
        self.given("customer", customer)
    }

    /// The clock; without it, 1 January 2026.
    pub fn now(self, now: impl IntoTime) -> Self {
        self.given("now", now.into_time().to_string())
    }

    /// A fact of the customer.
    pub fn fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0["given"]["facts"][name] = value.into();
        self
    }

    /// A fact of the tenant.
    pub fn tenant_fact(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0["given"]["tenant_facts"][name] = value.into();
        self
    }

    /// A value of the slot's configuration.
    pub fn config(mut self, key: &str, value: &str) -> Self {
        self.0["given"]["config"][key] = value.into();
        self
    }

    /// What a service answers to a blocking effect, by its id; without it, the sandbox answers.
    pub fn answer(mut self, effect: &str, reply: Reply) -> Self {
        self.0["answers"][effect] = match reply {
            Reply::Yes(body) => json!({"accepted": true, "body": body}),
            Reply::No(body) => json!({"accepted": false, "body": body}),
            Reply::Silence => json!("silence"),
        };
        self
    }

    /// A fault: so much fuel a call and no more.
    pub fn fuel(mut self, fuel: u64) -> Self {
        self.0["given"]["limits"]["fuel"] = fuel.into();
        self
    }

    /// A fault: so much memory a call and no more.
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.0["given"]["limits"]["memory_bytes"] = bytes.into();
        self
    }

    fn given(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.0["given"][name] = value.into();
        self
    }
}

/// What the component decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    said: Value,
    fuel: u64,
}

impl Told {
    /// The verdict: `approve`, `abstain`, `refuse` or `refer`; empty where the call failed.
    pub fn verdict(&self) -> &str {
        self.said["verdict"].as_str().unwrap_or_default()
    }

    /// The code of a refusal or a referral.
    pub fn code(&self) -> Option<&str> {
        self.said["code"].as_str()
    }

    /// How the call failed: `out-of-fuel`, `unreachable` for a panic, `bad-answer`, `undeclared-read`, `fault` and so on;
    /// none where it gave a decision.
    pub fn failed(&self) -> Option<&str> {
        self.said["failed"].as_str()
    }

    /// All that was decided, as a story's `then` has it.
    pub fn said(&self) -> &Value {
        &self.said
    }

    /// The fuel of all calls of the question together.
    pub fn fuel(&self) -> u64 {
        self.fuel
    }
}

fn run(arguments: &[OsString], input: &str) -> Output {
    let program = std::env::var_os(PROGRAM).filter(|name| !name.is_empty()).unwrap_or_else(|| "syndic".into());
    let mut command = Command::new(&program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|why| {
        panic!(
            "the real host is not here: `{}` cannot be run ({why}).\nPut `syndic` on your PATH, or name it: \
             {PROGRAM}=…/target/release/syndic cargo test",
            program.display()
        )
    });
    let mut told = child.stdin.take().expect("its input was asked for");
    // A program that ends without reading what it is told has said why.
    let _ = told.write_all(input.as_bytes());
    drop(told);
    child.wait_with_output().expect("a program that was begun comes to an end")
}

fn words(output: &Output) -> String {
    [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes).into_owned()).join("\n")
}
