//! What each kind of problem means, how one comes to it and what to do: the reference for people, section by section.
//!
//! The words stand in one page of the repository, which is built in: a daemon tells what the page of its own version
//! says. That the page has every kind, with its status and exit code, is held by a test.

/// The page, as Markdown.
const PAGE: &str = include_str!("../../daemon/ERRORS.md");

/// The section of a kind, without its heading: paragraphs, of which the first says status and exit code.
pub fn explained(kind: &str) -> Option<impl Iterator<Item = &'static str>> {
    let section = sections().find(|(heading, _)| *heading == kind)?.1;
    Some(section.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty()))
}

fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    PAGE.split("\n## ").skip(1).filter_map(|section| section.split_once('\n'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{PROBLEMS, exit_code};

    /// Kinds that are told in outcomes, and answer no request.
    const IN_OUTCOMES: [&str; 7] = [
        "InvalidTransition",
        "CoordinationTimeout",
        "GovernorError",
        "ConflictDetected",
        "RollbackFailed",
        "EffectFailed",
        "CommandRefused",
    ];

    /// Kinds that end a verb on this machine, and answer no request, with its exit code.
    const OF_VERBS: [(&str, u8); 1] = [("GovernorStartupFailed", 3)];

    #[test]
    fn the_page_has_every_kind_of_the_table_in_its_order_and_no_other() {
        let headings: Vec<&str> = sections().map(|(heading, _)| heading).collect();
        assert_eq!(headings, PROBLEMS.iter().map(|kind| kind.name).collect::<Vec<_>>());
    }

    #[test]
    fn a_section_begins_with_the_status_and_exit_code_of_its_kind_and_goes_on_with_what_to_do() {
        for kind in PROBLEMS {
            let paragraphs: Vec<&str> = explained(kind.name).expect(kind.name).collect();
            let first = paragraphs[0];
            assert!(first.starts_with(&format!("HTTP status {}", kind.status)), "{}: {first}", kind.name);
            let of_verb = OF_VERBS.iter().find(|(name, _)| *name == kind.name);
            let code = match of_verb {
                Some((_, code)) => format!("exit code {code}"),
                None if IN_OUTCOMES.contains(&kind.name) => "exit code 0, with `--strict` 1".to_owned(),
                None => format!("exit code {}", exit_code(kind.status)),
            };
            assert!(first.ends_with(&code), "{}: {first}", kind.name);
            assert!(paragraphs.len() > 1, "{} says no more than that", kind.name);
        }
    }
}
