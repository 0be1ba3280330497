//! Receipts on the wire: what the ledger commits to, and what stands beside it.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use syndic_core::ports::Entry;
use syndic_ledger::{Case, Receipt, ReceiptError};

use crate::{OutcomeLine, Prelude};

/// A receipt.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReceiptFile {
    /// The leaf: exactly what the ledger commits to.
    pub leaf: Value,
    /// Its hash in the tree.
    pub leaf_hash: String,
    /// What the caller was told.
    pub outcome: OutcomeLine,
    /// What an operator did, where this is the receipt of that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<ActLine>,
}

/// What an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ActLine {
    /// resolve · refuse · retry · settle · undo · resend · release.
    pub verb: &'static str,
    /// Who.
    pub by: String,
    /// Why.
    pub reason: String,
    /// The receipt of the outcome before.
    pub after: u64,
}

/// A receipt in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct ReceiptLine {
    /// Its place in the ledger, from 1.
    pub sequence: u64,
    /// The time of what it is about.
    pub time: String,
    /// The tenant; null where it is about none.
    pub tenant: Option<String>,
    /// The type of the event; null where it is about none.
    #[serde(rename = "type")]
    pub kind: Option<String>,
    /// The id of the event.
    pub id: Option<String>,
    /// The outcome.
    pub outcome: Cow<'static, str>,
    /// The step of a case that it is of, where it is of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<CaseStep>,
}

/// What happened in a case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "server", derive(utoipa::ToSchema))]
pub struct CaseStep {
    /// The case.
    pub id: String,
    /// The transitions that fired, in order.
    pub fired: Vec<String>,
    /// What the case is at afterwards: running · suspended · stopped · completed · cancelled.
    pub status: Cow<'static, str>,
}

impl ReceiptFile {
    /// The file of an entry.
    ///
    /// # Errors
    /// The leaf does not read: the store is damaged.
    pub fn new(entry: &Entry) -> Result<Self, ReceiptError> {
        let leaf_hash = Receipt::parse(entry.leaf.as_bytes())?.leaf_hash().to_string();
        let leaf = serde_json::from_str(&entry.leaf).unwrap_or_default();
        let outcome = OutcomeLine::new(Prelude::default(), &entry.kept.report);
        let act = entry.kept.again.as_ref().map(|again| ActLine {
            verb: again.act.verb.name(),
            by: again.act.by.clone(),
            reason: again.act.reason.clone(),
            after: again.first,
        });
        Ok(Self { leaf, leaf_hash, outcome, act })
    }
}

impl ReceiptLine {
    /// The line of an entry.
    ///
    /// # Errors
    /// The leaf does not read: the store is damaged.
    pub fn new(sequence: u64, entry: &Entry) -> Result<Self, ReceiptError> {
        let leaf = Receipt::parse(entry.leaf.as_bytes())?;
        let (kind, id) = leaf.event.map(|event| (event.r#type, event.id)).unzip();
        let outcome = entry.kept.report.outcome.name().into();
        let step = |Case { fired, id, status, net: _, state: _ }| CaseStep { id, fired, status: status.name().into() };
        let case = leaf.case.map(step);
        Ok(Self { sequence, time: leaf.time, tenant: leaf.tenant, kind, id, outcome, case })
    }
}
