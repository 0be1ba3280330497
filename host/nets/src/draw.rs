//! Drawings: a net as a picture.
//!
//! A picture is of the model where there is one: a task is one box, whatever number of transitions it stands for, and
//! its outcomes are words on its arrows. It reads from top to bottom. The layout is the usual one in layers (break
//! cycles, rank, order, place), with one liberty that suits nets: long arrows to the same condition run together, since
//! a dozen time-outs that all cancel an order are one idea.

mod dot;
mod layout;
mod order;
mod place;
mod rank;
mod svg;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::flat::{Flat, Tokens};
use crate::model::{Due, Kind, Net, Span, Split, Task};

/// What is to be drawn.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sketch {
    title: String,
    about: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    name: String,
    /// The second line of a box.
    detail: String,
    /// What a pointer that rests on it is told.
    about: String,
    shape: Shape,
    tokens: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    Place,
    Plain,
    Auto,
    Service,
    User,
    Timer,
    Composite,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: usize,
    to: usize,
    label: String,
    empties: bool,
}

impl Sketch {
    /// A picture of this net, tasks as they were written.
    pub fn of_net(net: &Net) -> Self {
        let mut sketch = Self { title: net.name.clone(), about: net.about.clone(), ..Self::default() };
        for condition in &net.conditions {
            sketch.node(&condition.name, String::new(), &condition.about, Shape::Place);
        }
        for task in &net.tasks {
            sketch.task(task);
        }
        sketch
    }

    /// A picture of a plain net.
    pub fn of_flat(name: &str, flat: &Flat) -> Self {
        let mut sketch = Self { title: name.to_owned(), ..Self::default() };
        for place in &flat.places {
            sketch.node(place, String::new(), "", Shape::Place);
        }
        for transition in &flat.transitions {
            let node = sketch.node(&transition.name, String::new(), "", Shape::Plain);
            transition.consumes.iter().for_each(|place| sketch.edge(place.0 as usize, node, "", false));
            transition.removes.iter().for_each(|place| sketch.edge(place.0 as usize, node, "", true));
            transition.produces.iter().for_each(|place| sketch.edge(node, place.0 as usize, "", false));
        }
        sketch
    }

    /// With tokens on it. The places are those of the flat net, which are the conditions in their order.
    pub fn marked(mut self, tokens: &Tokens) -> Self {
        for (place, count) in tokens {
            if let Some(node) = self.nodes.get_mut(place.0 as usize).filter(|node| node.shape == Shape::Place) {
                node.tokens = *count;
            }
        }
        self
    }

    /// As SVG, to look at.
    pub fn svg(&self) -> String {
        svg::svg(self, &layout::layout(self))
    }

    /// As DOT, for Graphviz and for those who like another layout.
    pub fn dot(&self) -> String {
        dot::dot(self)
    }

    fn node(&mut self, name: &str, detail: String, about: &str, shape: Shape) -> usize {
        self.nodes.push(Node { name: name.to_owned(), detail, about: about.to_owned(), shape, tokens: 0 });
        self.nodes.len() - 1
    }

    /// Two arrows between the same two are one, with both words on it.
    fn edge(&mut self, from: usize, to: usize, label: &str, empties: bool) {
        let same = |edge: &&mut Edge| (edge.from, edge.to, edge.empties) == (from, to, empties);
        match self.edges.iter_mut().find(same) {
            Some(edge) if !label.is_empty() && !edge.label.is_empty() => {
                edge.label = format!("{}, {label}", edge.label)
            }
            Some(edge) => edge.label.push_str(label),
            None => self.edges.push(Edge { from, to, label: label.to_owned(), empties }),
        }
    }

    fn task(&mut self, task: &Task) {
        let (shape, detail) = appearance(task);
        let node = self.node(&task.name, detail, &told(task), shape);
        let places: BTreeMap<String, usize> = self.nodes[..node]
            .iter()
            .enumerate()
            .filter(|(_, node)| node.shape == Shape::Place)
            .map(|(at, node)| (node.name.clone(), at))
            .collect();
        let find = |name: &String| places.get(name).copied();
        let entries = task.entries();
        for (entry, takes) in &entries {
            // What every way in takes tells nothing of the way.
            let all = |place: &String| entries.iter().all(|(_, takes)| takes.contains(place));
            for (name, place) in takes.iter().filter_map(|name| Some((name, find(name)?))) {
                self.edge(place, node, entry.filter(|_| !all(name)).unwrap_or(""), false);
            }
        }
        task.cancels.iter().filter_map(find).for_each(|place| self.edge(place, node, "", true));
        match &task.split {
            Split::And(gives) => gives.iter().filter_map(find).for_each(|place| self.edge(node, place, "", false)),
            Split::Xor(outcomes) => outcomes.iter().for_each(|outcome| {
                let gives = outcome.gives.iter().filter_map(find);
                gives.for_each(|place| self.edge(node, place, &outcome.name, false));
            }),
            Split::Or(flows) => flows.iter().for_each(|flow| {
                find(&flow.gives).into_iter().for_each(|place| self.edge(node, place, flow.when.text(), false));
            }),
        }
    }
}

fn appearance(task: &Task) -> (Shape, String) {
    let when = task.when.as_ref().map(|guard| guard.text().to_owned());
    match &task.kind {
        Kind::Auto { .. } => (Shape::Auto, when.unwrap_or_default()),
        Kind::Service(service) => {
            let by_hand = service.fallback.as_ref().map_or("", |_| ", or by hand");
            (Shape::Service, format!("{}{by_hand}", service.action))
        }
        Kind::User(user) => (Shape::User, user.roles.join(", ")),
        Kind::Timer(timer) => (Shape::Timer, in_short(&timer.due)),
        Kind::Composite(net) => (Shape::Composite, net.clone()),
    }
}

/// A timer's times; what they are counted from is told to a pointer that rests there.
fn in_short(due: &Due) -> String {
    let after = |span: &Span| format!("{} {}", span.count, span.unit);
    match due {
        Due::After(span) => after(span),
        Due::By { spans, .. } => {
            spans.iter().map(|(word, span)| format!("{word} {}", after(span))).collect::<Vec<_>>().join(", ")
        }
    }
}

/// Everything else there is to say of a task.
fn told(task: &Task) -> String {
    let mut lines = vec![task.name.clone(), task.about.clone()];
    if let Kind::Timer(timer) = &task.kind {
        lines.push(format!("after {}", timer.due));
    }
    lines.extend(task.when.iter().map(|guard| format!("when {}", guard.text())));
    for outcome in task.outcomes() {
        let when = outcome.when.as_ref().map_or_else(|| "otherwise".to_owned(), |guard| guard.text().to_owned());
        let named = task.outcomes().iter().all(|outcome| outcome.when.is_none());
        lines.push(if named { outcome.name.clone() } else { format!("{}: {when}", outcome.name) });
    }
    lines.retain(|line| !line.is_empty());
    lines.join("\n")
}

/// A name as a picture shows it: whether it is a place or a task is seen.
fn short(name: &str) -> &str {
    name.strip_prefix("P_").or_else(|| name.strip_prefix("T_")).unwrap_or(name)
}
