//! Which markings lead to each other: strongly connected components, by Tarjan's algorithm ("Depth-first search and
//! linear graph algorithms", 1972), with a path of its own instead of the machine's stack, which a net could overflow.

use super::explore::Edge;
use super::rows::Rows;

/// By marking: the number of its component, counted from 1; 0 for those that are not asked for. What these lead to is
/// asked for too.
pub(super) fn components(edges: &Rows<Edge>, asked: impl Fn(usize) -> bool) -> Vec<u32> {
    let none = vec![0; edges.len()];
    let mut search =
        Search { edges, seen: none.clone(), low: none.clone(), component: none, open: vec![], time: 0, found: 0 };
    for start in 0..edges.len() {
        if asked(start) && search.seen[start] == 0 {
            search.run(start);
        }
    }
    search.component
}

struct Search<'a> {
    edges: &'a Rows<Edge>,
    /// By marking: when it was first seen, counted from 1.
    seen: Vec<u32>,
    /// By marking: the earliest one on the path that it is known to lead back to.
    low: Vec<u32>,
    component: Vec<u32>,
    /// Markings that were seen and belong to no component yet.
    open: Vec<usize>,
    time: u32,
    found: u32,
}

impl Search<'_> {
    fn run(&mut self, start: usize) {
        // A marking, and how many of its edges were followed.
        let mut path = vec![(start, 0)];
        self.enter(start);
        while let Some((number, followed)) = path.last_mut() {
            let number = *number;
            if let Some(edge) = self.edges.row(number).get(*followed) {
                *followed += 1;
                let to = edge.to as usize;
                if self.seen[to] == 0 {
                    self.enter(to);
                    path.push((to, 0));
                } else if self.component[to] == 0 {
                    self.low[number] = self.low[number].min(self.seen[to]);
                }
            } else {
                path.pop();
                if let Some((before, _)) = path.last() {
                    self.low[*before] = self.low[*before].min(self.low[number]);
                }
                if self.low[number] == self.seen[number] {
                    self.close(number);
                }
            }
        }
    }

    fn enter(&mut self, number: usize) {
        self.time += 1;
        self.seen[number] = self.time;
        self.low[number] = self.time;
        self.open.push(number);
    }

    /// What was seen since this marking leads back to it.
    fn close(&mut self, first: usize) {
        self.found += 1;
        while let Some(number) = self.open.pop() {
            self.component[number] = self.found;
            if number == first {
                break;
            }
        }
    }
}
