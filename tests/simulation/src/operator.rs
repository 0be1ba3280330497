//! The operator: a person who settles what is not over, sometimes sensibly.
//!
//! Orders are given about anything that has a receipt, and about dead letters, whether they make sense or not: those that
//! do not have to be denied. After a crash nobody remembers what was ordered and not answered.

use syndic_core::ports::{Act, Reads, StoreError, Verb};
use syndic_core::{DedupKey, Report};
use syndic_engine::{Order, Pending, Target};

use crate::counts::Counts;
use crate::dice::Dice;

/// What an order comes to: a report, or the sentence that denies it.
type Answer = Pending<Result<Report, syndic_engine::Denied>>;

/// The person.
#[derive(Default)]
pub struct Operator {
    waits: Vec<(Order, Answer)>,
    /// What was heard, to be counted.
    pub counts: Counts,
}

/// What was told of an order that was carried out.
pub struct Done {
    /// The event.
    pub key: DedupKey,
    /// Its outcome from now on.
    pub report: Report,
}

impl Operator {
    /// Thinks of something to order.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn think(dice: &mut Dice, seen: &[DedupKey], store: &dyn Reads) -> Result<Option<Order>, StoreError> {
        let letters = store.dead_letters(0, 8)?;
        if !letters.is_empty() && dice.percent(50) {
            let (number, _) = dice.pick(&letters);
            return Ok(Some(order(Target::Letter(*number), Verb::Resend)));
        }
        if seen.is_empty() {
            return Ok(None);
        }
        let verb = match dice.below(10) {
            0 | 1 => Verb::Resolve { winner: None },
            2..6 => Verb::Retry,
            6 => Verb::Refuse,
            7 => Verb::Settle,
            8 => Verb::Undo,
            _ => Verb::Release,
        };
        Ok(Some(order(Target::Event(dice.pick(seen).clone()), verb)))
    }

    /// An order to settle what the host has given up.
    pub fn settles(key: DedupKey) -> Order {
        order(Target::Event(key), Verb::Settle)
    }

    /// Whether some order is not answered yet.
    pub fn is_waiting(&self) -> bool {
        !self.waits.is_empty()
    }

    /// Whether some order about an event is not answered yet.
    pub fn waits_about(&self, key: &DedupKey) -> bool {
        self.waits.iter().any(|(order, _)| matches!(&order.target, Target::Event(target) if target == key))
    }

    /// Waits for the answer to an order.
    pub fn waits_for(&mut self, order: Order, answer: Answer) {
        self.waits.push((order, answer));
    }

    /// The process died.
    pub fn hang_up(&mut self) {
        self.waits.clear();
    }

    /// What was answered.
    ///
    /// # Errors
    /// A sentence: the host stopped.
    pub fn listen(&mut self) -> Result<Vec<Done>, String> {
        let mut done = Vec::new();
        let mut wrong = None;
        let counts = &mut self.counts;
        self.waits.retain_mut(|(order, answer)| match answer.try_answer() {
            None => true,
            Some(Err(halt)) => {
                wrong = Some(format!("an order to {} was answered with a halt: {halt}", order.act.verb.name()));
                false
            }
            Some(Ok(Err(_))) => {
                counts.add("an order that was denied");
                false
            }
            Some(Ok(Ok(report))) => {
                counts.add(carried_out(&order.act.verb));
                if let (Target::Event(key), false) = (&order.target, order.act.verb == Verb::Release) {
                    done.push(Done { key: key.clone(), report });
                }
                false
            }
        });
        wrong.map_or(Ok(done), Err)
    }
}

fn order(target: Target, verb: Verb) -> Order {
    Order { target, act: Act { verb, by: "olga".into(), reason: "as rolled".into() } }
}

fn carried_out(verb: &Verb) -> &'static str {
    match verb {
        Verb::Resolve { .. } => "an order to resolve",
        Verb::Refuse => "an order to refuse",
        Verb::Retry => "an order to retry",
        Verb::Settle => "an order to settle",
        Verb::Undo => "an order to undo",
        Verb::Resend => "an order to resend",
        Verb::Release => "an order to release",
    }
}
