//! The published tables: what happens is in them, and what is closed stays closed.
//!
//! Read from the governors' pages, not from their code. A state is seen before and after an event; where one event
//! makes several moves, there must be a way through the table by moves that this kind of event can cause. A fact that
//! is written and stays in its state counts for every row that leaves it there and that the event may have caused.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::LazyLock;

use serde_json::Value;
use syndic_tests::facts::text;

use super::causes::{MACHINES, Machine};
use super::{Held, Seen, hold};

const PROMISE: &str = "what happens is in the published tables";

/// Moves of one event that is more than one move.
const MOVES_MAX: usize = 4;

/// From, on, to.
pub type Row = (String, String, String);

/// The rows of each machine, by its place in [`MACHINES`].
pub static ROWS: LazyLock<Vec<Vec<Row>>> = LazyLock::new(|| MACHINES.iter().map(rows).collect());

/// The moves that were seen, by machine.
#[derive(Clone, Debug, Default)]
pub struct Moves(pub BTreeMap<usize, BTreeSet<Row>>);

impl Moves {
    pub fn check(&mut self, seen: &Seen<'_>) -> Held {
        for (at, machine) in MACHINES.iter().enumerate() {
            for (rest, before, after) in seen.changed(machine.fact) {
                if names(machine, rest, seen) {
                    self.moved(at, rest, (before, after), &seen.step.event.kind)?;
                }
            }
        }
        Ok(())
    }

    /// Looks at one fact that was written.
    pub fn moved(&mut self, at: usize, rest: &str, states: (Option<&Value>, Option<&Value>), kind: &str) -> Held {
        let machine = &MACHINES[at];
        let (from, to) = (state(machine, fresh(machine, states.0, states.1)), state(machine, states.1));
        // Whoever comes back after the end of an account opens another.
        let from =
            if machine.governor == "customer-account" && another(states) { machine.absent.to_owned() } else { from };
        let name = format!("{}{rest}", machine.fact);
        hold!(
            "closed states are closed",
            from == to || !machine.closed.contains(&from.as_str()),
            "{name}: {from} → {to}"
        );
        let ways = ways(&ROWS[at], machine, kind, &from, &to);
        hold!(PROMISE, from == to || !ways.is_empty(), "{name}: {kind} moved it from `{from}` to `{to}`");
        self.0.entry(at).or_default().extend(ways);
        Ok(())
    }

    /// Takes over what another has seen.
    pub fn join(&mut self, other: Moves) {
        for (at, rows) in other.0 {
            self.0.entry(at).or_default().extend(rows);
        }
    }

    /// Rows that were never seen, and how many there are in all.
    pub fn unseen(&self) -> (Vec<(&'static str, &'static Row)>, usize) {
        let nothing = BTreeSet::new();
        let mut unseen = Vec::new();
        for (at, rows) in ROWS.iter().enumerate() {
            let seen = self.0.get(&at).unwrap_or(&nothing);
            unseen.extend(rows.iter().filter(|row| !seen.contains(*row)).map(|row| (MACHINES[at].fact, row)));
        }
        (unseen, ROWS.iter().map(Vec::len).sum())
    }
}

/// Whether a fact is this machine's: multi-tenant's sums of a tenant are named like a customer's load.
fn names(machine: &Machine, rest: &str, seen: &Seen<'_>) -> bool {
    let tenants = machine.governor == "product-catalog";
    let whole = !machine.fact.ends_with('.');
    let name = format!("{}{rest}", machine.fact);
    let of_tenant = seen.changes.iter().any(|((_, customer), changed, _)| customer.is_none() && *changed == name);
    tenants == of_tenant && (!whole || rest.is_empty())
}

/// The state before, unless the fact was of another period: then it begins anew.
fn fresh<'a>(machine: &Machine, before: Option<&'a Value>, after: Option<&Value>) -> Option<&'a Value> {
    let since = |value: Option<&Value>| value.and_then(|value| value.get("since").cloned());
    before.filter(|before| machine.governor != "quota-sla" || after.is_none() || since(Some(before)) == since(after))
}

