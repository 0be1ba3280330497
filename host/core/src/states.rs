//! The nine states of a lane, as a table.
//!
//! One row per legal move; what is not in the table cannot happen, and an attempt is our bug
//! ([`Error::InvalidTransition`]). The engine carries out what a move asks for and brings back the next [`On`]; it
//! holds no opinion of its own. The same table is printed in `host/README.md`.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use Action::*;
use On::*;
use State::*;

/// Where a lane is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum State {
    /// The host loads its governors; nothing is accepted.
    Initializing,
    /// The lane waits.
    Idle,
    /// An event was taken.
    ProcessingEvent,
    /// The routed governors judge.
    CoordinatingFsms,
    /// Verdicts are weighed, blocking effects done, their answers heard.
    AwaitingFeedback,
    /// Everything is committed at once.
    CompletingAction,
    /// Something stopped the event.
    ErrorDetected,
    /// Done effects are undone.
    ErrorRecovery,
    /// The outcome is written down, and the lane goes on.
    ResumeOperation,
}

/// What moves a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum On {
    /// All installed governors are loaded, self-tested and healthy.
    GovernorsReady,
    /// An event was taken from the lane.
    EventTaken,
    /// Its slots are known, and at least one holds a governor.
    Routed,
    /// Every routed governor answered.
    AllDecided,
    /// Nobody refused, nothing disagrees, the blocking effects are done.
    Settled,
    /// The commit is durable.
    Committed,
    /// A fact that was read moved before the commit.
    Stale,
    /// Refused, referred, trapped, timed out, in disagreement, failed.
    Stopped,
    /// No effect was done.
    NothingToUndo,
    /// Effects were done, and must be undone.
    EffectsToUndo,
    /// Every one is undone.
    Undone,
    /// An undo did not succeed in time.
    UndoStuck,
    /// The outcome and its receipt are durable.
    OutcomeCommitted,
}

/// What the engine does on entering the new state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Action {
    /// Open the door.
    Listen,
    /// Find the slots.
    Route,
    /// Ask every routed governor.
    AskGovernors,
    /// Weigh the verdicts and do the blocking effects.
    Settle,
    /// Commit everything at once.
    Commit,
    /// Tell the caller.
    Answer,
    /// See whether effects were done.
    WeighUndo,
    /// Undo them, newest first.
    Undo,
    /// Write the outcome and its receipt.
    CommitOutcome,
    /// Write the outcome `stuck`, park the event, raise the alarm.
    ParkAndAlarm,
}

/// Every legal move: in this state, on this, go there, and do this.
#[rustfmt::skip]
pub const MOVES: &[(State, On, State, Action)] = &[
    // ── a good day ────────────────────────────────────────────────────────
    (Initializing,     GovernorsReady,   Idle,             Listen),
    (Idle,             EventTaken,       ProcessingEvent,  Route),
    (ProcessingEvent,  Routed,           CoordinatingFsms, AskGovernors),
    (CoordinatingFsms, AllDecided,       AwaitingFeedback, Settle),
    (AwaitingFeedback, Settled,          CompletingAction, Commit),
    (CompletingAction, Stale,            CoordinatingFsms, AskGovernors),
    (CompletingAction, Committed,        Idle,             Answer),
    // ── a bad day: any working state may stop ─────────────────────────────
    (ProcessingEvent,  Stopped,          ErrorDetected,    WeighUndo),
    (CoordinatingFsms, Stopped,          ErrorDetected,    WeighUndo),
    (AwaitingFeedback, Stopped,          ErrorDetected,    WeighUndo),
    (CompletingAction, Stopped,          ErrorDetected,    WeighUndo),
    // ── the way back ──────────────────────────────────────────────────────
    (ErrorDetected,    NothingToUndo,    ResumeOperation,  CommitOutcome),
    (ErrorDetected,    EffectsToUndo,    ErrorRecovery,    Undo),
    (ErrorRecovery,    Undone,           ResumeOperation,  CommitOutcome),
    (ErrorRecovery,    UndoStuck,        ResumeOperation,  ParkAndAlarm),
    (ResumeOperation,  OutcomeCommitted, Idle,             Answer),
];

