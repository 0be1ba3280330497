//! Who may do what in a case: the roles of a net are a matter of tokens, through every door of a daemon.

use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Daemon;
use super::doors::{agent, ask, said, tcp, token};
use crate::syndic::{Home, text};

/// Two things that two kinds of people do, side by side.
const DESK: &str = r#"
net = "desk"
about = "somebody looks at it, somebody pays, each with their own rights"

[conditions]
P_New = "it is there"
P_Review = "somebody is to look at it"
P_Reviewed = "somebody has"
P_Bill = "somebody is to pay"
P_Paid = "somebody has"
P_Over = "it is over"

[task.T_Open]
kind = "auto"
takes = "P_New"
gives = ["P_Review", "P_Bill"]

[task.T_Review]
kind = "user"
roles = ["reviewer"]
takes = "P_Review"
gives = "P_Reviewed"

[task.T_Pay]
kind = "user"
roles = ["finance"]
takes = "P_Bill"
gives = "P_Paid"

[task.T_Close]
kind = "auto"
takes = ["P_Reviewed", "P_Paid"]
gives = "P_Over"
"#;

/// How long anything may take before it is taken for lost.
const PATIENCE: Duration = Duration::from_secs(60);

fn home() -> Home {
    let home = Home::new();
    let net = home.file("desk.toml", DESK);
    home.run(&["net", "load", net.to_str().unwrap()]).exits(0);
    home
}

/// A way in for a work command.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Way {
    Command,
    Structured,
    Binary,
    Batch,
    Async,
}

const WAYS: [Way; 5] = [Way::Command, Way::Structured, Way::Binary, Way::Batch, Way::Async];

impl Way {
    /// Has an item taken: the outcome, with its code where it is refused, or the kind of what was turned away.
    fn takes(self, daemon: &Daemon, token: &str, id: &str, item: &str, data: &Value) -> String {
        let bearer = format!("authorization: Bearer {token}");
        let event = json!({"specversion": "1.0", "id": id, "source": "/desk", "type": "syndic.work.take",
                           "tenant": "acme", "subject": item, "time": "2026-01-01T00:00:00Z", "data": data});
        let posts = |path: &str, headers: &[&str], body: &Value| {
            let headers = [&[bearer.as_str()], headers].concat();
            let (status, told) = said(tcp(daemon), &format!("POST {path}"), &headers, body.to_string());
            (status, serde_json::from_str(&told).unwrap_or(Value::Null))
        };
        let whole = "content-type: application/cloudevents+json";
        let (status, told): (u16, Value) = match self {
            Self::Command => {
                let path = format!("/v1/work/{}/commands", item.replace('/', "%2F"));
                posts(&path, &["content-type: application/json"], &json!({"command": "take", "data": data}))
            }
            Self::Structured => posts("/v1/events", &[whole], &event),
            Self::Async => posts("/v1/events", &[whole, "prefer: respond-async"], &event),
            Self::Binary => {
                let mut headers = vec!["content-type: application/json".to_owned()];
                let attributes = event.as_object().unwrap().iter().filter(|(name, _)| *name != "data");
                headers.extend(attributes.map(|(name, value)| format!("ce-{name}: {}", value.as_str().unwrap())));
                let headers: Vec<&str> = headers.iter().map(String::as_str).collect();
                posts("/v1/events", &headers, data)
            }
            Self::Batch => {
                let (status, told) =
                    posts("/v1/events", &["content-type: application/cloudevents-batch+json"], &json!([event]));
                (status, told[0].clone())
            }
        };
        match (status, &told["outcome"]) {
            (202, _) => outcome(&came_to(daemon, token, id)["outcome"]),
            (200 | 201, told_as) if told_as == "invalid" => text(&told["error"]["kind"]),
            (200 | 201, _) => outcome(&told),
            (403, _) => text(&told["kind"]),
            other => panic!("{other:?}: {told}"),
        }
    }
}

fn outcome(line: &Value) -> String {
    let code = line["error"]["code"].as_str().map(|code| format!(": {code}")).unwrap_or_default();
    format!("{}{code}", text(&line["outcome"]))
}

/// Asks for an event that is judged later, until it is.
fn came_to(daemon: &Daemon, token: &str, id: &str) -> Value {
    let start = Instant::now();
    loop {
        let headers = [format!("authorization: Bearer {token}")];
        let path = format!("GET /v1/events/{id}?source=%2Fdesk");
        let (status, told) = said(tcp(daemon), &path, &[&headers[0]], "");
        if status == 200 {
            return serde_json::from_str(&told).unwrap();
        }
        assert!(start.elapsed() < PATIENCE, "{status}: {told}");
    }
}

