//! Ranking: which arrows lead back, and how far down each node stands.

use std::collections::{BTreeSet, VecDeque};

/// Marks the edges that lead back: without them, or with them turned round, there is no cycle.
///
/// What is back is told by the order in which a case can come by: a task waits for all its conditions. Of every cycle
/// the edge is marked that leads back farthest in that order, and that is the one its author calls the loop.
pub(super) fn back_edges(nodes: usize, edges: &[(usize, usize)], waits: impl Fn(usize) -> bool) -> Vec<bool> {
    let seen = in_order(nodes, edges, waits);
    let mut back = vec![false; edges.len()];
    while let Some(cycle) = cycle(nodes, edges, &back) {
        let jump = |edge: &usize| seen[edges[*edge].0] as i64 - seen[edges[*edge].1] as i64;
        match cycle.into_iter().max_by_key(jump) {
            Some(edge) => back[edge] = true,
            None => break,
        }
    }
    // A mark that a later one made needless goes: only of a smallest set can all edges be turned round without closing
    // another cycle.
    for edge in 0..edges.len() {
        if back[edge] {
            back[edge] = false;
            back[edge] = cycle(nodes, edges, &back).is_some();
        }
    }
    back
}

/// The moment at which each node is first come by.
fn in_order(nodes: usize, edges: &[(usize, usize)], waits: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut out = vec![Vec::new(); nodes];
    let mut missing: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); nodes];
    for (from, to) in edges {
        out[*from].push(*to);
        missing[*to].insert(*from);
    }
    let mut order = vec![usize::MAX; nodes];
    let mut queue: VecDeque<usize> = (0..nodes).filter(|node| missing[*node].is_empty()).collect();
    let mut touched: BTreeSet<usize> = BTreeSet::new();
    let mut now = 0;
    loop {
        // Where all wait for each other, who has been touched first goes on, or else the first there is.
        let stuck = || touched.iter().copied().chain(0..nodes).find(|node| order[*node] == usize::MAX);
        let Some(node) = queue.pop_front().or_else(stuck) else { return order };
        if order[node] != usize::MAX {
            continue;
        }
        order[node] = now;
        now += 1;
        touched.remove(&node);
        for to in &out[node] {
            missing[*to].remove(&node);
            if missing[*to].is_empty() || !waits(*to) {
                queue.push_back(*to);
            } else if order[*to] == usize::MAX {
                touched.insert(*to);
            }
        }
    }
}

/// The edges of some cycle, of those that are not marked.
fn cycle(nodes: usize, edges: &[(usize, usize)], back: &[bool]) -> Option<Vec<usize>> {
    let mut out = vec![Vec::new(); nodes];
    edges.iter().enumerate().filter(|(at, _)| !back[*at]).for_each(|(at, (from, _))| out[*from].push(at));
    let (mut seen, mut open) = (vec![false; nodes], vec![false; nodes]);
    for root in 0..nodes {
        let mut walk = vec![(root, 0)];
        let mut way: Vec<usize> = Vec::new();
        if std::mem::replace(&mut seen[root], true) {
            continue;
        }
        open[root] = true;
        while let Some((node, next)) = walk.last_mut() {
            let Some(edge) = out[*node].get(*next).copied() else {
                open[*node] = false;
                walk.pop();
                way.pop();
                continue;
            };
            *next += 1;
            let to = edges[edge].1;
            if open[to] {
                let begin = walk.iter().position(|(node, _)| *node == to).unwrap_or(0);
                way.push(edge);
                return Some(way.split_off(begin));
            }
            if !std::mem::replace(&mut seen[to], true) {
                open[to] = true;
                walk.push((to, 0));
                way.push(edge);
            }
        }
    }
    None
}

/// How often nodes are moved up and down. Ranks are good at any moment; further passes only shorten arrows.
const PASSES: usize = 64;

/// A rank for every node: each edge leads down by at least one, and few lead far. What waits stands right below what
/// it waits for.
pub(super) fn ranks(nodes: usize, edges: &[(usize, usize)], waits: impl Fn(usize) -> bool) -> Vec<usize> {
    let mut rank = longest_paths(nodes, edges);
    let (mut above, mut below) = (vec![Vec::new(); nodes], vec![Vec::new(); nodes]);
    edges.iter().for_each(|(from, to)| {
        above[*to].push(*from);
        below[*from].push(*to);
    });
    for _ in 0..PASSES {
        let mut moved = false;
        for node in 0..nodes {
            let hangs = !waits(node) && below[node].len() > above[node].len();
            let target = match hangs {
                true => below[node].iter().map(|other| rank[*other] - 1).min(),
                false => above[node].iter().map(|other| rank[*other] + 1).max(),
            };
            if let Some(target) = target.filter(|target| *target != rank[node]) {
                rank[node] = target;
                moved = true;
            }
        }
        if !moved {
            break;
        }
    }
    let highest = rank.iter().copied().min().unwrap_or(0);
    rank.iter().map(|rank| rank - highest).collect()
}

fn longest_paths(nodes: usize, edges: &[(usize, usize)]) -> Vec<usize> {
    let mut rank = vec![0; nodes];
    let mut waiting = vec![0usize; nodes];
    let mut below = vec![Vec::new(); nodes];
    edges.iter().for_each(|(from, to)| {
        waiting[*to] += 1;
        below[*from].push(*to);
    });
    let mut ready: Vec<usize> = (0..nodes).filter(|node| waiting[*node] == 0).collect();
    while let Some(node) = ready.pop() {
        for to in &below[node] {
            rank[*to] = rank[*to].max(rank[node] + 1);
            waiting[*to] -= 1;
            if waiting[*to] == 0 {
                ready.push(*to);
            }
        }
    }
    rank
}
