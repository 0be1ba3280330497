//! Refusals: every reason why a command to a case is not carried out. What is refused has changed nothing.

use syndic_core::Time;

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaseRefused {
    /// The case is completed or cancelled.
    #[error("the case is over")]
    Over,
    /// It is being cancelled: what it did is being undone.
    #[error("the case is being cancelled")]
    Cancelling,
    /// It is suspended.
    #[error("the case is suspended: resume it first")]
    Suspended,
    /// It is not suspended.
    #[error("the case is not suspended")]
    NotSuspended,
    /// It is stopped.
    #[error("the case is stopped: {0}")]
    Stopped(String),
    /// Something in it is due before.
    #[error("something in the case is due at {0}, which comes first")]
    DueFirst(Time),
    /// Nothing in it is due.
    #[error("nothing in the case is due")]
    NothingDue,
    /// The record is of another net than the one at hand.
    #[error("the case runs on another version of its net")]
    OtherNet,
    /// The net declares no such variable.
    #[error("the net declares no variable `{0}`")]
    NoSuchVariable(String),
    /// A value outside its variable's domain.
    #[error("`{variable}` cannot hold {value}: it is {domain}")]
    Domain {
        /// The variable.
        variable: String,
        /// What it was to hold, as JSON.
        value: String,
        /// What it may hold.
        domain: String,
    },
    /// The case would grow beyond what is kept.
    #[error("the case would take {0} bytes, and a case is kept in {max} at most", max = super::case::STATE_MAX)]
    TooLarge(usize),
    /// There is no such open work item.
    #[error("there is no open work item `{0}`")]
    NoSuchWork(String),
    /// The item is not where this can be done with it.
    #[error("a work item that is {state} cannot be asked to {verb}")]
    WrongState {
        /// Where it is.
        state: String,
        /// What was asked.
        verb: String,
    },
    /// Whoever asks has none of the roles.
    #[error("this is for {0}")]
    NotYourRole(String),
    /// Whoever it is handed to has none of the roles.
    #[error("this is for {roles}, and `{to}` has no such role")]
    NotTheirRole {
        /// Who.
        to: String,
        /// The item's roles.
        roles: String,
    },
    /// A variable that is not for whoever does this task to say.
    #[error("`{variable}` is not asked here; {}", asked(may))]
    NotTheirs {
        /// The variable.
        variable: String,
        /// What may be said.
        may: Vec<String>,
    },
    /// Somebody else holds it.
    #[error("`{0}` holds this work item")]
    HeldBy(String),
    /// Too long a lease, or none.
    #[error("a lease is of 1 s to 24 h")]
    BadLease,
    /// No outcome can be told from what was said.
    #[error("{0}")]
    NoOutcome(String),
    /// An answer that nobody waits for any more.
    #[error("the answer comes too late: `{0}` is no longer asked")]
    Late(String),
    /// There is no such transition.
    #[error("the net has no transition `{0}`")]
    NoSuchTransition(String),
    /// It cannot fire where the tokens lie.
    #[error("{0}")]
    NotEnabled(String),
    /// There is nothing to do again.
    #[error("`{0}` is no task that waits for a service or a person")]
    NothingToRetry(String),
    /// A repair that repairs nothing.
    #[error("say what to repair: data, a task to retry, or a transition to fire")]
    EmptyRepair,
}

/// Every code, and when it is given.
#[rustfmt::skip]
pub const REFUSALS: &[(&str, &str)] = &[
    ("case-over",          "the case is completed or cancelled"),
    ("case-cancelling",    "what the case did is being undone"),
    ("case-suspended",     "the case is suspended, and this would move it"),
    ("case-not-suspended", "there is nothing to resume"),
    ("case-stopped",       "the case is stopped, and this would move it"),
    ("due-first",          "a deadline of the same case comes before; it is let happen first"),
    ("nothing-due",        "nothing in the case is due yet"),
    ("other-net",          "the case runs on another version of its net"),
    ("no-such-variable",   "data names what the net does not declare"),
    ("outside-domain",     "data holds a value that its variable cannot"),
    ("too-large",          "the case would not fit into its record"),
    ("no-such-work",       "no open work item is called so; it may have been done, or withdrawn"),
    ("wrong-state",        "the work item is not where this can be done with it"),
    ("not-your-role",      "whoever asks has none of the item's roles"),
    ("not-their-role",     "whoever the item is handed to is known to have none of its roles"),
    ("not-asked",          "a variable is not for whoever does this task to say; the net lists such under `says`"),
    ("held-by-another",    "somebody else holds the work item"),
    ("bad-lease",          "a lease is too short, or too long"),
    ("no-outcome",         "what was said decides no outcome, or names none, or another"),
    ("late-answer",        "nobody waits for this answer any more"),
    ("no-such-transition", "the net has no transition of that name"),
    ("not-enabled",        "the transition cannot fire where the tokens lie"),
    ("nothing-to-retry",   "the task is not enabled, or is neither a service's nor a person's"),
    ("empty-repair",       "the repair says nothing that is to be done"),
];

impl CaseRefused {
    /// Its stable code, one of [`REFUSALS`].
    pub fn code(&self) -> &'static str {
        match self {
            Self::Over => "case-over",
            Self::Cancelling => "case-cancelling",
            Self::Suspended => "case-suspended",
            Self::NotSuspended => "case-not-suspended",
            Self::Stopped(_) => "case-stopped",
            Self::DueFirst(_) => "due-first",
            Self::NothingDue => "nothing-due",
            Self::OtherNet => "other-net",
            Self::NoSuchVariable(_) => "no-such-variable",
            Self::Domain { .. } => "outside-domain",
            Self::TooLarge(_) => "too-large",
            Self::NoSuchWork(_) => "no-such-work",
            Self::WrongState { .. } => "wrong-state",
            Self::NotYourRole(_) => "not-your-role",
            Self::NotTheirRole { .. } => "not-their-role",
            Self::NotTheirs { .. } => "not-asked",
            Self::HeldBy(_) => "held-by-another",
            Self::BadLease => "bad-lease",
            Self::NoOutcome(_) => "no-outcome",
            Self::Late(_) => "late-answer",
            Self::NoSuchTransition(_) => "no-such-transition",
            Self::NotEnabled(_) => "not-enabled",
            Self::NothingToRetry(_) => "nothing-to-retry",
            Self::EmptyRepair => "empty-repair",
        }
    }
}

fn asked(may: &[String]) -> String {
    match may {
        [] => "nothing is".to_owned(),
        may => format!("what is asked: {}", may.join(", ")),
    }
}
