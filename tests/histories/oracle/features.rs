//! What a plan lets its customers do is what a grant says, no more and no less.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use syndic_core::Time;
use syndic_tests::facts::{text, texts, under};

use super::{Held, Seen, hold};

const PROMISE: &str = "features are exactly the plans'";

/// The bundled book's, cumulative.
const BUNDLED: [(&str, &[&str]); 4] = [
    ("free", &["community-support"]),
    ("starter", &["community-support", "email-support"]),
    ("pro", &["community-support", "email-support", "sso"]),
    ("enterprise", &["community-support", "email-support", "sso", "audit-export"]),
];

/// What every plan's features have been, by tenant and plan, the latest last.
#[derive(Default)]
pub struct Features(BTreeMap<(String, String), Vec<BTreeSet<String>>>);

impl Features {
    pub fn check(&mut self, seen: &Seen<'_>) -> Held {
        let tenant = &seen.step.event.tenant;
        for (sku, _, after) in seen.changed("product-catalog.sku.") {
            let now = after.map(|entry| texts(entry, "/features").map(str::to_owned).collect()).unwrap_or_default();
            self.0.entry((tenant.clone(), sku.to_owned())).or_default().push(now);
        }
        for (id, before, after) in seen.changed("entitlement.grant.") {
            let Some(grant) = after else { continue };
            let sku = text(grant, "/sku");
            let same_plan = before.is_some_and(|before| text(before, "/sku") == sku);
            if same_plan && before.and_then(|before| before.get("features")) == grant.get("features") {
                continue;
            }
            let wanted = self.of(tenant, sku);
            let found: BTreeSet<String> = texts(grant, "/features").map(str::to_owned).collect();
            hold!(PROMISE, found == wanted, "the grant of {id} for {sku} allows {found:?}, the plan {wanted:?}");
        }
        all_together(seen)
    }

    fn of(&self, tenant: &str, sku: &str) -> BTreeSet<String> {
        let own = self.0.get(&(tenant.to_owned(), sku.to_owned())).and_then(|versions| versions.last());
        let bundled = || BUNDLED.iter().find(|(name, _)| *name == sku).map(|(_, features)| *features);
        own.cloned().unwrap_or_else(|| bundled().unwrap_or_default().iter().map(ToString::to_string).collect())
    }
}

/// What all grants in force allow is what the customer is told.
fn all_together(seen: &Seen<'_>) -> Held {
    if seen.changed("entitlement.").next().is_none() {
        return Ok(());
    }
    let known = seen.known();
    let in_force = under(known, "entitlement.grant.").filter(|(_, grant)| {
        let unexpired = Time::parse(text(grant, "/expires_at")).is_ok_and(|end| seen.step.now <= end);
        text(grant, "/status") == "active" && unexpired
    });
    let wanted: BTreeSet<&str> = in_force.flat_map(|(_, grant)| texts(grant, "/features")).collect();
    let told: Vec<&str> = texts(known.get("entitlement.features").unwrap_or(&Value::Null), "").collect();
    hold!(
        PROMISE,
        told.iter().copied().eq(wanted.iter().copied()),
        "grants allow {wanted:?}, the customer is told {told:?}"
    );
    Ok(())
}
