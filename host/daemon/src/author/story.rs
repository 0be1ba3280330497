//! A story: what is given, what happens, and what should be decided; one JSON file.
//!
//! JSON, because facts, events and effects are JSON wherever else an author meets them. What a story does not know is
//! refused by name: a member that is misspelt would otherwise be a promise that nobody keeps.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use syndic_cli::{Failure, FailureKind};

use super::laid_out::{laid_out, rank};

/// A story as its file has it.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Story {
    /// What it tells, in a sentence.
    pub(super) story: String,
    #[serde(default, skip_serializing_if = "Given::is_nothing")]
    pub(super) given: Given,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    when: Option<When>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    answers: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    then: Option<Value>,
    /// Several events, each on what the one before left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    steps: Vec<Step>,
}

/// One event, and what should be decided.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    pub(super) when: When,
    /// What services say, by effect id.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) answers: BTreeMap<String, Value>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) then: Option<Value>,
}

/// What happens.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct When {
    pub(super) kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) time: Option<String>,
    pub(super) data: Value,
}

/// What there is before anything happens.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Given {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) slot: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) now: Option<String>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) facts: Map<String, Value>,
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub(super) tenant_facts: Map<String, Value>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) config: BTreeMap<String, String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) limits: Option<Limits>,
}

/// Limits of one call; what is left out is as the host has it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Limits {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) fuel: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) memory_bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) deadline_ms: Option<u64>,
}

impl Given {
    fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

impl Story {
    /// Reads a story.
    ///
    /// # Errors
    /// A sentence.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let story: Self = serde_json::from_str(text).map_err(|why| why.to_string())?;
        match (&story.when, story.steps.is_empty()) {
            (Some(_), true) => Ok(story),
            (None, false) if story.then.is_none() && story.answers.is_empty() => Ok(story),
            (None, true) => Err("nothing happens: add `\"when\": {\"kind\": …, \"data\": {…}}`, or `steps`".into()),
            _ => Err("`when`, `answers` and `then` stand in the story or in its `steps`, not in both".into()),
        }
    }

    /// The events, in order.
    pub(super) fn steps(&self) -> Vec<Step> {
        match &self.when {
            Some(when) => {
                vec![Step { when: when.clone(), answers: self.answers.clone(), then: self.then.clone() }]
            }
            None => self.steps.clone(),
        }
    }

    /// The story with what was said in the place of what was expected.
    pub(super) fn blessed(mut self, said: impl Iterator<Item = Value>) -> Self {
        let mut thens: Vec<&mut Option<Value>> = match self.when {
            Some(_) => vec![&mut self.then],
            None => self.steps.iter_mut().map(|step| &mut step.then).collect(),
        };
        thens.iter_mut().zip(said).for_each(|(then, said)| **then = Some(said));
        self
    }

    /// The text of its file.
    pub(super) fn text(&self) -> String {
        laid_out(&serde_json::to_string(self).unwrap_or_default()) + "\n"
    }
}

/// A story and where it was read.
pub(super) struct Told {
    /// None for a story that came by the standard input.
    pub(super) file: Option<PathBuf>,
    pub(super) story: Story,
}

impl Told {
    /// Its file, as a person would name it.
    pub(super) fn place(&self) -> String {
        self.file.as_ref().map_or_else(|| "-".to_owned(), |file| file.display().to_string())
    }
}

/// Reads a story, every story of a folder, or with `-` the one on the standard input.
pub(super) fn read_all(path: &Path) -> Result<Vec<Told>, Failure> {
    let unreadable = |file: &Path, why: String| {
        Failure::new(FailureKind::Usage, format!("`{}` is not a story", file.display()))
            .because(why)
            .hint("`syndic governor test --help` shows one")
    };
    if path == Path::new("-") {
        let text = std::io::read_to_string(std::io::stdin()).map_err(|why| unreadable(path, why.to_string()))?;
        let story = Story::parse(&text).map_err(|why| unreadable(path, why))?;
        return Ok(vec![Told { file: None, story }]);
    }
    let mut told = Vec::new();
    for file in files(path)? {
        let text = std::fs::read_to_string(&file).map_err(|why| unreadable(&file, why.to_string()))?;
        let story = Story::parse(&text).map_err(|why| unreadable(&file, why))?;
        told.push(Told { file: Some(file), story });
    }
    Ok(told)
}

