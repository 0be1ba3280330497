//! A net that cases may run on: judged, in-lined, and with what a step looks up looked up before.

use std::collections::{BTreeMap, BTreeSet};

use syndic_core::json::MAX_SAFE_INTEGER;
use syndic_ledger::{Hash, sha256};
use syndic_nets::format::{read, write};
use syndic_nets::model::{Due, FlattenError, InlineError, Kind, Library, Origin, Span, Task, Timer, Type, Way, Write};
use syndic_nets::{Budget, Flat, Judgement, Net, PlaceId, TransitionId};

/// A net that was admitted.
#[derive(Debug)]
pub struct CaseNet {
    digest: Hash,
    text: String,
    pub(super) net: Net,
    pub(super) flat: Flat,
    pub(super) origins: Vec<Origin>,
    /// For each task, in order.
    pub(super) rules: Vec<Rules>,
    /// The places from whose filling some span counts.
    pub(super) counted_from: BTreeSet<PlaceId>,
    places: BTreeMap<String, PlaceId>,
    tasks: BTreeMap<String, usize>,
    variables: BTreeMap<String, usize>,
}

/// What a step has to know of a task.
#[derive(Debug)]
pub(super) struct Rules {
    /// For each way in, where a token has to be.
    pub entries: Vec<Vec<PlaceId>>,
    /// Its transitions, in the order of the net.
    pub transitions: Vec<TransitionId>,
    /// The variables that whoever does it may be asked about: those of its own guards, and those that a timer writes
    /// which leads to the same place, for it stands in for a word that did not come. Counters are nobody's word.
    pub asks: Vec<usize>,
    /// These, and what the net lets them say beside: nobody writes anything else.
    pub says: Vec<usize>,
}

/// Why no case may run on a net.
#[derive(Debug, thiserror::Error)]
pub enum NotAdmitted {
    /// A net inside is missing, or does not fit.
    #[error(transparent)]
    Inline(#[from] InlineError),
    /// It has no flat form.
    #[error(transparent)]
    Flatten(#[from] FlattenError),
    /// It is not proved sound, or its choices leave a case out, or a property is not kept.
    #[error("the net is not proved sound, or leaves a case out, or does not keep a property")]
    Judged(Box<Judgement>),
    /// Something that can be written and proved, and that no case can do yet.
    #[error("`{task}` is done several times side by side, which cases cannot do yet")]
    Instances {
        /// The task.
        task: String,
    },
    /// Put together, it is no net file, and nobody could read it again.
    #[error("with the nets inside it, it is none: {0}")]
    Whole(String),
    /// Numbers that not every language holds.
    #[error("`{variable}` goes beyond ±(2^53 − 1)")]
    TooWide {
        /// The variable.
        variable: String,
    },
}

impl NotAdmitted {
    /// The name on the wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Inline(InlineError::Oversize(_)) => "oversize",
            Self::Inline(_) => "inline",
            Self::Flatten(_) => "flatten",
            Self::Judged(_) => "judged",
            Self::Instances { .. } => "instances",
            Self::Whole(_) => "whole",
            Self::TooWide { .. } => "too-wide",
        }
    }
}

impl CaseNet {
    /// Admits a net: puts the nets of the library in for its composite tasks, and judges the whole. That is judged which
    /// its text says, for cases will run on nothing else.
    ///
    /// # Errors
    /// No case may run on it, and why.
    pub fn admit(net: &Net, library: &Library, budget: &Budget) -> Result<Self, NotAdmitted> {
        let whole = write(&library.inline(net)?);
        let net = read(&whole).map_err(|mistakes| NotAdmitted::Whole(mistakes.to_string()))?;
        if let Some(task) = net.tasks.iter().find(|task| task.instances.is_some()) {
            return Err(NotAdmitted::Instances { task: task.name.clone() });
        }
        let wide = |kind: &Type| matches!(kind, Type::Range { low, high } if *low < -MAX_SAFE_INTEGER || *high > MAX_SAFE_INTEGER);
        if let Some(variable) = net.data.iter().find(|variable| wide(&variable.kind)) {
            return Err(NotAdmitted::TooWide { variable: variable.name.clone() });
        }
        let judgement = Judgement::of(&net, budget)?;
        if !judgement.admits() {
            return Err(NotAdmitted::Judged(Box::new(judgement)));
        }
        let admitted = Self::of(net)?;
        match admitted.text == whole {
            true => Ok(admitted),
            false => Err(NotAdmitted::Whole("its file reads as another net".to_owned())),
        }
    }

