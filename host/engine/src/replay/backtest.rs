//! The back-test: another component judges recorded decisions before it judges a live one.

use std::collections::BTreeMap;
use std::sync::Arc;

use syndic_core::effect::Mode;
use syndic_core::ports::{FailureClass, Installed, Intent, StoreError};
use syndic_core::settle::Said;
use syndic_core::{Slot, Text, Verdict as Says};
use syndic_ledger::{Governor, Outcome, Receipt, Verdict};

use super::history::History;
use super::page::{Page, is_judged, leaf_of};
use super::proof::{Again, Found, is_bad_answer, said_then};
use super::recall::{Beyond, Trouble};
use super::sitting::{Heard, Sitting};
use super::summary::{Change, First, Ratio, Summary, Then};
use super::walk::{self, CHAPTER};
use super::{Past, What};

/// Of so many receipts, one is judged again by both versions, to compare their times.
const TIMED_OF: u64 = 32;

/// How often each of the two is timed on one receipt.
const TURNS_TIMED: usize = 2;

/// The rounds of blocking effects.
const ROUNDS: [Mode; 2] = [Mode::Check, Mode::Reversible];

/// Where there are no more receipts than this, every one is.
const ALL_TIMED_MAX: u64 = 2_048;

/// A candidate before the ledger.
struct Backtest<'a> {
    past: &'a Past<'a>,
    candidate: &'a Arc<Installed>,
    history: &'a Arc<History>,
    timed_of: u64,
}

/// What became of one receipt.
enum Judged {
    /// Nobody was asked in the slot.
    NoneOfIts,
    NotComparable(u64, What),
    Compared(Box<Compared>),
}

struct Compared {
    page: Arc<Page>,
    governor: Governor,
    change: Option<Change>,
    now: Said,
    unanswered: Option<String>,
    fuel: Option<f64>,
    time: Option<f64>,
}

/// What the candidate is compared with: what the receipt says, or where that says too little, the decision made again.
struct Baseline {
    /// The rounds of effects that were answered.
    rounds: Vec<Mode>,
    /// Those of them in which the recorded version had asked for something.
    heard: Vec<Mode>,
    /// Its decision as canonical JSON, where the receipt has no hash of it.
    output: Option<Text>,
    failed: bool,
}

impl Past<'_> {
    /// Has a candidate judge the last so many recorded decisions of its slot, or all of them. It is loaded in this past's
    /// runtime and need not be installed.
    ///
    /// # Errors
    /// The store failed.
    pub fn backtest(&self, candidate: &Arc<Installed>, last: Option<u64>) -> Result<Summary, StoreError> {
        let (history, to) = match last {
            None => (self.history(1)?, self.size()?),
            Some(last) => self.window(candidate, last)?,
        };
        let from = history.from();
        let history = Arc::new(history);
        let timed_of = if to.saturating_sub(from) < ALL_TIMED_MAX { 1 } else { TIMED_OF };
        let backtest = Backtest { past: self, candidate, history: &history, timed_of };
        let mut tally = Tally::new(candidate, (from, to));
        self.walk(from..=to, &history, |found| backtest.judge(found), |judged| tally.count(&backtest, judged))?;
        Ok(tally.summary())
    }

    /// Goes back from the ledger's end over so many decisions of a slot.
    fn window(&self, candidate: &Installed, last: u64) -> Result<(History, u64), StoreError> {
        let size = self.size()?;
        let mut history = self.history(size + 1)?;
        let (mut left, mut to) = (last, size);
        while to > 0 && left > 0 {
            let from = to.saturating_sub(CHAPTER - 1).max(1);
            let chapter = self.entries(from..=to)?;
            let leaves = walk::in_parallel(self.threads, walk::AT_ONCE, &chapter, |(sequence, entry)| {
                leaf_of(*sequence, &entry.leaf)
            });
            for ((_, entry), leaf) in chapter.iter().zip(leaves).rev() {
                let leaf = leaf?;
                history.go_back(&leaf, &entry.kept);
                left -= u64::from(recorded(&leaf, candidate).is_some());
                if left == 0 {
                    break;
                }
            }
            to = from - 1;
        }
        Ok((history, size))
    }
}

