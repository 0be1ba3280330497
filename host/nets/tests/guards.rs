//! What a guard may ask, and what is known of a task's guards before any case runs.

use syndic_nets::guard::{ChoiceError, Coverage, Guard, Unset, choose, cover, cover_within};
use syndic_nets::model::{Outcome, Type, Value, Variable};

fn data() -> Vec<Variable> {
    let kinds = [
        ("cancelled", Type::Bool),
        ("verdict", Type::Enum(vec!["pass".into(), "fail".into()])),
        ("tries", Type::Range { low: 0, high: 3 }),
        ("amount", Type::Money),
        ("limit", Type::Money),
        ("country", Type::Text),
    ];
    kinds.into_iter().map(|(name, kind)| Variable { name: name.to_owned(), kind }).collect()
}

fn outcomes(guards: &[(&str, &str)]) -> Vec<Outcome> {
    let outcome = |(name, guard): &(&str, &str)| Outcome {
        name: (*name).to_owned(),
        when: Some(*guard)
            .filter(|guard| !guard.is_empty())
            .map(|guard| Guard::parse(guard, &data()).expect("a guard")),
        gives: vec![],
        sets: vec![],
        closes: None,
    };
    guards.iter().map(outcome).collect()
}

/// cancelled = false, verdict = pass, tries = 2, amount = 500; limit and country are not written yet.
fn case() -> Vec<Option<Value>> {
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    vec![Some(Value::Bool(false)), text("pass"), Some(Value::Number(2)), Some(Value::Number(500)), None, None]
}

#[test]
fn a_guard_knows_what_it_asks_about() {
    let asked = |text: &str| Guard::parse(text, &data()).expect("a guard").variables().into_iter().collect::<Vec<_>>();
    assert_eq!(asked(r#"tries < 2 && (verdict in ["pass", "fail"] || !cancelled)"#), [0, 1, 2]);
    assert_eq!(asked("cancelled ? amount < limit : amount > 5"), [0, 3, 4]);
    assert!(asked("true").is_empty());
}

#[test]
fn a_guard_says_what_cel_says() {
    for (guard, holds) in [
        ("true", true),
        ("cancelled", false),
        ("!cancelled && verdict == 'pass'", true),
        ("verdict in [\"fail\", \"pass\"]", true),
        ("verdict != \"pass\" || tries >= 3", false),
        ("amount > 499 && 500 >= amount", true),
        ("tries > 1 ? verdict == \"fail\" : cancelled", false),
        ("country == \"DE\" && cancelled", false),
        ("!cancelled || amount > limit", true),
    ] {
        assert_eq!(Guard::parse(guard, &data()).unwrap().holds(&case()), Ok(holds), "{guard}");
    }
}

#[test]
fn what_was_never_written_cannot_be_told() {
    assert_eq!(Guard::parse("amount > limit", &data()).unwrap().holds(&case()), Err(Unset(4)));
}

#[test]
fn a_guard_that_could_go_wrong_later_is_refused_now() {
    for (guard, at, what) in [
        ("verdict = \"pass\"", 8, "`=` is not expected here"),
        ("verdict ==", 10, "the guard ends too early"),
        ("tries + 1 < 3", 6, "guards compare variables with each other and with constants, and do nothing else"),
        ("size(country) > 1", 4, "guards compare variables with each other and with constants, and do nothing else"),
        ("verdict", 0, "`verdict` is one of pass, fail, and not true or false by itself"),
        ("verdict < \"pass\"", 8, "only numbers and money are less or greater"),
        ("amount == \"much\"", 10, "`amount` is never \"much\""),
        ("amount == verdict", 10, "`amount` is money, and `verdict` is one of pass, fail"),
        ("1 == 1", 0, "two constants are compared, so this never changes"),
        ("nobody", 0, "`nobody` is no variable of this net"),
    ] {
        let error = Guard::parse(guard, &data()).expect_err(guard);
        assert_eq!((error.at, error.what.as_str()), (at, what), "{guard}");
    }
}

#[test]
fn nesting_without_end_is_refused_and_harmless() {
    for deep in ["(".repeat(400) + "true" + &")".repeat(400), "(cancelled ||".repeat(70), "[".repeat(900)] {
        assert!(Guard::parse(&deep, &data()).is_err());
    }
    assert!(Guard::parse(&"x".repeat(2_000), &data()).is_err());
}

#[test]
fn a_case_that_no_outcome_fits_is_shown() {
    let gap = cover(&outcomes(&[("a", "tries < 2"), ("b", "tries > 2")]), &data(), 1_000);
    assert_eq!(gap, Coverage::Gap(vec![("tries".to_owned(), Value::Number(2))]));
}

#[test]
fn a_case_that_two_outcomes_fit_is_shown() {
    let overlap = cover(&outcomes(&[("a", "tries <= 2"), ("b", "tries >= 2")]), &data(), 1_000);
    let example = vec![("tries".to_owned(), Value::Number(2))];
    assert_eq!(overlap, Coverage::Overlap { first: "a".to_owned(), second: "b".to_owned(), example });
}

#[test]
fn money_is_tried_around_the_amounts_it_is_compared_with() {
    let gap = cover(&outcomes(&[("small", "amount < 10000"), ("large", "amount > 10000")]), &data(), 1_000);
    assert_eq!(gap, Coverage::Gap(vec![("amount".to_owned(), Value::Number(10_000))]));
    let exact = cover(&outcomes(&[("small", "amount < 10000"), ("large", "amount >= 10000")]), &data(), 1_000);
    assert!(matches!(exact, Coverage::Exact { .. }), "{exact:?}");
}

#[test]
fn two_amounts_without_end_are_left_to_the_running_case() {
    let outcomes = outcomes(&[("within", "amount <= limit"), ("beyond", "amount > limit")]);
    assert!(matches!(cover(&outcomes, &data(), 1_000), Coverage::Undecided(_)));
    let mut case = case();
    let unset = ChoiceError::Unset { outcome: "within".to_owned(), variable: "limit".to_owned() };
    assert_eq!(choose(&outcomes, &data(), &case), Err(unset));
    case[4] = Some(Value::Number(499));
    assert_eq!(choose(&outcomes, &data(), &case).map(|outcome| outcome.name.as_str()), Ok("beyond"));
}

#[test]
fn more_combinations_than_allowed_are_left_undecided() {
    let outcomes = outcomes(&[("a", "cancelled && verdict == \"pass\" && tries == 1"), ("b", "")]);
    assert!(matches!(cover(&outcomes, &data(), 16), Coverage::Exact { combinations: 16, .. }));
    assert!(matches!(cover(&outcomes, &data(), 15), Coverage::Undecided(_)));
    // Three comparisons on each of sixteen, and of those all guards of a net have so many.
    let mut left = 50;
    assert!(matches!(cover_within(&outcomes, &data(), 16, &mut left), Coverage::Exact { .. }));
    assert!(matches!(cover_within(&outcomes, &data(), 16, &mut left), Coverage::Undecided(_)));
    assert_eq!(left, 2);
}

#[test]
fn at_run_time_two_right_ways_stop_the_case() {
    let both = outcomes(&[("a", "tries >= 2"), ("b", "tries <= 2")]);
    assert_eq!(choose(&both, &data(), &case()), Err(ChoiceError::Several("a".to_owned(), "b".to_owned())));
    let none = outcomes(&[("a", "tries > 2"), ("b", "cancelled")]);
    assert_eq!(choose(&none, &data(), &case()), Err(ChoiceError::None));
    assert_eq!(choose(&outcomes(&[("a", ""), ("b", "")]), &data(), &case()), Err(ChoiceError::Named));
}
