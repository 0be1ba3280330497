//! What was acknowledged in a tale, and what follows from it for whatever is seen later.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::reference::Reference;
use crate::tally::Wrong;

/// What is wrong, and the sentence that says it.
pub(crate) type Said = (Wrong, String);

/// Members that say why a line was printed, not what became of its event.
const OCCASION: [&str; 7] = ["line", "duplicate", "recovered", "timer", "raised_by", "type", "subject"];

/// How many receipts are read once more that were there before the last life.
const AGAIN: usize = 20;

/// What a tale's processes have printed so far.
pub(crate) struct Oracle<'a> {
    reference: &'a Reference,
    pub(crate) lines: BTreeSet<u64>,
    receipts: BTreeSet<u64>,
    /// How many receipts there were when it was last looked.
    seen: usize,
}

impl<'a> Oracle<'a> {
    pub(crate) fn new(reference: &'a Reference) -> Self {
        Self { reference, lines: BTreeSet::new(), receipts: BTreeSet::new(), seen: 0 }
    }

    /// How many receipts were acknowledged.
    pub(crate) fn acknowledged(&self) -> u64 {
        self.receipts.len() as u64
    }

    /// Hears all that one life told.
    pub(crate) fn hear(&mut self, told: &[Value]) -> Result<(), Said> {
        told.iter().try_for_each(|told| self.hear_one(told))
    }

    fn hear_one(&mut self, told: &Value) -> Result<(), Said> {
        let (line, receipt) = (told["line"].as_u64(), told["receipt"].as_u64());
        let expected = match (line, receipt) {
            (Some(line), _) => self.reference.by_line.get(&line),
            (None, Some(receipt)) => self.reference.by_receipt.get(&receipt),
            (None, None) => None,
        };
        let became = expected.map(essence);
        if became != Some(essence(told)) {
            let expected = expected.map_or("nothing".into(), Value::to_string);
            return Err((Wrong::Differs, format!("it was told {told}, and undisturbed {expected}")));
        }
        if let Some(receipt) = receipt
            && told["duplicate"] == false
            && self.receipts.contains(&receipt)
        {
            return Err((
                Wrong::Lost,
                format!("receipt {receipt} was acknowledged, and its event was judged again: {told}"),
            ));
        }
        self.lines.extend(line);
        self.receipts.extend(receipt);
        Ok(())
    }

    /// The first receipt that has to be looked at after a life: the last that are known to be there are read again, and
    /// whatever came after them. All are read in the end.
    pub(crate) fn look_from(&self) -> usize {
        self.seen.saturating_sub(AGAIN)
    }

    /// Looks through the receipts of the directory a life left, but for the first few.
    pub(crate) fn look(&mut self, skipped: usize, receipts: &[String]) -> Result<(), Said> {
        let should = &self.reference.receipts[skipped.min(self.reference.receipts.len())..];
        let same = receipts.iter().zip(should).take_while(|(is, should)| is == should).count();
        if same < receipts.len() {
            return Err(self.differs(receipts, skipped, same));
        }
        self.seen = skipped + same;
        match self.receipts.last() {
            Some(&last) if last > self.seen as u64 => Err((
                Wrong::Lost,
                format!("receipt {last} was acknowledged, and the last that is there is {}", self.seen),
            )),
            _ => Ok(()),
        }
    }

    /// Looks through the receipts of a directory in which the whole stream was played.
    pub(crate) fn look_at_the_end(&mut self, receipts: &[String], root: &Value) -> Result<(), Said> {
        self.look(0, receipts)?;
        let (is, should) = (receipts.len(), self.reference.receipts.len());
        if is != should || *root != self.reference.root {
            let root_should = &self.reference.root;
            return Err((Wrong::Differs, format!("{is} receipts of {should}; the root is {root}, not {root_should}")));
        }
        Ok(())
    }

    fn differs(&self, receipts: &[String], skipped: usize, at: usize) -> Said {
        let before = &self.reference.receipts[..skipped];
        let should = events(&self.reference.receipts);
        let doubled = events(&[before, receipts].concat())
            .into_iter()
            .find(|(event, count)| *count > *should.get(event).unwrap_or(&1));
        if let Some((event, count)) = doubled {
            return (Wrong::Doubled, format!("the event {event} has {count} receipts"));
        }
        let is = receipts.get(at).map_or("nothing", String::as_str);
        let should = self.reference.receipts.get(skipped + at).map_or("nothing", String::as_str);
        (Wrong::Differs, format!("receipt {} is {is}, and undisturbed {should}", skipped + at + 1))
    }
}

