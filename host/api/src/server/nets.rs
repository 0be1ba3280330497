//! Nets over HTTP: which stand there, what one says, another in its place, and none any more.
//!
//! A net is sent as the file it is, and what goes with it stands in the query. To prove it takes a while and goes on though
//! nobody waits for it any more; whoever sends the same again under the same `Idempotency-Key` hears what became of it.

use axum::http::StatusCode;
use axum::http::header::{ACCEPT, CONTENT_TYPE, LOCATION};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::App;
use super::answer::{conditional, json};
use super::ask::Ask;
use super::events::REPLAYED;
use super::problem::Problem;
use super::service::{LoadWanted, UnloadWanted};
use super::slots::key;

/// The media type of a net file.
pub(crate) const TOML: &str = "application/toml";

/// Bytes of a net file.
pub const NET_MAX_BYTES: usize = 1024 * 1024;

/// Every net that cases may begin on.
pub(crate) async fn list(app: &App, _: Ask) -> Result<Response, Problem> {
    Ok(json(&app.service.nets().await?))
}

/// One net: what stands of it, with its text; or the text alone, for who accepts that.
pub(crate) async fn show(app: &App, ask: Ask) -> Result<Response, Problem> {
    let file = app.service.net(ask.part("name").to_owned()).await?;
    let file = file.ok_or_else(|| Problem::not_found(&format!("net `{}`", ask.part("name").escape_debug())))?;
    let accepted = ask.header(&ACCEPT)?.unwrap_or_default();
    let media = accepted.split(',').map(|part| part.split(';').next().unwrap_or_default().trim());
    // The first that is known here: who names both is given what it named first.
    let wanted = media.clone().find(|media| [TOML, "text/plain", "application/json"].contains(media));
    match wanted {
        Some(TOML | "text/plain") => Ok(([(CONTENT_TYPE, TOML)], file.text).into_response()),
        _ => conditional(&ask, &file),
    }
}

/// Loads a net.
pub(crate) async fn load(app: &App, mut ask: Ask) -> Result<Response, Problem> {
    match ask.media_type()?.as_str() {
        TOML => {}
        other => {
            let detail = format!("a net is sent as {TOML}, not as `{other}`");
            return Err(Problem::new("UnsupportedMediaType", detail));
        }
    }
    let (reason, key, by) = (reason(&ask)?, key(&ask)?, ask.caller().name.clone());
    let text = String::from_utf8(std::mem::take(&mut ask.body).into());
    let text = text.map_err(|why| Problem::bad_request(format!("a net is text, in UTF-8: {}", why.utf8_error())))?;
    let loaded = app.service.load_net(LoadWanted { by, reason, key, text }).await?.map_err(|no| Problem::of(*no))?;
    let answer = json(&loaded);
    if loaded.duplicate {
        return Ok(([(REPLAYED, "true")], answer).into_response());
    }
    let place = format!("/v1/nets/{}", utf8_percent_encode(&loaded.net, NON_ALPHANUMERIC));
    Ok((StatusCode::CREATED, [(LOCATION, place)], answer).into_response())
}

/// Has no more cases begin on a net.
pub(crate) async fn unload(app: &App, ask: Ask) -> Result<Response, Problem> {
    let (reason, key, by) = (reason(&ask)?, key(&ask)?, ask.caller().name.clone());
    let wanted = UnloadWanted { net: ask.part("name").to_owned(), by, reason, key };
    let unloaded = app.service.unload_net(wanted).await?.map_err(|no| Problem::of(*no))?;
    let answer = json(&unloaded);
    Ok(if unloaded.duplicate { ([(REPLAYED, "true")], answer).into_response() } else { answer })
}

fn reason(ask: &Ask) -> Result<String, Problem> {
    match ask.wish("reason") {
        Some(reason) if !reason.is_empty() => Ok(reason.to_owned()),
        _ => Err(Problem::bad_request("`reason` is missing: it is kept with the receipt")),
    }
}
