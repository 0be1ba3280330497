//! Reading one task's block.

use super::event;
use super::fields::{Field, Fields};
use super::read::value_of;
use crate::guard::Guard;
use crate::model::{
    Due, Entry, Event, Fallback, Flow, Instances, Join, Kind, Outcome, Retry, Service, Span, Split, Task, Timer, User,
    Variable, Write, is_task_name,
};

/// Keys of every task.
const COMMON: &[&str] = &[
    "about",
    "kind",
    "when",
    "join",
    "takes",
    "entry",
    "split",
    "gives",
    "outcome",
    "cancels",
    "sets",
    "counts",
    "instances",
    "sla",
    "escalation",
];

/// What a kind of task has beside them.
#[rustfmt::skip]
const KINDS: &[(&str, &[&str])] = &[
    ("auto",      &["action"]),
    ("service",   &["action", "key", "event", "undo", "retry", "timeout", "fallback", "says"]),
    ("user",      &["roles", "says"]),
    ("timer",     &["after"]),
    ("composite", &["net"]),
];

const SPAN: &str = "a duration is a number and one of s, min, h, d, bd, months: \"3 bd\"";

/// Reads a task over these variables.
pub(super) fn read(fields: &Fields<'_>, name: &str, data: &[Variable]) -> Option<Task> {
    if !is_task_name(name) {
        let hint = "use letters, digits, _, - and /: a dot divides a task from its outcome";
        fields.mistake(format!("`{name}` is no name for a task"), hint);
    }
    let block = Block { fields, data };
    Some(Task {
        name: name.to_owned(),
        about: fields.text("about").unwrap_or_default(),
        kind: block.kind()?,
        when: block.guard(fields, "when"),
        join: block.join(),
        split: block.split(),
        cancels: fields.names("cancels"),
        sets: block.writes(fields),
        says: fields.names("says"),
        instances: block.instances(),
        sla: fields.parsed("sla", SPAN),
        escalation: fields.text("escalation"),
    })
}

struct Block<'b, 't> {
    fields: &'b Fields<'t>,
    data: &'b [Variable],
}