/// The part in a receipt that a candidate is to be compared with. Who was not asked decided nothing; but a candidate may
/// list a kind that the recorded version did not.
fn recorded<'l>(leaf: &'l Receipt, candidate: &Installed) -> Option<&'l Governor> {
    let governor = leaf.governors.iter().find(|governor| governor.slot == candidate.slot.as_str())?;
    let event = leaf.event.as_ref().filter(|_| is_judged(leaf))?;
    let kind = event.r#type.strip_prefix("marketplace.").unwrap_or(&event.r#type);
    let lists = candidate.manifest.kinds.iter().any(|listed| listed == kind || *listed == event.r#type);
    let quarantined = governor.code.as_deref() == Some(FailureClass::Quarantined.name());
    let unasked = governor.verdict == Some(Verdict::Abstain) && governor.fuel == 0;
    (!quarantined && (!unasked || lists)).then_some(governor)
}

impl Backtest<'_> {
    fn judge(&self, (sequence, entry): &walk::Found) -> Result<Judged, StoreError> {
        // A glance at what was told spares reading the receipts that are no concern of the slot's.
        let slot: &Slot = &self.candidate.slot;
        if !entry.kept.report.governors.iter().any(|opinion| opinion.slot == *slot) {
            return Ok(Judged::NoneOfIts);
        }
        let leaf = leaf_of(*sequence, &entry.leaf)?;
        let Some(governor) = recorded(&leaf, self.candidate).cloned() else { return Ok(Judged::NoneOfIts) };
        if governor.code.as_deref() == Some(FailureClass::Deadline.name()) {
            return Ok(Judged::NotComparable(*sequence, What::Deadline));
        }
        let page = match self.past.page(leaf, entry)? {
            Ok(page) => Arc::new(page),
            Err(what) => return Ok(Judged::NotComparable(*sequence, what)),
        };
        match self.compare(&page, &governor) {
            Ok(compared) => Ok(Judged::Compared(Box::new(Compared { page: Arc::clone(&page), governor, ..compared }))),
            Err(Trouble::Store(error)) => Err(error),
            Err(Trouble::What(what)) => Ok(Judged::NotComparable(*sequence, what)),
        }
    }

    fn compare(&self, page: &Arc<Page>, governor: &Governor) -> Result<Compared, Trouble> {
        let baseline = self.baseline(page, governor)?;
        let had = self.schema(page, governor)?;
        let (sitting, unanswered) = self.sit(page, self.candidate, had, &baseline.rounds)?;
        if matches!(&sitting.said, Said::Failed(failure) if failure.class == FailureClass::Deadline) {
            return Err(What::Deadline.into());
        }
        let same_engine = page.leaf.engine == self.past.runtime.engine_hash();
        let alike = same_engine && sitting.heard == baseline.heard && governor.fuel > 0;
        let timed = alike && is_sampled(page.sequence, self.timed_of);
        Ok(Compared {
            // What is left open by an answer that is not known is no verdict yet.
            change: match unanswered {
                None => change(&baseline, page, governor, &sitting),
                Some(_) => Some(Change::Otherwise),
            },
            fuel: alike.then(|| sitting.fuel as f64 / governor.fuel as f64),
            time: if timed { self.time(page, governor, had, &baseline.rounds)? } else { None },
            page: Arc::clone(page),
            governor: governor.clone(),
            now: sitting.said,
            unanswered,
        })
    }

    /// Has a version judge a page, and hear the answers of these rounds. Says which effect of its was in the way.
    fn sit<'s>(
        &'s self,
        page: &'s Arc<Page>,
        version: &Arc<Installed>,
        (had, all_known): (u32, bool),
        rounds: &[Mode],
    ) -> Result<(Sitting<'s>, Option<String>), Trouble> {
        let beyond = if version.digest == self.candidate.digest { Beyond::Yes } else { Beyond::No };
        let mut sitting = Sitting::new(self.past, self.history, page, Arc::clone(version), beyond);
        let has = version.manifest.state_schema;
        match (had == has || !sitting.is_asked(), all_known) {
            (true, _) => {}
            (false, true) => sitting.carry(had)?,
            (false, false) => return Err(What::Schema { had, has }.into()),
        }
        sitting.evaluate()?;
        for round in rounds {
            if !sitting.is_for_it() {
                break;
            }
            if let Heard::Unanswered(effect) = sitting.hear(*round)? {
                return Ok((sitting, Some(effect)));
            }
        }
        Ok((sitting, None))
    }

    /// The schema that the slot's facts had, and whether all of them are known: who carried them over has read them all.
    fn schema(&self, page: &Page, governor: &Governor) -> Result<(u32, bool), Trouble> {
        if let Some(had) = governor.migrated {
            return Ok((had, true));
        }
        let slot = &self.candidate.slot;
        let recorded = self.past.version(slot, governor.digest.0, &page.book.slot(slot))??;
        Ok((recorded.manifest.state_schema, false))
    }

    /// The candidate's time over the recorded version's. Both are asked once for nothing, so that each has fetched what it
    /// needs; then they take turns, and of each the best one counts. Who begins is as good as chance. So a component is
    /// about as fast as itself.
    fn time(
        &self,
        page: &Arc<Page>,
        governor: &Governor,
        had: (u32, bool),
        rounds: &[Mode],
    ) -> Result<Option<f64>, Trouble> {
        let slot = &self.candidate.slot;
        let Ok(recorded) = self.past.version(slot, governor.digest.0, &page.book.slot(slot))? else { return Ok(None) };
        let versions = [&recorded, self.candidate];
        let begins = usize::from(scattered(page.sequence) >> 16 & 1 == 1);
        let mut best = [u64::MAX; 2];
        for turn in 0..=TURNS_TIMED {
            for nth in [begins, 1 - begins] {
                let nanos = match self.sit(page, versions[nth], had, rounds) {
                    Ok((sitting, _)) => sitting.nanos,
                    Err(Trouble::What(_)) => return Ok(None),
                    Err(error) => return Err(error),
                };
                if turn > 0 {
                    best[nth] = nanos.min(best[nth]);
                }
            }
        }
        Ok((best[0] > 0).then(|| best[1] as f64 / best[0] as f64))
    }

    /// What a decision is compared with. An event that completed came to both rounds; of another the recorded version has
    /// to show how far it came, unless no service answered anything.
    fn baseline(&self, page: &Arc<Page>, governor: &Governor) -> Result<Baseline, Trouble> {
        let kept = &page.kept().intents;
        let failed = governor.verdict == Some(Verdict::Fault);
        if page.leaf.outcome == Outcome::Completed {
            let counts = |intent: &&Intent| intent.slot == self.candidate.slot && !intent.undone;
            let asked = |round: &Mode| kept.iter().filter(counts).any(|intent| intent.effect.mode == *round);
            let heard = ROUNDS.into_iter().filter(asked).collect();
            return Ok(Baseline { rounds: ROUNDS.to_vec(), heard, output: None, failed });
        }
        let mut baseline = Baseline { rounds: Vec::new(), heard: Vec::new(), output: None, failed };
        if !kept.iter().any(|intent| intent.answer.is_some()) && !is_bad_answer(governor) {
            return Ok(baseline);
        }
        let again = self.past.sit_again(self.history, page, governor)?;
        if let Some(what) = again.what() {
            return Err(what.clone().into());
        }
        if let Again::Made(sitting, found) = again {
            (baseline.rounds, baseline.heard) = (sitting.heard.clone(), sitting.heard);
            if found == Found::EqualFuel {
                baseline.failed = false;
                baseline.output = Some(sitting.output);
            }
        }
        Ok(baseline)
    }
}

