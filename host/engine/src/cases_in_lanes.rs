//! Cases in lanes: each case has the lane of its id, and every call that it makes one of its own.
//!
//! So a case goes on, and hears commands, while a service takes its time, and the calls of one case are made side by
//! side. What an answer finds when it comes is settled when it is committed: a step is held against the case once more.

use syndic_core::ports::CaseKey;
use syndic_core::{Event, Lane, Time};

use crate::caseload::{CallKey, Next, lane_of_call, raised_by};
use crate::cases::Call;
use crate::consequence::Following;
use crate::host::{Halt, Host};
use crate::lanes::{Inner, State, Step};
use crate::queue::{Mark, Todo};

/// What cases have to do after a step.
#[derive(Default)]
pub(crate) struct Cases {
    /// Somebody was waited for, and is there.
    look_at: Option<CaseKey>,
    /// Services that are to be asked.
    calls: Vec<(CaseKey, Call)>,
}

impl Cases {
    pub(crate) fn look_at(case: Option<CaseKey>) -> Self {
        Self { look_at: case, calls: Vec::new() }
    }
}

/// Cases looked at, at a time.
const CASES_AT_ONCE: usize = 1_024;

/// Cases that are due and in lanes at once: after a long stop there may be any number, and the rest can wait.
const CASES_MAX: usize = 64 * CASES_AT_ONCE;

impl State {
    /// Puts what cases have to do into lanes, unless it is there.
    pub(crate) fn go_on(&mut self, cases: Cases, due: Option<(Time, CaseKey)>) {
        for (case, call) in cases.calls {
            let key = CallKey::new(&case, &call.id);
            let lane = lane_of_call(&key);
            if self.marks.insert(Mark::Call(key)) {
                self.queues.put(lane, Todo::Call(Box::new((case, call))));
            }
        }
        for case in cases.look_at.into_iter().chain(due.map(|(_, case)| case)) {
            self.look(case);
        }
    }

    /// Puts a case into its lane, unless it is there.
    fn look(&mut self, case: CaseKey) {
        if self.marks.insert(Mark::Case(case.clone())) {
            let lane = Lane { tenant: case.tenant.clone(), customer: Some(case.id.clone()) };
            self.queues.put(lane, Todo::Case(Box::new(case)));
        }
    }
}

impl Inner {
    /// Puts cases that are due into their lanes, those that have been due longest first. One that waits for a service is
    /// due as long as it does, and must not hide those behind it: so all are looked at, up to a bound.
    pub(crate) fn wake_cases(&self, now: Time) -> Result<(), Halt> {
        let mut some = CASES_AT_ONCE;
        loop {
            let due = self.host.ports().store.front().cases_due(now, some)?;
            if due.len() < some || some >= CASES_MAX {
                let mut state = self.lock();
                due.into_iter().for_each(|(_, case)| state.look(case));
                drop(state);
                self.wake_all();
                return Ok(());
            }
            some = some.saturating_mul(4);
        }
    }
}

impl Host {
    /// Lets the first thing happen that is due in a case, or says what it asks.
    pub(crate) fn look_at_case(&self, case: CaseKey) -> Result<Step, Halt> {
        let mark = Some(Mark::Case(case.clone()));
        Ok(match self.case_goes_on(&case, self.ports().clock.now())? {
            Next::Moved(moved) => Step { mark, after: moved.after, ..Step::default() },
            Next::Calls(calls) => {
                let calls = calls.into_iter().map(|call| (case.clone(), call)).collect();
                Step { mark, cases: Cases { look_at: None, calls }, ..Step::default() }
            }
            Next::Nothing => Step { mark, ..Step::default() },
        })
    }

    /// Makes a call of a case.
    pub(crate) async fn call_of_case(&self, (case, call): (CaseKey, Call)) -> Result<Step, Halt> {
        let mark = Some(Mark::Call(CallKey::new(&case, &call.id)));
        let moved = self.make_call(&case, &call, None).await?;
        Ok(Step { mark, after: moved.map(|moved| moved.after).unwrap_or_default(), ..Step::default() })
    }

    /// The case that waits for what becomes of a raised event.
    pub(crate) fn case_that_asks(&self, following: &Following) -> Result<Option<CaseKey>, Halt> {
        let Following::Raised(_, raised) = following else { return Ok(None) };
        Ok(Event::from_store(&raised.event).ok().and_then(|event| raised_by(&event)))
    }
}