impl<'t> Block<'_, 't> {
    fn kind(&self) -> Option<Kind> {
        let fields = self.fields;
        let Some(kind) = fields.needed("kind", "one of auto, service, user, timer and composite") else {
            let any: Vec<&str> = COMMON.iter().chain(KINDS.iter().flat_map(|(_, keys)| *keys)).copied().collect();
            fields.only(&any);
            return None;
        };
        let Some((_, own)) = KINDS.iter().find(|(name, _)| *name == kind) else {
            let at = fields.get("kind").map_or(fields.at, |value| value.span().start);
            fields.source.mistake(
                at,
                format!("`{kind}` is no kind of task"),
                "one of auto, service, user, timer and composite",
            );
            return None;
        };
        self.own_keys(&kind, own);
        Some(match kind.as_str() {
            "service" => Kind::Service(self.service()),
            "user" => Kind::User(User { roles: fields.names("roles") }),
            "timer" => Kind::Timer(Timer { due: self.due()? }),
            "composite" => Kind::Composite(fields.needed("net", "name the net inside: net = \"fulfillment\"")?),
            _ => Kind::Auto { action: fields.text("action") },
        })
    }

    /// A key of another kind is no slip of the pen: it is told whose it is.
    fn own_keys(&self, kind: &str, own: &[&str]) {
        let fields = self.fields;
        let mut known: Vec<&str> = COMMON.iter().chain(own).copied().collect();
        for field in fields.all() {
            let owner = KINDS.iter().find(|(_, keys)| keys.contains(&field.key));
            if let (Some((owner, _)), false) = (owner, known.contains(&field.key)) {
                let what =
                    format!("`{}` belongs to a {owner} task, and this is {} {kind} one", field.key, article(kind));
                fields.source.mistake(
                    field.value.span().start,
                    what,
                    format!("leave it out, or write kind = \"{owner}\""),
                );
                known.push(field.key);
            }
        }
        fields.only(&known);
    }

    fn service(&self) -> Service {
        let fields = self.fields;
        let (action, key, event) = match fields.below("event") {
            Some(event) => self.raises(&event),
            None => {
                let action = "name what is asked for: action = \"kyc/verify\"";
                let key = "name what makes it one and the same request: key = \"{order_id}/payment\"";
                let needed = |name, hint| fields.needed(name, hint).unwrap_or_default();
                (needed("action", action), needed("key", key), None)
            }
        };
        Service {
            action,
            key,
            event: event.map(Box::new),
            undo: fields.text("undo"),
            retry: fields.below("retry").map(|retry| {
                retry.only(&["attempts", "backoff"]);
                Retry { attempts: retry.number("attempts").unwrap_or(1), backoff: spans(&retry, "backoff") }
            }),
            timeout: fields.parsed("timeout", SPAN),
            fallback: fields.below("fallback").map(|fallback| {
                fallback.only(&["name", "roles"]);
                let name = fallback.text("name").unwrap_or_else(|| "manual".to_owned());
                Fallback { name, roles: fallback.names("roles") }
            }),
        }
    }

    /// An event takes the place of action and key.
    fn raises(&self, event: &Fields<'t>) -> (String, String, Option<Event>) {
        for (key, why) in [
            ("action", "its action is to raise the event: leave it out"),
            ("key", "an event is told from others by its case, task and attempt: leave it out"),
        ] {
            if let Some(value) = self.fields.get(key) {
                self.fields.source.mistake(value.span().start, format!("`{key}` and `event` say two things"), why);
            }
        }
        let event = event::read(event);
        let action = event.as_ref().map_or_else(String::new, |event| format!("event/{}", event.kind));
        (action, String::new(), event)
    }

    fn due(&self) -> Option<Due> {
        let fields = self.fields;
        if !fields.has("after") {
            fields.mistake("`after` is missing", "say when: after = \"24 h\"");
            return None;
        }
        if fields.get("after").is_some_and(|value| value.get_ref().is_str()) {
            return fields.parsed("after", SPAN).map(Due::After);
        }
        let after = fields.below("after")?;
        let variable =
            after.needed("by", "name the variable that decides: after = { by = \"severity\", S1 = \"1 h\" }")?;
        let words: Vec<Field<'_>> = after.all().into_iter().filter(|field| field.key != "by").collect();
        let span = |field: Field<'_>| Some((field.key.to_owned(), after.parsed(field.key, SPAN)?));
        Some(Due::By { variable, spans: words.into_iter().filter_map(span).collect() })
    }

    fn join(&self) -> Join {
        let fields = self.fields;
        let takes = fields.names("takes");
        let kind = self.one_of("join", &["and", "xor", "or"]);
        let named = fields.below("entry").map(|entries| self.entries(&entries)).unwrap_or_default();
        match kind.as_deref() {
            Some("or") => Join::Or(takes),
            Some("xor") => {
                let one = |place: String| Entry { name: Some(place.clone()), takes: vec![place], sets: Vec::new() };
                Join::Xor(takes.into_iter().map(one).chain(named).collect())
            }
            _ if named.is_empty() => Join::And(takes),
            _ => {
                let ordinary = Entry { name: None, takes, sets: Vec::new() };
                let ordinary = Some(ordinary).filter(|entry| !entry.takes.is_empty());
                Join::Xor(ordinary.into_iter().chain(named).collect())
            }
        }
    }

    fn entries(&self, entries: &Fields<'t>) -> Vec<Entry> {
        let tables = entries.all().into_iter().filter_map(|field| Some((field.key, entries.table_of(field)?)));
        tables
            .map(|(name, entry)| {
                entry.only(&["takes", "sets", "counts"]);
                Entry { name: Some(name.to_owned()), takes: entry.names("takes"), sets: self.writes(&entry) }
            })
            .collect()
    }

    fn split(&self) -> Split {
        let fields = self.fields;
        let kind = self.one_of("split", &["and", "xor", "or"]);
        if let Some(outcomes) = fields.below("outcome") {
            if fields.has("gives") {
                fields.mistake("`gives` and `outcome` say two things", "let every outcome say what it gives");
            }
            return Split::Xor(self.outcomes(&outcomes));
        }
        match kind.as_deref() {
            Some("or") => Split::Or(self.flows()),
            Some("xor") => {
                let gives = |place: String| Outcome {
                    name: place.clone(),
                    when: None,
                    gives: vec![place],
                    sets: Vec::new(),
                    closes: None,
                };
                Split::Xor(fields.names("gives").into_iter().map(gives).collect())
            }
            _ => Split::And(fields.names("gives")),
        }
    }

    fn outcomes(&self, outcomes: &Fields<'t>) -> Vec<Outcome> {
        let tables = outcomes.all().into_iter().filter_map(|field| Some((field.key, outcomes.table_of(field)?)));
        tables
            .map(|(name, outcome)| {
                outcome.only(&["when", "gives", "sets", "counts", "closes"]);
                Outcome {
                    name: name.to_owned(),
                    when: self.guard(&outcome, "when"),
                    gives: outcome.names("gives"),
                    sets: self.writes(&outcome),
                    closes: outcome.text("closes"),
                }
            })
            .collect()
    }

    /// `gives = { P_A = 'guard', P_B = 'guard' }`.
    fn flows(&self) -> Vec<Flow> {
        let Some(gives) = self.fields.below("gives") else { return Vec::new() };
        let flow = |field: Field<'t>| Some(Flow { when: self.guard(&gives, field.key)?, gives: field.key.to_owned() });
        gives.all().into_iter().filter_map(flow).collect()
    }

    fn guard(&self, fields: &Fields<'_>, key: &str) -> Option<Guard> {
        let text = fields.text(key)?;
        let read = Guard::parse(&text, self.data);
        read.map_err(|error| {
            let at = fields.get(key).map_or(fields.at, |value| value.span().start);
            let within: usize = text.chars().take(error.at).map(char::len_utf8).sum();
            fields.source.mistake(at + 1 + within, error.what, error.hint);
        })
        .ok()
    }

    fn writes(&self, fields: &Fields<'_>) -> Vec<Write> {
        let sets = fields.below("sets");
        let set = |field: Field<'_>| match value_of(field.value) {
            Some(value) => Some(Write::Set { variable: field.key.to_owned(), value }),
            None => {
                let at = field.value.span().start;
                fields.source.mistake(
                    at,
                    format!("`{}` cannot be set to this", field.key),
                    "write a word, a whole number, true or false",
                );
                None
            }
        };
        let sets = sets.into_iter().flat_map(|sets| sets.all().into_iter().filter_map(set).collect::<Vec<_>>());
        sets.chain(fields.names("counts").into_iter().map(Write::Count)).collect()
    }

    fn instances(&self) -> Option<Instances> {
        let instances = self.fields.below("instances")?;
        instances.only(&["min", "max", "threshold", "over"]);
        let max = instances.number("max").unwrap_or(u32::MAX);
        Some(Instances {
            min: instances.number("min").unwrap_or(1),
            max,
            threshold: instances.number("threshold").unwrap_or(max),
            over: instances.needed("over", "name the variable that lists them: over = \"items\"").unwrap_or_default(),
        })
    }

    fn one_of(&self, key: &str, words: &[&str]) -> Option<String> {
        let word = self.fields.text(key)?;
        if !words.contains(&word.as_str()) {
            let at = self.fields.get(key).map_or(self.fields.at, |value| value.span().start);
            self.fields.source.mistake(at, format!("`{word}` is no {key}"), format!("one of {}", words.join(", ")));
        }
        Some(word)
    }
}

fn spans(fields: &Fields<'_>, key: &str) -> Vec<Span> {
    let at = fields.get(key).map_or(fields.at, |value| value.span().start);
    let span = |text: String| {
        text.parse().map_err(|error: crate::model::NotASpan| fields.source.mistake(at, error.to_string(), SPAN))
    };
    fields.names(key).into_iter().filter_map(|text| span(text).ok()).collect()
}

fn article(word: &str) -> &'static str {
    if word.starts_with(['a', 'e', 'i', 'o', 'u']) && word != "user" { "an" } else { "a" }
}
