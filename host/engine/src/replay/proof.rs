//! The proof: whoever decided decides the same again, for the same fuel, or the first difference is named.

use std::ops::RangeInclusive;
use std::sync::Arc;

use syndic_core::Slot;
use syndic_core::decision::Decision;
use syndic_core::effect::Mode;
use syndic_core::ports::{FailureClass, StoreError};
use syndic_core::settle::Said;
use syndic_ledger::{Governor, Hash, Verdict};

use super::history::History;
use super::page::{Page, is_judged, leaf_of, slot_of};
use super::recall::{Beyond, Trouble};
use super::sitting::Sitting;
use super::{Call, Difference, Past, What, walk};

/// A receipt whose decisions were made again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Replayed {
    /// Its sequence.
    pub sequence: u64,
    /// The event's id, and its type.
    pub event: Option<(String, String)>,
    /// Every governor of the receipt, in slot order. An act that asked nobody has none.
    pub parts: Vec<Part>,
}

/// One governor's part in a receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The slot.
    pub slot: Slot,
    /// The version.
    pub version: String,
    /// The component.
    pub digest: Hash,
    /// What the receipt says it said: the verdict, and the code that goes with it.
    pub said: String,
    /// The fuel that the receipt says it burnt.
    pub fuel: u64,
    /// What was found.
    pub found: Found,
}

/// What judging again has shown of one decision.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// The same decision for the same fuel.
    Equal,
    /// The same fuel. The host could not carry the decision out and took it for a bad answer, so the receipt has no hash
    /// of it.
    EqualFuel,
    /// It was not asked: it does not judge such events, or was quarantined.
    NotAsked,
    /// The clock stopped it, so there is nothing to repeat.
    Stopped,
    /// Something is not as it was.
    Different(Box<Difference>),
}

/// A decision made again.
pub(crate) enum Again<'a> {
    /// It was made, and this is what that has shown.
    Made(Box<Sitting<'a>>, Found),
    /// It could not be made, from this call on.
    Not(Call, What),
}

impl Again<'_> {
    fn found(self) -> Found {
        match self {
            Self::Made(_, found) => found,
            Self::Not(call, what) => different(call, what),
        }
    }

    /// What is not as it was, if anything.
    pub(crate) fn what(&self) -> Option<&What> {
        match self {
            Self::Made(_, Found::Different(difference)) => Some(&difference.what),
            Self::Made(..) => None,
            Self::Not(_, what) => Some(what),
        }
    }

    /// The decision, where it is the recorded one.
    pub(crate) fn said(self) -> Result<Said, What> {
        match self {
            Self::Made(_, Found::Different(difference)) => Err(difference.what),
            Self::Made(sitting, _) => Ok(sitting.said),
            Self::Not(_, what) => Err(what),
        }
    }
}

impl Replayed {
    /// The first difference, with the slot that shows it.
    pub fn difference(&self) -> Option<(&Slot, &Difference)> {
        self.parts.iter().find_map(|part| match &part.found {
            Found::Different(difference) => Some((&part.slot, &**difference)),
            _ => None,
        })
    }
}

