//! Nets from the command line: what is proved, what is shown where a net is wrong, and how one looks.

use serde_json::{Value, json};

use crate::syndic::{Home, Told, run, text};

/// Payment and stock of an order, and what an author who is in a hurry leaves out.
const ORDER: &str = r#"
net = "order"

[data]
order_id = "text"
payment = ["approved", "declined"]
attempts = "0..=3"

[conditions]
P_Ordered = "the customer ordered"
P_Paid = "the money is there"
P_Reserved = "the stock is there"
P_Asked = "stock is asked for"
P_Confirmed = "both are there"
P_Refused = "no money"
P_Closed = "it is over"

[task.T_Pay]
kind = "service"
action = "payment/authorize"
key = "{order_id}"
takes = "P_Ordered"
outcome.approved = { when = 'payment == "approved"', gives = ["P_Paid", "P_Asked"] }
outcome.declined = { when = 'payment == "declined"', gives = "P_Refused" }

[task.T_Reserve]
kind = "service"
action = "market/reserve"
key = "{order_id}"
takes = "P_Asked"
gives = "P_Reserved"

[task.T_Confirm]
kind = "auto"
takes = ["P_Paid", "P_Reserved"]
gives = "P_Confirmed"

[task.T_Close]
kind = "auto"
entry.ok = { takes = "P_Confirmed" }
entry.failed = { takes = "P_Refused" }
gives = "P_Closed"

[properties]
stock_first = "no P_Confirmed without T_Reserve"
"#;

fn check(file: &str, json: bool) -> Told {
    let home = Home::new();
    let path = home.file("order.toml", file);
    let args = ["net", "check", path.to_str().unwrap(), "--json"];
    run(if json { &args } else { &args[..3] })
}

fn report(file: &str, code: i32) -> Value {
    check(file, true).exits(code).values().remove(0)
}

#[test]
fn a_sound_net_is_proved_so_with_its_choices_and_its_promises() {
    let told = check(ORDER, false).exits(0).out;
    assert_eq!(
        told.trim_end(),
        "`order` is proved sound
  7 places, 6 transitions, 14 arcs; 6 markings, 6 firings

choices
  yes T_Pay: 2 combinations = 1 approved + 1 declined

properties
  yes no P_Confirmed without T_Reserve"
    );
    let report = report(ORDER, 0);
    assert_eq!((&report["verdict"], &report["admitted"]), (&json!("sound"), &json!(true)));
}

/// The fault that the marketplace was first drawn with: asking for stock takes the token that the order waits for.
fn with_one_token() -> String {
    ORDER
        .replace(r#"gives = ["P_Paid", "P_Asked"]"#, r#"gives = "P_Paid""#)
        .replace("takes = \"P_Asked\"", "takes = \"P_Paid\"")
        .replace("P_Asked = \"stock is asked for\"\n", "")
}

#[test]
fn a_join_that_lacks_a_token_is_shown_by_the_shortest_story() {
    let report = report(&with_one_token(), 1);
    assert_eq!((&report["verdict"], &report["admitted"]), (&json!("unsound"), &json!(false)));
    let fault = |kind: &str| {
        let found = report["faults"].as_array().unwrap().iter().find(|fault| fault["kind"] == kind);
        found.unwrap_or_else(|| panic!("no fault is `{kind}`: {report}")).clone()
    };
    let stuck = fault("stuck");
    assert_eq!(stuck["firing"], json!(["T_Pay.approved", "T_Reserve"]));
    assert_eq!(stuck["marking"], json!({"P_Reserved": 1}));
    assert_eq!(fault("dead-task")["tasks"], json!(["T_Confirm", "T_Close.ok"]));
    let told = check(&with_one_token(), false).exits(1).out;
    assert!(told.starts_with("`order` is not sound") && told.contains(&text(&stuck["message"])), "{told}");
}

#[test]
fn a_sound_net_whose_guards_leave_a_case_out_is_not_admitted() {
    let report = report(&ORDER.replace(r#"'payment == "declined"'"#, r#"'payment == "declined" && attempts < 3'"#), 1);
    assert_eq!((&report["verdict"], &report["admitted"]), (&json!("sound"), &json!(false)));
    assert_eq!(report["choices"][0]["example"], json!({"payment": "declined", "attempts": 3}));
}

#[test]
fn a_promise_that_is_broken_is_not_admitted() {
    let report = report(&ORDER.replace("no P_Confirmed without T_Reserve", "never P_Paid with P_Reserved"), 1);
    assert_eq!((&report["verdict"], &report["properties"][0]["holds"]), (&json!("sound"), &json!(false)));
}

#[test]
fn what_is_no_net_is_told_line_by_line_and_exits_2() {
    let wrong =
        ORDER.replace("takes = \"P_Asked\"", "takes = \"P_Askd\"").replace("'payment == \"approved\"'", "'paid'");
    let said =
        check(&wrong, false).fails(2, &["is not readable as a net", "line 23, column 30", "did you mean `P_Asked`?"]);
    assert_eq!(said.out, "");
    let mistakes = report(&wrong, 2)["mistakes"].clone();
    assert_eq!(mistakes.as_array().unwrap().iter().map(|m| &m["line"]).collect::<Vec<_>>(), [23, 30]);
    check("\u{0}", false).fails(2, &["is not readable as a net"]);
    run(&["net", "check", "nowhere.toml"]).fails(2, &["`nowhere.toml` cannot be read", "customer-purchase"]);
}

#[test]
fn the_marketplace_is_proved_as_a_whole() {
    let report = run(&["net", "check", "marketplace", "--inline", "--json"]).exits(0).values().remove(0);
    let size = json!({"places": 87, "transitions": 135, "arcs": 322, "markings": 122, "firings": 405});
    assert_eq!((&report["verdict"], &report["size"]), (&json!("sound"), &size));
}

#[test]
fn a_net_goes_to_pnml_and_back_and_is_still_the_same_net() {
    let home = Home::new();
    let pnml = run(&["net", "convert", "fulfillment", "--to", "pnml"]).exits(0).out;
    let pnml = home.file("fulfillment.pnml", pnml);
    let toml = run(&["net", "convert", pnml.to_str().unwrap(), "--to", "toml"]).exits(0).out;
    let toml = home.file("fulfillment.toml", toml);
    let net = |file: &str| run(&["net", "show", file, "--json"]).exits(0).values().remove(0);
    let sorted = |net: &Value| {
        let mut lines: Vec<String> = net["transitions"].as_array().unwrap().iter().map(Value::to_string).collect();
        lines.sort();
        lines
    };
    let (before, after) = (net("fulfillment"), net(toml.to_str().unwrap()));
    assert_eq!(sorted(&before), sorted(&after));
    assert_eq!((&before["source"], &before["sink"]), (&after["source"], &after["sink"]));
}

#[test]
fn a_net_is_printed_and_drawn() {
    let told = run(&["net", "show", "vendor-onboarding"]).exits(0).out;
    assert!(told.contains("T_IdentityReviewTimeout (after 7 d since P_IdentityVerification)"), "{told}");
    let svg = run(&["net", "show", "vendor-onboarding", "--svg"]).exits(0).out;
    assert!(svg.starts_with("<svg ") && svg.contains(">ApproveVendor<") && svg.trim_end().ends_with("</svg>"));
    let dot = run(&["net", "show", "vendor-onboarding", "--dot"]).exits(0).out;
    assert!(dot.starts_with("digraph \"vendor-onboarding\""), "{dot}");
}
