//! Settling: after a token moved, who waits now, who waits no more, and what fires by itself.

use syndic_core::ports::CaseStatus;
use syndic_nets::PlaceId;
use syndic_nets::model::{Due, Kind, Timer, Value};

use super::Case;
use super::data::fill;
use super::item::{Asked, Asking, Debt, Doing, Done, Item, Phase};
use super::people::Work;
use super::turn::Turn;

/// How often automatic tasks may fire before a person or the clock has to do something. A net whose loops are bounded
/// by counters comes nowhere near it.
const FIRINGS_MAX: usize = 1000;

/// How often a case may go on by itself, for each of its tasks, before it rests. Services that answer at once and timers
/// that are over when they are set lead round as automatic tasks do, a step at a time.
const ROUNDS_MAX: usize = 20;

/// How long nothing happens in a case that rests.
const REST_MS: i64 = 1000;

impl Turn<'_> {
    /// Fires automatic tasks, the first of the net first, until none is enabled.
    pub fn settle(&mut self) {
        if self.case.status != CaseStatus::Running || self.case.cancelling {
            return;
        }
        for _ in 0..FIRINGS_MAX {
            self.enable();
            if self.case.status != CaseStatus::Running {
                return;
            }
            if self.is_complete() {
                return self.complete();
            }
            let first = self.case.items.iter().find(|(_, item)| item.doing == Doing::Auto).map(|(task, _)| *task);
            let Some(task) = first else { return self.watch() };
            match self.way(task, None, false) {
                Ok(id) => self.fire(id),
                Err(why) => return self.undecided(task, &why),
            }
        }
        self.enable();
        let why = format!("automatic tasks fired {FIRINGS_MAX} times, and there was no end of it");
        self.stop("endless", why, "set the data that their `when` and guards ask about (`case repair --set`)");
    }

    /// Counts how often the case went on by itself since it rested or somebody asked something of it; what goes round for
    /// ever is stopped. What is owed comes to its end by itself.
    pub fn goes_round(&mut self, before: &Case, by_itself: bool) {
        let rested = self.now.ms() - before.at.ms() >= REST_MS;
        self.case.rounds = if by_itself && !rested { before.rounds.saturating_add(1) } else { 0 };
        let most = FIRINGS_MAX.max(ROUNDS_MAX * self.net.net.tasks.len());
        if self.case.rounds as usize >= most && !self.owing {
            let why = format!("services and timers took it round {most} times, and no time passed");
            self.stop("endless", why, "set the data that guards ask about (`case repair --set`), or cancel it");
            self.case.rounds = 0;
        }
    }

    /// Stops the case at a task whose way out nobody can tell.
    pub fn undecided(&mut self, task: usize, why: &str) {
        let name = &self.net.task(task).name;
        let what_now = format!("set the data (`case repair --set`), or say how `{name}` ended (`case repair --fire`)");
        self.stop("undecided", format!("`{name}` has no way out: {why}"), what_now);
    }

    /// Makes the items those of the enabled tasks, neither more nor fewer.
    pub fn enable(&mut self) {
        for task in 0..self.net.net.tasks.len() {
            match (self.case.is_enabled(self.net, task), self.case.items.contains_key(&task)) {
                (true, false) => self.make(task),
                (false, true) => self.withdraw(task),
                (true, true) => self.set_clock(task),
                (false, false) => {}
            }
        }
    }

    /// An item for a task that is enabled anew.
    pub fn make(&mut self, task: usize) {
        let attempt = self.case.attempts.entry(task).or_default();
        *attempt = attempt.saturating_add(1);
        let attempt = *attempt;
        let rules = self.net.task(task);
        let key = match &rules.kind {
            // Every event is another one, and so is what it did.
            Kind::Service(service) if service.event.is_some() => Some(attempt.to_string()),
            Kind::Service(service) => Some(self.case.unspent(task, fill(self.net, &self.case.data, &service.key))),
            _ => None,
        };
        let unsure = key.as_ref().is_some_and(|key| self.asked_again(task, key));
        let doing = match &rules.kind {
            Kind::Timer(_) => Doing::Timer(None),
            Kind::Service(_) => Doing::Service(Asking::from(self.now)),
            Kind::User(user) => Doing::Person(Work::offered(&user.roles)),
            Kind::Auto { .. } | Kind::Composite(_) => Doing::Auto,
        };
        let late = rules.sla.as_ref().map(|span| self.over(span));
        let item = Item { attempt, since: self.now, late, told: false, key, unsure, doing, fresh: true };
        self.case.items.insert(task, item);
        self.set_clock(task);
    }

    /// Sets a timer that has not been set. What it goes by may have been missing until now.
    fn set_clock(&mut self, task: usize) {
        let net = self.net;
        let Kind::Timer(Timer { due }) = &net.task(task).kind else { return };
        if !matches!(self.case.items.get(&task), Some(Item { doing: Doing::Timer(None), .. })) {
            return;
        }
        let span = match due {
            Due::After(span) => Some(span),
            Due::By { variable, spans } => {
                let word = net.find_variable(variable).and_then(|at| self.case.data[at].as_ref());
                let said = |word: &str| spans.iter().find(|(known, _)| known == word).map(|(_, span)| span);
                match word {
                    Some(Value::Text(word)) => said(word),
                    _ => None,
                }
            }
        };
        match (span.map(|span| self.over(span)), due) {
            (Some(over), _) => {
                if let Some(item) = self.case.items.get_mut(&task) {
                    item.doing = Doing::Timer(Some(over));
                }
            }
            (None, Due::By { variable, .. }) => {
                let why = format!("`{}` goes by `{variable}`, which has no value", net.task(task).name);
                self.stop("no-time", why, format!("set `{variable}` (`case repair --set`)"));
            }
            (None, Due::After(_)) => {}
        }
    }

    /// Withdraws every item whose task has no way in that is marked.
    pub fn withdraw_unmarked(&mut self) {
        let lost = |task: &usize| self.case.marked_entry(self.net, *task).is_none();
        let lost: Vec<usize> = self.case.items.keys().copied().filter(lost).collect();
        lost.into_iter().for_each(|task| self.withdraw(task));
    }

    /// Withdraws an item. A service that may have been asked, and whose work can be undone, is heard out; unless the
    /// same was done before, under the same key, and counts. An event is raised by a step of the case, so one that was
    /// not is known to have done nothing.
    pub fn withdraw(&mut self, task: usize) {
        let Some(item) = self.case.items.remove(&task) else { return };
        let Kind::Service(service) = &self.net.task(task).kind else { return };
        let asking = match item.doing {
            Doing::Service(Asking { at: Asked::Due(_), .. }) if service.event.is_some() => return,
            Doing::Service(asking) if asking.is_open() && !item.fresh => asking,
            _ if item.unsure => Asking::from(self.now),
            _ => return,
        };
        let done = Done { task, attempt: item.attempt, key: item.key.unwrap_or_default() };
        let counts = self.case.done.iter().any(|known| (known.task, &known.key) == (task, &done.key));
        if service.undo.is_some() && !counts {
            self.case.debts.push(Debt { done, since: self.now, phase: Phase::Listening(asking) });
        }
    }

    /// Whether somebody was being heard out under this key: then it is asked again now, and nobody is owed anything.
    fn asked_again(&mut self, task: usize, key: &str) -> bool {
        let before = self.case.debts.len();
        let same = |debt: &Debt| debt.done.task == task && debt.done.key == key;
        self.case.debts.retain(|debt| !(same(debt) && matches!(debt.phase, Phase::Listening(_))));
        self.case.debts.len() < before
    }

    fn is_complete(&self) -> bool {
        self.net.flat.sink.is_some_and(|sink| self.case.tokens.iter().eq([(&sink, &1)]))
    }

    /// What was done stays done.
    fn complete(&mut self) {
        self.case.status = CaseStatus::Completed;
        self.case.done.clear();
        self.case.filled.clear();
    }

    /// At rest: what was given up needs somebody else who can take its token on, and a case somebody who can move it.
    fn watch(&mut self) {
        let given_up = |(task, item): (&usize, &Item)| (!item.lives() && !self.has_rival(*task)).then_some(*task);
        if let Some(task) = self.case.items.iter().find_map(given_up) {
            let name = &self.net.task(task).name;
            let (code, why) = match &self.case.items[&task].doing {
                Doing::Service(Asking { at: Asked::Denied, .. }) => ("denied", format!("`{name}` was denied")),
                Doing::Service(_) => ("no-answer", format!("nobody answered `{name}`")),
                Doing::Timer(_) => return,
                _ => ("failed", format!("whoever was at `{name}` says that it cannot be done")),
            };
            let what_now = format!(
                "try it anew (`case repair --retry {name}`), or say how it ended (`case repair --fire {name}…`)"
            );
            return self.stop(code, why, what_now);
        }
        if !self.case.items.values().any(Item::lives) {
            let places: Vec<&str> = self.case.tokens.keys().map(|place| self.net.flat.place(*place)).collect();
            let why = format!("nothing is enabled: tokens lie on {}", places.join(", "));
            self.stop("stuck", why, "set the data that the `when` of the tasks there asks about (`case repair --set`)");
        }
    }

    /// Whether somebody else can still take a token that this task waits for.
    fn has_rival(&self, task: usize) -> bool {
        let marked = |task: usize| -> Vec<PlaceId> {
            let entries = self.net.rules[task].entries.iter();
            entries.filter(|entry| self.case.is_marked(entry)).flatten().copied().collect()
        };
        let mine = marked(task);
        let takes = |other: usize| marked(other).iter().any(|place| mine.contains(place));
        self.case.items.iter().any(|(other, item)| *other != task && item.lives() && takes(*other))
    }
}
