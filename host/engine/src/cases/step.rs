//! A step: what one command, or one happening, made of a case.

use std::collections::BTreeMap;

use serde_json::Value as Json;
use syndic_core::calendar::Calendar;
use syndic_core::ports::{CaseKey, CaseRecord, CaseStatus, WorkKey, WorkRow};
use syndic_core::{Text, Time};

use super::case::STATE_MAX;
use super::data;
use super::due::Happening;
use super::item::Doing;
use super::people::Asker;
use super::turn::Turn;
use super::{Case, CaseNet, CaseRefused, Command, Stop};

/// What came of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The case from now on.
    pub case: Case,
    /// Its state, as it is kept.
    pub state: Text,
    /// The transitions that fired, in order.
    pub fired: Vec<String>,
    /// The work items that are different: as they are called, which time, and their rows; none where they are over.
    pub works: Vec<(String, u32, Option<WorkRow>)>,
    /// What else is worth telling.
    pub told: Vec<Told>,
}

/// What happened beside firings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Told {
    /// The engine did an automatic task that names this action.
    Acted {
        /// The transition.
        transition: String,
        /// `market/confirm-order`.
        action: String,
    },
    /// A promise was not kept; the role, if there is one, has been added to those who may do it.
    Late {
        /// The task.
        task: String,
        /// Who hears of it.
        role: Option<String>,
    },
    /// A holder was not heard of in time, and the item is free again.
    LeaseEnded {
        /// The item.
        task: String,
        /// Who held it.
        holder: String,
    },
    /// A service was asked as often as it may be, and a person does it now.
    FellBack {
        /// The task.
        task: String,
    },
    /// The event that the task raised is not over: an operator decides.
    Referred {
        /// The task.
        task: String,
    },
    /// An answer came after its token had gone, and what it did is to be undone.
    LateYes {
        /// The task.
        task: String,
    },
    /// An undo was tried as often as it may be, and a person does it now.
    DeadLetter {
        /// The task.
        task: String,
    },
    /// The case stopped.
    Stopped,
}

impl Step {
    /// The work items that are different, as the store keeps them.
    pub fn work_rows(&self, case: &CaseKey) -> Vec<(WorkKey, Option<WorkRow>)> {
        let key = |task: &String, attempt| WorkKey { case: case.clone(), task: task.clone(), attempt };
        self.works.iter().map(|(task, attempt, row)| (key(task, *attempt), row.clone())).collect()
    }

    /// The record of the case after this step, which this receipt is of.
    pub fn record(&self, net: &CaseNet, receipt: u64) -> CaseRecord {
        let (status, due) = (self.case.status(), self.case.due());
        CaseRecord { status, net: net.name().to_owned(), due, receipt, state: self.state.clone() }
    }
}

impl Case {
    /// A case begins: one token in the net's source, then everything that happens by itself. Counters begin at their
    /// least, flags at false, and nothing else has a value unless it is given here. `rehearse` is kept and handed to
    /// calls as it is.
    ///
    /// # Errors
    /// Data that the net does not declare or that is outside its domain, or too much of it.
    pub fn launch(
        net: &CaseNet,
        given: &BTreeMap<String, Json>,
        rehearse: Option<&Json>,
        at: Time,
        calendar: &Calendar,
    ) -> Result<Step, CaseRefused> {
        let mut case = Self::new(net, at, rehearse.cloned());
        for (at, value) in data::said(net, given)? {
            case.data[at] = Some(value);
        }
        let mut turn = Turn::of(net, calendar, case, at);
        turn.settle();
        turn.end(&[], STATE_MAX)
    }

    /// Applies one command, and then lets everything happen that happens by itself. A moment before the last step's
    /// counts as that one's.
    ///
    /// # Errors
    /// It is not carried out, and nothing has changed.
    pub fn step(&self, net: &CaseNet, command: &Command, at: Time, calendar: &Calendar) -> Result<Step, CaseRefused> {
        if self.net != net.digest() {
            return Err(CaseRefused::OtherNet);
        }
        let before = self.works(net);
        let from_within = matches!(command, Command::Due | Command::Answered { .. } | Command::Raised { .. });
        let mut turn = match command {
            Command::Due => Turn::happening(net, calendar, self, at)?,
            _ => {
                if !matches!(command, Command::Answered { call, .. } if self.hears(net, call)) {
                    self.nothing_first(at)?;
                }
                let mut turn = Turn::of(net, calendar, self.clone(), at);
                turn.command(command)?;
                turn
            }
        };
        turn.settle();
        turn.goes_round(self, from_within);
        let room = if turn.owing { usize::MAX } else { STATE_MAX };
        turn.end(&before, room).or_else(|refused| match refused {
            CaseRefused::TooLarge(bytes) if from_within => self.too_large(net, bytes, at, calendar),
            refused => Err(refused),
        })
    }

    /// What is due comes first.
    fn nothing_first(&self, at: Time) -> Result<(), CaseRefused> {
        self.happens_by(at).map_or(Ok(()), |due| Err(CaseRefused::DueFirst(due)))
    }

