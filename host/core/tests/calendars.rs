//! Business days, and the three promises they keep whatever the clock does.

use proptest::prelude::*;
use syndic_core::Time;
use syndic_core::calendar::{Calendar, Calendars, Unit};
use syndic_core::json::strict;

/// Zones that change their clocks at night, at midnight, by half an hour, on working days, or once left a day out.
const ZONES: &[&str] = &[
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "Australia/Lord_Howe",
    "Asia/Tehran",
    "Africa/Cairo",
    "Pacific/Apia",
];

const UNITS: &[Unit] = &[Unit::Seconds, Unit::Minutes, Unit::Hours, Unit::Days, Unit::BusinessDays, Unit::Months];

fn calendar(json: &str) -> Result<Calendar, String> {
    serde_json::from_value(strict(json.as_bytes())?).map_err(|error| error.to_string())
}

fn check(json: &str, count: u32, unit: Unit, from: &str, due: &str) {
    let calendar = calendar(json).expect("it reads");
    let moment = calendar.due(count, unit, Time::parse(from).expect("it reads"));
    assert_eq!(moment, Time::parse(due).expect("it reads"), "{count} {unit:?} from {from} in {json}: {moment}");
}

const BERLIN: &str = r#"{"zone":"Europe/Berlin","hours":{"open":"09:00","close":"17:00"},"holidays":["2026-12-25"]}"#;

#[test]
fn a_business_day_is_the_time_of_one_working_day() {
    let bd = Unit::BusinessDays;
    // A Friday, a Monday.
    check("{}", 1, bd, "2026-01-02T10:00:00Z", "2026-01-05T10:00:00Z");
    check("{}", 5, bd, "2026-01-05T10:00:00Z", "2026-01-12T10:00:00Z");
    // What begins on a Saturday begins on Monday morning.
    check("{}", 1, bd, "2026-01-03T10:00:00Z", "2026-01-06T00:00:00Z");
}

