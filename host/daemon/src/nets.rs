//! The verbs of nets: check, show, convert, load. Files are read here; what is said of a net is `syndic_nets`' word.

mod loaded;
mod report;
mod text;
mod told;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use serde_json::json;
use syndic_api::NetMistake;
use syndic_cli::args::{Format, NetVerb, Which};
use syndic_cli::{Failure, FailureKind};
use syndic_nets::draw::Sketch;
use syndic_nets::format::{NotANet, read, read_pnml, write, write_pnml};
use syndic_nets::model::{InlineError, Kind, Library};
use syndic_nets::proof::{Budget, prove};
use syndic_nets::{Flat, Judgement, Net, marketplace};

pub(crate) use self::loaded::load_before_play;
use self::told::mistakes_of;
pub(crate) use self::told::{
    is_pnml, line, load_problem, loaded_nets, net_file, pnml_problem, unload_problem, unloaded_line,
};
use crate::show::Show;

pub(crate) fn run(verb: NetVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        NetVerb::Check(which) => check(&which, show),
        NetVerb::Show { which, svg, dot } => {
            let found = found(&which, show)?;
            match (svg, dot) {
                (true, _) => print("svg", found.name(), &found.sketch().svg(), show),
                (_, true) => print("dot", found.name(), &found.sketch().dot(), show),
                _ if show.json => show.line(&text::json(found.name(), &found.flat()?).to_string()),
                _ => show.line(&text::text(&found.net())),
            }?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Convert { which, to } => {
            let found = found(&which, show)?;
            match to {
                Format::Toml => print("toml", found.name(), &found.file()?, show),
                Format::Pnml => print("pnml", found.name(), &write_pnml(found.name(), &found.flat()?), show),
            }?;
            Ok(ExitCode::SUCCESS)
        }
        NetVerb::Load { file, who, place } => loaded::load(&file, &who, place, show),
        NetVerb::List { place } => loaded::list(place, show),
        NetVerb::Unload { name, who, place } => loaded::unload(&name, &who, place, show),
    }
}

/// A file's content: as it is, or as a member of an object for whoever asked for objects.
fn print(format: &str, name: &str, content: &str, show: &Show) -> Result<(), Failure> {
    match show.json {
        true => show.line(&json!({"net": name, format: content}).to_string()),
        false => show.line(content.trim_end()),
    }
}

/// What a file holds.
enum Found {
    Net(Net),
    /// A plain net. `odd` says where its cases begin, if that is not one token in its source.
    Plain {
        name: String,
        flat: Flat,
        odd: Option<String>,
    },
}

impl Found {
    fn name(&self) -> &str {
        match self {
            Self::Net(net) => &net.name,
            Self::Plain { name, .. } => name,
        }
    }

    fn sketch(&self) -> Sketch {
        match self {
            Self::Net(net) => Sketch::of_net(net),
            Self::Plain { name, flat, .. } => Sketch::of_flat(name, flat),
        }
    }

    fn net(&self) -> Net {
        match self {
            Self::Net(net) => net.clone(),
            Self::Plain { name, flat, .. } => Net::of_flat(name, flat),
        }
    }

    fn flat(&self) -> Result<Flat, Failure> {
        match self {
            Self::Net(net) => net.flatten().map_err(|why| no(&net.name, "has no plain form").because(why)),
            Self::Plain { flat, .. } => Ok(flat.clone()),
        }
    }

    /// As a net file, which has to read back: a plain net may hold what no model can mean.
    fn file(&self) -> Result<String, Failure> {
        let file = write(&self.net());
        match read(&file) {
            Ok(_) => Ok(file),
            Err(why) => Err(no(self.name(), "has no form as a net file").because(&why.mistakes[0].what)),
        }
    }
}

fn no(name: &str, what: &str) -> Failure {
    Failure::new(FailureKind::No, format!("`{name}` {what}"))
}

fn check(which: &Which, show: &Show) -> Result<ExitCode, Failure> {
    let report = match found(which, show)? {
        Found::Net(net) => match Judgement::of(&net, &Budget::default()) {
            Ok(judgement) => report::of(&net, &judgement),
            Err(why) => report::undecided(&net.name, &why.to_string()),
        },
        Found::Plain { name, odd: Some(odd), .. } => report::no_workflow_net(&name, &odd),
        Found::Plain { name, flat, odd: None } => {
            let verdict = prove(&flat, &Budget::default());
            report::of_plain(&name, &Judgement { flat, verdict, choices: Vec::new(), properties: Vec::new() })
        }
    };
    show.result(&report, |_| report::told(&report))?;
    Ok(if report.admitted { ExitCode::SUCCESS } else { ExitCode::from(FailureKind::No.code()) })
}

