//! Changes: what the decisions of one event add up to.
//!
//! Slots are merged in slot order and each slot's writes in the order it asked for them, so that the result depends on
//! nothing else. Names under a slot are that slot's alone; disagreement is therefore about `shared.…` names only, and
//! what it means is policy.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use crate::config::{Config, Disagreement, Staleness};
use crate::decision::Write;
use crate::fact::{Fact, FactName, Held, VALUE_MAX_BYTES};
use crate::outcome::Conflict;
use crate::ports::StoreError;
pub use crate::request::{ClaimRequest, NumberRequest};
use crate::slot::Slot;
use crate::step::step;
use crate::text::Text;
use crate::time::Time;

/// One fact that is different afterwards.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The fact.
    pub fact: FactName,
    /// What it was.
    pub before: Option<Fact>,
    /// What it holds afterwards; none where it is deleted.
    pub after: Option<Held>,
    /// The slot that wrote it last.
    pub by: Slot,
    /// Whether it was only stepped, by `increase`, `add` or `remove`: steps of several events go together in any order.
    pub stepped: bool,
}

/// Everything the writes of one event add up to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Changed facts, by name.
    pub facts: Vec<Change>,
    /// Numbers, in (slot, write) order.
    pub numbers: Vec<NumberRequest>,
    /// Claims, in (slot, write) order.
    pub claims: Vec<ClaimRequest>,
    /// Conflicts that were settled.
    pub conflicts: Vec<Conflict>,
}

/// Why decisions do not add up.
#[derive(Clone, Debug, PartialEq)]
pub enum Trouble {
    /// A write that cannot be carried out: its governor's bad answer.
    BadAnswer {
        /// Who asked for it.
        slot: Slot,
        /// A sentence.
        reason: String,
    },
    /// Decisions disagree, and the policy is to roll back.
    Disagreement(Conflict),
    /// Decisions disagree, and the policy is that an operator decides.
    Manual(Conflict),
    /// The store failed.
    Store(StoreError),
}

/// One slot's writes.
pub type SlotWrites<'a> = (&'a Slot, &'a [Write]);

/// What a merge depends on besides the writes.
pub struct Ground<'a> {
    /// Policies.
    pub config: &'a Config,
    /// The event's time.
    pub time: Time,
    /// Facts whose version moved since they were read, under last-write-wins.
    pub moved: &'a BTreeSet<FactName>,
    /// The slot an operator holds to be right, where the policy is that an operator decides.
    pub winner: Option<&'a Slot>,
    /// Facts as they are now.
    pub current: &'a dyn Fn(&FactName) -> Result<Option<Fact>, StoreError>,
}

/// Adds up the writes of all decisions of one event. `decisions` is in slot order.
///
/// # Errors
/// [`Trouble`]: nothing may be written.
pub fn merge(ground: &Ground<'_>, decisions: &[SlotWrites<'_>]) -> Result<Changes, Trouble> {
    let mut merge = Merge { ground, work: BTreeMap::new(), changes: Changes::default() };
    let losers = merge.settle_disagreements(decisions)?;
    merge.record_standings(decisions);
    for &(slot, writes) in decisions {
        for write in writes {
            let lost = |fact| losers.contains(&(slot, fact));
            if write_target(write).or(numbered(write)).is_some_and(lost) {
                continue;
            }
            merge.apply(slot, write)?;
        }
    }
    merge.finish()
}

fn write_target(write: &Write) -> Option<&FactName> {
    match write {
        Write::Set { fact, .. }
        | Write::Add { fact, .. }
        | Write::Remove { fact, .. }
        | Write::Increase { fact, .. }
        | Write::Stand { fact, .. } => Some(fact),
        Write::Number { .. } | Write::Claim { .. } => None,
    }
}

/// The fact a number is asked for: it goes the way of that fact's `set`.
fn numbered(write: &Write) -> Option<&FactName> {
    match write {
        Write::Number { fact, .. } => Some(fact),
        _ => None,
    }
}

