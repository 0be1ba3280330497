//! Nets that nobody should have written, sent to a daemon that runs: each is answered with what is wrong with it, in bounded
//! time and memory, while events flow.

use std::io::Write as _;

use serde_json::Value;

use super::Daemon;
use super::doors::{head, tcp, token};
use super::nets::{LOAD, asks};
use super::traffic::Traffic;
use crate::syndic::{Home, text};

/// What the daemon may ever have had in memory: a proof's quarter of a gigabyte, twice, and all else.
const MEMORY_MAX_KB: u64 = 1_500_000;

fn net(name: &str, conditions: impl IntoIterator<Item = String>, tasks: &str) -> String {
    let conditions: String = conditions.into_iter().map(|name| format!("{name} = \"\"\n")).collect();
    format!("net = \"{name}\"\n[conditions]\n{conditions}{tasks}")
}

fn task(name: &str, takes: &[String], gives: &[String]) -> String {
    format!("[task.{name}]\nkind = \"auto\"\ntakes = {takes:?}\ngives = {gives:?}\n")
}

/// Branches that run beside each other, each of three conditions that lead round: as many markings as there are ways to
/// combine them, and no rule makes them fewer.
fn branches(count: usize) -> String {
    let place = |branch: usize, at: usize| vec![format!("P{branch}_{at}")];
    let all = |at: usize| (0..count).map(|branch| format!("P{branch}_{at}")).collect::<Vec<_>>();
    let mut tasks = task("Split", &["A".into()], &all(0)) + &task("Join", &all(2), &["Z".into()]);
    for branch in 0..count {
        for (from, to) in [(0, 1), (1, 2), (2, 0), (0, 2), (2, 1), (1, 0)] {
            tasks += &task(&format!("T{branch}_{from}{to}"), &place(branch, from), &place(branch, to));
        }
    }
    net("branches", ["A".to_owned(), "Z".to_owned()].into_iter().chain((0..3).flat_map(all)), &tasks)
}

/// Tokens are moved over one by one, and one is added, in each round, which cancels what was not moved: there is no end of
/// markings, and no round that could be repeated as it was.
fn moving() -> String {
    let mut tasks = String::new();
    for (name, takes, gives, cancels) in [
        ("Begin", "\"A\"", "\"O\", \"X\"", ""),
        ("Move", "\"O\", \"X\"", "\"O\", \"Y\"", ""),
        ("Turn", "\"O\"", "\"B\", \"Y\"", "\"X\""),
        ("MoveBack", "\"B\", \"Y\"", "\"B\", \"X\"", ""),
        ("TurnBack", "\"B\"", "\"O\"", "\"Y\""),
        ("End", "\"O\"", "\"Z\"", "\"X\", \"Y\""),
    ] {
        tasks +=
            &format!("[task.{name}]\nkind = \"auto\"\ntakes = [{takes}]\ngives = [{gives}]\ncancels = [{cancels}]\n");
    }
    net("moving", ["A", "O", "B", "X", "Y", "Z"].map(str::to_owned), &tasks)
}

/// So many tasks, one behind the other, each written with as little as there is; or each another net.
fn chain(name: &str, tasks: usize, kind: &str) -> String {
    let place = |nth: usize| format!("{name}p{nth:x}");
    let task = |nth: usize| {
        let (takes, gives) = (place(nth), place(nth + 1));
        format!("[task.{name}t{nth:x}]\nkind={kind}\ntakes=\"{takes}\"\ngives=\"{gives}\"\n")
    };
    net(name, (0..=tasks).map(place), &(0..tasks).map(task).collect::<String>())
}

/// A few lines that stand for a million transitions: every way in, times every way out.
fn crossed() -> String {
    let lines = |line: &str| (0..1_000).map(|nth| line.replace('#', &nth.to_string())).collect::<String>();
    let ways = lines("entry.e# = { takes = \"A\" }\n") + &lines("outcome.o# = { gives = \"Z\" }\n");
    net("crossed", ["A".to_owned(), "Z".to_owned()], &format!("[task.T]\nkind = \"user\"\n{ways}"))
}