    /// A net that was admitted before, from its [`CaseNet::text`]; it is not judged again.
    ///
    /// # Errors
    /// A sentence: the text is not one of ours.
    pub fn admitted(text: &str) -> Result<Self, String> {
        let net = read(text).map_err(|mistakes| mistakes.to_string())?;
        Self::of(net).map_err(|error| error.to_string())
    }

    fn of(net: Net) -> Result<Self, FlattenError> {
        let flattened = net.flattened()?;
        let (flat, origins) = (flattened.flat, flattened.origins);
        let text = write(&net);
        let places: BTreeMap<String, PlaceId> = flat.places.iter().cloned().zip((0..).map(PlaceId)).collect();
        let variables: BTreeMap<String, usize> = net.data.iter().map(|one| one.name.clone()).zip(0..).collect();
        let asked = Asked::of(&net, &variables);
        let mut transitions: Vec<Vec<TransitionId>> = vec![Vec::new(); net.tasks.len()];
        flat.transition_ids().for_each(|id| transitions[origins[id.0 as usize].task].push(id));
        let rules = |(task, transitions): (&Task, Vec<TransitionId>)| Rules {
            entries: task.entries().iter().map(|(_, takes)| takes.iter().map(|name| places[name]).collect()).collect(),
            transitions,
            asks: asked.about(&net, task),
            says: says(asked.about(&net, task), task, &variables),
        };
        Ok(Self {
            digest: sha256(text.as_bytes()),
            text,
            rules: net.tasks.iter().zip(transitions).map(rules).collect(),
            counted_from: net
                .tasks
                .iter()
                .flat_map(spans)
                .filter_map(|span| span.since.as_ref())
                .map(|name| places[name])
                .collect(),
            tasks: net.tasks.iter().map(|task| task.name.clone()).zip(0..).collect(),
            net,
            flat,
            origins,
            places,
            variables,
        })
    }

    /// SHA-256 of [`CaseNet::text`]: which net, to the byte, whatever nets it was put together from.
    pub fn digest(&self) -> Hash {
        self.digest
    }

    /// The whole net as one file, composite tasks replaced by their insides.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.net.name
    }

    /// The net.
    pub fn net(&self) -> &Net {
        &self.net
    }

    pub(super) fn task(&self, at: usize) -> &Task {
        &self.net.tasks[at]
    }

    pub(super) fn find_task(&self, name: &str) -> Option<usize> {
        self.tasks.get(name).copied()
    }

    pub(super) fn find_place(&self, name: &str) -> Option<PlaceId> {
        self.places.get(name).copied()
    }

    pub(super) fn find_variable(&self, name: &str) -> Option<usize> {
        self.variables.get(name).copied()
    }

    /// The transition of a task for this way in and out.
    pub(super) fn transition(&self, task: usize, entry: usize, way: &Way, by_hand: bool) -> TransitionId {
        let fits = |id: &&TransitionId| {
            let origin = &self.origins[id.0 as usize];
            (origin.entry, &origin.way, origin.by_hand) == (entry, way, by_hand)
        };
        *self.rules[task].transitions.iter().find(fits).expect("every way in and out of a task is a transition")
    }

    /// What a work item of this task is called: the task, or its fallback.
    pub(super) fn item_name(&self, at: usize) -> String {
        let task = self.task(at);
        task.fallback().map_or_else(|| task.name.clone(), |fallback| format!("{}.{}", task.name, fallback.name))
    }

    /// Who may do a task by hand, before anybody is late.
    pub(super) fn roles(&self, at: usize) -> &[String] {
        match &self.task(at).kind {
            Kind::User(user) => &user.roles,
            Kind::Service(service) => service.fallback.as_ref().map_or(&[], |fallback| &fallback.roles),
            Kind::Auto { .. } | Kind::Timer(_) | Kind::Composite(_) => &[],
        }
    }

    /// The words for the outcomes that whoever does a task has to choose from.
    pub(super) fn named_outcomes(&self, at: usize) -> Vec<&str> {
        let outcomes = self.task(at).outcomes();
        let named = outcomes.len() > 1 && outcomes.iter().all(|outcome| outcome.when.is_none());
        outcomes.iter().filter(|_| named).map(|outcome| outcome.name.as_str()).collect()
    }
}

