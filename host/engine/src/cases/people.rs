//! People: who has a work item, how long nobody else can, and what they may do with it.
//!
//! A holder has a lease, so that an item is never lost with whoever took it: no heartbeat, and it is offered again.
//! Agents and people are alike here. Whoever no longer holds an item is told who does, and can complete nothing.

use serde::{Deserialize, Serialize};
use syndic_core::Time;
use syndic_core::ports::WorkRow;

use super::work::{On, Stage, next};
use super::{CaseRefused, WorkVerb};

/// How long a holder is waited for if nothing is said.
const LEASE_MS: i64 = 15 * 60 * 1000;

/// The longest that may be asked for, and how long what is laid aside is kept for its holder.
const LEASE_MAX_MS: i64 = 24 * 60 * 60 * 1000;

const LEASE_MIN_MS: i64 = 1000;

/// A work item in somebody's hands, or in nobody's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Work {
    /// Where it is; one of the open ones.
    pub stage: Stage,
    /// Whose it is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub holder: Option<String>,
    /// When it is anybody's again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<Time>,
    /// The higher, the sooner.
    #[serde(default, skip_serializing_if = "is_level")]
    pub priority: i32,
}

/// Who asks for something.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub by: &'a str,
    pub roles: &'a [String],
}

/// What came of a verb.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// The item is still open.
    Open,
    /// It is done.
    Completed,
    /// It cannot be done.
    Failed,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_level(priority: &i32) -> bool {
    *priority == 0
}

impl Work {
    /// A work item for these roles, or for anybody.
    pub fn offered(roles: &[String]) -> Self {
        let stage = if roles.is_empty() { Some(Stage::Enabled) } else { next(Stage::Enabled, On::Offer) };
        Self { stage: stage.unwrap_or(Stage::Enabled), holder: None, lease: None, priority: 0 }
    }

    /// Does what is asked, if whoever asks may, and the table has such a move.
    ///
    /// # Errors
    /// It is not done, and nothing has changed.
    pub fn ask(&mut self, verb: &WorkVerb, asker: Asker<'_>, roles: &[String], now: Time) -> Result<Came, CaseRefused> {
        let (on, lease) = match verb {
            WorkVerb::Take { lease_ms } => (On::Take, Some(lease(*lease_ms)?)),
            WorkVerb::Start { lease_ms } => (On::Start, Some(lease(*lease_ms)?)),
            WorkVerb::Resume => (On::Resume, Some(LEASE_MS)),
            WorkVerb::Suspend => (On::Suspend, Some(LEASE_MAX_MS)),
            WorkVerb::Delegate { .. } => (On::Delegate, Some(LEASE_MS)),
            WorkVerb::Complete { .. } => (On::Complete, None),
            WorkVerb::Fail { .. } => (On::Fail, None),
            WorkVerb::Release => (On::Release, None),
            WorkVerb::Heartbeat { lease_ms } => {
                let ms = lease(*lease_ms)?;
                self.held(verb)?;
                self.is_holder(asker)?;
                self.lease = Some(now.plus_ms(ms));
                return Ok(Came::Open);
            }
            WorkVerb::Prioritise { priority } => {
                self.is_holder(asker).or_else(|_| has_role(asker, roles))?;
                self.priority = *priority;
                return Ok(Came::Open);
            }
        };
        // Who asks for what another has is told who that is, before what can be done with it.
        let to = next(self.stage, on).ok_or_else(|| match &self.holder {
            Some(holder) if holder != asker.by => CaseRefused::HeldBy(holder.clone()),
            _ => self.wrong(verb),
        })?;
        if self.holder.is_none() {
            has_role(asker, roles)?
        } else {
            self.is_holder(asker)?
        }
        may_be_theirs(verb, roles)?;
        match to {
            Stage::Completed => return Ok(Came::Completed),
            Stage::Failed => return Ok(Came::Failed),
            Stage::Offered => *self = Self { priority: self.priority, ..Self::offered(roles) },
            _ => {
                self.stage = to;
                self.lease = lease.map(|ms| now.plus_ms(ms));
                self.holder = Some(match verb {
                    WorkVerb::Delegate { to, .. } => to.clone(),
                    _ => asker.by.to_owned(),
                });
            }
        }
        Ok(Came::Open)
    }

    /// Its holder was not heard of. Who that was.
    pub fn lease_ends(&mut self, roles: &[String]) -> Option<String> {
        let holder = next(self.stage, On::LeaseEnds).and_then(|_| self.holder.take());
        *self = Self { priority: self.priority, ..Self::offered(roles) };
        holder
    }

    /// Its row.
    pub fn row(&self, roles: Vec<String>, since: Time, late: Option<Time>) -> Option<WorkRow> {
        let (holder, priority) = (self.holder.clone(), self.priority);
        Some(WorkRow { state: self.stage.open()?, roles, holder, priority, since, late })
    }

    fn held(&self, verb: &WorkVerb) -> Result<(), CaseRefused> {
        self.holder.as_ref().map(|_| ()).ok_or_else(|| self.wrong(verb))
    }

    fn is_holder(&self, asker: Asker<'_>) -> Result<(), CaseRefused> {
        match &self.holder {
            Some(holder) if holder != asker.by => Err(CaseRefused::HeldBy(holder.clone())),
            Some(_) => Ok(()),
            None => Err(CaseRefused::HeldBy(String::new())),
        }
    }

    fn wrong(&self, verb: &WorkVerb) -> CaseRefused {
        CaseRefused::WrongState { state: self.stage.name().to_owned(), verb: verb.name().to_owned() }
    }
}

fn has_role(asker: Asker<'_>, roles: &[String]) -> Result<(), CaseRefused> {
    let has = roles.is_empty() || roles.iter().any(|role| asker.roles.contains(role));
    has.then_some(()).ok_or_else(|| CaseRefused::NotYourRole(roles.join(", ")))
}

/// Whether an item may be handed to whom it is handed. Against whom nothing is known, nothing is held.
fn may_be_theirs(verb: &WorkVerb, roles: &[String]) -> Result<(), CaseRefused> {
    let WorkVerb::Delegate { to, to_roles: Some(theirs) } = verb else { return Ok(()) };
    has_role(Asker { by: to, roles: theirs }, roles)
        .map_err(|_| CaseRefused::NotTheirRole { to: to.clone(), roles: roles.join(", ") })
}

fn lease(asked: Option<i64>) -> Result<i64, CaseRefused> {
    let ms = asked.unwrap_or(LEASE_MS);
    (LEASE_MIN_MS..=LEASE_MAX_MS).contains(&ms).then_some(ms).ok_or(CaseRefused::BadLease)
}
