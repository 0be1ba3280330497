//! Events over HTTP: sent, looked up, listed, and ordered about.

use axum::http::header::LOCATION;
use axum::http::{HeaderName, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use syndic_core::ports::{Act, REASON_MAX_BYTES, Verb};
use syndic_core::{DedupKey, Error, Event, Outcome, Report, Slot};

use super::App;
use super::answer::{self, json};
use super::ask::{Ask, not_for};
use super::binding::{self, Sent};
use super::caller::Caller;
use super::problem::Problem;
use super::service::{Accepted, EventsWanted, Target, Trail, Unavailable};
use super::whose::{as_theirs, not_theirs};
use crate::{EventLine, OrderBody, OrderVerb, OutcomeLine, Page, Prelude, ResendBody};

const PREFER: HeaderName = HeaderName::from_static("prefer");
const PREFERENCE_APPLIED: HeaderName = HeaderName::from_static("preference-applied");
pub(crate) const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
const TRACE_PARENT: HeaderName = HeaderName::from_static("traceparent");
const TRACE_STATE: HeaderName = HeaderName::from_static("tracestate");

/// Takes one event or a batch.
pub(crate) async fn submit(app: &App, ask: Ask) -> Result<Response, Problem> {
    let trail = trail(&ask);
    match binding::read(&ask)? {
        Sent::Several(events) => Ok(batch(app, &ask, &trail, events).await?.into_response()),
        Sent::One(event) => {
            let event = counted(app, event)?;
            let caller = ask.caller();
            if !caller.may_touch(&event.tenant) {
                return Err(not_for(caller, &event.tenant));
            }
            let event = as_theirs(app, caller, event).await?.map_err(|error| not_theirs(&error))?;
            if prefers_async(&ask)? { later(app, event, &trail).await } else { now(app, event, &trail).await }
        }
    }
}

/// The trace that the sender is in. A header that does not read, or is there twice, is as good as none.
pub(crate) fn trail(ask: &Ask) -> Trail {
    let text = |name: &HeaderName| {
        let mut values = ask.headers.get_all(name).iter();
        let (Some(value), None) = (values.next(), values.next()) else { return None };
        value.to_str().ok().map(str::to_owned)
    };
    Trail { parent: text(&TRACE_PARENT), state: text(&TRACE_STATE) }
}

/// What is no event was turned away here, and counts as what was turned away.
fn counted(app: &App, event: Result<Event, Error>) -> Result<Event, Problem> {
    event.map_err(|error| {
        app.metrics.turned_away();
        Problem::from(&error)
    })
}

fn prefers_async(ask: &Ask) -> Result<bool, Problem> {
    let wishes = ask.header(&PREFER)?.unwrap_or_default();
    let bare = |wish: &str| wish.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    Ok(wishes.split(',').any(|wish| bare(wish) == "respond-async"))
}

async fn now(app: &App, event: Event, trail: &Trail) -> Result<Response, Problem> {
    let place = place_of(&event.key());
    let report = app.service.submit(event, trail).await?;
    app.metrics.answered_event(&report);
    told(&report, &place)
}

async fn later(app: &App, event: Event, trail: &Trail) -> Result<Response, Problem> {
    let place = place_of(&event.key());
    let applied = (PREFERENCE_APPLIED, "respond-async");
    match app.service.accept(event, trail).await? {
        Accepted::Kept => Ok((StatusCode::ACCEPTED, [(LOCATION, place.as_str()), applied]).into_response()),
        Accepted::Told(report) => {
            app.metrics.answered_event(&report);
            told(&report, &place)
        }
    }
}

/// An outcome as an answer: 201 for one that was made now, 200 for one of before.
fn told(report: &Report, place: &str) -> Result<Response, Problem> {
    if let (Outcome::Invalid, Some(error)) = (report.outcome, &report.error) {
        return Err(Problem::from(error));
    }
    let line = OutcomeLine::new(Prelude::default(), report);
    Ok(if report.duplicate {
        ([(LOCATION, place), (REPLAYED, "true")], json(&line)).into_response()
    } else {
        (StatusCode::CREATED, [(LOCATION, place)], json(&line)).into_response()
    })
}

/// Where an event and its outcome are looked up.
fn place_of(key: &DedupKey) -> String {
    let coded = |text| utf8_percent_encode(text, NON_ALPHANUMERIC);
    format!("/v1/events/{}?tenant={}&source={}", coded(&key.id), coded(&key.tenant), coded(&key.source))
}

/// The outcomes of a batch, in its order. All are under way at once: what must be in order is one customer's, and those
/// are let in here in the batch's order.
async fn batch(app: &App, ask: &Ask, trail: &Trail, events: Vec<Result<Event, Error>>) -> Result<Response, Problem> {
    let (caller, mut told) = (ask.caller(), Vec::with_capacity(events.len()));
    let mut underway = Vec::new();
    for (nth, event) in events.into_iter().enumerate() {
        let event = match event {
            Ok(event) => allowed(app, caller, event).await?,
            Err(error) => Err(error),
        };
        match event {
            Ok(event) => {
                underway.push((nth, app.service.submit(event, trail)));
                told.push(None);
            }
            Err(error) => {
                app.metrics.turned_away();
                told.push(Some(Report::turned_away("", error)));
            }
        }
    }
    for (nth, report) in underway {
        let report = report.await?;
        app.metrics.answered_event(&report);
        told[nth] = Some(report);
    }
    let reports = told.into_iter().enumerate().filter_map(|(nth, report)| Some((nth, report?)));
    let line = |nth: usize| Prelude { line: Some(nth as u64 + 1), ..Prelude::default() };
    let lines: Vec<OutcomeLine> = reports.map(|(nth, report)| OutcomeLine::new(line(nth), &report)).collect();
    Ok(json(&lines))
}

/// In a batch, what is another tenant's, or a command that is not this caller's, is turned away by itself.
async fn allowed(app: &App, caller: &Caller, event: Event) -> Result<Result<Event, Error>, Unavailable> {
    if caller.may_touch(&event.tenant) {
        return as_theirs(app, caller, event).await;
    }
    Ok(Err(Error::invalid(format!("`tenant` may not be `{}` with this token", event.tenant))))
}

/// An event and what became of it; 202 while it is kept and not judged yet.
pub(crate) async fn show(app: &App, ask: Ask) -> Result<Response, Problem> {
    let id = ask.part("id").to_owned();
    if let Some(key) = whole_key(&ask)?
        && app.service.is_pending(&key)
    {
        return Ok((StatusCode::ACCEPTED, [(LOCATION, place_of(&key))]).into_response());
    }
    let key = meant(app, &ask).await?;
    let file = app.service.event(key).await?.ok_or_else(|| unknown(&id))?;
    answer::conditional(&ask, &file)
}

/// The key, where the request names all of it.
fn whole_key(ask: &Ask) -> Result<Option<DedupKey>, Problem> {
    let (tenant, id) = (ask.tenant()?, ask.part("id").to_owned());
    let source = ask.wish("source").map(str::to_owned);
    Ok(tenant.zip(source).map(|(tenant, source)| DedupKey { tenant, source, id }))
}

fn unknown(id: &str) -> Problem {
    Problem::not_found(&format!("event `{id}`: what was turned away is not kept, and what is over for 30 days"))
}

/// The one event that a request means.
async fn meant(app: &App, ask: &Ask) -> Result<DedupKey, Problem> {
    let (tenant, source) = (ask.tenant()?, ask.wish("source"));
    let id = ask.part("id");
    let mut keys = app.service.events_of_id(id.to_owned()).await?;
    // One that is stuck is found though its key was forgotten.
    let stuck = app.service.stuck().await?.into_iter().filter(|line| line.id == id);
    keys.extend(stuck.map(|line| DedupKey { tenant: line.tenant, source: line.source, id: line.id }));
    keys.sort();
    keys.dedup();
    keys.retain(|key| {
        tenant.as_ref().is_none_or(|tenant| key.tenant == *tenant) && source.is_none_or(|source| key.source == source)
    });
    match keys.len() {
        0 => Err(unknown(id)),
        1 => Ok(keys.swap_remove(0)),
        _ => {
            let all: Vec<String> = keys.iter().map(|key| format!("{} from {}", key.tenant, key.source)).collect();
            Err(Problem::new("Ambiguous", format!("events of the id `{id}`: {}", all.join("; "))))
        }
    }
}

/// Events and their outcomes.
pub(crate) async fn list(app: &App, ask: Ask) -> Result<Response, Problem> {
    let outcome = ask.wish("outcome").map(|name| {
        let named = Outcome::ALL.into_iter().find(|outcome| outcome.name() == name);
        named.ok_or_else(|| Problem::bad_request(format!("`{name}` is not an outcome")))
    });
    let after = ask.wish("after").map(|cursor| answer::key_of(cursor).ok_or_else(|| bad_cursor(cursor)));
    let wanted = EventsWanted {
        tenant: ask.tenant()?,
        outcome: outcome.transpose()?,
        after: after.transpose()?,
        limit: ask.limit()?,
    };
    let found = app.scans.turn(app.service.events(wanted)).await?;
    let next = found.next.as_ref().map(answer::cursor_of);
    Ok(json(&Page::<EventLine> { items: found.items, next }))
}

pub(crate) fn bad_cursor(cursor: &str) -> Problem {
    Problem::bad_request(format!("`after` is the `next` of a page, and not `{}`", cursor.escape_debug()))
}

/// Carries out an order about an event.
pub(crate) async fn order(app: &App, ask: Ask) -> Result<Response, Problem> {
    let body: OrderBody = ask.json()?;
    let winner =
        body.winner.map(|name| Slot::new(&name).map_err(|why| Problem::bad_request(format!("`winner`: {why}"))));
    let winner = winner.transpose()?;
    if winner.is_some() && body.verb != OrderVerb::Resolve {
        return Err(Problem::bad_request("`winner` goes with the verb `resolve` only"));
    }
    let verb = match body.verb {
        OrderVerb::Resolve => Verb::Resolve { winner },
        OrderVerb::Refuse => Verb::Refuse,
        OrderVerb::Retry => Verb::Retry,
        OrderVerb::Undo => Verb::Undo,
        OrderVerb::Settle => Verb::Settle,
        OrderVerb::Release => Verb::Release,
    };
    let act = act(&ask, verb, body.reason)?;
    let target = Target::Event(meant(app, &ask).await?);
    done(app, target, act).await
}

/// Sends an effect again that nobody answered.
pub(crate) async fn resend(app: &App, ask: Ask) -> Result<Response, Problem> {
    let body: ResendBody = ask.json()?;
    let number = ask.number("number")?;
    let act = act(&ask, Verb::Resend, body.reason)?;
    let letter = match number.checked_sub(1) {
        Some(before) => app.service.undelivered(before, 1).await?.into_iter().next(),
        None => None,
    };
    let known = letter.is_some_and(|letter| letter.number == number && ask.caller().may_touch(&letter.tenant));
    if !known {
        return Err(Problem::not_found(&format!("undelivered effect {number}")));
    }
    done(app, Target::Letter(number), act).await
}

fn act(ask: &Ask, verb: Verb, reason: String) -> Result<Act, Problem> {
    if reason.trim().is_empty() || reason.len() > REASON_MAX_BYTES {
        return Err(Problem::bad_request(format!("`reason` is a text of 1 to {REASON_MAX_BYTES} bytes")));
    }
    Ok(Act { verb, by: ask.caller().name.clone(), reason })
}

async fn done(app: &App, target: Target, act: Act) -> Result<Response, Problem> {
    let report = app.service.order(target, act).await??;
    Ok(json(&OutcomeLine::new(Prelude::default(), &report)))
}