fn spans(task: &Task) -> Vec<&Span> {
    let mut spans: Vec<&Span> = task.sla.iter().collect();
    match &task.kind {
        Kind::Timer(Timer { due: Due::After(span) }) => spans.push(span),
        Kind::Timer(Timer { due: Due::By { spans: each, .. } }) => spans.extend(each.iter().map(|(_, span)| span)),
        _ => {}
    }
    spans
}

/// What may be asked about, over a whole net: looked up once, for a net may have thousands of tasks.
struct Asked<'n> {
    /// By place: the variables that timers write which lead there.
    stood_in_for: BTreeMap<&'n String, BTreeSet<usize>>,
    counted: BTreeSet<&'n String>,
}

impl<'n> Asked<'n> {
    fn of(net: &'n Net, variables: &BTreeMap<String, usize>) -> Self {
        let mut stood_in_for: BTreeMap<&String, BTreeSet<usize>> = BTreeMap::new();
        for timer in net.tasks.iter().filter(|task| matches!(task.kind, Kind::Timer(_))) {
            let set = |write: &Write| match write {
                Write::Set { variable, .. } => variables.get(variable).copied(),
                Write::Count(_) => None,
            };
            for place in timer.gives() {
                stood_in_for.entry(place).or_default().extend(timer.sets.iter().filter_map(set));
            }
        }
        Self { stood_in_for, counted: net.tasks.iter().flat_map(writes).filter_map(counted).collect() }
    }

    fn about(&self, net: &Net, task: &Task) -> Vec<usize> {
        let mut asks = BTreeSet::new();
        let guards = task.outcomes().iter().filter_map(|outcome| outcome.when.as_ref());
        asks.extend(guards.flat_map(|guard| guard.variables()));
        for set in task.gives().into_iter().filter_map(|place| self.stood_in_for.get(place)) {
            asks.extend(set);
        }
        asks.into_iter().filter(|at| !self.counted.contains(&net.data[*at].name)).collect()
    }
}

/// What whoever does a task may say at all.
fn says(asks: Vec<usize>, task: &Task, variables: &BTreeMap<String, usize>) -> Vec<usize> {
    let more = task.says.iter().filter_map(|name| variables.get(name).copied());
    asks.into_iter().chain(more).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Everything a task may write by itself.
fn writes(task: &Task) -> Vec<&Write> {
    let mut writes: Vec<&Write> = task.sets.iter().collect();
    writes.extend(task.outcomes().iter().flat_map(|outcome| &outcome.sets));
    if let syndic_nets::model::Join::Xor(entries) = &task.join {
        writes.extend(entries.iter().flat_map(|entry| &entry.sets));
    }
    writes
}

fn counted(write: &Write) -> Option<&String> {
    match write {
        Write::Count(variable) => Some(variable),
        Write::Set { .. } => None,
    }
}
