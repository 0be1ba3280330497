//! Every net of the marketplace, driven to each of its ends by what people, services and the clock do.

use serde_json::json;
use syndic_core::ports::CaseStatus;

use crate::nets::{admitted, parsed, phase};
use crate::world::{DAY, HOUR, MINUTE, World};

fn ended(world: &World<'_>, last: &str) {
    assert_eq!(world.case.status(), CaseStatus::Completed);
    assert_eq!(world.last.fired.last().map(String::as_str), Some(last));
}

#[test]
fn a_vendor_is_approved() {
    let net = phase("vendor-onboarding");
    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    world.yes("T_VerifyIdentity", json!({"kyc": "pass"}));
    world.completes("T_SetupBanking", None, json!({}));
    world.yes("T_VerifyBanking", json!({"bank": "pass"}));
    ended(&world, "T_CloseVendorOnboarding.ok");
}

#[test]
fn a_vendor_is_rejected_by_the_service_by_a_person_and_by_the_clock() {
    let net = phase("vendor-onboarding");
    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    world.no("T_VerifyIdentity", json!({"kyc": "fail"}));
    ended(&world, "T_CloseVendorOnboarding.failed");

    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    assert_eq!(world.wait(DAY), ["T_IdentityTimeout"]);
    world.completes("T_ReviewIdentity", None, json!({"reviewer": "reject"}));
    ended(&world, "T_CloseVendorOnboarding.failed");

    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    assert_eq!(world.wait(7 * DAY - 1), ["T_IdentityTimeout"]);
    world.wait(1);
    ended(&world, "T_CloseVendorOnboarding.failed");
}

#[test]
fn a_bank_that_says_no_three_times_is_for_a_person() {
    let net = phase("vendor-onboarding");
    let mut world = World::launch(&net, &json!({"vendor_id": "v-1"}));
    world.yes("T_VerifyIdentity", json!({"kyc": "pass"}));
    for retries in 0..3 {
        assert_eq!(world.shows("bank_retries"), json!(retries));
        world.completes("T_SetupBanking", None, json!({}));
        world.no("T_VerifyBanking", json!({"bank": "fail"}));
    }
    assert_eq!(world.open(), ["T_ReviewOnboarding/1"]);
    world.completes("T_ReviewOnboarding", None, json!({"decision": "reject"}));
    ended(&world, "T_CloseVendorOnboarding.failed");
}

#[test]
fn a_product_goes_live_or_is_withdrawn() {
    let net = phase("product-listing");
    let verdicts = |world: &mut World<'_>, ip: &str| {
        world.completes("T_SubmitProduct", None, json!({}));
        world.yes("T_GDPRReview", json!({"gdpr": "pass"}));
        world.yes("T_ExportReview", json!({"export": "pass"}));
        world.yes("T_DataResidencyCheck", json!({"residency": "pass"}));
        world.yes("T_IPReview", json!({"ip": ip}));
    };
    let mut world = World::launch(&net, &json!({"product_id": "p-1"}));
    verdicts(&mut world, "pass");
    world.completes("T_MarketingReview", Some("approve"), json!({}));
    ended(&world, "T_CloseProductListing.ok");

    let mut world = World::launch(&net, &json!({"product_id": "p-1"}));
    verdicts(&mut world, "fail");
    assert_eq!(world.wait(30 * DAY), ["T_WithdrawProduct.compliance", "T_CloseProductListing.failed"]);
    ended(&world, "T_CloseProductListing.failed");
}

#[test]
fn four_reviews_that_nobody_answers_are_for_the_officer_after_five_business_days() {
    let net = phase("product-listing");
    let mut world = World::launch(&net, &json!({"product_id": "p-1"}));
    world.completes("T_SubmitProduct", None, json!({}));
    // From Monday to Monday.
    assert_eq!(world.wait(7 * DAY - 1), [""; 0]);
    let fired = world.wait(1);
    assert_eq!(fired.len(), 5, "{fired:?}");
    assert_eq!(fired[4], "T_ComplianceJoin.escalate");
    world.completes("T_ReviewCompliance", Some("pass"), json!({}));
    world.completes("T_MarketingReview", Some("reject"), json!({}));
    world.wait(30 * DAY);
    ended(&world, "T_CloseProductListing.failed");
}

#[test]
fn an_order_is_confirmed_or_cancelled() {
    let net = phase("customer-purchase");
    let checkout = |world: &mut World<'_>| {
        world.completes("T_Browse", None, json!({}));
        world.completes("T_Checkout", None, json!({}));
        world.completes("T_SubmitPayment", None, json!({}));
    };
    let mut world = World::launch(&net, &json!({"order_id": "o-1", "total": 4900}));
    checkout(&mut world);
    world.yes("T_ProcessPayment", json!({"payment": "approved"}));
    world.yes("T_CheckInventory", json!({"stock": "reserved"}));
    ended(&world, "T_CloseCustomerPurchase.ok");

    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    checkout(&mut world);
    let mut keys = Vec::new();
    for _ in 0..3 {
        keys.push(world.call("T_ProcessPayment").key);
        world.no("T_ProcessPayment", json!({"payment": "declined", "decline": "soft"}));
    }
    assert_eq!(keys, ["o-1/0", "o-1/1", "o-1/2"], "a new attempt has a new key");
    assert_eq!(world.open(), ["T_AlternativePaymentReceived/1"]);
    world.wait(30 * MINUTE);
    ended(&world, "T_CloseCustomerPurchase.failed");

    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    checkout(&mut world);
    world.yes("T_ProcessPayment", json!({"payment": "approved"}));
    world.no("T_CheckInventory", json!({"stock": "unavailable"}));
    world.completes("T_OfferWaitlist", None, json!({}));
    world.sets(json!({"restocked": true}));
    world.yes("T_CheckInventory", json!({"stock": "reserved"}));
    ended(&world, "T_CloseCustomerPurchase.ok");
}

