//! An outside world with moods: services that say no to what they never deny in the sandbox, say what nobody expects,
//! or say nothing.
//!
//! What a request is answered hangs on its key alone, so the same key has the same answer for ever, and a history
//! that is played again meets the same moods.

use std::future::ready;

use serde_json::{Value, json};
use syndic_connect::Sandbox;
use syndic_core::effect::Way;
use syndic_core::ports::{Answer, Answering, Connector, NoAnswer, Request};

use crate::dice::Dice;

/// The sandbox on bad days.
#[derive(Clone, Copy, Debug)]
pub struct Moods {
    /// How many of a hundred requests are not answered as the sandbox would.
    pub bad_percent: u64,
}

/// An answer, unlike the sandbox's; none is silence.
type Mood = fn() -> Option<(bool, Value)>;

/// What each action may be answered on a bad day.
#[rustfmt::skip]
const BAD_DAYS: &[(&str, &[Mood])] = &[
    ("verify-isolation", &[silent, denied, || Some((true, json!({}))), || Some((true, json!({"isolated": false}))),
        || Some((true, json!({"isolated": "perhaps"})))]),
    ("kyc-check", &[silent, denied, || Some((true, json!({"status": "pending"}))),
        || Some((true, json!({"status": "perhaps"}))), || Some((true, json!({})))]),
    ("authorize-payment", &[silent, || Some((false, json!({"decline_code": "lost_card"}))),
        || Some((false, json!({"decline_code": "insufficient_funds"}))), denied]),
    ("capture", &[silent, || Some((false, json!({"decline_code": "stolen_card"}))), denied]),
    ("refund", &[silent, denied]),
    ("void-authorization", &[silent, denied]),
    ("ticket", &[silent, denied]),
    ("mail", &[silent, denied]),
    ("provision", &[silent, denied]),
    ("revoke", &[silent, denied]),
];

fn silent() -> Option<(bool, Value)> {
    None
}

fn denied() -> Option<(bool, Value)> {
    Some((false, json!({})))
}

impl Connector for Moods {
    fn call<'a>(&'a self, request: &'a Request) -> Answering<'a> {
        match self.mood(request) {
            None => Sandbox.call(request),
            Some(Some((accepted, body))) => Box::pin(ready(Ok(Answer { accepted, body }))),
            Some(None) => Box::pin(ready(Err(NoAnswer { reason: "it is one of those days".into() }))),
        }
    }

    fn reaches_out(&self) -> bool {
        false
    }
}

impl Moods {
    /// What a request is answered on a bad day; none where its day is good.
    fn mood(&self, request: &Request) -> Option<Option<(bool, Value)>> {
        let seed = request.key.0.iter().take(8).fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut dice = Dice::new(seed);
        if !dice.percent(self.bad_percent) {
            return None;
        }
        let action = request.action.as_str();
        let (_, moods) = BAD_DAYS.iter().find(|(of, _)| *of == action)?;
        // Nobody can say no to an undo: it is done, or nobody knows.
        Some(if request.way == Way::Undo { None } else { dice.pick(moods)() })
    }
}
