//! A turn: one step in the making.
//!
//! It works on a copy of the case, so that what is refused on the way has changed nothing.

use syndic_core::Time;
use syndic_core::calendar::{Calendar, Unit as Counted};
use syndic_core::ports::CaseStatus;
use syndic_nets::TransitionId;
use syndic_nets::model::{Kind, Span, Split, Unit, Way, Write};

use super::data::Data;
use super::{Case, CaseNet, Stop, Told};

/// One step in the making.
pub(super) struct Turn<'a> {
    pub net: &'a CaseNet,
    pub calendar: &'a Calendar,
    /// The moment of it.
    pub now: Time,
    pub case: Case,
    pub fired: Vec<String>,
    pub told: Vec<Told>,
    /// It is about what was done and has to be undone, which is never refused for want of room.
    pub owing: bool,
}

impl<'a> Turn<'a> {
    /// A step of this case; time does not go back in a case.
    pub fn of(net: &'a CaseNet, calendar: &'a Calendar, mut case: Case, now: Time) -> Self {
        case.at = case.at.max(now);
        Self { net, calendar, now: case.at, case, fired: Vec::new(), told: Vec::new(), owing: false }
    }

    /// Fires a transition whose places are marked: takes, cancels, withdraws what lost its token, puts, writes.
    ///
    /// Between taking and putting, every item is looked at: whoever waited for a token that is now taken has lost it,
    /// even if another one is put in its place. So a race is decided once.
    pub fn fire(&mut self, id: TransitionId) {
        let origin = &self.net.origins[id.0 as usize];
        let transition = self.net.flat.transition(id);
        for place in &transition.consumes {
            let count = self.case.tokens.get_mut(place).expect("only what is marked fires");
            *count -= 1;
            if *count == 0 {
                self.case.tokens.remove(place);
            }
        }
        self.case.tokens.retain(|place, _| !transition.removes.contains(place));
        self.case.items.remove(&origin.task);
        self.withdraw_unmarked();
        for place in &transition.produces {
            *self.case.tokens.entry(*place).or_default() += 1;
            if self.net.counted_from.contains(place) {
                self.case.filled.insert(*place, self.now);
            }
        }
        self.write(origin.task, origin.entry, &origin.way);
        self.fired.push(transition.name.clone());
        if let Kind::Auto { action: Some(action) } = &self.net.task(origin.task).kind {
            self.told.push(Told::Acted { transition: transition.name.clone(), action: action.clone() });
        }
    }

    /// Which transition of a task fires: by its first way in that is marked, and by the way out that data decides, or
    /// whoever did it names.
    ///
    /// # Errors
    /// A sentence: no way out, or more than one.
    pub fn way(&self, task: usize, named: Option<&str>, by_hand: bool) -> Result<TransitionId, String> {
        let entry = self.case.marked_entry(self.net, task).ok_or("its tokens are gone")?;
        let data: &Data = &self.case.data;
        let net = &self.net.net;
        let way = match &self.net.task(task).split {
            Split::And(_) => Way::Only,
            Split::Or(flows) => {
                let holds = |at: &usize| {
                    let told = flows[*at].when.holds(data);
                    told.map_err(|unset| format!("`{}` has no value yet", net.data[unset.0].name))
                };
                let each: Result<Vec<bool>, String> = (0..flows.len()).map(|at| holds(&at)).collect();
                let open: Vec<usize> = each?.iter().enumerate().filter(|(_, open)| **open).map(|(at, _)| at).collect();
                if open.is_empty() {
                    return Err("no way out applies".into());
                }
                Way::Flows(open)
            }
            Split::Xor(outcomes) => Way::Outcome(self.outcome(task, outcomes, named)?),
        };
        Ok(self.net.transition(task, entry, &way, by_hand))
    }

    fn outcome(
        &self,
        task: usize,
        outcomes: &[syndic_nets::model::Outcome],
        named: Option<&str>,
    ) -> Result<usize, String> {
        let place = |name: &str| outcomes.iter().position(|outcome| outcome.name == name);
        let words = self.net.named_outcomes(task).join(", ");
        if let [_] = outcomes {
            return Ok(0);
        }
        if !words.is_empty() {
            let named = named.ok_or_else(|| format!("name the outcome: {words}"))?;
            return place(named).ok_or_else(|| format!("`{named}` is none of the outcomes: {words}"));
        }
        let chosen = syndic_nets::guard::choose(outcomes, &self.net.net.data, &self.case.data);
        let chosen = chosen.map_err(|error| error.to_string())?;
        match named {
            Some(named) if named != chosen.name => {
                Err(format!("`{named}` was named, and what is known says `{}`", chosen.name))
            }
            _ => place(&chosen.name).ok_or_else(|| "no outcome applies".to_owned()),
        }
    }

    /// What a task writes by itself: for the way in, for having been done, for the way out.
    fn write(&mut self, task: usize, entry: usize, way: &Way) {
        let net = self.net;
        let task = net.task(task);
        if let syndic_nets::model::Join::Xor(entries) = &task.join {
            entries[entry].sets.iter().for_each(|write| self.write_one(write));
        }
        task.sets.iter().for_each(|write| self.write_one(write));
        if let Way::Outcome(at) = way {
            task.outcomes()[*at].sets.iter().for_each(|write| self.write_one(write));
        }
    }

    fn write_one(&mut self, write: &Write) {
        use syndic_nets::model::{Type, Value};
        let name = match write {
            Write::Set { variable, .. } | Write::Count(variable) => variable,
        };
        let Some(at) = self.net.find_variable(name) else { return };
        self.case.data[at] = Some(match (write, &self.net.net.data[at].kind, &self.case.data[at]) {
            (Write::Set { value, .. }, ..) => value.clone(),
            (Write::Count(_), Type::Range { high, .. }, Some(Value::Number(count))) => {
                Value::Number(count.saturating_add(1).min(*high))
            }
            (Write::Count(_), Type::Range { low, high }, _) => Value::Number(low.saturating_add(1).min(*high)),
            (Write::Count(_), ..) => return,
        });
    }

    /// The case cannot go on; the first reason is the one.
    pub fn stop(&mut self, code: &str, why: String, what_now: impl Into<String>) {
        if self.case.status == CaseStatus::Running {
            self.case.status = CaseStatus::Stopped;
            self.case.stop = Some(Stop { code: code.to_owned(), why, what_now: what_now.into() });
            self.told.push(Told::Stopped);
        }
    }

    /// When a span is over that began when its place was last filled, or else now.
    pub fn over(&self, span: &Span) -> Time {
        let since = span.since.as_ref().and_then(|place| self.net.find_place(place));
        let from = since.and_then(|place| self.case.filled.get(&place)).copied().unwrap_or(self.now);
        after(span, self.calendar, from)
    }
}

/// The moment that is a span after another. Whatever a net says of time is reckoned here.
pub(super) fn after(span: &Span, calendar: &Calendar, from: Time) -> Time {
    let unit = match span.unit {
        Unit::Seconds => Counted::Seconds,
        Unit::Minutes => Counted::Minutes,
        Unit::Hours => Counted::Hours,
        Unit::Days => Counted::Days,
        Unit::BusinessDays => Counted::BusinessDays,
        Unit::Months => Counted::Months,
    };
    calendar.due(span.count, unit, from)
}
