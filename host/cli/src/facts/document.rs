//! Documents: a value as indented lines, a member on each, amounts under amounts.

use serde_json::{Map, Value};

use super::members;
use super::order::{Member, Shown, in_order, summary};
use super::words::{told, width, word, wrap};

/// Names longer than this do not push everything else to the right.
const NAME_MAX: usize = 20;

/// The least that is left for a value, however deep it stands; what is written deeper is told in one line.
const ROOM_MIN: usize = 30;

/// A value in lines of at most so many columns.
pub(super) fn lines(value: &Value, room: usize) -> Vec<String> {
    match value {
        _ if room < ROOM_MIN => wrap(&summary(value), room),
        Value::Array(items) if word(value).is_none() => list(items, room),
        _ => match (members(value), word(value)) {
            (Some(object), None) => object_lines(object, room),
            (_, word) => wrap(&word.unwrap_or_default(), room),
        },
    }
}

fn object_lines(object: &Map<String, Value>, room: usize) -> Vec<String> {
    let members = in_order(object);
    if let Some(rows) = register(&members).filter(|rows| rows.iter().all(|row| width(row) <= room)) {
        return rows;
    }
    let is_line = |member: &&Member| !matches!(member.shown, Shown::Opened(_));
    let names = members.iter().filter(is_line).map(|member| width(&member.name)).max().unwrap_or(0).min(NAME_MAX);
    let amounts = members.iter().filter_map(Member::amount).max().unwrap_or(0);
    members.iter().flat_map(|member| member.lines(names, amounts, room)).collect()
}

impl Member<'_> {
    /// How wide its amount is; none where it is not money.
    fn amount(&self) -> Option<usize> {
        match &self.shown {
            Shown::Money(sum) => Some(width(&sum.amount)),
            _ => None,
        }
    }

    fn lines(&self, names: usize, amounts: usize, room: usize) -> Vec<String> {
        match &self.shown {
            Shown::Opened(value) => {
                let inner = lines(value, room.saturating_sub(2)).into_iter().map(|line| format!("  {line}"));
                wrap(&self.name, room).into_iter().chain(inner).collect()
            }
            Shown::Money(sum) => self.beside(names, vec![format!("{:>amounts$} {}", sum.amount, sum.currency)], room),
            Shown::Word(word) => self.beside(names, wrap(word, room.saturating_sub(names + 2)), room),
        }
    }

    /// The name with its text to the right, or under it where the name is too long.
    fn beside(&self, names: usize, text: Vec<String>, room: usize) -> Vec<String> {
        let indent = " ".repeat(names + 2);
        let mut lines: Vec<String> = text.into_iter().map(|line| format!("{indent}{line}")).collect();
        if width(&self.name) > names {
            lines.splice(0..0, wrap(&self.name, room));
        } else if let Some(first) = lines.first_mut() {
            first.replace_range(..indent.len(), &format!("{:names$}  ", self.name));
        }
        lines
    }
}

/// A list: a small table where every item is a line of words, else one item under the other.
fn list(items: &[Value], room: usize) -> Vec<String> {
    if let Some(rows) = grid(items).filter(|rows| rows.iter().all(|row| width(row) <= room)) {
        return rows;
    }
    let mut all = Vec::new();
    for item in items {
        let inner = lines(item, room.saturating_sub(2));
        all.extend(inner.iter().enumerate().map(|(nth, line)| format!("{} {line}", if nth == 0 { "-" } else { " " })));
    }
    all
}

/// Objects of words as a small table.
fn grid(items: &[Value]) -> Option<Vec<String>> {
    rows(items.iter().map(|item| members(item).map(in_order)).collect::<Option<_>>()?)
}

/// Several objects of words under one name each, as a small table too.
fn register(of: &[Member]) -> Option<Vec<String>> {
    fn row<'a>(member: &Member<'a>) -> Option<Vec<Member<'a>>> {
        let Shown::Opened(value) = member.shown else { return None };
        let name = Member { name: String::new(), shown: Shown::Word(member.name.clone()) };
        Some([name].into_iter().chain(in_order(members(value)?)).collect())
    }
    let all: Vec<Vec<Member>> = of.iter().map(row).collect::<Option<_>>()?;
    (all.len() > 1).then_some(all).and_then(rows)
}

/// A heading and a row each, money to the right; none where a member has to be opened up.
fn rows(rows: Vec<Vec<Member>>) -> Option<Vec<String>> {
    let mut names: Vec<&str> = Vec::new();
    for member in rows.iter().flatten() {
        if matches!(member.shown, Shown::Opened(_)) {
            return None;
        }
        if !names.contains(&member.name.as_str()) {
            names.push(&member.name);
        }
    }
    let columns: Vec<Vec<String>> = names.iter().map(|name| column(name, &rows)).collect();
    let lines = (0..=rows.len()).map(|nth| {
        let cells: Vec<&str> = columns.iter().map(|column| column[nth].as_str()).collect();
        cells.join("  ").trim_end().to_owned()
    });
    Some(lines.collect())
}

/// A column of the grid: its heading and a cell of each row, all of one width.
fn column(name: &str, rows: &[Vec<Member>]) -> Vec<String> {
    let mut right = false;
    let mut cells = vec![name.to_owned()];
    for row in rows {
        cells.push(match row.iter().find(|member| member.name == name).map(|member| &member.shown) {
            Some(Shown::Money(sum)) => {
                right = true;
                told(sum)
            }
            Some(Shown::Word(word)) => word.clone(),
            _ => String::new(),
        });
    }
    let widest = cells.iter().map(|cell| width(cell)).max().unwrap_or(0);
    cells.iter().map(|cell| if right { format!("{cell:>widest$}") } else { format!("{cell:widest$}") }).collect()
}