/// What the daemon has had in memory at most.
fn peak_kb(daemon: &Daemon) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", daemon.pid())).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

#[test]
fn nets_that_nobody_should_have_written_are_answered_while_events_flow() {
    let home = Home::new();
    let (olga, shop) = (token(&home, "olga", "operator"), token(&home, "shop", "ingest"));
    // Whoever waits is answered with the verdict, however busy the machine is.
    let daemon = Daemon::start_with(&home, &["--set", "http.answer_ms=600000"]);
    let load = |net: &str| asks(&daemon, &olga, LOAD, "", net);
    let says = |net: &str, status: u16, kind: &str, says: &str| {
        let (told, problem) = load(net);
        assert_eq!((told, text(&problem["kind"])), (status, kind.to_owned()), "{problem}");
        assert!(problem.to_string().contains(says), "{says}: {problem}");
        problem
    };
    let traffic = Traffic::begin(&daemon, &shop, 1);
    std::thread::scope(|scope| {
        let hostile = scope.spawn(|| {
            for net in [branches(30), moving()] {
                let problem = says(&net, 422, "NetRejected", "after 1000000 markings nothing is proved");
                let size = &problem["size"];
                assert_eq!(
                    (text(&problem["verdict"]), size["markings"].as_u64()),
                    ("undecided".into(), Some(1_000_000))
                );
            }
            says(&chain("long", 100_000, "\"auto\""), 413, "TooLarge", "1048576");
            says(&chain("l", 11_000, "\"auto\""), 400, "NetUnreadable", "11000 tasks are too many");
            says(&chain("w", 9_000, "\"auto\"").replace("gives=\"w", "gives=\"q"), 400, "NetUnreadable", "`qp1`");
            says(&crossed(), 400, "NetUnreadable", "1000000 transitions are too many");
            says(&format!("a = {}", "[".repeat(500_000)), 400, "NetUnreadable", "recursion");
            // Nets in nets, each of thirty of the one before.
            assert_eq!(load(&chain("n0", 1, "\"auto\"")).0, 201);
            let inside = |nth: usize| chain(&format!("n{nth}"), 30, &format!("\"composite\"\nnet=\"n{}\"", nth - 1));
            assert_eq!([load(&inside(1)).0, load(&inside(2)).0], [201, 201]);
            says(&inside(3), 422, "NetRejected", "are too many for one net");
        });
        while !hostile.is_finished() {
            traffic.goes_on_for(1);
        }
        hostile.join().unwrap();
    });

    // Who hangs up leaves a proof that ends by itself; and of very many, some are not begun.
    let body = branches(30);
    let bearer = format!("authorization: Bearer {olga}");
    let headers = [bearer.as_str(), "content-type: application/toml"];
    let mut stream = tcp(&daemon);
    write!(stream, "{}content-length: {}\r\n\r\n{body}", head(LOAD, &headers), body.len()).unwrap();
    drop(stream);
    let told: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(|| load(&body))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    for (status, problem) in &told {
        let kinds = [(422, "NetRejected"), (429, "Overloaded")];
        assert!(kinds.contains(&(*status, problem["kind"].as_str().unwrap())), "{problem}");
    }
    assert!(told.iter().any(|(status, _)| *status == 429), "a proof takes longer than to send eight");
    assert_eq!(load(&chain("n0", 2, "\"auto\"")).0, 201);
    traffic.goes_on_for(3);
    assert!(traffic.ends().values().all(|sent| sent.billed().0 == "completed"));
    assert!(peak_kb(&daemon) < MEMORY_MAX_KB, "{} kB", peak_kb(&daemon));
    let loaded = asks(&daemon, &olga, "GET /v1/nets", "", "").1;
    assert_eq!(loaded.as_array().unwrap().len(), 3, "{loaded}");
    daemon.stop();
}
