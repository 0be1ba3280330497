//! Queues: which lane goes on next.
//!
//! Tenants take turns, and so do the lanes of each; see `lanes`. What a lane does first, `queue` says. This is
//! bookkeeping only: no thread, no lock.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};

use syndic_core::ports::Deferred;
use syndic_core::{Lane, Time};

use crate::consequence::Following;
use crate::queue::{Queue, Stage, Todo};

/// What a worker is to do with a lane.
pub(crate) enum Task<R, A> {
    /// Begin this.
    Begin(Todo<A>),
    /// Go on with a turn that waited.
    GoOn(R),
}

/// Lanes with something to do. Others take no room.
pub(crate) struct Queues<R, A> {
    lanes: HashMap<Lane, Queue<R, A>>,
    tenants: HashMap<String, Tenant>,
    /// Tenants with lanes that can go on.
    round: VecDeque<String>,
    /// Events in all inboxes.
    waiting: usize,
    /// Lanes whose turn is begun.
    begun: usize,
    /// Lanes that have something to do, and none of it now.
    asleep: usize,
    /// Lanes that do what is ordered and nothing else.
    on_hold: HashSet<Lane>,
    /// Lanes whose first deferred effect rests, by when it is tried again.
    resting: BTreeSet<(Time, Lane)>,
}

/// One tenant's lanes that can go on, and how much waits in the inboxes of all its lanes.
#[derive(Default)]
struct Tenant {
    ready: VecDeque<Lane>,
    waiting: usize,
}

impl<R, A> Default for Queues<R, A> {
    fn default() -> Self {
        Self {
            lanes: HashMap::new(),
            tenants: HashMap::new(),
            round: VecDeque::new(),
            waiting: 0,
            begun: 0,
            asleep: 0,
            on_hold: HashSet::new(),
            resting: BTreeSet::new(),
        }
    }
}

impl<R, A> Queues<R, A> {
    /// How many events from outside wait in a lane's inbox, in those of its tenant, and in all.
    pub(crate) fn waiting(&self, lane: &Lane) -> [usize; 3] {
        let in_lane = self.lanes.get(lane).map_or(0, Queue::events);
        let of_tenant = self.tenants.get(&lane.tenant).map_or(0, |tenant| tenant.waiting);
        [in_lane, of_tenant, self.waiting]
    }

    pub(crate) fn all_waiting(&self) -> usize {
        self.waiting
    }

    /// Whether nobody can do anything before time passes or a person acts.
    pub(crate) fn is_at_rest(&self) -> bool {
        self.lanes.len() == self.asleep
    }

    pub(crate) fn is_anything_begun(&self) -> bool {
        self.begun > 0
    }

    pub(crate) fn can_anyone_go_on(&self) -> bool {
        !self.round.is_empty()
    }

    /// Gives a lane something to do.
    pub(crate) fn put(&mut self, lane: Lane, todo: Todo<A>) {
        self.count(&lane, &todo, 1);
        self.with(lane, |queue| queue.put(todo));
    }

    /// Gives a lane what follows from a turn.
    pub(crate) fn follow(&mut self, lane: Lane, following: Following) {
        self.with(lane, |queue| queue.follow(following));
    }

    /// Lets a lane rest from a deferred effect that nobody answered, until it is tried again. A worker has the lane.
    pub(crate) fn rest(&mut self, lane: &Lane, effect: Box<(u64, Deferred)>, tries: u32, until: Time) {
        if let Some(queue) = self.lanes.get_mut(lane) {
            queue.rest(effect, tries);
            self.resting.insert((until, lane.clone()));
        }
    }

    /// Ends the rest of every lane that rested for long enough.
    pub(crate) fn wake_rested(&mut self, now: Time) {
        while let Some((_, lane)) = pop_due(&mut self.resting, now) {
            self.with(lane, |queue| queue.rests = false);
        }
    }

    /// Puts a lane on hold, or lets it go on.
    pub(crate) fn hold(&mut self, lane: &Lane, hold: bool) {
        if hold {
            self.on_hold.insert(lane.clone());
        } else if self.on_hold.remove(lane) && self.lanes.contains_key(lane) {
            self.with(lane.clone(), |_| ());
        }
    }

