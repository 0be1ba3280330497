//! Tickets: how a person is asked to look at something.
//!
//! A ticket that could not be opened is asked for again every day: nobody looks at what they were not told of.

use syndic_sdk::prelude::*;

use crate::suspension;

/// The timer that asks for a ticket again: `ticket.fraud-score`.
pub(crate) const TIMER: &str = "ticket";

/// About a high fraud score.
pub(crate) const SCORE: &str = "fraud-score";

/// About payments that fail again and again.
pub(crate) const FAILURES: &str = "payment-failures";

/// About a yearly check without an answer.
pub(crate) const KYC: &str = "kyc-unanswered";

/// About the review of a suspension, and its cause: `review-fraud`.
pub(crate) const REVIEW: &str = "review-";

/// What each is called; any other is a review.
const TITLES: [(&str, &str); 3] = [
    (SCORE, "a fraud score is high"),
    (FAILURES, "more than 5 payments failed within 24 hours"),
    (KYC, "the yearly identity check was never answered"),
];

const PREFIX: &str = "ticket-";
const AGAIN_DAYS: i64 = 1;

/// A ticket about `about`. The key is ours alone, so another slot may open one about the same thing.
pub(crate) fn open(about: &str, facts: &Value) -> Effect {
    let title = title(about).unwrap_or("a suspension waits for a review");
    let body = json!({ "queue": "compliance", "about": about, "title": title, "facts": facts });
    Effect::deferred(format!("{PREFIX}{about}"), "ticket", format!("compliance:{about}"), &body)
}

/// A ticket that could not be opened is remarked on, and asked for again tomorrow.
pub(crate) fn settled(cx: &Context, settled: &EffectSettled) -> Answer {
    let mut decision = Decision::abstain();
    let about = settled.effect.strip_prefix(PREFIX).filter(|_| settled.status != Settled::Done);
    if let Some(about) = about {
        log::warn(format!("`{}` was not opened", settled.effect));
        decision.note(format!("`{}` was not opened", settled.effect));
        decision.timer(format!("{TIMER}.{about}"), cx.now().plus_days(AGAIN_DAYS), &());
    }
    Ok(decision)
}

/// Asks again. What it was about stands with the event of that day; a review says anew what it is about, if it still is.
pub(crate) fn again(cx: &Context, about: &str) -> Answer {
    if let Some(cause) = about.strip_prefix(REVIEW) {
        return suspension::review_again(cx, cause);
    }
    let mut decision = Decision::abstain();
    if title(about).is_some() {
        decision.effect(open(about, &json!({ "asked_again": true })));
    }
    Ok(decision)
}

fn title(about: &str) -> Option<&'static str> {
    TITLES.iter().find(|(known, _)| *known == about).map(|(_, title)| *title)
}
