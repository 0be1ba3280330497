//! The store: what the host knows, and that it still knows it after the power came back.
//!
//! Two stores keep core's [`Store`](syndic_core::ports::Store) port: [`SledStore`] in a directory, [`MemoryStore`] in
//! nothing. They differ only in their [`Space`], an ordered map from bytes to bytes with an atomic batch and a barrier;
//! keys, values, indexes and counters are written once, above it, so that what is tested on one holds on both.
//!
//! Writing has the port's two moments. What is *admitted* is in memory, in layers over the space: who judges reads it
//! through [`front`](syndic_core::ports::Store::front). One thread takes all that is admitted as one group, writes it as
//! one batch with one barrier, and only then is it *durable*, is what [`Records`] itself shows, and wakes whoever waits.
//!
//! What survives a crash:
//! - everything that was durable, whole: facts, timers, outbox, receipt and head of one commit are one batch of the
//!   journal (see [`Disk`]);
//! - of what was admitted and not durable, everything up to some moment, and nothing after it;
//! - nothing that fails to be written is survived: a write or sync that fails **ends the process**. Linux forgets the
//!   pages it could not write, so a second try would succeed and prove nothing; recovery reads what is there. Until the
//!   machine starts anew that may be pages which are not on the disk: this is not noticed.
//!
//! What is refused: a directory that is something else, a store in use, a store of another format, another seed, a
//! receipt that does not follow the last one, and every value whose checksum is wrong.
//!
//! What is noticed later: a record that is damaged, when it is read; a broken ledger, by [`Records::verify`]; records
//! that vanished, by [`Records::verify_all`].
//!
//! A [`SledStore`]'s directory holds one folder, `store`. In it are `journal-a` and `journal-b`, which have every batch
//! first; sled's own files, where batches are folded to later; `receipts` and `receipts-at`, the archive; the file
//! `format`; the file `mark` with the number of the last batch that was acknowledged; and `holder`, the number of the
//! process that has it open.
//!
//! Not here: what the records mean (`host/core`), who may commit and when (`host/engine`), what a leaf says
//! (`host/ledger`). Not noticed here: a whole directory put back to an older state; only a checkpoint that someone
//! else has kept tells that.

mod cases;
mod commit;
mod copy;
mod counters;
mod disk;
mod draft;
mod error;
mod firsts;
mod forget;
mod heart;
mod home;
mod kept;
mod key;
mod layer;
mod memory;
mod merge;
mod moment;
mod pack;
mod progress;
mod reads;
mod records;
mod space;
mod value;
mod verify;
mod view;

pub use copy::{CopyError, copy};
pub use disk::{Disk, Watch};
pub use error::OpenError;
pub use home::MasterWanted;
pub use memory::Memory;
pub use moment::{Moment, MomentError, receive};
pub use records::Records;
pub use space::{HEAD_BYTES, Head, Pairs, Space, Writes};

/// The store in a directory, on sled. See [`Records`] for what it answers.
pub type SledStore = Records<Disk>;

/// The store that forgets everything with its process: for tests, and for what is not meant to last.
pub type MemoryStore = Records<Memory>;
