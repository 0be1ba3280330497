//! Events: what became of them, and what a person does about those that are not over.

use std::path::Path;
use std::process::ExitCode;

use indicatif::ProgressBar;
use serde::Serialize;
use serde_json::json;
use syndic_api::{EventLine, QuarantinedLine, StuckLine, UndeliveredLine};
use syndic_cli::args::{About, EventVerb, Judges, There};
use syndic_cli::client::Remote;
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::ports::{Act, Reads, Verb};
use syndic_core::{Config, DedupKey, Outcome, Slot};
use syndic_engine::{Denied, Order, StreamRules, Target};
use syndic_store::{MasterWanted, SledStore};

use crate::embedded::{Embedded, components, log_to_stderr};
use crate::look::{open, pretty, read};
use crate::play::Run;
use crate::remote;
use crate::service::event_file;
use crate::show::Show;

pub(crate) fn run(verb: EventVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        EventVerb::Submit { file, strict, server } => remote::submit(&file, strict, &server, show),
        EventVerb::Show { id, place } => match place.there()? {
            There::Data(data) => show_event(&open(&data)?, &id, show),
            There::Server(daemon) => remote::show(&daemon, &format!("/v1/events/{}", Remote::coded(&id)), show),
        },
        EventVerb::List { outcome, tenant, limit, place } => {
            let wanted = |line: &EventLine| {
                outcome.as_ref().is_none_or(|outcome| line.outcome == *outcome)
                    && tenant.as_ref().is_none_or(|tenant| line.tenant == *tenant)
            };
            let lines = match place.there()? {
                There::Data(data) => list(&open(&data)?, wanted, limit)?,
                There::Server(daemon) => remote::events(&daemon, outcome.as_deref(), tenant.as_deref(), limit)?,
            };
            list_lines(&lines, show)
        }
        EventVerb::Stuck { place } => {
            let lines = match place.there()? {
                There::Data(data) => stuck(&open(&data)?)?,
                There::Server(daemon) => daemon.get("/v1/stuck")?.read()?,
            };
            stuck_lines(&lines, show)
        }
        EventVerb::Undelivered { place } => {
            let lines = match place.there()? {
                There::Data(data) => undelivered(&open(&data)?)?,
                There::Server(daemon) => remote::undelivered(&daemon)?,
            };
            undelivered_lines(&lines, show)
        }
        EventVerb::Quarantined { place } => {
            let lines = match place.there()? {
                There::Data(data) => quarantined(&open(&data)?)?,
                There::Server(daemon) => daemon.get("/v1/quarantined")?.read()?,
            };
            quarantined_lines(&lines, show)
        }
        EventVerb::Resolve { about, winner, refuse, judges } => {
            let verb = if refuse { Verb::Refuse } else { Verb::Resolve { winner: slot(winner)? } };
            order_about(about, verb, &judges, show)
        }
        EventVerb::Retry { about, judges } => order_about(about, Verb::Retry, &judges, show),
        EventVerb::Settle { about, undone, retry: _ } => {
            let verb = if undone { Verb::Settle } else { Verb::Undo };
            order_about(about, verb, &Judges { governor: Vec::new() }, show)
        }
        EventVerb::Release { about, judges } => order_about(about, Verb::Release, &judges, show),
        EventVerb::Resend { number, reason, by, judges, place } => match place.there()? {
            There::Data(data) => {
                let act = Act { verb: Verb::Resend, by, reason };
                order(&data, Order { target: Target::Letter(number), act }, &judges, show)
            }
            There::Server(daemon) => {
                judged_there(&judges)?;
                remote::resend(&daemon, number, reason, show)
            }
        },
    }
}

fn slot(name: Option<String>) -> Result<Option<Slot>, Failure> {
    let wrong = |why| {
        let failure = Failure::new(FailureKind::Usage, "that is not a slot").because(why);
        failure.hint("name one like `billing`; a refusal or referral shows whose it is")
    };
    name.map(|name| Slot::new(name).map_err(wrong)).transpose()
}

