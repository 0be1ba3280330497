//! The governor `{{name}}`. What it is and how it is tried stands in `README.md`.

use syndic_sdk::prelude::*;

/// Large teams need a contract.
#[governor(kinds = ["CustomerSubscribes"])]
fn {{ident}}(cx: &Context) -> Answer {
    let Event::CustomerSubscribes(order) = cx.event()? else { return abstain() };
    if order.seats > 20 {
        return refuse("too-many-seats", "more than 20 seats need a contract");
    }
    approve()
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_sdk::testing::{World, event};

    #[test]
    fn twenty_seats_are_welcome_and_one_more_needs_a_contract() {
        let order = |seats| event("CustomerSubscribes", json!({"sku": "pro", "seats": seats}));
        assert!(World::new(&GOVERNOR).judge(order(20)).is_completed());
        assert_eq!(World::new(&GOVERNOR).judge(order(21)).code(), Some("too-many-seats"));
    }
}
