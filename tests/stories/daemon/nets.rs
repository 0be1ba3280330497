//! Nets of a daemon that runs: loaded, changed and unloaded through its door while cases run on them; and what is sent
//! there that no case may run on.

use std::io::{Read, Write};

use serde_json::{Value, json};

use super::Daemon;
use super::doors::{ask, head, said, tcp, token};
use crate::syndic::{Home, text};

/// Somebody is asked; in the second version, twice.
fn sale(version: u32) -> String {
    let task = |name: &str, takes: &str, gives: &str| {
        format!("[task.{name}]\nkind = \"user\"\nroles = [\"support\"]\ntakes = \"{takes}\"\ngives = \"{gives}\"\n")
    };
    let again = if version == 1 { String::new() } else { task("T_Again", "P_Asked", "P_Over") };
    let over = if version == 1 { "P_Over" } else { "P_Asked" };
    let conditions = "[conditions]\nP_Open = \"\"\nP_Over = \"\"\n".to_owned();
    let conditions = if version == 1 { conditions } else { conditions + "P_Asked = \"\"\n" };
    format!("net = \"sale\"\nabout = \"version {version}\"\n{conditions}{}{again}", task("T_Ask", "P_Open", over))
}

fn headers(token: &str, key: &str) -> Vec<String> {
    let key = (!key.is_empty()).then(|| format!("idempotency-key: \"{key}\""));
    let always = [format!("authorization: Bearer {token}"), "content-type: application/toml".to_owned()];
    always.into_iter().chain(key).collect()
}

/// A request with a body, and what was answered.
pub(super) fn asks(daemon: &Daemon, token: &str, request: &str, key: &str, body: impl AsRef<[u8]>) -> (u16, Value) {
    let headers = headers(token, key);
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let (status, told) = said(tcp(daemon), request, &headers, body);
    (status, serde_json::from_str(&told).unwrap_or(Value::Null))
}

pub(super) const LOAD: &str = "POST /v1/nets?reason=a+story";

fn loads(daemon: &Daemon, token: &str, key: &str, net: impl AsRef<[u8]>) -> (u16, Value) {
    asks(daemon, token, LOAD, key, net)
}

/// How often this was done, says the ledger.
fn acts(home: &Home, act: &str) -> usize {
    home.receipts().iter().filter(|leaf| leaf["kind"].to_string().contains(&format!("\"{act}\""))).count()
}

// ── while cases run ─────────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn a_net_is_loaded_changed_and_unloaded_and_each_case_stays_on_the_one_it_began_with() {
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let [one, two] = [1, 2].map(|version| home.file(&format!("sale-{version}.toml"), sale(version)));
    let [one, two] = [one.to_str().unwrap(), two.to_str().unwrap()];
    let daemon = Daemon::start(&home);
    let does = |args: &[&str]| ask(&daemon, &olga, &[args, &["--json"]].concat()).exits(0).values();
    let launch = |id: &str| ask(&daemon, &olga, &["case", "launch", "sale", "--id", id, "--tenant", "acme"]);
    let digest = |id: &str| does(&["case", "show", id, "--tenant", "acme"])[0]["digest"].clone();
    let first = does(&["net", "load", one, "--reason", "we sell"]).remove(0);
    launch("a").exits(0);
    let again = does(&["net", "load", one]).remove(0);
    assert_eq!((&again["duplicate"], &again["receipt"]), (&json!(true), &first["receipt"]));
    let second = does(&["net", "load", two, "--reason", "asked twice"]).remove(0);
    launch("b").exits(0);
    assert_eq!([digest("a"), digest("b")], [first["digest"].clone(), second["digest"].clone()]);
    assert_ne!(first["digest"], second["digest"]);
    let listed = does(&["net", "list"]);
    assert_eq!(listed, std::slice::from_ref(&second));
    assert_eq!((&listed[0]["by"], &listed[0]["net"]), (&json!("olga"), &json!("sale")));
    let (_, shown) = asks(&daemon, &olga, "GET /v1/nets/sale", "", "");
    assert!(text(&shown["text"]).contains("version 2") && shown["receipt"] == second["receipt"], "{shown}");

    let unloaded = does(&["net", "unload", "sale", "--reason", "sold out"]).remove(0);
    assert_eq!((&unloaded["under_way"], &unloaded["digest"]), (&json!(2), &second["digest"]));
    assert_eq!(does(&["net", "list"]), Vec::<Value>::new());
    ask(&daemon, &olga, &["net", "unload", "sale"]).fails(1, &["`sale` is not loaded"]);
    launch("c").exits(1);
    for item in ["a/T_Ask/1", "b/T_Ask/1", "b/T_Again/1"] {
        for verb in ["take", "done"] {
            does(&["work", verb, item, "--tenant", "acme", "--role", "support"]);
        }
    }
    for case in ["a", "b"] {
        assert_eq!(does(&["case", "show", case, "--tenant", "acme"])[0]["status"], "completed");
    }
    daemon.stop();
    assert_eq!((acts(&home, "load-net"), acts(&home, "unload-net")), (2, 1));
}