fn files(path: &Path) -> Result<Vec<PathBuf>, Failure> {
    let none = |why: String| {
        Failure::new(FailureKind::Usage, format!("there are no stories at `{}`", path.display()))
            .because(why)
            .hint("a story is a file `stories/NAME.json`; `syndic governor test --help` shows one")
    };
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|why| none(why.to_string()))?;
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    match files.is_empty() {
        true => Err(none("the folder holds no `.json`".to_owned())),
        false => Ok(files),
    }
}

/// What a decision lacks against what was expected: lines that begin with `-` were expected and not said, those with
/// `+` were said and not expected. Sentences for people are compared only where the story has them.
pub(super) fn difference(then: &Value, said: &Value) -> Vec<String> {
    let mut said = said.clone();
    for member in ["message", "note", "reason"] {
        if then.get(member).is_none()
            && let Some(said) = said.as_object_mut()
        {
            said.remove(member);
        }
    }
    let mut lines = Vec::new();
    compare("", then, &said, &mut lines);
    lines
}

fn compare(path: &str, then: &Value, said: &Value, lines: &mut Vec<String>) {
    let absent = json!(null);
    match (then, said) {
        (Value::Object(expected), Value::Object(found)) => {
            let more = found.keys().filter(|name| !expected.contains_key(*name));
            let mut names: Vec<&String> = expected.keys().chain(more).collect();
            names.sort_by_key(|name| rank(name));
            for name in names {
                let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                let member = |object: &Map<String, Value>| object.get(name).cloned().unwrap_or(absent.clone());
                compare(&path, &member(expected), &member(found), lines);
            }
        }
        (Value::Array(expected), Value::Array(found)) => {
            for at in 0..expected.len().max(found.len()) {
                let item = |array: &[Value]| array.get(at).cloned().unwrap_or(absent.clone());
                compare(&format!("{path}[{at}]"), &item(expected), &item(found), lines);
            }
        }
        (then, said) if then == said => {}
        (then, said) => {
            lines.extend((!then.is_null()).then(|| format!("- {path}: {then}")));
            lines.extend((!said.is_null()).then(|| format!("+ {path}: {said}")));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORDER: &str = r#""when": {"kind": "RenewalDue", "data": {"subscription_id": "s"}}"#;

    #[track_caller]
    fn check_error(story: &str, sentence: &str) {
        let why = Story::parse(story).expect_err("this is no story");
        assert!(why.contains(sentence), "`{why}` does not say `{sentence}`");
    }

    #[test]
    fn what_a_story_does_not_know_is_named() {
        check_error(r#"{"story": "s"}"#, "nothing happens: add");
        check_error(&format!(r#"{{{ORDER}}}"#), "missing field `story`");
        check_error(&format!(r#"{{"story": "s", {ORDER}, "than": {{}}}}"#), "unknown field `than`");
        check_error(&format!(r#"{{"story": "s", {ORDER}, "given": {{"fact": {{}}}}}}"#), "expected one of `slot`");
        check_error(&format!(r#"{{"story": "s", {ORDER}, "steps": [{{{ORDER}}}]}}"#), "not in both");
        check_error(r#"{"story": "s", "when": {"kind": "K"}}"#, "missing field `data`");
    }

    #[test]
    fn a_story_is_written_as_it_is_read() {
        let text = format!("{{\n  \"story\": \"s\",\n  {ORDER},\n  \"then\": {{\"verdict\": \"approve\"}}\n}}\n");
        let story = Story::parse(&text).expect("this is a story");
        let said = json!({"verdict": "abstain"});
        assert_eq!(story.blessed([said].into_iter()).text(), text.replace("approve", "abstain"));
    }

    #[test]
    fn a_difference_names_the_member() {
        let then = json!({"verdict": "refuse", "code": "late", "writes": [{"set": "a.b", "value": {"n": 1}}]});
        let said = json!({"verdict": "refuse", "message": "too late", "writes": [{"set": "a.b", "value": {"n": 2}}]});
        assert_eq!(difference(&then, &said), ["- code: \"late\"", "- writes[0].value.n: 1", "+ writes[0].value.n: 2"]);
        let then = json!({"verdict": "approve"});
        let said = json!({"verdict": "approve", "writes": [{"set": "a.b", "value": 1}]});
        assert_eq!(difference(&then, &said), [r#"+ writes: [{"set":"a.b","value":1}]"#]);
        assert_eq!(difference(&then, &then), [""; 0]);
    }
}
