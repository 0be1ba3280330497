//! What decisions did, by name: the half of a comparison that a page cannot make up.

use std::collections::BTreeSet;

use super::judged::Judged;

/// The code of an event that was rolled back because a service was silent. It is the host's, not the governor's.
const SILENCE: &str = "EffectFailed";

/// The names of facts, timers, effects and codes that were seen, for [`Page::tells_of`](super::Page::tells_of).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The facts that were given something, the customer's and the tenant's.
    pub facts: BTreeSet<String>,
    /// The timers that were set.
    pub timers: BTreeSet<String>,
    /// The actions that were asked for.
    pub effects: BTreeSet<String>,
    /// The codes of refusals, referrals and faults.
    pub codes: BTreeSet<String>,
}

impl Seen {
    /// Notes what a decision asked for, whether it was kept or not.
    pub fn note(&mut self, judged: &Judged) {
        self.facts.extend(judged.written().map(|fact| fact.name.clone()));
        self.timers.extend(judged.timers.iter().map(|timer| timer.name.clone()));
        self.effects.extend(judged.effects.iter().map(|effect| effect.action.clone()));
        self.codes.extend(judged.code().filter(|code| *code != SILENCE).map(str::to_owned));
    }

    /// Adds what was seen elsewhere: in another life, on another thread.
    pub fn extend(&mut self, other: Self) {
        self.facts.extend(other.facts);
        self.timers.extend(other.timers);
        self.effects.extend(other.effects);
        self.codes.extend(other.codes);
    }
}

impl FromIterator<Self> for Seen {
    fn from_iter<I: IntoIterator<Item = Self>>(lives: I) -> Self {
        lives.into_iter().fold(Self::default(), |mut all, one| {
            all.extend(one);
            all
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::Outcome;
    use crate::{Decision, Effect, Fault, Reason, Time};

    #[test]
    fn what_a_decision_gives_sets_asks_and_answers_is_noted_by_name() {
        let mut decision = Decision::approve();
        decision.set("shop.order", &1).increase_tenant("shop.orders", 1).add("shared.suspensions", "payment");
        decision.remove("shop.taken-back", "x").claim("payment:k".to_owned(), &json!({}));
        decision.timer("again", Time::from_date(2026, 1, 2), &());
        decision.effect(Effect::deferred("mail-welcome", "mail", "k", &json!({})));
        let refused = Outcome::Refused(Reason { code: "too-much".into(), message: String::new() });
        let mut seen = Seen::default();
        seen.note(&Judged::ended(refused, decision));
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let all = Seen {
            facts: names(&["shared.suspensions", "shop.order", "shop.orders"]),
            timers: names(&["again"]),
            effects: names(&["mail"]),
            codes: names(&["too-much"]),
        };
        assert_eq!(seen, all);
        assert_eq!([seen, Seen::default()].into_iter().collect::<Seen>(), all);
    }

    #[test]
    fn a_fault_is_noted_and_a_services_silence_is_not() {
        let mut seen = Seen::default();
        for code in ["broken-config", "EffectFailed"] {
            let broken = Outcome::RolledBack(Fault::new(code, String::new()));
            seen.note(&Judged::ended(broken, Decision::abstain()));
        }
        assert_eq!(seen.codes.into_iter().collect::<Vec<_>>(), ["broken-config"]);
    }
}
