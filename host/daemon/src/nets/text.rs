//! A net as text: one task a line or a few, in the order of the file.

use serde_json::{Value, json};
use syndic_cli::plain::plain_lines;
use syndic_nets::model::{Join, Kind, Net, Split, Task};
use syndic_nets::{Flat, PlaceId, Transition};

/// For a person.
pub(super) fn text(net: &Net) -> String {
    let mut lines = vec![if net.about.is_empty() { net.name.clone() } else { format!("{}: {}", net.name, net.about) }];
    lines.push(format!("{} conditions, {} tasks", net.conditions.len(), net.tasks.len()));
    for task in &net.tasks {
        lines.push(String::new());
        lines.push(head(task));
        lines.extend(ways(task).into_iter().map(|way| format!("  {way}")));
    }
    if !net.properties.is_empty() {
        lines.push("\nproperties".to_owned());
        lines.extend(net.properties.iter().map(|property| format!("  {}", property.rule)));
    }
    plain_lines(&lines.join("\n")).into_owned()
}

fn head(task: &Task) -> String {
    let by = match &task.kind {
        Kind::Auto { action: None } => "by itself".to_owned(),
        Kind::Auto { action: Some(action) } => format!("by itself, {action}"),
        Kind::Service(service) => format!("service {}", service.action),
        Kind::User(user) if user.roles.is_empty() => "a person".to_owned(),
        Kind::User(user) => user.roles.join(" or "),
        Kind::Timer(timer) => format!("after {}", timer.due),
        Kind::Composite(net) => format!("the net {net}"),
    };
    let hand =
        task.fallback().map_or_else(String::new, |fallback| format!(", or by hand ({})", fallback.roles.join(" or ")));
    let when = task.when.as_ref().map_or_else(String::new, |guard| format!(", when {}", guard.text()));
    format!("{} ({by}{hand}{when})", task.name)
}

/// Every way through a task: what it takes, what it gives, and when.
fn ways(task: &Task) -> Vec<String> {
    let takes: Vec<String> = match &task.join {
        Join::Or(takes) => vec![takes.join(" or ")],
        Join::And(_) | Join::Xor(_) => task.entries().iter().map(|(_, takes)| takes.join(" + ")).collect(),
    };
    let gives: Vec<String> = match &task.split {
        Split::And(gives) => vec![gives.join(" + ")],
        Split::Xor(outcomes) => outcomes
            .iter()
            .map(|outcome| {
                let when = outcome.when.as_ref().map_or_else(String::new, |guard| format!("  [{}]", guard.text()));
                format!("{}: {}{when}", outcome.name, outcome.gives.join(" + "))
            })
            .collect(),
        Split::Or(flows) => flows.iter().map(|flow| format!("{}  [{}]", flow.gives, flow.when.text())).collect(),
    };
    takes.iter().flat_map(|takes| gives.iter().map(move |gives| format!("{takes} -> {gives}"))).collect()
}

/// For a program: the plain net.
pub(super) fn json(name: &str, flat: &Flat) -> Value {
    let names = |places: &[PlaceId]| places.iter().map(|place| flat.place(*place)).collect::<Vec<_>>();
    let transition = |transition: &Transition| {
        json!({
            "name": transition.name,
            "consumes": names(&transition.consumes),
            "produces": names(&transition.produces),
            "removes": names(&transition.removes),
        })
    };
    json!({
        "net": name,
        "places": flat.places,
        "transitions": flat.transitions.iter().map(transition).collect::<Vec<_>>(),
        "source": flat.source.map(|place| flat.place(place)),
        "sink": flat.sink.map(|place| flat.place(place)),
    })
}
