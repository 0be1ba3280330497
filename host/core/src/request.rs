//! What a decision asks for and the commit gives out: gapless numbers, and keys that stand for one thing for ever.

use serde_json::Value;

use crate::changes::Change;
use crate::fact::{FactName, Held};
use crate::slot::Slot;
use crate::text::Text;

/// A gapless number that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRequest {
    /// Who asks.
    pub slot: Slot,
    /// The series.
    pub series: String,
    /// The fact it goes into.
    pub fact: FactName,
    /// Where in its value.
    pub pointer: String,
}

/// A key that was claimed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimRequest {
    /// Who claims it.
    pub slot: Slot,
    /// The key.
    pub key: String,
    /// What it stands for.
    pub content: Text,
}

impl NumberRequest {
    /// Puts the allotted number where it was asked for.
    ///
    /// # Errors
    /// A sentence: the value has no such place.
    pub fn put(&self, number: u64, facts: &mut [Change]) -> Result<(), String> {
        let text =
            facts.iter_mut().find(|change| change.fact == self.fact).and_then(|change| match &mut change.after {
                Some(Held::Plain(text)) => Some(text),
                _ => None,
            });
        let mut value = text.as_ref().map(|text| text.value());
        let (parent, member) = self.pointer.rsplit_once('/').unwrap_or_default();
        let (Some(Value::Object(members)), Some(text)) =
            (value.as_mut().and_then(|value| value.pointer_mut(parent)), text)
        else {
            return Err(format!("`{}` does not point into an object of `{}`", self.pointer, self.fact));
        };
        members.insert(member.replace("~1", "/").replace("~0", "~"), number.into());
        *text = value.unwrap_or_default().into();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::Scope;
    use serde_json::json;

    #[test]
    fn a_number_goes_where_the_pointer_points() {
        let slot = Slot::new("billing").unwrap();
        let fact = FactName { scope: Scope::Customer, name: "billing.invoice".into() };
        let after = Some(Held::Plain(json!({"lines": [{}], "a/b": 0}).into()));
        let mut facts = [Change { fact: fact.clone(), before: None, after, by: slot.clone(), stepped: false }];
        let at = |pointer: &str| NumberRequest {
            slot: slot.clone(),
            series: "invoice".into(),
            fact: fact.clone(),
            pointer: pointer.into(),
        };
        for (pointer, number) in [("/lines/0/number", 7), ("/a~1b", 8)] {
            at(pointer).put(number, &mut facts).unwrap();
        }
        for pointer in ["/none/number", "/a~1b/number"] {
            let error = at(pointer).put(9, &mut facts).unwrap_err();
            assert_eq!(error, format!("`{pointer}` does not point into an object of `billing.invoice`"));
        }
        let holds = facts[0].after.as_ref().map(Held::read);
        assert_eq!(holds, Some(json!({"lines": [{"number": 7}], "a/b": 8})));
    }
}