fn another((before, after): (Option<&Value>, Option<&Value>)) -> bool {
    let number = |value: Option<&Value>| value.and_then(|value| value["number"].as_u64());
    number(before).is_some()
        && number(after) == number(before).map(|number| number + 1)
        && before.is_some_and(|before| text(before, "/status") == "archived")
}

/// A fact's state, as the table spells it.
fn state(machine: &Machine, value: Option<&Value>) -> String {
    let Some(value) = value else { return machine.absent.to_owned() };
    let written = plain(text(value, machine.state));
    let at = MACHINES.iter().position(|it| it.fact == machine.fact).unwrap_or_default();
    let spelled = ROWS[at].iter().flat_map(|(from, _, to)| [from, to]).find(|state| plain(state) == written);
    spelled.cloned().unwrap_or(written)
}

fn plain(state: &str) -> String {
    state.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase()
}

/// The rows on the shortest ways from one state to another, by moves that an event of this kind causes.
fn ways(rows: &[Row], machine: &Machine, kind: &str, from: &str, to: &str) -> BTreeSet<Row> {
    let caused = |on: &str| machine.causes.iter().any(|(trigger, kinds)| *trigger == on && kinds.contains(&kind));
    let rows: Vec<&Row> = rows.iter().filter(|(_, on, _)| caused(on)).collect();
    let mut layers = vec![BTreeSet::from([from.to_owned()])];
    for _ in 0..MOVES_MAX {
        let reached = layers.last().expect("it begins with one");
        let next: BTreeSet<String> =
            rows.iter().filter(|(from, ..)| reached.contains(from)).map(|(.., to)| to.clone()).collect();
        layers.push(next);
        if layers.last().is_some_and(|next| next.contains(to)) {
            break;
        }
    }
    if !layers.last().is_some_and(|last| last.contains(to)) {
        return BTreeSet::new();
    }
    // Back from the end, along rows that begin in the layer before.
    let (mut ways, mut ends) = (BTreeSet::new(), BTreeSet::from([to.to_owned()]));
    for layer in layers.iter().rev().skip(1) {
        let on_the_way = rows.iter().filter(|(from, _, to)| layer.contains(from) && ends.contains(to));
        let on_the_way: Vec<&Row> = on_the_way.copied().collect();
        ends = on_the_way.iter().map(|(from, ..)| from.clone()).collect();
        ways.extend(on_the_way.into_iter().cloned());
    }
    ways
}

/// A machine's rows: those of its page whose triggers it knows, and its beginnings.
fn rows(machine: &Machine) -> Vec<Row> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../governors").join(machine.governor).join("README.md");
    let page = std::fs::read_to_string(&page).expect("a governor has a page");
    let known = |on: &str| machine.causes.iter().any(|(trigger, _)| *trigger == on);
    let begins = machine.begins.iter().map(|(on, to)| (String::new(), (*on).to_owned(), (*to).to_owned()));
    let published = published(&page).into_iter().filter(|(from, on, _)| known(on) && mine(machine, from));
    begins.chain(published).collect()
}

/// Two machines of one page have no state in common, and some triggers.
fn mine(machine: &Machine, from: &str) -> bool {
    const IDENTITY: [&str; 4] = ["Unknown", "Pass", "Pending", "Fail"];
    machine.governor != "compliance" || (machine.fact == "compliance.kyc") == IDENTITY.contains(&from)
}

/// The rows of a page's tables of moves: `| From | On | To |`.
pub fn published(page: &str) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut within = false;
    for line in page.lines() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        match cells.as_slice() {
            ["", "From", "On", "To", ""] => within = true,
            ["", from, on, to, ""] if within => {
                if !from.starts_with("---") {
                    rows.push(((*from).to_owned(), (*on).to_owned(), (*to).to_owned()));
                }
            }
            _ => within = false,
        }
    }
    rows
}
