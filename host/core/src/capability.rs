//! What a governor may do, and how far a new version reaches beyond the one in its place.
//!
//! A governor says what it reads and what it asks for, and is held to it. So a version that says more may do more, and
//! whoever installs it has to want that. What it judges is no power of its own: the routes, which are the operator's,
//! decide which events are brought to a slot.

use serde::Serialize;

use crate::config::Wasi;
use crate::decision::{DeclaredRead, Manifest};
use crate::fact::FactName;

/// The interfaces of the contract. What they give is bounded by the manifest and the slot's configuration.
const OURS: &str = "syndic:governor/";

/// All that a governor may do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// The kinds it judges.
    pub kinds: Vec<String>,
    /// The facts it may read.
    pub reads: Vec<DeclaredRead>,
    /// The effect actions it may ask for, undoing them included.
    pub effects: Vec<String>,
    /// Whether its slot offers it WASI.
    pub wasi: Wasi,
    /// The interfaces it imports, without their versions.
    pub imports: Vec<String>,
}

impl Capabilities {
    /// What a manifest says.
    pub fn of(manifest: &Manifest) -> Self {
        Self {
            kinds: manifest.kinds.clone(),
            reads: manifest.reads.clone(),
            effects: manifest.effects.clone(),
            ..Self::default()
        }
    }

    /// The same, in a slot that offers WASI or does not.
    pub fn with_wasi(self, wasi: Wasi) -> Self {
        Self { wasi, ..self }
    }

    /// The same, of a component that imports these interfaces. A newer version of one is no other interface.
    pub fn with_imports<'a>(self, names: impl IntoIterator<Item = &'a str>) -> Self {
        let bare = |name: &str| name.split_once('@').map_or(name, |(name, _)| name).to_owned();
        let mut imports: Vec<String> = names.into_iter().map(bare).collect();
        imports.sort();
        imports.dedup();
        Self { imports, ..self }
    }
}

/// What a difference is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum About {
    /// A kind of event that it judges.
    Kind,
    /// Facts that it reads.
    Read,
    /// A fact it reads that now makes its decisions stale when others step it.
    Exactness,
    /// An action of a service that it asks for.
    Effect,
    /// WASI.
    Wasi,
    /// An interface that it imports.
    Import,
}

/// One thing that a governor has and another has not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Widening {
    /// What it is about.
    pub about: About,
    /// Which, as `governor check` spells it.
    pub name: String,
}

impl Widening {
    /// Whether it is a power over something, which somebody has to want.
    pub fn needs_consent(&self) -> bool {
        match self.about {
            About::Read | About::Effect | About::Wasi => true,
            About::Import => !self.name.starts_with(OURS),
            About::Kind | About::Exactness => false,
        }
    }

    /// The same, as a person says it.
    pub fn sentence(&self) -> String {
        let name = &self.name;
        match self.about {
            About::Kind => format!("it judges `{name}`, if events of that kind are brought to its slot"),
            About::Read => format!("it may read `{name}`"),
            About::Exactness => format!("it judges again whenever `{name}` moves"),
            About::Effect => format!("it may ask for the action `{name}`"),
            About::Wasi => "it may import WASI, and sees a clock that stands still and seeded chance".to_owned(),
            About::Import => format!("it imports `{name}`"),
        }
    }
}

/// What the one has that the other has not; called the other way round, what is left.
pub fn gained(old: &Capabilities, new: &Capabilities) -> Vec<Widening> {
    let mut gained = Vec::new();
    let mut more = |about: About, names: Vec<String>| {
        gained.extend(names.into_iter().map(|name| Widening { about, name }));
    };
    more(About::Kind, beyond(&new.kinds, &old.kinds));
    let (kept, reads): (Vec<_>, Vec<_>) =
        new.reads.iter().partition(|read| old.reads.iter().any(|other| covers(other, read)));
    more(About::Read, reads.into_iter().map(spelt).collect());
    let exact = |read: &&DeclaredRead| !old.reads.iter().any(|other| other.exact && covers(other, read));
    more(About::Exactness, kept.into_iter().filter(|read| read.exact).filter(exact).map(spelt).collect());
    more(About::Effect, beyond(&new.effects, &old.effects));
    if new.wasi == Wasi::Deterministic && old.wasi == Wasi::Refused {
        more(About::Wasi, vec!["wasi".to_owned()]);
    }
    more(About::Import, beyond(&new.imports, &old.imports));
    gained
}

