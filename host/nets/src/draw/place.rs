//! Placing: where in its row each node stands.
//!
//! After Brandes and Köpf (2002): nodes are lined up with the middle one of their neighbours, the bends of long arrows
//! before all others, since a straight line is what the eye follows. That is done four times, from above and from
//! below, leaning left and leaning right; each node then stands between the two middle ones of its four places.

use std::collections::BTreeSet;

use super::order::Layers;

/// What a node needs to its left and right.
#[derive(Clone, Copy)]
pub(super) struct Room {
    pub left: f64,
    pub right: f64,
    /// A bend of a long arrow.
    pub bend: bool,
}

const GAP: f64 = 26.0;
const GAP_OF_BENDS: f64 = 14.0;

/// The horizontal position of every node; the leftmost edge is at zero.
pub(super) fn place(layers: &Layers, rooms: &[Room]) -> Vec<f64> {
    let crossed = crossed(layers, rooms);
    let mut places: Vec<Vec<f64>> = Vec::new();
    for from_below in [false, true] {
        for mirrored in [false, true] {
            let lean = Lean::new(layers, rooms, &crossed, from_below, mirrored);
            let x = lean.compact(&lean.align());
            places.push(if mirrored { x.iter().map(|x| -x).collect() } else { x });
        }
    }
    level(&mut places, rooms);
    let middle = |node: usize| {
        let mut four: Vec<f64> = places.iter().map(|x| x[node]).collect();
        four.sort_by(f64::total_cmp);
        (four[1] + four[2]) / 2.0
    };
    let mut x: Vec<f64> = (0..rooms.len()).map(middle).collect();
    draw_in(layers, rooms, &mut x);
    let (left, _) = span(&x, rooms);
    x.iter().map(|x| x - left).collect()
}

/// How far off the middle of its neighbours a node may stand for the sake of a straight line.
const STRAY: f64 = 60.0;

/// Moves nodes that stand far from their neighbours towards them, as far as their row allows.
fn draw_in(layers: &Layers, rooms: &[Room], x: &mut [f64]) {
    for row in layers.rows.iter().chain(layers.rows.iter().rev()) {
        for (at, node) in row.iter().copied().enumerate().filter(|(_, node)| !rooms[*node].bend) {
            let near = || layers.above[node].iter().chain(&layers.below[node]);
            let middle = near().map(|other| x[*other]).sum::<f64>() / near().count().max(1) as f64;
            if near().next().is_none() || (middle - x[node]).abs() < STRAY {
                continue;
            }
            let left = at.checked_sub(1).map(|at| x[row[at]] + distance(rooms[row[at]], rooms[node]));
            let right = row.get(at + 1).map(|other| x[*other] - distance(rooms[node], rooms[*other]));
            x[node] = middle.max(left.unwrap_or(f64::NEG_INFINITY)).min(right.unwrap_or(f64::INFINITY));
        }
    }
}

/// The outermost edges.
fn span(x: &[f64], rooms: &[Room]) -> (f64, f64) {
    let ends = || rooms.iter().zip(x);
    let left = ends().map(|(room, x)| x - room.left).fold(f64::INFINITY, f64::min);
    let right = ends().map(|(room, x)| x + room.right).fold(f64::NEG_INFINITY, f64::max);
    if rooms.is_empty() { (0.0, 0.0) } else { (left, right) }
}

/// Shifts the four placements so that they agree with the narrowest at the edge they lean to.
fn level(places: &mut [Vec<f64>], rooms: &[Room]) {
    let spans: Vec<(f64, f64)> = places.iter().map(|x| span(x, rooms)).collect();
    let narrowest = spans.iter().copied().min_by(|a, b| (a.1 - a.0).total_cmp(&(b.1 - b.0))).unwrap_or((0.0, 0.0));
    for (at, (x, (left, right))) in places.iter_mut().zip(spans).enumerate() {
        let shift = if at % 2 == 0 { narrowest.0 - left } else { narrowest.1 - right };
        x.iter_mut().for_each(|x| *x += shift);
    }
}

/// Steps between neighbours that cross a step between two bends: these do not line up.
fn crossed(layers: &Layers, rooms: &[Room]) -> BTreeSet<(usize, usize)> {
    let at = layers.positions();
    let mut crossed = BTreeSet::new();
    for row in &layers.rows {
        let steps: Vec<(usize, usize)> =
            row.iter().flat_map(|upper| layers.below[*upper].iter().map(|lower| (*upper, *lower))).collect();
        let inner = |(upper, lower): &&(usize, usize)| rooms[*upper].bend && rooms[*lower].bend;
        for (a, b) in steps.iter().filter(inner) {
            for (c, d) in &steps {
                let cross = (at[*a] < at[*c]) != (at[*b] < at[*d]) && a != c && b != d;
                if cross && !(rooms[*c].bend && rooms[*d].bend) {
                    crossed.insert((*c, *d));
                }
            }
        }
    }
    crossed
}

