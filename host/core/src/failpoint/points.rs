//! Every failpoint there is, and what has survived where the process ends at it.

use super::Point;

const fn at(name: &'static str, left: &'static str) -> Point {
    Point { name, left }
}

/// Every point, by where it stands. A crash at one leaves this.
#[rustfmt::skip]
pub const POINTS: &[Point] = &[
    // ── a directory is made ─────────────────────────────────────────────────────────────────────────────────────────
    at("store.make.folder",      "An empty directory, which is durable."),
    at("store.make.aside",       "An empty folder of another name, which the next opening clears away."),
    at("store.make.format",      "The same with the format in it."),
    at("store.make.written",     "A whole store, closed, under the other name; its names may not be durable."),
    at("store.make.synced",      "A whole and durable store under the other name."),
    at("store.make.renamed",     "The store; after a power cut perhaps under the other name."),
    at("store.make.durable",     "The store, empty and durable."),
    // ── a directory is opened ───────────────────────────────────────────────────────────────────────────────────────
    at("store.open.settled",     "What the last process left, whose folders are durable now."),
    at("store.open.snapshot",    "What the last process left, with a snapshot of sled's that was begun."),
    at("store.open.tree",        "What the last process left; sled's part of it is durable."),
    at("store.open.journal",     "What the last process left; all of it is durable, the journal is not folded."),
    at("store.open.folded",      "The same, with what the journals had folded."),
    at("store.open.synced",      "The same, and every name in the folder is durable."),
    // ── a batch becomes durable ─────────────────────────────────────────────────────────────────────────────────────
    at("store.admit.drafted",    "Nothing of what was to be admitted."),
    at("store.admit.published",  "Nothing, or all of what was admitted: who writes has not been waited for."),
    at("store.group.sealed",     "Nothing of the group that is to be written."),
    at("store.group.write",      "Nothing of the group; nobody is told of it."),
    at("store.group.barrier",    "The group, if the power stays; nobody is told of it."),
    at("store.group.durable",    "The group, whatever happens; nobody is told of it."),
    at("store.journal.append",   "Nothing of the batch."),
    at("store.journal.appended", "The batch, if the power stays."),
    at("store.journal.sync",     "The batch, if the power stays."),
    at("store.journal.synced",   "The batch, whatever happens; the mark is behind."),
    at("store.mark.set",         "The batch, whatever happens; the mark is behind."),
    at("store.mark.written",     "The batch; the mark too, if the power stays."),
    // ── what has come together is folded ────────────────────────────────────────────────────────────────────────────
    at("store.fold.begun",       "The journal has all of it."),
    at("store.archive.begun",    "The journal has all of it."),
    at("store.archive.block",    "The journal has all of it; the archive has blocks that do not count."),
    at("store.archive.sync",     "The journal has all of it; the archive's new blocks do not count."),
    at("store.archive.synced",   "The same; the archive's new blocks are durable and do not count."),
    at("store.fold.archived",    "The same; sled has nothing of it."),
    at("store.tree.changed",     "The journal has all of it; sled has some, if the power stays."),
    at("store.tree.flush",       "The journal has all of it; sled has some, if the power stays."),
    at("store.tree.flushed",     "The same; sled's log is written, and not durable."),
    at("store.tree.synced",      "The same; what sled has is durable."),
    at("store.tree.noted",       "The journal has all of it; sled too, with the note, if the power stays."),
    at("store.fold.noted",       "Sled and the archive have all of it, durably; the journal is not needed."),
    at("store.fold.done",        "The same; and nobody reads the frozen part any more."),
    // ── a host begins ───────────────────────────────────────────────────────────────────────────────────────────────
    at("engine.start.kept",      "The configuration, perhaps; nobody waits for it."),
    at("engine.start.begun",     "What was unfinished still is; nothing of it was taken up."),
    at("engine.recover.event",   "An unfinished event still is; the ones before it have their outcomes."),
    // ── a turn ──────────────────────────────────────────────────────────────────────────────────────────────────────
    at("engine.turn.taken",      "Nothing of the event, but what an earlier process wrote of it."),
    at("engine.intent.write",    "No intent of the effect, which was not asked for."),
    at("engine.intent.written",  "The intent, perhaps; the effect was not asked for."),
    at("engine.call.durable",    "The intent, durably; nobody was asked."),
    at("engine.call.answered",   "The intent; the effect, or its undo, is done, and the answer is forgotten."),
    at("engine.answer.write",    "The intent; the effect is done, and its answer is forgotten."),
    at("engine.answer.written",  "The intent, and perhaps the answer."),
    at("engine.undoing.write",   "The intent and the answer; not that undoing was begun, and nobody was asked."),
    at("engine.undo.ask",        "The intent and the answer, and perhaps that undoing was begun; nobody was asked."),
    at("engine.undone.write",    "The intent; the effect is undone, which is forgotten."),
    at("engine.undone.written",  "The intent; the effect is undone, and perhaps that is written."),
    at("engine.commit.admit",    "The intents and answers; no outcome."),
    at("engine.poison.count",    "The intents and answers; no outcome, and no trap counted."),
    at("engine.stuck.park",      "The intents and answers; no outcome, and nothing is parked."),
    at("engine.known.write",     "The intents and answers; no outcome, and the event's key is not taken."),
    at("engine.queue.spend",     "The intents and answers; no outcome, and what the event came from still waits."),
    at("engine.commit.admitted", "The outcome, perhaps, with all that belongs to it; nobody is told."),
    at("engine.durable.wait",    "What is waited for, perhaps; nobody is told, and no service asked."),
    at("engine.durable.reached", "What was waited for; nobody is told, and no service asked."),
    // ── what follows ────────────────────────────────────────────────────────────────────────────────────────────────
    at("engine.raised.taken",    "The raised event waits in its queue."),
    at("engine.deferred.taken",  "The deferred effect waits in the outbox; nobody was asked, but by an earlier process."),
    at("engine.deferred.durable","The deferred effect waits in the outbox, durably; nobody was asked."),
    at("engine.deferred.answered","The deferred effect is done and waits in the outbox still."),
    at("engine.timer.taken",     "The timer waits, and is due."),
    // ── a case goes on ──────────────────────────────────────────────────────────────────────────────────────────────
    at("engine.case.taken",      "The case as it was, and due."),
    at("engine.case.admit",      "The case as it was; a service that it asked has answered, which is forgotten."),
    at("engine.case.admitted",   "The case as it was, or one step further with its receipt; nobody is told."),
    // ── what is not over ────────────────────────────────────────────────────────────────────────────────────────────
    at("engine.order.taken",     "What the order is about, as it was."),
    at("engine.park.write",      "The parked event as it was; its undo was tried, in vain or with success."),
    at("engine.park.written",    "The parked event as it was, or with what the try came to."),
    at("engine.letter.write",    "The dead letter as it was; it was sent again, in vain."),
    at("engine.letter.written",  "The dead letter as it was, or with one try more."),
    at("engine.sequel.admit",    "The outcome as it was; what the act says is done outside is done."),
    at("engine.sequel.admitted", "The outcome as it was, or the new one with the act's receipt; nobody is told."),
    at("engine.deed.admit",      "The host as it was: no version was changed."),
    at("engine.deed.admitted",   "The host as it was, or as the act changed it, with its receipt; nobody is told."),
];
