//! A governor's page (its README), read as Markdown, so that a test can hold it to the code.
//!
//! A page that a person wrote is wrong a month later, unless something compares. What is compared are tables: the rows
//! under a heading, and the names in their first column.

use std::collections::BTreeSet;

use super::seen::Seen;

/// The text of a page, and what its tables tell.
///
/// The first column of a table under `## Facts`, `## Timers`, `## Effects` or `## Codes` names things, in backquotes:
/// one or more to a row, with `<…>` for what varies. What else there is to say stands in the other columns. Names that
/// a story or a long random history really used are in [`Seen`], and the two are the same or the test fails:
///
/// ```
/// # use syndic_sdk::prelude::*;
/// # #[governor(version = "1.0.0", kinds = ["UsageReported", "TimerFired"])]
/// # fn meter(cx: &Context) -> Answer {
/// #     let Event::UsageReported(report) = cx.event()? else { return approve() };
/// #     if report.quantity > 1_000 {
/// #         return refuse("too-much", "nobody uses as much");
/// #     }
/// #     let mut decision = Decision::approve();
/// #     decision.set(&format!("meter.use.{}", report.resource), &report.quantity);
/// #     decision.timer("again", cx.now().plus_days(1), &());
/// #     Ok(decision)
/// # }
/// # // Of a line that begins with `##`, rustdoc takes one away.
/// use syndic_sdk::testing::{Dice, Page, Seen, World};
///
/// const README: Page = Page::new("
/// ### Facts
///
/// | Fact | Holds |
/// |---|---|
/// | `meter.use.<resource>` | the latest reading |
///
/// ### Timers
///
/// | Timer | Due |
/// |---|---|
/// | `again` | a day later |
///
/// ### Effects
///
/// None.
///
/// ### Codes
///
/// | Code | When |
/// |---|---|
/// | `too-much` | a reading above 1,000 |
/// ");
///
/// let (mut world, mut dice, mut seen) = (World::new(&GOVERNOR), Dice::new(7), Seen::default());
/// for _ in 0..100 {
///     let (resource, quantity) = (dice.pick(&["requests", "users"]).to_owned(), dice.below(2_000) as i64);
///     let report = UsageReported { resource, quantity, period: "2026-01".into() };
///     world.play(report, |_, _, judged| seen.note(judged));
/// }
/// README.tells_of(&seen);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Page<'a>(&'a str);

impl<'a> Page<'a> {
    /// A page's text: `Page::new(include_str!("../README.md"))`.
    pub const fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// What stands between `## heading` and the next heading of its kind.
    ///
    /// # Panics
    /// Where the page has no such heading: a section that was renamed is not a section without rows.
    #[track_caller]
    pub fn section(&self, heading: &str) -> &'a str {
        let mut sections = self.0.split("\n## ");
        let after = |section: &'a str| section.strip_prefix(heading)?.strip_prefix('\n');
        let Some(section) = sections.find_map(after) else { panic!("the page has no section `## {heading}`") };
        section
    }

    /// The rows of the tables under a heading, as they are printed, without head and rule. A table has a blank line
    /// before it.
    ///
    /// # Panics
    /// Where the page has no such heading.
    #[track_caller]
    pub fn rows(&self, heading: &str) -> Vec<&'a str> {
        let tables = self.section(heading).split("\n\n").map(str::trim).filter(|block| block.starts_with('|'));
        tables.flat_map(|table| table.lines().skip(2)).collect()
    }

    /// The names in the first column under a heading.
    ///
    /// # Panics
    /// Where the page has no such heading.
    #[track_caller]
    pub fn names(&self, heading: &str) -> BTreeSet<&'a str> {
        let first = |row: &'a str| row.split('|').nth(1).unwrap_or_default();
        self.rows(heading).into_iter().flat_map(|row| first(row).split('`').skip(1).step_by(2)).collect()
    }

    /// Of the names that were seen, those that the page does not tell under a heading.
    ///
    /// # Panics
    /// Where the page has no such heading.
    #[track_caller]
    pub fn untold<'n>(&self, heading: &str, seen: &'n BTreeSet<String>) -> Vec<&'n str> {
        let told = self.names(heading);
        seen.iter().map(String::as_str).filter(|name| !told.iter().any(|told| fits(told, name))).collect()
    }

    /// Of the names that the page tells under a heading, those that were never seen.
    ///
    /// # Panics
    /// Where the page has no such heading.
    #[track_caller]
    pub fn unseen(&self, heading: &str, seen: &BTreeSet<String>) -> Vec<&'a str> {
        self.names(heading).into_iter().filter(|told| !seen.iter().any(|name| fits(told, name))).collect()
    }

    /// Holds the names under a heading to those that were seen: all of them, and no other.
    ///
    /// # Panics
    /// Where the two differ, with a sentence that says how.
    #[track_caller]
    pub fn tells(&self, heading: &str, seen: &BTreeSet<String>) {
        let untold = self.untold(heading, seen);
        assert!(untold.is_empty(), "`## {heading}` does not tell of {untold:?}");
        let unseen = self.unseen(heading, seen);
        assert!(unseen.is_empty(), "`## {heading}` tells of {unseen:?}, which nobody saw");
    }

    /// Holds the sections Facts, Timers, Effects and Codes to what decisions really did.
    ///
    /// # Panics
    /// Where the page and the decisions differ, with a sentence that says how.
    #[track_caller]
    pub fn tells_of(&self, seen: &Seen) {
        let parts =
            [("Facts", &seen.facts), ("Timers", &seen.timers), ("Effects", &seen.effects), ("Codes", &seen.codes)];
        for (heading, names) in parts {
            self.tells(heading, names);
        }
    }
}

