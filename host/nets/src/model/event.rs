//! Events a service raises instead of asking a connector, and the templates that fill them from a case's data.
//!
//! A template is a text with variables in braces: `{order_id}/payment`. One that is a variable and nothing else stands
//! for the variable's value, whatever its type, and for nothing at all while nothing is written to it; so a number stays
//! a number, and what is not known is not said.

use serde_json::{Map, Value as Json};

use super::{Value, Variable};
use crate::guard::Data;

/// An event that a task raises. Its id is not said here: it is the case's, the task's and the attempt's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Its CloudEvents type: `marketplace.CustomerSubscribes`.
    pub kind: String,
    /// Whose it is: `{customer_id}`.
    pub subject: Template,
    /// What it says.
    pub data: Vec<(String, Body)>,
}

/// What one member of an event's data is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Body {
    /// A text with variables, or a variable's own value.
    Template(Template),
    /// A number, true or false.
    Value(Value),
    /// Members of its own.
    Table(Vec<(String, Self)>),
    /// One after another.
    List(Vec<Self>),
}

/// A text with variables in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Variable(String),
}

/// Braces that do not belong together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the braces of `{0}` do not belong together")]
pub struct NotATemplate(pub String);

impl Template {
    /// Reads a template. Whether its variables are there is not its affair.
    ///
    /// # Errors
    /// A brace that opens within another, that closes nothing or is not closed, or has nothing within.
    pub fn parse(text: &str) -> Result<Self, NotATemplate> {
        let not = || NotATemplate(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let (before, after) = rest.split_once('{').unwrap_or((rest, ""));
            if before.contains('}') || (after.is_empty() && before.len() < rest.len()) {
                return Err(not());
            }
            parts.extend((!before.is_empty()).then(|| Part::Text(before.to_owned())));
            if after.is_empty() {
                break;
            }
            let (name, behind) = after.split_once('}').ok_or_else(not)?;
            if name.is_empty() || name.contains('{') {
                return Err(not());
            }
            parts.push(Part::Variable(name.to_owned()));
            rest = behind;
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Every variable it names.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Variable(name) => Some(name.as_str()),
            Part::Text(_) => None,
        })
    }

    /// Its text with the values of a case in the places of variables. What has no value leaves its place empty.
    pub fn fill(&self, variables: &[Variable], data: &Data) -> String {
        let filled = self.parts.iter().map(|part| match part {
            Part::Text(text) => text.clone(),
            Part::Variable(name) => match value_of(name, variables, data) {
                Some(Value::Text(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => String::new(),
            },
        });
        filled.collect()
    }

    fn json(&self, variables: &[Variable], data: &Data) -> Option<Json> {
        match self.parts.as_slice() {
            [Part::Variable(name)] => value_of(name, variables, data).map(json_of),
            _ => Some(self.fill(variables, data).into()),
        }
    }
}

impl Event {
    /// Every template there is, each with the path it stands under: `data.price.amount`.
    pub fn templates(&self) -> Vec<(String, &Template)> {
        let mut found = vec![("subject".to_owned(), &self.subject)];
        self.data.iter().for_each(|(name, body)| body.templates(&format!("data.{name}"), &mut found));
        found
    }

    /// Its data for a case, whose values stand in the order of the net's variables.
    pub fn data(&self, variables: &[Variable], data: &Data) -> Map<String, Json> {
        members(&self.data, variables, data)
    }
}

impl Body {
    fn templates<'b>(&'b self, path: &str, found: &mut Vec<(String, &'b Template)>) {
        match self {
            Self::Template(template) => found.push((path.to_owned(), template)),
            Self::Value(_) => {}
            Self::Table(table) => {
                table.iter().for_each(|(name, body)| body.templates(&format!("{path}.{name}"), found))
            }
            Self::List(list) => list.iter().for_each(|body| body.templates(path, found)),
        }
    }

    fn json(&self, variables: &[Variable], data: &Data) -> Option<Json> {
        match self {
            Self::Template(template) => template.json(variables, data),
            Self::Value(value) => Some(json_of(value)),
            Self::Table(table) => Some(members(table, variables, data).into()),
            Self::List(list) => Some(list.iter().filter_map(|body| body.json(variables, data)).collect()),
        }
    }
}

fn members(table: &[(String, Body)], variables: &[Variable], data: &Data) -> Map<String, Json> {
    table.iter().filter_map(|(name, body)| Some((name.clone(), body.json(variables, data)?))).collect()
}

fn value_of<'d>(name: &str, variables: &[Variable], data: &'d Data) -> Option<&'d Value> {
    let at = variables.iter().position(|variable| variable.name == name)?;
    data.get(at)?.as_ref()
}

fn json_of(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => (*flag).into(),
        Value::Number(number) => (*number).into(),
        Value::Text(text) => text.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_belong_together_or_are_refused() {
        for text in ["", "a", "{a}", "{a}/{b}", "x{a}y"] {
            assert_eq!(Template::parse(text).unwrap().text(), text);
        }
        for text in ["{", "}", "{}", "a{", "{a", "a}", "{a}}", "{{a}}", "{a{b}}", "{a}{"] {
            assert_eq!(Template::parse(text), Err(NotATemplate(text.to_owned())));
        }
    }
}
