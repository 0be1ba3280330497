//! The layout: every node's spot, and every arrow's way.

use std::collections::BTreeMap;

use super::order::Layers;
use super::place::{Room, place};
use super::rank::{back_edges, ranks};
use super::{Node, Shape, Sketch, short};

/// Where everything is, in pixels.
pub(super) struct Layout {
    pub spots: Vec<Spot>,
    /// For each edge, from its beginning to its end.
    pub routes: Vec<Route>,
    pub width: f64,
    pub height: f64,
}

/// The middle of a node, and its size. A place's label stands to its right, outside of it.
#[derive(Clone, Copy)]
pub(super) struct Spot {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

pub(super) struct Route {
    /// From the upper end to the lower one.
    pub points: Vec<(f64, f64)>,
    /// Whether the arrow runs upwards.
    pub back: bool,
}

pub(super) const RADIUS: f64 = 11.0;
const BETWEEN_ROWS: f64 = 40.0;

/// How wide a text will be, about; a picture cannot ask for the font it will be shown with.
pub(super) fn text_width(text: &str, size: f64) -> f64 {
    let em = |letter: char| match letter {
        'i' | 'j' | 'l' | 'f' | 't' | 'r' | '.' | ',' | '\'' | '/' | ' ' | '|' => 0.34,
        'm' | 'w' | 'M' | 'W' => 0.88,
        letter if letter.is_uppercase() => 0.70,
        '=' | '<' | '>' | '+' => 0.72,
        _ => 0.57,
    };
    text.chars().map(em).sum::<f64>() * size
}

fn size(node: &Node) -> (f64, f64) {
    if node.shape == Shape::Place {
        return (2.0 * RADIUS, 2.0 * RADIUS);
    }
    let text = text_width(short(&node.name), 12.0).max(text_width(&node.detail, 10.0));
    (text + 24.0, if node.detail.is_empty() { 28.0 } else { 40.0 })
}

fn room(node: &Node) -> Room {
    let half = size(node).0 / 2.0;
    let label = if node.shape == Shape::Place { 5.0 + text_width(short(&node.name), 11.0) } else { 0.0 };
    Room { left: half, right: half + label, bend: false }
}

/// Lays a sketch out.
pub(super) fn layout(sketch: &Sketch) -> Layout {
    let count = sketch.nodes.len();
    let edges: Vec<(usize, usize)> = sketch.edges.iter().map(|edge| (edge.from, edge.to)).collect();
    let waits = |node: usize| sketch.nodes[node].shape != Shape::Place;
    let back = back_edges(count, &edges, waits);
    let down: Vec<(usize, usize)> =
        edges.iter().zip(&back).map(|((from, to), back)| if *back { (*to, *from) } else { (*from, *to) }).collect();
    let ranks = ranks(count, &down, waits);

    let mut bends = Bends { rooms: sketch.nodes.iter().map(room).collect(), ranks, known: BTreeMap::new() };
    let chains: Vec<Vec<usize>> = down.iter().zip(&back).map(|(edge, back)| bends.chain(*edge, *back)).collect();
    let mut layers = bends.layers(&chains);
    layers.order();
    let x = place(&layers, &bends.rooms);

    let (tops, height) = rows(sketch, &layers, count);
    let spots: Vec<Spot> = (0..count)
        .map(|node| {
            let (width, height) = size(&sketch.nodes[node]);
            Spot { x: x[node], y: tops[bends.ranks[node]], width, height }
        })
        .collect();
    let width = bends.rooms.iter().zip(&x).map(|(room, x)| x + room.right).fold(0.0, f64::max);
    let ports = Ports { spots: &spots, chains: &chains, x: &x, sketch };
    let routes = chains.iter().zip(back).enumerate().map(|(edge, (chain, back))| {
        let bend = |node: &usize| (x[*node], tops[bends.ranks[*node]]);
        let inner = chain[1..chain.len() - 1].iter().map(bend);
        let points = std::iter::once(ports.lower(edge)).chain(inner).chain([ports.upper(edge)]).collect();
        Route { points, back }
    });
    Layout { routes: routes.collect(), spots, width, height }
}

/// Long arrows bend in every row they pass. Those to one node share their bends.
struct Bends {
    rooms: Vec<Room>,
    ranks: Vec<usize>,
    known: BTreeMap<(usize, bool, usize), usize>,
}

impl Bends {
    /// The nodes and bends of an arrow, from the upper end to the lower.
    fn chain(&mut self, (upper, lower): (usize, usize), back: bool) -> Vec<usize> {
        let goal = if back { upper } else { lower };
        let mut chain = vec![upper];
        for rank in self.ranks[upper] + 1..self.ranks[lower] {
            let bend = *self.known.entry((goal, back, rank)).or_insert_with(|| {
                self.rooms.push(Room { left: 2.0, right: 2.0, bend: true });
                self.ranks.push(rank);
                self.ranks.len() - 1
            });
            chain.push(bend);
        }
        chain.push(lower);
        chain
    }

