//! Checking: what has to be in order before a net means anything.
//!
//! These are faults of writing: a name that is not there, a value that does not fit. Each is told with the path of the
//! key it stands under, so that a reader of files can show the line. Faults of thought, such as a join that can never
//! fire, are the prover's.

use std::collections::BTreeSet;

use super::{
    Due, Entry, Event, Instances, Join, Kind, Net, Rule, Service, Span, Split, Task, Template, Type, Unit, Write,
};
use crate::words::{list, nearest};

/// Something in a net that cannot be meant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    /// Where: `task.T_VerifyIdentity.takes`.
    pub path: String,
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub hint: String,
}

/// How deep an OR-split may branch: every set of its flows becomes a transition.
pub(super) const FLOWS: usize = 6;

/// How many business days may be counted: they are counted one by one, whenever a timer is set.
const BUSINESS_DAYS: u32 = 26_000;

/// How often a service may be asked at most. Whoever waits longer waits for a person.
const ATTEMPTS: u32 = 1000;

/// How long the name of a work item may be. The case's own has up to 128 bytes, and all of it 256.
const ITEM_BYTES: usize = 100;

/// Faults for which it is looked up what may have been meant: that is a look at every name there is.
const HINTED: usize = 100;

impl Net {
    /// Everything that is out of order, in the order it was written. Of a net that is too much, only that it is.
    pub fn faults(&self) -> Vec<Fault> {
        let conditions = self.conditions.iter().map(|condition| condition.name.as_str());
        let mut check = Check {
            net: self,
            known: conditions.clone().collect(),
            conditions: conditions.collect(),
            faults: Vec::new(),
        };
        if let Err(much) = self.sized() {
            check.fault("", much.to_string(), "make several nets of it");
            return check.faults;
        }
        check.names();
        self.tasks.iter().for_each(|task| check.task(task));
        check.closing();
        check.properties();
        check.transitions();
        check.faults
    }
}

struct Check<'n> {
    net: &'n Net,
    conditions: Vec<&'n str>,
    /// The same, to look names up in.
    known: BTreeSet<&'n str>,
    faults: Vec<Fault>,
}

