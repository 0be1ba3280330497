//! Tokens over HTTP: made, listed, revoked.

use axum::http::StatusCode;
use axum::http::header::LOCATION;
use axum::response::{IntoResponse, Response};

use super::App;
use super::answer::json;
use super::ask::Ask;
use super::problem::Problem;
use super::tokens::mint;
use crate::TokenBody;

pub(crate) async fn make_token(app: &App, ask: Ask) -> Result<Response, Problem> {
    let wish: TokenBody = ask.json()?;
    if app.tokens.is_full() {
        return Err(Problem::new("Denied", "there are as many tokens as there may be; revoke some first"));
    }
    let (new, kept) = mint(&wish, app.service.now()).map_err(Problem::bad_request)?;
    app.tokens.add(&*app.service, kept, &ask.caller().name).await?;
    let place = format!("/v1/tokens/{}", new.token.id);
    Ok((StatusCode::CREATED, [(LOCATION, place)], json(&new)).into_response())
}

pub(crate) async fn list_tokens(app: &App, _: Ask) -> Result<Response, Problem> {
    Ok(json(&app.tokens.list()))
}

pub(crate) async fn revoke_token(app: &App, ask: Ask) -> Result<Response, Problem> {
    let id = ask.part("id");
    let revoked = app.tokens.revoke(&*app.service, id, &ask.caller().name).await?;
    let line = revoked.ok_or_else(|| Problem::not_found(&format!("token `{id}`")))?;
    Ok(json(&line))
}