/// One fact while writes are carried out on it. Names and slots are borrowed from the decisions: what is copied is
/// what changes.
struct Working<'a> {
    before: Option<Fact>,
    held: Option<Held>,
    by: Option<&'a Slot>,
    /// Whether nothing was asked of it but steps.
    stepped: bool,
}

struct Merge<'a> {
    ground: &'a Ground<'a>,
    work: BTreeMap<&'a FactName, Working<'a>>,
    changes: Changes,
}

impl<'a> Merge<'a> {
    /// Finds shared names that one slot sets and another writes differently, and says whose writes are dropped.
    fn settle_disagreements(&mut self, decisions: &[SlotWrites<'a>]) -> Result<Vec<(&'a Slot, &'a FactName)>, Trouble> {
        let mut losers = Vec::new();
        for (fact, views) in shared_views(decisions) {
            if views.windows(2).any(|pair| pair[0].1 != pair[1].1) {
                let slots = views.into_iter().map(|(slot, _)| slot).collect();
                losers.extend(self.settle(fact, slots)?);
            }
        }
        Ok(losers)
    }

    /// Records where slots stand for different values of one name in one event. Nobody overwrites another then: each
    /// keeps its own, and the strictest is what reads.
    fn record_standings(&mut self, decisions: &[SlotWrites<'a>]) {
        for (fact, stands) in standings(decisions) {
            let Disagreement::Strictest(order) = &self.ground.config.policy(&fact.name).disagreement else { continue };
            let strictest = order.iter().find(|value| stands.iter().any(|(_, stood)| stood == value));
            let Some(strictest) = strictest.filter(|strictest| stands.iter().any(|(_, stood)| stood != *strictest))
            else {
                continue;
            };
            self.changes.conflicts.push(Conflict {
                fact: fact.to_string(),
                slots: stands.iter().map(|(slot, _)| (*slot).clone()).collect(),
                policy: "strictest".into(),
                settlement: strictest.clone(),
            });
        }
    }

    fn settle(&mut self, fact: &'a FactName, slots: Vec<&'a Slot>) -> Result<Vec<(&'a Slot, &'a FactName)>, Trouble> {
        let mut conflict = Conflict {
            fact: fact.to_string(),
            slots: slots.iter().map(|slot| (*slot).clone()).collect(),
            policy: "compensate".into(),
            settlement: "rolled-back".into(),
        };
        match &self.ground.config.policy(&fact.name).disagreement {
            Disagreement::SlotOrder(order) => {
                let place = |slot: &Slot| order.iter().position(|named| named == slot).unwrap_or(order.len());
                let winner = slots.iter().min_by_key(|slot| (place(slot), **slot)).copied();
                conflict.policy = "slot-order".into();
                Ok(self.settled_for(winner, fact, slots, conflict))
            }
            Disagreement::Manual => {
                conflict.policy = "manual".into();
                let winner = self.ground.winner.filter(|winner| slots.contains(winner));
                if winner.is_some() {
                    return Ok(self.settled_for(winner, fact, slots, conflict));
                }
                conflict.settlement = "referred".into();
                Err(Trouble::Manual(conflict))
            }
            Disagreement::Compensate | Disagreement::Strictest(_) => Err(Trouble::Disagreement(conflict)),
        }
    }

    /// One slot is right; the writes of the others are dropped, and that is recorded.
    fn settled_for(
        &mut self,
        winner: Option<&Slot>,
        fact: &'a FactName,
        slots: Vec<&'a Slot>,
        mut conflict: Conflict,
    ) -> Vec<(&'a Slot, &'a FactName)> {
        conflict.settlement = winner.map(ToString::to_string).unwrap_or_default();
        self.changes.conflicts.push(conflict);
        slots.into_iter().filter(|slot| Some(*slot) != winner).map(|slot| (slot, fact)).collect()
    }

    fn apply(&mut self, slot: &'a Slot, write: &'a Write) -> Result<(), Trouble> {
        if let Some(fact) = write_target(write).or(numbered(write))
            && self.loses_by_age(slot, fact)?
        {
            return Ok(());
        }
        let Some(fact) = write_target(write) else {
            return self.ask(slot, write);
        };
        let order = match &self.ground.config.policy(&fact.name).disagreement {
            Disagreement::Strictest(order) => Some(order.as_slice()),
            _ => None,
        };
        let working = self.working(fact)?;
        let different = step(&mut working.held, slot, write, order)
            .map_err(|reason| Trouble::BadAnswer { slot: slot.clone(), reason: format!("{reason} `{fact}`") })?;
        if different {
            working.by = Some(slot);
        }
        working.stepped &= matches!(write, Write::Increase { .. } | Write::Add { .. } | Write::Remove { .. });
        Ok(())
    }

    fn ask(&mut self, slot: &Slot, write: &Write) -> Result<(), Trouble> {
        match write {
            Write::Number { series, fact, pointer } => self.changes.numbers.push(NumberRequest {
                slot: slot.clone(),
                series: series.clone(),
                fact: fact.clone(),
                pointer: pointer.clone(),
            }),
            Write::Claim { key, content } => return self.claim(slot, key, content),
            _ => {}
        }
        Ok(())
    }

    /// One key stands for one thing, within an event too.
    fn claim(&mut self, slot: &Slot, key: &str, content: &Text) -> Result<(), Trouble> {
        match self.changes.claims.iter().find(|earlier| earlier.key == key) {
            Some(earlier) if earlier.content == *content => Ok(()),
            Some(earlier) => Err(Trouble::Disagreement(Conflict {
                fact: format!("claim {key}"),
                slots: vec![earlier.slot.clone(), slot.clone()],
                policy: "compensate".into(),
                settlement: "rolled-back".into(),
            })),
            None => {
                let (slot, key, content) = (slot.clone(), key.to_owned(), content.clone());
                self.changes.claims.push(ClaimRequest { slot, key, content });
                Ok(())
            }
        }
    }

    /// Under last-write-wins, the write of an event older than a fact that moved meanwhile is dropped and recorded.
    fn loses_by_age(&mut self, slot: &Slot, fact: &'a FactName) -> Result<bool, Trouble> {
        if !self.ground.moved.contains(fact)
            || self.ground.config.policy(&fact.name).staleness != Staleness::LastWriteWins
        {
            return Ok(false);
        }
        let time = self.ground.time;
        let newer = self.working(fact)?.before.as_ref().is_some_and(|before| before.at > time);
        let dropped = Conflict {
            fact: fact.to_string(),
            slots: vec![slot.clone()],
            policy: "last-write-wins".into(),
            settlement: "dropped".into(),
        };
        if newer && !self.changes.conflicts.contains(&dropped) {
            self.changes.conflicts.push(dropped);
        }
        Ok(newer)
    }

    fn working(&mut self, fact: &'a FactName) -> Result<&mut Working<'a>, Trouble> {
        match self.work.entry(fact) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let before = (self.ground.current)(fact).map_err(Trouble::Store)?;
                let held = before.as_ref().map(|fact| fact.value.clone());
                Ok(place.insert(Working { before, held, by: None, stepped: true }))
            }
        }
    }

    fn finish(mut self) -> Result<Changes, Trouble> {
        for (fact, Working { before, held, by, stepped }) in self.work {
            let numbered = self.changes.numbers.iter().find(|request| request.fact == *fact);
            let Some(by) = by.or(numbered.map(|request| &request.slot)) else {
                continue;
            };
            if before.as_ref().map(|fact| &fact.value) == held.as_ref() && numbered.is_none() {
                continue;
            }
            let bytes = held.as_ref().map_or(0, |held| held.text().len());
            if bytes > VALUE_MAX_BYTES {
                let reason = format!("the value of `{fact}` has {bytes} bytes, over {VALUE_MAX_BYTES}");
                return Err(Trouble::BadAnswer { slot: by.clone(), reason });
            }
            self.changes.facts.push(Change { fact: fact.clone(), before, after: held, by: by.clone(), stepped });
        }
        Ok(self.changes)
    }
}

/// For each name that anybody stands on, the value that every slot leaves standing; a slot that withdraws is not there.
fn standings<'a>(decisions: &[SlotWrites<'a>]) -> BTreeMap<&'a FactName, Vec<(&'a Slot, &'a str)>> {
    let mut standings: BTreeMap<&FactName, Vec<(&Slot, &str)>> = BTreeMap::new();
    for &(slot, writes) in decisions {
        for write in writes {
            let Write::Stand { fact, value } = write else { continue };
            let stands = standings.entry(fact).or_default();
            stands.retain(|(other, _)| *other != slot);
            stands.extend(value.as_deref().map(|value| (slot, value)));
        }
    }
    standings
}

