//! A month of a marketplace's cases as one file: vendors, listings, orders, tickets, with everything that goes wrong on
//! the way; and the same month with the process killed in it.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

use crate::syndic::{Home, Told, event, stream, text};

const NETS: [&str; 10] = [
    "--net",
    "vendor-onboarding",
    "--net",
    "product-listing",
    "--net",
    "customer-purchase",
    "--net",
    "fulfillment",
    "--net",
    "post-sales-support",
];

/// A command of the tenant `acme`, in January.
fn command(time: &str, kind: &str, subject: &str, data: Value) -> Value {
    json!({
        "specversion": "1.0", "id": format!("{kind}/{subject}/{time}"), "source": "/desk", "type": format!("syndic.{kind}"),
        "tenant": "acme", "subject": subject, "time": format!("2026-01-{time}Z"), "data": data,
    })
}

fn launch(time: &str, case: &str, net: &str, data: Value, rehearse: Value) -> Value {
    command(time, "case.launch", case, json!({"net": net, "data": data, "rehearse": rehearse}))
}

fn done(time: &str, item: &str, by: &str, role: &str, more: Value) -> [Value; 2] {
    let mut data = json!({"by": by, "roles": [role]});
    let start = command(time, "work.start", item, data.clone());
    more.as_object().into_iter().flatten().for_each(|(name, value)| data[name] = value.clone());
    [start, command(time, "work.complete", item, data)]
}

/// A customer who finds a product, and pays.
fn buys(day: &str, order: &str, rehearse: Value) -> Vec<Value> {
    let at = |minute: &str| format!("{day}T09:{minute}:00");
    let item = |task: &str| format!("{order}/{task}/1");
    let data = json!({"order_id": order, "total": 4_900});
    let mut month = vec![launch(&at("00"), order, "customer-purchase", data, rehearse)];
    for (minute, task) in [("01", "T_Browse"), ("05", "T_Checkout"), ("09", "T_SubmitPayment")] {
        month.extend(done(&at(minute), &item(task), "cara", "customer", json!({})));
    }
    month
}

fn a_month() -> Vec<Value> {
    let who = |by: &str, reason: &str| json!({"by": by, "reason": reason});
    let mut month = vec![
        launch("01T08:00:00", "vendor-1", "vendor-onboarding", json!({"vendor_id": "v-1"}), json!({})),
        // Nobody answers who they are, and a person looks at them.
        launch(
            "01T08:30:00",
            "vendor-2",
            "vendor-onboarding",
            json!({"vendor_id": "v-2"}),
            json!({"T_VerifyIdentity": ["silence"]}),
        ),
    ];
    month.extend(done("02T08:00:00", "vendor-1/T_SetupBanking/1", "vera", "vendor", json!({})));
    month.push(launch("03T08:00:00", "product-1", "product-listing", json!({"product_id": "p-1"}), json!({})));
    month.extend(done("03T09:00:00", "product-1/T_SubmitProduct/1", "vera", "vendor", json!({})));
    let accept = json!({"data": {"reviewer": "accept"}});
    month.extend(done("03T12:00:00", "vendor-2/T_ReviewIdentity/1", "ida", "identity-officer", accept));
    let approve = json!({"outcome": "approve"});
    month.extend(done("04T09:00:00", "product-1/T_MarketingReview/1", "max", "marketplace-manager", approve));
    month.extend(buys("05", "order-1", json!({})));
    // The processor is silent until the time is over, and answers the second attempt.
    month.extend(buys("06", "order-2", json!({"T_ProcessPayment": ["silence", {"payment": "approved"}]})));
    // A cart that nobody comes back to.
    month.push(launch("07T09:00:00", "order-3", "customer-purchase", json!({"order_id": "order-3"}), json!({})));
    month.extend(done("07T09:01:00", "order-3/T_Browse/1", "carl", "customer", json!({})));
    let fulfil = |order: &str| json!({"order_id": order, "tier": "standard"});
    month.push(launch("08T10:00:00", "setup-1", "fulfillment", fulfil("order-1"), json!({})));
    let fails = json!({"T_SetupBilling": [{"billing": "fail"}]});
    month.push(launch("08T11:00:00", "setup-2", "fulfillment", fulfil("order-2"), fails));
    // An answer that the net does not know stops the case; a person has the service asked again.
    let strange = json!({"T_SetupBilling": [{"billing": "maybe"}, {"billing": "ok"}]});
    month.push(launch("08T12:00:00", "setup-3", "fulfillment", fulfil("order-9"), strange));
    let retry = json!({"by": "ops", "reason": "the service was mended", "retry": "T_SetupBilling"});
    month.push(command("08T12:10:00", "case.repair", "setup-3", retry));
    // A ticket is taken, and nobody is heard of; somebody else does it.
    let issue = json!({"order_id": "order-1", "issue": true, "severity": "S3"});
    month.push(launch("10T10:00:00", "support-1", "post-sales-support", issue, json!({})));
    let take = |by: &str| json!({"by": by, "roles": ["support"], "lease_ms": 600_000});
    month.push(command("10T10:05:00", "work.take", "support-1/T_AcknowledgeTicket/1", take("sam")));
    month.push(command("10T10:06:00", "work.take", "support-1/T_AcknowledgeTicket/1", take("sue")));
    month.extend(done("10T10:20:00", "support-1/T_AcknowledgeTicket/1", "sue", "support", json!({})));
    month.extend(done("10T10:50:00", "support-1/T_InvestigateAndResolve/1", "sue", "support", json!({})));
    month.push(command("12T09:00:00", "case.suspend", "support-1", who("ops", "the customer is away")));
    month.push(command("13T09:00:00", "case.resume", "support-1", who("ops", "the customer is back")));
    month.push(command("14T09:00:00", "case.cancel", "nobody", who("ops", "a slip of the pen")));
    month.push(launch("15T09:00:00", "order-4", "customer-purchase", json!({"order_id": "order-4"}), json!({})));
    month.push(command("15T09:10:00", "case.cancel", "order-4", who("ops", "sent twice")));
    month.push(command("31T23:00:00", "case.cancel", "order-4", who("ops", "again")));
    month
}

