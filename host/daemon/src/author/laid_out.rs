//! JSON as a person would write it: on one line where it fits, else a member or an element to a line, and the member
//! that says what an object is first.
//!
//! It works on text, because a value has its members by name.

/// Columns that a line may have.
const WIDTH: usize = 110;

/// Members that say what an object is, in the order in which they are written. All others follow.
const FIRST: [&str; 22] = [
    "story",
    "given",
    "when",
    "answers",
    "kind",
    "time",
    "verdict",
    "failed",
    "code",
    "message",
    "reason",
    "set",
    "add",
    "remove",
    "increase",
    "stand",
    "number",
    "claim",
    "check",
    "reversible",
    "deferred",
    "timer",
];

/// Where a member stands among the members of an object; those of one rank keep their order.
pub(super) fn rank(name: &str) -> usize {
    FIRST.iter().position(|first| *first == name).unwrap_or(FIRST.len())
}

/// Lays out JSON that was written without spaces.
pub(super) fn laid_out(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    write(&ordered(text), 0, &mut out, true);
    out
}

/// The same JSON with every object's members in their order.
fn ordered(text: &str) -> String {
    let closed = text.strip_prefix(['{', '[']).and_then(|rest| rest.strip_suffix(['}', ']']));
    let Some(inside) = closed.filter(|inside| !inside.is_empty()) else { return text.to_owned() };
    let mut parts = split(inside, ',');
    if text.starts_with('{') {
        parts.sort_by_key(|part| rank(split(part, ':')[0].trim_matches('"')));
    }
    let parts: Vec<String> = parts.into_iter().map(|part| part_ordered(part, text.starts_with('{'))).collect();
    format!("{}{}{}", &text[..1], parts.join(","), &text[text.len() - 1..])
}

fn part_ordered(part: &str, is_member: bool) -> String {
    match split(part, ':')[..] {
        [name, value] if is_member => format!("{name}:{}", ordered(value)),
        _ => ordered(part),
    }
}

/// Writes one value. The outermost is always opened, so that a file is read from the top.
fn write(text: &str, depth: usize, out: &mut String, open: bool) {
    let line = one_line(text);
    let column = out.len() - out.rfind('\n').map_or(0, |at| at + 1);
    let closed = text.strip_prefix(['{', '[']).and_then(|rest| rest.strip_suffix(['}', ']']));
    let Some(inside) = closed.filter(|inside| !inside.is_empty() && (open || column + line.chars().count() > WIDTH))
    else {
        return out.push_str(&line);
    };
    out.push_str(&text[..1]);
    for (at, part) in split(inside, ',').into_iter().enumerate() {
        out.push_str(if at == 0 { "\n" } else { ",\n" });
        out.push_str(&"  ".repeat(depth + 1));
        match split(part, ':')[..] {
            [name, value] if text.starts_with('{') => {
                out.push_str(&format!("{name}: "));
                write(value, depth + 1, out, false);
            }
            _ => write(part, depth + 1, out, false),
        }
    }
    out.push_str(&format!("\n{}{}", "  ".repeat(depth), &text[text.len() - 1..]));
}

/// The value on one line, with a space where a person would leave one.
fn one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len() + 16);
    let mut texts = Texts::default();
    for c in text.chars() {
        line.push(c);
        if !texts.are_in(c) && matches!(c, ',' | ':') {
            line.push(' ');
        }
    }
    line
}

/// The parts between the separators that stand at the outermost level.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut begin, mut depth, mut texts) = (Vec::new(), 0, 0_usize, Texts::default());
    for (at, c) in text.char_indices() {
        match c {
            _ if texts.are_in(c) => {}
            '{' | '[' => depth += 1,
            '}' | ']' => depth = depth.saturating_sub(1),
            c if c == separator && depth == 0 => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

/// Follows a JSON text through its quotes.
#[derive(Default)]
struct Texts {
    inside: bool,
    escaped: bool,
}

impl Texts {
    /// Whether this character is a part of a quoted text.
    fn are_in(&mut self, c: char) -> bool {
        let was = self.inside;
        match c {
            '"' if !self.escaped => self.inside = !self.inside,
            _ => {}
        }
        self.escaped = was && c == '\\' && !self.escaped;
        was
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_object_is_stands_first() {
        let told =
            laid_out(r#"{"then":{"code":"c","verdict":"refuse","writes":[{"by":1,"increase":"a.b"}]},"story":"s"}"#);
        let then = r#"{"verdict": "refuse", "code": "c", "writes": [{"increase": "a.b", "by": 1}]}"#;
        assert_eq!(told, format!("{{\n  \"story\": \"s\",\n  \"then\": {then}\n}}"));
    }

    #[test]
    fn what_fits_on_a_line_stands_on_one() {
        assert_eq!(
            laid_out(r#"{"a":{"b":[1,2]},"c":"x,y:\"z"}"#),
            "{\n  \"a\": {\"b\": [1, 2]},\n  \"c\": \"x,y:\\\"z\"\n}"
        );
        let long = "x".repeat(80);
        let text = format!(r#"{{"a":[{{"b":"{long}","c":1}},{{"b":"{long}"}}],"d":{{}}}}"#);
        let told = laid_out(&text);
        assert_eq!(
            told,
            format!(
                "{{\n  \"a\": [\n    {{\"b\": \"{long}\", \"c\": 1}},\n    {{\"b\": \"{long}\"}}\n  ],\n  \"d\": {{}}\n}}"
            )
        );
    }
}
