//! The oracle: the token game, played beside the case by the nets' own rules.
//!
//! It knows nothing of how a case works. It is told what fired and what the data is, and says where the tokens lie, who
//! is enabled, and which time.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value as Json;
use syndic_core::ports::CaseStatus;
use syndic_engine::cases::{Case, CaseNet};
use syndic_nets::game::{Board, Game};
use syndic_nets::guard::Guard;
use syndic_nets::model::Value;
use syndic_nets::{Flat, Net, Tokens, Transition};

pub struct Oracle {
    net: Net,
    flat: Flat,
    /// The task of each transition.
    tasks: Vec<String>,
    game: Game,
    /// How often each task was enabled; known exactly where no task has a `when`.
    attempts: BTreeMap<String, u32>,
    exact: bool,
}

impl Oracle {
    pub fn new(net: &CaseNet) -> Self {
        let net = net.net().clone();
        let flattened = net.flattened().expect("it was admitted");
        let tasks = flattened.origins.iter().map(|origin| net.tasks[origin.task].name.clone()).collect();
        let game = Game::case(&Board::new(flattened.flat.clone()));
        let exact = net.tasks.iter().all(|task| task.when.is_none());
        let mut oracle = Self { flat: flattened.flat, tasks, game, attempts: BTreeMap::new(), exact, net };
        let begun = oracle.marked(oracle.game.tokens());
        begun.into_iter().for_each(|task| *oracle.attempts.entry(task).or_default() += 1);
        oracle
    }

    /// What fired fires here too; then the case is where the game is, and has exactly the items of what is enabled.
    pub fn follow(&mut self, fired: &[String], case: &Case, net: &CaseNet) {
        for name in fired {
            let id = self.flat.find_transition(name).unwrap_or_else(|| panic!("{name} is no transition"));
            let before = self.marked(self.game.tokens());
            let between = self.marked(&taken(self.game.tokens(), self.flat.transition(id)));
            self.game.fire(id).unwrap_or_else(|why| panic!("{name} fired, but {why}"));
            for task in self.marked(self.game.tokens()) {
                let waited = before.contains(&task) && between.contains(&task) && task != self.tasks[id.0 as usize];
                if !waited {
                    *self.attempts.entry(task).or_default() += 1;
                }
            }
        }
        assert_eq!(case.tokens(), self.game.tokens(), "the tokens lie elsewhere after {fired:?}");
        let waiting: BTreeMap<&str, u32> = case.waiting(net).into_iter().collect();
        let over = case.is_cancelling() || case.status() == CaseStatus::Cancelled;
        let enabled = if over { BTreeSet::new() } else { self.enabled(case, net) };
        assert_eq!(waiting.keys().map(|task| (*task).to_owned()).collect::<BTreeSet<_>>(), enabled, "after {fired:?}");
        for (task, attempt) in waiting.iter().filter(|_| self.exact) {
            assert_eq!(*attempt, self.attempts[*task], "{task} after {fired:?}");
        }
    }

    /// An operator had a task enabled anew.
    pub fn retried(&mut self, task: &str) {
        *self.attempts.entry(task.to_owned()).or_default() += 1;
    }

    pub fn is_complete(&self) -> bool {
        self.game.is_complete()
    }

    fn enabled(&self, case: &Case, net: &CaseNet) -> BTreeSet<String> {
        let view = case.view(net);
        let value = |json: &Json| match json {
            Json::Bool(flag) => Some(Value::Bool(*flag)),
            Json::Number(number) => number.as_i64().map(Value::Number),
            Json::String(text) => Some(Value::Text(text.clone())),
            _ => None,
        };
        let data: Vec<Option<Value>> = self.net.data.iter().map(|one| value(&view["data"][&one.name])).collect();
        let holds = |guard: &Guard| guard.holds(&data) == Ok(true);
        let may = |task: &String| self.net.task(task).expect("a task").when.as_ref().is_none_or(holds);
        self.marked(self.game.tokens()).into_iter().filter(may).collect()
    }

    fn marked(&self, tokens: &Tokens) -> BTreeSet<String> {
        let is_marked = |transition: &Transition| transition.consumes.iter().all(|place| tokens.contains_key(place));
        let both = self.flat.transitions.iter().zip(&self.tasks);
        both.filter(|(transition, _)| is_marked(transition)).map(|(_, task)| task.clone()).collect()
    }
}

/// Where the tokens lie between taking and putting.
fn taken(tokens: &Tokens, transition: &Transition) -> Tokens {
    let mut tokens = tokens.clone();
    transition.consumes.iter().for_each(|place| *tokens.entry(*place).or_default() -= 1);
    tokens.retain(|place, count| *count > 0 && !transition.removes.contains(place));
    tokens
}
