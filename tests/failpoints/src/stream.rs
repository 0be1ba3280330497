//! The stream: every story there is, twice over, each with an order of its own.

use serde_json::{Value, json};
use syndic_core::Time;
use syndic_core::ports::Verb;

/// What happens, and to whom. A governor reads the story's name and knows what to say.
const STORIES: &[(&str, &str)] = &[
    // Checked, authorized; then captured and mailed, each of which settles.
    ("ann", "sale"),
    // Authorized, and refused when that is heard: voided.
    ("bob", "refused"),
    // Sets a timer, which sells something an hour later.
    ("ann", "timer"),
    // Two slots authorize, one then refuses: both are voided, the later first.
    ("cyd", "pair"),
    // Raises two sales.
    ("bob", "raise"),
    // Authorized without an answer: voided too.
    ("ann", "silent"),
    // The provider says no.
    ("cyd", "declined"),
    // Refused, and the void is refused too: stuck, until the service undoes it at last, or somebody does by hand.
    ("bob", "stuck"),
    ("cyd", "stuck-hard"),
    // Claims an invoice and is authorized; once more with the same content, once with other.
    ("ann", "claim"),
    ("ann", "claim-again"),
    ("ann", "claim-other"),
    // Mailed, and nobody answers: a dead letter, until it is sent again.
    ("ann", "dead"),
    // Referred; then the customer buys, and a person decides.
    ("dan", "referred"),
    ("eve", "hopeless"),
    ("dan", "sale-after"),
    // Traps, four times on the same thing: three times counted, then not asked.
    ("eve", "trap"),
    ("eve", "trap-again"),
];

/// A net of which every round begins a case: somebody is asked, and the case is over an hour later.
pub(crate) const ERRAND: &str = r#"
net = "errand"

[data]
order = "text"

[conditions]
P_Begun = "somebody is asked"
P_Asked = "somebody has said yes"
P_Over = "an hour has passed"

[task.T_Ask]
kind = "service"
action = "errand"
key = "{order}"
takes = "P_Begun"
gives = "P_Asked"

[task.T_Wait]
kind = "timer"
after = "1 h"
takes = "P_Asked"
gives = "P_Over"
"#;

const ROUNDS: usize = 2;

/// Minutes between two lines.
const MINUTES: i64 = 10;

/// 2026-01-01T00:00:00Z.
const BEGIN_MS: i64 = 1_767_225_600_000;

pub(crate) fn minute(nth: usize) -> Time {
    Time::from_ms(BEGIN_MS).plus_ms(nth as i64 * MINUTES * 60_000)
}

/// The lines, in order. Some are sent twice, and one of each round is no event.
pub(crate) fn lines() -> Vec<String> {
    let mut lines = Vec::new();
    for round in 0..ROUNDS {
        let first = lines.len();
        for (nth, (customer, story)) in STORIES.iter().enumerate() {
            let order = format!("{story}-{round}");
            lines.push(event(&order, customer, minute(round * STORIES.len() + nth), story, round));
        }
        lines.push(errand(round));
        lines.push(lines[first].clone());
        lines.push("no event".to_owned());
    }
    lines
}

/// A case begins, with the round's last event.
fn errand(round: usize) -> String {
    let (id, time) = (format!("errand-{round}"), minute((round + 1) * STORIES.len() - 1));
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "syndic.case.launch", "tenant": "acme",
           "subject": id, "time": time.to_string(), "data": {"net": "errand", "data": {"order": id}}})
    .to_string()
}

pub(crate) fn event(id: &str, customer: &str, time: Time, story: &str, round: usize) -> String {
    let data: Value = match story {
        // It is by its content that it is known.
        "trap" | "trap-again" => json!({"subscription_id": "s", "story": "trap"}),
        _ => json!({"subscription_id": "s", "story": story, "order": id, "round": round}),
    };
    json!({"specversion": "1.0", "id": id, "source": "/shop", "type": "marketplace.RenewalDue", "tenant": "acme",
           "subject": customer, "time": time.to_string(), "data": data})
    .to_string()
}

/// A day after the last line: whatever waits has fired.
pub(crate) fn until() -> Time {
    minute(ROUNDS * STORIES.len()).plus_ms(86_400_000)
}

/// What somebody does in the end about what is not over: the verb, and the event.
pub(crate) fn acts() -> Vec<(Verb, String)> {
    let of_round = |round: usize| {
        [
            (Verb::Settle, "stuck-hard"),
            (Verb::Retry, "silent"),
            (Verb::Resolve { winner: None }, "referred"),
            (Verb::Refuse, "hopeless"),
        ]
        .map(|(verb, story)| (verb, format!("{story}-{round}")))
    };
    (0..ROUNDS).flat_map(of_round).chain([(Verb::Release, "trap-again-1".to_owned())]).collect()
}
