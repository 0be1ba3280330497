//! Looking over HTTP: facts, receipts, governors, what waits for somebody, how the host stands.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use syndic_core::ports::Entry;

use super::App;
use super::answer::{conditional, json};
use super::ask::{Ask, not_for};
use super::caller::Caller;
use super::metrics::OPEN_METRICS;
use super::problem::Problem;
use super::scans::{self, Stretch};
use super::service::{Health, Unavailable};
use crate::{MoveLine, Page, ReceiptFile, ReceiptLine};

/// Facts of a customer, or of the tenant.
pub(crate) async fn facts(app: &App, ask: Ask) -> Result<Response, Problem> {
    let (tenant, caller) = (ask.part("tenant").to_owned(), ask.caller());
    if !caller.may_touch(&tenant) {
        return Err(not_for(caller, &tenant));
    }
    let customer = ask.path.get("customer").cloned();
    let mut facts = app.scans.turn(app.service.facts(tenant, customer)).await?;
    if let Some(name) = ask.wish("name") {
        let within = |fact: &str| fact == name || fact.strip_prefix(name).is_some_and(|rest| rest.starts_with('.'));
        facts.retain(|fact| within(&fact.name));
    }
    conditional(&ask, &facts)
}

pub(crate) async fn moves(_: &App, ask: Ask) -> Result<Response, Problem> {
    conditional(&ask, &MoveLine::all())
}

pub(crate) async fn stats(app: &App, _: Ask) -> Result<Response, Problem> {
    Ok(json(&app.scans.turn(app.service.stats()).await?))
}

pub(crate) async fn stuck(app: &App, ask: Ask) -> Result<Response, Problem> {
    let tenant = ask.tenant()?;
    let mut lines = app.scans.turn(app.service.stuck()).await?;
    lines.retain(|line| tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant));
    Ok(json(&lines))
}

pub(crate) async fn quarantined(app: &App, ask: Ask) -> Result<Response, Problem> {
    let tenant = ask.tenant()?;
    let mut lines = app.scans.turn(app.service.quarantined()).await?;
    lines.retain(|line| tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant));
    Ok(json(&lines))
}

/// Deferred effects that nobody answered. Those of other tenants are passed over, and the page may be short.
pub(crate) async fn undelivered(app: &App, ask: Ask) -> Result<Response, Problem> {
    let (tenant, limit) = (ask.tenant()?, ask.limit()?);
    let mut items = app.scans.turn(app.service.undelivered(after(&ask)?, limit)).await?;
    let next = items.last().filter(|_| items.len() == limit).map(|last| last.number.to_string());
    items.retain(|line| tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant));
    Ok(json(&Page { items, next }))
}

/// Where a list goes on that is numbered.
fn after(ask: &Ask) -> Result<u64, Problem> {
    Ok(ask.read_wish("after")?.unwrap_or(0))
}

/// Receipts, in the ledger's order. Those of other tenants are passed over, and the page may be short.
pub(crate) async fn receipts(app: &App, ask: Ask) -> Result<Response, Problem> {
    let (tenant, limit) = (ask.tenant()?, ask.limit()?);
    let Stretch { lines: mut items, last } = scans::receipts(app, after(&ask)?, limit).await?;
    let next = last.filter(|_| items.len() == limit).map(|last| last.to_string());
    items.retain(|line| tenant.is_none() || line.tenant == tenant);
    Ok(json(&Page { items, next }))
}

pub(crate) fn lines(entries: &[(u64, Entry)]) -> Result<Vec<ReceiptLine>, Problem> {
    let line =
        |(sequence, entry): &(u64, Entry)| ReceiptLine::new(*sequence, entry).map_err(|why| damaged(*sequence, &why));
    entries.iter().map(line).collect()
}

fn damaged(sequence: u64, why: &dyn std::fmt::Display) -> Problem {
    Unavailable(format!("receipt {sequence} does not read: {why}")).into()
}

/// A receipt never changes, so neither does its tag.
pub(crate) async fn receipt(app: &App, ask: Ask) -> Result<Response, Problem> {
    let sequence = ask.number("sequence")?;
    let missing = || Problem::not_found(&format!("receipt {sequence}"));
    let entry = app.service.receipt(sequence).await?.ok_or_else(missing)?;
    let line = ReceiptLine::new(sequence, &entry).map_err(|why| damaged(sequence, &why))?;
    if !may_see(ask.caller(), line.tenant.as_deref()) {
        return Err(missing());
    }
    let file = ReceiptFile::new(&entry).map_err(|why| damaged(sequence, &why))?;
    conditional(&ask, &file)
}

/// Whether a receipt is for a caller: what is about no tenant is for those of all tenants.
pub(crate) fn may_see(caller: &Caller, tenant: Option<&str>) -> bool {
    tenant.map_or(caller.tenant.is_none(), |tenant| caller.may_touch(tenant))
}

pub(crate) async fn healthz(_: &App, _: Ask) -> Result<Response, Problem> {
    Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], "alive\n").into_response())
}

pub(crate) async fn readyz(app: &App, _: Ask) -> Result<Response, Problem> {
    match app.service.health() {
        Health::Ready => Ok(([(CONTENT_TYPE, "text/plain; charset=utf-8")], "ready\n").into_response()),
        Health::NotReady(why) => Err(Unavailable(why).into()),
    }
}

pub(crate) async fn metrics(app: &App, _: Ask) -> Result<Response, Problem> {
    let text = app.metrics.text(app.scans.turn(app.service.stats()).await?);
    let text = text.map_err(|_| Problem::new("Internal", "the metrics were not written"))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], text).into_response())
}