impl Past<'_> {
    /// Judges again what one receipt says was decided; nothing where there is no such receipt.
    ///
    /// # Errors
    /// The store failed.
    pub fn replay(&self, sequence: u64) -> Result<Option<Replayed>, StoreError> {
        let Some(entry) = self.reads.receipt(sequence)? else { return Ok(None) };
        let history = Arc::new(self.history(sequence)?);
        self.replayed(&history, &(sequence, Arc::new(entry))).map(Some)
    }

    /// The same of every receipt of a range, told in order.
    ///
    /// # Errors
    /// The store failed, or has not all of them; or whoever is told wants to hear no more.
    pub fn replay_all<E: From<StoreError>>(
        &self,
        range: RangeInclusive<u64>,
        tell: impl FnMut(Replayed) -> Result<(), E>,
    ) -> Result<(), E> {
        let history = Arc::new(self.history(*range.start())?);
        self.walk(range, &history, |found| self.replayed(&history, found), tell)
    }

    fn replayed(&self, history: &Arc<History>, (sequence, entry): &walk::Found) -> Result<Replayed, StoreError> {
        let leaf = leaf_of(*sequence, &entry.leaf)?;
        let event = leaf.event.as_ref().map(|event| (event.id.clone(), event.r#type.clone()));
        if !is_judged(&leaf) {
            return Ok(Replayed { sequence: *sequence, event, parts: Vec::new() });
        }
        let governors = leaf.governors.clone();
        let page = self.page(leaf, entry)?.map(Arc::new);
        let part = |governor: &Governor| {
            let found = match &page {
                Ok(page) => self.again(history, page, governor)?,
                Err(what) => different(Call::Evaluate, what.clone()),
            };
            Ok(Part {
                slot: slot_of(*sequence, governor)?,
                version: governor.version.clone(),
                digest: governor.digest.0,
                said: said_then(governor),
                fuel: governor.fuel,
                found,
            })
        };
        let parts = governors.iter().map(part).collect::<Result<_, StoreError>>()?;
        Ok(Replayed { sequence: *sequence, event, parts })
    }

    fn again(&self, history: &Arc<History>, page: &Arc<Page>, governor: &Governor) -> Result<Found, StoreError> {
        match governor.code.as_deref() {
            Some(code) if code == FailureClass::Deadline.name() => return Ok(Found::Stopped),
            Some(code) if code == FailureClass::Quarantined.name() => return Ok(Found::NotAsked),
            _ => {}
        }
        Ok(self.sit_again(history, page, governor)?.found())
    }

    /// Has the recorded version judge again as far as it did then.
    pub(crate) fn sit_again<'a>(
        &'a self,
        history: &'a Arc<History>,
        page: &'a Arc<Page>,
        governor: &Governor,
    ) -> Result<Again<'a>, StoreError> {
        let slot = slot_of(page.sequence, governor)?;
        let version = match self.version(&slot, governor.digest.0, &page.book.slot(&slot))? {
            Ok(version) => version,
            Err(what) => return Ok(Again::Not(Call::Evaluate, what)),
        };
        let mut sitting = Sitting::new(self, history, page, version, Beyond::No);
        match as_long_as(&mut sitting, governor) {
            Ok(()) => {
                let found = self.compared(&sitting, page, governor);
                Ok(Again::Made(Box::new(sitting), found))
            }
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::What(what)) => Ok(Again::Not(sitting.call, what)),
        }
    }

    fn compared(&self, sitting: &Sitting<'_>, page: &Page, governor: &Governor) -> Found {
        let (then, now) = (said_then(governor), said(&sitting.said));
        let fuel = (governor.fuel != sitting.fuel).then_some(What::Fuel { then: governor.fuel, now: sitting.fuel });
        let what = match &sitting.said {
            Said::Failed(failure) if failure.class == FailureClass::Deadline => Some(What::Deadline),
            Said::Decided(_) if is_bad_answer(governor) => match fuel {
                None => return Found::EqualFuel,
                fuel => fuel,
            },
            _ if then != now => Some(What::Verdict { then, now }),
            Said::Decided(_) if governor.output != Some(page.salts.commit_to(&sitting.output)) => Some(What::Output),
            _ => fuel,
        };
        match what {
            Some(what) => different(sitting.call, self.of_engine(page, what)),
            None if !sitting.is_asked() => Found::NotAsked,
            None => Found::Equal,
        }
    }

    /// The same difference, or what explains it: another engine.
    fn of_engine(&self, page: &Page, what: What) -> What {
        let (then, now) = (page.leaf.engine, self.runtime.engine_hash());
        if then == now { what } else { What::Engine { then, now, and: Box::new(what) } }
    }
}

/// Asks for one call after another until as much fuel is burnt as was then.
fn as_long_as(sitting: &mut Sitting<'_>, governor: &Governor) -> Result<(), Trouble> {
    if let Some(from) = governor.migrated.filter(|_| governor.fuel > 0) {
        sitting.carry(from)?;
    }
    if governor.migrated.is_none() || sitting.fuel < governor.fuel {
        sitting.evaluate()?;
    }
    for round in [Mode::Check, Mode::Reversible] {
        if sitting.fuel < governor.fuel {
            sitting.hear(round)?;
        }
    }
    Ok(())
}

fn different(call: Call, what: What) -> Found {
    Found::Different(Box::new(Difference { call, what }))
}

/// Whether the receipt says that the answer could not be used. Its sentence is of no matter: the host may have found so
/// only when it added the answers up.
pub(crate) fn is_bad_answer(governor: &Governor) -> bool {
    governor.code.as_deref() == Some(FailureClass::BadAnswer.name()) && governor.verdict == Some(Verdict::Fault)
}

/// Verdict and code, as a receipt has them.
pub(crate) fn said_then(governor: &Governor) -> String {
    let verdict = match governor.verdict {
        Some(Verdict::Approve) => "approve",
        Some(Verdict::Abstain) => "abstain",
        Some(Verdict::Refuse) => "refuse",
        Some(Verdict::Refer) => "refer",
        Some(Verdict::Fault) => "failed",
        None => "nothing",
    };
    with_code(verdict, governor.code.as_deref())
}

/// Verdict and code of an answer, as in [`Part::said`].
pub fn said(said: &Said) -> String {
    match said {
        Said::Decided(Decision { verdict, .. }) => {
            with_code(verdict.name(), verdict.reason().map(|reason| reason.code.as_str()))
        }
        Said::Failed(failure) => with_code("failed", Some(failure.class.name())),
    }
}

fn with_code(verdict: &str, code: Option<&str>) -> String {
    code.map_or_else(|| verdict.to_owned(), |code| format!("{verdict} {code}"))
}
