//! A command: made into an event, and sent through the door of a data directory or of a daemon.

use std::io::Cursor;
use std::path::Path;
use std::process::ExitCode;

use indicatif::ProgressBar;
use serde_json::{Value, json};
use syndic_cli::args::{CommandPlace, There};
use syndic_cli::client::Remote;
use syndic_cli::{Failure, FailureKind};
use syndic_core::command::case_of;
use syndic_core::ports::Reads as _;
use syndic_core::{Config, DedupKey, Event, Time};
use syndic_engine::{AHEAD_MAX_MS, StreamRules};
use syndic_ledger::Receipt;
use syndic_store::{MasterWanted, SledStore};

use super::put;
use super::shown::the_case;
use crate::embedded::{Embedded, calendars, components, log_to_stderr};
use crate::look::{open, read};
use crate::play::{Run, input};
use crate::remote;
use crate::show::Show;
use crate::slots::now;

/// Whose commands these are.
const SOURCE: &str = "/cli";

/// What somebody wants of a case or of a work item.
pub(super) struct Wish {
    kind: &'static str,
    subject: String,
    tenant: Option<String>,
    /// Who says so, where no daemon knows; a case begins by nobody.
    by: Option<String>,
    data: Value,
}

impl Wish {
    pub(super) fn new(
        kind: &'static str,
        subject: String,
        tenant: Option<String>,
        by: Option<String>,
        data: Value,
    ) -> Self {
        Self { kind, subject, tenant, by, data }
    }

    /// The event that says so.
    fn event(&self, tenant: &str, at: Time, id: Option<String>) -> Value {
        let Self { kind, subject, .. } = self;
        let mut data = self.data.clone();
        if let Some(by) = &self.by {
            data["by"] = by.clone().into();
        }
        let verb = kind.rsplit('.').next().unwrap_or_default();
        let id = id.unwrap_or_else(|| format!("{verb}/{subject}/{at}"));
        json!({
            "specversion": "1.0", "id": id, "source": SOURCE, "type": kind, "tenant": tenant, "subject": subject,
            "time": at.to_string(), "data": data,
        })
    }

    /// The same, where nothing is said of when. Sent again under its name it is the same command, so it is when it was
    /// given first. Else it is when the directory was last written to, and not the time of day: what is due between the
    /// two would come to pass at once, for a command that has nothing to do with it.
    fn next(&self, data: &Path, tenant: &str, id: Option<String>) -> Result<Value, Failure> {
        let store = open(data)?;
        let key = |id: &String| DedupKey { tenant: tenant.to_owned(), source: SOURCE.to_owned(), id: id.clone() };
        let known = read(id.as_ref().map_or(Ok(None), |id| store.dedup(&key(id))))?;
        if let Some(receipt) = known.and_then(|known| known.report.receipt)
            && let Some(entry) = read(store.receipt(receipt))?
            && let Ok(first) = Event::from_store(&entry.kept.event)
        {
            return Ok(self.event(tenant, first.time, id));
        }
        let last = read(store.head())?.frontier.size();
        let at = last_written(&store)?.unwrap_or_else(now);
        let Self { kind, subject, .. } = self;
        let id =
            id.unwrap_or_else(|| format!("{}/{subject}/after-{last}", kind.rsplit('.').next().unwrap_or_default()));
        Ok(self.event(tenant, at, Some(id)))
    }

    /// Where a daemon is told so, and what. Who says so it knows by the token; whose case it is, where that is of one
    /// tenant; and what time it is.
    fn request(self, at: Option<Time>) -> (String, Value) {
        let Self { kind, subject, tenant, mut data, .. } = self;
        let (path, mut body) = match kind.strip_prefix("syndic.").and_then(|rest| rest.split_once('.')) {
            Some(("case", "launch")) | None => {
                data["id"] = subject.into();
                ("/v1/cases".to_owned(), data)
            }
            Some((of, verb)) => {
                let things = if of == "case" { "cases" } else { of };
                let path = format!("/v1/{things}/{}/commands", Remote::coded(&subject));
                (path, json!({"command": verb, "data": data}))
            }
        };
        let said = [("tenant", tenant), ("time", at.map(|at| at.to_string()))];
        said.into_iter().for_each(|(name, text)| put(&mut body, name, text));
        (path, body)
    }
}

