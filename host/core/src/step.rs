//! One write, carried out on what one fact holds.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::decision::Write;
use crate::fact::Held;
use crate::json::MAX_SAFE_INTEGER;
use crate::slot::Slot;

/// Carries out one write and says whether anything is different for it. `order` is the declared order of values, where
/// the fact has one.
///
/// # Errors
/// The beginning of a sentence that ends with the fact's name. What the fact holds is then of no use.
pub(crate) fn step(
    held: &mut Option<Held>,
    slot: &Slot,
    write: &Write,
    order: Option<&[String]>,
) -> Result<bool, String> {
    match (write, &mut *held) {
        (Write::Set { value, .. }, None | Some(Held::Plain(_))) if order.is_none() => {
            let after = (!value.is_null()).then(|| Held::Plain(value.clone()));
            Ok(replace(held, after))
        }
        (Write::Set { .. }, _) => Err("it sets what is not a plain value:".into()),
        (Write::Add { element, .. }, None) => {
            *held = Some(Held::Elements([(element.clone(), [slot.clone()].into())].into()));
            Ok(true)
        }
        (Write::Add { element, .. }, Some(Held::Elements(elements))) => match elements.get_mut(element) {
            Some(slots) => Ok(slots.insert(slot.clone())),
            None => Ok(elements.insert(element.clone(), [slot.clone()].into()).is_none()),
        },
        (Write::Remove { .. }, None) => Ok(false),
        (Write::Remove { element, .. }, Some(Held::Elements(elements))) => {
            let Some(slots) = elements.get_mut(element) else {
                return Ok(false);
            };
            let removed = slots.remove(slot);
            if slots.is_empty() {
                elements.remove(element);
            }
            if elements.is_empty() {
                *held = None;
            }
            Ok(removed)
        }
        (Write::Add { .. } | Write::Remove { .. }, Some(_)) => Err("it takes for a set what is none:".into()),
        (Write::Increase { by, .. }, _) => increase(held, *by),
        (Write::Stand { value, .. }, _) => stand(held, slot, value.as_deref(), order),
        (Write::Number { .. } | Write::Claim { .. }, _) => Ok(false),
    }
}

fn replace(held: &mut Option<Held>, after: Option<Held>) -> bool {
    let different = *held != after;
    *held = after;
    different
}

fn increase(held: &mut Option<Held>, by: i64) -> Result<bool, String> {
    let count: i64 = match held {
        None => 0,
        // Of all values, only integers have a text that reads as one.
        Some(Held::Plain(text)) => text.parse().map_err(|_| "it steps what is not a counter:")?,
        Some(_) => return Err("it steps what is not a counter:".into()),
    };
    match count.checked_add(by) {
        Some(sum) if sum.abs() <= MAX_SAFE_INTEGER => Ok(replace(held, Some(Held::Plain(Value::from(sum).into())))),
        _ => Err("it steps a counter out of ±(2^53 − 1):".into()),
    }
}

fn stand(held: &mut Option<Held>, slot: &Slot, value: Option<&str>, order: Option<&[String]>) -> Result<bool, String> {
    let order = order.ok_or("no order of values is declared for")?;
    let known = |value: &&str| order.iter().any(|known| known == value);
    let (mut stands, before) = match held.take() {
        None => (BTreeMap::new(), None),
        Some(Held::Standing { stands, strictest }) => (stands, Some(strictest)),
        Some(_) => return Err("it stands on what is not a standing value:".into()),
    };
    let stood = match value {
        None => stands.remove(slot),
        Some(value) if known(&value) => stands.insert(slot.clone(), value.to_owned()),
        Some(value) => return Err(format!("`{value}` is not one of the values of")),
    };
    let strictest = order.iter().find(|value| stands.values().any(|stood| stood == *value)).cloned();
    let different = stood.as_deref() != value || strictest != before;
    *held = strictest.map(|strictest| Held::Standing { stands, strictest });
    Ok(different)
}
