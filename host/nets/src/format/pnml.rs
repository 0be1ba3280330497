//! PNML: the exchange format of other tools, place/transition nets and reset arcs of it.
//!
//! Whatever a file says beyond our [`Flat`] form and would change its meaning (weights, inhibitors, colours, several
//! nets) is refused by name. What would not (positions, notes of other tools) is passed over.

use std::collections::{BTreeMap, BTreeSet};

use quick_xml::XmlVersion;
use quick_xml::escape::escape;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::{Mistake, NotANet};
use crate::flat::{Flat, PlaceId, Tokens, Transition};

/// Bytes of a PNML file, which says the same in more words than ours.
const LONGEST: usize = 4 << 20;

/// A net from a PNML file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pnml {
    /// Its id.
    pub name: String,
    /// Its places, transitions and arcs.
    pub flat: Flat,
    /// Where its tokens lie at the beginning, if the file says so.
    pub marked: Tokens,
}

/// Reads a PNML file.
///
/// # Errors
/// What is no XML, no net, or a net of another kind.
pub fn read_pnml(text: &str) -> Result<Pnml, NotANet> {
    let mut file = File { text, ..File::default() };
    if text.len() > LONGEST {
        return Err(NotANet { mistakes: vec![super::too_long(text.len(), LONGEST)] });
    }
    file.read().and_then(|()| file.net()).map_err(|mistake| NotANet { mistakes: vec![*mistake] })
}

type Read<T> = Result<T, Box<Mistake>>;

/// What a place, a transition or an arc has said of itself so far.
#[derive(Default)]
struct Node {
    at: usize,
    id: String,
    name: String,
    tokens: String,
    weight: String,
    kind: String,
    source: String,
    target: String,
}

#[derive(Default)]
struct File<'t> {
    text: &'t str,
    /// The elements that are open, outermost first.
    open: Vec<String>,
    net: Option<String>,
    places: Vec<Node>,
    transitions: Vec<Node>,
    arcs: Vec<Node>,
}

/// A net, its pages, a node, a label and its text are six; tools write a few more around them.
const DEEPEST: usize = 64;

const REFUSED: &[(&str, &str)] = &[
    ("referencePlace", "join the pages into one before exporting"),
    ("referenceTransition", "join the pages into one before exporting"),
    ("hlinscription", "only place/transition nets are read: tokens without colours"),
];

