//! Settling: what many answers mean together.
//!
//! Precedence: any failure → rolled back; any refusal → refused; any referral → referred; then disagreement. Only after
//! that may an effect touch the world.

use crate::decision::{Decision, EFFECTS_MAX, Effect, Verdict};
use crate::effect::Mode;
use crate::error::Error;
use crate::outcome::Conflict;
use crate::ports::Failure;
use crate::slot::Slot;

/// What one routed governor has said so far.
#[derive(Clone, Debug, PartialEq)]
pub enum Said {
    /// A decision, checked.
    Decided(Decision),
    /// Nothing usable.
    Failed(Failure),
}

/// What all of it means.
#[derive(Clone, Debug, PartialEq)]
pub enum Weighed {
    /// Nobody is against it.
    Agreed,
    /// Somebody refused.
    Refused,
    /// Somebody wants a person to decide.
    Referred,
    /// Somebody failed.
    Failed(Error),
}

/// Weighs all answers, given in slot order: the first of the gravest kind decides.
pub fn weigh<'a>(answers: impl Iterator<Item = (&'a Slot, &'a Said)>) -> Weighed {
    let mut weighed = Weighed::Agreed;
    for (slot, said) in answers {
        match said {
            Said::Failed(failure) => {
                return Weighed::Failed(Error::governor(slot, format!("{}: {}", failure.class.name(), failure.reason)));
            }
            Said::Decided(Decision { verdict: Verdict::Refuse(_), .. }) => weighed = Weighed::Refused,
            Said::Decided(Decision { verdict: Verdict::Refer(_), .. }) if weighed == Weighed::Agreed => {
                weighed = Weighed::Referred;
            }
            Said::Decided(_) => {}
        }
    }
    weighed
}

/// Finds two decisions that ask one action on one key with other content.
///
/// # Errors
/// The conflict.
pub fn agree_on_effects<'a>(effects: impl Iterator<Item = (&'a Slot, &'a Effect)>) -> Result<(), Conflict> {
    let mut seen: Vec<(&Slot, &Effect)> = Vec::new();
    for (slot, effect) in effects {
        let clash = seen.iter().find(|(other, earlier)| {
            *other != slot
                && (&earlier.action, &earlier.key) == (&effect.action, &effect.key)
                && (&earlier.body, &earlier.undo) != (&effect.body, &effect.undo)
        });
        if let Some((other, _)) = clash {
            return Err(Conflict {
                fact: format!("{} {}", effect.action, effect.key),
                slots: vec![(*other).clone(), slot.clone()],
                policy: "compensate".into(),
                settlement: "rolled-back".into(),
            });
        }
        seen.push((slot, effect));
    }
    Ok(())
}