/// What each case is at in the end, and what has fired in it.
type Ends = BTreeMap<String, (String, Vec<String>)>;

/// The month in peace, and how it ended: looked at once, for a directory is one process's at a time.
static UNDISTURBED: LazyLock<(Ends, Told)> = LazyLock::new(|| {
    let home = Home::new();
    let told = home.play_with(stream(&a_month()), &NETS).exits(0);
    (cases(&home), told)
});

fn cases(home: &Home) -> Ends {
    let lines = home.run(&["case", "list", "--json"]).exits(0).values();
    let fired = |case: &str| {
        let file = home.run(&["case", "show", case, "--json"]).exits(0).values().remove(0);
        let steps = file["history"].as_array().cloned().unwrap_or_default();
        steps.iter().flat_map(|step| step["fired"].as_array().cloned().unwrap_or_default()).map(|t| text(&t)).collect()
    };
    let case = |line: &Value| (text(&line["case"]), (text(&line["status"]), fired(&text(&line["case"]))));
    lines.iter().map(case).collect()
}

#[test]
fn a_month_of_cases_goes_through_its_nets() {
    let (cases, told) = &*UNDISTURBED;
    let status = |case: &str| cases[case].0.as_str();
    let fired = |case: &str, transition: &str| cases[case].1.iter().any(|fired| fired == transition);
    for case in ["vendor-1", "product-1", "order-1", "order-2", "order-3", "setup-1", "setup-2", "setup-3"] {
        assert_eq!(status(case), "completed", "{case}: {:?}", cases[case].1);
    }
    assert!(fired("vendor-1", "T_ApproveVendor") && fired("product-1", "T_PublishProductLive"));
    assert!(fired("order-1", "T_CloseCustomerPurchase.ok") && fired("order-3", "T_CartAbandoned"));
    assert!(fired("setup-1", "T_CloseFulfillment.ok"));
    assert!(fired("setup-2", "T_RefundPayment") && fired("setup-2", "T_CloseFulfillment.failed"));
    assert!(fired("vendor-2", "T_IdentityTimeout") && fired("vendor-2", "T_ReviewIdentity.pass"));
    let stopped = |line: &Value| line["case"]["status"] == "stopped" && line["case"]["id"] == "setup-3";
    assert!(told.values().iter().any(stopped) && fired("setup-3", "T_CloseFulfillment.ok"));
    assert_eq!(status("order-4"), "cancelled");
    assert_eq!(status("support-1"), "running");
    assert!(fired("support-1", "T_ResolveSupport"));
    // What somebody has is not taken by another while their lease lasts; afterwards it is.
    let refused: Vec<String> = told.of_lines().iter().filter(|line| line["outcome"] == "refused").map(code).collect();
    assert_eq!(refused, ["held-by-another", "no-such-case", "case-over"]);
}

fn code(line: &Value) -> String {
    text(&line["error"]["code"])
}

/// Plays until the outcome of a line was told, says one line more, and ends the process while it works on that.
fn play_and_kill_after(home: &Home, month: &[Value], line: usize) {
    let mut playing = home.begin_with(&NETS);
    for (number, command) in (1..).zip(&month[..line]) {
        playing.say(command);
        playing.hear(number);
    }
    if let Some(command) = month.get(line) {
        playing.say(command);
    }
    playing.kill();
}