    fn layers(&self, chains: &[Vec<usize>]) -> Layers {
        let all = self.ranks.len();
        let mut layers = Layers {
            rows: vec![Vec::new(); self.ranks.iter().max().map_or(0, |rank| rank + 1)],
            above: vec![Vec::new(); all],
            below: vec![Vec::new(); all],
        };
        (0..all).for_each(|node| layers.rows[self.ranks[node]].push(node));
        for step in chains.iter().flat_map(|chain| chain.windows(2)) {
            if !layers.below[step[0]].contains(&step[1]) {
                layers.below[step[0]].push(step[1]);
                layers.above[step[1]].push(step[0]);
            }
        }
        layers
    }
}

/// The middle of every row, and the height of all.
fn rows(sketch: &Sketch, layers: &Layers, nodes: usize) -> (Vec<f64>, f64) {
    let mut tops = Vec::new();
    let mut at = 0.0;
    for row in &layers.rows {
        let tallest =
            row.iter().filter(|node| **node < nodes).map(|node| size(&sketch.nodes[*node]).1).fold(0.0, f64::max);
        tops.push(at + tallest / 2.0);
        at += tallest + BETWEEN_ROWS;
    }
    (tops, (at - BETWEEN_ROWS).max(0.0))
}

/// Where arrows touch their nodes: places in the middle, boxes side by side in the order of where they lead.
struct Ports<'p> {
    spots: &'p [Spot],
    chains: &'p [Vec<usize>],
    x: &'p [f64],
    sketch: &'p Sketch,
}

impl Ports<'_> {
    /// Where an arrow touches its upper node: at the lower side of it.
    fn lower(&self, edge: usize) -> (f64, f64) {
        let node = self.chains[edge][0];
        let next = |chain: &Vec<usize>| (chain[0] == node).then(|| chain[1]);
        let spot = self.spots[node];
        (spot.x + self.shift(edge, node, next), spot.y + spot.height / 2.0)
    }

    /// Where an arrow touches its lower node: at the upper side of it.
    fn upper(&self, edge: usize) -> (f64, f64) {
        let chain = &self.chains[edge];
        let node = chain[chain.len() - 1];
        let next = |chain: &Vec<usize>| (chain[chain.len() - 1] == node).then(|| chain[chain.len() - 2]);
        let spot = self.spots[node];
        (spot.x + self.shift(edge, node, next), spot.y - spot.height / 2.0)
    }

    fn shift(&self, edge: usize, node: usize, next: impl Fn(&Vec<usize>) -> Option<usize>) -> f64 {
        if self.sketch.nodes[node].shape == Shape::Place {
            return 0.0;
        }
        let mut sides: Vec<(f64, usize)> =
            self.chains.iter().enumerate().filter_map(|(at, chain)| Some((self.x[next(chain)?], at))).collect();
        sides.sort_by(|a, b| a.0.total_cmp(&b.0));
        let at = sides.iter().position(|(_, other)| *other == edge).unwrap_or(0) as f64;
        let step = (self.spots[node].width * 0.7 / sides.len() as f64).min(22.0);
        (at - (sides.len() - 1) as f64 / 2.0) * step
    }
}
