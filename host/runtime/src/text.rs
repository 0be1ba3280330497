//! What guests write, made fit for logs and records.
//!
//! A guest's text is hostile: it may try to forge a second log line, to hide behind terminal escapes, or to fill the
//! disk. It leaves here as one line of bounded length.

use std::borrow::Cow;

/// Bytes of a guest's line that are kept.
pub(crate) const LINE_MAX_BYTES: usize = 4096;

/// The text as one line: cut at [`LINE_MAX_BYTES`], control and direction characters escaped.
pub(crate) fn one_line(text: &str) -> Cow<'_, str> {
    let end = text.floor_char_boundary(LINE_MAX_BYTES);
    let (kept, cut) = (&text[..end], end < text.len());
    if !cut && !kept.contains(is_unfit) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(kept.len());
    for c in kept.chars() {
        if is_unfit(c) { line.extend(c.escape_default()) } else { line.push(c) }
    }
    if cut {
        line.push('…');
    }
    Cow::Owned(line)
}

/// Control characters, line and paragraph separators, and characters that turn the direction of what follows.
fn is_unfit(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_cannot_forge_another_or_reach_the_terminal() {
        assert_eq!(one_line("a\nERROR b\u{1b}[2J\u{202e}c ä"), "a\\nERROR b\\u{1b}[2J\\u{202e}c ä");
    }

    #[test]
    fn a_long_line_is_cut_between_characters() {
        let line = one_line(&"ä".repeat(3000)).into_owned();
        assert_eq!(line, format!("{}…", "ä".repeat(2048)));
        assert_eq!(one_line(&format!("a{}", "ä".repeat(2048))), format!("a{}…", "ä".repeat(2047)));
    }
}
