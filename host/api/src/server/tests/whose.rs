//! Whose commands are: by whom and in which roles a work command counts, whatever it says, through every door.

use serde_json::{Value, json};
use tokio::test;

use super::fake::{Door, JSON, NOW};

const ITEM: &str = "order-1/T_Review/1";

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
    /// Has an item taken: what counted, as `by in roles`, or the kind of the refusal.
    async fn takes(self, door: &Door, token: &str, id: &str, data: &Value) -> String {
        let event = json!({"specversion": "1.0", "id": id, "source": "/http", "type": "syndic.work.take", "tenant": "acme",
                           "subject": ITEM, "time": NOW, "data": data});
        let whole = ("content-type", "application/cloudevents+json");
        let told = match self {
            Self::Command => {
                let body = json!({"command": "take", "tenant": "acme", "data": data}).to_string();
                let key = ("idempotency-key", id);
                door.post("/v1/work/order-1%2FT_Review%2F1/commands", token, &[JSON, key], &body).await
            }
            Self::Structured => door.post("/v1/events", token, &[whole], &event.to_string()).await,
            Self::Async => {
                let prefer = ("prefer", "respond-async");
                door.post("/v1/events", token, &[whole, prefer], &event.to_string()).await
            }
            Self::Binary => {
                let headers = [
                    JSON,
                    ("ce-specversion", "1.0"),
                    ("ce-id", id),
                    ("ce-source", "/http"),
                    ("ce-type", "syndic.work.take"),
                    ("ce-tenant", "acme"),
                    ("ce-subject", ITEM),
                    ("ce-time", NOW),
                ];
                door.post("/v1/events", token, &headers, &data.to_string()).await
            }
            Self::Batch => {
                let media = ("content-type", "application/cloudevents-batch+json");
                door.post("/v1/events", token, &[media], &json!([event]).to_string()).await
            }
        };
        match (self, told.status.as_u16()) {
            (Self::Batch, 200) if told.json()[0]["outcome"] == "invalid" => {
                told.json()[0]["error"]["kind"].as_str().unwrap().to_owned()
            }
            (_, 200 | 201) => counted(door, id).await,
            (_, 403) => told.problem(),
            other => panic!("{other:?}: {told:?}"),
        }
    }
}

/// What a command that was let in says of whoever gave it.
async fn counted(door: &Door, id: &str) -> String {
    let auditor = door.token("auditor", None).await;
    let shown = door.get(&format!("/v1/events/{id}?tenant=acme&source=%2Fhttp"), &auditor).await.json();
    let data = &shown["event"]["data"];
    let roles = data["roles"].as_array().cloned().unwrap_or_default();
    let roles: Vec<&str> = roles.iter().map(|role| role.as_str().unwrap()).collect();
    format!("{} in {}", data["by"].as_str().unwrap(), roles.join(" and "))
}

#[test]
async fn an_agent_acts_in_the_roles_of_its_token_and_an_operator_in_any_and_both_in_their_own_name() {
    #[rustfmt::skip]
    let expected: &[(&str, &str, &str, Value, &str)] = &[
        // whose token, its role, what by and roles say, and what counts
        ("vera", "agent",    "vera", json!(null),                   "vera in finance and support"),
        ("vera", "agent",    "vera", json!([]),                     "vera in finance and support"),
        ("vera", "agent",    "vera", json!(["support"]),            "vera in support"),
        ("vera", "agent",    "vera", json!(["legal"]),              "RoleNotHeld"),
        ("vera", "agent",    "vera", json!(["support", "legal"]),   "RoleNotHeld"),
        ("vera", "agent",    "vic",  json!(["support"]),            "Forbidden"),
        ("olga", "operator", "olga", json!(["legal"]),              "olga in legal"),
        ("olga", "operator", "olga", json!(null),                   "olga in "),
        ("olga", "operator", "vera", json!(["support"]),            "Forbidden"),
        ("shop", "ingest",   "shop", json!(["support"]),            "Forbidden"),
        ("ada",  "admin",    "ada",  json!(["support"]),            "Forbidden"),
        ("udo",  "auditor",  "udo",  json!(["support"]),            "Forbidden"),
    ];
    let mut nth = 0;
    for (name, role, by, roles, counts) in expected {
        let door = Door::open().await;
        let own: &[&str] = if *role == "agent" { &["support", "finance"] } else { &[] };
        let token = door.token_of(name, role, None, own).await;
        for way in WAYS {
            nth += 1;
            let mut data = json!({"by": by});
            if !roles.is_null() {
                data["roles"] = roles.clone();
            }
            // In a batch, what is not this caller's is no event that may stand there.
            let senders = ["agent", "operator", "ingest"].contains(role);
            let counts = match *counts {
                "Forbidden" if way == Way::Batch && senders => "EventValidationFailed",
                counts => counts,
            };
            assert_eq!(way.takes(&door, &token, &format!("c-{nth}"), &data).await, counts, "{way:?} of {name}: {data}");
        }
    }
}

