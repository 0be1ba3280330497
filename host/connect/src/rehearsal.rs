//! Services of nets, played: what a case asks, the sandbox answers as its launch scripted it, or else well.
//!
//! A call says what its answer may fill (`asks`). Where nothing is scripted, each of these gets the first value of its
//! domain: the first word, true, the least number. Nets are written so that this is the good way, and a case that is
//! launched without a script goes well.

use serde_json::{Map, Value};
use syndic_core::effect::Way;
use syndic_core::ports::{Answer, NoAnswer, Request};

/// What is answered to a call of a case; none where the request is of no case.
pub(crate) fn answer(request: &Request, body: &Value) -> Option<Result<Answer, NoAnswer>> {
    let task = body.get("case").and(body.get("task"))?.as_str()?;
    let name = match request.way {
        Way::Do => task.to_owned(),
        Way::Undo => format!("undo/{task}"),
    };
    let good = well(body.get("asks"));
    let yes = |body| Ok(Answer { accepted: true, body: Value::Object(body) });
    Some(match scripted(body, &name) {
        Some(Value::String(word)) if word == "silence" => {
            Err(NoAnswer { reason: format!("no answer within {} ms", request.timeout_ms) })
        }
        Some(Value::String(word)) if word == "no" => Ok(Answer { accepted: false, body: Value::Object(Map::new()) }),
        Some(Value::Object(said)) => {
            let mut said = said.clone();
            let accepted = said.remove("accepted") != Some(Value::Bool(false));
            let body = if accepted { good.into_iter().chain(said).collect() } else { said };
            Ok(Answer { accepted, body: Value::Object(body) })
        }
        _ => yes(good),
    })
}

/// What the launch says of this try. The last thing that it says holds for all tries that follow.
fn scripted<'b>(body: &'b Value, task: &str) -> Option<&'b Value> {
    let tries = body.get("rehearse")?.get(task)?.as_array()?;
    let nth = body.get("try").and_then(Value::as_u64).unwrap_or(1).saturating_sub(1);
    tries.get(usize::try_from(nth).unwrap_or(usize::MAX)).or(tries.last())
}

/// The first value of everything that is asked.
fn well(asks: Option<&Value>) -> Map<String, Value> {
    let asks = asks.and_then(Value::as_object).into_iter().flatten();
    asks.filter_map(|(name, domain)| Some((name.clone(), first(domain)?))).collect()
}

fn first(domain: &Value) -> Option<Value> {
    match domain {
        Value::Array(words) => words.first().cloned(),
        Value::Object(range) => range.get("low").cloned(),
        Value::String(word) if word == "bool" => Some(Value::Bool(true)),
        // Of any text, and of money, none is more likely than another.
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use syndic_core::Text;
    use syndic_ledger::sha256;

    fn ask(way: Way, nth: u64, rehearse: Value) -> Option<(bool, Value)> {
        let body = json!({
            "case": "order-1", "task": "T_Pay", "attempt": 1, "try": nth, "data": {}, "rehearse": rehearse,
            "asks": {"payment": ["approved", "declined"], "sent": "bool", "score": {"low": 3, "high": 9}, "note": "text"},
        });
        let request = Request {
            tenant: "acme".into(),
            subject: "order-1".into(),
            action: "payment/authorize".into(),
            body: Text::from(body.clone()),
            key: sha256(b"key"),
            way,
            undoes: None,
            timeout_ms: 2_000,
        };
        answer(&request, &body)?.ok().map(|answer| (answer.accepted, answer.body))
    }

    const WELL: fn() -> Value = || json!({"payment": "approved", "sent": true, "score": 3});

    #[test]
    fn what_nobody_scripted_goes_well() {
        assert_eq!(ask(Way::Do, 1, json!({})), Some((true, WELL())));
        assert_eq!(ask(Way::Do, 1, json!({"T_Other": ["no"]})), Some((true, WELL())));
    }

    #[test]
    fn tries_are_answered_in_their_order_and_the_last_one_holds() {
        let script = || json!({"T_Pay": ["silence", "no", {"payment": "declined"}]});
        assert_eq!(ask(Way::Do, 1, script()), None);
        assert_eq!(ask(Way::Do, 2, script()), Some((false, json!({}))));
        let declined = json!({"payment": "declined", "sent": true, "score": 3});
        for nth in [3, 4, 99] {
            assert_eq!(ask(Way::Do, nth, script()), Some((true, declined.clone())), "{nth}");
        }
    }

    #[test]
    fn an_undo_has_a_script_of_its_own() {
        let script = || json!({"T_Pay": ["no"], "undo/T_Pay": ["silence", {"accepted": false, "why": "gone"}]});
        assert_eq!(ask(Way::Undo, 1, script()), None);
        assert_eq!(ask(Way::Undo, 2, script()), Some((false, json!({"why": "gone"}))));
    }
}
