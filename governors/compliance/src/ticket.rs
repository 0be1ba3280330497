//! Tickets: how a person is asked to look at something.

use syndic_sdk::prelude::*;

/// A ticket about `about`. The key is ours alone, so another slot may open one about the same thing.
pub(crate) fn open(about: &str, title: &str, facts: &Value) -> Effect {
    let body = json!({ "queue": "compliance", "about": about, "title": title, "facts": facts });
    Effect::deferred(format!("ticket-{about}"), "ticket", format!("compliance:{about}"), &body)
}

/// A ticket that could not be opened leaves a remark in the record; the next occasion asks again.
pub(crate) fn settled(settled: &EffectSettled) -> Answer {
    let mut decision = Decision::abstain();
    if settled.status != Settled::Done {
        log::warn(format!("`{}` was not opened", settled.effect));
        decision.note(format!("`{}` was not opened", settled.effect));
    }
    Ok(decision)
}
