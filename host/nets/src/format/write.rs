//! Writing a net file: the layout we would write by hand, so that reading and writing a net changes nothing in it but
//! its comments.

use std::fmt::Write as _;

use super::event;
use crate::model::{Due, Instances, Join, Kind, Net, Service, Split, Task, Type, Value, Write};

/// The net as a file.
pub fn write(net: &Net) -> String {
    let mut out = Blocks::default();
    out.pair("net", &quoted(&net.name));
    out.text("about", &net.about);
    out.optional("closing", net.closing.as_deref());
    if !net.data.is_empty() {
        out.block("data");
        net.data.iter().for_each(|variable| out.pair(&key(&variable.name), &type_of(&variable.kind)));
    }
    out.block("conditions");
    net.conditions.iter().for_each(|condition| out.pair(&key(&condition.name), &quoted(&condition.about)));
    net.tasks.iter().for_each(|task| out.task(task));
    if !net.properties.is_empty() {
        out.block("properties");
        net.properties.iter().for_each(|property| out.pair(&key(&property.name), &quoted(&property.rule.to_string())));
    }
    out.0
}

#[derive(Default)]
struct Blocks(String);

impl Blocks {
    fn block(&mut self, name: &str) {
        self.line(&format!("\n[{name}]"));
    }

    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn pair(&mut self, key: &str, value: &str) {
        self.line(&format!("{key} = {value}"));
    }

    fn text(&mut self, key: &str, value: &str) {
        self.optional(key, Some(value).filter(|value| !value.is_empty()));
    }

    fn optional(&mut self, key: &str, value: Option<&str>) {
        value.iter().for_each(|value| self.pair(key, &quoted(value)));
    }

    fn names(&mut self, key: &str, names: &[String]) {
        if !names.is_empty() {
            self.pair(key, &list(names));
        }
    }

    fn task(&mut self, task: &Task) {
        self.block(&format!("task.{}", key(&task.name)));
        self.text("about", &task.about);
        self.kind(&task.kind);
        self.optional("when", task.when.as_ref().map(|guard| guard.text()));
        self.join(&task.join);
        self.split(&task.split);
        self.names("cancels", &task.cancels);
        let writes = writes(&task.sets);
        writes.iter().for_each(|(key, value)| self.pair(key, value));
        self.names("says", &task.says);
        if let Some(Instances { min, max, threshold, over }) = &task.instances {
            let over = quoted(over);
            self.pair("instances", &format!("{{ min = {min}, max = {max}, threshold = {threshold}, over = {over} }}"));
        }
        self.optional("sla", task.sla.as_ref().map(ToString::to_string).as_deref());
        self.optional("escalation", task.escalation.as_deref());
    }

    fn kind(&mut self, kind: &Kind) {
        match kind {
            Kind::Auto { action } => {
                self.text("kind", "auto");
                self.optional("action", action.as_deref());
            }
            Kind::Service(service) => self.service(service),
            Kind::User(user) => {
                self.text("kind", "user");
                self.names("roles", &user.roles);
            }
            Kind::Timer(timer) => {
                self.text("kind", "timer");
                self.pair("after", &due(&timer.due));
            }
            Kind::Composite(net) => {
                self.text("kind", "composite");
                self.text("net", net);
            }
        }
    }

    fn service(&mut self, service: &Service) {
        self.text("kind", "service");
        match &service.event {
            Some(event) => self.pair("event", &event::write(event)),
            None => {
                self.pair("action", &quoted(&service.action));
                self.pair("key", &quoted(&service.key));
            }
        }
        self.optional("undo", service.undo.as_deref());
        if let Some(retry) = &service.retry {
            let backoff: Vec<String> = retry.backoff.iter().map(ToString::to_string).collect();
            let backoff = if backoff.is_empty() { String::new() } else { format!(", backoff = {}", list(&backoff)) };
            self.pair("retry", &format!("{{ attempts = {}{backoff} }}", retry.attempts));
        }
        self.optional("timeout", service.timeout.as_ref().map(ToString::to_string).as_deref());
        if let Some(fallback) = &service.fallback {
            let roles =
                if fallback.roles.is_empty() { String::new() } else { format!(", roles = {}", list(&fallback.roles)) };
            self.pair("fallback", &format!("{{ name = {}{roles} }}", quoted(&fallback.name)));
        }
    }