/// Two branches that never meet.
const STUCK: &str = "net = \"stuck\"\n[conditions]\nA = \"\"\nB = \"\"\nC = \"\"\nZ = \"\"\n\
    [task.T]\nkind = \"user\"\ntakes = \"A\"\noutcome.b = { gives = \"B\" }\noutcome.c = { gives = \"C\" }\n\
    [task.J]\nkind = \"auto\"\ntakes = [\"B\", \"C\"]\ngives = \"Z\"\n";

#[test]
fn a_net_is_loaded_and_refused_at_the_daemon_in_the_words_of_its_directory() {
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let wrong = sale(1).replace("takes", "take");
    let outer = sale(1).replace("kind = \"user\"\nroles = [\"support\"]", "kind = \"composite\"\nnet = \"inner\"");
    let files = [("stuck", STUCK), ("wrong", &wrong), ("outer", &outer), ("plain", "<pnml/>"), ("sale", &sale(1))];
    let files = files.map(|(name, net)| home.file(&format!("{name}.toml"), net));
    let args = files.each_ref().map(|file| ["net", "load", file.to_str().unwrap()]);
    let daemon = Daemon::start(&home);
    let mut by_daemon = Vec::new();
    for args in &args {
        for more in [&[][..], &["--json"]] {
            by_daemon.push(ask(&daemon, &olga, &[&args[..], more].concat()));
        }
    }
    by_daemon.push(ask(&daemon, &olga, &["net", "unload", "none"]));
    daemon.stop();
    let codes: Vec<_> = by_daemon.iter().map(|told| told.code).collect();
    assert_eq!(codes, [1, 1, 2, 2, 1, 1, 1, 1, 0, 0, 1].map(Some));
    let mut by_directory = Vec::new();
    for args in &args {
        for more in [&[][..], &["--json"]] {
            by_directory.push(home.run(&[&args[..], more].concat()));
        }
    }
    by_directory.push(home.run(&["net", "unload", "none"]));
    // The daemon had the last one loaded when it was asked again; its directory has it from the daemon.
    for (daemon, directory) in by_daemon.iter().zip(&by_directory).filter(|(daemon, _)| daemon.code != Some(0)) {
        assert_eq!((&daemon.out, &daemon.err), (&directory.out, &directory.err));
    }
    assert_eq!(by_daemon[9].out, by_directory[9].out);
}

// ── what must not get in ────────────────────────────────────────────────────────────────────────────────────────────

