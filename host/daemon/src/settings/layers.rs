//! Layers: defaults, under a file, under the environment, under flags. What is on top holds, and says where it is from.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use syndic_cli::args::Configured;
use syndic_cli::{Failure, FailureKind};
use toml::de::{DeTable, DeValue};

use crate::settings::keys::{self, KEYS, Key};
use crate::settings::value::{Given, Origin, Value, nearest, of_toml, of_word};

/// Every value there is, by its path.
pub(crate) type Values = BTreeMap<Vec<String>, Given>;

/// Variables that are older than the rule of how they are named, and what they stand for.
const OLDER: [(&str, &str); 2] = [("SYNDIC_FOLD_BYTES", "host.fold_bytes"), ("SYNDIC_CACHE", "host.compiled_cache")];

/// Gathers values, and everything that is wrong with them.
#[derive(Default)]
pub(crate) struct Layers {
    pub(crate) values: Values,
    pub(crate) wrong: Vec<Failure>,
}

impl Layers {
    /// All layers, with the file that was read.
    pub(crate) fn of(args: &Configured, env: impl Iterator<Item = (String, String)>) -> Self {
        let mut layers = Self::default();
        layers.defaults();
        if let Some(file) = &args.config {
            layers.file(file);
        }
        layers.env(env);
        layers.flags(args);
        layers
    }

    fn put(&mut self, path: Vec<String>, read: Result<Value, String>, origin: Origin) {
        match read {
            Ok(value) => drop(self.values.insert(path, Given { value, origin })),
            Err(why) => {
                self.refuse(format!("`{}` cannot be used", spelt(&path)), &origin, &why, &at_the_docs(keys::at(&path)));
            }
        }
    }

    fn refuse(&mut self, what: String, origin: &Origin, why: &str, hint: &str) {
        self.wrong.push(Failure::new(FailureKind::Usage, what).because(format!("{origin}: {why}")).hint(hint));
    }

    /// What holds where nobody says anything. Keys with names in them have their defaults where they are read.
    fn defaults(&mut self) {
        for key in KEYS.iter().filter(|key| !key.path.contains('*')) {
            if let Some(value) = default_of(key) {
                let given = Given { value, origin: Origin::Default };
                self.values.insert(key.parts().map(str::to_owned).collect(), given);
            }
        }
    }

    fn file(&mut self, file: &Path) {
        let unread = |why: String, hint: &str| {
            Failure::new(FailureKind::Usage, format!("`{}` cannot be read", file.display())).because(why).hint(hint)
        };
        let text = match std::fs::read_to_string(file) {
            Ok(text) => text,
            Err(why) => {
                let hint = "`syndic config example` prints one to begin with";
                return self.wrong.push(unread(why.to_string(), hint));
            }
        };
        match DeTable::parse(&text) {
            Ok(table) => Reading { layers: self, file, text: &text }.table(&mut Vec::new(), table.get_ref()),
            Err(why) => {
                let line = why.span().map_or(1, |span| line_of(&text, span.start));
                let origin = Origin::File(file.to_owned(), line);
                let hint = "it has to be TOML; `syndic config example` prints one to begin with";
                self.wrong.push(unread(format!("{origin}: {}", why.message()), hint));
            }
        }
    }

    /// Every variable that begins with our name and is meant for a key. Others, whoever set them, are left alone: where
    /// a service is called `syndic`, Kubernetes sets some.
    fn env(&mut self, env: impl Iterator<Item = (String, String)>) {
        let mut all: Vec<(String, String)> = env.collect();
        all.sort();
        for (name, word) in all {
            if let Some((_, path)) = OLDER.iter().find(|(older, _)| *older == name) {
                self.word(path.split('.').map(str::to_owned).collect(), &word, Origin::Env(name));
                continue;
            }
            let Some(rest) = name.strip_prefix("SYNDIC_") else { continue };
            let path: Vec<String> = rest.to_lowercase().split("__").map(str::to_owned).collect();
            match KEYS.iter().find_map(|key| named(key, &path)) {
                Some(path) => self.word(path, &word, Origin::Env(name)),
                None => self.unknown_variable(&name, rest),
            }
        }
    }

    /// A variable that is no key is refused where it looks as if it had been meant for one.
    fn unknown_variable(&mut self, name: &str, rest: &str) {
        let plain: Vec<String> = KEYS.iter().filter(|key| !key.path.contains('*')).map(variable).collect();
        let near = nearest(&name.to_lowercase(), plain.iter().map(String::as_str));
        if near.is_none() && !rest.contains("__") {
            return;
        }
        let hint = match near {
            Some(near) => format!("did you mean `{}`?", near.to_uppercase()),
            None => "`syndic config docs` lists every key; `SYNDIC_LIMITS__EFFECT_MS` sets `limits.effect_ms`".into(),
        };
        self.refuse(format!("there is no key for `{name}`"), &Origin::Env(name.to_owned()), "it is set", &hint);
    }

