//! The marketplace's nets as they were first written down. Their figure called them sound; every reading of it has a
//! fault, and where one is repaired the next appears.

use std::collections::BTreeSet;

use syndic_nets::proof::Kind::{self, DeadTask, NotAWorkflowNet, Stuck, TokenLeft, Unbounded};
use syndic_nets::proof::{Budget, Counterexample, Verdict, prove};
use syndic_nets::{Flat, TransitionId};

use crate::oracle::see;
use crate::text::net;

const ONBOARDING: &str = "
    T_RegisterVendor: P_VendorInitiated -> P_IdentityVerification
    T_VerifyIdentity.pass: P_IdentityVerification -> P_IdentityPassed
    T_VerifyIdentity.fail: P_IdentityVerification -> P_IdentityFailed
    T_SetupBanking: P_IdentityPassed -> P_BankingSetup
    T_VerifyBanking: P_BankingSetup -> P_BankingVerified
    T_ApproveVendor: P_IdentityPassed P_BankingVerified -> P_VendorApproved
    T_RejectVendor: P_IdentityFailed -> P_VendorRejected
";

const LISTING: &str = "
    T_SubmitProduct: P_VendorApproved -> P_ProductDefined
    T_ComplianceReviewParallel: P_ProductDefined -> P_ComplianceReview
    T_ComplianceJoin.pass: P_ComplianceReview -> P_CompliancePassed
    T_ComplianceJoin.fail: P_ComplianceReview -> P_ComplianceFailed
    T_MarketingReview: P_CompliancePassed -> P_MarketingApproved
    T_IntegrateIntoCatalog: P_MarketingApproved -> P_CatalogIntegration
    T_PublishProductLive: P_CatalogIntegration -> P_ProductLive
";

const PURCHASE: &str = "
    T_Browse: P_ProductLive -> P_CustomerBrowsing
    T_AddToCart: P_CustomerBrowsing -> P_CartAdded
    T_Checkout: P_CartAdded -> P_CheckoutInitiated
    T_ProcessPayment.authorized: P_CheckoutInitiated -> P_PaymentAuthorized
    T_ProcessPayment.declined: P_CheckoutInitiated -> P_PaymentFailed
    T_CheckInventory.reserved: P_PaymentAuthorized -> P_InventoryReserved
    T_CheckInventory.unavailable: P_PaymentAuthorized -> P_InventoryUnavailable
";

/// The order is confirmed when both are there.
const CONFIRM_AND: &str = "
    T_ConfirmOrder: P_PaymentAuthorized P_InventoryReserved -> P_PurchaseConfirmed
";

/// The order is confirmed when either is there: payment alone suffices.
const CONFIRM_XOR: &str = "
    T_ConfirmOrder.paid: P_PaymentAuthorized -> P_PurchaseConfirmed
    T_ConfirmOrder.reserved: P_InventoryReserved -> P_PurchaseConfirmed
";

const FULFILLMENT: &str = "
    T_StartFulfillment: P_PurchaseConfirmed -> P_FulfillmentStarted
    T_ProvisioningParallel: P_FulfillmentStarted -> P_ProvisioningInProgress
    T_ProvisioningJoin.success: P_ProvisioningInProgress -> P_BillingSetup P_MonitoringSetup P_AccessProvisioned
    T_ProvisioningJoin.failure: P_ProvisioningInProgress -> P_FulfillmentFailed
    T_CreateCustomerCredentials: P_AccessProvisioned -> P_CustomerAccessReady
    T_HandleFulfillmentFailure: P_FulfillmentFailed -> P_SubscriptionTerminating
";

const SUPPORT: &str = "
    T_MonitorSubscription: P_CustomerAccessReady -> P_SupportActive
    T_DetectIssue: P_SupportActive -> P_IssueDetected
    T_OpenSupportTicket: P_IssueDetected -> P_SupportTicketOpen
    T_ResolveSupport: P_SupportResolved -> P_SupportActive
    T_TerminateSubscription: P_SupportActive -> P_SubscriptionTerminating
    T_DeprovisionProduct: P_SubscriptionTerminating -> P_DeprovisioningInProgress
    T_CloseBilling: P_DeprovisioningInProgress -> P_BillingClosed
    T_EndSubscription: P_BillingClosed -> P_SubscriptionEnded