#[test]
fn what_may_not_be_loaded_is_refused_with_the_reason_and_nothing_changes() {
    let home = Home::new();
    let (olga, vera, ursula) =
        (token(&home, "olga", "operator"), token(&home, "vera", "agent"), token(&home, "ursula", "auditor"));
    let scoped = home.run(&["token", "create", "--name", "o", "--role", "admin", "--tenant", "acme", "--json"]);
    let scoped = text(&scoped.exits(0).values()[0]["secret"]);
    let daemon = Daemon::start(&home);
    let (net, wrong) = (sale(1), sale(1).replace("P_Over\"\n", "P_Ovr\"\n"));
    let gap = sale(1).replace("[conditions]", "[data]\nn = \"0..=3\"\n[conditions]").replace(
        "gives = \"P_Over\"",
        "outcome.some = { when = 'n == 1', gives = \"P_Over\" }\noutcome.more = { when = 'n > 1', gives = \"P_Over\" }",
    );
    let outer = sale(1).replace("kind = \"user\"\nroles = [\"support\"]", "kind = \"composite\"\nnet = \"inner\"");
    let large = " ".repeat(1024 * 1024 + 1);
    #[rustfmt::skip]
    let refused: [(&str, &str, &str, &str, u16, &str, &str); 12] = [
        ("an auditor only looks",     &ursula, LOAD,             &net,     403, "Forbidden",            "admin, operator"),
        ("an agent works",            &vera,   LOAD,             &net,     403, "Forbidden",            "admin, operator"),
        ("one tenant is not all",     &scoped, LOAD,             &net,     403, "Forbidden",            "about all"),
        ("nobody",                    "none",  LOAD,             &net,     401, "Unauthorized",         "unknown"),
        ("nobody knows why",          &olga,   "POST /v1/nets",  &net,     400, "BadRequest",           "`reason` is missing"),
        ("it is not a line",          &olga,   "POST /v1/nets?reason=a%0Ab", &net, 400, "BadRequest",   "one line"),
        ("a slip of the pen",         &olga,   LOAD,             &wrong,   400, "NetUnreadable",        "`P_Ovr` is no condition"),
        ("a case would get stuck",    &olga,   LOAD,             STUCK,    422, "NetRejected",          "J can never fire"),
        ("a case is left out",        &olga,   LOAD,             &gap,     422, "NetRejected",          "no outcome applies when n = 0"),
        ("what is inside is missing", &olga,   LOAD,             &outer,   422, "NetRejected",          "the net `inner`"),
        ("it says nothing of people", &olga,   LOAD,             "<pnml>", 422, "NetRejected",          "PNML"),
        ("it is too large",           &olga,   LOAD,             &large,   413, "TooLarge",             "1048576"),
    ];
    for (what, who, request, net, status, kind, says) in refused {
        let (told, problem) = asks(&daemon, who, request, "", net);
        assert_eq!((told, text(&problem["kind"])), (status, kind.to_owned()), "{what}: {problem}");
        assert!(text(&problem["detail"]).contains(says), "{what}: {problem}");
    }
    let (_, stuck) = loads(&daemon, &olga, "", STUCK);
    let fault = json!({
        "kind": "stuck", "message": "the case gets stuck: after T.b it rests in B for ever", "firing": ["T.b"],
        "marking": {"B": 1}, "tasks": [], "shortest": true,
    });
    assert_eq!((&stuck["verdict"], &stuck["faults"][1]), (&json!("unsound"), &fault), "{stuck}");
    let (_, unread) = loads(&daemon, &olga, "", &wrong);
    let mistake = &unread["mistakes"][0];
    assert_eq!((&mistake["line"], &mistake["column"]), (&json!(10), &json!(9)), "{unread}");
    assert_eq!(mistake["hint"], "did you mean `P_Over`?");
    assert_eq!(loads(&daemon, &olga, "", &outer).1["why"], "inline");
    for (who, request, status) in [
        (&vera, "DELETE /v1/nets/sale?reason=r", 403),
        (&olga, "DELETE /v1/nets/sale", 400),
        (&olga, "DELETE /v1/nets/sale?reason=r", 404),
        (&vera, "GET /v1/nets/sale", 404),
    ] {
        assert_eq!(asks(&daemon, who, request, "", "").0, status, "{request}");
    }
    assert_eq!(asks(&daemon, &vera, "GET /v1/nets", "", ""), (200, json!([])));
    daemon.stop();
    assert_eq!(acts(&home, "load-net"), 0);
}

// ── once, whatever happens ──────────────────────────────────────────────────────────────────────────────────────────

/// Begins a request, of whose body so much is there when the daemon is killed.
fn killed_in(daemon: Daemon, token: &str, request: &str, key: &str, body: &str, part: usize) {
    let headers = headers(token, key);
    let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
    let mut stream = tcp(&daemon);
    write!(stream, "{}content-length: {}\r\n\r\n{}", head(request, &headers), body.len(), &body[..part]).unwrap();
    daemon.kill();
    let _ = stream.read_to_end(&mut Vec::new());
}

