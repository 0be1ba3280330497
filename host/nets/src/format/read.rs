//! Reading a net file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::fields::{Field, Fields, Source, kind, whole};
use super::{Mistake, NotANet, task};
use crate::model::{Condition, NODES_MAX, Net, Oversize, Property, Rule, Type, Variable};

const KEYS: &[&str] = &["net", "about", "closing", "data", "conditions", "task", "properties"];

/// Reads a net file and checks that everything it names is there.
///
/// # Errors
/// Every mistake in it.
pub fn read(text: &str) -> Result<Net, NotANet> {
    let one = |mistake| NotANet { mistakes: vec![mistake] };
    if text.len() > super::LONGEST {
        return Err(one(super::too_long(text.len(), super::LONGEST)));
    }
    let table = DeTable::parse(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        one(Mistake::at(text, at, error.message().to_owned(), "a net file is TOML: tables in [brackets], key = value"))
    })?;
    let source = Source::new(text);
    let net = Reader { fields: Fields::new(&source, String::new(), 0, table.get_ref()) }.net();
    let mistakes = source.mistakes();
    if mistakes.is_empty() { Ok(net) } else { Err(NotANet { mistakes }) }
}

struct Reader<'t> {
    fields: Fields<'t>,
}

impl Reader<'_> {
    fn net(&self) -> Net {
        let fields = &self.fields;
        fields.only(KEYS);
        let data = self.data();
        let net = Net {
            name: fields.needed("net", "name the net: net = \"vendor-onboarding\"").unwrap_or_default(),
            about: fields.text("about").unwrap_or_default(),
            conditions: self.conditions(),
            tasks: self.tasks(&data),
            closing: fields.text("closing"),
            properties: self.properties(),
            data,
        };
        for fault in net.faults() {
            fields.source.mistake_under(&fault.path, fault.what, fault.hint);
        }
        net
    }

    fn data(&self) -> Vec<Variable> {
        let Some(data) = self.fields.below("data") else { return Vec::new() };
        let variable = |field: Field<'_>| {
            let kind = self.type_of(field)?;
            Some(Variable { name: field.key.to_owned(), kind })
        };
        data.all().into_iter().filter_map(variable).collect()
    }

    fn type_of(&self, field: Field<'_>) -> Option<Type> {
        let wrong = |what: String| {
            let hint =
                "write \"bool\", \"text\", \"money\", a range \"0..=3\", or a list of words [\"pass\", \"fail\"]";
            self.fields.source.mistake(field.value.span().start, what, hint);
            None
        };
        match field.value.get_ref() {
            DeValue::String(name) => match name.as_ref() {
                "bool" => Some(Type::Bool),
                "text" => Some(Type::Text),
                "money" => Some(Type::Money),
                range => range_of(range).or_else(|| wrong(format!("`{range}` is no type"))),
            },
            DeValue::Array(words) => {
                let words: Vec<String> =
                    words.iter().filter_map(|word| word.get_ref().as_str().map(str::to_owned)).collect();
                let twice = words.iter().enumerate().find(|(at, word)| words[..*at].contains(word));
                match twice {
                    Some((_, word)) => wrong(format!("`{}` names {word:?} twice", field.key)),
                    None if words.is_empty() => wrong(format!("`{}` has no words to choose from", field.key)),
                    None => Some(Type::Enum(words)),
                }
            }
            other => wrong(format!("`{}` is {}, and should be a type", field.key, kind(other))),
        }
    }

    fn conditions(&self) -> Vec<Condition> {
        let Some(conditions) = self.fields.below("conditions") else {
            self.fields.mistake("`conditions` is missing", "say where a case can be: [conditions], one line for each");
            return Vec::new();
        };
        let condition = |field: Field<'_>| Condition {
            name: field.key.to_owned(),
            about: conditions.text(field.key).unwrap_or_default(),
        };
        self.few(conditions.all(), "conditions").into_iter().map(condition).collect()
    }

    /// All of them; none where there are too many to be looked at one by one.
    fn few<'f>(&self, fields: Vec<Field<'f>>, what: &'static str) -> Vec<Field<'f>> {
        if fields.len() <= NODES_MAX {
            return fields;
        }
        let much = Oversize { what, count: fields.len(), most: NODES_MAX };
        self.fields.source.mistake(fields[0].value.span().start, much.to_string(), "make several nets of it");
        Vec::new()
    }

    fn tasks(&self, data: &[Variable]) -> Vec<crate::model::Task> {
        let Some(tasks) = self.fields.below("task") else {
            self.fields.mistake("there is no task", "say what moves a case on: [task.T_…], one block for each");
            return Vec::new();
        };
        let each = self.few(tasks.all(), "tasks").into_iter().filter_map(|field| match tasks.table_of(field) {
            Some(fields) => task::read(&fields, field.key, data),
            None => {
                let hint = format!("begin a block: [task.{}]", field.key);
                self.fields.source.mistake(field.value.span().start, format!("`{}` is no task", field.key), hint);
                None
            }
        });
        each.collect()
    }

    fn properties(&self) -> Vec<Property> {
        let Some(properties) = self.fields.below("properties") else { return Vec::new() };
        let hint = "for instance: never P_Confirmed with P_Cancelled";
        let property = |field: Field<'_>| {
            let rule: Rule = properties.parsed(field.key, hint)?;
            Some(Property { name: field.key.to_owned(), rule })
        };
        properties.all().into_iter().filter_map(property).collect()
    }
}

/// `0..=3`.
fn range_of(text: &str) -> Option<Type> {
    let (low, high) = text.split_once("..=")?;
    let (low, high) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
    (low <= high).then_some(Type::Range { low, high })
}

/// A value as a file writes it.
pub(super) fn value_of(value: &Spanned<DeValue<'_>>) -> Option<crate::model::Value> {
    use crate::model::Value;
    match value.get_ref() {
        DeValue::String(text) => Some(Value::Text(text.to_string())),
        DeValue::Boolean(flag) => Some(Value::Bool(*flag)),
        number => whole(number).map(Value::Number),
    }
}
