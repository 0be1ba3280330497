//! Components that do their worst, one after the other, in one host.
//!
//! The table says of each what it does, what stops it, and how an operator reads it. It ends there, within its limit;
//! the next event is judged as if nothing had been; and when all have been there twice, nothing of them is left in
//! memory. `cargo test --release --workspace --test hostile -- --nocapture` prints the table as it came to pass;
//! `SYNDIC_HOSTILE=TEXT` meets only those that do something like it.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on stops where it is")]
#![allow(clippy::print_stdout, reason = "the table is for reading")]

mod answer;
#[path = "../../host/runtime/tests/runtime/guest.rs"]
mod guest;
mod house;
mod row;
mod rows;

use std::time::Duration;

use house::{House, Met, names_a_machine};
use row::Row;
use syndic_tests::process::resident_bytes;
use syndic_tests::watch::Watch;

/// The product's own, so that what is left in memory is what the product would be left with.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What hangs for so long hangs for ever.
const HANGS: Duration = Duration::from_secs(120);

/// Components that there are at least.
const ROWS_MIN: usize = 240;

/// Bytes by which a round of the ordinary ones may leave the process larger than the round before. What compiling takes
/// and gives back leaves holes that the allocator fills again; a leak would be as large with every round.
const GROWS_MAX_BYTES: u64 = 48 * 1024 * 1024;

/// How often a round is met again to find one that leaves the process no larger. Threads of the compiler that worked
/// for the first time keep memory of their own, and which of them work in which round is chance.
const ROUNDS_MORE: usize = 4;

/// Bytes that the process may hold when all have been there, the giants too. The allocator keeps some of what they took.
const HOLDS_MAX_BYTES: u64 = 1536 * 1024 * 1024;

#[test]
fn no_component_gets_past_its_limit_or_leaves_anything_behind() {
    let (ordinary, giants, all) = wanted();
    let (mut house, watch) = (House::new(), Watch::over(HANGS));
    let mut wrong = Vec::new();
    println!("{:56} {:9} {:15} {:>9} {:>9} {:>9}", "component", "limit", "class", "fuel", "loading", "judging");
    let mut held = rounds(&mut house, &watch, &ordinary, &mut wrong);
    for _ in 0..ROUNDS_MORE {
        if !all || !grew(held) {
            break;
        }
        held = [held[1], round(&mut house, &watch, &ordinary)];
    }
    let last = rounds(&mut house, &watch, &giants, &mut wrong)[1];
    let mib = |bytes: Option<u64>| bytes.map_or("?".to_owned(), |bytes| (bytes >> 20).to_string());
    let count = ordinary.len() + giants.len();
    println!(
        "{count} components, twice; resident: {} and {} MiB, {} after the giants",
        mib(held[0]),
        mib(held[1]),
        mib(last)
    );
    assert!(wrong.is_empty(), "\n\n{}\n", wrong.join("\n"));
    assert!(!all || count >= ROWS_MIN, "only {count} components");
    assert!(!all || !grew(held), "every round leaves more behind, the last of them {held:?} bytes before and after");
    if let (Some(last), true) = (last, all) {
        assert!(last <= HOLDS_MAX_BYTES, "{last} bytes are left");
    }
}

/// Whether a round left the process larger than it should; of a machine that does not say, it is not known.
fn grew(held: [Option<u64>; 2]) -> bool {
    matches!(held, [Some(before), Some(after)] if after > before + GROWS_MAX_BYTES)
}

/// Meets each once more, and says what the process held afterwards.
fn round(house: &mut House, watch: &Watch, rows: &[Row]) -> Option<u64> {
    for row in rows {
        watch.now(format!("{}, and again", row.does));
        house.meet(row);
    }
    resident_bytes()
}

/// Meets each twice, and says what the process held after either round.
fn rounds(house: &mut House, watch: &Watch, rows: &[Row], wrong: &mut Vec<String>) -> [Option<u64>; 2] {
    let first: Vec<Met> = rows.iter().map(|row| meet(house, watch, row, wrong)).collect();
    let before = resident_bytes();
    for (row, first) in rows.iter().zip(&first) {
        watch.now(format!("{}, once more", row.does));
        again(row, first, &house.meet(row), wrong);
    }
    [before, resident_bytes()]
}

/// The rows of this run, the ordinary ones and the giants, and whether they are all that there are.
fn wanted() -> (Vec<Row>, Vec<Row>, bool) {
    let (mut ordinary, mut giants) = (rows::ordinary(), rows::giants());
    let wanted = std::env::var("SYNDIC_HOSTILE").unwrap_or_default();
    for rows in [&mut ordinary, &mut giants] {
        rows.retain(|row| row.does.contains(&wanted));
    }
    (ordinary, giants, wanted.is_empty())
}

fn meet(house: &mut House, watch: &Watch, row: &Row, wrong: &mut Vec<String>) -> Met {
    watch.now(row.does);
    let met = house.meet(row);
    let (loaded, judged) = (time(met.loaded), time(met.judged));
    println!("{:56} {:9} {:15} {:>9} {loaded:>9} {judged:>9}", row.does, row.limit.name(), met.class, met.fuel);
    let mut object = |what: String| wrong.push(format!("`{}` {what}: {:.300}", row.does, met.says));
    if met.class != row.class {
        object(format!("ends as {}, not as {}", met.class, row.class));
    }
    if !met.says.contains(row.says) {
        object(format!("does not say `{}`", row.says));
    }
    if met.says.is_empty() != (row.class == row::HARMLESS)
        || met.says.len() > 30_000
        || met.says.contains(char::is_control)
        || names_a_machine(&met.says)
    {
        object("says what no receipt should".to_owned());
    }
    if met.judged > row.limit.within() || met.loaded > row::LOADS_WITHIN {
        object(format!("takes {loaded} to load and {judged} to judge"));
    }
    met
}

/// The same component does the same, in the same words and for the same fuel, unless the clock stopped it.
fn again(row: &Row, first: &Met, second: &Met, wrong: &mut Vec<String>) {
    let same = (&first.class, &first.says) == (&second.class, &second.says);
    if !same || (row.limit != row::Limit::Clock && first.fuel != second.fuel) {
        let (class, fuel, says) = (&second.class, second.fuel, &second.says);
        wrong.push(format!("`{}` ends otherwise the second time: {class}, fuel {fuel}: {says}", row.does));
    }
}

fn time(took: Duration) -> String {
    match took.as_micros() {
        micros @ 0..10_000 => format!("{micros} us"),
        micros => format!("{} ms", micros / 1_000),
    }
}
