//! One step of one case: computed, and committed if the case still stands as it did.

use std::sync::Arc;

use syndic_core::calendar::Calendar;
use syndic_core::failpoint;
use syndic_core::ports::{Answer, CaseKey, CaseRecord, NoAnswer, Reads, StoreError};
use syndic_core::{Error, Event, Time};

use super::sealed::{Happened, Sealed};
use super::wanted::{Wanted, wanted};
use super::{Moved, Refused, stamp};
use crate::cases::{Call, Case, CaseNet, Command, Step};
use crate::consequence::Following;
use crate::host::{Halt, Host};
use crate::nets;
use crate::turn::{After, Finished, due_case};

/// One thing that happens to a case.
pub(super) enum What<'w> {
    /// Somebody wants something of it.
    Command(&'w Event, &'w Wanted),
    /// A moment has come.
    Due,
    /// A call has ended.
    Answered(&'w Call, &'w Result<Answer, NoAnswer>),
    /// A call is asked of the governors, as an event.
    Raised(&'w Call, &'w Event),
}

/// What a step makes of a case.
pub(super) struct Computed {
    pub(super) net: Arc<CaseNet>,
    pub(super) step: Step,
}

impl Host {
    /// Carries out a command that is not known yet. What it returns is admitted.
    pub(crate) fn command(&self, event: &Event) -> Result<Finished, Halt> {
        let (key, wanted) = wanted(event)?;
        let at = self.counts_as_of(event);
        if let Wanted::Of(_) = wanted {
            self.catch_up(&key, at)?;
        }
        let bug = || Halt::Bug(Error::invalid("a command was left without an outcome"));
        let moved = self.case_step(&key, &What::Command(event, &wanted), at)?.ok_or_else(bug)?;
        let Moved { report, ticket, after, .. } = moved;
        Ok(Finished { report, ticket, after })
    }

    /// The moment that a command counts as of: the host's own. What its sender says of the time is kept, and moves nothing:
    /// nobody ends another's lease by being early, or has years happen at once by being late. A clock that no event has
    /// moved yet has no moment of its own.
    fn counts_as_of(&self, event: &Event) -> Time {
        let now = self.ports.clock.now();
        if now > Time::default() { now } else { event.time }
    }

    /// Lets everything happen to a case that is due before something that happens at a time.
    pub(super) fn catch_up(&self, key: &CaseKey, until: Time) -> Result<(), Halt> {
        while self.hear(key, until)?.is_some() || self.let_happen(key, until)?.is_some() {}
        Ok(())
    }

    /// Lets the first thing happen to a case that is due by a time, if anything is.
    pub(super) fn let_happen(&self, key: &CaseKey, until: Time) -> Result<Option<Moved>, Halt> {
        let Some((_, case)) = self.case(key)? else { return Ok(None) };
        match case.happens_by(until) {
            Some(moment) => self.case_step(key, &What::Due, moment),
            None => Ok(None),
        }
    }

    /// A case as it stands, with its net.
    pub(super) fn case(&self, key: &CaseKey) -> Result<Option<(Arc<CaseNet>, Case)>, Halt> {
        let front = self.ports.store.front();
        let Some(record) = front.case(key)? else { return Ok(None) };
        Ok(Some(self.case_of(front, key, &record)?))
    }

    pub(super) fn case_of(
        &self,
        front: &dyn Reads,
        key: &CaseKey,
        record: &CaseRecord,
    ) -> Result<(Arc<CaseNet>, Case), StoreError> {
        let unreadable = |why: String| StoreError::Corrupt(format!("the case `{}` does not read: {why}", key.id));
        let net = self.nets.net(front, &Case::digest_of(record).map_err(unreadable)?)?;
        let case = Case::read(&net, record).map_err(unreadable)?;
        Ok((net, case))
    }