/// A receipt's number, scattered. What an event leads to follows it at the same distance again and again; a sample that
/// went by every so many would find always the same kind of decision, or none.
fn scattered(sequence: u64) -> u64 {
    // The last steps of SplitMix64.
    let mixed = (sequence ^ (sequence >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// Whether a receipt is one of so many.
fn is_sampled(sequence: u64, of: u64) -> bool {
    (u128::from(scattered(sequence)) * u128::from(of)) >> 64 == 0
}

/// How the candidate's decision differs; nothing where it is the same.
fn change(baseline: &Baseline, page: &Page, governor: &Governor, sitting: &Sitting<'_>) -> Option<Change> {
    let same = match (&sitting.said, &baseline.output) {
        (Said::Failed(failure), _) => baseline.failed && governor.code.as_deref() == Some(failure.class.name()),
        (Said::Decided(_), Some(output)) => sitting.output == *output,
        (Said::Decided(_), None) => governor.output == Some(page.salts.commit_to(&sitting.output)),
    };
    let against = baseline.failed || matches!(governor.verdict, Some(Verdict::Refuse | Verdict::Refer));
    (!same).then(|| match &sitting.said {
        Said::Failed(_) if !baseline.failed => Change::Failed,
        Said::Failed(_) => Change::Otherwise,
        Said::Decided(decision) => match decision.verdict {
            Says::Refuse(_) if governor.verdict != Some(Verdict::Refuse) => Change::Refused,
            Says::Refer(_) if governor.verdict != Some(Verdict::Refer) => Change::Referred,
            Says::Approve | Says::Abstain if against => Change::Approved,
            _ => Change::Otherwise,
        },
    })
}

/// Adds up what became of all receipts, in order.
struct Tally {
    summary: Summary,
    fuel: Vec<f64>,
    time: Vec<f64>,
}

impl Tally {
    fn new(candidate: &Installed, receipts: (u64, u64)) -> Self {
        let summary = Summary {
            slot: candidate.slot.clone(),
            version: candidate.manifest.version.clone(),
            digest: candidate.digest,
            receipts,
            decisions: 0,
            same: 0,
            changes: BTreeMap::new(),
            not_comparable: BTreeMap::new(),
            not_comparable_first: None,
            firsts: Vec::new(),
            fuel: None,
            time: None,
        };
        Self { summary, fuel: Vec::new(), time: Vec::new() }
    }

    fn count(&mut self, backtest: &Backtest<'_>, judged: Judged) -> Result<(), StoreError> {
        let summary = &mut self.summary;
        match judged {
            Judged::NoneOfIts => return Ok(()),
            Judged::NotComparable(sequence, what) => {
                *summary.not_comparable.entry(what.kind()).or_default() += 1;
                summary.not_comparable_first.get_or_insert((sequence, what));
            }
            Judged::Compared(compared) => {
                self.fuel.extend(compared.fuel);
                self.time.extend(compared.time);
                match compared.change {
                    None => summary.same += 1,
                    Some(change) => {
                        let count = summary.changes.entry(change).or_default();
                        *count += 1;
                        if *count == 1 {
                            summary.firsts.push(backtest.first(change, *compared)?);
                        }
                    }
                }
            }
        }
        summary.decisions += 1;
        Ok(())
    }

    fn summary(self) -> Summary {
        let Self { mut summary, fuel, time } = self;
        summary.firsts.sort_by_key(|first| first.change);
        (summary.fuel, summary.time) = (Ratio::of(fuel), Ratio::of(time));
        summary
    }
}

impl Backtest<'_> {
    /// A decision to show: the recorded version makes it again, because a receipt has only its hash.
    fn first(&self, change: Change, compared: Compared) -> Result<First, StoreError> {
        let Compared { page, governor, now, unanswered, .. } = compared;
        let said = self.past.sit_again(self.history, &page, &governor)?.said();
        let then = Then { words: said_then(&governor), version: governor.version, said };
        let event = &page.event;
        Ok(First {
            change,
            sequence: page.sequence,
            id: event.id.clone(),
            kind: event.kind.clone(),
            tenant: event.tenant.clone(),
            subject: event.subject.clone(),
            then,
            now,
            unanswered,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_has_its_share_of_every_rhythm() {
        for distance in 1..=64 {
            for begin in 0..distance {
                let every = (0..3_200).map(|nth| begin + nth * distance);
                let sampled: Vec<u64> = every.filter(|sequence| is_sampled(*sequence, TIMED_OF)).collect();
                assert!((55..=145).contains(&sampled.len()), "{} of 3200 by {distance} from {begin}", sampled.len());
            }
        }
        assert!((0..10_000).all(|sequence| is_sampled(sequence, 1)));
    }
}