/// How far a new version reaches beyond the one in its place: what somebody has to want before it is installed.
pub fn widened(old: &Capabilities, new: &Capabilities) -> Vec<Widening> {
    gained(old, new).into_iter().filter(Widening::needs_consent).collect()
}

fn beyond(these: &[String], those: &[String]) -> Vec<String> {
    these.iter().filter(|it| !those.contains(it)).cloned().collect()
}

/// Whether whoever declares the one may read all of the other.
fn covers(one: &DeclaredRead, other: &DeclaredRead) -> bool {
    match other.name.strip_suffix('*') {
        None => one.covers(&FactName { scope: other.scope, name: other.name.clone() }),
        Some(stem) => {
            let prefix = one.name.strip_suffix('*');
            one.scope == other.scope && prefix.is_some_and(|prefix| stem.starts_with(prefix))
        }
    }
}

/// A declared read in one word: `tenant:` before what is the tenant's, `tenant!:` where it is read exactly.
pub fn spelt(read: &DeclaredRead) -> String {
    let name = FactName { scope: read.scope, name: read.name.clone() }.to_string();
    if read.exact { name.replacen("tenant:", "tenant!:", 1) } else { name }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Scope;

    fn reads(names: &[&str]) -> Vec<DeclaredRead> {
        let read = |name: &&str| {
            let exact = name.starts_with("tenant!:");
            let tenant = name.strip_prefix("tenant!:").or_else(|| name.strip_prefix("tenant:"));
            let scope = if tenant.is_some() { Scope::Tenant } else { Scope::Customer };
            DeclaredRead { scope, name: tenant.unwrap_or(name).to_owned(), exact }
        };
        names.iter().map(read).collect()
    }

    #[track_caller]
    fn check(old: &[&str], new: &[&str], more: &[&str], consent: &[&str]) {
        let of = |names: &[&str]| Capabilities { reads: reads(names), ..Capabilities::default() };
        let names = |list: Vec<Widening>| list.into_iter().map(|it| it.name).collect::<Vec<_>>();
        assert_eq!(names(gained(&of(old), &of(new))), more);
        assert_eq!(names(widened(&of(old), &of(new))), consent);
    }

    #[test]
    fn a_read_is_wider_unless_what_was_there_covers_all_of_it() {
        check(&["billing.*"], &["billing.account", "billing.in*"], &[], &[]);
        check(&["billing.account"], &["billing.*"], &["billing.*"], &["billing.*"]);
        check(&["billing.*"], &["*"], &["*"], &["*"]);
        check(&["a.b"], &["tenant:a.b"], &["tenant:a.b"], &["tenant:a.b"]);
        check(&["a.*"], &["a.b", "c.d"], &["c.d"], &["c.d"]);
    }

    #[test]
    fn reading_exactly_is_a_difference_and_no_power() {
        check(&["tenant:stock"], &["tenant!:stock"], &["tenant!:stock"], &[]);
        check(&["tenant!:stock"], &["tenant:stock"], &[], &[]);
        check(&["tenant!:s*"], &["tenant!:stock"], &[], &[]);
        check(&[], &["tenant!:stock"], &["tenant!:stock"], &["tenant!:stock"]);
    }

    #[test]
    fn actions_wasi_and_foreign_imports_are_wanted_by_somebody_and_kinds_and_our_own_interfaces_are_not() {
        let old = Capabilities { effects: vec!["mail".into()], ..Capabilities::default() }
            .with_imports(["syndic:governor/types@1.0.0", "wasi:io/poll@0.2.0"]);
        let new =
            Capabilities { effects: vec!["mail".into(), "pay".into()], kinds: vec!["Paid".into()], ..old.clone() }
                .with_wasi(Wasi::Deterministic)
                .with_imports(["syndic:governor/host@1.4.0", "wasi:io/poll@0.2.6", "wasi:random/random@0.2.6"]);
        let sentences: Vec<String> = widened(&old, &new).iter().map(Widening::sentence).collect();
        assert_eq!(
            sentences,
            [
                "it may ask for the action `pay`",
                "it may import WASI, and sees a clock that stands still and seeded chance",
                "it imports `wasi:random/random`",
            ]
        );
        assert_eq!(gained(&old, &new).len(), 5, "the kind and our own interface are told, and need nobody's consent");
        assert!(widened(&new, &old).is_empty(), "who may do less asks nobody");
    }
}
