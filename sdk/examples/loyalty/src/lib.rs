//! A loyalty governor that an operator might write, with a bug in it.
//!
//! On every upgrade it reserves a gift, and when the reservation is heard it looks the gift up by how many the customer
//! already has. There are three gifts, and nobody thought of the fourth upgrade: it panics *after* its own reservation
//! and billing's payment authorisation are done. `syndic demo` runs it to show what then remains: nothing.

use syndic_sdk::prelude::*;

const GIFTS: [&str; 3] = ["a mug", "a cap", "a hoodie"];

/// Gives a gift for every upgrade.
#[governor(
    version = "1.0.0",
    kinds = ["CustomerUpgrades"],
    reads = ["loyalty.gifts"],
    effects = ["reserve"],
    feedback = reserved
)]
fn loyalty(_: &Context) -> Answer {
    let mut decision = Decision::approve();
    decision.effect(Effect::reversible("gift", "reserve", "gift", &json!({"of": "gifts"}), "release", &json!({})));
    Ok(decision)
}

fn reserved(cx: &Context, _: &[EffectResult]) -> Answer {
    let given = cx.fact::<usize>("loyalty.gifts")?.unwrap_or(0);
    let mut decision = Decision::approve();
    decision.note(format!("the customer gets {}", GIFTS[given]));
    decision.increase("loyalty.gifts", 1);
    Ok(decision)
}

#[cfg(test)]
mod tests {
    use super::*;
    use syndic_sdk::testing::World;

    #[test]
    fn the_second_upgrade_gives_the_second_gift() {
        let mut world = World::new(&GOVERNOR).fact("loyalty.gifts", json!(1));
        let upgrade = Event::CustomerUpgrades(CustomerUpgrades {
            old_sku: "starter".into(),
            new_sku: "pro".into(),
            contract_price: None,
        });
        let judged = world.judge(upgrade);
        assert_eq!(judged.decision.note.as_deref(), Some("the customer gets a cap"));
        assert_eq!(world.value("loyalty.gifts"), json!(2));
    }
}
