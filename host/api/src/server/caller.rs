//! Callers: who asks, what that one may do, and for which tenant.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What a caller may do. No role both gives orders about stuck money and hands out tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Hands out tokens; puts governors in slots; looks at everything.
    Admin,
    /// Gives orders about what is not over; puts governors in slots; sends events; looks at everything.
    Operator,
    /// Serves customers: sends events, does work items in its work roles, looks at events, facts, cases and work.
    Agent,
    /// Looks at everything, changes nothing.
    Auditor,
    /// Sends events, and hears what became of them.
    Ingest,
}

impl Role {
    /// All five.
    pub const ALL: [Role; 5] = [Role::Admin, Role::Operator, Role::Agent, Role::Auditor, Role::Ingest];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Operator => "operator",
            Self::Agent => "agent",
            Self::Auditor => "auditor",
            Self::Ingest => "ingest",
        }
    }

    /// The role of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Who asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Caller {
    /// As receipts say it: a token's name, a user of this machine.
    pub name: String,
    /// What it may do.
    pub role: Role,
    /// The only tenant it may touch; none for all.
    pub tenant: Option<String>,
    /// The roles in which an agent may do work items.
    pub work_roles: Vec<String>,
    /// What its requests are counted under.
    pub(crate) counted: String,
}

impl Caller {
    /// Whether it may touch what belongs to a tenant.
    pub fn may_touch(&self, tenant: &str) -> bool {
        self.tenant.as_deref().is_none_or(|own| own == tenant)
    }

    /// The roles in which it may do work items; none where in any.
    pub fn acts_in(&self) -> Option<&[String]> {
        (self.role != Role::Operator).then_some(&self.work_roles)
    }
}

/// What a caller may do without a token, because of where it calls from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// What it may do.
    pub role: Role,
    /// The only tenant it may touch; none for all.
    pub tenant: Option<String>,
    /// The roles in which an agent may do work items.
    pub work_roles: Vec<String>,
}

impl Grant {
    /// Who calls by it.
    pub(crate) fn caller(&self, name: String) -> Caller {
        let Self { role, tenant, work_roles } = self.clone();
        Caller { counted: format!("local/{name}"), name, role, tenant, work_roles }
    }
}

/// Where a request comes from. The listener puts it on every request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peer {
    /// The address; none over a unix socket.
    pub address: Option<IpAddr>,
    /// Who that is, where no token is needed.
    pub standing: Option<Caller>,
}