fn show_event(store: &SledStore, id: &str, show: &Show) -> Result<ExitCode, Failure> {
    let keys = read(store.events_of_id(id))?;
    if keys.is_empty() {
        return Err(unknown(id));
    }
    for key in keys {
        let Some(file) = read(event_file(store, &key))? else { continue };
        let all = json!(file);
        show.result(&all, |_| pretty(&all))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Events read at a time.
const EVENTS_AT_ONCE: usize = 512;

fn list(store: &SledStore, wanted: impl Fn(&EventLine) -> bool, limit: usize) -> Result<Vec<EventLine>, Failure> {
    let mut lines = Vec::new();
    let mut after: Option<DedupKey> = None;
    while lines.len() < limit {
        let page = read(store.events(after.as_ref(), EVENTS_AT_ONCE))?;
        let Some((last, _)) = page.last() else { break };
        after = Some(last.clone());
        lines.extend(page.into_iter().map(|(key, known)| EventLine::new(key, &known)).filter(&wanted));
    }
    lines.truncate(limit);
    Ok(lines)
}

fn list_lines(lines: &[EventLine], show: &Show) -> Result<ExitCode, Failure> {
    rows(show, lines, "no such event", &["event", "tenant", "source", "outcome", "receipt"], |line| {
        let receipt = line.receipt.map_or_else(|| "-".into(), |receipt| receipt.to_string());
        let outcome = show.paint.outcome(&line.outcome, &line.outcome);
        vec![clean(&line.id), clean(&line.tenant), clean(&line.source), outcome, receipt]
    })
}

fn stuck(store: &SledStore) -> Result<Vec<StuckLine>, Failure> {
    Ok(read(store.parked())?.into_iter().map(|(key, parked)| StuckLine::new(key, &parked)).collect())
}

fn stuck_lines(lines: &[StuckLine], show: &Show) -> Result<ExitCode, Failure> {
    let headings = ["event", "tenant", "receipt", "to undo", "by", "tries", "next try"];
    rows(show, lines, "nothing is stuck", &headings, |line| {
        let next = line.next.clone().unwrap_or_else(|| "given up".into());
        let undo = line.undo.clone().unwrap_or_default();
        let (receipt, tries) = (line.receipt.to_string(), line.tries.to_string());
        vec![
            clean(&line.id),
            clean(&line.tenant),
            receipt,
            clean(&line.remaining.join(", ")),
            clean(&undo),
            tries,
            next,
        ]
    })
}

fn undelivered(store: &SledStore) -> Result<Vec<UndeliveredLine>, Failure> {
    let letters = read(store.dead_letters(0, usize::MAX))?;
    Ok(letters.iter().map(|(number, letter)| UndeliveredLine::new(*number, letter)).collect())
}

fn undelivered_lines(lines: &[UndeliveredLine], show: &Show) -> Result<ExitCode, Failure> {
    let headings = ["number", "tenant", "subject", "effect", "action", "asked in", "sent again"];
    rows(show, lines, "nothing is undelivered", &headings, |line| {
        let (number, cause, resent) = (line.number.to_string(), line.cause.to_string(), line.resent.to_string());
        vec![number, clean(&line.tenant), clean(&line.subject), clean(&line.effect), clean(&line.action), cause, resent]
    })
}

fn quarantined(store: &SledStore) -> Result<Vec<QuarantinedLine>, Failure> {
    let poisons = read(store.poisons())?;
    let quarantined = poisons.iter().filter(|(_, poison)| poison.is_quarantined());
    Ok(quarantined.map(|(key, poison)| QuarantinedLine::new(key, poison)).collect())
}

fn quarantined_lines(lines: &[QuarantinedLine], show: &Show) -> Result<ExitCode, Failure> {
    rows(show, lines, "nothing is quarantined", &["slot", "traps", "last event", "tenant", "receipt"], |line| {
        let (traps, receipt) = (line.traps.to_string(), line.receipt.to_string());
        vec![line.slot.clone(), traps, clean(&line.id), clean(&line.tenant), receipt]
    })
}

fn clean(text: &str) -> String {
    plain(text).into_owned()
}

/// Lines as a table, or each as JSON; a sentence where there are none.
pub(crate) fn rows<T: Serialize>(
    show: &Show,
    lines: &[T],
    none: &str,
    headings: &[&str],
    row: impl Fn(&T) -> Vec<String>,
) -> Result<ExitCode, Failure> {
    if show.json {
        lines.iter().try_for_each(|line| show.result(line, |_| String::new()))?;
    } else if lines.is_empty() {
        show.aside(none);
    } else {
        show.line(&tables::table(headings, &[], lines.iter().map(row)).to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

fn order_about(about: About, verb: Verb, judges: &Judges, show: &Show) -> Result<ExitCode, Failure> {
    let data = match about.place.clone().there()? {
        There::Data(data) => data,
        There::Server(daemon) => {
            judged_there(judges)?;
            return remote::order(&daemon, &about, verb, show);
        }
    };
    let key = {
        let store = open(&data)?;
        one_event(&store, &about)?
    };
    let act = Act { verb, by: about.by, reason: about.reason };
    order(&data, Order { target: Target::Event(key), act }, judges, show)
}

/// A daemon judges with the governors that are installed there.
fn judged_there(judges: &Judges) -> Result<(), Failure> {
    if judges.governor.is_empty() {
        return Ok(());
    }
    Err(Failure::new(FailureKind::Usage, "the daemon judges with its own governors")
        .because("`--governor` is for a directory that no daemon serves")
        .hint("leave it away; `syndic governor install` puts another version in a slot"))
}

/// The one event that is meant. One that is stuck is found though its key was forgotten.
fn one_event(store: &SledStore, about: &About) -> Result<DedupKey, Failure> {
    let mut keys = read(store.events_of_id(&about.id))?;
    let parked = read(store.parked())?.into_iter().map(|(key, _)| key).filter(|key| key.id == about.id);
    keys.extend(parked);
    keys.sort();
    keys.dedup();
    keys.retain(|key| about.tenant.as_ref().is_none_or(|tenant| *tenant == key.tenant));
    keys.retain(|key| about.source.as_ref().is_none_or(|source| *source == key.source));
    match keys.len() {
        0 => Err(unknown(&about.id)),
        1 => Ok(keys.swap_remove(0)),
        _ => {
            let all: Vec<String> = keys.iter().map(|key| format!("{} from {}", key.tenant, key.source)).collect();
            Err(Failure::new(FailureKind::Usage, format!("several events have the id `{}`", about.id))
                .because(all.join("; "))
                .hint("name the one that is meant with `--tenant` and `--source`"))
        }
    }
}

fn unknown(id: &str) -> Failure {
    Failure::new(FailureKind::No, format!("no event `{id}` was accepted here"))
        .because("it was never sent here, or it was turned away at the door: those are not kept")
        .hint("`syndic event list` shows what there is; ids are compared byte for byte")
}

/// Carries an order out, and what follows from it. What a killed run left unfinished is completed first.
fn order(data: &Path, order: Order, judges: &Judges, show: &Show) -> Result<ExitCode, Failure> {
    // An order makes no data directory.
    drop(open(data)?);
    let verb = order.act.verb.clone();
    let components = components(&judges.governor)?;
    let embedded = Embedded::open(data, MasterWanted::Secret, Config::of_play(), &components, log_to_stderr())?;
    let mut run = Run::new(&embedded, StreamRules::default(), show, ProgressBar::hidden())?;
    run.recover()?;
    match run.order(order)? {
        Ok(()) => Ok(ExitCode::SUCCESS),
        Err(denied) => Err(Failure::new(FailureKind::No, format!("`{}` was not done", said(&verb)))
            .because(&denied)
            .hint(what_now(&denied))),
    }
}

/// A verb as it was typed: what the host does by itself, a person asks for with `settle --retry`.
fn said(verb: &Verb) -> &'static str {
    match verb {
        Verb::Undo => "settle --retry",
        Verb::Refuse => "resolve --refuse",
        verb => verb.name(),
    }
}

fn what_now(denied: &Denied) -> &'static str {
    match denied {
        Denied::Unknown { .. } => "`syndic event show ID` tells what became of an event",
        Denied::Otherwise { wanted: Outcome::Referred, .. } => {
            "`syndic event list --outcome referred` lists what waits"
        }
        Denied::Otherwise { wanted: Outcome::Stuck, .. } => "`syndic event stuck` lists what is",
        Denied::Otherwise { .. } => "`syndic event list --outcome rolled-back` lists what may be judged again",
        Denied::StillStuck { .. } => {
            "try again when the service is back, or undo it there by hand and settle the event with `--undone`"
        }
        Denied::NoLetter { .. } | Denied::Undelivered { .. } => "`syndic event undelivered` lists what waits",
        Denied::NotQuarantined { .. } => {
            "another version is not kept from it: `event retry` judges it; `--governor SLOT=FILE` names the one that trapped"
        }
        Denied::NotAwaited { is: Outcome::Referred, .. } => "refuse it: `syndic event resolve ID --refuse`",
        Denied::NotAwaited { .. } => "the case asks anew: `syndic case repair CASE --retry TASK`",
        Denied::Senseless(_) => "see `syndic event --help`",
    }
}
