//! Asking a daemon what a data directory would say, and sending it events.

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use syndic_api::{EventLine, FactLine, OrderBody, OrderVerb, Page, ReceiptLine, ResendBody, UndeliveredLine};
use syndic_cli::args::{About, Server};
use syndic_cli::client::Remote;
use syndic_cli::paint::Paint;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::ports::Verb;

use crate::look::pretty;
use crate::show::Show;

/// Events of one batch: many, so that they share the waiting; few enough to be answered soon.
const BATCH_MAX: usize = 200;

/// Bytes of one batch; the daemon takes four MiB.
const BATCH_MAX_BYTES: usize = 2 * 1024 * 1024;

/// Items of a page that the daemon gives at once.
const PAGE_MAX: usize = 500;

/// A document, as it is.
pub(crate) fn show(daemon: &Remote, path: &str, show: &Show) -> Result<ExitCode, Failure> {
    let all = daemon.get(path)?.value();
    show.result(&all, |_| pretty(&all))?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn facts(daemon: &Remote, tenant: &str, customer: Option<&str>) -> Result<Vec<FactLine>, Failure> {
    let tenant = Remote::coded(tenant);
    let path = match customer {
        Some(customer) => format!("/v1/tenants/{tenant}/customers/{}/facts", Remote::coded(customer)),
        None => format!("/v1/tenants/{tenant}/facts"),
    };
    daemon.get(&path)?.read()
}

pub(crate) fn events(
    daemon: &Remote,
    outcome: Option<&str>,
    tenant: Option<&str>,
    limit: usize,
) -> Result<Vec<EventLine>, Failure> {
    let mut query = String::new();
    for (name, value) in [("outcome", outcome), ("tenant", tenant)] {
        if let Some(value) = value {
            query.push_str(&format!("&{name}={}", Remote::coded(value)));
        }
    }
    pages(daemon, "/v1/events", &query, None, limit)
}

pub(crate) fn list_receipts(daemon: &Remote, from: u64, limit: usize, show: &Show) -> Result<ExitCode, Failure> {
    let after = from.saturating_sub(1).to_string();
    let lines: Vec<ReceiptLine> = pages(daemon, "/v1/receipts", "", Some(after), limit)?;
    if show.json {
        lines.iter().try_for_each(|line| show.result(line, |_| String::new()))?;
    } else {
        show.line(&tables::receipts(&lines, show.paint))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// A list of what is wanted, as much of it as is wanted.
pub(crate) fn list<T: serde::de::DeserializeOwned>(
    daemon: &Remote,
    path: &str,
    wanted: &[(&str, Option<&str>)],
    limit: usize,
) -> Result<Vec<T>, Failure> {
    let given = wanted.iter().filter_map(|(name, value)| Some((name, (*value)?)));
    let query: String = given.map(|(name, value)| format!("&{name}={}", Remote::coded(value))).collect();
    pages(daemon, path, &query, None, limit)
}

/// Gives a command to a case or a work item, and tells what became of it; the exit code says whether that was what was
/// wanted. One with a name is done once, however often it is given.
pub(crate) fn command(
    daemon: &Remote,
    path: &str,
    body: &Value,
    name: Option<&str>,
    show: &Show,
) -> Result<ExitCode, Failure> {
    let told = match name {
        Some(name) => daemon.post_once(path, body, name)?,
        None => daemon.post(path, body)?,
    };
    let line = told.value();
    show.result(&line, |paint| outcome_line(&line, paint))?;
    Ok(match line.get("outcome").and_then(Value::as_str).unwrap_or_default() {
        "completed" => ExitCode::SUCCESS,
        "invalid" => ExitCode::from(FailureKind::Usage.code()),
        _ => ExitCode::from(FailureKind::No.code()),
    })
}

/// A list, page by page, as long as it is wanted.
pub(crate) fn pages<T: serde::de::DeserializeOwned>(
    daemon: &Remote,
    path: &str,
    query: &str,
    mut after: Option<String>,
    limit: usize,
) -> Result<Vec<T>, Failure> {
    let mut items = Vec::new();
    while items.len() < limit {
        let some = (limit - items.len()).min(PAGE_MAX);
        let behind = after.map(|after| format!("&after={after}")).unwrap_or_default();
        let page: Page<T> = daemon.get(&format!("{path}?limit={some}{query}{behind}"))?.read()?;
        items.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    Ok(items)
}

/// Deferred effects that nobody answered.
pub(crate) fn undelivered(daemon: &Remote) -> Result<Vec<UndeliveredLine>, Failure> {
    pages(daemon, "/v1/undelivered", "", None, usize::MAX)
}

/// Gives an order about an event. The daemon knows by the token who gives it.
pub(crate) fn order(daemon: &Remote, about: &About, verb: Verb, show: &Show) -> Result<ExitCode, Failure> {
    let (verb, winner) = match verb {
        Verb::Resolve { winner } => (OrderVerb::Resolve, winner.map(|slot| slot.to_string())),
        Verb::Refuse => (OrderVerb::Refuse, None),
        Verb::Retry => (OrderVerb::Retry, None),
        Verb::Undo => (OrderVerb::Undo, None),
        Verb::Settle => (OrderVerb::Settle, None),
        Verb::Release => (OrderVerb::Release, None),
        Verb::Resend => unreachable!("an effect is sent again, and an event is not"),
    };
    let mut query = String::new();
    for (name, value) in [("tenant", &about.tenant), ("source", &about.source)] {
        if let Some(value) = value {
            let separator = if query.is_empty() { '?' } else { '&' };
            query.push_str(&format!("{separator}{name}={}", Remote::coded(value)));
        }
    }
    let path = format!("/v1/events/{}/orders{query}", Remote::coded(&about.id));
    ordered(daemon, &path, &json!(OrderBody { verb, reason: about.reason.clone(), winner }), show)
}

/// Has an effect sent again that nobody answered.
pub(crate) fn resend(daemon: &Remote, number: u64, reason: String, show: &Show) -> Result<ExitCode, Failure> {
    ordered(daemon, &format!("/v1/undelivered/{number}/resend"), &json!(ResendBody { reason }), show)
}

fn ordered(daemon: &Remote, path: &str, body: &Value, show: &Show) -> Result<ExitCode, Failure> {
    let outcome = daemon.post(path, body)?.value();
    show.result(&outcome, |paint| outcome_line(&outcome, paint))?;
    Ok(ExitCode::SUCCESS)
}

/// An outcome, its receipt, and why.
fn outcome_line(line: &Value, paint: Paint) -> String {
    let text = |name: &str| plain(line[name].as_str().unwrap_or_default()).into_owned();
    let why = line["error"]["message"].as_str().unwrap_or_default();
    let receipt = line["receipt"].as_u64().map_or_else(|| "-".into(), |receipt| format!("#{receipt}"));
    let word = paint.outcome(&text("outcome"), &format!("{:<11}", text("outcome")));
    format!("{word} {receipt:>7}  {}  {}", text("id"), plain(why))
}

/// Sends events, in the order of their lines.
pub(crate) fn submit(file: &Path, strict: bool, server: &Server, show: &Show) -> Result<ExitCode, Failure> {
    let Some(daemon) = server.remote()? else {
        return Err(Failure::new(FailureKind::Usage, "it is not clear where to send them")
            .because("no daemon is named")
            .hint("add `--server URL`; `syndic play` judges events without a daemon"));
    };
    let unread = |why| {
        Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
            .because(why)
            .hint("name a file of events, one JSON object per line; `-` reads them from stdin")
    };
    let input: Box<dyn BufRead> = match file.to_str() {
        Some("-") => Box::new(io::stdin().lock()),
        _ => Box::new(BufReader::new(File::open(file).map_err(unread)?)),
    };
    let mut sending = Sending { daemon, show, batch: Batch::default(), all_completed: true };
    for (nth, line) in (1..).zip(input.lines()) {
        let line = line.map_err(unread)?;
        if !line.trim().is_empty() {
            sending.take(nth, &line)?;
        }
    }
    sending.send()?;
    let good = sending.all_completed || !strict;
    Ok(if good { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::No.code()) })
}

/// Lines that are sent together, each with its number.
#[derive(Default)]
struct Batch {
    numbers: Vec<u64>,
    body: String,
}

struct Sending<'a> {
    daemon: Remote,
    show: &'a Show,
    batch: Batch,
    all_completed: bool,
}

impl Sending<'_> {
    fn take(&mut self, number: u64, line: &str) -> Result<(), Failure> {
        // What is no JSON would spoil the batch; it is turned away here, in its turn.
        if let Err(why) = serde_json::from_str::<&RawValue>(line) {
            self.send()?;
            let error = json!({"kind": "EventValidationFailed", "message": format!("not JSON: {why}")});
            return self.tell(json!({"line": number, "outcome": "invalid", "error": error}));
        }
        if self.batch.body.len() + line.len() > BATCH_MAX_BYTES || self.batch.numbers.len() == BATCH_MAX {
            self.send()?;
        }
        let separator = if self.batch.numbers.is_empty() { '[' } else { ',' };
        self.batch.body.push(separator);
        self.batch.body.push_str(line);
        self.batch.numbers.push(number);
        Ok(())
    }

    fn send(&mut self) -> Result<(), Failure> {
        let Batch { numbers, mut body } = std::mem::take(&mut self.batch);
        if numbers.is_empty() {
            return Ok(());
        }
        body.push(']');
        let told = self.daemon.send_batch(body.into_bytes())?.read::<Vec<Map<String, Value>>>()?;
        for (number, mut line) in numbers.into_iter().zip(told) {
            line.insert("line".into(), number.into());
            self.tell(Value::Object(line))?;
        }
        Ok(())
    }

    fn tell(&mut self, line: Value) -> Result<(), Failure> {
        self.all_completed &= line["outcome"] == "completed";
        self.show.result(&line, |paint| format!("{:>8}  {}", line["line"], outcome_line(&line, paint)))
    }
}

/// What an act is known by, so that it is not done twice where its answer is lost.
pub(crate) fn once() -> String {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    format!("{}-{}", std::process::id(), since.as_nanos())
}
