//! Slots of a daemon that runs: looked at and changed through its door, in the same words as those of a directory.

use serde_json::{Value, json};
use syndic_api::{ExplainBody, PastVersion, PromoteBody, RevertBody, SlotLine, SwappedLine, TrialFile};
use syndic_cli::Failure;
use syndic_cli::client::Remote;
use syndic_core::versions::Mode;
use syndic_engine::{Allow, Install};

use crate::remote::{once, pages};

/// The path of a slot, and what is behind it.
fn path(slot: &str, what: &str) -> String {
    format!("/v1/governors/{}/{what}", Remote::coded(slot))
}

pub(crate) fn slots(daemon: &Remote) -> Result<Vec<SlotLine>, Failure> {
    daemon.get("/v1/governors")?.read()
}

/// One slot.
pub(crate) fn slot(daemon: &Remote, slot: &str) -> Result<SlotLine, Failure> {
    daemon.get(&format!("/v1/governors/{}", Remote::coded(slot)))?.read()
}

pub(crate) fn history(daemon: &Remote, slot: &str) -> Result<Vec<PastVersion>, Failure> {
    pages(daemon, &path(slot, "history"), "", None, usize::MAX)
}

/// The trial of a slot, with the differences behind one.
pub(crate) fn trial(daemon: &Remote, slot: &str, after: u64) -> Result<TrialFile, Failure> {
    daemon.get(&format!("{}?after={after}", path(slot, "trial")))?.read()
}

/// Installs a component, and waits for as long as that takes.
pub(crate) fn install(daemon: &Remote, install: &Install) -> Result<SwappedLine, Failure> {
    let mut query = format!("?reason={}", Remote::coded(&install.cause.reason));
    let mut say = |name: &str, value: &str| query.push_str(&format!("&{name}={}", Remote::coded(value)));
    match install.mode {
        Mode::Active => {}
        Mode::Shadow => say("mode", "shadow"),
        Mode::Canary(percent) => {
            say("mode", "canary");
            say("percent", &percent.to_string());
        }
    }
    if let Some(tried) = install.backtest {
        say("backtest", &tried.last.to_string());
        if let Some(most) = tried.gates.different_max {
            say("max_different", &most.to_string());
        }
    }
    if !install.allow.is_empty() {
        say("allow", &install.allow.iter().map(|allow| Allow::name(*allow)).collect::<Vec<_>>().join(","));
    }
    if let Some(signature) = &install.signature {
        say("signature", &String::from_utf8_lossy(signature));
    }
    let path = path(install.slot.as_str(), "install") + &query;
    daemon.send_component(&path, &install.component, &once())?.read()
}

pub(crate) fn promote(daemon: &Remote, slot: &str, force: bool, reason: &str) -> Result<SwappedLine, Failure> {
    act(daemon, slot, "promote", &json!(PromoteBody { reason: reason.to_owned(), force }))
}

pub(crate) fn revert(daemon: &Remote, slot: &str, reason: &str) -> Result<SwappedLine, Failure> {
    act(daemon, slot, "revert", &json!(RevertBody { reason: reason.to_owned() }))
}

pub(crate) fn explain(
    daemon: &Remote,
    slot: &str,
    difference: Option<u64>,
    reason: &str,
) -> Result<SwappedLine, Failure> {
    act(daemon, slot, "explain", &json!(ExplainBody { reason: reason.to_owned(), difference }))
}

fn act(daemon: &Remote, slot: &str, verb: &str, body: &Value) -> Result<SwappedLine, Failure> {
    daemon.post(&path(slot, verb), body)?.read()
}
