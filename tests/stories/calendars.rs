//! Whose days are counted: every tenant's by its own calendar, from the configuration to the moment that something is
//! due, over changes of the clock, over kills, and in what receipts name.

use serde_json::{Value, json};

use crate::syndic::{Home, Told, stream, text};

/// Somebody has two working days to answer, and their chief hears of it after one.
const PROMISE: &str = r#"
net = "promise"
about = "an answer within two working days"

[conditions]
P_Asked = "somebody wants to know"
P_Over = "they do, or nobody told them"

[task.T_Answer]
kind = "user"
roles = ["support"]
sla = "1 bd"
escalation = "chief"
takes = "P_Asked"
gives = "P_Over"

[task.T_Elapsed]
kind = "timer"
after = "2 bd"
takes = "P_Asked"
gives = "P_Over"
"#;

/// America's clocks go forward on the 8th of March, Europe's on the 29th; both have holidays around it.
const CALENDARS: &str = r#"
[calendars.news-of-york]
zone = "America/New_York"
holidays = [2026-03-09]

[calendars."Bücher & Söhne"]
zone = "Europe/Berlin"
hours = { open = "09:00", close = "17:00" }
holidays = ["2026-03-30"]
"#;

const YORK: &str = "news-of-york";
const BERLIN: &str = "Bücher & Söhne";
const OTHERS: &str = "anywhere";

/// Friday afternoon in New York, when Berlin has gone home; and Friday afternoon in Berlin.
const FRIDAYS: [&str; 2] = ["2026-03-06T21:30:00Z", "2026-03-27T15:30:00Z"];

/// Who is late when, and when the two days are over.
#[rustfmt::skip]
const DUE: [(&str, &str, &str, &str); 6] = [
    // Half past four on the wall, before the clock went forward and after it; Monday was a holiday.
    (YORK,   "c-1", "2026-03-10T20:30:00Z", "2026-03-11T20:30:00Z"),
    // It begins on Monday morning at nine.
    (BERLIN, "c-1", "2026-03-10T08:00:00Z", "2026-03-11T08:00:00Z"),
    (OTHERS, "c-1", "2026-03-09T21:30:00Z", "2026-03-10T21:30:00Z"),
    (YORK,   "c-2", "2026-03-30T15:30:00Z", "2026-03-31T15:30:00Z"),
    // Half past four again: the clock has gone forward, and Monday was a holiday.
    (BERLIN, "c-2", "2026-03-31T14:30:00Z", "2026-04-01T14:30:00Z"),
    (OTHERS, "c-2", "2026-03-30T15:30:00Z", "2026-03-31T15:30:00Z"),
];

fn launches() -> Vec<Value> {
    let launch = |time: &str, case: String, tenant: &str| {
        json!({
            "specversion": "1.0", "id": case, "source": "/desk", "type": "syndic.case.launch", "tenant": tenant,
            "subject": case, "time": time, "data": {"net": "promise"},
        })
    };
    let at = |(nth, time): (usize, &&str)| [YORK, BERLIN, OTHERS].map(|it| launch(time, format!("c-{}", nth + 1), it));
    FRIDAYS.iter().enumerate().flat_map(at).collect()
}

/// A home with its net and its calendars, and what `play` is told of them.
fn home(calendars: &str) -> (Home, [String; 4]) {
    let home = Home::new();
    let [net, config] = [home.file("promise.toml", PROMISE), home.file("syndic.toml", calendars)];
    let path = |file: std::path::PathBuf| file.to_str().unwrap().to_owned();
    (home, ["--net".into(), path(net), "--config".into(), path(config)])
}

fn play(home: &Home, with: &[String]) -> Told {
    let with: Vec<&str> = with.iter().map(String::as_str).chain(["--until", "2026-04-30T00:00:00Z"]).collect();
    home.play_with(stream(&launches()), &with).exits(0)
}

fn case(home: &Home, tenant: &str, case: &str) -> Value {
    home.run(&["case", "show", case, "--tenant", tenant, "--json"]).exits(0).values().remove(0)
}

