//! Cases and work items over HTTP: looked at, and commanded.
//!
//! A command is an event, and goes the way of any event; these routes only make it, with the caller as who says so, and the
//! caller's own tenant where none is named.

use std::sync::atomic::{AtomicU64, Ordering};

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use syndic_core::command::PREFIXES;
use syndic_core::ports::{CaseKey, WorkKey};
use syndic_core::{DedupKey, Event, Outcome};

use super::App;
use super::answer::{conditional, json as answer};
use super::ask::{Ask, not_for};
use super::binding::idempotency_key;
use super::caller::Role;
use super::events::trail;
use super::problem::Problem;
use super::service::{CasesWanted, WorkWanted, Worker};
use super::whose::{as_theirs, not_theirs};
use crate::{CaseLine, CommandBody, LaunchBody, OutcomeLine, Page, Prelude, WorkLine};

/// Whose commands these are.
const SOURCE: &str = "/http";

/// Commands without a key of their own, counted: two of one moment are two.
static UNNAMED: AtomicU64 = AtomicU64::new(0);

/// Cases, by tenant and id.
pub(crate) async fn list(app: &App, ask: Ask) -> Result<Response, Problem> {
    let wanted = CasesWanted {
        tenant: ask.tenant()?,
        status: ask.wish("status").map(str::to_owned),
        net: ask.wish("net").map(str::to_owned),
        after: ask.wish("after").map(case_at).transpose()?,
        limit: ask.limit()?,
    };
    let found = app.scans.turn(app.service.cases(wanted)).await?;
    let next = found.next.map(|key| json!([key.tenant, key.id]).to_string());
    Ok(answer(&Page::<CaseLine> { items: found.items, next }))
}

/// A case, and how it came to where it is.
pub(crate) async fn show(app: &App, ask: Ask) -> Result<Response, Problem> {
    let key = the_case(&ask, ask.part("id"), None)?;
    let missing = || Problem::not_found(&format!("case `{}` of `{}`", key.id, key.tenant));
    let file = app.service.case(key.clone()).await?.ok_or_else(missing)?;
    conditional(&ask, &file)
}

/// Open work items, by tenant, case, task and attempt. Who does them is shown their own, where nothing else is said.
pub(crate) async fn work(app: &App, ask: Ask) -> Result<Response, Problem> {
    let caller = ask.caller();
    let worker = Worker { name: caller.name.clone(), roles: caller.acts_in().map(<[_]>::to_vec) };
    let about = ask.wish("role").or(ask.wish("holder"));
    let own = ask.read_wish("mine")?.unwrap_or(caller.role == Role::Agent && about.is_none());
    let wanted = WorkWanted {
        worker: own.then_some(worker),
        tenant: ask.tenant()?,
        role: ask.wish("role").map(str::to_owned),
        holder: ask.wish("holder").map(str::to_owned),
        after: ask.wish("after").map(work_at).transpose()?,
        limit: ask.limit()?,
    };
    let found = app.scans.turn(app.service.works(wanted)).await?;
    let next = found.next.map(|key| json!([key.case.tenant, key.case.id, key.task, key.attempt]).to_string());
    Ok(answer(&Page::<WorkLine> { items: found.items, next }))
}

/// Begins a case.
pub(crate) async fn launch(app: &App, ask: Ask) -> Result<Response, Problem> {
    let body: LaunchBody = ask.json()?;
    let key = the_case(&ask, &body.id, body.tenant)?;
    let mut data = json!({"net": body.net, "data": body.data});
    if let Some(rehearse) = body.rehearse {
        data["rehearse"] = rehearse;
    }
    command(app, &ask, Wanted { kind: "syndic.case.launch".into(), of: key, data, time: body.time }).await
}

/// Has something done with a case.
pub(crate) async fn command_case(app: &App, ask: Ask) -> Result<Response, Problem> {
    let body: CommandBody = ask.json()?;
    let key = the_case(&ask, ask.part("id"), body.tenant)?;
    let kind = format!("{}{}", PREFIXES[0], body.command);
    command(app, &ask, Wanted { kind, of: key, data: body.data, time: body.time }).await
}

