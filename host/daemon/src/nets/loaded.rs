//! Nets that cases may run on: loaded, listed, unloaded; in a data directory that nobody serves, or at the daemon that does.

use std::path::Path;
use std::process::ExitCode;

use serde_json::{Value, json};
use syndic_api::{NetLine, NetMistake, NetReport, UnloadedLine};
use syndic_cli::args::{Place, There, Who};
use syndic_cli::client::{Remote, problem};
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::Config;
use syndic_engine::{Cause, Host, LoadedNet};
use syndic_store::MasterWanted;

use super::told::{is_pnml, line, load_problem, loaded_nets, pnml_problem, unload_problem, unloaded_line};
use super::{contents, no, report, unreadable};
use crate::embedded::{Embedded, components, log_to_stderr};
use crate::look::{open, read};
use crate::remote::once;
use crate::show::Show;
use crate::slots::cause;
use crate::trouble;

pub(super) fn load(file: &Path, who: &Who, place: Place, show: &Show) -> Result<ExitCode, Failure> {
    let text = net_text(file, show)?;
    let line = match place.there()? {
        There::Data(data) => {
            let embedded = embedded(&data)?;
            load_into(&embedded.host, file, &text, &cause(who), show)?
                .map(|loaded| line(&loaded.name, &loaded.record, loaded.report.is_none()))
        }
        There::Server(daemon) => {
            let path = format!("/v1/nets?reason={}", Remote::coded(&who.reason));
            match daemon.send_file(&path, "application/toml", text.as_bytes(), &once())? {
                Ok(told) => Some(told.read::<NetLine>()?),
                Err(problem) => {
                    not_loaded(file, &problem, show)?;
                    None
                }
            }
        }
    };
    let Some(line) = line else { return Ok(ExitCode::from(FailureKind::No.code())) };
    show.result(&line, |_| match line.duplicate {
        true => format!("`{}` stands there already; receipt {}", plain(&line.net), line.receipt),
        false => format!("`{}` is loaded; receipt {}", plain(&line.net), line.receipt),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn embedded(data: &Path) -> Result<Embedded, Failure> {
    Embedded::open(data, MasterWanted::Secret, Config::of_play(), &components(&[])?, log_to_stderr())
}

/// Loads a net before a stream is played, at the time at which the stream's clock stands before its first event: so the
/// same stream with the same nets leaves the same ledger. False where the net is not admitted, which was shown.
pub(crate) fn load_before_play(embedded: &Embedded, file: &Path, show: &Show) -> Result<bool, Failure> {
    let at = embedded.host.ports().clock.now();
    let cause = Cause { by: "play".into(), reason: "the stream's cases run on it".into(), at, id: None };
    Ok(load_into(&embedded.host, file, &net_text(file, show)?, &cause, show)?.is_some())
}

/// Loads a net; where it is not admitted, shows why, and there is none.
fn load_into(host: &Host, file: &Path, text: &str, cause: &Cause, show: &Show) -> Result<Option<LoadedNet>, Failure> {
    match host.load_net(text, cause).map_err(|halt| trouble::halted(&halt))? {
        Ok(loaded) => Ok(Some(loaded)),
        Err(why) => not_loaded(file, &json!(load_problem(&why)), show).map(|()| None),
    }
}

/// Says why a net is not loaded: shows what was found out about it, or fails with the reason.
fn not_loaded(file: &Path, why: &Value, show: &Show) -> Result<(), Failure> {
    let said = |member: &str| why[member].as_str().unwrap_or_default();
    let net = match said("net") {
        "" => file.display().to_string(),
        net => net.to_owned(),
    };
    match (said("kind"), said("why")) {
        ("NetUnreadable", _) => {
            let mistakes: Vec<NetMistake> = serde_json::from_value(why["mistakes"].clone()).unwrap_or_default();
            Err(unreadable(file, &mistakes, show))
        }
        ("NetRejected", "") => {
            let Ok(found) = serde_json::from_value::<NetReport>(why.clone()) else { return Err(problem(why)) };
            show.result(&found, |_| report::told(&found))?;
            show.aside(&format!("`{}` is not loaded", plain(&net)));
            Ok(())
        }
        ("NetRejected", word) => Err(no(&net, "is not loaded").because(said("detail")).hint(match word {
            "inline" => "load the nets first that its composite tasks name",
            "oversize" => "make several nets of it",
            "pnml" => "`syndic net convert --to toml` begins a net file from it",
            _ => "`syndic net check` says what holds of it",
        })),
        ("BadRequest", _) => Err(Failure::new(FailureKind::Usage, "the net is not loaded")
            .because(said("detail"))
            .hint("see `--by` and `--reason`")),
        _ => Err(problem(why)),
    }
}

/// A net file's text. A plain net says nothing of who does what.
fn net_text(file: &Path, show: &Show) -> Result<String, Failure> {
    let text = contents(file)?;
    if is_pnml(&text) {
        not_loaded(file, &json!(pnml_problem()), show)?;
    }
    Ok(text)
}

pub(super) fn list(place: Place, show: &Show) -> Result<ExitCode, Failure> {
    let lines: Vec<NetLine> = match place.there()? {
        There::Data(data) => read(loaded_nets(&open(&data)?))?,
        There::Server(daemon) => daemon.get("/v1/nets")?.read()?,
    };
    if show.json {
        lines.iter().try_for_each(|line| show.result(line, |_| String::new()))?;
    } else if lines.is_empty() {
        show.aside("no net is loaded");
    } else {
        let row = |line: &NetLine| {
            let digest: String = line.digest.chars().take("sha256:".len() + 12).collect();
            let receipt = line.receipt.to_string();
            vec![plain(&line.net).into_owned(), digest, line.loaded.clone(), plain(&line.by).into_owned(), receipt]
        };
        let table = tables::table(&["net", "digest", "loaded", "by", "receipt"], &[4], lines.iter().map(row));
        show.line(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(super) fn unload(name: &str, who: &Who, place: Place, show: &Show) -> Result<ExitCode, Failure> {
    let told: Result<UnloadedLine, Value> = match place.there()? {
        There::Data(data) => {
            drop(open(&data)?);
            let embedded = embedded(&data)?;
            match embedded.host.unload_net(name, &cause(who)).map_err(|halt| trouble::halted(&halt))? {
                Ok(unloaded) => Ok(read(unloaded_line(&*embedded.store, unloaded))?),
                Err(why) => Err(json!(unload_problem(&why))),
            }
        }
        There::Server(daemon) => {
            let path = format!("/v1/nets/{}?reason={}", Remote::coded(name), Remote::coded(&who.reason));
            match daemon.delete_once(&path, &once())? {
                Ok(told) => Ok(told.read()?),
                Err(problem) => Err(problem),
            }
        }
    };
    let line = told.map_err(|why| not_unloaded(name, &why))?;
    show.result(&line, |_| match line.under_way {
        Some(0) => format!("`{}` is unloaded; receipt {}", plain(&line.net), line.receipt),
        Some(many) => format!("`{}` is unloaded; receipt {}; cases that go on: {many}", plain(&line.net), line.receipt),
        None => format!("`{}` is unloaded; receipt {}; cases that run go on", plain(&line.net), line.receipt),
    })?;
    Ok(ExitCode::SUCCESS)
}

fn not_unloaded(name: &str, why: &Value) -> Failure {
    match why["kind"].as_str() {
        Some("NotFound") => no(name, "is not loaded")
            .because("it never was, or is unloaded already")
            .hint("`syndic net list` shows those that are"),
        Some("BadRequest") => Failure::new(FailureKind::Usage, "the net is not unloaded")
            .because(why["detail"].as_str().unwrap_or_default())
            .hint("see `--by` and `--reason`"),
        _ => problem(why),
    }
}