/// Whether a name is what the page calls it: each `<…>` there stands for one character or more.
fn fits(told: &str, name: &str) -> bool {
    let Some((begins, (_, goes_on))) = told.split_once('<').and_then(|(a, b)| Some((a, b.split_once('>')?))) else {
        return told == name;
    };
    let Some(varies) = name.strip_prefix(begins) else { return false };
    let ends = varies.char_indices().map(|(at, c)| at + c.len_utf8());
    ends.into_iter().any(|end| fits(goes_on, &varies[end..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: Page = Page::new(
        "# meter\n\n## Facts\n\nTwo tables.\n\n| Fact | Holds |\n|---|---|\n| `meter.use.<what>`, `meter.all` | `{n}` |\n\
         | | more of it |\n\n| Fact | Holds |\n|---|---|\n| `shared.load.<month>.<what>` (tenant) | a sum |\n\nEnd.\n\n\
         ## Codes\n\nNone.\n\n## Codes of others\n\n| Code |\n|---|\n| `full` |\n",
    );

    fn seen(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn a_section_ends_where_the_next_begins_and_all_its_tables_count() {
        assert_eq!(PAGE.rows("Facts").len(), 3);
        assert_eq!(PAGE.rows("Codes"), [""; 0]);
        assert_eq!(PAGE.rows("Codes of others"), ["| `full` |"]);
    }

    #[test]
    #[should_panic(expected = "the page has no section `## Fact`")]
    fn a_heading_is_named_whole() {
        PAGE.rows("Fact");
    }

    #[test]
    fn names_are_the_words_in_backquotes_of_the_first_column() {
        assert_eq!(PAGE.names("Facts"), ["meter.use.<what>", "meter.all", "shared.load.<month>.<what>"].into());
    }

    #[test]
    fn what_varies_stands_for_something_and_the_rest_for_itself() {
        assert!(fits("load.<month>.<what>", "load.2026-01.a.b") && fits("<any>", "x") && fits("a<b>c", "aüc"));
        for name in ["load.", "load.2026-01", "load.2026-01.", "load..x", "loads.2026-01.x", "xload.2026-01.x"] {
            assert!(!fits("load.<month>.<what>", name), "{name}");
        }
        assert!(!fits("a<b>c", "ac") && !fits("plain", "plain-er") && fits("a<b", "a<b"));
    }

    #[test]
    fn it_says_what_is_missing_on_either_side() {
        let names = seen(&["meter.use.requests", "meter.all", "meter.odd"]);
        assert_eq!(PAGE.untold("Facts", &names), ["meter.odd"]);
        assert_eq!(PAGE.unseen("Facts", &names), ["shared.load.<month>.<what>"]);
        PAGE.tells("Facts", &seen(&["meter.use.requests", "meter.all", "shared.load.2026-01.requests"]));
    }

    #[test]
    #[should_panic(expected = "`## Codes of others` tells of [\"full\"], which nobody saw")]
    fn a_page_that_tells_too_much_fails() {
        PAGE.tells("Codes of others", &seen(&[]));
    }

    #[test]
    #[should_panic(expected = "`## Codes` does not tell of [\"odd\"]")]
    fn a_page_that_tells_too_little_fails() {
        PAGE.tells("Codes", &seen(&["odd"]));
    }
}