impl File<'_> {
    fn wrong<T>(&self, at: usize, what: impl Into<String>, hint: impl Into<String>) -> Read<T> {
        Err(Box::new(Mistake::at(self.text, at, what, hint)))
    }

    fn read(&mut self) -> Read<()> {
        let mut reader = Reader::from_str(self.text);
        let xml = "a PNML file is XML: <pnml><net id=\"…\"><page id=\"…\">…";
        loop {
            let at = usize::try_from(reader.buffer_position()).unwrap_or(0);
            match reader.read_event() {
                Err(error) => return self.wrong(at, error.to_string(), xml),
                Ok(Event::Start(element)) => {
                    let name = self.begin(at, &element)?;
                    self.open.push(name);
                    if self.open.len() > DEEPEST {
                        return self.wrong(at, "elements within elements without end", "leave out what is not PNML");
                    }
                }
                Ok(Event::Empty(element)) => {
                    self.begin(at, &element)?;
                }
                Ok(Event::End(_)) => {
                    self.open.pop();
                }
                Ok(Event::Text(text)) => self.say(&text.xml_content(XmlVersion::Implicit1_0)),
                Ok(Event::CData(text)) => self.say(&text.xml_content(XmlVersion::Implicit1_0)),
                Ok(Event::GeneralRef(name)) => {
                    let known = quick_xml::escape::resolve_predefined_entity(&name);
                    let letter = name.resolve_char_ref().ok().flatten().map(String::from);
                    match known.map(str::to_owned).or(letter) {
                        Some(text) => self.say(&text),
                        None => return self.wrong(at, "an entity that XML does not define", "write the text itself"),
                    }
                }
                Ok(Event::Eof) if self.open.is_empty() => return Ok(()),
                Ok(Event::Eof) => return self.wrong(at, "the file ends in the middle", xml),
                Ok(_) => {}
            }
        }
    }

    fn begin(&mut self, at: usize, element: &BytesStart<'_>) -> Read<String> {
        let name = element.local_name().as_ref().to_owned();
        let attribute = |key: &str| {
            let found = element.try_get_attribute(key).ok().flatten();
            found.and_then(|found| found.normalized_value(XmlVersion::Implicit1_0).ok().map(|text| text.into_owned()))
        };
        let node = |key| Node { at, id: attribute(key).unwrap_or_default(), ..Node::default() };
        if self.open.iter().any(|open| open == "toolspecific") {
            return Ok(name);
        }
        if let Some((_, hint)) = REFUSED.iter().find(|(refused, _)| *refused == name) {
            return self.wrong(at, format!("<{name}> is beyond place/transition nets"), *hint);
        }
        match name.as_str() {
            "net" if self.net.is_some() => return self.wrong(at, "a second net", "one file holds one net"),
            "net" => self.net = Some(attribute("id").unwrap_or_default()),
            "place" if !self.within("finalmarkings") => self.places.push(node("id")),
            "transition" => self.transitions.push(node("id")),
            "arc" => {
                let ends = (attribute("source").unwrap_or_default(), attribute("target").unwrap_or_default());
                self.arcs.push(Node { source: ends.0, target: ends.1, ..node("id") });
            }
            "type" | "arctype" => {
                if let Some(value) = attribute("value").or_else(|| attribute("type")) {
                    self.say_to("type", &value);
                }
            }
            _ => {}
        }
        Ok(name)
    }

    fn within(&self, element: &str) -> bool {
        self.open.iter().any(|open| open == element)
    }

    /// A piece of text, for the element that is open around it.
    fn say(&mut self, text: &str) {
        if self.within("toolspecific") || self.within("graphics") || self.within("finalmarkings") {
            return;
        }
        const LABELS: &[&str] = &["name", "initialMarking", "inscription", "type", "arctype"];
        if let Some(label) = LABELS.iter().find(|label| self.within(label)) {
            self.say_to(label, text);
        }
    }

    fn say_to(&mut self, label: &str, text: &str) {
        let owner = ["place", "transition", "arc"].into_iter().find(|owner| self.within(owner));
        let node = match owner {
            Some("place") => self.places.last_mut(),
            Some("transition") => self.transitions.last_mut(),
            Some(_) => self.arcs.last_mut(),
            None => None,
        };
        let Some(node) = node else { return };
        let field = match label {
            "name" => &mut node.name,
            "initialMarking" => &mut node.tokens,
            "inscription" => &mut node.weight,
            _ => &mut node.kind,
        };
        field.push_str(text);
    }

    fn net(&mut self) -> Read<Pnml> {
        let labels = |node: &mut Node| {
            [&mut node.name, &mut node.tokens, &mut node.weight, &mut node.kind]
                .into_iter()
                .for_each(|label| *label = label.trim().to_owned());
        };
        self.places.iter_mut().chain(&mut self.transitions).chain(&mut self.arcs).for_each(labels);
        let Some(name) = self.net.take() else {
            return self.wrong(0, "there is no net", "a PNML file is XML: <pnml><net id=\"…\"><page id=\"…\">…");
        };
        let mut ids: BTreeMap<&str, (bool, usize)> = BTreeMap::new();
        for (is_place, nodes) in [(true, &self.places), (false, &self.transitions)] {
            for (at, node) in nodes.iter().enumerate() {
                if node.id.is_empty() || ids.insert(&node.id, (is_place, at)).is_some() {
                    return self.wrong(
                        node.at,
                        format!("the id `{}` is empty or not the only one", node.id),
                        "give every place and transition an id",
                    );
                }
            }
        }
        let named = |names: Vec<String>| Transition { name: names.concat(), ..Transition::default() };
        let mut transitions: Vec<Transition> =
            names(&self.transitions).into_iter().map(|name| named(vec![name])).collect();
        for arc in &self.arcs {
            self.arc(arc, &ids, &mut transitions)?;
        }
        let mut marked = Tokens::new();
        for (place, node) in (0..).zip(&self.places) {
            let tokens = if node.tokens.is_empty() { Ok(0) } else { node.tokens.parse() };
            match tokens {
                Ok(0) => {}
                Ok(count) => drop(marked.insert(PlaceId(place), count)),
                Err(_) => {
                    return self.wrong(
                        node.at,
                        format!("`{}` is no number of tokens", node.tokens),
                        "write a whole number",
                    );
                }
            }
        }
        Ok(Pnml { name, flat: Flat::new(names(&self.places), transitions), marked })
    }

    fn arc(&self, arc: &Node, ids: &BTreeMap<&str, (bool, usize)>, transitions: &mut [Transition]) -> Read<()> {
        let end = |id: &str| match ids.get(id) {
            Some(found) => Ok(*found),
            None => self.wrong(
                arc.at,
                format!("an arc leads to `{id}`, which is not there"),
                "name a place or a transition",
            ),
        };
        if !["", "1"].contains(&arc.weight.as_str()) {
            let hint = "an arc moves one token; use a place for each";
            return self.wrong(arc.at, format!("an arc with the inscription `{}`", arc.weight), hint);
        }
        let (from_place, from) = end(&arc.source)?;
        let (to_place, to) = end(&arc.target)?;
        if from_place == to_place {
            return self.wrong(arc.at, "an arc between two of a kind", "arcs lead from places to transitions and back");
        }
        let (place, transition) = if from_place { (from, to) } else { (to, from) };
        let transition = &mut transitions[transition];
        let arcs = match (arc.kind.as_str(), from_place) {
            ("" | "normal", true) => &mut transition.consumes,
            ("" | "normal", false) => &mut transition.produces,
            ("reset", true) => &mut transition.removes,
            (kind, _) => {
                return self.wrong(
                    arc.at,
                    format!("an arc of the kind `{kind}`"),
                    "only normal and reset arcs are read",
                );
            }
        };
        let id = PlaceId(u32::try_from(place).unwrap_or(u32::MAX));
        if arcs.contains(&id) {
            return self.wrong(arc.at, "the same arc twice", "an arc moves one token; use a place for each");
        }
        arcs.push(id);
        Ok(())
    }
}