impl Check<'_> {
    fn fault(&mut self, path: &str, what: String, hint: impl Into<String>) {
        self.faults.push(Fault { path: path.to_owned(), what, hint: hint.into() });
    }

    /// What was probably meant, where that is looked up still.
    fn near<'w>(&self, written: &str, known: &[&'w str]) -> Option<&'w str> {
        if self.faults.len() < HINTED { nearest(written, known) } else { None }
    }

    fn names(&mut self) {
        if let Some(what) = self.net.misnamed() {
            self.fault("net", what, "name it as files are named: vendor-onboarding");
        }
        for (path, bytes) in self.net.long_names() {
            self.fault(&path, format!("a name of {bytes} bytes is too long"), "say the rest in `about`");
        }
    }

    fn task(&mut self, task: &Task) {
        let path = format!("task.{}", task.name);
        self.item(task, &path);
        self.join(task, &path);
        self.split(task, &path);
        self.kind(task, &path);
        self.places(&format!("{path}.cancels"), &task.cancels);
        self.writes(&path, &task.sets);
        self.said(&format!("{path}.says"), task);
        task.sla.iter().for_each(|span| self.span(&format!("{path}.sla"), span));
        if task.escalation.is_some() && task.sla.is_none() {
            self.fault(&format!("{path}.escalation"), "nothing says when this is late".into(), "say it: sla = \"1 h\"");
        }
        task.instances.iter().for_each(|instances| self.instances(&path, instances));
    }

    /// A work item is `case/task/attempt`, or `case/undo/task/attempt`, and has to fit where an event says whose it is.
    fn item(&mut self, task: &Task, path: &str) {
        let bytes = task.name.len() + task.fallback().map_or(0, |fallback| 1 + fallback.name.len());
        if bytes > ITEM_BYTES {
            let what = format!("a name of {bytes} bytes is too long for a work item");
            self.fault(path, what, format!("task and fallback together have {ITEM_BYTES} at most"));
        }
        if task.name.starts_with("undo/") {
            let what = format!("`{}` is what the undoing of a task is called", task.name);
            self.fault(path, what, "give it another name");
        }
    }

    fn join(&mut self, task: &Task, path: &str) {
        if task.takes().next().is_none() {
            let hint = "say where it waits: takes = [\"P_…\"]";
            return self.fault(path, format!("`{}` takes nothing, so it could fire for ever", task.name), hint);
        }
        match &task.join {
            Join::And(takes) | Join::Or(takes) => self.places(&format!("{path}.takes"), takes),
            Join::Xor(entries) => entries.iter().for_each(|entry| self.entry(path, entry)),
        }
    }

    fn entry(&mut self, path: &str, entry: &Entry) {
        let path = entry.name.as_ref().map_or_else(|| path.to_owned(), |name| format!("{path}.entry.{name}"));
        self.places(&format!("{path}.takes"), &entry.takes);
        if entry.takes.is_empty() {
            self.fault(&path, "this way in takes nothing".into(), "say where it waits: takes = [\"P_…\"]");
        }
        self.writes(&path, &entry.sets);
    }

    fn split(&mut self, task: &Task, path: &str) {
        match &task.split {
            Split::And(gives) => self.places(&format!("{path}.gives"), gives),
            Split::Xor(outcomes) => {
                for outcome in outcomes {
                    let path = format!("{path}.outcome.{}", outcome.name);
                    self.places(&format!("{path}.gives"), &outcome.gives);
                    self.writes(&path, &outcome.sets);
                }
                self.guards(task, path);
            }
            Split::Or(flows) => {
                let gives: Vec<String> = flows.iter().map(|flow| flow.gives.clone()).collect();
                self.places(&format!("{path}.gives"), &gives);
                if flows.len() > FLOWS {
                    let what = format!("an OR-split of {} flows has too many combinations", flows.len());
                    self.fault(&format!("{path}.gives"), what, format!("split it in steps of at most {FLOWS}"));
                }
            }
        }
        if task.gives().is_empty() {
            let hint = "say what it leads to: gives = [\"P_…\"]";
            self.fault(path, format!("`{}` gives nothing, so the case would vanish", task.name), hint);
        }
    }

    /// Who names the outcome: the guards, or whoever does the task. The clock and the engine name nothing.
    fn guards(&mut self, task: &Task, path: &str) {
        let outcomes = task.outcomes();
        let bare: Vec<&str> =
            outcomes.iter().filter(|outcome| outcome.when.is_none()).map(|outcome| outcome.name.as_str()).collect();
        let guarded = bare.len() < outcomes.len();
        if guarded && bare.len() > 1 {
            let what = format!("{} have no guard, while others have one", list(&bare).replace(" or ", " and "));
            self.fault(path, what, "at most one outcome may be the one for everything else");
        }
        let by_itself = matches!(task.kind, Kind::Auto { .. } | Kind::Timer(_));
        if !guarded && by_itself && outcomes.len() > 1 {
            let what = format!("nobody names the outcome of `{}`", task.name);
            self.fault(path, what, "give its outcomes guards: when = 'verdict == \"pass\"'");
        }
        if matches!(task.kind, Kind::Composite(_)) && guarded {
            let what = format!("the outcomes of `{}` are named by the net inside", task.name);
            self.fault(path, what, "leave the guards out");
        }
    }

    fn kind(&mut self, task: &Task, path: &str) {
        match &task.kind {
            Kind::Timer(timer) => self.due(&format!("{path}.after"), &timer.due),
            Kind::Service(service) => {
                service.timeout.iter().for_each(|span| self.span(&format!("{path}.timeout"), span));
                let waits = service.retry.iter().flat_map(|retry| &retry.backoff);
                waits.for_each(|span| self.span(&format!("{path}.retry"), span));
                self.key(&format!("{path}.key"), &service.key);
                service.event.iter().for_each(|event| self.event(&format!("{path}.event"), event));
                self.described(path, service);
                let attempts = service.retry.as_ref().map_or(1, |retry| retry.attempts);
                if !(1..=ATTEMPTS).contains(&attempts) {
                    let what = format!("{attempts} attempts are none, or without end");
                    self.fault(&format!("{path}.retry"), what, format!("attempts counts every try: 1 to {ATTEMPTS}"));
                }
            }
            Kind::Composite(_) => self.composite(task, path),
            Kind::Auto { .. } | Kind::User(_) => {}
        }
        let inside = task.outcomes().iter().find(|outcome| outcome.closes.is_some());
        if let (Some(outcome), false) = (inside, matches!(task.kind, Kind::Composite(_))) {
            let path = format!("{path}.outcome.{}.closes", outcome.name);
            self.fault(&path, "only a net inside has a closing transition".into(), "leave it out");
        }
    }

    /// A task that stands for a net gives its place to what is inside, and has nothing that could not be said there.
    fn composite(&mut self, task: &Task, path: &str) {
        if !matches!(&task.join, Join::And(takes) if takes.len() == 1) {
            let what = format!("`{}` stands for a net, which begins in one condition", task.name);
            self.fault(&format!("{path}.takes"), what, "let it take that condition alone");
        }
        let writes = task.sets.iter().chain(task.outcomes().iter().flat_map(|outcome| &outcome.sets)).next();
        for (key, is_said) in [
            ("when", task.when.is_some()),
            ("cancels", !task.cancels.is_empty()),
            ("sets", writes.is_some()),
            ("sla", task.sla.is_some()),
            ("instances", task.instances.is_some()),
        ] {
            if is_said {
                let what = format!("`{}` stands for a net, and `{key}` would be lost with it", task.name);
                self.fault(&format!("{path}.{key}"), what, "say it of a task inside, or of one before or behind it");
            }
        }
    }

    fn key(&mut self, path: &str, key: &str) {
        match Template::parse(key) {
            Ok(key) => self.template(path, &key),
            Err(error) => self.fault(path, error.to_string(), "write a variable in braces, and no other brace"),
        }
    }

    /// What is to be raised has to be described, and what undoes is not described anywhere.
    fn described(&mut self, path: &str, service: &Service) {
        if let (Some(kind), None) = (service.action.strip_prefix("event/"), &service.event) {
            let hint = format!("describe it instead: event = {{ type = \"{kind}\", subject = \"{{…}}\" }}");
            self.fault(&format!("{path}.action"), "an action of this name would raise an event".into(), hint);
        }
        if service.undo.as_ref().is_some_and(|undo| undo.starts_with("event/")) {
            let hint = "name an action of a connector's, or leave it out";
            self.fault(&format!("{path}.undo"), "nothing is undone by an event".into(), hint);
        }
    }

    fn event(&mut self, path: &str, event: &Event) {
        if event.kind.is_empty() || event.kind.starts_with("syndic.") {
            let what = format!("`{}` is not a type of events that a case may raise", event.kind);
            let hint = "name one that governors judge: \"marketplace.CustomerSubscribes\"";
            self.fault(&format!("{path}.type"), what, hint);
        }
        for (below, template) in event.templates() {
            self.template(&format!("{path}.{below}"), template);
        }
    }

    fn template(&mut self, path: &str, template: &Template) {
        for name in template.variables().filter(|name| self.net.variable(name).is_none()).collect::<Vec<_>>() {
            self.unknown_variable(path, name);
        }
    }

    fn due(&mut self, path: &str, due: &Due) {
        let (variable, spans) = match due {
            Due::After(span) => return self.span(path, span),
            Due::By { variable, spans } => (variable, spans),
        };
        spans.iter().for_each(|(_, span)| self.span(path, span));
        let words = match self.net.variable(variable).map(|variable| &variable.kind) {
            Some(Type::Enum(words)) => words.clone(),
            Some(other) => {
                let what = format!("`{variable}` is {other}, and a timer goes by a list of words");
                return self.fault(path, what, "declare it so: [\"S1\", \"S2\"]");
            }
            None => return self.unknown_variable(path, variable),
        };
        let given: BTreeSet<&String> = spans.iter().map(|(word, _)| word).collect();
        if let Some(missing) = words.iter().find(|word| !given.contains(word)) {
            self.fault(
                path,
                format!("there is no time for {variable} {missing}"),
                format!("add it: {missing} = \"1 h\""),
            );
        }
        if let Some(extra) = given.into_iter().find(|word| !words.contains(word)) {
            self.fault(path, format!("`{variable}` is never {extra:?}"), "leave it out");
        }
    }

    fn span(&mut self, path: &str, span: &Span) {
        if span.unit == Unit::BusinessDays && span.count > BUSINESS_DAYS {
            let what = format!("`{span}` is longer than a hundred years");
            self.fault(path, what, "count what is so long in days or months");
        }
        span.since.iter().for_each(|place| self.places(path, std::slice::from_ref(place)));
    }

    fn instances(&mut self, path: &str, instances: &Instances) {
        let Instances { min, max, threshold, over } = instances;
        let path = format!("{path}.instances");
        if !(1 <= *min && min <= threshold && threshold <= max) {
            let what = format!("{min} to {max} instances cannot be done when {threshold} are");
            self.fault(&path, what, "keep 1 <= min <= threshold <= max");
        }
        if self.net.variable(over).is_none() {
            self.unknown_variable(&path, over);
        }
    }

    fn places(&mut self, path: &str, places: &[String]) {
        for (at, place) in places.iter().enumerate() {
            let path = format!("{path}.{place}");
            if !self.known.contains(place.as_str()) {
                let hint = match self.near(place, &self.conditions) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("declare it under [conditions]: {place} = \"what it means\""),
                };
                self.fault(&path, format!("`{place}` is no condition of this net"), hint);
            } else if places[..at].contains(place) {
                self.fault(&path, format!("`{place}` is named twice"), "an arc moves one token: name it once");
            }
        }
    }

    fn writes(&mut self, path: &str, writes: &[Write]) {
        for write in writes {
            let (variable, key) = match write {
                Write::Set { variable, .. } => (variable, format!("{path}.sets.{variable}")),
                Write::Count(variable) => (variable, format!("{path}.counts.{variable}")),
            };
            let Some(declared) = self.net.variable(variable) else {
                self.unknown_variable(&key, variable);
                continue;
            };
            match write {
                Write::Set { value, .. } if !declared.kind.holds(value) => {
                    self.fault(&key, format!("`{variable}` cannot hold {value}"), format!("it is {}", declared.kind));
                }
                Write::Count(_) if !matches!(declared.kind, Type::Range { .. }) => {
                    let what = format!("`{variable}` is {}, and only a range can be counted up", declared.kind);
                    self.fault(&key, what, format!("declare it so: {variable} = \"0..=3\""));
                }
                _ => {}
            }
        }
    }

    fn said(&mut self, path: &str, task: &Task) {
        for (at, variable) in task.says.iter().enumerate() {
            if self.net.variable(variable).is_none() {
                self.unknown_variable(path, variable);
            } else if task.says[..at].contains(variable) {
                self.fault(path, format!("`{variable}` is named twice"), "name it once");
            }
        }
    }

    fn unknown_variable(&mut self, path: &str, variable: &str) {
        let known: Vec<&str> = self.net.data.iter().map(|variable| variable.name.as_str()).collect();
        let hint = match self.near(variable, &known) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "declare it under [data]".to_owned(),
        };
        self.fault(path, format!("`{variable}` is no variable of this net"), hint);
    }

    fn closing(&mut self) {
        let Some(name) = &self.net.closing else { return };
        match self.net.task(name) {
            None => self.fault("closing", format!("`{name}` is no task of this net"), "name the task that ends it"),
            Some(task) => {
                let named =
                    matches!(&task.join, Join::Xor(entries) if entries.iter().all(|entry| entry.name.is_some()));
                let ends = matches!(&task.split, Split::And(gives) if gives.len() == 1);
                if !(named && ends) {
                    let what = format!("`{name}` does not tell how the net ended");
                    self.fault("closing", what, "give it named entries, one for each end, and one condition to end in");
                }
            }
        }
    }

    fn properties(&mut self) {
        let names = self.net.transition_names();
        let transitions: BTreeSet<&str> =
            names.iter().map(String::as_str).chain(self.net.tasks.iter().map(|task| task.name.as_str())).collect();
        for property in &self.net.properties {
            let path = format!("properties.{}", property.name);
            match &property.rule {
                Rule::Together { place, other } => {
                    [place, other].into_iter().for_each(|place| self.places(&path, std::slice::from_ref(place)));
                }
                Rule::Without { place, tasks } => {
                    self.places(&path, std::slice::from_ref(place));
                    tasks.iter().for_each(|task| self.known_transition(&path, task, &transitions));
                }
            }
        }
    }

    fn known_transition(&mut self, path: &str, name: &str, known: &BTreeSet<&str>) {
        if known.contains(name) {
            return;
        }
        let known: Vec<&str> = known.iter().copied().collect();
        let hint =
            self.near(name, &known).map_or_else(|| "name a task".to_owned(), |near| format!("did you mean `{near}`?"));
        self.fault(path, format!("`{name}` is no task of this net, nor an outcome of one"), hint);
    }

    /// Two transitions of one name would be one to every report and every ledger.
    fn transitions(&mut self) {
        let mut seen = BTreeSet::new();
        for task in &self.net.tasks {
            let names = super::flatten::names(task);
            if let Some(twice) = names.into_iter().find(|name| !seen.insert(name.clone())) {
                let path = format!("task.{}", task.name);
                self.fault(
                    &path,
                    format!("there are two transitions `{twice}`"),
                    "give entries, outcomes and tasks other names",
                );
            }
        }
    }
}
