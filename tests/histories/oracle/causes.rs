//! What may cause which move: the published tables name triggers, and this is what each of them is in events.
//!
//! Written from the specification and the governors' pages. A move that is in a table, and that an event made which
//! cannot have caused it, is objected to like one that is in none.

/// One machine: where its state is kept, and what moves it.
pub struct Machine {
    /// The governor whose page has the table.
    pub governor: &'static str,
    /// What the facts' names begin with.
    pub fact: &'static str,
    /// Where in the fact the state is.
    pub state: &'static str,
    /// The state while there is no fact; empty where one begins with a first move.
    pub absent: &'static str,
    /// First moves of such a one: trigger and state. Pages tell them in words.
    pub begins: &'static [(&'static str, &'static str)],
    /// States that nothing leaves.
    pub closed: &'static [&'static str],
    /// Triggers, and the kinds of events that pull them.
    pub causes: &'static [(&'static str, &'static [&'static str])],
}

const TIMER: &str = "TimerFired";
const SETTLED: &str = "EffectSettled";
const SUBSCRIBES: &str = "CustomerSubscribes";
const UPGRADES: &str = "CustomerUpgrades";
const CHANGED: &str = "SubscriptionChanged";
const RENEWAL: &str = "RenewalDue";
const CANCELS: &str = "CustomerCancels";
const PAYMENT: &str = "PaymentProcessed";
const FAILED: &str = "PaymentFailed";
const METHOD: &str = "PaymentMethodUpdated";
const DECIDED: &str = "OperatorDecided";
const REFUND: &str = "RefundRequested";
const OPENED: &str = "DisputeOpened";
const CLOSED: &str = "DisputeClosed";
const SUSPENDED: &str = "ManualSuspension";
const LIFTED: &str = "SuspensionLifted";
const KYC: &str = "KycDecided";
const SCORED: &str = "FraudScored";
const EXCEEDS: &str = "UsageExceedsQuota";
const REPORTED: &str = "UsageReported";
const SLA: &str = "SlaMeasured";
const PRODUCT: &str = "ProductChanged";

/// What may bring credit to an invoice that is owed: whatever issues one, and whatever frees money.
const CREDIT: &[&str] =
    &[PAYMENT, SUBSCRIBES, UPGRADES, CHANGED, RENEWAL, CANCELS, METHOD, DECIDED, REFUND, CLOSED, SLA, TIMER, SETTLED];
/// What collects: requests for a plan, renewals, another method, an approval, retries, a lost capture.
const COLLECTS: &[&str] = &[SUBSCRIBES, UPGRADES, CHANGED, RENEWAL, METHOD, DECIDED, TIMER, SETTLED, CANCELS];

