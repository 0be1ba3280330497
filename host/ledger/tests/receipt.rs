//! The leaf, byte for byte.
//!
//! `vectors/receipt.json` is one receipt with every member that an event's may have, `vectors/case.json` one of a case's
//! step; `vectors/act.json` has as few as possible. All are exact leaves (no line end), for verifiers in other languages
//! too. They may never change: a leaf that was written must verify for ever.

use std::collections::BTreeMap;

use syndic_ledger::*;

const FULL: &str = include_str!("vectors/receipt.json");
const CASE: &str = include_str!("vectors/case.json");
const ACT: &str = include_str!("vectors/act.json");

fn full() -> Receipt {
    let master = Master::from_seed(0);
    let (salt, tenant) = (master.salt("acme", "cust-1"), master.tenant_salt("acme"));
    let commit = |text: &str| salt.commit(text.as_bytes());
    Receipt {
        changes: vec![
            Change {
                after: Some(commit(r#"{"status":"open"}"#)),
                before: None,
                name: "billing.invoice.inv-1".into(),
                scope: Scope::Customer,
                version: 1,
            },
            Change {
                after: None,
                before: Some(tenant.commit(b"3")),
                name: "shared.subscribers.pro".into(),
                scope: Scope::Tenant,
                version: 4,
            },
        ],
        claims: vec![Claim { content: commit(r#"{"amount":9999}"#), key: commit("payment:idem-1") }],
        conflicts: vec![Conflict {
            fact: "shared.access".into(),
            policy: Policy::Strictest,
            settlement: "entitlement".into(),
            slots: vec!["billing".into(), "entitlement".into()],
        }],
        dedup: Some(commit(r#"["/shop","evt-1"]"#)),
        effects: vec![Effect {
            action: "authorize-payment".into(),
            answer: Some(commit(r#"{"authorized":9999}"#)),
            attempt: 1,
            id: "authorize-inv-1".into(),
            key: sha256(b"connector key"),
            mode: Mode::Reversible,
            request: commit(r#"{"invoice":"inv-1"}"#),
            slot: "billing".into(),
            status: EffectStatus::UndoFailed,
        }],
        error: Some(ErrorRecord {
            fields: BTreeMap::from([
                ("effect".into(), ErrorField::Text("billing/authorize-inv-1".into())),
                ("governors".into(), ErrorField::Names(vec!["billing".into()])),
                ("timeout_secs".into(), ErrorField::Number(10)),
            ]),
            kind: "RollbackFailed".into(),
        }),
        event: Some(Event {
            hash: commit(r#"{"id":"evt-1"}"#),
            id: "evt-1 \"é\u{1f}€😀".into(),
            source: commit("/shop"),
            r#type: "marketplace.CustomerSubscribes".into(),
        }),
        governors: vec![
            Governor {
                code: Some("payment-declined".into()),
                digest: Digest::of(b"billing.wasm"),
                fuel: 9_007_199_254_740_991,
                migrated: None,
                output: Some(commit(r#"{"verdict":"refuse"}"#)),
                slot: "billing".into(),
                verdict: Some(Verdict::Refuse),
                version: "1.0.0".into(),
            },
            Governor {
                code: None,
                digest: Digest::of(b"compliance.wasm"),
                fuel: 0,
                migrated: None,
                output: None,
                slot: "compliance".into(),
                verdict: Some(Verdict::Abstain),
                version: "1.2.0-rc.1".into(),
            },
        ],
        numbers: vec![Number { number: 42, series: "invoice".into() }],
        parent: Some(Parent { relation: Relation::Retries, sequence: 3 }),
        raises: vec![Raised {
            hash: commit("{}"),
            slot: "subscription".into(),
            r#type: "marketplace.RenewalDue".into(),
        }],
        read_set: vec![
            Read { hash: None, name: "billing.account".into(), scope: Scope::Customer, version: 0 },
            Read {
                hash: Some(tenant.commit(b"3")),
                name: "shared.subscribers.pro".into(),
                scope: Scope::Tenant,
                version: 3,
            },
        ],
        state_path: ["ProcessingEvent", "ErrorDetected", "ErrorRecovery", "ResumeOperation", "Idle"]
            .map(String::from)
            .to_vec(),
        subject: Some(commit("cust-1")),
        tenant: Some("acme".into()),
        timers: vec![Timer {
            hash: commit(r#"{"due":"2026-02-02T03:04:05Z"}"#),
            name: "period-end.sub-1".into(),
            slot: "subscription".into(),
        }],
        ..bare(Kind::Event, Outcome::Stuck)
    }
}

/// A step that the host made by itself.
fn step() -> Receipt {
    let case = Case {
        fired: vec!["T_VerifyIdentity.pass".into(), "T_SetUpBanking".into()],
        id: "vendor-7".into(),
        net: Digest::of(b"a net"),
        state: Some(Master::from_seed(0).salt("acme", "vendor-7").commit(b"{}")),
        status: CaseStatus::Running,
    };
    let subject = Some(Master::from_seed(0).salt("acme", "vendor-7").commit(b"vendor-7"));
    let parent = Some(Parent { relation: Relation::Continues, sequence: 16 });
    let bare = bare(Kind::Act("case".into()), Outcome::Completed);
    Receipt { case: Some(case), parent, subject, tenant: Some("acme".into()), ..bare }
}

fn bare(kind: Kind, outcome: Outcome) -> Receipt {
    Receipt::new(17, "2026-01-02T03:04:05.25Z".into(), kind, outcome, sha256(b"configuration"), sha256(b"engine"))
}

#[test]
fn a_receipt_has_these_bytes_and_this_leaf_hash() {
    for (receipt, leaf, hash) in [
        (full(), FULL, "ac79d686089cf841eb7f131347456f18b828ffd2cbfb02533e74cff5e1026fdd"),
        (step(), CASE, "89b509d0b79b2240371024f6b010560123662ae9d54ec4d75eb0130137146b60"),
        (
            bare(Kind::Act("revert".into()), Outcome::Completed),
            ACT,
            "80df6f02d7474526ecd8edcf60376c5d54b3231089737527145571c678820133",
        ),
    ] {
        assert_eq!(String::from_utf8(receipt.leaf()).unwrap(), leaf);
        assert_eq!(receipt.leaf_hash().to_string(), hash);
        assert_eq!(Receipt::parse(leaf.as_bytes()).unwrap(), receipt);
    }
}

#[test]
fn a_step_of_a_case_that_an_earlier_version_receipted_reads_and_keeps_its_hash() {
    let state = r#""state":"0e70c1610a2bf54040ae6e91f69e32f9ce4cf3345014a7dd9bfad526b4e95257","#;
    let earlier = Receipt::parse(CASE.replace(state, "").as_bytes()).unwrap();
    let case = step().case.map(|case| Case { state: None, ..case });
    assert_eq!(earlier, Receipt { case, ..step() });
    assert_eq!(earlier.leaf_hash().to_string(), "774d31250f03f52b6ef9c4246fb093db0d32626b0afacc535c674b4d6d712ecc");
}

#[test]
fn what_is_written_in_declared_order_is_what_rfc_8785_orders() {
    for receipt in [full(), step()] {
        assert_eq!(String::from_utf8(receipt.leaf()).unwrap(), canonical(&receipt));
    }
}

#[test]
fn no_word_of_a_person_is_in_a_leaf() {
    for word in ["cust-1", "/shop", "idem-1", "9999", "\"inv-1\""] {
        assert!(!FULL.contains(word), "{word}");
    }
}

/// The full leaf with one thing replaced is refused with this sentence.
fn check_refused(replace: &str, with: &str, sentence: &str) {
    check_forged(FULL, replace, with, sentence);
}

fn check_forged(leaf: &str, replace: &str, with: &str, sentence: &str) {
    let forged = leaf.replacen(replace, with, 1);
    assert_ne!(forged, leaf, "`{replace}` is not in the leaf");
    let error = Receipt::parse(forged.as_bytes()).expect_err(with).to_string();
    assert!(error.contains(sentence), "`{with}`: {error}");
}

#[test]
fn a_second_spelling_is_not_a_leaf() {
    let canonical = "is not in canonical form";
    check_refused("{", "{ ", canonical);
    check_refused("\"v\":1}", "\"v\":1}\n", canonical);
    check_refused("\"number\":42,\"series\":\"invoice\"", "\"series\":\"invoice\",\"number\":42", canonical);
    check_refused("é", "\\u00e9", canonical);
    check_refused("\"kind\":\"event\"", "\"kind\":\"\\u0065vent\"", canonical);
    check_refused("\"retries\",\"sequence\":3}", "\"retries\",\"sequence\":3},\"subject\":null", "duplicate field");
    check_refused("{\"code\":\"payment-declined\",", "{\"code\":null,", canonical);
    check_refused("9007199254740991", "9007199254740993", canonical);
    check_refused("\"fields\":{", "\"fields\":{\"effect\":1,", canonical);
    check_refused("{\"changes\"", "{\"case\":null,\"changes\"", canonical);
}

#[test]
fn what_a_receipt_does_not_say_cannot_be_smuggled_in() {
    check_refused("\"v\":1}", "\"v\":1,\"wall\":1}", "unknown field `wall`");
    check_refused("\"number\":42", "\"note\":1,\"number\":42", "unknown field `note`");
    check_refused("\"numbers\":", "\"Numbers\":", "unknown field `Numbers`");
    check_refused("\"v\":1}", "\"v\":1,\"v\":1}", "duplicate field `v`");
    check_refused("\"v\":1}", "\"v\":1}{}", "trailing characters");
    check_refused("\"timeout_secs\":10", "\"timeout_secs\":0.5", "did not match any variant");
    check_refused("\"fuel\":0", "\"fuel\":0.0", "expected u64");
    check_refused("\"outcome\":\"stuck\"", "\"outcome\":\"invalid\"", "unknown variant `invalid`");
    check_refused("\"sha256:", "\"sha512:", "64 lower-case hex digits");
    check_forged(CASE, "\"fired\"", "\"data\":{},\"fired\"", "unknown field `data`");
    check_forged(CASE, "\"running\"", "\"asleep\"", "unknown variant `asleep`");
    check_forged(CASE, "\"case\":{", "\"case\":null,\"cases\":{", "unknown field `cases`");
}

#[test]
fn a_newer_format_is_called_newer_even_with_members_of_its_own() {
    check_refused("\"v\":1}", "\"v\":2,\"x\":[]}", "has format 2, and this program reads format 1");
}

#[test]
fn a_receipt_follows_only_earlier_ones() {
    check_refused("\"sequence\":17", "\"sequence\":0", "receipt 0 has no place");
    check_refused("\"retries\",\"sequence\":3", "\"retries\",\"sequence\":17", "receipt 17 has no place");
    check_refused("\"retries\",\"sequence\":3", "\"retries\",\"sequence\":0", "receipt 17 has no place");
}

#[test]
fn one_moment_has_one_spelling() {
    let at = "2026-01-02T03:04:05.25Z";
    for other in [
        "2026-01-02T03:04:05.250Z",
        "2026-01-02T03:04:05.2500Z",
        "2026-01-02T03:04:05.Z",
        "2026-01-02 03:04:05Z",
        "2026-01-02T03:04:05+00:00",
        "2026-01-02T03:04:05.1234Z",
        "2026-01-02T03:04Z",
        "now",
    ] {
        check_refused(at, other, "is not RFC 3339 in UTC");
    }
    for good in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.2Z", "2026-01-02T03:04:05.251Z"] {
        assert!(Receipt::parse(FULL.replace(at, good).as_bytes()).is_ok(), "{good}");
    }
}
