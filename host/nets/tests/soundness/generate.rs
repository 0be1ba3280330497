//! Nets that are sound because of how they are made, and ways to break them.
//!
//! A net begins as one task. Then, again and again, a task is replaced by a block that does what it did: from the
//! outside it takes the same tokens and puts the same, once. What is inside a cancelled block is cancelled with it.

use syndic_nets::{Flat, PlaceId, Transition};

/// Chance that can be had again (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) % bound.max(1) as u64) as usize
    }

    fn pick(&mut self, of: &[PlaceId]) -> Option<PlaceId> {
        (!of.is_empty()).then(|| of[self.below(of.len())])
    }
}

/// A net that grows from the inside.
struct Growing {
    places: usize,
    tasks: Vec<Task>,
}

#[derive(Clone, Default)]
struct Task {
    consumes: Vec<PlaceId>,
    produces: Vec<PlaceId>,
    removes: Vec<PlaceId>,
    /// The tasks that cancel what happens here.
    cancelled_by: Vec<usize>,
}

/// A sound net, made by so many replacements.
pub fn sound(dice: &mut Dice, replacements: usize, cancelling: bool) -> Flat {
    let whole = Task { consumes: vec![PlaceId(0)], produces: vec![PlaceId(1)], ..Task::default() };
    let mut net = Growing { places: 2, tasks: vec![whole] };
    for _ in 0..replacements {
        let at = dice.below(net.tasks.len());
        match dice.below(if cancelling { 15 } else { 13 }) {
            0..3 => net.sequence(at),
            3..5 => net.choice(at),
            5..7 => net.beside(at, 2 + dice.below(2)),
            7..9 => net.again(at),
            9 => net.latch(at),
            10 => net.race(at),
            11 => net.either_join(at),
            12 => net.doubled(at),
            _ => net.cancelled(at),
        }
    }
    net.finish()
}

impl Growing {
    /// A new place, inside of what this task is inside of.
    fn place(&mut self, inside: usize) -> PlaceId {
        let place = PlaceId(self.places as u32);
        self.places += 1;
        for by in self.tasks[inside].cancelled_by.clone() {
            self.tasks[by].removes.push(place);
        }
        place
    }

    /// A new task, inside of what that task is inside of.
    fn task(&mut self, inside: usize, consumes: &[PlaceId], produces: &[PlaceId]) -> usize {
        let cancelled_by = self.tasks[inside].cancelled_by.clone();
        self.tasks.push(Task {
            consumes: consumes.to_vec(),
            produces: produces.to_vec(),
            removes: vec![],
            cancelled_by,
        });
        self.tasks.len() - 1
    }

    /// Makes the task end on these places, and gives what it ended on before.
    fn ends_on(&mut self, at: usize, places: &[PlaceId]) -> Vec<PlaceId> {
        std::mem::replace(&mut self.tasks[at].produces, places.to_vec())
    }

    /// One after the other.
    fn sequence(&mut self, at: usize) {
        let between = self.place(at);
        let after = self.ends_on(at, &[between]);
        self.task(at, &[between], &after);
    }

    /// One after the other, with two tokens between.
    fn doubled(&mut self, at: usize) {
        let between = [(); 2].map(|()| self.place(at));
        let after = self.ends_on(at, &between);
        self.task(at, &between, &after);
    }

    /// Two ways to do it.
    fn choice(&mut self, at: usize) {
        let task = self.tasks[at].clone();
        // What a cancelling task cancels later on, its twin would not.
        if task.removes.is_empty() {
            self.tasks.push(task);
        }
    }

    /// Branches beside each other.
    fn beside(&mut self, at: usize, branches: usize) {
        let begins: Vec<PlaceId> = (0..branches).map(|_| self.place(at)).collect();
        let ends: Vec<PlaceId> = (0..branches).map(|_| self.place(at)).collect();
        let after = self.ends_on(at, &begins);
        for (begin, end) in begins.iter().zip(&ends) {
            self.task(at, &[*begin], &[*end]);
        }
        self.task(at, &ends, &after);
    }

    /// Done once, and then again as often as somebody likes.
    fn again(&mut self, at: usize) {
        let (done, redone) = (self.place(at), self.place(at));
        let after = self.ends_on(at, &[done]);
        self.task(at, &[done], &[redone]);
        self.task(at, &[redone], &[done]);
        self.task(at, &[done], &after);
    }

    /// A token kept beside a branch, which a later join takes: work that ends well, or badly, or is retried.
    fn latch(&mut self, at: usize) {
        let [latch, begun, well, badly] = [(); 4].map(|()| self.place(at));
        let after = self.ends_on(at, &[latch, begun]);
        self.task(at, &[begun], &[well]);
        self.task(at, &[begun], &[badly]);
        self.task(at, &[badly], &[begun]);
        self.task(at, &[latch, well], &after);
        self.task(at, &[latch, badly], &after);
    }