/// Has something done with a work item.
pub(crate) async fn command_work(app: &App, ask: Ask) -> Result<Response, Problem> {
    let body: CommandBody = ask.json()?;
    let key = the_case(&ask, ask.part("id"), body.tenant)?;
    let kind = format!("{}{}", PREFIXES[1], body.command);
    command(app, &ask, Wanted { kind, of: key, data: body.data, time: body.time }).await
}

/// Whose case, or item, is meant.
fn the_case(ask: &Ask, id: &str, tenant: Option<String>) -> Result<CaseKey, Problem> {
    let own = match tenant {
        Some(tenant) if ask.caller().may_touch(&tenant) => Some(tenant),
        Some(tenant) => return Err(not_for(ask.caller(), &tenant)),
        None => ask.tenant()?,
    };
    let unclear = || {
        let who = &ask.caller().name;
        Problem::bad_request(format!(
            "`{who}` is for all tenants, so it is not clear whose case is meant: name the `tenant`"
        ))
    };
    let tenant = own.ok_or_else(unclear)?;
    Ok(CaseKey { tenant, id: id.to_owned() })
}

/// A command that is wanted.
struct Wanted {
    kind: String,
    /// The case, or the work item.
    of: CaseKey,
    data: Value,
    time: Option<String>,
}

/// Makes a command, and has it carried out.
async fn command(app: &App, ask: &Ask, wanted: Wanted) -> Result<Response, Problem> {
    let Wanted { kind, of: CaseKey { tenant, id: subject }, mut data, time } = wanted;
    let caller = ask.caller();
    let key = idempotency_key(ask)?;
    let now = match (time, &key) {
        (Some(time), _) => time,
        (None, Some(key)) => as_of(app, &tenant, key).await?,
        (None, None) => app.service.now().to_string(),
    };
    if let Some(data) = data.as_object_mut().filter(|_| kind != "syndic.case.launch") {
        data.entry("by").or_insert_with(|| caller.name.clone().into());
    }
    let id = key.unwrap_or_else(|| format!("{kind}/{subject}/{now}/{}", UNNAMED.fetch_add(1, Ordering::Relaxed)));
    let event = json!({
        "specversion": "1.0", "id": id, "source": SOURCE, "type": kind, "tenant": tenant, "subject": subject,
        "time": now, "data": data,
    });
    let event = Event::from_outside(event.to_string().as_bytes()).map_err(|error| Problem::from(&error))?;
    let event = as_theirs(app, caller, event).await?.map_err(|error| not_theirs(&error))?;
    let report = app.service.submit(event, &trail(ask)).await?;
    if let (Outcome::Invalid, Some(error)) = (report.outcome, &report.error) {
        return Err(Problem::from(error));
    }
    let status = if report.duplicate { StatusCode::OK } else { StatusCode::CREATED };
    Ok((status, answer(&OutcomeLine::new(Prelude::default(), &report))).into_response())
}

/// When a command of a key was given for the first time; now, where it was not. Sent again it is the same command.
async fn as_of(app: &App, tenant: &str, key: &str) -> Result<String, Problem> {
    let key = DedupKey { tenant: tenant.to_owned(), source: SOURCE.to_owned(), id: key.to_owned() };
    let first = app.service.event(key).await?;
    let then = first.and_then(|file| file.event["time"].as_str().map(str::to_owned));
    Ok(then.unwrap_or_else(|| app.service.now().to_string()))
}

fn case_at(cursor: &str) -> Result<CaseKey, Problem> {
    let (tenant, id) = serde_json::from_str(cursor).map_err(|_| super::events::bad_cursor(cursor))?;
    Ok(CaseKey { tenant, id })
}

fn work_at(cursor: &str) -> Result<WorkKey, Problem> {
    let (tenant, id, task, attempt) = serde_json::from_str(cursor).map_err(|_| super::events::bad_cursor(cursor))?;
    Ok(WorkKey { case: CaseKey { tenant, id }, task, attempt })
}
