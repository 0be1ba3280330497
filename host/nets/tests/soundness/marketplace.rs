//! The marketplace's nets are sound, and nothing can be taken out of a join or a split of theirs.

use syndic_nets::Flat;
use syndic_nets::proof::{Answer, Budget, Claim, Reduce, Verdict, holds, prove};

use crate::oracle::{Oracle, see};
use crate::pnml::{NETS, read};

#[test]
fn each_of_the_six_nets_is_proved_sound() {
    for (name, text, [places, transitions, arcs, markings, firings]) in NETS {
        let net = read(text);
        let arcs_of = |flat: &Flat| flat.transitions.iter().map(|t| t.consumes.len() + t.produces.len()).sum::<usize>();
        assert_eq!([net.places.len(), net.transitions.len(), arcs_of(&net)], [places, transitions, arcs], "{name}");
        let verdict = prove(&net, &Budget::default());
        let Verdict::Sound { explored, reduced: None } = verdict else { panic!("{name} is not sound: {verdict:?}") };
        assert_eq!([explored.markings, explored.firings], [markings, firings], "{name}");
    }
}

#[test]
fn reduced_they_are_as_sound_and_much_smaller() {
    for ((name, text, _), markings) in NETS.into_iter().zip([7, 2, 6, 2, 2, 11]) {
        let verdict = prove(&read(text), &Budget { reduce: Reduce::Always, ..Budget::default() });
        let Verdict::Sound { explored, reduced: Some(_) } = verdict else { panic!("{name}: {verdict:?}") };
        assert_eq!(explored.markings, markings, "{name}");
    }
}

/// The net without one arc, for each arc of a transition with several inputs, or several outputs.
fn without_an_arc(net: &Flat) -> Vec<(String, Flat)> {
    let mut without = Vec::new();
    for (at, transition) in net.transitions.iter().enumerate() {
        let several = |arcs: usize| if arcs > 1 { arcs } else { 0 };
        for input in 0..several(transition.consumes.len()) {
            let mut less = net.clone();
            let place = less.transitions[at].consumes.remove(input);
            without.push((format!("{} without input {}", transition.name, net.place(place)), less));
        }
        for output in 0..several(transition.produces.len()) {
            let mut less = net.clone();
            let place = less.transitions[at].produces.remove(output);
            without.push((format!("{} without output {}", transition.name, net.place(place)), less));
        }
    }
    without
}

#[test]
fn without_any_arc_of_a_join_or_a_split_none_of_them_is() {
    let mut refused = Vec::new();
    for (name, text, _) in NETS {
        let less = without_an_arc(&read(text));
        for (what, net) in &less {
            let verdict = prove(net, &Budget::default());
            assert!(!verdict.faults().is_empty(), "{name}, {what}: {verdict:?}");
            verdict.faults().iter().for_each(|fault| see(net, fault));
        }
        refused.push((name, less.len()));
    }
    let expected = [14, 20, 12, 22, 8, 76];
    assert_eq!(refused, NETS.iter().map(|net| net.0).zip(expected).collect::<Vec<_>>());
}

#[test]
fn the_oracle_says_so_too() {
    for (name, text, [_, _, _, markings, firings]) in NETS {
        let net = read(text);
        let oracle = Oracle::ask(&net, 1_000);
        assert_eq!((oracle.markings.len(), oracle.firings()), (markings, firings), "{name}");
        assert!(oracle.complete && oracle.faults().is_empty(), "{name}");
    }
}

/// What no case may do, in the words of the specification.
const PROMISES: &[&str] = &[
    "no P_VendorApproved without T_VerifyBanking.pass",
    "no P_VendorApproved without T_VerifyIdentity.pass or T_ReviewIdentity.pass",
    "no P_CompliancePassed without T_ComplianceJoin.pass or T_ReviewCompliance.pass",
    "no P_ProductLive without T_MarketingReview.approve or T_EscalatedMarketingReview.approve",
    "no P_PurchaseConfirmed without T_CheckInventory.reserved",
    "no P_PurchaseConfirmed without T_ProcessPayment.authorized or T_AlternativePaymentReceived",
    "no P_CustomerAccessReady without T_ProvisioningJoin.success",
    "no P_FulfillmentCompensated without T_RefundPayment or T_RefundPayment.manual",
    "no P_FulfillmentCompensated without T_ReleaseReservation or T_ReleaseReservation.manual",
    "no P_SubscriptionEnded without T_RevokeCustomerAccess or T_RevokeCustomerAccess.manual",
    "never P_PurchaseConfirmed with P_PurchaseCancelled",
    "never P_VendorApproved with P_VendorRejected",
    "never P_CustomerAccessReady with P_RefundPending",
    "never P_AccessProvisioned with P_FulfillmentFailed",
];

fn claim(net: &Flat, text: &str) -> Claim {
    let place = |name: &str| net.find_place(name).expect("a promise speaks of places");
    let task = |name: &str| net.find_transition(name).expect("a promise speaks of transitions");
    match text.split(' ').collect::<Vec<_>>()[..] {
        ["never", one, "with", other] => Claim::NeverTogether(vec![place(one), place(other)]),
        ["no", what, "without", ref tasks @ ..] => {
            Claim::NoPlaceWithout(place(what), tasks.iter().step_by(2).map(|name| task(name)).collect())
        }
        _ => panic!("{text} is no promise"),
    }
}

#[test]
fn what_the_marketplace_promises_holds_in_every_marking() {
    let net = read(NETS[5].1);
    for promise in PROMISES {
        let answer = holds(&net, &claim(&net, promise), &Budget::default());
        assert!(matches!(answer, Answer::Holds { .. }), "{promise}: {answer:?}");
    }
}

#[test]
fn a_broken_promise_is_shown_by_a_shortest_way() {
    let net = read(NETS[2].1);
    let check = |text: &str, expected: &str| match holds(&net, &claim(&net, text), &Budget::default()) {
        Answer::Broken { sentence, .. } => assert_eq!(sentence, expected),
        answer => panic!("{text}: {answer:?}"),
    };
    check(
        "never P_PaymentAuthorized with P_InventoryUnavailable",
        "P_PaymentAuthorized and P_InventoryUnavailable are marked together after T_Browse, T_AddToCart, T_Checkout, \
         T_SubmitPayment, T_ProcessPayment.authorized, T_CheckInventory.unavailable",
    );
    check(
        "no P_PurchaseConfirmed without T_ProcessPayment.authorized",
        "P_PurchaseConfirmed is marked after T_Browse, T_AddToCart, T_Checkout, T_SubmitPayment, \
         T_ProcessPayment.declined, T_OfferAlternativePayment, T_AlternativePaymentReceived, \
         T_CheckInventory.reserved, T_ConfirmOrder, without T_ProcessPayment.authorized",
    );
}