/// One of the four ways.
struct Lean<'l> {
    rows: Vec<Vec<usize>>,
    near: &'l [Vec<usize>],
    rooms: Vec<Room>,
    crossed: &'l BTreeSet<(usize, usize)>,
    at: Vec<usize>,
    from_below: bool,
}

impl<'l> Lean<'l> {
    fn new(
        layers: &'l Layers,
        rooms: &[Room],
        crossed: &'l BTreeSet<(usize, usize)>,
        from_below: bool,
        mirrored: bool,
    ) -> Self {
        let mut rows = layers.rows.clone();
        if from_below {
            rows.reverse();
        }
        if mirrored {
            rows.iter_mut().for_each(|row| row.reverse());
        }
        let turn = |room: &Room| if mirrored { Room { left: room.right, right: room.left, ..*room } } else { *room };
        let mut at = vec![0; rooms.len()];
        rows.iter().for_each(|row| row.iter().enumerate().for_each(|(index, node)| at[*node] = index));
        let near = if from_below { &layers.below } else { &layers.above };
        Self { rows, near, rooms: rooms.iter().map(turn).collect(), crossed, at, from_below }
    }

    /// For each node, the first one of the line it stands in.
    fn align(&self) -> Vec<usize> {
        let mut root: Vec<usize> = (0..self.at.len()).collect();
        for row in &self.rows {
            let mut free = 0;
            for node in row {
                let mut near = self.near[*node].clone();
                near.sort_by_key(|other| self.at[*other]);
                let count = near.len();
                for middle in [count.saturating_sub(1) / 2, count / 2] {
                    let Some(other) = near.get(middle).copied() else { break };
                    let step = if self.from_below { (*node, other) } else { (other, *node) };
                    let lined_up = root[*node] != *node;
                    if !lined_up && free <= self.at[other] && !self.crossed.contains(&step) {
                        root[*node] = root[other];
                        free = self.at[other] + 1;
                    }
                }
            }
        }
        root
    }

    /// Puts lines next to each other, as near as their widest rows allow.
    fn compact(&self, root: &[usize]) -> Vec<f64> {
        let mut sides = Sides { left: vec![Vec::new(); root.len()], right: vec![Vec::new(); root.len()] };
        for pair in self.rows.iter().flat_map(|row| row.windows(2)) {
            let far = distance(self.rooms[pair[0]], self.rooms[pair[1]]);
            sides.left[root[pair[1]]].push((root[pair[0]], far));
            sides.right[root[pair[0]]].push((root[pair[1]], far));
        }
        let order = sides.left_to_right(root);
        let mut x = vec![0.0f64; root.len()];
        for line in &order {
            x[*line] = sides.left[*line].iter().map(|(left, far)| x[*left] + far).fold(0.0, f64::max);
        }
        for line in order.iter().rev() {
            let room = sides.right[*line].iter().map(|(right, far)| x[*right] - far).fold(f64::INFINITY, f64::min);
            if room.is_finite() {
                x[*line] = x[*line].max(room);
            }
        }
        root.iter().map(|root| x[*root]).collect()
    }
}

/// For each line, the lines that stand right beside it somewhere, and how far off they have to be.
struct Sides {
    left: Vec<Vec<(usize, f64)>>,
    right: Vec<Vec<(usize, f64)>>,
}

impl Sides {
    /// Lines from left to right.
    fn left_to_right(&self, root: &[usize]) -> Vec<usize> {
        let mut waiting: Vec<usize> = self.left.iter().map(Vec::len).collect();
        let is_line = |node: &usize| root[*node] == *node;
        let mut order: Vec<usize> = (0..root.len()).filter(|node| is_line(node) && waiting[*node] == 0).collect();
        let mut next = 0;
        while let Some(line) = order.get(next).copied() {
            next += 1;
            for (right, _) in &self.right[line] {
                waiting[*right] -= 1;
                if waiting[*right] == 0 {
                    order.push(*right);
                }
            }
        }
        order
    }
}

fn distance(left: Room, right: Room) -> f64 {
    let gap = if left.bend || right.bend { GAP_OF_BENDS } else { GAP };
    left.right + gap + right.left
}
