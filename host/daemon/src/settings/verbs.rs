//! `config`: what holds and where it comes from, whether a file is right, and what there is to configure.

use std::process::ExitCode;

use serde_json::json;
use syndic_cli::Failure;
use syndic_cli::args::{ConfigVerb, Configured};

use crate::settings::layers::spelt;
use crate::settings::value::{Given, Value};
use crate::settings::{Settings, all_but_last, keys, page};
use crate::show::Show;

pub(crate) fn run(verb: ConfigVerb, show: &Show) -> Result<ExitCode, Failure> {
    match verb {
        ConfigVerb::Show { configured } => list(&read(&configured, show)?, show)?,
        ConfigVerb::Check { file, configured } => {
            let configured = Configured { config: file.or(configured.config), ..configured };
            let settings = read(&configured, show)?;
            let governors = settings.components()?.len();
            let told = json!({"ok": true, "governors": governors, "digest": settings.rules.digest().to_string()});
            show.result(&told, |_| {
                format!("this can be run: {governors} governors, configuration {}", settings.rules.digest())
            })?;
        }
        ConfigVerb::Docs => show.line(&page::reference())?,
        ConfigVerb::Example => show.line(&page::example())?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read(configured: &Configured, show: &Show) -> Result<Settings, Failure> {
    Settings::read(configured).map_err(|wrong| all_but_last(wrong, |failure| show.aside(&format!("{failure}\n"))))
}

fn list(settings: &Settings, show: &Show) -> Result<(), Failure> {
    let values: Vec<(&Vec<String>, Value, String)> = settings
        .values
        .iter()
        .map(|(path, given)| {
            let (value, origin) = shown(path, given);
            (path, value, origin)
        })
        .collect();
    if show.json {
        return values.iter().try_for_each(|(path, value, origin)| {
            show.line(&json!({"key": spelt(path), "value": value.to_json(), "origin": origin}).to_string())
        });
    }
    let lines: Vec<(String, &String)> =
        values.iter().map(|(path, value, origin)| (format!("{} = {value}", spelt(path)), origin)).collect();
    let width = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = lines.iter().map(|(line, origin)| format!("{line:width$}  # {origin}")).collect();
    show.line(&lines.join("\n"))
}

/// A value as it is shown, and where it came from: of what may be secret only how much there is, and no flag's words.
fn shown(path: &[String], given: &Given) -> (Value, String) {
    let (value, origin) = (&given.value, given.origin.to_string());
    match value {
        Value::Texts(texts) if keys::at(path).is_some_and(keys::Key::is_secret) => {
            let flag = origin.split_once('=').map(|(flag, _)| flag.to_owned());
            (Value::Texts(texts.iter().map(|_| "…".to_owned()).collect()), flag.unwrap_or(origin))
        }
        other => (other.clone(), origin),
    }
}
