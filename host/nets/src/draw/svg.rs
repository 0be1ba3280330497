//! SVG.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::layout::{Layout, RADIUS, Route, Spot, text_width};
use super::{Edge, Node, Shape, Sketch, short};

const MARGIN: f64 = 28.0;
const HEAD: f64 = 54.0;
const FOOT: f64 = 44.0;

const MARKER: &str = "viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" \
                      orient=\"auto-start-reverse\"";

const STYLE: &str = "
  text { font: 12px 'Inter', 'Helvetica Neue', Helvetica, Arial, sans-serif; fill: #1f2933; }
  .title { font-size: 18px; font-weight: 600; } .about { font-size: 12px; fill: #52606d; }
  .box { stroke-width: 1.2; rx: 6px; } .name { text-anchor: middle; font-weight: 500; }
  .detail { text-anchor: middle; font-size: 10px; fill: #52606d; }
  .place { fill: #ffffff; stroke: #334e68; stroke-width: 1.6; } .token { fill: #102a43; }
  .count { text-anchor: middle; font-size: 11px; font-weight: 600; }
  .label { font-size: 11px; fill: #334e68; } .halo { stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; }
  .way { fill: none; stroke: #829ab1; stroke-width: 1.3; } .late { stroke: #b794d6; }
  .loop { stroke: #dd8b3c; } .empties { stroke: #c0392b; stroke-dasharray: 5 3; }
  .word { font-size: 10px; font-style: italic; fill: #486581; text-anchor: middle; }
";

/// Fill, outline, and the word of the legend.
#[rustfmt::skip]
const LOOKS: &[(Shape, &str, &str, &str)] = &[
    (Shape::Auto,      "#f0f4f8", "#9fb3c8", "by itself"),
    (Shape::Service,   "#e3f2fd", "#4a90d9", "a service"),
    (Shape::User,      "#fff4d6", "#e0a100", "a person"),
    (Shape::Timer,     "#f3eafb", "#a678d0", "the clock"),
    (Shape::Composite, "#e6f6ec", "#3f9d64", "a net"),
    (Shape::Plain,     "#f0f4f8", "#627d98", "a transition"),
];

fn look(shape: Shape) -> (&'static str, &'static str) {
    LOOKS.iter().find(|look| look.0 == shape).map_or(("#ffffff", "#334e68"), |look| (look.1, look.2))
}

pub(super) fn svg(sketch: &Sketch, layout: &Layout) -> String {
    let title = text_width(&sketch.title, 20.0).max(text_width(&sketch.about, 12.0));
    let (legend, legend_width) = legend(sketch);
    let width = (layout.width.max(title).max(legend_width) + 2.0 * MARGIN).ceil();
    let height = (layout.height + HEAD + FOOT + 2.0 * MARGIN).ceil();
    let mut out = Picture(String::new());
    let size = format!("width=\"{width}\" height=\"{height}\" viewBox=\"0 0 {width} {height}\"");
    out.line(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\" {size}>"));
    out.line(&format!("<title>{}</title>\n<style>{STYLE}</style>", escape(&sketch.title)));
    out.line("<defs>");
    for (name, colour) in [("way", "#829ab1"), ("late", "#b794d6"), ("loop", "#dd8b3c"), ("empties", "#c0392b")] {
        let tip = format!("<path d=\"M0 1 L7 4 L0 7 z\" fill=\"{colour}\"/>");
        out.line(&format!("<marker id=\"{name}\" {MARKER}>{tip}</marker>"));
    }
    out.line("</defs>");
    out.line("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>");
    out.line(&format!("<text class=\"title\" x=\"{MARGIN}\" y=\"{}\">{}</text>", MARGIN + 12.0, escape(&sketch.title)));
    out.line(&format!("<text class=\"about\" x=\"{MARGIN}\" y=\"{}\">{}</text>", MARGIN + 32.0, escape(&sketch.about)));
    let left = MARGIN + ((width - 2.0 * MARGIN - layout.width) / 2.0).max(0.0);
    out.line(&format!("<g transform=\"translate({left:.1} {:.1})\">", MARGIN + HEAD));
    sketch.edges.iter().zip(&layout.routes).for_each(|(edge, route)| out.way(sketch, edge, route));
    sketch.nodes.iter().zip(&layout.spots).for_each(|(node, spot)| out.node(node, *spot));
    sketch.edges.iter().zip(&layout.routes).for_each(|(edge, route)| out.word(edge, route));
    out.line("</g>");
    out.line(&format!("<g transform=\"translate({MARGIN} {:.1})\">{legend}</g>", height - MARGIN - 8.0));
    out.line("</svg>");
    out.0
}

/// Which colours mean what, of those that are in the picture.
fn legend(sketch: &Sketch) -> (String, f64) {
    let (mut out, mut x) = (String::new(), 0.0);
    for (shape, fill, stroke, word) in LOOKS {
        if *shape != Shape::Plain && sketch.nodes.iter().any(|node| node.shape == *shape) {
            let size = "width=\"16\" height=\"11\"";
            let paint = format!("fill=\"{fill}\" stroke=\"{stroke}\"");
            out.push_str(&format!("<rect class=\"box\" x=\"{x:.1}\" y=\"-9\" {size} {paint}/>"));
            out.push_str(&format!("<text class=\"about\" x=\"{:.1}\" y=\"1\">{word}</text>", x + 22.0));
            x += 22.0 + text_width(word, 12.0) + 18.0;
        }
    }
    (out, x)
}

struct Picture(String);

impl Picture {
    fn line(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }

    fn way(&mut self, sketch: &Sketch, edge: &Edge, route: &Route) {
        let timer = sketch.nodes[edge.from].shape == Shape::Timer || sketch.nodes[edge.to].shape == Shape::Timer;
        let class = match () {
            () if edge.empties => "empties",
            () if route.back => "loop",
            () if timer => "late",
            () => "way",
        };
        let arrow = if route.back { "marker-start" } else { "marker-end" };
        self.line(&format!("<path class=\"way {class}\" {arrow}=\"url(#{class})\" d=\"{}\"/>", curve(&route.points)));
    }

    /// What an arrow is called, in the middle of its first stretch: there it runs alone.
    fn word(&mut self, edge: &Edge, route: &Route) {
        let mut stretches = route.points.windows(2);
        let stretch = if route.back { stretches.next_back() } else { stretches.next() };
        if let (Some([(x1, y1), (x2, y2)]), false) = (stretch, edge.label.is_empty()) {
            let (x, y) = ((x1 + x2) / 2.0, (y1 + y2) / 2.0 + 3.0);
            self.on_lines("word", x, y, &edge.label);
        }
    }

    fn node(&mut self, node: &Node, spot: Spot) {
        let Spot { x, y, width, height } = spot;
        let told = if node.about.is_empty() { &node.name } else { &node.about };
        self.line(&format!("<g><title>{}</title>", escape(told)));
        if node.shape == Shape::Place {
            self.place(node, spot);
        } else {
            let (fill, stroke) = look(node.shape);
            let (left, top) = (x - width / 2.0, y - height / 2.0);
            let mut frame = |grow: f64, fill: &str| {
                let corner = format!("x=\"{:.1}\" y=\"{:.1}\"", left - grow, top - grow);
                let size = format!("width=\"{:.1}\" height=\"{:.1}\"", width + 2.0 * grow, height + 2.0 * grow);
                self.line(&format!("<rect class=\"box\" {corner} {size} fill=\"{fill}\" stroke=\"{stroke}\"/>"));
            };
            if node.shape == Shape::Composite {
                frame(3.0, "#ffffff");
            }
            frame(0.0, fill);
            let base = if node.detail.is_empty() { y + 4.0 } else { y - 3.0 };
            self.line(&format!(
                "<text class=\"name\" x=\"{x:.1}\" y=\"{base:.1}\">{}</text>",
                escape(short(&node.name))
            ));
            if !node.detail.is_empty() {
                let base = y + 12.0;
                self.line(&format!(
                    "<text class=\"detail\" x=\"{x:.1}\" y=\"{base:.1}\">{}</text>",
                    escape(&node.detail)
                ));
            }
        }
        self.line("</g>");
    }

    /// A text that lines may run under: it stands on a halo of its own, which every viewer can draw.
    fn on_lines(&mut self, class: &str, x: f64, y: f64, text: &str) {
        let text = escape(text);
        for class in [format!("{class} halo"), class.to_owned()] {
            self.line(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"));
        }
    }

    fn place(&mut self, node: &Node, Spot { x, y, .. }: Spot) {
        self.line(&format!("<circle class=\"place\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{RADIUS}\"/>"));
        match node.tokens {
            0 => {}
            1 => self.line(&format!("<circle class=\"token\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"4.5\"/>")),
            many => self.line(&format!("<text class=\"count\" x=\"{x:.1}\" y=\"{:.1}\">{many}</text>", y + 4.0)),
        }
        self.on_lines("label", x + RADIUS + 5.0, y + 4.0, short(&node.name));
    }
}

/// A line through all points that is upright at each of them.
fn curve(points: &[(f64, f64)]) -> String {
    let mut out = String::new();
    for (at, (x, y)) in points.iter().enumerate() {
        // Writing to a String cannot fail.
        let _ = match at.checked_sub(1).map(|before| points[before]) {
            None => write!(out, "M{x:.1} {y:.1}"),
            Some((from, _)) if (from - x).abs() < 0.5 => write!(out, " L{x:.1} {y:.1}"),
            Some((from, above)) => {
                let middle = (above + y) / 2.0;
                write!(out, " C{from:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}")
            }
        };
    }
    out
}