";

/// Every ticket leaves a token in progress.
const INVESTIGATE_AND: &str = "
    T_InvestigateAndResolve: P_SupportTicketOpen -> P_SupportInProgress P_SupportResolved
";

/// A ticket in progress stays there.
const INVESTIGATE_XOR: &str = "
    T_InvestigateAndResolve.progress: P_SupportTicketOpen -> P_SupportInProgress
    T_InvestigateAndResolve.resolved: P_SupportTicketOpen -> P_SupportResolved
";

/// Places of the figure that no arc touches.
const ISOLATED: [&str; 3] = ["P_MarketingReview", "P_PaymentProcessing", "P_InventoryCheck"];

/// Dead ends that are outcomes, phase by phase.
const OUTCOMES: [&[&str]; 5] = [
    &["P_VendorApproved", "P_VendorRejected"],
    &["P_ProductLive", "P_ComplianceFailed"],
    &["P_PurchaseConfirmed", "P_PaymentFailed", "P_InventoryUnavailable"],
    &["P_CustomerAccessReady", "P_SubscriptionTerminating"],
    &["P_SubscriptionEnded"],
];

/// Dead ends of the whole.
const ALL_OUTCOMES: &[&str] =
    &["P_SubscriptionEnded", "P_VendorRejected", "P_ComplianceFailed", "P_PaymentFailed", "P_InventoryUnavailable"];

/// Only success counts as an end.
fn strict(parts: &[&str], success: &str) -> Flat {
    net(&parts.concat(), success)
}

/// Every outcome is closed by a transition of its own.
fn lenient(parts: &[&str], outcomes: &[&str]) -> Flat {
    let closing = |outcome: &&str| format!("T_Close.{}: {outcome} -> P_Closed\n", outcome.trim_start_matches("P_"));
    let closings: String = outcomes.iter().map(closing).collect();
    net(&format!("{}{closings}", parts.concat()), "P_Closed")
}

/// All phases, in one of the four readings of the order's join and the ticket's split.
fn parts<'a>(confirm: &'a str, investigate: &'a str) -> [&'a str; 7] {
    [ONBOARDING, LISTING, PURCHASE, confirm, FULFILLMENT, SUPPORT, investigate]
}

fn isolated(mut net: Flat) -> Flat {
    net.places.extend(ISOLATED.map(str::to_owned));
    net
}

/// A reading of the figure, and what the prover says of it.
struct Reading {
    name: &'static str,
    strict: Flat,
    lenient: Flat,
    /// Places and transitions, strictly.
    size: (usize, usize),
    /// Markings, strictly; `None` if there is no end of them.
    markings: Option<usize>,
    of_strict: &'static [Kind],
    of_lenient: &'static [Kind],
}

fn phase(
    name: &'static str,
    parts: &[&str],
    outcomes: &[&str],
    size: (usize, usize),
    markings: Option<usize>,
    of_strict: &'static [Kind],
    of_lenient: &'static [Kind],
) -> Reading {
    let (strict, lenient) = (strict(parts, outcomes[0]), lenient(parts, outcomes));
    Reading { name, strict, lenient, size, markings, of_strict, of_lenient }
}

fn whole(name: &'static str, confirm: &str, investigate: &str, transitions: usize) -> Reading {
    let parts = parts(confirm, investigate);
    Reading {
        name,
        strict: isolated(strict(&parts, ALL_OUTCOMES[0])),
        lenient: isolated(lenient(&parts, ALL_OUTCOMES)),
        size: (42, transitions),
        markings: Some(7),
        of_strict: &[NotAWorkflowNet, Stuck, DeadTask],
        of_lenient: &[NotAWorkflowNet, DeadTask, Stuck],
    }
}