/// Sends a command, and prints what it came to and what followed.
pub(super) fn carry_out(wish: Wish, at: CommandPlace, show: &Show) -> Result<ExitCode, Failure> {
    let CommandPlace { place, at, command, config } = at;
    let at = at.as_deref().map(Time::parse).transpose().map_err(|why| {
        Failure::new(FailureKind::Usage, "`--at` is not a time").because(why).hint("write it like 2026-02-01T00:00:00Z")
    })?;
    match place.there()? {
        There::Data(data) => {
            let tenant = tenant_in(&data, &wish)?;
            let event = match at {
                Some(at) => wish.event(&tenant, in_reach(&data, at)?, command),
                None => wish.next(&data, &tenant, command)?,
            };
            played(&data, &event, config.as_deref(), show)
        }
        There::Server(_) if config.is_some() => Err(Failure::new(FailureKind::Usage, "a daemon has its own calendars")
            .because("`--config` says by which a directory counts days")
            .hint("leave `--config` away, or change the daemon's configuration and send it SIGHUP")),
        There::Server(daemon) => {
            let (path, body) = wish.request(at);
            remote::command(&daemon, &path, &body, command.as_deref(), show)
        }
    }
}

/// When a directory was last written to; none where no event was before, for what is loaded before any is of no time.
fn last_written(store: &SledStore) -> Result<Option<Time>, Failure> {
    let last = read(store.head())?.frontier.size();
    let leaf = read(store.receipt(last))?.and_then(|entry| Receipt::parse(entry.leaf.as_bytes()).ok());
    let time = leaf.and_then(|leaf| Time::parse(&leaf.time).ok());
    Ok(time.filter(|time| *time > Time::default()))
}

/// A moment, unless everything up to then would come to pass for a slip of the pen.
fn in_reach(data: &Path, at: Time) -> Result<Time, Failure> {
    match last_written(&open(data)?)? {
        Some(last) if at > last.plus_ms(AHEAD_MAX_MS) => {
            Err(Failure::new(FailureKind::Usage, format!("`--at` is more than 400 days after {last}"))
                .because("the directory was last written to then, and every timer up to `--at` would fire at once")
                .hint("check the year; `syndic play - --until TIME` lets time pass on purpose"))
        }
        _ => Ok(at),
    }
}

/// The tenant whose case is meant: the one that is named, or the only one that has a case of that id.
fn tenant_in(data: &Path, wish: &Wish) -> Result<String, Failure> {
    if let Some(tenant) = &wish.tenant {
        return Ok(tenant.clone());
    }
    if wish.kind == "syndic.case.launch" {
        return Err(Failure::new(FailureKind::Usage, "it is not clear whose case begins")
            .because("no tenant is named")
            .hint("add `--tenant TENANT`"));
    }
    let id = case_of(wish.kind, &wish.subject).unwrap_or(&wish.subject);
    Ok(the_case(&open(data)?, id, None)?.tenant)
}

/// Plays one command into a data directory. What a killed run left unfinished is completed first.
fn played(data: &Path, event: &Value, config: Option<&Path>, show: &Show) -> Result<ExitCode, Failure> {
    // A command makes no data directory.
    drop(open(data)?);
    let (components, calendars) = (components(&[])?, calendars(config, show)?);
    let rules = Config::of_play();
    let embedded = Embedded::open_counting(data, MasterWanted::Secret, rules, &components, log_to_stderr(), calendars)?;
    let rules = StreamRules::default();
    let mut run = Run::new(&embedded, rules, show, ProgressBar::hidden())?;
    run.recover()?;
    run.lines(&mut input(Cursor::new(format!("{event}\n").into_bytes())))?;
    let summary = run.counted();
    Ok(match (summary.invalid, summary.completed) {
        (0, 1..) => ExitCode::SUCCESS,
        (0, _) => ExitCode::from(FailureKind::No.code()),
        _ => ExitCode::from(FailureKind::Usage.code()),
    })
}