impl State {
    /// All nine.
    pub const ALL: [State; 9] = [
        Initializing,
        Idle,
        ProcessingEvent,
        CoordinatingFsms,
        AwaitingFeedback,
        CompletingAction,
        ErrorDetected,
        ErrorRecovery,
        ResumeOperation,
    ];

    /// Whether an event is being worked on and may still stop.
    pub fn is_working(self) -> bool {
        matches!(self, ProcessingEvent | CoordinatingFsms | AwaitingFeedback | CompletingAction)
    }

    /// The state's name, as it is printed everywhere.
    pub fn name(self) -> &'static str {
        match self {
            Initializing => "Initializing",
            Idle => "Idle",
            ProcessingEvent => "ProcessingEvent",
            CoordinatingFsms => "CoordinatingFsms",
            AwaitingFeedback => "AwaitingFeedback",
            CompletingAction => "CompletingAction",
            ErrorDetected => "ErrorDetected",
            ErrorRecovery => "ErrorRecovery",
            ResumeOperation => "ResumeOperation",
        }
    }
}

/// The one legal move from a state on a cue. Pure: the same state and cue give the same answer.
///
/// # Errors
/// [`Error::InvalidTransition`] where the table has no such row.
pub fn next(from: State, on: On) -> Result<(State, Action), Error> {
    MOVES
        .iter()
        .find(|(state, cue, ..)| (*state, *cue) == (from, on))
        .map(|&(_, _, to, action)| (to, action))
        .ok_or_else(|| Error::InvalidTransition {
            from: from.name().into(),
            to: "none".into(),
            event: format!("{on:?}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks `cue -> state` lines from `start`.
    fn check(start: State, story: &str) {
        let mut state = start;
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let (cue, expected) = line.split_once("->").unwrap();
            let row = MOVES
                .iter()
                .find(|(from, on, ..)| *from == state && format!("{on:?}") == cue.trim())
                .unwrap_or_else(|| panic!("no move from {state:?} on {cue}"));
            assert_eq!(next(row.0, row.1).unwrap(), (row.2, row.3));
            state = row.2;
            assert_eq!(state.name(), expected.trim());
        }
    }

    #[test]
    fn a_good_day_ends_where_it_began() {
        check(
            Initializing,
            "GovernorsReady -> Idle
             EventTaken     -> ProcessingEvent
             Routed         -> CoordinatingFsms
             AllDecided     -> AwaitingFeedback
             Settled        -> CompletingAction
             Stale          -> CoordinatingFsms
             AllDecided     -> AwaitingFeedback
             Settled        -> CompletingAction
             Committed      -> Idle",
        );
    }

    #[test]
    fn a_refused_event_still_leaves_a_receipt() {
        check(
            Idle,
            "EventTaken       -> ProcessingEvent
             Routed           -> CoordinatingFsms
             AllDecided       -> AwaitingFeedback
             Stopped          -> ErrorDetected
             EffectsToUndo    -> ErrorRecovery
             Undone           -> ResumeOperation
             OutcomeCommitted -> Idle",
        );
    }

    #[test]
    fn every_working_state_may_stop_and_no_other() {
        for state in State::ALL {
            let stopped = next(state, Stopped).map(|(to, _)| to);
            assert_eq!(stopped.ok(), state.is_working().then_some(ErrorDetected), "{state:?}");
        }
    }

    #[test]
    fn no_state_is_a_trap_and_no_cue_is_ambiguous() {
        for (i, a) in MOVES.iter().enumerate() {
            assert!(!MOVES[..i].iter().any(|b| (a.0, a.1) == (b.0, b.1)), "{a:?} twice");
        }
        for state in State::ALL {
            let mut seen = vec![state];
            while let Some(more) = MOVES.iter().find(|(from, _, to, _)| seen.contains(from) && !seen.contains(to)) {
                seen.push(more.2);
            }
            assert!(seen.contains(&Idle), "{state:?} never comes back to Idle");
        }
    }

    #[test]
    fn any_other_move_is_our_bug_by_name() {
        let error = next(Idle, Committed).unwrap_err();
        assert_eq!(error.kind(), "InvalidTransition");
    }
}
