//! What a crowd of events leaves where the process is killed over all of them at once.

use std::path::Path;

use syndic_core::effect::{Way, connector_key};
use syndic_core::ports::{Answer, Intent, Store as _, Unfinished};
use syndic_core::{Event, Slot};
use syndic_store::{MasterWanted, SledStore};

use crate::governors::authorization;
use crate::stage::{Refused, Stage};
use crate::stream::{event, minute};

/// Leaves so many events of as many customers in a folder, each with a written intent and without an outcome. Every
/// second one was answered.
///
/// # Errors
/// The store fails.
pub fn leave(folder: &Path, count: usize) -> Result<(), Refused> {
    let store = SledStore::open(folder.join(Stage::STORE), MasterWanted::Seed(0))?;
    let halted = |why| Refused::Host(syndic_engine::Halt::Store(why));
    for nth in 0..count {
        let order = format!("plain-{nth}");
        let event = event(&order, &format!("customer-{nth}"), minute(0), "plain", 0);
        let event = Event::from_outside(event.as_bytes()).expect("an event of ours");
        let slot = Slot::new("billing").expect("a slot's name");
        let effect = authorization(&order, "plain");
        let key = connector_key(&event.key(), &slot, &effect.id, 1, Way::Do);
        let answer = Answer { accepted: true, body: serde_json::json!({}) };
        let answer = nth.is_multiple_of(2).then_some(answer);
        let intent =
            Intent { event: event.key(), slot, effect, key, attempt: 1, answer, undoing: false, undone: false };
        let unfinished = Unfinished { event: event.canonical().to_owned(), again: None };
        store.admit_intent(&unfinished, 0, &intent).map_err(halted)?;
    }
    store.wait(store.last()).map_err(halted)?;
    // As a kill leaves it: nothing is closed, and nothing folded that was not.
    std::mem::forget(store);
    Ok(())
}
