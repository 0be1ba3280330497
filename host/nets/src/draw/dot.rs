//! DOT.

use std::fmt::Write;

use super::{Shape, Sketch, short};

pub(super) fn dot(sketch: &Sketch) -> String {
    let mut out = format!("digraph {} {{\n", quoted(&sketch.title));
    out.push_str(
        "  rankdir=TB; node [fontname=\"Helvetica\", fontsize=10]; edge [fontname=\"Helvetica\", fontsize=9];\n",
    );
    for (at, node) in sketch.nodes.iter().enumerate() {
        let label = quoted(short(&node.name));
        let tip = quoted(&node.about);
        // Writing to a String cannot fail.
        let _ = match node.shape {
            Shape::Place => {
                let tokens = if node.tokens == 0 { String::new() } else { node.tokens.to_string() };
                writeln!(
                    out,
                    "  n{at} [shape=circle, width=0.25, label={}, xlabel={label}, tooltip={tip}];",
                    quoted(&tokens)
                )
            }
            shape => {
                let style = if shape == Shape::Composite { "shape=box, peripheries=2" } else { "shape=box" };
                let label = match node.detail.as_str() {
                    "" => label,
                    detail => quoted(&format!("{}\n{detail}", short(&node.name))),
                };
                writeln!(out, "  n{at} [{style}, label={label}, tooltip={tip}];")
            }
        };
    }
    for edge in &sketch.edges {
        let label = if edge.label.is_empty() { String::new() } else { format!("label={}", quoted(&edge.label)) };
        let style = if edge.empties { "style=dashed, arrowhead=normalnormal" } else { &label };
        let _ = writeln!(out, "  n{} -> n{} [{style}];", edge.from, edge.to);
    }
    out.push_str("}\n");
    out
}

fn quoted(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
    format!("\"{}\"", escaped.chars().filter(|letter| !letter.is_control()).collect::<String>())
}