/// When the step came that says or fires this.
fn when(case: &Value, what: &str) -> String {
    let steps = case["history"].as_array().cloned().unwrap_or_default();
    let has = |step: &&Value| step["fired"].to_string().contains(what) || step["told"].to_string().contains(what);
    steps.iter().find(has).map(|step| text(&step["time"])).unwrap_or_default()
}

#[track_caller]
fn everybody_was_due(home: &Home) {
    for (tenant, id, late, over) in DUE {
        let case = case(home, tenant, id);
        assert_eq!((when(&case, "chief").as_str(), when(&case, "T_Elapsed").as_str()), (late, over), "{tenant} {id}");
    }
}

/// The configurations that receipts name.
fn configurations(home: &Home) -> Vec<String> {
    let mut all: Vec<String> = home.receipts().iter().map(|receipt| text(&receipt["configuration"])).collect();
    all.dedup();
    all
}

#[test]
fn every_tenants_days_are_its_own_and_a_play_that_was_killed_counts_the_same() {
    let (undisturbed, with) = home(CALENDARS);
    let told = play(&undisturbed, &with);
    everybody_was_due(&undisturbed);

    let (killed, with) = home(CALENDARS);
    let words: Vec<&str> = with.iter().map(String::as_str).collect();
    // A directory knows how days are counted there, so whoever goes on with it need not say so.
    for (line, words) in [(1, &words[..]), (3, &words[..2]), (6, &words[..2])] {
        let mut playing = killed.begin_with(words);
        for (number, launch) in (1..).zip(&launches()[..line]) {
            playing.say(launch);
            playing.hear(number);
        }
        playing.kill();
    }
    assert_eq!(play(&killed, &with[..2]).root(), told.root());
    everybody_was_due(&killed);
    assert_eq!(configurations(&killed), configurations(&undisturbed));
    assert_eq!(configurations(&killed).len(), 1);
}

#[test]
fn receipts_name_the_calendars_that_counted_and_who_says_nothing_new_has_the_old_ones() {
    let of = |calendars: &str| {
        let (home, with) = home(calendars);
        let told = play(&home, &with);
        (told.root(), configurations(&home))
    };
    let (plain, with) = home("");
    let unsaid = (play(&plain, &with[..2]).root(), configurations(&plain));
    let spelt_out =
        "[calendar]\nzone = \"UTC\"\nhours = { open = \"00:00\", close = \"24:00\" }\n[calendars.x]\nzone = \"utc\"\n";
    assert_eq!(of(spelt_out), unsaid);
    assert_ne!(of(CALENDARS).1, unsaid.1);
    let elsewhere = "[calendars.nobody]\nzone = \"Asia/Tokyo\"\n";
    assert_ne!(of(elsewhere).1, unsaid.1);
}

#[test]
fn a_command_to_a_directory_counts_as_it_is_told_and_then_as_the_directory_did() {
    let (home, with) = home(CALENDARS);
    let [.., net, _, config] = &with;
    home.run(&["net", "load", net]).exits(0);
    let launch = |id: &str, more: &[&str]| {
        let args = ["case", "launch", "promise", "--id", id, "--tenant", BERLIN, "--at", FRIDAYS[1], "--json"];
        home.run(&[&args, more].concat()).exits(0);
        text(&case(&home, BERLIN, id)["due"])
    };
    assert_eq!(launch("before", &[]), "2026-03-30T15:30:00Z");
    assert_eq!(launch("told", &["--config", config]), "2026-03-31T14:30:00Z");
    assert_eq!(launch("after", &[]), "2026-03-31T14:30:00Z");
    assert_eq!(text(&case(&home, BERLIN, "before")["due"]), "2026-03-30T15:30:00Z", "what is due stays due");
    home.file("syndic.toml", "[calendar]\nzone = \"Here\"\n");
    let wrong = ["case", "launch", "promise", "--id", "x", "--tenant", BERLIN, "--config", config];
    home.run(&wrong).fails(2, &["`calendar.zone` cannot be used", "syndic.toml:2", "`Here` is no time zone"]);
}