/// Adds a governor's feedback to what it decided before. The last verdict counts; writes, timers and raised events are
/// added; a deferred effect may be added; after the check round (`round`) a reversible effect replaces its own of the
/// same id.
///
/// # Errors
/// A sentence: the feedback asks for something it may not.
pub fn add_feedback(mut before: Decision, more: Decision, round: Mode) -> Result<Decision, String> {
    for effect in more.effects {
        let known = before.effects.iter_mut().find(|earlier| earlier.id == effect.id);
        match (effect.mode, known) {
            (Mode::Deferred, None) => before.effects.push(effect),
            (Mode::Reversible, Some(earlier)) if round == Mode::Check && earlier.mode == Mode::Reversible => {
                *earlier = effect;
            }
            (_, Some(_)) => return Err(format!("its feedback asks for effect `{}` again", effect.id)),
            (_, None) => return Err(format!("its feedback asks for another blocking effect, `{}`", effect.id)),
        }
    }
    if before.effects.len() > EFFECTS_MAX {
        return Err(format!("its answer has {} effects, over {EFFECTS_MAX}", before.effects.len()));
    }
    before.verdict = more.verdict;
    before.writes.extend(more.writes);
    before.timers.extend(more.timers);
    before.raises.extend(more.raises);
    before.note = more.note.or(before.note);
    Ok(before)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decision::{Reason, Undo};
    use crate::ports::FailureClass;
    use serde_json::json;

    fn said(verdict: Verdict) -> Said {
        Said::Decided(Decision { verdict, ..Decision::abstain() })
    }

    fn no() -> Verdict {
        Verdict::Refuse(Reason { code: "no".into(), message: "No.".into() })
    }

    fn ask_a_person() -> Verdict {
        Verdict::Refer(Reason { code: "hm".into(), message: "Hm.".into() })
    }

    fn weigh_all(answers: &[Said]) -> Weighed {
        let slots: Vec<Slot> = crate::slot::SLOTS.iter().map(|name| Slot::new(*name).unwrap()).collect();
        weigh(slots.iter().zip(answers))
    }

    fn effect(id: &str, mode: Mode, body: serde_json::Value) -> Effect {
        let undo = Undo { action: "void-authorization".into(), body: json!({}).into() };
        let action = match mode {
            Mode::Check => "kyc-check",
            Mode::Reversible => "authorize-payment",
            Mode::Deferred => "mail",
        };
        Effect {
            id: id.into(),
            action: action.into(),
            mode,
            key: "inv-1".into(),
            body: body.into(),
            undo: (mode == Mode::Reversible).then_some(undo),
        }
    }

    #[test]
    fn a_failure_outweighs_a_refusal_outweighs_a_referral() {
        let failed = Said::Failed(Failure { class: FailureClass::Unreachable, reason: "it panicked".into() });
        let approve = || said(Verdict::Approve);
        assert_eq!(weigh_all(&[approve(), said(Verdict::Abstain)]), Weighed::Agreed);
        assert_eq!(weigh_all(&[approve(), said(ask_a_person())]), Weighed::Referred);
        assert_eq!(weigh_all(&[said(ask_a_person()), said(no())]), Weighed::Refused);
        assert_eq!(weigh_all(&[said(no()), said(ask_a_person())]), Weighed::Refused);
        let Weighed::Failed(error) = weigh_all(&[said(no()), failed]) else {
            panic!("a failure outweighs everything");
        };
        assert_eq!(error.to_string(), "governor `billing`: unreachable: it panicked");
    }

    #[test]
    fn one_action_on_one_key_must_be_asked_alike() {
        let (a, b) = (Slot::new("billing").unwrap(), Slot::new("entitlement").unwrap());
        let mail = |text: &str| effect("1", Mode::Deferred, json!({"text": text}));
        assert!(agree_on_effects([(&a, &mail("x")), (&b, &mail("x"))].into_iter()).is_ok());
        let conflict = agree_on_effects([(&a, &mail("x")), (&b, &mail("y"))].into_iter()).unwrap_err();
        assert_eq!(conflict.fact, "mail inv-1");
    }

    #[test]
    fn feedback_may_defer_more_but_not_block_again() {
        let before =
            Decision { effects: vec![effect("auth", Mode::Reversible, json!({"amount": 1}))], ..Decision::abstain() };
        let with =
            |effect: Effect| Decision { effects: vec![effect], verdict: Verdict::Approve, ..Decision::abstain() };
        let cheaper = effect("auth", Mode::Reversible, json!({"amount": 0}));

        let after = add_feedback(before.clone(), with(cheaper.clone()), Mode::Check).unwrap();
        assert_eq!(after.effects, with(cheaper.clone()).effects);
        assert_eq!(after.verdict, Verdict::Approve);
        assert!(add_feedback(before.clone(), with(cheaper), Mode::Reversible).is_err(), "it is already done");

        let mail = effect("mail", Mode::Deferred, json!({}));
        assert_eq!(add_feedback(before.clone(), with(mail), Mode::Reversible).unwrap().effects.len(), 2);
        for another in [effect("b", Mode::Reversible, json!({})), effect("c", Mode::Check, json!({}))] {
            assert!(add_feedback(before.clone(), with(another), Mode::Check).is_err());
        }
    }
}