#[test]
async fn a_token_that_was_made_without_work_roles_does_what_is_for_anybody_and_one_of_another_tenant_nothing() {
    let door = Door::open().await;
    let bare = door.token_of("vera", "agent", None, &[]).await;
    let other = door.token_of("vera", "agent", Some("globex"), &["support"]).await;
    for way in WAYS {
        let id = |what: &str| format!("{what}-{way:?}");
        assert_eq!(way.takes(&door, &bare, &id("a"), &json!({"by": "vera"})).await, "vera in ");
        let claims = json!({"by": "vera", "roles": ["support"]});
        assert_eq!(way.takes(&door, &bare, &id("b"), &claims).await, "RoleNotHeld");
        let told = way.takes(&door, &other, &id("c"), &claims).await;
        assert_eq!(told, if way == Way::Batch { "EventValidationFailed" } else { "Forbidden" });
    }
}

#[test]
async fn what_is_sent_again_is_what_it_was_whatever_became_of_the_roles_since() {
    let door = Door::open().await;
    let before = door.token_of("vera", "agent", None, &["support"]).await;
    let since = door.token_of("vera", "agent", None, &["legal"]).await;
    let other = door.token_of("vic", "agent", None, &["support"]).await;
    for way in WAYS {
        let id = format!("c-{way:?}");
        let (none, support) = (json!({"by": "vera"}), json!({"by": "vera", "roles": ["support"]}));
        assert_eq!(way.takes(&door, &before, &id, &none).await, "vera in support");
        assert_eq!(way.takes(&door, &since, &id, &none).await, "vera in support", "{way:?}");
        assert_eq!(way.takes(&door, &since, &id, &support).await, "vera in support", "{way:?}");
        assert_eq!(way.takes(&door, &since, &format!("{id}-2"), &none).await, "vera in legal", "{way:?}");
        let told = way.takes(&door, &other, &id, &none).await;
        assert_eq!(told, if way == Way::Batch { "EventValidationFailed" } else { "Forbidden" }, "{way:?}");
    }
}

#[test]
async fn who_is_handed_an_item_has_the_roles_that_are_known_here_and_not_those_that_are_said() {
    let door = Door::open().await;
    let vera = door.token_of("vera", "agent", Some("acme"), &["support"]).await;
    door.token_of("vic", "agent", Some("acme"), &["legal"]).await;
    for (to, known) in [("vic", json!(["legal"])), ("nobody", Value::Null)] {
        let body = json!({"command": "delegate", "data": {"to": to, "to_roles": ["support"]}}).to_string();
        let key = ("idempotency-key", to);
        let told = door.post("/v1/work/order-1%2FT_Review%2F1/commands", &vera, &[JSON, key], &body).await;
        assert_eq!(told.status, 201, "{told:?}");
        let shown = door.get(&format!("/v1/events/{to}?source=%2Fhttp"), &vera).await.json();
        assert_eq!(shown["event"]["data"]["to_roles"], known, "{to}");
    }
}

#[test]
async fn whoever_does_work_items_is_shown_those_they_may_take_or_hold() {
    let door = Door::open().await;
    #[rustfmt::skip]
    let expected = [
        ("vera", "agent",    "support", "",                     "T_Answer T_Greet T_Review"),
        ("rosa", "agent",    "support", "",                     "T_Answer T_Greet"),
        ("bare", "agent",    "",        "",                     "T_Greet"),
        ("rosa", "agent",    "support", "mine=false",           "T_Answer T_Greet T_Review T_Sign"),
        ("rosa", "agent",    "support", "role=legal",           "T_Greet T_Sign"),
        ("rosa", "agent",    "support", "holder=vera",          "T_Review"),
        ("rosa", "agent",    "support", "role=legal&mine=true", "T_Greet"),
        ("olga", "operator", "",        "",                     "T_Answer T_Greet T_Review T_Sign"),
        ("olga", "operator", "",        "mine=true",            "T_Answer T_Greet T_Sign"),
        ("udo",  "auditor",  "",        "",                     "T_Answer T_Greet T_Review T_Sign"),
    ];
    for (name, role, roles, query, shown) in expected {
        let roles: Vec<&str> = roles.split_whitespace().collect();
        let token = door.token_of(name, role, None, &roles).await;
        let page = door.get(&format!("/v1/work?{query}"), &token).await.json();
        let items = page["items"].as_array().unwrap().iter();
        let tasks: Vec<&str> = items.map(|line| line["work"].as_str().unwrap().split('/').nth(1).unwrap()).collect();
        assert_eq!(tasks.join(" "), shown, "{name}: {query}");
    }
    let token = door.token("agent", None).await;
    assert_eq!(door.get("/v1/work?mine=perhaps", &token).await.problem(), "BadRequest");
}