    /// Events from outside are counted, for the door is theirs; a timer was let in with what set it.
    fn count(&mut self, lane: &Lane, todo: &Todo<A>, change: isize) {
        if let Todo::Event(..) = todo {
            let tenant = self.tenants.entry(lane.tenant.clone()).or_default();
            tenant.waiting = tenant.waiting.saturating_add_signed(change);
            self.waiting = self.waiting.saturating_add_signed(change);
        }
    }

    /// Changes what a lane has to do, and wakes it where it slept and can go on now.
    fn with(&mut self, lane: Lane, change: impl FnOnce(&mut Queue<R, A>)) {
        let on_hold = self.on_hold.contains(&lane);
        let asleep = &mut self.asleep;
        let queue = self.lanes.entry(lane.clone()).or_insert_with(|| {
            *asleep += 1;
            Queue::default()
        });
        change(queue);
        if matches!(queue.stage, Stage::Asleep) && queue.can_begin(on_hold) {
            queue.stage = Stage::Ready(None);
            self.asleep -= 1;
            self.list(lane);
        }
    }

    /// Puts a lane at the end of its tenant's list, and the tenant at the end of the round.
    fn list(&mut self, lane: Lane) {
        let tenant = self.tenants.entry(lane.tenant.clone()).or_default();
        if tenant.ready.is_empty() {
            self.round.push_back(lane.tenant.clone());
        }
        tenant.ready.push_back(lane);
    }

    /// Changes which lane goes on next: `pick` says which, of so many tenants and then of so many lanes of one.
    pub(crate) fn go_first(&mut self, pick: &mut dyn FnMut(usize) -> usize) {
        to_front(&mut self.round, pick);
        if let Some(tenant) = self.round.front().and_then(|first| self.tenants.get_mut(first)) {
            to_front(&mut tenant.ready, pick);
        }
    }

    /// Hands out the next lane that can go on. A host that closes goes on with what is begun, and begins nothing.
    pub(crate) fn next(&mut self, closing: bool) -> Option<(Lane, Task<R, A>)> {
        loop {
            let name = self.round.pop_front()?;
            let tenant = self.tenants.get_mut(&name)?;
            let lane = tenant.ready.pop_front()?;
            if !tenant.ready.is_empty() {
                self.round.push_back(name);
            }
            let queue = self.lanes.get_mut(&lane)?;
            if let Stage::Ready(Some(turn)) = std::mem::replace(&mut queue.stage, Stage::Held { woken: false }) {
                return Some((lane, Task::GoOn(turn)));
            }
            if closing {
                queue.stage = Stage::Ready(None);
                continue;
            }
            let Some(todo) = queue.begin(self.on_hold.contains(&lane)) else {
                // It was put on hold while it was on the list.
                queue.stage = Stage::Asleep;
                self.asleep += 1;
                continue;
            };
            self.count(&lane, &todo, -1);
            self.begun += 1;
            return Some((lane, Task::Begin(todo)));
        }
    }

    /// Takes back a lane whose turn waits for something.
    pub(crate) fn pause(&mut self, lane: &Lane, turn: R) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        if matches!(queue.stage, Stage::Held { woken: true }) {
            queue.stage = Stage::Ready(Some(turn));
            self.list(lane.clone());
        } else {
            queue.stage = Stage::Paused(turn);
        }
    }

    /// What a lane's turn waits for is there.
    pub(crate) fn wake(&mut self, lane: &Lane) {
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        match std::mem::replace(&mut queue.stage, Stage::Held { woken: true }) {
            Stage::Paused(turn) => {
                queue.stage = Stage::Ready(Some(turn));
                self.list(lane.clone());
            }
            Stage::Ready(turn) => queue.stage = Stage::Ready(turn),
            // Nobody waits in a lane that sleeps: it is a late wake of a turn that is over.
            Stage::Asleep => queue.stage = Stage::Asleep,
            Stage::Held { .. } => {}
        }
    }

    /// Takes back a lane whose turn is over.
    pub(crate) fn release(&mut self, lane: &Lane) {
        self.begun -= 1;
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        if queue.can_begin(self.on_hold.contains(lane)) {
            queue.stage = Stage::Ready(None);
            self.list(lane.clone());
            return;
        }
        if !queue.is_empty() {
            queue.stage = Stage::Asleep;
            self.asleep += 1;
            return;
        }
        self.lanes.remove(lane);
        if self.tenants.get(&lane.tenant).is_some_and(|tenant| tenant.waiting == 0 && tenant.ready.is_empty()) {
            self.tenants.remove(&lane.tenant);
        }
    }
}

