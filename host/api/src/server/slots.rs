//! Governors over HTTP: who is in which slot, what a trial has shown, and another version in place of one.
//!
//! A component is sent as it is, and what goes with it stands in the query: so `curl --data-binary` installs one. What is
//! staged takes a while and goes on though nobody waits for it any more; whoever sends the same again under the same
//! `Idempotency-Key` hears what became of it.

use axum::response::{IntoResponse, Response};
use syndic_core::versions::Mode;

use super::App;
use super::answer::json;
use super::ask::Ask;
use super::binding::idempotency_key;
use super::events::REPLAYED;
use super::problem::Problem;
use super::service::{InstallWanted, SwapVerb, SwapWanted};
use crate::{ALLOWED, ExplainBody, Page, PromoteBody, RevertBody};

/// The media type of a component.
pub(crate) const WASM: &str = "application/wasm";

/// The modes a component may be installed in.
pub(crate) const MODES: [&str; 3] = ["active", "shadow", "canary"];

/// Bytes of a key: it stands in the ledger, and what is stored under is short.
const KEY_MAX_BYTES: usize = 256;

/// Every slot.
pub(crate) async fn list(app: &App, _: Ask) -> Result<Response, Problem> {
    Ok(json(&app.service.slots().await?))
}

/// One slot.
pub(crate) async fn show(app: &App, ask: Ask) -> Result<Response, Problem> {
    let slots = app.service.slots().await?;
    let slot = slots.into_iter().find(|line| line.slot == ask.part("slot"));
    Ok(json(&slot.ok_or_else(|| no_slot(&ask))?))
}

fn no_slot(ask: &Ask) -> Problem {
    Problem::not_found(&format!("slot `{}`", ask.part("slot").escape_debug()))
}

/// Every version a slot has had, in the order in which they came.
pub(crate) async fn history(app: &App, ask: Ask) -> Result<Response, Problem> {
    let (after, limit) = (ask.read_wish("after")?.unwrap_or(0), ask.limit()?);
    let items = app.service.versions(ask.part("slot").to_owned(), after, limit).await?;
    let items = items.ok_or_else(|| no_slot(&ask))?;
    let next = items.last().filter(|_| items.len() == limit).map(|last| last.number.to_string());
    Ok(json(&Page { items, next }))
}

/// What a trial has shown, with the differences behind one.
pub(crate) async fn trial(app: &App, ask: Ask) -> Result<Response, Problem> {
    let after = ask.read_wish("after")?.unwrap_or(0);
    let trial = app.service.trial(ask.part("slot").to_owned(), after).await?;
    let none = || Problem::not_found(&format!("version on trial in `{}`", ask.part("slot").escape_debug()));
    Ok(json(&trial.ok_or_else(none)?))
}

/// Installs a component.
pub(crate) async fn install(app: &App, mut ask: Ask) -> Result<Response, Problem> {
    match ask.media_type()?.as_str() {
        WASM => {}
        other => {
            let detail = format!("a component is sent as {WASM}, not as `{other}`");
            return Err(Problem::new("UnsupportedMediaType", detail));
        }
    }
    let install = InstallWanted {
        mode: mode(&ask)?,
        backtest: ask.read_wish("backtest")?,
        max_different: ask.read_wish("max_different")?,
        allow: allowed(&ask)?,
        signature: ask.wish("signature").map(str::to_owned),
        component: std::mem::take(&mut ask.body),
    };
    match (install.backtest, install.max_different) {
        (Some(0), _) => return Err(Problem::bad_request("`backtest` is how many decisions, from 1")),
        (None, Some(_)) => return Err(Problem::bad_request("`max_different` goes with `backtest`")),
        _ => {}
    }
    let reason = ask.wish("reason").unwrap_or_default().to_owned();
    swap(app, &ask, reason, SwapVerb::Install(install)).await
}

fn mode(ask: &Ask) -> Result<Mode, Problem> {
    match (ask.wish("mode"), ask.read_wish("percent")?) {
        (None | Some("active"), None) => Ok(Mode::Active),
        (Some("shadow"), None) => Ok(Mode::Shadow),
        (Some("canary"), Some(percent @ 1..=100)) => Ok(Mode::Canary(percent)),
        (Some("canary"), _) => Err(Problem::bad_request("a canary has a `percent` from 1 to 100")),
        (_, Some(_)) => Err(Problem::bad_request("`percent` goes with `mode=canary`")),
        (Some(other), _) => {
            let modes = MODES.join(", ");
            Err(Problem::bad_request(format!("`mode` is one of {modes}, not `{}`", other.escape_debug())))
        }
    }
}

/// What is let through, with commas between.
fn allowed(ask: &Ask) -> Result<Vec<&'static str>, Problem> {
    let words = ask.wish("allow").unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let known = |word: &str| ALLOWED.into_iter().find(|known| *known == word);
    let unknown = |word: &str| format!("`allow` is some of {}, and not `{}`", ALLOWED.join(", "), word.escape_debug());
    words.map(|word| known(word).ok_or_else(|| Problem::bad_request(unknown(word)))).collect()
}

/// Has the version on trial judge.
pub(crate) async fn promote(app: &App, ask: Ask) -> Result<Response, Problem> {
    let PromoteBody { reason, force } = ask.json()?;
    swap(app, &ask, reason, SwapVerb::Promote { force }).await
}

/// Ends a trial, or goes back.
pub(crate) async fn revert(app: &App, ask: Ask) -> Result<Response, Problem> {
    let RevertBody { reason } = ask.json()?;
    swap(app, &ask, reason, SwapVerb::Revert).await
}

/// Says why differences are all right.
pub(crate) async fn explain(app: &App, ask: Ask) -> Result<Response, Problem> {
    let ExplainBody { reason, difference } = ask.json()?;
    swap(app, &ask, reason, SwapVerb::Explain { difference }).await
}

/// Whoever asks is who does it: the name of its token stands in the receipt.
async fn swap(app: &App, ask: &Ask, reason: String, verb: SwapVerb) -> Result<Response, Problem> {
    if reason.is_empty() {
        return Err(Problem::bad_request("`reason` is missing: it is kept with the receipt"));
    }
    let (by, key) = (ask.caller().name.clone(), key(ask)?);
    let wanted = SwapWanted { slot: ask.part("slot").to_owned(), by, reason, key, verb };
    let swapped = app.service.swap(wanted).await?.map_err(|no| Problem::of(*no))?;
    let answer = json(&swapped);
    Ok(if swapped.duplicate { ([(REPLAYED, "true")], answer).into_response() } else { answer })
}

/// What an act is to be known by.
pub(crate) fn key(ask: &Ask) -> Result<Option<String>, Problem> {
    let key = idempotency_key(ask)?;
    if key.as_ref().is_some_and(|key| key.len() > KEY_MAX_BYTES) {
        return Err(Problem::bad_request(format!("the `Idempotency-Key` is over {KEY_MAX_BYTES} bytes")));
    }
    Ok(key)
}
