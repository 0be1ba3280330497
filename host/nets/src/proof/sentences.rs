//! Words for places, tasks and what lies where.

use crate::flat::{Flat, Tokens, TransitionId};

/// Names that are told one by one; of a longer list, some of the first and of the last.
const TOLD_MAX: usize = 12;
const TOLD_FIRST: usize = 5;
const TOLD_LAST: usize = 3;

/// Firings in their order: `A, B, C`.
pub(super) fn way(net: &Flat, firing: &[TransitionId]) -> String {
    let names: Vec<&str> = firing.iter().map(|id| &*net.transition(*id).name).collect();
    shortened(&names).join(", ")
}

/// Names of a set: `A, B and C`.
pub(super) fn names<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<&str> = names.collect();
    joined(&shortened(&names))
}

/// What lies where: `P_One and P_Other (2 tokens)`.
pub(super) fn at(net: &Flat, tokens: &Tokens) -> String {
    let one = |(place, count): (&_, &u32)| match count {
        1 => net.place(*place).to_owned(),
        more => format!("{} ({more} tokens)", net.place(*place)),
    };
    let places: Vec<String> = tokens.iter().map(one).collect();
    let places: Vec<&str> = places.iter().map(String::as_str).collect();
    joined(&shortened(&places))
}

fn joined(names: &[String]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

fn shortened(names: &[&str]) -> Vec<String> {
    let own = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    if names.len() <= TOLD_MAX {
        return own(names);
    }
    let mut told = own(&names[..TOLD_FIRST]);
    told.push(format!("… ({} more) …", names.len() - TOLD_FIRST - TOLD_LAST));
    told.extend(own(&names[names.len() - TOLD_LAST..]));
    told
}
