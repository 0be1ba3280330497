//! One write, carried out on what one fact holds.

use std::collections::BTreeMap;

use crate::decision::Write;
use crate::fact::Held;
use crate::json::MAX_SAFE_INTEGER;
use crate::slot::Slot;

/// Carries out one write. `order` is the declared order of values, where the fact has one.
///
/// # Errors
/// The beginning of a sentence that ends with the fact's name.
pub(crate) fn step(
    held: Option<Held>,
    slot: &Slot,
    write: &Write,
    order: Option<&[String]>,
) -> Result<Option<Held>, String> {
    match (write, held) {
        (Write::Set { value, .. }, None | Some(Held::Plain(_))) if order.is_none() => {
            Ok((!value.is_null()).then(|| Held::Plain(value.clone())))
        }
        (Write::Set { .. }, _) => Err("it sets what is not a plain value:".into()),
        (Write::Add { element, .. }, None) => {
            Ok(Some(Held::Elements([(element.clone(), [slot.clone()].into())].into())))
        }
        (Write::Add { element, .. }, Some(Held::Elements(mut elements))) => {
            elements.entry(element.clone()).or_default().insert(slot.clone());
            Ok(Some(Held::Elements(elements)))
        }
        (Write::Remove { .. }, None) => Ok(None),
        (Write::Remove { element, .. }, Some(Held::Elements(mut elements))) => {
            if let Some(slots) = elements.get_mut(element) {
                slots.remove(slot);
                if slots.is_empty() {
                    elements.remove(element);
                }
            }
            Ok((!elements.is_empty()).then_some(Held::Elements(elements)))
        }
        (Write::Add { .. } | Write::Remove { .. }, Some(_)) => Err("it takes for a set what is none:".into()),
        (Write::Increase { by, .. }, held) => increase(held, *by),
        (Write::Stand { value, .. }, held) => stand(held, slot, value.as_deref(), order),
        (Write::Number { .. } | Write::Claim { .. }, held) => Ok(held),
    }
}

fn increase(held: Option<Held>, by: i64) -> Result<Option<Held>, String> {
    let count = match held {
        None => 0,
        Some(Held::Plain(value)) => value.as_i64().ok_or("it steps what is not a counter:")?,
        Some(_) => return Err("it steps what is not a counter:".into()),
    };
    match count.checked_add(by) {
        Some(sum) if sum.abs() <= MAX_SAFE_INTEGER => Ok(Some(Held::Plain(sum.into()))),
        _ => Err("it steps a counter out of ±(2^53 − 1):".into()),
    }
}

fn stand(
    held: Option<Held>,
    slot: &Slot,
    value: Option<&str>,
    order: Option<&[String]>,
) -> Result<Option<Held>, String> {
    let order = order.ok_or("no order of values is declared for")?;
    let mut stands = match held {
        None => BTreeMap::new(),
        Some(Held::Standing { stands, .. }) => stands,
        Some(_) => return Err("it stands on what is not a standing value:".into()),
    };
    match value {
        None => {
            stands.remove(slot);
        }
        Some(value) if order.iter().any(|known| known == value) => {
            stands.insert(slot.clone(), value.to_owned());
        }
        Some(value) => return Err(format!("`{value}` is not one of the values of")),
    }
    let strictest = order.iter().find(|value| stands.values().any(|stood| stood == *value)).cloned();
    Ok(strictest.map(|strictest| Held::Standing { stands, strictest }))
}
