//! A governor that fails after money was reserved, while the bank does not answer to the undo: the event is stuck, and
//! nothing else is.
//!
//! The component sits in the slot `billing` for one run; the bundled one is back with the next.

use serde_json::{Value, json};

use crate::guest::{Guest, words};
use crate::syndic::{Home, NEW_YEAR, event, stream, subscribes, text};

/// An answer that reserves money with a method, and says how that is undone. Where it lies is in [`crate::guest`].
fn reserves(method: &str) -> String {
    let body = json!({"payment_method": method, "amount": {"minor_units": 700, "currency": "USD"}}).to_string();
    let texts = ["hold", "authorize-payment", "inv-1", &body, "void-authorization"];
    let mut at = 6_000_u32;
    let (mut places, mut data) = (Vec::new(), String::new());
    for text in texts {
        let length = u32::try_from(text.len()).unwrap();
        data.push_str(&format!("(data (i32.const {at}) \"{}\")", text.escape_default()));
        places.push([at, length]);
        at += length;
    }
    let [id, action, key, body, undo] = places[..] else { unreachable!("five texts have five places") };
    let effect = [&id[..], &action, &[1], &key, &body, &[1], &undo, &body].concat();
    format!("{data} (data (i32.const 288) \"{}\") (data (i32.const 5000) \"{}\")", words(&[5_000, 1]), words(&effect))
}

/// Reserves with a method, hears the answer, and traps.
pub(crate) fn breaks_down(method: &str) -> Vec<u8> {
    let more = reserves(method);
    let (kind, action) = ("CustomerSubscribes", "authorize-payment");
    Guest { kind, action, feedback: "(unreachable)", more: &more, ..Guest::default() }.build()
}

pub(crate) fn order(id: &str, customer: &str) -> Value {
    subscribes(id, customer, json!({"sku": "starter", "payment_method": "card"}))
}

fn stats(home: &Home) -> Value {
    home.run(&["stats", "--json"]).exits(0).values().remove(0)
}

#[test]
fn what_cannot_be_undone_is_parked_for_a_person_and_everybody_is_served_on() {
    let home = Home::new();
    let others = [
        order("evt-1", "ann"),
        event("evt-2", NEW_YEAR, "PaymentFailed", "ann", json!({"reason": "none"})),
        order("evt-3", "bob"),
    ];
    let told = home.play_with_governor(stream(&others), "billing", &breaks_down("sandbox:undo-fails")).exits(0);
    assert_eq!(told.outcomes(), ["stuck", "completed", "stuck"], "the lane goes on, and the others do");
    let stuck = told.line(1);
    assert_eq!(
        (&stuck["error"]["kind"], &stuck["error"]["effect"]),
        (&json!("RollbackFailed"), &json!("billing/hold"))
    );
    let path: Vec<String> = stuck["state_path"].as_array().unwrap().iter().map(text).collect();
    assert!(path.contains(&"ErrorRecovery".to_owned()) && path.last().unwrap() == "Idle", "{path:?}");
    let own: Vec<&Value> =
        stuck["effects"].as_array().unwrap().iter().filter(|effect| effect["id"] == "billing/hold").collect();
    assert_eq!(own.len(), 1);
    assert!(own[0]["status"] != "undone" && own[0]["status"] != "pending", "{own:?}");
    home.run(&["fact", "list", "acme", "ann"]).exits(1);
    assert_eq!((&stats(&home)["stuck_events"], &stats(&home)["outcomes"]["stuck"]), (&json!(2), &json!(2)));

    let again = home.play(stream(&others)).exits(0);
    assert_eq!(again.outcomes(), ["stuck", "completed", "stuck"], "an event has one outcome for ever");
    assert!(again.of_lines().iter().all(|line| line["duplicate"] == true), "{}", again.out);
    let told = home.play(stream(&[order("evt-4", "ann"), order("evt-5", "cat")])).exits(0);
    assert_eq!(told.outcomes(), ["completed", "completed"], "the bundled governor is back");
    assert_eq!(
        home.fact("ann", "billing.account")["received"],
        json!({"USD": 2_999}),
        "the first order charged nothing"
    );
    assert_eq!(stats(&home)["stuck_events"], 2, "they wait for a person");
}

#[test]
fn what_can_be_undone_is_and_the_replaced_governor_is_named_in_the_receipt() {
    let home = Home::new();
    let component = breaks_down("card");
    let told = home.play_with_governor(stream(&[order("evt-1", "ann")]), "billing", &component).exits(0);
    assert_eq!(told.outcomes(), ["rolled-back"]);
    assert_eq!(stats(&home)["stuck_events"], 0);
    let told = home.play(stream(&[order("evt-2", "ann")])).exits(0);
    assert_eq!(told.outcomes(), ["completed"]);
    let billing = |receipt: &Value| {
        let governors = receipt["governors"].as_array().cloned().unwrap_or_default();
        governors.into_iter().find(|governor| governor["slot"] == "billing").map(|governor| governor["digest"].clone())
    };
    let receipts = home.receipts();
    assert_eq!(receipts[0]["outcome"], "rolled-back");
    assert!(billing(&receipts[0]).is_some() && billing(&receipts[1]).is_some());
    assert_ne!(billing(&receipts[0]), billing(&receipts[1]), "who judged is in each receipt");
}
