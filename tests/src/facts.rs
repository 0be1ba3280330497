//! Facts as anyone outside the governors sees them: names and JSON values, folded from what receipts wrote.

use std::collections::BTreeMap;

use serde_json::Value;

/// Whose: a tenant, and a customer of it; or none, for the tenant's own.
pub type Whose = (String, Option<String>);

/// What is known of one customer, or of one tenant.
pub type Known = BTreeMap<String, Value>;

/// Everything that is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts(pub BTreeMap<Whose, Known>);

static NOTHING: Known = BTreeMap::new();

impl Facts {
    /// What is known of a customer.
    pub fn customer(&self, tenant: &str, customer: &str) -> &Known {
        self.0.get(&(tenant.to_owned(), Some(customer.to_owned()))).unwrap_or(&NOTHING)
    }

    /// What is known of a tenant itself.
    pub fn tenant(&self, tenant: &str) -> &Known {
        self.0.get(&(tenant.to_owned(), None)).unwrap_or(&NOTHING)
    }

    /// Writes a fact, or forgets it, and says what it was.
    pub fn write(&mut self, whose: Whose, name: &str, value: Option<Value>) -> Option<Value> {
        let known = self.0.entry(whose).or_default();
        match value {
            Some(value) => known.insert(name.to_owned(), value),
            None => known.remove(name),
        }
    }
}

/// The facts whose names begin so, by the rest of their names.
pub fn under<'a>(known: &'a Known, prefix: &'a str) -> impl Iterator<Item = (&'a str, &'a Value)> {
    let from = known.range(prefix.to_owned()..);
    from.map_while(move |(name, value)| name.strip_prefix(prefix).map(|rest| (rest, value)))
}

/// A member's text; empty where there is none.
pub fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// A member's integer; 0 where there is none.
pub fn int(value: &Value, pointer: &str) -> i64 {
    value.pointer(pointer).and_then(Value::as_i64).unwrap_or(0)
}

/// A member's elements; none where it is no list.
pub fn list<'a>(value: &'a Value, pointer: &str) -> &'a [Value] {
    value.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// A member's elements that are texts.
pub fn texts<'a>(value: &'a Value, pointer: &str) -> impl Iterator<Item = &'a str> {
    list(value, pointer).iter().filter_map(Value::as_str)
}