/// The open items that a caller is shown, each with what it is at.
fn works(daemon: &Daemon, token: &str, more: &[&str]) -> Vec<(String, String)> {
    let lines = ask(daemon, token, &[&["work", "list", "--json"], more].concat()).exits(0).values();
    lines.iter().map(|line| (text(&line["work"]), text(&line["state"]))).collect()
}

fn item(name: &str, state: &str) -> (String, String) {
    (name.to_owned(), state.to_owned())
}

#[test]
fn an_agent_does_what_its_token_is_for_and_nothing_else_through_every_door() {
    let home = home();
    let (rita, fred) = (agent(&home, "rita", &["reviewer", "editor"]), agent(&home, "fred", &["finance"]));
    let (olga, shop) = (token(&home, "olga", "operator"), token(&home, "shop", "ingest"));
    let daemon = Daemon::start(&home);
    for way in WAYS {
        let case = format!("{way:?}");
        // The token is of one tenant, and that one's case begins.
        ask(&daemon, &fred, &["case", "launch", "desk", "--id", &case]).exits(0);
        let item = format!("{case}/T_Review/1");
        let takes = |who: &str, nth: u8, data: &Value| way.takes(&daemon, who, &format!("{case}-{nth}"), &item, data);
        assert_eq!(takes(&fred, 1, &json!({"by": "fred", "roles": ["reviewer"]})), "RoleNotHeld", "{way:?}");
        assert_eq!(takes(&fred, 2, &json!({"by": "fred"})), "refused: not-your-role", "{way:?}");
        let no_event = if way == Way::Batch { "EventValidationFailed" } else { "Forbidden" };
        assert_eq!(takes(&fred, 3, &json!({"by": "rita", "roles": ["finance"]})), no_event, "{way:?}");
        assert_eq!(takes(&shop, 4, &json!({"by": "shop", "roles": ["reviewer"]})), no_event, "{way:?}");
        assert_eq!(takes(&rita, 5, &json!({"by": "rita"})), "completed", "{way:?}");
        let shown = ask(&daemon, &olga, &["case", "show", &case, "--tenant", "acme", "--json"]).exits(0).values();
        let by = text(&shown[0]["history"].as_array().unwrap().last().unwrap()["by"]);
        assert_eq!(by, "syndic.work.take by rita as editor, reviewer", "{way:?}");
    }
    // What is kept beside the receipt, and what its leaf is the commitment to, says in which roles it counted.
    let kept = came_to(&daemon, &rita, "Structured-5");
    assert_eq!(kept["event"]["data"], json!({"by": "rita", "roles": ["editor", "reviewer"]}));

    // An operator puts right what went wrong, in whatever role it names, and the history says who that was.
    let intervenes = ["work", "take", "Async/T_Pay/1", "--role", "finance", "--json"];
    ask(&daemon, &olga, &intervenes).fails(2, &["olga", "all tenants", "tenant"]);
    ask(&daemon, &olga, &[&intervenes[..], &["--tenant", "acme"]].concat()).exits(0);
    let shown = ask(&daemon, &olga, &["case", "show", "Async", "--tenant", "acme"]).exits(0).out;
    assert!(shown.contains("syndic.work.take by olga as finance"), "{shown}");
    daemon.stop();
}

#[test]
fn an_agent_is_shown_what_it_may_take_and_what_it_has() {
    let home = home();
    let (rita, fred) = (agent(&home, "rita", &["reviewer"]), agent(&home, "fred", &["finance"]));
    let (rosa, olga) = (agent(&home, "rosa", &["reviewer"]), token(&home, "olga", "operator"));
    let made = ["token", "create", "--name", "gwen", "--role", "agent", "--work-role", "finance", "--tenant", "globex"];
    let gwen = home.run(&made).exits(0).out.trim().to_owned();
    let daemon = Daemon::start(&home);
    ask(&daemon, &rita, &["case", "launch", "desk", "--id", "c1"]).exits(0);
    ask(&daemon, &rita, &["work", "take", "c1/T_Review/1"]).exits(0);
    let (review, pay) = (item("c1/T_Review/1", "allocated"), item("c1/T_Pay/1", "offered"));
    assert_eq!(works(&daemon, &rita, &[]), std::slice::from_ref(&review));
    assert_eq!(works(&daemon, &rosa, &[]), []);
    assert_eq!(works(&daemon, &fred, &[]), std::slice::from_ref(&pay));
    assert_eq!(works(&daemon, &fred, &["--role", "reviewer"]), std::slice::from_ref(&review));
    for all in [works(&daemon, &fred, &["--all"]), works(&daemon, &olga, &[])] {
        assert_eq!(all, [pay.clone(), review.clone()]);
    }
    // Nothing of another tenant is there for a token, whatever its roles.
    assert_eq!(works(&daemon, &gwen, &["--all"]), []);
    let refused = ask(&daemon, &gwen, &["work", "take", "c1/T_Pay/1", "--json"]).exits(1).values();
    assert_eq!(refused[0]["error"]["code"], "no-such-case", "{refused:?}");
    ask(&daemon, &gwen, &["work", "take", "c1/T_Pay/1", "--tenant", "acme"]).fails(3, &["Forbidden", "globex"]);
    daemon.stop();
    let listed = home.run(&["token", "list"]).exits(0).out;
    assert!(listed.contains("work roles") && listed.contains("reviewer"), "{listed}");
    home.run(&["token", "create", "--name", "x", "--role", "ingest", "--work-role", "finance"])
        .fails(2, &["work roles are an agent's"]);
}