/// What each slot leaves set at a shared name that it writes, or none where it writes without setting.
type Views<'a> = Vec<(&'a Slot, Option<&'a Text>)>;

/// For each shared name that anybody sets, the view of every slot that writes it.
fn shared_views<'a>(decisions: &[SlotWrites<'a>]) -> BTreeMap<&'a FactName, Views<'a>> {
    let all = || decisions.iter().flat_map(|&(slot, writes)| writes.iter().map(move |write| (slot, write)));
    let mut views: BTreeMap<&FactName, Views<'a>> = BTreeMap::new();
    for (_, write) in all() {
        if let Write::Set { fact, .. } = write
            && fact.name.starts_with("shared.")
        {
            views.entry(fact).or_default();
        }
    }
    // Hardly any event sets a shared name: most of them add, count or stand.
    if views.is_empty() {
        return views;
    }
    for (slot, write) in all() {
        let Some(views) = write_target(write).and_then(|fact| views.get_mut(fact)) else {
            continue;
        };
        if views.last().is_none_or(|(last, _)| *last != slot) {
            views.push((slot, None));
        }
        if let (Write::Set { value, .. }, Some((_, view))) = (write, views.last_mut()) {
            *view = Some(value);
        }
    }
    views
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Route, SharedPolicy};
    use crate::fact::Scope;
    use crate::json::MAX_SAFE_INTEGER;
    use serde_json::{Value, json};

    fn fact(name: &str) -> FactName {
        FactName { scope: Scope::Customer, name: name.into() }
    }

    fn slot(name: &str) -> Slot {
        Slot::new(name).unwrap()
    }

    fn set(name: &str, value: Value) -> Write {
        Write::Set { fact: fact(name), value: value.into() }
    }

    fn stand_for(value: Option<&str>) -> Write {
        Write::Stand { fact: fact("shared.access"), value: value.map(String::from) }
    }

    /// Facts that several events change one after another.
    #[derive(Default)]
    struct World {
        config: Config,
        facts: BTreeMap<FactName, Fact>,
        moved: BTreeSet<FactName>,
    }

    impl World {
        fn with_policy(name: &str, disagreement: Disagreement, staleness: Staleness) -> Self {
            let mut world = Self::default();
            world.config.shared.insert(name.into(), SharedPolicy { disagreement, staleness });
            world
        }

        fn event(&mut self, decisions: &[(&str, &[Write])]) -> Result<Changes, Trouble> {
            self.event_at(Time::from_ms(1_000), decisions)
        }

        fn event_at(&mut self, time: Time, decisions: &[(&str, &[Write])]) -> Result<Changes, Trouble> {
            let slots: Vec<Slot> = decisions.iter().map(|(name, _)| slot(name)).collect();
            let writes: Vec<SlotWrites<'_>> = slots.iter().zip(decisions).map(|(s, (_, w))| (s, *w)).collect();
            let current = |name: &FactName| Ok(self.facts.get(name).cloned());
            let ground = Ground { config: &self.config, time, moved: &self.moved, winner: None, current: &current };
            let changes = merge(&ground, &writes)?;
            for change in &changes.facts {
                match &change.after {
                    None => self.facts.remove(&change.fact),
                    Some(held) => self.facts.insert(
                        change.fact.clone(),
                        Fact {
                            value: held.clone(),
                            version: change.before.as_ref().map_or(1, |fact| fact.version + 1),
                            receipt: 1,
                            base: 1,
                            schema: 1,
                            by: change.by.clone(),
                            event: "e".into(),
                            at: time,
                        },
                    ),
                };
            }
            Ok(changes)
        }

        fn reads(&self, name: &str) -> Value {
            self.facts.get(&fact(name)).map_or(Value::Null, |fact| fact.value.read())
        }
    }

    #[test]
    fn the_strictest_access_that_stands_is_the_one_that_reads() {
        let mut world = World::default();
        for (who, value, reads) in [
            ("entitlement", Some("full"), json!("full")),
            ("billing", Some("grace"), json!("grace")),
            ("customer-account", Some("blocked"), json!("blocked")),
            ("billing", None, json!("blocked")),
            ("customer-account", None, json!("full")),
            ("entitlement", None, Value::Null),
        ] {
            world.event(&[(who, &[stand_for(value)])]).unwrap();
            assert_eq!(world.reads("shared.access"), reads, "after {who} stood for {value:?}");
        }
    }

    #[test]
    fn an_element_stays_until_the_last_slot_that_added_it_removed_it() {
        let mut world = World::default();
        let add = Write::Add { fact: fact("shared.suspensions"), element: "fraud".into() };
        let remove = Write::Remove { fact: fact("shared.suspensions"), element: "fraud".into() };
        let (add, remove) = ([add], [remove]);
        world.event(&[("compliance", &add), ("billing", &[])]).unwrap();
        world.event(&[("billing", &remove)]).unwrap();
        assert_eq!(world.reads("shared.suspensions"), json!(["fraud"]), "billing never added it");
        world.event(&[("billing", &add)]).unwrap();
        world.event(&[("compliance", &remove)]).unwrap();
        assert_eq!(world.reads("shared.suspensions"), json!(["fraud"]));
        world.event(&[("billing", &remove)]).unwrap();
        assert_eq!(world.reads("shared.suspensions"), Value::Null);
    }

    #[test]
    fn two_slots_that_set_one_name_differently_disagree() {
        let mut world = World::default();
        let a = [set("shared.tier", json!(1))];
        let b = [set("shared.tier", json!(2))];
        let Err(Trouble::Disagreement(conflict)) = world.event(&[("billing", &a), ("subscription", &b)]) else {
            panic!("they disagree");
        };
        assert_eq!(conflict.fact, "shared.tier");
        assert_eq!(conflict.slots, [slot("billing"), slot("subscription")]);
        assert!(world.event(&[("billing", &a), ("subscription", &a)]).is_ok(), "the same value is no conflict");
    }

    #[test]
    fn slot_order_lets_one_win_and_records_the_loser() {
        let order = vec![slot("subscription"), slot("billing")];
        let mut world = World::with_policy("shared.tier", Disagreement::SlotOrder(order), Staleness::Optimistic);
        let changes = world
            .event(&[("billing", &[set("shared.tier", json!(1))]), ("subscription", &[set("shared.tier", json!(2))])])
            .unwrap();
        assert_eq!(world.reads("shared.tier"), json!(2));
        assert_eq!(changes.conflicts[0].settlement, "subscription");
    }

    #[test]
    fn manual_leaves_it_to_an_operator() {
        let mut world = World::with_policy("shared.tier", Disagreement::Manual, Staleness::Optimistic);
        let result = world
            .event(&[("billing", &[set("shared.tier", json!(1))]), ("subscription", &[set("shared.tier", json!(2))])]);
        assert!(matches!(result, Err(Trouble::Manual(_))));
    }

    #[test]
    fn last_write_wins_drops_the_older_write_only_where_the_fact_moved() {
        let mut world = World::with_policy("shared.note", Disagreement::Compensate, Staleness::LastWriteWins);
        world.event_at(Time::from_ms(2_000), &[("billing", &[set("shared.note", json!("new"))])]).unwrap();
        world.moved.insert(fact("shared.note"));
        let changes =
            world.event_at(Time::from_ms(1_000), &[("billing", &[set("shared.note", json!("old"))])]).unwrap();
        assert_eq!((world.reads("shared.note"), changes.conflicts.len()), (json!("new"), 1));
        world.moved.clear();
        world.event_at(Time::from_ms(1_000), &[("billing", &[set("shared.note", json!("late"))])]).unwrap();
        assert_eq!(world.reads("shared.note"), json!("late"), "an event's age alone is never staleness");
    }

    #[test]
    fn one_key_claimed_for_two_things_in_one_event_is_a_conflict() {
        let claim = |amount: i64| [Write::Claim { key: "payment:1".into(), content: json!({"amount": amount}).into() }];
        let mut world = World::default();
        let same = world.event(&[("billing", &claim(5)), ("subscription", &claim(5))]).unwrap();
        assert_eq!(same.claims.len(), 1);
        let other = world.event(&[("billing", &claim(5)), ("subscription", &claim(6))]);
        assert!(matches!(other, Err(Trouble::Disagreement(_))));
    }

    #[test]
    fn a_set_may_not_outgrow_what_a_fact_may_hold() {
        let mut world = World::default();
        let add = |nth: u32| Write::Add { fact: fact("billing.all"), element: format!("{nth}-{}", "x".repeat(500)) };
        let many = |from: u32| (from..from + 64).map(add).collect::<Vec<Write>>();
        assert!(world.event(&[("billing", &many(0))]).is_ok());
        assert!(world.event(&[("billing", &many(64))]).is_ok());
        assert!(matches!(world.event(&[("billing", &many(128))]), Err(Trouble::BadAnswer { .. })));
    }

    #[test]
    fn a_later_set_of_one_name_wins_and_null_deletes() {
        let mut world = World::default();
        world.event(&[("billing", &[set("billing.a", json!(1)), set("billing.a", json!(2))])]).unwrap();
        assert_eq!(world.reads("billing.a"), json!(2));
        world.event(&[("billing", &[set("billing.a", Value::Null)])]).unwrap();
        assert_eq!(world.reads("billing.a"), Value::Null);
    }

    #[test]
    fn what_changes_nothing_is_no_change() {
        let mut world = World::default();
        let writes = [set("billing.a", json!(1)), stand_for(Some("grace"))];
        assert_eq!(world.event(&[("billing", &writes)]).unwrap().facts.len(), 2);
        assert_eq!(world.event(&[("billing", &writes)]).unwrap().facts.len(), 0);
    }

    #[test]
    fn a_fact_is_only_stepped_where_nothing_else_was_asked_of_it() {
        let step = Write::Increase { fact: fact("billing.n"), by: 1 };
        let add = Write::Add { fact: fact("billing.all"), element: "x".into() };
        let mut world = World::default();
        let stepped = |changes: Changes| changes.facts.iter().map(|change| change.stepped).collect::<Vec<_>>();
        assert_eq!(stepped(world.event(&[("billing", &[step.clone(), add])]).unwrap()), [true, true]);
        assert_eq!(stepped(world.event(&[("billing", &[set("billing.n", json!(1)), step])]).unwrap()), [false]);
    }

    #[test]
    fn a_write_that_cannot_be_carried_out_is_its_governors_bad_answer() {
        let step = |by| Write::Increase { fact: fact("billing.n"), by };
        let stray = Write::Stand { fact: fact("shared.mood"), value: Some("good".into()) };
        for writes in [
            vec![set("shared.access", json!("full"))],
            vec![stand_for(Some("open"))],
            vec![stray],
            vec![set("billing.n", json!("text")), step(1)],
            vec![step(MAX_SAFE_INTEGER), step(1)],
            vec![step(1), Write::Add { fact: fact("billing.n"), element: "x".into() }],
        ] {
            let result = World::default().event(&[("billing", &writes)]);
            assert!(matches!(result, Err(Trouble::BadAnswer { .. })), "{writes:?} gave {result:?}");
        }
    }

    #[test]
    fn an_operators_route_takes_its_slots_in_slot_order() {
        let mut world = World::default();
        world.config.routes.push(Route {
            kind: "acme.Launch".into(),
            slots: vec![slot("zeta"), slot("billing"), slot("zeta")],
            tenant_lane: true,
        });
        assert_eq!(world.config.route("acme.Launch").unwrap(), [slot("billing"), slot("zeta")]);
        assert_eq!(world.config.route("acme.Other"), None);
        assert_eq!(world.config.tenant_kinds(), ["acme.Launch"]);
    }
}