fn to_front<T>(waiting: &mut VecDeque<T>, pick: &mut dyn FnMut(usize) -> usize) {
    if waiting.len() > 1
        && let Some(picked) = waiting.remove(pick(waiting.len()) % waiting.len())
    {
        waiting.push_front(picked);
    }
}

/// Takes the first of what is due, if anything is.
fn pop_due(resting: &mut BTreeSet<(Time, Lane)>, now: Time) -> Option<(Time, Lane)> {
    let due = resting.first().is_some_and(|(until, _)| *until <= now);
    if due { resting.pop_first() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_core::Event;

    fn lane(tenant: &str, customer: &str) -> Lane {
        Lane { tenant: tenant.into(), customer: Some(customer.into()) }
    }

    fn todo(lane: &Lane) -> Todo<()> {
        let event = serde_json::json!({
            "specversion": "1.0", "id": "e", "source": "/s", "type": "marketplace.RenewalDue", "tenant": lane.tenant,
            "subject": "c", "time": "2026-01-01T00:00:00Z", "data": {"subscription_id": "s"},
        });
        Todo::Event(Box::new(Event::from_outside(event.to_string().as_bytes()).unwrap()), tracing::Span::none())
    }

    fn begin(queues: &mut Queues<u32, ()>) -> Option<String> {
        let (lane, _) = queues.next(false)?;
        let customer = lane.customer.clone().unwrap_or_default();
        Some(format!("{}/{customer}", lane.tenant))
    }

    /// A tenant with a backlog over many customers, then two small ones.
    fn crowded() -> Queues<u32, ()> {
        let mut queues = Queues::default();
        for customer in ["1", "2", "3", "4"] {
            for _ in 0..2 {
                queues.put(lane("big", customer), todo(&lane("big", customer)));
            }
        }
        queues.put(lane("small", "1"), todo(&lane("small", "1")));
        queues.put(lane("tiny", "1"), todo(&lane("tiny", "1")));
        queues
    }

    #[test]
    fn tenants_take_turns_whatever_their_backlog() {
        let mut queues = crowded();
        let order: Vec<String> = std::iter::from_fn(|| begin(&mut queues)).collect();
        assert_eq!(order, ["big/1", "small/1", "tiny/1", "big/2", "big/3", "big/4"]);
    }

    #[test]
    fn a_lane_has_one_turn_at_a_time_and_goes_to_the_end_of_its_list() {
        let mut queues = crowded();
        assert_eq!(queues.waiting(&lane("big", "1")), [2, 8, 10]);
        assert_eq!(begin(&mut queues).unwrap(), "big/1");
        assert_eq!(queues.waiting(&lane("big", "1")), [1, 7, 9]);
        queues.release(&lane("big", "1"));
        let order: Vec<String> = std::iter::from_fn(|| begin(&mut queues)).collect();
        assert_eq!(order, ["small/1", "tiny/1", "big/2", "big/3", "big/4", "big/1"]);
    }

    #[test]
    fn a_turn_woken_while_it_is_held_goes_on_and_one_that_is_over_leaves_nothing() {
        let one = lane("t", "1");
        let mut queues = Queues::default();
        queues.put(one.clone(), todo(&one));
        begin(&mut queues).unwrap();
        queues.wake(&one);
        queues.pause(&one, 7);
        assert!(matches!(queues.next(false), Some((_, Task::GoOn(7)))));
        queues.pause(&one, 8);
        assert!(queues.next(false).is_none());
        queues.wake(&one);
        queues.wake(&one);
        assert!(matches!(queues.next(true), Some((_, Task::GoOn(8)))));
        assert!(queues.is_anything_begun());
        queues.release(&one);
        assert!(queues.lanes.is_empty() && queues.tenants.is_empty() && !queues.is_anything_begun());
    }

    #[test]
    fn a_host_that_closes_begins_nothing_and_forgets_nothing() {
        let mut queues = crowded();
        assert!(queues.next(true).is_none());
        assert_eq!(queues.all_waiting(), 10);
    }
}
