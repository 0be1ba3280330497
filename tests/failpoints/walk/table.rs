//! What was tried at each point, and what came of it.

use std::collections::BTreeMap;
use std::fmt::{self, Display};

use syndic_core::failpoint::POINTS;

use crate::life::{Deed, End};
use crate::scene::{Case, Found, Scene, missed};

pub struct Table {
    /// How often the scenes hit each point.
    hits: Vec<Vec<u64>>,
    /// By point and deed: how many children were stopped there, by how they ended.
    stopped: BTreeMap<(usize, Deed), BTreeMap<&'static str, usize>>,
    wrong: Vec<String>,
}

impl Table {
    pub fn new(scenes: &[Scene]) -> Self {
        let hits = (0..POINTS.len()).map(|place| scenes.iter().map(|scene| scene.hits[place]).collect()).collect();
        let wrong = missed(scenes).into_iter().map(|name| format!("no scene hits {name}")).collect();
        Self { hits, stopped: BTreeMap::new(), wrong }
    }

    pub fn add(&mut self, case: &Case<'_>, found: Found) {
        let end = match found {
            Found::Wrong(why) => return self.wrong.push(why),
            Found::NotReached => "never there",
            Found::Stopped(End::Refused) => "refused",
            Found::Stopped(End::Done) => "went on",
            Found::Stopped(_) => "ended",
        };
        *self.stopped.entry((case.stop.place, case.stop.deed)).or_default().entry(end).or_default() += 1;
    }

    /// What went wrong.
    pub fn wrong(&self) -> &[String] {
        &self.wrong
    }
}

impl Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [crash, cut, error] = Deed::WALKED.map(Deed::name);
        writeln!(f, "{:26}{:24}{crash:12}{cut:12}{error}", "point", "hits")?;
        for (place, point) in POINTS.iter().enumerate() {
            let hits: Vec<String> = self.hits[place].iter().map(u64::to_string).collect();
            let [crash, cut, error] = Deed::WALKED.map(|deed| {
                let ends = self.stopped.get(&(place, deed)).into_iter().flatten();
                ends.map(|(end, count)| format!("{count} {end}")).collect::<Vec<_>>().join(", ")
            });
            writeln!(f, "{:26}{:24}{crash:12}{cut:12}{error}", point.name, hits.join(" "))?;
        }
        let count: usize = self.stopped.values().flat_map(BTreeMap::values).sum();
        write!(f, "{} points, {count} children stopped", POINTS.len())
    }
}