#[rustfmt::skip]
fn readings() -> Vec<Reading> {
    vec![
        whole("all, AND, AND", CONFIRM_AND, INVESTIGATE_AND, 37),
        whole("all, XOR, AND", CONFIRM_XOR, INVESTIGATE_AND, 38),
        whole("all, AND, XOR", CONFIRM_AND, INVESTIGATE_XOR, 38),
        whole("all, XOR, XOR", CONFIRM_XOR, INVESTIGATE_XOR, 39),
        phase("onboarding",    &[ONBOARDING],               OUTCOMES[0], (8, 7),   Some(7),  &[NotAWorkflowNet, Stuck, DeadTask],      &[DeadTask, Stuck]),
        phase("listing",       &[LISTING],                  OUTCOMES[1], (8, 7),   Some(8),  &[NotAWorkflowNet, Stuck],                &[]),
        phase("purchase, AND", &[PURCHASE, CONFIRM_AND],    OUTCOMES[2], (9, 8),   Some(8),  &[NotAWorkflowNet, Stuck, DeadTask],      &[DeadTask, Stuck]),
        phase("purchase, XOR", &[PURCHASE, CONFIRM_XOR],    OUTCOMES[2], (9, 9),   Some(9),  &[NotAWorkflowNet, Stuck],                &[]),
        phase("fulfilment",    &[FULFILLMENT],              OUTCOMES[3], (9, 6),   Some(7),  &[NotAWorkflowNet, Stuck, TokenLeft],     &[NotAWorkflowNet, TokenLeft]),
        phase("support, AND",  &[SUPPORT, INVESTIGATE_AND], OUTCOMES[4], (10, 9),  None,     &[NotAWorkflowNet, Unbounded, TokenLeft], &[NotAWorkflowNet, Unbounded, TokenLeft]),
        phase("support, XOR",  &[SUPPORT, INVESTIGATE_XOR], OUTCOMES[4], (10, 10), Some(10), &[NotAWorkflowNet, Stuck],                &[NotAWorkflowNet, Stuck]),
    ]
}

fn kinds(verdict: &Verdict) -> Vec<Kind> {
    verdict.faults().iter().map(|fault| fault.kind).collect()
}

fn first(verdict: &Verdict, kind: Kind) -> &Counterexample {
    verdict.faults().iter().find(|fault| fault.kind == kind).expect("there is such a fault")
}

#[test]
fn every_reading_of_the_figure_has_its_faults() {
    for reading in readings() {
        let name = reading.name;
        assert_eq!((reading.strict.places.len(), reading.strict.transitions.len()), reading.size, "{name}");
        let strict = prove(&reading.strict, &Budget::default());
        assert_eq!(kinds(&strict), reading.of_strict, "{name}, strictly");
        match reading.markings {
            Some(markings) => assert_eq!(strict.explored().markings, markings, "{name}"),
            None => assert!(kinds(&strict).contains(&Unbounded), "{name}"),
        }
        let lenient = prove(&reading.lenient, &Budget::default());
        assert_eq!(kinds(&lenient), reading.of_lenient, "{name}, leniently");
        assert_eq!(lenient.is_sound(), reading.of_lenient.is_empty(), "{name}, leniently");
        strict.faults().iter().for_each(|fault| see(&reading.strict, fault));
        lenient.faults().iter().for_each(|fault| see(&reading.lenient, fault));
    }
}

#[test]
fn of_the_thirty_two_tasks_twenty_seven_can_never_be_done() {
    let net = whole("all", CONFIRM_AND, INVESTIGATE_AND, 37).strict;
    let verdict = prove(&net, &Budget::default());
    let task = |id: &TransitionId| net.transition(*id).name.split('.').next().unwrap_or_default().to_owned();
    let all: BTreeSet<String> = net.transition_ids().map(|id| task(&id)).collect();
    let dead: BTreeSet<String> = first(&verdict, DeadTask).tasks.iter().map(task).collect();
    assert_eq!((all.len(), dead.len()), (32, 27));
}

/// One repair, as the lines of the figure that change: the branch gets a place of its own, kept beside what waits.
type Repair = &'static [(&'static str, &'static str)];

