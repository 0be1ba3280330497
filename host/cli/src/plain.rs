//! Plain text: what came from outside is shown by a terminal, and not obeyed.
//!
//! An id, a subject or a word of a stream may hold what moves the cursor, paints over another line, ends a line or turns
//! the direction of what follows. People are shown such characters by name. Programs (`--json`) are given them as JSON
//! writes them.

use std::borrow::Cow;

/// The text on one line: control and direction characters are named instead of written.
pub fn plain(text: &str) -> Cow<'_, str> {
    if text.contains(is_unfit) { Cow::Owned(named(text, is_unfit)) } else { Cow::Borrowed(text) }
}

/// The same of a text of several lines, which it keeps.
pub fn plain_lines(text: &str) -> Cow<'_, str> {
    let unfit = |c: char| c != '\n' && is_unfit(c);
    if text.contains(unfit) { Cow::Owned(named(text, unfit)) } else { Cow::Borrowed(text) }
}

fn named(text: &str, unfit: impl Fn(char) -> bool) -> String {
    let mut plain = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if unfit(c) { plain.extend(c.escape_default()) } else { plain.push(c) }
    }
    plain
}

/// Control characters, line and paragraph separators, and characters that turn the direction of what follows.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_named_and_the_rest_is_left_alone() {
        assert_eq!(plain("evt-1 für \u{1f600} ابن"), "evt-1 für \u{1f600} ابن");
        assert_eq!(plain("a\u{1b}[2Jb\u{9b}2J\r\nc\t"), r"a\u{1b}[2Jb\u{9b}2J\r\nc\t");
        assert_eq!(plain("gnp.\u{202e}exe\u{2066}\u{2028}"), r"gnp.\u{202e}exe\u{2066}\u{2028}");
        assert_eq!(plain_lines("{\n  \u{7}\n}"), "{\n  \\u{7}\n}");
    }
}
