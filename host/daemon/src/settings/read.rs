//! Reading what holds, key by key, and refusing what does not go together.

use std::collections::{BTreeMap, BTreeSet};

use syndic_cli::{Failure, FailureKind};

use crate::settings::keys;
use crate::settings::layers::{Layers, Values, default_of, spelt};
use crate::settings::value::{Origin, Value};

/// Reads values by their keys.
pub(crate) struct Reader {
    values: Values,
    wrong: Vec<Failure>,
}

impl Reader {
    pub(crate) fn of(layers: Layers) -> Self {
        Self { values: layers.values, wrong: layers.wrong }
    }

    /// What holds, or everything that is wrong.
    pub(crate) fn end(self) -> Result<Values, Vec<Failure>> {
        if self.wrong.is_empty() { Ok(self.values) } else { Err(self.wrong) }
    }

    /// A number of a key that has a default.
    pub(crate) fn count(&self, key: &str) -> u64 {
        self.count_at(&parts(key))
    }

    pub(crate) fn count_at(&self, path: &[String]) -> u64 {
        match self.value(path) {
            Some(Value::Count(count)) => count,
            // A value that was refused is not there, and the start has failed already.
            _ => 0,
        }
    }

    /// A text; empty where nobody gave one and there is no default.
    pub(crate) fn text(&self, key: &str) -> String {
        self.text_at(&parts(key))
    }

    pub(crate) fn text_at(&self, path: &[String]) -> String {
        match self.value(path) {
            Some(Value::Text(text)) => text,
            _ => String::new(),
        }
    }

    pub(crate) fn texts_at(&self, path: &[String]) -> Vec<String> {
        match self.value(path) {
            Some(Value::Texts(texts)) => texts,
            _ => Vec::new(),
        }
    }

    /// Every text under a path, by the last part of its own.
    pub(crate) fn texts_under(&self, path: &[String]) -> BTreeMap<String, String> {
        let under = self.values.iter().filter(|(at, _)| at.len() == path.len() + 1 && at.starts_with(path));
        let texts = under.filter_map(|(at, given)| match &given.value {
            Value::Text(text) => Some((at.last()?.clone(), text.clone())),
            _ => None,
        });
        texts.collect()
    }

    /// Whether somebody gave a value: it is no default.
    pub(crate) fn says(&self, path: &[String]) -> bool {
        self.values.get(path).is_some_and(|given| given.origin != Origin::Default)
    }

    /// Whether somebody gave a value at a path or under it.
    pub(crate) fn says_under(&self, path: &[String]) -> bool {
        self.values.iter().any(|(at, given)| at.starts_with(path) && given.origin != Origin::Default)
    }

    /// The names that stand in a section.
    pub(crate) fn names(&self, section: &str) -> BTreeSet<String> {
        self.values.keys().filter(|path| path[0] == section).filter_map(|path| path.get(1).cloned()).collect()
    }

    /// Refuses what stands at a path or under it, where it stands first.
    pub(crate) fn refuse(&mut self, path: &[&str], why: &str, hint: &str) {
        let path: Vec<String> = path.iter().map(|part| (*part).to_owned()).collect();
        let origin = self.values.iter().filter(|(at, _)| at.starts_with(&path)).map(|(_, given)| given.origin.clone());
        let origin = origin.min_by_key(|origin| match origin {
            Origin::File(_, line) => *line,
            Origin::Default => usize::MAX,
            Origin::Env(_) | Origin::Flag(_) => 0,
        });
        let origin = origin.unwrap_or(Origin::Default);
        let what = format!("`{}` cannot be used", spelt(&path));
        self.wrong.push(Failure::new(FailureKind::Usage, what).because(format!("{origin}: {why}")).hint(hint));
    }

    fn value(&self, path: &[String]) -> Option<Value> {
        let given = self.values.get(path).map(|given| given.value.clone());
        given.or_else(|| keys::at(path).and_then(default_of))
    }
}

fn parts(key: &str) -> Vec<String> {
    key.split('.').map(str::to_owned).collect()
}