    /// One step. None where the case does not take it: a moment that is not there any more, an answer that nobody waits
    /// for. What a command is refused is its outcome, and is committed.
    pub(super) fn case_step(&self, key: &CaseKey, what: &What<'_>, at: Time) -> Result<Option<Moved>, Halt> {
        loop {
            let before = self.ports.store.front().case(key)?;
            let in_force = self.in_force();
            let computed = self.compute(key, before.as_ref(), what, at, in_force.calendars.of(&key.tenant))?;
            if computed.is_err() && !matches!(what, What::Command(..)) {
                return Ok(None);
            }
            let happened =
                Happened { key, what, at, before: before.as_ref(), computed: &computed, in_force: &in_force };
            if let Some(moved) = self.admit_case(&happened)? {
                return Ok(Some(moved));
            }
        }
    }

    /// Commits a step; nothing where the case has moved since it was computed.
    fn admit_case(&self, happened: &Happened<'_>) -> Result<Option<Moved>, Halt> {
        failpoint!("engine.case.admit");
        let mut told = None;
        let admitted = self.ports.store.admit(&mut |front| {
            if stamp(front.case(happened.key)?.as_ref()) != stamp(happened.before) {
                return Ok(None);
            }
            let Sealed { commit, report } = happened.sealed(self, front)?;
            told = Some((report, commit.raised.clone(), due_case(&commit)));
            Ok(Some(commit))
        })?;
        failpoint!("engine.case.admitted");
        let Some((admitted, (report, raised, case))) = admitted.zip(told) else { return Ok(None) };
        let raised = (admitted.raised..).zip(raised).map(|(number, raised)| Following::Raised(number, raised));
        let after = After { following: raised.collect(), due: None, case };
        Ok(Some(Moved { report, ticket: admitted.ticket, after, at: happened.at }))
    }

    /// What this makes of the case as it stands.
    fn compute(
        &self,
        key: &CaseKey,
        before: Option<&CaseRecord>,
        what: &What<'_>,
        at: Time,
        calendar: &Calendar,
    ) -> Result<Result<Computed, Refused>, Halt> {
        if let What::Command(_, Wanted::Launch { net, data, rehearse }) = what {
            let net = match self.launches_on(key, before, net, rehearse.is_some())? {
                Ok(net) => net,
                Err(refused) => return Ok(Err(refused)),
            };
            let step = Case::launch(&net, data, rehearse.as_ref(), at, calendar);
            return Ok(step.map(|step| Computed { net, step }).map_err(Refused::Case));
        }
        let Some(record) = before else { return Ok(Err(Refused::NoSuchCase(key.id.clone()))) };
        let (net, case) = self.case_of(self.ports.store.front(), key, record)?;
        let step = match what {
            What::Command(_, Wanted::Of(command)) => case.step(&net, command, at, calendar),
            What::Command(_, Wanted::Launch { .. }) | What::Due => case.step(&net, &Command::Due, at, calendar),
            What::Answered(call, answer) => {
                let answered = Command::Answered { call: call.id.clone(), answer: (*answer).clone() };
                case.step(&net, &answered, at, calendar)
            }
            What::Raised(call, _) => {
                case.step(&net, &Command::Raised { call: call.id.clone(), look: at }, at, calendar)
            }
        };
        Ok(step.map(|step| Computed { net, step }).map_err(Refused::Case))
    }

    /// The net that a case of this name may begin on.
    fn launches_on(
        &self,
        key: &CaseKey,
        before: Option<&CaseRecord>,
        net: &str,
        rehearsed: bool,
    ) -> Result<Result<Arc<CaseNet>, Refused>, StoreError> {
        let front = self.ports.store.front();
        if before.is_some() {
            return Ok(Err(Refused::CaseExists(key.id.clone())));
        }
        if rehearsed && self.ports.connector.reaches_out() {
            return Ok(Err(Refused::NoRehearsal));
        }
        match nets::known(front, net)? {
            Some(record) => self.nets.net(front, &record.digest).map(Ok),
            None => Ok(Err(Refused::NoSuchNet(net.to_owned()))),
        }
    }
}
