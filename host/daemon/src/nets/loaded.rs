//! Nets that cases may run on: loaded into a data directory, listed, unloaded.

use std::path::Path;
use std::process::ExitCode;

use syndic_api::NetLine;
use syndic_cli::args::{Place, There, Who};
use syndic_cli::plain::plain;
use syndic_cli::{Failure, FailureKind, tables};
use syndic_core::Config;
use syndic_core::ports::Reads;
use syndic_engine::cases::NotAdmitted;
use syndic_engine::{Cause, Host, LoadedNet, NetRecord, NotLoaded, nets};
use syndic_ledger::Digest;
use syndic_store::MasterWanted;

use super::{contents, no, report::Report, unreadable};
use crate::embedded::{Embedded, components, log_to_stderr};
use crate::look::{open, read};
use crate::show::Show;
use crate::slots::cause;
use crate::trouble;

pub(super) fn load(file: &Path, who: &Who, data: &Path, show: &Show) -> Result<ExitCode, Failure> {
    let text = net_text(file)?;
    let embedded = Embedded::open(data, MasterWanted::Secret, Config::of_play(), &components(&[])?, log_to_stderr())?;
    match load_into(&embedded.host, file, &text, &cause(who), show)? {
        None => Ok(ExitCode::from(FailureKind::No.code())),
        Some(loaded) => {
            let line = line(&loaded.name, &loaded.record, loaded.report.is_none());
            show.result(&line, |_| match line.duplicate {
                true => format!("`{}` stands there already; receipt {}", plain(&line.net), line.receipt),
                false => format!("`{}` is loaded; receipt {}", plain(&line.net), line.receipt),
            })?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

/// Loads a net before a stream is played, at the time at which the stream's clock stands before its first event: so the
/// same stream with the same nets leaves the same ledger. False where the net is not admitted, which was shown.
pub(crate) fn load_before_play(embedded: &Embedded, file: &Path, show: &Show) -> Result<bool, Failure> {
    let at = embedded.host.ports().clock.now();
    let cause = Cause { by: "play".into(), reason: "the stream's cases run on it".into(), at, id: None };
    Ok(load_into(&embedded.host, file, &net_text(file)?, &cause, show)?.is_some())
}

/// Loads a net; where it is not admitted, shows why, and there is none.
pub(crate) fn load_into(
    host: &Host,
    file: &Path,
    text: &str,
    cause: &Cause,
    show: &Show,
) -> Result<Option<LoadedNet>, Failure> {
    match host.load_net(text, cause).map_err(|halt| trouble::halted(&halt))? {
        Ok(loaded) => Ok(Some(loaded)),
        Err(NotLoaded::NotAdmitted(net, NotAdmitted::Judged(judgement))) => {
            let report = Report::of_plain(&net, &judgement);
            show.result(&report, |_| report.to_string())?;
            show.aside(&format!("`{}` is not loaded", plain(&net)));
            Ok(None)
        }
        Err(NotLoaded::Unreadable(why)) => Err(unreadable(file, &why, show)),
        Err(NotLoaded::Senseless(why)) => Err(Failure::new(FailureKind::Usage, "the net is not loaded")
            .because(why)
            .hint("see `--by` and `--reason`")),
        Err(NotLoaded::NotAdmitted(net, why @ NotAdmitted::Inline(_))) => {
            Err(no(&net, "is not loaded").because(why).hint("load the nets first that its composite tasks name"))
        }
        Err(NotLoaded::NotAdmitted(net, why)) => {
            Err(no(&net, "is not loaded").because(why).hint("`syndic net check` says what holds of it"))
        }
    }
}

/// A net file's text. A plain net says nothing of who does what.
pub(crate) fn net_text(file: &Path) -> Result<String, Failure> {
    let text = contents(file)?;
    if text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return Err(no(&file.display().to_string(), "is not loaded")
            .because("it is PNML, which does not say who does what")
            .hint("`syndic net convert --to toml` begins a net file from it"));
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
            vec![plain(&line.net).into_owned(), digest, line.loaded.clone(), plain(&line.by).into_owned()]
        };
        let table = tables::table(&["net", "digest", "loaded", "by"], &[], lines.iter().map(row));
        show.line(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Every net that stands under a name.
pub(crate) fn loaded_nets(store: &dyn Reads) -> Result<Vec<NetLine>, syndic_core::ports::StoreError> {
    Ok(nets::nets(store)?.into_iter().map(|(name, record)| line(&name, &record, false)).collect())
}

fn line(name: &str, record: &NetRecord, duplicate: bool) -> NetLine {
    NetLine {
        net: name.to_owned(),
        digest: Digest(record.digest).to_string(),
        loaded: record.at.clone(),
        by: record.by.clone(),
        receipt: record.receipt,
        duplicate,
    }
}

pub(super) fn unload(name: &str, who: &Who, data: &Path, show: &Show) -> Result<ExitCode, Failure> {
    drop(open(data)?);
    let embedded = Embedded::open(data, MasterWanted::Secret, Config::of_play(), &components(&[])?, log_to_stderr())?;
    let done = embedded.host.unload_net(name, &cause(who)).map_err(|halt| trouble::halted(&halt))?;
    let done = done.map_err(|why| {
        Failure::new(FailureKind::Usage, "the net is not unloaded").because(why).hint("see `--by` and `--reason`")
    })?;
    let Some(report) = done else {
        return Err(no(name, "is not loaded").hint("`syndic net list` shows those that are"));
    };
    let told = serde_json::json!({"net": name, "receipt": report.receipt});
    show.result(&told, |_| format!("`{}` is unloaded", plain(name)))?;
    Ok(ExitCode::SUCCESS)
}