#[test]
fn hours_holidays_and_the_zone_count() {
    let bd = Unit::BusinessDays;
    check(BERLIN, 1, bd, "2026-12-24T09:00:00+01:00", "2026-12-28T09:00:00+01:00");
    check(BERLIN, 1, bd, "2026-12-23T18:00:00+01:00", "2026-12-28T09:00:00+01:00");
    check(BERLIN, 1, bd, "2026-12-23T07:00:00+01:00", "2026-12-24T09:00:00+01:00");
    // Late on Thursday in New York is Friday in UTC, and Thursday all the same.
    check(r#"{"zone":"America/New_York"}"#, 1, bd, "2026-01-01T23:00:00-05:00", "2026-01-02T23:00:00-05:00");
}

#[test]
fn the_hour_on_the_wall_is_kept_where_the_clock_changes_and_a_day_of_24_hours_is_one() {
    // Berlin's clocks went forward in the night to Sunday, the 29th of March.
    check(BERLIN, 1, Unit::BusinessDays, "2026-03-27T10:00:00+01:00", "2026-03-30T10:00:00+02:00");
    check(BERLIN, 3, Unit::Days, "2026-03-27T10:00:00+01:00", "2026-03-30T11:00:00+02:00");
    let all_days = r#"{"zone":"Europe/Berlin","working_days":["mon","tue","wed","thu","fri","sat","sun"]}"#;
    // Half past two was skipped; an hour that was lived twice counts once.
    check(all_days, 1, Unit::BusinessDays, "2026-03-28T02:30:00+01:00", "2026-03-29T03:00:00+02:00");
    check(all_days, 1, Unit::BusinessDays, "2026-10-24T02:30:00+02:00", "2026-10-25T02:30:00+02:00");
    check(all_days, 1, Unit::BusinessDays, "2026-10-25T02:30:00+01:00", "2026-10-26T03:00:00+01:00");
}

#[test]
fn a_day_that_a_month_lacks_is_over_with_the_month() {
    check("{}", 12, Unit::Months, "2026-01-15T10:00:00Z", "2027-01-15T10:00:00Z");
    check("{}", 1, Unit::Months, "2026-01-31T10:00:00Z", "2026-03-01T00:00:00Z");
    check("{}", 12, Unit::Months, "2028-02-29T10:00:00Z", "2029-03-01T00:00:00Z");
}

#[test]
fn what_is_no_calendar_is_refused_with_a_sentence() {
    for (json, says) in [
        (r#"{"zone":"Mars/Olympus"}"#, "no time zone"),
        (r#"{"zone":""}"#, "no time zone"),
        (r#"{"working_days":[]}"#, "needs a working day"),
        (r#"{"working_days":["someday"]}"#, "someday"),
        (r#"{"hours":{"open":"17:00","close":"09:00"}}"#, "does not come after"),
        (r#"{"hours":{"open":"nine","close":"17:00"}}"#, "no time of day"),
        (r#"{"hours":{"open":"09:00","close":"09:00"}}"#, "does not come after"),
        (r#"{"holidays":["2026-02-30"]}"#, "no day"),
        (r#"{"holidays":["2026-12-25T10:00"]}"#, "no day"),
        (r#"{"holiday":[]}"#, "holiday"),
    ] {
        let told = calendar(json).unwrap_err();
        assert!(told.contains(says), "{json}: {told}");
    }
}

#[test]
fn everything_that_is_wrong_with_a_calendar_is_told_at_once() {
    let told = calendar(r#"{"zone":"Here","working_days":["mon","m"],"holidays":["x","2026-01-01","y"]}"#).unwrap_err();
    assert_eq!(told.matches(" is no ").count(), 4, "{told}");
}

#[test]
fn a_calendar_reads_back_as_it_is_written_and_tenants_may_have_their_own() {
    let written = format!(r#"{{"tenants":{{"acme":{BERLIN}}}}}"#);
    let calendars: Calendars = serde_json::from_str(&written).unwrap();
    let again: Calendars = serde_json::from_str(&serde_json::to_string(&calendars).unwrap()).unwrap();
    assert_eq!(again, calendars);
    assert_eq!(calendars.of("acme"), &calendar(BERLIN).unwrap());
    assert_eq!(calendars.of("other"), &Calendar::default());
}

fn calendars() -> impl Strategy<Value = Calendar> {
    let days =
        prop::collection::btree_set(prop::sample::select(vec!["mon", "tue", "wed", "thu", "fri", "sat", "sun"]), 1..7);
    let hours = prop::option::of((0..24u32, 0..60u32, 1..24u32));
    let holidays = prop::collection::vec((2026..2029i16, 1..13i8, 1..29i8), 0..30);
    (prop::sample::select(ZONES), days, hours, holidays).prop_map(|(zone, days, hours, holidays)| {
        let hours = hours.map(|(open, minute, long)| {
            let close = if open + long >= 24 { "24:00".to_owned() } else { format!("{:02}:{minute:02}", open + long) };
            serde_json::json!({"open": format!("{open:02}:{minute:02}"), "close": close})
        });
        let holidays: Vec<String> = holidays.iter().map(|(y, m, d)| format!("{y}-{m:02}-{d:02}")).collect();
        let mut written = serde_json::json!({"zone": zone, "working_days": days, "holidays": holidays});
        if let Some(hours) = hours {
            written["hours"] = hours;
        }
        serde_json::from_value(written).expect("it reads")
    })
}

/// Moments of 2011 and of 2025 to 2028, half of them near a change of the clock in one of the zones.
fn moments() -> impl Strategy<Value = Time> {
    let near = |text: &'static str| {
        let at = Time::parse(text).expect("it reads");
        (-12_000_000i64..12_000_000).prop_map(move |ms| at.plus_ms(ms))
    };
    prop_oneof![
        4 => (1_735_689_600_000i64..1_830_297_600_000).prop_map(Time::from_ms),
        1 => near("2026-03-28T01:00:00Z"),
        1 => near("2026-10-24T01:00:00Z"),
        1 => near("2026-10-30T21:00:00Z"),
        1 => (1_325_000_000_000i64..1_325_500_000_000).prop_map(Time::from_ms),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn who_came_first_is_never_due_last(
        calendar in calendars(), a in moments(), gap in 0i64..200_000_000, count in 1u32..40,
        unit in prop::sample::select(UNITS),
    ) {
        let b = a.plus_ms(gap);
        prop_assert!(a < calendar.due(count, unit, a));
        prop_assert!(calendar.due(count, unit, a) <= calendar.due(count, unit, b));
        prop_assert!(calendar.due(count, unit, a) <= calendar.due(count + 1, unit, a));
    }

    #[test]
    fn nothing_is_due_on_a_day_of_rest(calendar in calendars(), from in moments(), count in 1u32..40) {
        prop_assert!(calendar.works_at(calendar.due(count, Unit::BusinessDays, from)));
    }

    #[test]
    fn business_days_add_up(calendar in calendars(), from in moments(), one in 1u32..20, more in 1u32..20) {
        let bd = Unit::BusinessDays;
        prop_assert_eq!(calendar.due(more, bd, calendar.due(one, bd, from)), calendar.due(one + more, bd, from));
    }
}