fn found(which: &Which, show: &Show) -> Result<Found, Failure> {
    let found = plain_or_net(&which.file, show)?;
    match found {
        Found::Net(net) if which.inline => inlined(&net, &which.file, show).map(Found::Net),
        found => Ok(found),
    }
}

fn plain_or_net(file: &Path, show: &Show) -> Result<Found, Failure> {
    let text = contents(file)?;
    let refuse = |why: NotANet| unreadable(file, &mistakes_of(&why), show);
    if !is_pnml(&text) {
        return read(&text).map(Found::Net).map_err(refuse);
    }
    let pnml = read_pnml(&text).map_err(refuse)?;
    let begins = pnml.flat.source.map(|source| [(source, 1)].into());
    let odd = (!pnml.marked.is_empty() && begins.is_some_and(|begins: syndic_nets::Tokens| begins != pnml.marked))
        .then(|| {
            let places: Vec<&str> = pnml.marked.keys().map(|place| pnml.flat.place(*place)).collect();
            format!("its cases begin with tokens in {}, and not with one in its source alone", places.join(", "))
        });
    Ok(Found::Plain { name: pnml.name, flat: pnml.flat, odd })
}

/// A file's text; where there is no such file, the marketplace's net of that name.
fn contents(file: &Path) -> Result<String, Failure> {
    let own = file.to_str().and_then(|name| marketplace::FILES.iter().find(|(own, _)| *own == name));
    match (fs::read(file), own) {
        (Ok(bytes), _) => String::from_utf8(bytes).map_err(|why| {
            let what = format!("`{}` is not readable as a net", file.display());
            Failure::new(FailureKind::Usage, what).because(why.utf8_error()).hint("a net is text, in UTF-8")
        }),
        (Err(_), Some((_, text))) => Ok((*text).to_owned()),
        (Err(why), None) => {
            let names: Vec<&str> = marketplace::FILES.iter().map(|(name, _)| *name).collect();
            Err(Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display()))
                .because(why)
                .hint(format!("name a file, or one of {}", names.join(", "))))
        }
    }
}

/// Programs are told every mistake by its place; people read them one below the other.
fn unreadable(file: &Path, mistakes: &[NetMistake], show: &Show) -> Failure {
    if show.json {
        // That the result cannot be written would hide why; the failure is told in any case.
        let _ = show.line(&json!({"file": file, "verdict": "unreadable", "mistakes": mistakes}).to_string());
    }
    let told =
        |NetMistake { line, column, message, .. }: &NetMistake| format!("line {line}, column {column}: {message}");
    let failure = Failure::new(FailureKind::Usage, format!("`{}` is not readable as a net", file.display()));
    match mistakes {
        [one] => failure.because(told(one)).hint(one.hint.clone()),
        _ => {
            let all: Vec<String> = mistakes.iter().map(|one| format!("{} ({})", told(one), one.hint)).collect();
            failure.because(all.join("\n       ")).hint("put them right; `syndic net check` tells what is left")
        }
    }
}

/// The net with its composite tasks replaced by the nets beside it, and by the marketplace's own.
fn inlined(net: &Net, file: &Path, show: &Show) -> Result<Net, Failure> {
    let mut library = Library::default();
    let mut wanted = vec![net.clone()];
    while let Some(net) = wanted.pop() {
        for task in &net.tasks {
            let Kind::Composite(name) = &task.kind else { continue };
            if library.0.iter().any(|known| known.name == *name) {
                continue;
            }
            let beside = file.with_file_name(format!("{name}.toml"));
            let own = if beside.exists() { beside } else { name.into() };
            if let Found::Net(inner) = plain_or_net(&own, show)? {
                library.0.push(Net { name: name.clone(), ..inner.clone() });
                wanted.push(inner);
            }
        }
    }
    library.inline(net).map_err(|why: InlineError| no(&net.name, "cannot be put together").because(why))
}