#[test]
fn an_order_is_fulfilled_or_everything_is_undone() {
    let net = phase("fulfillment");
    let mut world = World::launch(&net, &json!({"order_id": "o-1", "tier": "standard"}));
    world.yes("T_CallVendorAPI", json!({"vendor": "ok"}));
    world.yes("T_SetupBilling", json!({"billing": "ok"}));
    world.yes("T_SetupMonitoring", json!({"monitoring": "ok"}));
    ended(&world, "T_CloseFulfillment.ok");

    let mut world = World::launch(&net, &json!({"order_id": "o-1", "tier": "premium"}));
    world.yes("T_CallVendorAPI", json!({"vendor": "ok"}));
    world.yes("T_SetupBilling", json!({"billing": "ok"}));
    let fired = world.wait(15 * MINUTE);
    assert_eq!(&fired[..2], ["T_SetupMonitoringTimeout", "T_ProvisioningJoin.failure"]);
    for task in ["T_UndoVendorAccount", "T_UndoBilling", "T_UndoMonitoring", "T_ReleaseReservation"] {
        world.yes(task, json!({}));
    }
    world.no("T_RefundPayment", json!({}));
    assert_eq!(world.open(), ["T_RefundPayment.manual/1"]);
    world.completes("T_RefundPayment.manual", None, json!({}));
    ended(&world, "T_CloseFulfillment.failed");
}

#[test]
fn a_vendor_who_never_answers_is_called_three_times_and_then_written_to() {
    let net = phase("fulfillment");
    let mut world = World::launch(&net, &json!({"order_id": "o-1", "tier": "standard"}));
    world.yes("T_SetupBilling", json!({"billing": "ok"}));
    world.yes("T_SetupMonitoring", json!({"monitoring": "ok"}));
    let fired = world.wait(15 * MINUTE);
    let retried = fired.iter().filter(|name| *name == "T_RetryVendorAPI").count();
    assert_eq!((retried, fired.last().map(String::as_str)), (2, Some("T_FallbackVendorEmail")));
    world.completes("T_VendorEmailConfirmed", None, json!({"vendor": "ok"}));
    ended(&world, "T_CloseFulfillment.ok");
}

#[test]
fn a_subscription_lives_through_tickets_and_ends() {
    let net = phase("post-sales-support");
    let mut world = World::launch(&net, &json!({"order_id": "o-1"}));
    assert_eq!(world.sets(json!({"issue": true, "severity": "S1"})), ["T_DetectIssue", "T_OpenSupportTicket"]);
    assert_eq!(world.wait(HOUR), ["T_TicketRoutingTimeout", "T_FallbackTimeout"]);
    world.completes("T_ResolveEscalated", None, json!({}));
    assert_eq!(world.open(), ["T_TerminateSubscription/4"]);
    world.sets(json!({"issue": true}));
    world.completes("T_AcknowledgeTicket", None, json!({}));
    assert_eq!(world.completes("T_TerminateSubscription", None, json!({}))[0], "T_TerminateSubscription.inprogress");
    for task in ["T_RevokeCustomerAccess", "T_DeleteResourcesAtVendor", "T_CloseGCPBilling"] {
        world.yes(task, json!({}));
    }
    ended(&world, "T_EndSubscription");
}

#[test]
fn the_whole_marketplace_is_one_case() {
    let net = admitted(&parsed("marketplace"));
    let mut world = World::launch(&net, &json!({"vendor_id": "v-1", "tier": "standard"}));
    world.yes("T_VerifyIdentity", json!({"kyc": "pass"}));
    world.completes("T_SetupBanking", None, json!({}));
    world.yes("T_VerifyBanking", json!({"bank": "pass"}));
    world.completes("T_SubmitProduct", None, json!({}));
    for (task, variable) in [
        ("T_GDPRReview", "gdpr"),
        ("T_ExportReview", "export"),
        ("T_IPReview", "ip"),
        ("T_DataResidencyCheck", "residency"),
    ] {
        world.yes(task, json!({variable: "pass"}));
    }
    world.completes("T_MarketingReview", Some("approve"), json!({}));
    world.wait(3 * HOUR);
    world.completes("T_Browse", None, json!({}));
    assert_eq!(world.wait(31 * MINUTE), ["T_CartAbandoned", "T_CloseCase.cancelled"]);
    assert_eq!(world.case.status(), CaseStatus::Completed);
}
