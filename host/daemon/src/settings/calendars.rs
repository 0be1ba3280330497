//! The part of the configuration that says when people work: everybody's calendar, and tenants' own.
//!
//! A tenant's is everybody's, but for what it says itself. What is wrong is told where it stands, so a mistake in
//! everybody's is told once, and not for every tenant again.

use std::collections::BTreeMap;

use syndic_core::calendar::{Calendar, Calendars, Hours, Written, Wrong, zones};

use crate::settings::read::Reader;
use crate::settings::value::nearest;

/// The calendars, as far as they can be read; what is wrong with the others is in the reader.
pub(super) fn calendars(read: &mut Reader) -> Calendars {
    let everybody = calendar(read, &["calendar"]).unwrap_or_default();
    let mut tenants = BTreeMap::new();
    for tenant in read.names("calendars") {
        if tenant.is_empty() {
            read.refuse(
                &["calendars", ""],
                "a tenant has a name",
                "write `[calendars.TENANT]`, with the tenant's name",
            );
        }
        // One that comes to the same as everybody's is none of its own, in receipts too.
        if let Some(own) = calendar(read, &["calendars", &tenant]).filter(|own| *own != everybody) {
            tenants.insert(tenant, own);
        }
    }
    Calendars { everybody, tenants }
}

/// The calendar of a table.
fn calendar(read: &mut Reader, table: &[&str]) -> Option<Calendar> {
    let parts = Parts { read: &*read, table };
    let hours = match ["open", "close"].map(|end| parts.text(&["hours", end])) {
        [open, close] if open.is_empty() && close.is_empty() => None,
        [open, close] => Some(Hours { open, close }),
    };
    let half = hours.as_ref().is_some_and(|hours| hours.open.is_empty() || hours.close.is_empty());
    let written = Written {
        zone: parts.text(&["zone"]),
        working_days: parts.texts("working_days"),
        hours: hours.filter(|_| !half),
        holidays: parts.texts("holidays"),
    };
    let calendar = Calendar::of(&written);
    if half {
        refuse(read, table, "hours", "hours have a beginning and an end", "give both `hours.open` and `hours.close`");
    }
    calendar.map_err(|wrong| wrong.iter().for_each(|wrong| tell(read, table, wrong))).ok().filter(|_| !half)
}

/// Reads the parts of a calendar, each where it is said.
struct Parts<'r> {
    read: &'r Reader,
    table: &'r [&'r str],
}

impl Parts<'_> {
    fn text(&self, key: &[&str]) -> String {
        self.read.text_at(&self.at(key))
    }

    fn texts(&self, key: &str) -> Vec<String> {
        self.read.texts_at(&self.at(&[key]))
    }

    /// The tenant's own place, or everybody's where it says nothing.
    fn at(&self, key: &[&str]) -> Vec<String> {
        let own = path(self.table, key);
        if self.read.says(&own) { own } else { path(&["calendar"], key) }
    }
}

fn tell(read: &mut Reader, table: &[&str], wrong: &Wrong) {
    let (part, hint) = match wrong {
        Wrong::Zone(zone) => ("zone", zone_hint(zone)),
        Wrong::Weekday(_) => ("working_days", "the days are mon, tue, wed, thu, fri, sat, sun".to_owned()),
        Wrong::NeverWorks => {
            ("working_days", "name one at least; leave it away, and it is Monday to Friday".to_owned())
        }
        Wrong::Clock(_) => ("hours", "write hours like `09:00`, and the end of the day as `24:00`".to_owned()),
        Wrong::Hours { .. } => ("hours", "work begins and ends on one day; the end of the day is `24:00`".to_owned()),
        Wrong::Holiday(_) => ("holidays", "write each with its year, like `2026-12-25`".to_owned()),
    };
    refuse(read, table, part, &wrong.to_string(), &hint);
}

/// Refuses a part of a table that says it; where it is everybody's, that is told there.
fn refuse(read: &mut Reader, table: &[&str], part: &str, why: &str, hint: &str) {
    let at = [table, &[part]].concat();
    let own = table == ["calendar"] || read.says_under(&path(table, &[part]));
    if own {
        read.refuse(&at, why, hint);
    }
}

fn zone_hint(zone: &str) -> String {
    let all = zones();
    match nearest(zone, all.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "zones are named as IANA names them, a place for its time: `America/New_York`".to_owned(),
    }
}

fn path(table: &[&str], key: &[&str]) -> Vec<String> {
    table.iter().chain(key).map(|part| (*part).to_owned()).collect()
}