    /// A timer that takes the latch and the work from under whoever does it: no free choice.
    fn race(&mut self, at: usize) {
        let [latch, begun, done] = [(); 3].map(|()| self.place(at));
        let after = self.ends_on(at, &[latch, begun]);
        self.task(at, &[begun], &[done]);
        self.task(at, &[latch, begun], &after);
        self.task(at, &[latch, done], &after);
    }

    /// Two outcomes of one branch, each joined with the other branch by itself.
    fn either_join(&mut self, at: usize) {
        let [one, good, bad, other, joined] = [(); 5].map(|()| self.place(at));
        let after = self.ends_on(at, &[one, other]);
        self.task(at, &[one], &[good]);
        self.task(at, &[one], &[bad]);
        self.task(at, &[good, other], &[joined]);
        self.task(at, &[bad, other], &[joined]);
        self.task(at, &[joined], &after);
    }

    /// Branches that may be cancelled at any time, by who takes the latch.
    fn cancelled(&mut self, at: usize) {
        let latch = self.place(at);
        let inside: Vec<PlaceId> = (0..4).map(|_| self.place(at)).collect();
        let after = self.ends_on(at, &[latch, inside[0], inside[1]]);
        let by = self.task(at, &[latch], &after);
        self.tasks[by].removes = inside.clone();
        self.task(at, &[latch, inside[2], inside[3]], &after);
        for (begin, end) in [(0, 2), (1, 3)] {
            let work = self.task(at, &[inside[begin]], &[inside[end]]);
            self.tasks[work].cancelled_by.push(by);
        }
    }

    fn finish(self) -> Flat {
        let places = (0..self.places).map(|at| format!("P_{at}")).collect();
        let tasks = self.tasks.into_iter().enumerate().map(|(at, task)| Transition {
            name: format!("T_{at}"),
            consumes: task.consumes,
            produces: task.produces,
            removes: task.removes,
        });
        let mut net = Flat::new(places, tasks.collect());
        (net.source, net.sink) = (Some(PlaceId(0)), Some(PlaceId(1)));
        net
    }
}

/// Ways to break a net. Each leaves source and sink where they were.
pub const FAULTS: [fn(&mut Dice, &mut Flat); 9] =
    [drop_input, drop_output, add_input, add_output, swap_target, isolate, split_join, add_cancellation, borrow];

fn any<'a>(dice: &mut Dice, net: &'a mut Flat) -> &'a mut Transition {
    let at = dice.below(net.transitions.len());
    &mut net.transitions[at]
}

fn any_place(dice: &mut Dice, net: &Flat) -> PlaceId {
    PlaceId(dice.below(net.places.len()) as u32)
}

fn drop_one(dice: &mut Dice, places: &mut Vec<PlaceId>) {
    if let Some(gone) = dice.pick(places) {
        places.retain(|place| *place != gone);
    }
}

fn add_one(places: &mut Vec<PlaceId>, place: PlaceId) {
    places.push(place);
    places.sort_unstable();
    places.dedup();
}

fn drop_input(dice: &mut Dice, net: &mut Flat) {
    let at = dice.below(net.transitions.len());
    drop_one(dice, &mut net.transitions[at].consumes);
}

fn drop_output(dice: &mut Dice, net: &mut Flat) {
    let at = dice.below(net.transitions.len());
    drop_one(dice, &mut net.transitions[at].produces);
}

fn add_input(dice: &mut Dice, net: &mut Flat) {
    let place = any_place(dice, net);
    add_one(&mut any(dice, net).consumes, place);
}

fn add_output(dice: &mut Dice, net: &mut Flat) {
    let place = any_place(dice, net);
    add_one(&mut any(dice, net).produces, place);
}

fn swap_target(dice: &mut Dice, net: &mut Flat) {
    let place = any_place(dice, net);
    let task = any(dice, net);
    drop_one(dice, &mut task.produces);
    add_one(&mut task.produces, place);
}

fn isolate(_: &mut Dice, net: &mut Flat) {
    net.places.push("P_Alone".to_owned());
}

/// A join of all becomes one of each: the first that comes goes on alone.
fn split_join(dice: &mut Dice, net: &mut Flat) {
    let joins: Vec<usize> = (0..net.transitions.len()).filter(|at| net.transitions[*at].consumes.len() > 1).collect();
    if joins.is_empty() {
        return drop_output(dice, net);
    }
    let mut other = net.transitions[joins[dice.below(joins.len())]].clone();
    let join = net.transitions.iter_mut().find(|task| task.name == other.name).expect("it was just there");
    join.consumes.truncate(1);
    other.consumes.remove(0);
    other.name += ".too";
    net.transitions.push(other);
}

fn add_cancellation(dice: &mut Dice, net: &mut Flat) {
    let place = any_place(dice, net);
    add_one(&mut any(dice, net).removes, place);
}

/// A task needs a token that it puts back.
fn borrow(dice: &mut Dice, net: &mut Flat) {
    let place = any_place(dice, net);
    let task = any(dice, net);
    add_one(&mut task.consumes, place);
    add_one(&mut task.produces, place);
}