/// Names if they are there and tell the nodes apart, ids otherwise.
fn names(nodes: &[Node]) -> Vec<String> {
    let distinct: BTreeSet<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let good = distinct.len() == nodes.len() && !distinct.contains("");
    nodes.iter().map(|node| if good { node.name.clone() } else { node.id.clone() }).collect()
}

const HEAD: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<pnml xmlns=\"http://www.pnml.org/version-2009/grammar/pnml\">\n";
const KIND: &str = "http://www.pnml.org/version-2009/grammar/ptnet";

/// The net as PNML, with one token in its source.
pub fn write_pnml(name: &str, flat: &Flat) -> String {
    let mut out = format!(
        "{HEAD}  <net id=\"{0}\" type=\"{KIND}\">\n    <name><text>{0}</text></name>\n    <page id=\"page\">\n",
        escape(name)
    );
    let mut line = |text: String| {
        out.push_str("      ");
        out.push_str(&text);
        out.push('\n');
    };
    for (at, place) in flat.place_ids().zip(&flat.places) {
        let marked = if flat.source == Some(at) { "<initialMarking><text>1</text></initialMarking>" } else { "" };
        line(format!("<place id=\"{0}\"><name><text>{0}</text></name>{marked}</place>", escape(place)));
    }
    for transition in &flat.transitions {
        line(format!("<transition id=\"{0}\"><name><text>{0}</text></name></transition>", escape(&transition.name)));
    }
    let mut count = 0;
    let mut arc = |source: &str, target: &str, kind: &str| {
        let (source, target) = (escape(source), escape(target));
        line(match kind {
            "" => format!("<arc id=\"a{count}\" source=\"{source}\" target=\"{target}\"/>"),
            kind => {
                format!("<arc id=\"a{count}\" source=\"{source}\" target=\"{target}\"><type value=\"{kind}\"/></arc>")
            }
        });
        count += 1;
    };
    for transition in &flat.transitions {
        transition.consumes.iter().for_each(|place| arc(flat.place(*place), &transition.name, ""));
        transition.removes.iter().for_each(|place| arc(flat.place(*place), &transition.name, "reset"));
        transition.produces.iter().for_each(|place| arc(&transition.name, flat.place(*place), ""));
    }
    out.push_str("    </page>\n");
    if let Some(sink) = flat.sink {
        let sink = escape(flat.place(sink));
        out.push_str(&format!(
            "    <finalmarkings><marking><place idref=\"{sink}\"><text>1</text></place></marking></finalmarkings>\n"
        ));
    }
    out.push_str("  </net>\n</pnml>\n");
    out
}