#[test]
fn what_is_sent_again_is_one_act_also_where_the_daemon_was_killed_between() {
    let (net, other) = (sale(1), sale(2));
    for part in [0, net.len() / 2, net.len()] {
        let home = Home::new();
        let olga = token(&home, "olga", "operator");
        killed_in(Daemon::start(&home), &olga, LOAD, "k1", &net, part);
        let daemon = Daemon::start(&home);
        let (status, first) = loads(&daemon, &olga, "k1", &net);
        assert!(status == 201 || (status == 200 && part == net.len()), "{first}");
        let (status, again) = loads(&daemon, &olga, "k1", &net);
        assert_eq!((status, &again["duplicate"], &again["receipt"]), (200, &json!(true), &first["receipt"]));
        let (status, another) = loads(&daemon, &olga, "k1", &other);
        assert_eq!((status, &another["kind"]), (422, &json!("IdempotencyViolation")), "{another}");
        let (status, same) = loads(&daemon, &olga, "k2", &net);
        assert_eq!((status, &same["receipt"]), (200, &first["receipt"]), "it stands there already");

        // Another has its place by now: to send the first again does not bring it back.
        let (status, second) = loads(&daemon, &olga, "k3", &other);
        assert_eq!(status, 201, "{second}");
        assert_eq!(loads(&daemon, &olga, "k1", &net).1["receipt"], first["receipt"]);
        assert_eq!(asks(&daemon, &olga, "GET /v1/nets", "", "").1, json!([second]));

        let gone = "DELETE /v1/nets/sale?reason=over";
        killed_in(daemon, &olga, gone, "k4", "", 0);
        let daemon = Daemon::start(&home);
        let (status, first) = asks(&daemon, &olga, gone, "k4", "");
        assert_eq!((status, &first["digest"]), (200, &second["digest"]), "{first}");
        let (status, again) = asks(&daemon, &olga, gone, "k4", "");
        assert_eq!((status, &again["duplicate"], &again["receipt"]), (200, &json!(true), &first["receipt"]));
        assert_eq!(asks(&daemon, &olga, gone, "k5", "").0, 404);
        assert_eq!(loads(&daemon, &olga, "k4", &net).1["kind"], "IdempotencyViolation");
        daemon.stop();
        assert_eq!((acts(&home, "load-net"), acts(&home, "unload-net")), (2, 1), "{part} bytes were there");
    }
}

#[test]
fn of_several_who_load_one_name_at_once_the_last_stands_and_each_that_was_done_has_a_receipt() {
    let home = Home::new();
    let olga = token(&home, "olga", "operator");
    let daemon = Daemon::start(&home);
    let told: Vec<(u16, Value)> = std::thread::scope(|scope| {
        let (daemon, olga) = (&daemon, &olga);
        let one = |nth: u32| scope.spawn(move || loads(daemon, olga, "", sale(1 + nth % 2)));
        let all: Vec<_> = (0..4).map(one).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(told.iter().all(|(status, _)| [200, 201].contains(status)), "{told:?}");
    let mut done: Vec<&Value> = told.iter().filter(|(status, _)| *status == 201).map(|(_, line)| line).collect();
    done.sort_by_key(|line| line["receipt"].as_u64());
    assert_eq!(asks(&daemon, &olga, "GET /v1/nets", "", "").1, json!([done.last().unwrap()]));
    assert!(
        done.windows(2).all(|pair| pair[0]["digest"] != pair[1]["digest"]),
        "none was loaded over itself: {done:?}"
    );
    let unloads: Vec<u16> = std::thread::scope(|scope| {
        let (daemon, olga) = (&daemon, &olga);
        let one = |_| scope.spawn(move || asks(daemon, olga, "DELETE /v1/nets/sale?reason=r", "", "").0);
        let all: Vec<_> = (0..3).map(one).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert_eq!(unloads.iter().filter(|status| **status == 200).count(), 1, "{unloads:?}");
    let loaded = done.len();
    daemon.stop();
    assert_eq!((acts(&home, "load-net"), acts(&home, "unload-net")), (loaded, 1));
}
