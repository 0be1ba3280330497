//! Every store there is, for stories that run on each.

macro_rules! on_every_store {
    ($(#[test] fn $story:ident($store:ident) $body:block)*) => {
        mod memory {
            use super::*;
            $(#[test] fn $story() {
                let $store = syndic_store::MemoryStore::new(syndic_ledger::Master::from_seed(0));
                $body
            })*
        }
        mod held {
            use super::*;
            $(#[test] fn $story() {
                let $store = syndic_store::MemoryStore::new_held(syndic_ledger::Master::from_seed(0));
                $body
            })*
        }
        mod sled {
            use super::*;
            $(#[test] fn $story() {
                let dir = tempfile::tempdir().unwrap();
                let $store = syndic_store::SledStore::open(dir.path(), syndic_store::MasterWanted::Seed(0)).unwrap();
                $body
            })*
        }
    };
}
pub(crate) use on_every_store;
