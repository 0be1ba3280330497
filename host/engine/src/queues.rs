//! Queues: which lane goes on next.
//!
//! A lane does what followed from its own turns first, raised events before deferred effects, and then what waits in
//! its inbox. Tenants take turns, and so do the lanes of each; see `lanes`. This is bookkeeping only: no thread, no lock.

use std::collections::{HashMap, VecDeque};

use syndic_core::{Event, Lane};

use crate::consequence::Following;

/// Something for a lane to do.
pub(crate) enum Todo {
    /// An event from outside.
    Event(Box<Event>),
    /// Something the host's own.
    Follow(Box<Following>),
}

/// What a worker is to do with a lane.
pub(crate) enum Task<R> {
    /// Begin this.
    Begin(Todo),
    /// Go on with a turn that waited.
    GoOn(R),
}

/// Lanes with something to do. Others take no room.
pub(crate) struct Queues<R> {
    lanes: HashMap<Lane, Queue<R>>,
    tenants: HashMap<String, Tenant>,
    /// Tenants with lanes that can go on.
    round: VecDeque<String>,
    /// Events in all inboxes.
    waiting: usize,
    /// Lanes whose turn is begun.
    begun: usize,
}

struct Queue<R> {
    raised: VecDeque<Todo>,
    deferred: VecDeque<Todo>,
    inbox: VecDeque<Todo>,
    stage: Stage<R>,
}

enum Stage<R> {
    /// On its tenant's list, with the turn that goes on, or a new one to begin.
    Ready(Option<R>),
    /// A worker has it; whether it can go on again already.
    Held { woken: bool },
    /// Its turn waits to be woken.
    Paused(R),
}

/// One tenant's lanes that can go on, and how much waits in the inboxes of all its lanes.
#[derive(Default)]
struct Tenant {
    ready: VecDeque<Lane>,
    waiting: usize,
}

impl<R> Default for Queues<R> {
    fn default() -> Self {
        Self { lanes: HashMap::new(), tenants: HashMap::new(), round: VecDeque::new(), waiting: 0, begun: 0 }
    }
}

impl<R> Queues<R> {
    /// How many events from outside wait in a lane's inbox, in those of its tenant, and in all.
    pub(crate) fn waiting(&self, lane: &Lane) -> [usize; 3] {
        let events = |queue: &Queue<R>| queue.inbox.iter().filter(|todo| matches!(todo, Todo::Event(_))).count();
        let in_lane = self.lanes.get(lane).map_or(0, events);
        let of_tenant = self.tenants.get(&lane.tenant).map_or(0, |tenant| tenant.waiting);
        [in_lane, of_tenant, self.waiting]
    }

    pub(crate) fn all_waiting(&self) -> usize {
        self.waiting
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lanes.is_empty()
    }

    pub(crate) fn is_anything_begun(&self) -> bool {
        self.begun > 0
    }

    pub(crate) fn can_anyone_go_on(&self) -> bool {
        !self.round.is_empty()
    }

    /// Puts something into a lane's inbox.
    pub(crate) fn put(&mut self, lane: Lane, todo: Todo) {
        self.count(&lane, &todo, 1);
        self.queue(lane, |queue| &mut queue.inbox, todo);
    }

    /// Puts what follows from a turn where it belongs in a lane.
    pub(crate) fn follow(&mut self, lane: Lane, following: Following) {
        match following {
            Following::Raised(..) => self.queue(lane, |queue| &mut queue.raised, Todo::Follow(Box::new(following))),
            Following::Deferred(..) => self.queue(lane, |queue| &mut queue.deferred, Todo::Follow(Box::new(following))),
            Following::Timer(_) => self.put(lane, Todo::Follow(Box::new(following))),
        }
    }

    /// Events from outside are counted, for the door is theirs; a timer was let in with what set it.
    fn count(&mut self, lane: &Lane, todo: &Todo, change: isize) {
        if let Todo::Event(_) = todo {
            let tenant = self.tenants.entry(lane.tenant.clone()).or_default();
            tenant.waiting = tenant.waiting.saturating_add_signed(change);
            self.waiting = self.waiting.saturating_add_signed(change);
        }
    }

    fn queue(&mut self, lane: Lane, which: impl Fn(&mut Queue<R>) -> &mut VecDeque<Todo>, todo: Todo) {
        if let Some(queue) = self.lanes.get_mut(&lane) {
            which(queue).push_back(todo);
            return;
        }
        let mut queue = Queue {
            raised: VecDeque::new(),
            deferred: VecDeque::new(),
            inbox: VecDeque::new(),
            stage: Stage::Ready(None),
        };
        which(&mut queue).push_back(todo);
        self.lanes.insert(lane.clone(), queue);
        self.list(lane);
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
    pub(crate) fn next(&mut self, closing: bool) -> Option<(Lane, Task<R>)> {
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
            let follows = queue.raised.pop_front().or_else(|| queue.deferred.pop_front());
            let todo = match follows {
                Some(todo) => todo,
                None => {
                    let todo = queue.inbox.pop_front()?;
                    self.count(&lane, &todo, -1);
                    todo
                }
            };
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
            Stage::Held { .. } => {}
        }
    }

    /// Takes back a lane whose turn is over.
    pub(crate) fn release(&mut self, lane: &Lane) {
        self.begun -= 1;
        let Some(queue) = self.lanes.get_mut(lane) else { return };
        if !(queue.raised.is_empty() && queue.deferred.is_empty() && queue.inbox.is_empty()) {
            queue.stage = Stage::Ready(None);
            self.list(lane.clone());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn lane(tenant: &str, customer: &str) -> Lane {
        Lane { tenant: tenant.into(), customer: Some(customer.into()) }
    }

    fn todo(lane: &Lane) -> Todo {
        let event = serde_json::json!({
            "specversion": "1.0", "id": "e", "source": "/s", "type": "marketplace.RenewalDue", "tenant": lane.tenant,
            "subject": "c", "time": "2026-01-01T00:00:00Z", "data": {"subscription_id": "s"},
        });
        Todo::Event(Box::new(Event::from_outside(event.to_string().as_bytes()).unwrap()))
    }

    fn begin(queues: &mut Queues<u32>) -> Option<String> {
        let (lane, _) = queues.next(false)?;
        let customer = lane.customer.clone().unwrap_or_default();
        Some(format!("{}/{customer}", lane.tenant))
    }

    /// A tenant with a backlog over many customers, then two small ones.
    fn crowded() -> Queues<u32> {
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
        assert!(queues.is_empty() && queues.tenants.is_empty() && !queues.is_anything_begun());
    }

    #[test]
    fn a_host_that_closes_begins_nothing_and_forgets_nothing() {
        let mut queues = crowded();
        assert!(queues.next(true).is_none());
        assert_eq!(queues.all_waiting(), 10);
    }
}
