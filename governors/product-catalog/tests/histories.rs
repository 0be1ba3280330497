//! What must hold after any history, over long random ones.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use syndic_governor_product_catalog::GOVERNOR;
use syndic_governor_product_catalog::table::{MOVES, State, Trigger, next};
use syndic_sdk::testing::{Dice, Judged, Outcome, Page, Seen, World};
use syndic_sdk::{Event, Time};

const LIVES: u64 = 100;
const STEPS: u32 = 250;
const SKUS: [&str; 3] = ["gold", "silver", "pro"];
const README: Page = Page::new(include_str!("../README.md"));

const STATUSES: [(&str, State, Trigger); 5] = [
    ("draft", State::Draft, Trigger::Draft),
    ("published", State::Published, Trigger::Publish),
    ("featured", State::Featured, Trigger::Feature),
    ("deprecated", State::Deprecated, Trigger::Deprecate),
    ("archived", State::Archived, Trigger::Archive),
];

/// An entry as it reads from outside; absent, it is null.
struct Entry(Value);

impl Entry {
    fn of(world: &World, sku: &str) -> Entry {
        Entry(world.tenant_value(&format!("product-catalog.sku.{sku}")))
    }

    /// The bundled book sells `pro` before the tenant has an entry of its own.
    fn state(&self, sku: &str) -> State {
        let absent = if sku == "pro" { State::Published } else { State::Absent };
        STATUSES.iter().find(|(status, ..)| self.0["status"] == *status).map_or(absent, |(_, state, _)| *state)
    }

    fn month(&self) -> Option<i64> {
        self.0["prices"]["monthly"]["minor_units"].as_i64()
    }

    fn scheduled(&self) -> &[Value] {
        self.0["scheduled"].as_array().map_or(&[], Vec::as_slice)
    }

    fn subscribers(world: &World, sku: &str) -> i64 {
        world.tenant_value(&format!("shared.subscribers.{sku}")).as_i64().unwrap_or(0)
    }
}

#[derive(Default)]
struct Record {
    moves: BTreeSet<(State, Trigger, State)>,
    seen: Seen,
    events: u64,
}

impl Record {
    fn observe(&mut self, (sku, before): (&str, &Entry), world: &World, event: &Event, judged: &Judged) {
        self.events += 1;
        self.seen.note(judged);
        let after = Entry::of(world, sku);
        match &judged.outcome {
            Outcome::Completed => {}
            Outcome::Refused(_) => return assert_eq!(before.0, after.0),
            broken => panic!("{event:?}: {broken:?}"),
        }
        let (from, to) = (before.state(sku), after.state(sku));
        assert!(from != State::Archived || judged.is_silent(), "an archived SKU was written: {event:?}");
        if let Some(on) = asked(event, before, judged) {
            assert_eq!(next(from, on), Some(to), "{event:?}");
            self.moves.insert((from, on, to));
        }
        assert!(from == to || to != State::Archived || Entry::subscribers(world, sku) == 0, "{sku} has subscribers");
        let first = first_due(&after);
        assert!(first.is_none() || first == world.due(&format!("apply.{sku}")), "what waits has its timer");
    }
}

/// What was asked of the entry at this moment: by the event, or by the one change whose day has come.
fn asked(event: &Event, before: &Entry, judged: &Judged) -> Option<Trigger> {
    let trigger = |status: &Value| STATUSES.iter().find(|(name, ..)| status == *name).map(|(_, _, on)| *on);
    match event {
        Event::TimerFired(_) if judged.is_silent() || judged.note.is_some() => None, // it was dropped
        Event::TimerFired(_) => trigger(&before.scheduled()[0]["sku"]["status"]),
        _ => {
            let data: Value = event.data().parse().expect("an event holds JSON");
            data["effective_at"].is_null().then(|| trigger(&data["status"])).flatten()
        }
    }
}

fn first_due(entry: &Entry) -> Option<Time> {
    let first = entry.scheduled().first()?;
    Time::parse(first["effective_at"].as_str()?).ok()
}

/// What sells never costs more than a tenth more without thirty days' notice.
fn rises_with_notice(before: &Entry, after: &Entry, announced: Option<Time>, now: Time) {
    let (Some(old), Some(new)) = (before.month(), after.month()) else { return };
    if before.0["status"] != "draft" && new * 10 > old * 11 {
        let in_time = announced.is_some_and(|announced| now >= announced.plus_days(30));
        assert!(in_time, "from {old} to {new}, announced {announced:?}, now {now}");
    }
}

fn change(dice: &mut Dice, sku: &str, now: Time) -> Event {
    let prices = json!({ "monthly": { "minor_units": dice.pick(&[0, 900, 1_000, 1_080, 2_000]), "currency": "USD" } });
    let status = STATUSES[dice.below(5)].0;
    let days = [5, 20, 30, 40][dice.below(4)];
    let at = dice.once_in(2).then(|| now.plus_days(days).plus_ms(dice.below(1_000) as i64));
    let data = json!({ "sku": sku, "name": sku, "status": status, "prices": prices, "effective_at": at });
    Event::parse("ProductChanged", &data.to_string()).expect("a history holds events that the host lets in")
}

/// A random life of three SKUs, and after it a quarter in which nobody changes anything.
fn life(seed: u64) -> Record {
    let (mut dice, mut record, mut now) = (Dice::new(seed), Record::default(), Time::from_date(2026, 1, 31));
    let mut world = World::new(&GOVERNOR).now(now);
    for _ in 0..STEPS {
        let sku = dice.pick(&SKUS);
        world.set_tenant_fact(&format!("shared.subscribers.{sku}"), dice.below(2) as i64);
        let event = change(&mut dice, sku, now);
        let before = Entry::of(&world, sku);
        world.play(event, |world, event, judged| {
            record.observe((sku, &before), world, event, judged);
            rises_with_notice(&before, &Entry::of(world, sku), None, now);
        });
        now = now.plus_hours(dice.below(24 * 8) as i64);
        pass(&mut world, now, &mut record);
    }
    pass(&mut world, now.plus_days(90), &mut record);
    assert!(SKUS.iter().all(|sku| Entry::of(&world, sku).scheduled().is_empty()), "time alone applies what waits");
    record
}

fn pass(world: &mut World, until: Time, record: &mut Record) {
    while let Some(timer) = world.due_timers(until).first().map(|name| (*name).to_owned()) {
        let sku = timer.trim_start_matches("apply.");
        let (before, due) = (Entry::of(world, sku), world.due(&timer));
        let Some(due) = due else { panic!("{timer} is due") };
        let first = before.scheduled().first().and_then(|first| first["announced_at"].as_str());
        let announced = first.and_then(|text| Time::parse(text).ok());
        world.play_until(due, |world, event, judged| {
            if event.data().contains(&timer) {
                record.observe((sku, &before), world, event, judged);
                rises_with_notice(&before, &Entry::of(world, sku), announced, due);
            }
        });
    }
    world.set_now(until);
}

#[test]
fn what_happens_in_long_lives_is_what_the_table_says_and_every_rise_was_announced() {
    let lives: Vec<_> = (1..=LIVES).map(life).collect();
    let moves: BTreeSet<_> = lives.iter().flat_map(|life| life.moves.clone()).collect();
    assert_eq!(moves, MOVES.iter().copied().collect());
    assert!(lives.iter().map(|life| life.events).sum::<u64>() > 20_000);
    README.tells_of(&lives.into_iter().map(|life| life.seen).collect());
}