/// What became of an event.
fn essence(told: &Value) -> Value {
    let mut told = told.clone();
    if let Some(members) = told.as_object_mut() {
        members.retain(|name, _| !OCCASION.contains(&name.as_str()));
    }
    told
}

/// How many receipts each event has.
fn events(receipts: &[String]) -> BTreeMap<String, u64> {
    let mut count = BTreeMap::new();
    for receipt in receipts {
        let receipt: Value = serde_json::from_str(receipt).unwrap_or_default();
        let event = &receipt["event"];
        *count.entry(format!("{} from {} of {}", event["id"], event["source"], receipt["tenant"])).or_default() += 1;
    }
    count
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::reference::{Calls, Times};

    fn told(line: u64, receipt: u64, duplicate: bool) -> Value {
        json!({"line": line, "id": format!("evt-{receipt}"), "outcome": "completed", "duplicate": duplicate, "receipt": receipt})
    }

    fn receipt(event: u64) -> String {
        json!({"event": {"id": format!("evt-{event}"), "source": "/shop"}, "tenant": "acme"}).to_string()
    }

    /// Three lines, of which the third is the first again, and two receipts.
    fn reference() -> Reference {
        let lines = [told(1, 1, false), told(2, 2, false), told(3, 1, true)];
        let by_receipt = [1, 2].map(|receipt| (receipt, lines[receipt as usize - 1].clone()));
        Reference {
            seed: 0,
            lines: "events.jsonl".into(),
            by_line: (1..).zip(lines).collect(),
            by_receipt: by_receipt.into(),
            receipts: [1, 2].map(receipt).into(),
            root: "root".into(),
            times: Times { making: Duration::ZERO, until_first_line: Duration::ZERO, telling: Duration::ZERO },
            calls: Calls { opening: 1, line: 1, line_again: 1 },
        }
    }

    /// What is wrong after each of some lives, which tell these lines and leave receipts of these events.
    #[track_caller]
    fn check(lives: &[(&[Value], &[u64])], wrong: Option<Wrong>) {
        let reference = reference();
        let mut oracle = Oracle::new(&reference);
        let found = lives.iter().try_for_each(|(told, events)| {
            let receipts: Vec<String> = events.iter().map(|event| receipt(*event)).collect();
            oracle.hear(told)?;
            oracle.look(0, &receipts)
        });
        assert_eq!(found.err().map(|(wrong, _)| wrong), wrong, "{lives:?}");
    }

    #[test]
    fn what_was_never_acknowledged_may_be_lost_and_what_was_told_may_be_told_again() {
        check(&[(&[], &[1]), (&[], &[]), (&[told(1, 1, false)], &[1, 2])], None);
        check(
            &[(&[told(1, 1, false)], &[1]), (&[told(1, 1, true), told(2, 2, true), told(3, 1, true)], &[1, 2])],
            None,
        );
    }

    #[test]
    fn what_was_acknowledged_is_there_and_was_judged_once() {
        check(&[(&[told(1, 1, false), told(2, 2, false)], &[1])], Some(Wrong::Lost));
        check(&[(&[told(1, 1, false)], &[1]), (&[], &[])], Some(Wrong::Lost));
        check(&[(&[told(1, 1, false)], &[1]), (&[told(1, 1, false)], &[1])], Some(Wrong::Lost));
        check(&[(&[told(1, 1, true)], &[])], Some(Wrong::Lost));
    }

    #[test]
    fn no_event_has_two_receipts_and_none_has_anothers() {
        check(&[(&[], &[1, 1])], Some(Wrong::Doubled));
        check(&[(&[], &[1, 2, 2])], Some(Wrong::Doubled));
        check(&[(&[], &[2])], Some(Wrong::Differs));
        check(&[(&[], &[1, 3])], Some(Wrong::Differs));
        check(&[(&[], &[1, 2, 3])], Some(Wrong::Differs));
        check(&[(&[told(1, 2, false)], &[1, 2])], Some(Wrong::Differs));
        check(&[(&[json!({"line": 4, "outcome": "invalid"})], &[])], Some(Wrong::Differs));
    }

    #[test]
    fn in_the_end_nothing_is_missing_and_the_root_is_the_same() {
        let reference = reference();
        let end = |events: &[u64], root: &str| {
            let receipts: Vec<String> = events.iter().map(|event| receipt(*event)).collect();
            Oracle::new(&reference).look_at_the_end(&receipts, &root.into()).err().map(|(wrong, _)| wrong)
        };
        assert_eq!(end(&[1, 2], "root"), None);
        assert_eq!(end(&[1], "root"), Some(Wrong::Differs));
        assert_eq!(end(&[1, 2], "other"), Some(Wrong::Differs));
    }
}