#[rustfmt::skip]
pub const MACHINES: &[Machine] = &[
    Machine {
        governor: "billing", fact: "billing.invoice.", state: "/status", absent: "",
        begins: &[("Issued", "Open")],
        closed: &["Credited", "ChargedBack", "Void", "WrittenOff"],
        causes: &[
            ("Issued", &[SUBSCRIBES, UPGRADES, CHANGED, RENEWAL, CANCELS, TIMER]),
            ("Reserved", COLLECTS), ("CaptureAsked", COLLECTS),
            ("Captured", &[SETTLED]), ("CapturedTooLate", &[SETTLED]), ("CaptureLost", &[SETTLED, TIMER]),
            ("PaidPart", CREDIT), ("PaidRest", CREDIT),
            ("PaymentFailed", &[FAILED, RENEWAL, METHOD, DECIDED, TIMER, SETTLED]),
            ("CreditedOut", &[CANCELS, CHANGED, UPGRADES, DECIDED, REFUND, CLOSED, SLA, TIMER, SETTLED]),
            ("GivenUp", &[TIMER]),
            ("DisputeOpened", &[OPENED]),
            ("DisputeWon", &[CLOSED]), ("DisputeLost", &[CLOSED]), ("DisputeLostInPart", &[CLOSED]),
        ],
    },
    Machine {
        governor: "subscription", fact: "subscription.sub.", state: "/status", absent: "",
        begins: &[("Try", "Trial"), ("Subscribe", "Active")],
        closed: &["Archived"],
        causes: &[
            ("Try", &[SUBSCRIBES]), ("Subscribe", &[SUBSCRIBES]), ("Renew", &[RENEWAL]), ("TrialUnpaid", &[RENEWAL]),
            ("ChangePlan", &[UPGRADES, CHANGED]), ("ChangePlanNext", &[CHANGED]), ("Pause", &[CHANGED]),
            ("Resume", &[CHANGED]), ("EndWhileHeld", &[TIMER]), ("Cancel", &[CANCELS]), ("CancelAtEnd", &[CANCELS]),
            ("Keep", &[SUBSCRIBES, CHANGED]), ("KeepTrying", &[SUBSCRIBES, CHANGED]), ("Reactivate", &[CHANGED]),
            ("WindowCloses", &[TIMER]), ("Retire", &[TIMER]),
        ],
    },
    Machine {
        governor: "entitlement", fact: "entitlement.grant.", state: "/status", absent: "",
        begins: &[("Grant", "Active"), ("AskApproval", "PendingApproval")],
        closed: &["Archived"],
        causes: &[
            ("Grant", &[SUBSCRIBES]), ("AskApproval", &[SUBSCRIBES]), ("Approve", &[DECIDED]), ("Reject", &[DECIDED]),
            ("ApprovalExpires", &[TIMER]), ("Renew", &[RENEWAL]), ("ChangePlan", &[UPGRADES, CHANGED]),
            ("Expire", &[TIMER, RENEWAL]), ("Cancel", &[CANCELS]), ("Reactivate", &[CHANGED]), ("AskAgain", &[CHANGED]),
            ("Retire", &[TIMER]),
        ],
    },
    Machine {
        governor: "customer-account", fact: "customer-account.account", state: "/status", absent: "absent",
        begins: &[], closed: &["archived"],
        causes: &[
            ("Subscribed", &[SUBSCRIBES]), ("Left", &[CANCELS]),
            // What shows in facts alone is followed at the next event that comes by.
            ("Returned", ANY), ("Lifted", ANY), ("LiftedAfterLeaving", ANY),
            ("Suspended", &[SUSPENDED, SCORED, KYC]), ("Rejected", &[DECIDED]), ("Reinstated", &[DECIDED]),
            ("RetentionOver", &[TIMER]),
        ],
    },
    Machine {
        governor: "compliance", fact: "compliance.kyc", state: "/status", absent: "Unknown",
        begins: &[], closed: &[],
        causes: &[
            ("CheckPassed", &[SUBSCRIBES]), ("RecheckPassed", &[TIMER]), ("RecheckFailed", &[TIMER]),
            ("RecheckPending", &[TIMER]), ("Departed", &[TIMER]), ("Unanswered", &[TIMER]), ("DecidedPass", &[KYC]),
            ("DecidedFail", &[KYC]), ("Forgiven", &[LIFTED]),
        ],
    },
    Machine {
        governor: "compliance", fact: "compliance.incident.", state: "/state", absent: "Clear",
        begins: &[], closed: &[],
        causes: &[
            ("RecordedElsewhere", &[SUSPENDED]), ("Suspended", &[SUSPENDED, SCORED, KYC, TIMER]), ("ReviewDue", &[TIMER]),
            ("AppealAccepted", &[DECIDED]), ("AppealRejected", &[DECIDED]), ("RemediationAccepted", &[DECIDED]),
            ("RemediationRejected", &[DECIDED]), ("Lifted", &[LIFTED]),
        ],
    },
    Machine {
        governor: "multi-tenant", fact: "multi-tenant.load.", state: "/state", absent: "Unseen",
        begins: &[], closed: &[],
        causes: &[
            ("WithinShare", &[REPORTED, EXCEEDS]), ("AboveShare", &[REPORTED, EXCEEDS]),
            ("AboveShareAndQuota", &[EXCEEDS]), ("PeriodOver", &[TIMER, REPORTED, EXCEEDS]),
        ],
    },
    Machine {
        governor: "multi-tenant", fact: "multi-tenant.isolation", state: "/state", absent: "Open",
        begins: &[], closed: &[],
        causes: &[
            ("Suspended", &[SUSPENDED]), ("WallsHold", &[TIMER]), ("WallMissing", &[TIMER]), ("Undecided", &[TIMER]),
            ("StillUndecided", &[TIMER]), ("AllCausesLifted", &[LIFTED]),
        ],
    },
    Machine {
        governor: "product-catalog", fact: "product-catalog.sku.", state: "/status", absent: "Absent",
        begins: &[], closed: &["Archived"],
        causes: &[
            ("Draft", &[PRODUCT, TIMER]), ("Publish", &[PRODUCT, TIMER]), ("Feature", &[PRODUCT, TIMER]),
            ("Deprecate", &[PRODUCT, TIMER]), ("Archive", &[PRODUCT, TIMER]),
        ],
    },
    Machine {
        governor: "quota-sla", fact: "quota-sla.usage.", state: "/status", absent: "within",
        begins: &[], closed: &[],
        causes: &[
            // A meter that sees too much where our limit sees none has read something all the same.
            ("Low", &[REPORTED, EXCEEDS, SUBSCRIBES, UPGRADES, CHANGED]),
            ("High", &[REPORTED, EXCEEDS, SUBSCRIBES, UPGRADES, CHANGED]),
            ("Over", &[REPORTED, SUBSCRIBES, UPGRADES, CHANGED]), ("HardLimit", &[EXCEEDS]),
            ("SoftLimit", &[EXCEEDS, SUBSCRIBES, UPGRADES, CHANGED]),
            ("Lifted", &[LIFTED]), ("Reset", &[TIMER]),
        ],
    },
];

/// Every kind.
const ANY: &[&str] = &[
    SUBSCRIBES, UPGRADES, CHANGED, RENEWAL, CANCELS, PAYMENT, FAILED, METHOD, DECIDED, REFUND, OPENED, CLOSED,
    SUSPENDED, LIFTED, KYC, SCORED, EXCEEDS, REPORTED, SLA, TIMER, SETTLED,
];