    fn join(&mut self, join: &Join) {
        match join {
            Join::And(takes) => self.names("takes", takes),
            Join::Or(takes) => {
                self.text("join", "or");
                self.names("takes", takes);
            }
            Join::Xor(entries) => {
                for entry in entries {
                    match &entry.name {
                        None => self.names("takes", &entry.takes),
                        Some(name) => {
                            let mut inside = vec![("takes".to_owned(), list(&entry.takes))];
                            inside.extend(writes(&entry.sets));
                            self.pair(&format!("entry.{}", key(name)), &table(&inside));
                        }
                    }
                }
            }
        }
    }

    fn split(&mut self, split: &Split) {
        match split {
            Split::And(gives) => self.names("gives", gives),
            Split::Xor(outcomes) => {
                for outcome in outcomes {
                    let mut inside: Vec<(String, String)> = Vec::new();
                    inside.extend(outcome.when.as_ref().map(|guard| ("when".to_owned(), quoted(guard.text()))));
                    inside.push(("gives".to_owned(), list(&outcome.gives)));
                    inside.extend(writes(&outcome.sets));
                    inside.extend(outcome.closes.as_ref().map(|name| ("closes".to_owned(), quoted(name))));
                    self.pair(&format!("outcome.{}", key(&outcome.name)), &table(&inside));
                }
            }
            Split::Or(flows) => {
                self.text("split", "or");
                let flows: Vec<_> = flows.iter().map(|flow| (key(&flow.gives), quoted(flow.when.text()))).collect();
                self.pair("gives", &table(&flows));
            }
        }
    }
}

fn writes(writes: &[Write]) -> Vec<(String, String)> {
    let set = |write: &Write| match write {
        Write::Set { variable, value } => Some((key(variable), value_of(value))),
        Write::Count(_) => None,
    };
    let count = |write: &Write| match write {
        Write::Count(variable) => Some(variable.clone()),
        Write::Set { .. } => None,
    };
    let sets: Vec<(String, String)> = writes.iter().filter_map(set).collect();
    let counts: Vec<String> = writes.iter().filter_map(count).collect();
    let mut pairs = Vec::new();
    pairs.extend((!sets.is_empty()).then(|| ("sets".to_owned(), table(&sets))));
    pairs.extend((!counts.is_empty()).then(|| ("counts".to_owned(), list(&counts))));
    pairs
}

fn due(due: &Due) -> String {
    match due {
        Due::After(span) => quoted(&span.to_string()),
        Due::By { variable, spans } => {
            let mut pairs = vec![("by".to_owned(), quoted(variable))];
            pairs.extend(spans.iter().map(|(word, span)| (key(word), quoted(&span.to_string()))));
            table(&pairs)
        }
    }
}

fn type_of(kind: &Type) -> String {
    match kind {
        Type::Enum(words) => array(words),
        other => quoted(&other.to_string()),
    }
}

pub(super) fn value_of(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        other => other.to_string(),
    }
}

pub(super) fn table(pairs: &[(String, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(key, value)| format!("{key} = {value}")).collect();
    format!("{{ {} }}", pairs.join(", "))
}

/// One name alone stands without brackets.
fn list(names: &[String]) -> String {
    match names {
        [only] => quoted(only),
        names => array(names),
    }
}

fn array(names: &[String]) -> String {
    format!("[{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "))
}

pub(super) fn key(name: &str) -> String {
    let bare = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '-';
    if !name.is_empty() && name.chars().all(bare) { name.to_owned() } else { quoted(name) }
}

/// A text that holds quotes is a literal one, as guards are, if it can be; what cannot is escaped.
pub(super) fn quoted(text: &str) -> String {
    let literal = text.contains('"') && !text.contains('\'') && !text.chars().any(char::is_control);
    if literal {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            letter if letter.is_control() => {
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{:04X}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
    out
}