#[test]
fn a_month_in_which_the_process_is_killed_is_the_same_month() {
    let month = a_month();
    let (undisturbed, first) = &*UNDISTURBED;
    let home = Home::new();
    for line in [1, 2, 7, 16, 23, 26, 29, month.len()] {
        play_and_kill_after(&home, &month, line);
    }
    let again = home.play_with(stream(&month), &NETS).exits(0);
    assert_eq!(again.outcomes(), first.outcomes());
    assert_eq!(&cases(&home), undisturbed);
    assert_eq!(again.root(), first.root());
}

/// What a net asks of the governors; who they are not sure of waits for a person, two weeks at most.
const ADMISSION: &str = r#"
net = "admission"
about = "a customer is let in"

[data]
customer = "text"

[conditions]
P_Asked = "they want to come in"
P_Over = "they were told"

[task.T_Admit]
kind = "service"
event = { type = "marketplace.CustomerSubscribes", subject = "{customer}", data = { sku = "free" } }
takes = "P_Asked"
gives = "P_Over"

[task.T_GiveUp]
kind = "timer"
after = "14 d"
takes = "P_Asked"
gives = "P_Over"
"#;

#[test]
fn a_case_of_a_directory_waits_for_the_operator_and_its_clock_runs_on() {
    let home = Home::new();
    let net = home.file("admission.toml", ADMISSION);
    let launches = ["kyc-slow-1", "kyc-slow-2", "kyc-slow-3"]
        .map(|who| launch("01T08:00:00", who, "admission", json!({"customer": who}), json!({})));
    home.play_with(stream(&launches), &["--net", net.to_str().unwrap()]).exits(0);
    let fired = |case: &str| cases(&home)[case].1.clone();
    assert_eq!((fired("kyc-slow-1"), fired("kyc-slow-2")), (vec![], vec![]));
    let known = ["kyc-slow-1", "kyc-slow-3"]
        .map(|who| event(who, "2026-01-02T08:00:00Z", "KycDecided", who, json!({"status": "pass"})));
    let who = json!({"by": "ops", "reason": "a move"});
    let rests = command("02T09:00:00", "case.suspend", "kyc-slow-3", who.clone());
    home.play(stream(&[&known[..], &[rests]].concat())).exits(0);
    let resolve =
        |case: &str| home.run(&["event", "resolve", &format!("{case}/T_Admit/1"), "--reason", "they called", "--json"]);
    let told = resolve("kyc-slow-1").exits(0).values();
    let last = told.last().unwrap();
    assert_eq!((&told[0]["outcome"], &last["case"]["fired"]), (&json!("completed"), &json!(["T_Admit"])), "{told:?}");
    // A slip of the pen lets no years pass.
    home.run(&["case", "suspend", "kyc-slow-2", "--reason", "a move", "--at", "2036-01-03T00:00:00Z"])
        .fails(2, &["more than 400 days after 2026-01-0"]);
    // Decided in time, and heard of after the deadline: the customer is in, and is told so.
    resolve("kyc-slow-3").exits(0);
    home.play(stream(&[command("20T00:00:00", "case.resume", "kyc-slow-3", who)])).exits(0);
    assert_eq!((fired("kyc-slow-2"), fired("kyc-slow-3")), (vec!["T_GiveUp".into()], vec!["T_Admit".into()]));
    resolve("kyc-slow-2").fails(1, &["does not wait for it any more"]);
}

/// Two things at once: a service that is asked again after an hour, and a clock.
const BOTH: &str = r#"
net = "both"
about = "a service and a clock side by side"

[conditions]
P_In = "it begins"
P_Called = "the service is asked"
P_Waits = "time passes"
P_Answered = "it answered"
P_Passed = "it passed"
P_Out = "both"

[task.T_Split]
kind = "auto"
takes = "P_In"
gives = ["P_Called", "P_Waits"]

[task.T_Call]
kind = "service"
action = "vendor/call"
key = "call"
retry = { attempts = 3, backoff = ["1 h"] }
takes = "P_Called"
gives = "P_Answered"

[task.T_Clock]
kind = "timer"
after = "90 min"
takes = "P_Waits"
gives = "P_Passed"

[task.T_Both]
kind = "auto"
takes = ["P_Answered", "P_Passed"]
gives = "P_Out"
"#;

#[test]
fn a_case_that_rested_while_a_call_and_a_timer_became_due_goes_on_with_both() {
    let home = Home::new();
    let net = home.file("both.toml", BOTH);
    let who = json!({"by": "ops", "reason": "the vendor is away"});
    let day = [
        launch("05T08:00:00", "both-1", "both", json!({}), json!({"T_Call": ["silence", "yes"]})),
        command("05T08:10:00", "case.suspend", "both-1", who.clone()),
        command("05T10:00:00", "case.resume", "both-1", who),
    ];
    home.play_with(stream(&day), &["--net", net.to_str().unwrap()]).exits(0);
    let (status, fired) = cases(&home).remove("both-1").unwrap();
    assert_eq!(
        (status.as_str(), fired),
        ("completed", ["T_Split", "T_Clock", "T_Call", "T_Both"].map(Into::into).into())
    );
}
