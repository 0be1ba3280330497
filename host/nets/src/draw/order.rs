//! Ordering: who stands left of whom, so that few arrows cross.
//!
//! Sweeps down and up put every node at the middle of its neighbours; between sweeps, two that stand side by side
//! change places where that saves a crossing. The best order that was seen is kept. There is no chance in it.

/// Layers of nodes, and for each node its neighbours in the layer above and the one below.
pub(super) struct Layers {
    pub rows: Vec<Vec<usize>>,
    pub above: Vec<Vec<usize>>,
    pub below: Vec<Vec<usize>>,
}

const SWEEPS: usize = 24;

impl Layers {
    /// Orders every row.
    pub fn order(&mut self) {
        let mut best = (self.crossings(), self.rows.clone());
        for sweep in 0..SWEEPS {
            if sweep % 2 == 0 {
                (1..self.rows.len()).for_each(|row| self.align(row, true));
            } else {
                (0..self.rows.len().saturating_sub(1)).rev().for_each(|row| self.align(row, false));
            }
            self.transpose();
            let crossings = self.crossings();
            if crossings < best.0 {
                best = (crossings, self.rows.clone());
            }
        }
        self.rows = best.1;
    }

    /// The index of every node in its row.
    pub fn positions(&self) -> Vec<usize> {
        let mut positions = vec![0; self.above.len()];
        for row in &self.rows {
            row.iter().enumerate().for_each(|(at, node)| positions[*node] = at);
        }
        positions
    }

    /// Sorts a row by the middle of each node's neighbours; who has none keeps its place.
    fn align(&mut self, row: usize, from_above: bool) {
        let positions = self.positions();
        let neighbours = if from_above { &self.above } else { &self.below };
        let middle = |node: usize| {
            let near = &neighbours[node];
            let sum: usize = near.iter().map(|other| positions[*other]).sum();
            if near.is_empty() { positions[node] as f64 } else { sum as f64 / near.len() as f64 }
        };
        self.rows[row].sort_by(|a, b| middle(*a).total_cmp(&middle(*b)));
    }

    fn transpose(&mut self) {
        let mut positions = self.positions();
        for _ in 0..4 {
            let mut changed = false;
            for row in 0..self.rows.len() {
                for at in 1..self.rows[row].len() {
                    let (left, right) = (self.rows[row][at - 1], self.rows[row][at]);
                    let sides = [&self.above, &self.below];
                    let cost = |a: usize, b: usize| -> usize {
                        sides.iter().map(|side| inversions(&side[a], &side[b], &positions)).sum()
                    };
                    if cost(right, left) < cost(left, right) {
                        self.rows[row].swap(at - 1, at);
                        positions.swap(left, right);
                        changed = true;
                    }
                }
            }
            if !changed {
                break;
            }
        }
    }

    fn crossings(&self) -> usize {
        let positions = self.positions();
        let row = |row: &Vec<usize>| -> usize {
            let pairs = (0..row.len()).flat_map(|a| (a + 1..row.len()).map(move |b| (a, b)));
            pairs.map(|(a, b)| inversions(&self.below[row[a]], &self.below[row[b]], &positions)).sum()
        };
        self.rows.iter().map(row).sum()
    }
}

/// How many arrows of the left node cross arrows of the right one.
fn inversions(left: &[usize], right: &[usize], positions: &[usize]) -> usize {
    let crossed = |from: &usize| right.iter().filter(|to| positions[**to] < positions[*from]).count();
    left.iter().map(crossed).sum()
}