    /// What nobody asked for cannot be refused: the case stays as it was, and stops. To say so takes room too.
    fn too_large(&self, net: &CaseNet, bytes: usize, at: Time, calendar: &Calendar) -> Result<Step, CaseRefused> {
        let mut turn = Turn::of(net, calendar, self.clone(), at);
        let why = format!("it would take {bytes} bytes, and a case is kept in {STATE_MAX} at most");
        turn.stop("too-large", why, "shorten its data (`case repair --set`)");
        turn.end(&self.works(net), usize::MAX)
    }
}

impl<'a> Turn<'a> {
    /// The earliest of what is due, as of its own moment.
    fn happening(net: &'a CaseNet, calendar: &'a Calendar, case: &Case, by: Time) -> Result<Self, CaseRefused> {
        let (due, what) = case.next_happening().ok_or(CaseRefused::NothingDue)?;
        if due > by.max(case.at) {
            return Err(CaseRefused::NothingDue);
        }
        let mut turn = Self::of(net, calendar, case.clone(), due);
        match what {
            Happening::Timer(task) => match turn.way(task, None, false) {
                Ok(id) => turn.fire(id),
                Err(why) => turn.undecided(task, &why),
            },
            Happening::Late(task) => turn.late(task),
            Happening::Lease(task) => turn.lease_ends(task),
            Happening::OwedLease(at) => turn.owed_lease_ends(at),
        }
        Ok(turn)
    }

    fn command(&mut self, command: &Command) -> Result<(), CaseRefused> {
        match command {
            Command::Due => Err(CaseRefused::NothingDue),
            Command::Answered { call, answer } => self.answered(call, answer),
            Command::Raised { call, look } => self.raised(call, *look),
            Command::Cancel => {
                self.still_open()?;
                self.cancel();
                Ok(())
            }
            Command::Suspend => {
                self.still_moves()?;
                self.case.status = CaseStatus::Suspended;
                Ok(())
            }
            Command::Resume if self.case.status == CaseStatus::Suspended => {
                self.case.status = CaseStatus::Running;
                Ok(())
            }
            Command::Resume => Err(CaseRefused::NotSuspended),
            Command::Repair(repair) => self.repair(repair),
            Command::Work { task, attempt, by, roles, verb } => self.work(task, *attempt, Asker { by, roles }, verb),
        }
    }

    /// Refuses what is over, or ending.
    pub fn still_open(&self) -> Result<(), CaseRefused> {
        match self.case.status {
            CaseStatus::Completed | CaseStatus::Cancelled => Err(CaseRefused::Over),
            _ if self.case.cancelling => Err(CaseRefused::Cancelling),
            CaseStatus::Running | CaseStatus::Suspended | CaseStatus::Stopped => Ok(()),
        }
    }

    /// Refuses what does not move.
    pub fn still_moves(&self) -> Result<(), CaseRefused> {
        self.still_open()?;
        match (&self.case.stop, self.case.status) {
            (_, CaseStatus::Suspended) => Err(CaseRefused::Suspended),
            (Some(stop), _) => Err(CaseRefused::Stopped(stop.why.clone())),
            (None, _) => Ok(()),
        }
    }

    /// A promise was not kept: whoever hears of it may now do it.
    fn late(&mut self, task: usize) {
        let rules = self.net.task(task);
        if let Some(item) = self.case.items.get_mut(&task) {
            item.told = true;
            self.told.push(Told::Late { task: rules.name.clone(), role: rules.escalation.clone() });
        }
    }

    fn lease_ends(&mut self, task: usize) {
        let roles = self.case.item_roles(self.net, task);
        let Some(Doing::Person(work)) = self.case.items.get_mut(&task).map(|item| &mut item.doing) else { return };
        if let Some(holder) = work.lease_ends(&roles) {
            self.told.push(Told::LeaseEnded { task: self.net.item_name(task), holder });
        }
    }

    /// The step, and what is different for it.
    fn end(mut self, before: &[(String, u32, WorkRow)], bytes_max: usize) -> Result<Step, CaseRefused> {
        self.case.items.values_mut().for_each(|item| item.fresh = false);
        let state = self.case.state(self.net);
        if state.len() > bytes_max {
            return Err(CaseRefused::TooLarge(state.len()));
        }
        let after = self.case.works(self.net);
        let gone = before.iter().filter(|(task, attempt, _)| !after.iter().any(|(t, a, _)| (t, a) == (task, attempt)));
        let mut works: Vec<(String, u32, Option<WorkRow>)> =
            gone.map(|(task, attempt, _)| (task.clone(), *attempt, None)).collect();
        let moved = after.into_iter().filter(|row| !before.contains(row));
        works.extend(moved.map(|(task, attempt, row)| (task, attempt, Some(row))));
        Ok(Step { case: self.case, state, fired: self.fired, works, told: self.told })
    }
}

impl Stop {
    /// Every code, and what it means.
    #[rustfmt::skip]
    pub const CODES: &'static [(&'static str, &'static str)] = &[
        ("undecided",      "a task is done, and no way out of it applies, or two do"),
        ("outside-domain", "a service said what its variable cannot hold"),
        ("no-answer",      "a service did not answer, as often as it was asked"),
        ("denied",         "a service said no, and that decides nothing"),
        ("failed",         "whoever was at a work item says that it cannot be done"),
        ("no-time",        "a timer goes by data that is not there"),
        ("stuck",          "no task is enabled"),
        ("endless",        "tasks that nobody does lead to each other for ever"),
        ("too-large",      "the case does not fit into its record"),
    ];
}