#[test]
fn what_somebody_holds_goes_to_who_may_have_it_and_comes_back_when_their_token_is_gone() {
    let home = home();
    let (rita, rosa) = (agent(&home, "rita", &["reviewer"]), agent(&home, "rosa", &["reviewer"]));
    agent(&home, "fred", &["finance"]);
    let ada = token(&home, "ada", "admin");
    let daemon = Daemon::start(&home);
    ask(&daemon, &rita, &["case", "launch", "desk", "--id", "c1"]).exits(0);
    let review = "c1/T_Review/1";
    ask(&daemon, &rita, &["work", "take", review]).exits(0);
    let refused = ask(&daemon, &rita, &["work", "delegate", review, "--to", "fred", "--json"]).exits(1).values();
    assert_eq!(refused[0]["error"]["code"], "not-their-role", "{refused:?}");
    ask(&daemon, &rita, &["work", "delegate", review, "--to", "rosa"]).exits(0);

    // Rosa is at it, and is let in no more.
    let at_it = json!({"command": "heartbeat", "data": {"lease_ms": 1_000}}).to_string();
    let headers = [format!("authorization: Bearer {rosa}"), "content-type: application/json".to_owned()];
    let path = "POST /v1/work/c1%2FT_Review%2F1/commands";
    let (status, told) = said(tcp(&daemon), path, &[&headers[0], &headers[1]], at_it);
    assert_eq!(status, 201, "{told}");
    let tokens = ask(&daemon, &ada, &["token", "list", "--json"]).exits(0).values();
    let hers = tokens.iter().find(|line| line["name"] == "rosa").unwrap();
    assert_eq!(hers["work_roles"], json!(["reviewer"]));
    ask(&daemon, &ada, &["token", "revoke", &text(&hers["id"])]).exits(0);
    ask(&daemon, &rosa, &["work", "done", review]).fails(3, &["Unauthorized", "revoked"]);
    let start = Instant::now();
    while works(&daemon, &rita, &["--role", "reviewer"]) != [item(review, "offered")] {
        assert!(start.elapsed() < PATIENCE, "the item is not offered again");
    }
    ask(&daemon, &rita, &["work", "take", review]).exits(0);
    ask(&daemon, &rita, &["work", "done", review]).exits(0);
    daemon.stop();
}

#[test]
fn who_needs_no_token_has_the_work_roles_that_the_configuration_says() {
    let home = home();
    let fred = agent(&home, "fred", &["finance"]);
    let socket = home.file("x", "").with_file_name("socket");
    let own = std::os::unix::fs::MetadataExt::uid(&std::fs::metadata(socket.parent().unwrap()).unwrap());
    let set = [format!("http.socket={}", socket.display()), format!("http.users={own}:agent+finance+legal:acme")];
    let daemon = Daemon::start_with(&home, &["--set", &set[0], "--set", &set[1]]);
    ask(&daemon, &fred, &["case", "launch", "desk", "--id", "c1"]).exits(0);
    let takes = |task: &str| {
        let path = format!("POST /v1/work/c1%2F{task}%2F1/commands");
        let body = r#"{"command":"take"}"#;
        let (status, told) =
            said(UnixStream::connect(&socket).unwrap(), &path, &["content-type: application/json"], body);
        assert_eq!(status, 201, "{told}");
        outcome(&serde_json::from_str(&told).unwrap())
    };
    assert_eq!((takes("T_Review"), takes("T_Pay")), ("refused: not-your-role".into(), "completed".into()));
    daemon.stop();
    let wrong = format!("http.users={own}:auditor+finance");
    super::refused(&home, &["--set", &wrong]).fails(2, &["work roles are an agent's", "agent+support:acme"]);
}