const F1: Repair = &[
    (
        "pass: P_IdentityVerification -> P_IdentityPassed",
        "pass: P_IdentityVerification -> P_IdentityPassed P_BankingSetup",
    ),
    ("P_IdentityPassed -> P_BankingSetup", "P_BankingSetup -> P_BankingSubmitted"),
    ("P_BankingSetup -> P_BankingVerified", "P_BankingSubmitted -> P_BankingVerified"),
];

const F2: Repair = &[
    ("P_CheckoutInitiated -> P_PaymentAuthorized", "P_CheckoutInitiated -> P_PaymentAuthorized P_InventoryCheck"),
    ("P_PaymentAuthorized -> P_InventoryReserved", "P_InventoryCheck -> P_InventoryReserved"),
    ("P_PaymentAuthorized -> P_InventoryUnavailable", "P_InventoryCheck -> P_InventoryUnavailable"),
];

const F4: Repair = &[("P_AccessProvisioned ->", "P_AccessProvisioned P_BillingSetup P_MonitoringSetup ->")];

#[test]
fn behind_every_repaired_fault_stands_the_next() {
    let mut text = parts(CONFIRM_AND, INVESTIGATE_XOR).concat();
    let mut check = |repair: Repair, markings: usize, shown: Kind, end: &str| {
        for (written, repaired) in repair {
            assert_eq!(text.matches(written).count(), 1, "{written}");
            text = text.replace(written, repaired);
        }
        let net = isolated(lenient(&[&text], ALL_OUTCOMES));
        let verdict = prove(&net, &Budget::default());
        assert_eq!(verdict.explored().markings, markings);
        let sentence = &first(&verdict, shown).sentence;
        assert!(sentence.ends_with(end), "{sentence}");
    };
    check(&[], 8, DeadTask, "T_VerifyBanking the case rests in P_BankingVerified for ever");
    check(F1, 23, DeadTask, "T_CheckInventory.reserved the case rests in P_InventoryReserved for ever");
    check(F2, 44, TokenLeft, "it marks P_Closed, with tokens left in P_PaymentAuthorized");
    check(&[], 44, Stuck, "it rests in P_BillingSetup, P_MonitoringSetup and P_SupportInProgress for ever");
    check(F4, 39, Stuck, "it rests in P_SupportInProgress for ever");
}

#[test]
fn a_fault_is_told_as_what_happens_to_a_case() {
    let check = |net: &Flat, kind: Kind, sentence: &str| {
        assert_eq!(first(&prove(net, &Budget::default()), kind).sentence, sentence);
    };
    let onboarding = strict(&[ONBOARDING], "P_VendorApproved");
    check(
        &onboarding,
        DeadTask,
        "T_ApproveVendor can never fire: after T_RegisterVendor, T_VerifyIdentity.pass, T_SetupBanking, \
         T_VerifyBanking the case rests in P_BankingVerified for ever",
    );
    check(
        &onboarding,
        NotAWorkflowNet,
        "this is not a workflow net: P_IdentityFailed, P_VendorRejected, T_VerifyIdentity.fail and T_RejectVendor are \
         on no way from P_VendorInitiated to P_VendorApproved",
    );
    check(
        &strict(&[LISTING], "P_ProductLive"),
        Stuck,
        "the case gets stuck: after T_SubmitProduct, T_ComplianceReviewParallel, T_ComplianceJoin.fail it rests in \
         P_ComplianceFailed for ever",
    );
    check(
        &strict(&[FULFILLMENT], "P_CustomerAccessReady"),
        TokenLeft,
        "the case ends too early: after T_StartFulfillment, T_ProvisioningParallel, T_ProvisioningJoin.success, \
         T_CreateCustomerCredentials it marks P_CustomerAccessReady, with tokens left in P_BillingSetup and \
         P_MonitoringSetup",
    );
    check(
        &strict(&[SUPPORT, INVESTIGATE_AND], "P_SubscriptionEnded"),
        Unbounded,
        "tokens pile up in P_SupportInProgress without end: after T_MonitorSubscription each round of T_DetectIssue, \
         T_OpenSupportTicket, T_InvestigateAndResolve, T_ResolveSupport adds more",
    );
}