    fn flags(&mut self, args: &Configured) {
        let text = |path: &PathBuf| path.to_string_lossy().into_owned();
        let own = [("--data", "host.data", args.data.as_ref().map(text))];
        for (flag, path, word) in own {
            if let Some(word) = word {
                self.word(path.split('.').map(str::to_owned).collect(), &word, Origin::Flag(flag.to_owned()));
            }
        }
        for set in &args.set {
            let origin = Origin::Flag(format!("--set {set}"));
            let Some((path, word)) = set.split_once('=') else {
                self.refuse(
                    format!("`{set}` sets nothing"),
                    &origin,
                    "it has no `=`",
                    "write `--set limits.effect_ms=500`",
                );
                continue;
            };
            match path_of(path) {
                Some(path) if keys::at(&path).is_some() => self.word(path, word, origin),
                Some(path) => self.unknown(&path, &origin),
                None => {
                    self.refuse(format!("`{path}` is no key"), &origin, "it does not read as one", &at_the_docs(None))
                }
            }
        }
    }

    fn word(&mut self, path: Vec<String>, word: &str, origin: Origin) {
        if let Some(key) = keys::at(&path) {
            self.put(path, of_word(word, key.kind), origin);
        }
    }

    /// Refuses a key that is not in the table, and says which was probably meant.
    fn unknown(&mut self, path: &[String], origin: &Origin) {
        let (last, before) = path.split_last().map_or(("", path), |(last, before)| (last.as_str(), before));
        let here = KEYS.iter().filter(|key| key.parts().count() > before.len() && key.begins_with(before));
        let here: Vec<&str> =
            here.filter_map(|key| key.parts().nth(before.len())).filter(|part| *part != "*").collect();
        let elsewhere = KEYS.iter().find(|key| key.parts().last() == Some(last) && path.len() > 1);
        let hint = match (nearest(last, here.iter().copied()), elsewhere) {
            (Some(near), _) => {
                format!("did you mean `{}`?", spelt(&[before, &[near.to_owned()]].concat()))
            }
            (None, Some(key)) => format!("there is `{}`: did you mean that?", key.path.replace('*', "NAME")),
            (None, None) => at_the_docs(None),
        };
        self.refuse(format!("there is no key `{}`", spelt(path)), origin, "it is set", &hint);
    }
}

/// A file that is read.
struct Reading<'a> {
    layers: &'a mut Layers,
    file: &'a Path,
    text: &'a str,
}

impl Reading<'_> {
    fn table(&mut self, path: &mut Vec<String>, table: &DeTable<'_>) {
        for (name, value) in table {
            path.push(name.get_ref().clone().into_owned());
            let origin = Origin::File(self.file.to_owned(), line_of(self.text, name.span().start));
            let goes_on = KEYS.iter().any(|key| key.begins_with(path));
            match (keys::at(path), value.get_ref()) {
                (Some(key), found) => self.layers.put(path.clone(), of_toml(found, key.kind), origin),
                (None, DeValue::Table(table)) if goes_on => self.table(path, table),
                (None, found) if goes_on => {
                    let why = format!("a table is expected, not {}", found.type_str());
                    self.layers.refuse(format!("`{}` cannot be used", spelt(path)), &origin, &why, &at_the_docs(None));
                }
                (None, _) => self.layers.unknown(path, &origin),
            }
            path.pop();
        }
    }
}

/// A key's own value where nobody gives one.
pub(crate) fn default_of(key: &Key) -> Option<Value> {
    let text = format!("it = {}", key.default);
    let parsed = DeTable::parse(&text).ok()?;
    of_toml(parsed.get_ref().get("it")?.get_ref(), key.kind).ok()
}

/// A path as it is typed.
pub(crate) fn spelt(path: &[String]) -> String {
    let bare = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    let parts = path.iter().map(|part| if bare(part) { part.clone() } else { format!("\"{part}\"") });
    parts.collect::<Vec<_>>().join(".")
}

/// The variable that sets a key without names in it, in small letters.
fn variable(key: &Key) -> String {
    format!("syndic_{}", key.path.replace('.', "__"))
}

/// The path a variable is meant for, with the names that stand in it: those of slots have hyphens, which variables
/// cannot.
fn named(key: &Key, given: &[String]) -> Option<Vec<String>> {
    if ["facts.", "routes.", "calendars."].iter().any(|section| key.path.starts_with(section)) {
        // Such names have dots and capital letters in them, which do not survive in a variable.
        return None;
    }
    let slot = |(nth, part): (usize, &String)| if nth == 1 { part.replace('_', "-") } else { part.clone() };
    let path: Vec<String> = match key.path.contains('*') {
        true => given.iter().enumerate().map(slot).collect(),
        false => given.to_vec(),
    };
    key.is_at(&path).then_some(path)
}

/// Reads a path as it is typed, with names in quotes where they have dots.
fn path_of(text: &str) -> Option<Vec<String>> {
    let text = format!("{text} = 0");
    let parsed = DeTable::parse(&text).ok()?;
    let mut table = parsed.get_ref();
    let mut path = Vec::new();
    loop {
        let (name, value) = table.iter().next()?;
        path.push(name.get_ref().clone().into_owned());
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => return Some(path),
        }
    }
}

fn line_of(text: &str, at: usize) -> usize {
    1 + text.as_bytes().iter().take(at).filter(|byte| **byte == b'\n').count()
}

fn at_the_docs(key: Option<&Key>) -> String {
    match key {
        Some(key) => format!("`{}` is {}; `syndic config docs` says more", key.path.replace('*', "NAME"), key.kind),
        None => "`syndic config docs` lists every key".into(),
    }
}
