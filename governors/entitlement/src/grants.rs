//! The grants of one customer, and what follows from all of them together.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use syndic_book::{ACCESS, Access, Sku, first_instant_after, index};
use syndic_sdk::prelude::*;

use crate::table::{State, Trigger, next};

/// What all the grants in force allow together, sorted: the one fact a caller has to read.
const FEATURES: &str = "entitlement.features";

/// The fact `entitlement.grant.<id>`, under the subscription's id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    /// The plan.
    pub(crate) sku: String,
    /// For how many people.
    pub(crate) seats: u32,
    /// Where it stands in its life.
    pub(crate) status: State,
    /// Exactly the plan's features.
    pub(crate) features: Vec<String>,
    /// Until when. The end's own instant still counts, so that a renewal at it leaves no gap.
    pub(crate) expires_at: Time,
}

/// A customer's grants as they will be, and the decision that makes them so.
pub(crate) struct Grants {
    now: Time,
    all: BTreeMap<String, Grant>,
    before: BTreeMap<String, Grant>,
    features: Option<BTreeSet<String>>,
    decision: Decision,
}

impl Grants {
    pub(crate) fn of(cx: &Context) -> Result<Grants, Fault> {
        let mut all = BTreeMap::new();
        for id in index(cx)?.ids {
            if let Some(grant) = cx.fact(&format!("entitlement.grant.{id}"))? {
                all.insert(id, grant);
            }
        }
        let features = cx.fact(FEATURES)?;
        Ok(Grants { now: cx.now(), before: all.clone(), all, features, decision: Decision::abstain() })
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    pub(crate) fn get(&self, id: &str) -> Option<&Grant> {
        self.all.get(id)
    }

    /// The oldest grant that waits for approval.
    pub(crate) fn pending(&self) -> Option<&str> {
        let number = |id: &str| id.rsplit('-').next().and_then(|n| n.parse::<u64>().ok());
        let waiting = self.all.iter().filter(|(_, grant)| grant.status == State::PendingApproval);
        waiting.map(|(id, _)| id.as_str()).min_by_key(|id| number(id))
    }

    /// Moves a grant along the table and lets `change` settle the rest; without such a move nothing happens.
    pub(crate) fn step(&mut self, id: &str, on: Trigger, change: impl FnOnce(&mut Grant)) -> bool {
        let Some(grant) = self.all.get_mut(id) else { return false };
        let Some(status) = next(grant.status, on) else { return false };
        grant.status = status;
        change(grant);
        true
    }

    pub(crate) fn begin(&mut self, id: &str, grant: Grant) {
        self.all.insert(id.to_owned(), grant);
    }

    /// What else has to follow.
    pub(crate) fn and(&mut self) -> &mut Decision {
        &mut self.decision
    }

    /// Arms the grant's one timer.
    pub(crate) fn arm(&mut self, id: &str, due: Time) {
        self.decision.timer(format!("due-{id}"), due, &());
    }

    /// Arms the end of what was granted.
    pub(crate) fn arm_expiry(&mut self, id: &str) {
        if let Some(grant) = self.all.get(id).filter(|grant| grant.status == State::Active) {
            let due = first_instant_after(grant.expires_at);
            self.arm(id, due);
        }
    }

    /// Has the plan set up for the customer, once it may be used. Undone by [`revoke`](Self::revoke), never by the
    /// host: it is asked for after the commit.
    pub(crate) fn provision(&mut self, id: &str) {
        let Some(grant) = self.all.get(id).filter(|grant| grant.status == State::Active) else { return };
        let body = json!({
            "subscription": id, "sku": grant.sku, "seats": grant.seats, "features": grant.features,
        });
        self.decision.effect(Effect::deferred(format!("provision-{id}"), "provision", id, &body));
    }

    /// Has it taken down again.
    pub(crate) fn revoke(&mut self, id: &str) {
        let Some(grant) = self.all.get(id) else { return };
        let body = json!({ "subscription": id, "sku": grant.sku });
        self.decision.effect(Effect::deferred(format!("revoke-{id}"), "revoke", id, &body));
    }

    /// The decision: the grants that changed, what the customer may use in all, and what this slot stands for.
    pub(crate) fn decide(mut self) -> Answer {
        if self.all != self.before {
            self.write();
        }
        if self.decision != Decision::abstain() {
            self.decision.verdict = Verdict::Approve;
        }
        Ok(self.decision)
    }

    fn write(&mut self) {
        for (id, grant) in self.all.iter().filter(|(id, grant)| self.before.get(*id) != Some(*grant)) {
            self.decision.set(format!("entitlement.grant.{id}"), grant);
        }
        let in_force: Vec<_> = self.all.values().filter(|grant| grant.counts(self.now)).collect();
        let features: BTreeSet<_> = in_force.iter().flat_map(|grant| &grant.features).cloned().collect();
        if self.features.as_ref() != Some(&features) {
            self.decision.set(FEATURES, &features);
        }
        let access = if in_force.is_empty() { Access::Blocked } else { Access::Full };
        self.decision.stand(ACCESS, access.as_str());
    }
}

impl Grant {
    /// Whether it may be used now.
    fn counts(&self, now: Time) -> bool {
        self.status == State::Active && now <= self.expires_at
    }

    /// The plan it is for from now on.
    pub(crate) fn becomes(&mut self, sku: &Sku) {
        self.sku.clone_from(&sku.sku);
        self.features.clone_from(&sku.features);
    }
}
