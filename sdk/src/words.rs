//! The enums of the payloads: words in lower case with hyphens.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::fields::from_word;

/// One list makes each enum and both directions of its JSON form.
macro_rules! words {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $word:literal,)* })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            const EXPECTED: &str = concat!("one of:", $(" ", $word),*);

            /// The word on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }
        }

        impl FromStr for $name {
            type Err = &'static str;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                match word {
                    $($word => Ok(Self::$variant),)*
                    _ => Err(Self::EXPECTED),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                crate::text::deserialize(from)
            }
        }

        from_word! { $name: Self::EXPECTED })*
    };
}

words! {
    /// How often a subscription is paid.
    #[derive(Default)]
    Cycle {
        /// One month.
        #[default]
        Monthly = "monthly",
        /// Twelve months.
        Annual = "annual",
        /// Twenty-four months.
        TwoYear = "two-year",
        /// Thirty-six months.
        ThreeYear = "three-year",
    }

    /// What a `SubscriptionChanged` asks for.
    ChangeAction {
        /// To a lower plan.
        Downgrade = "downgrade",
        /// No renewal and no use, for a while.
        Pause = "pause",
        /// Out of a pause.
        Resume = "resume",
        /// Out of a recent cancellation.
        Reactivate = "reactivate",
    }

    /// Now, or when the paid period ends.
    When {
        /// At once.
        Now = "now",
        /// When the paid period ends.
        PeriodEnd = "period-end",
    }

    /// Why access is suspended. Each cause is kept and lifted by the one slot that owns it.
    #[derive(Default)]
    Cause {
        /// By hand (customer-account).
        #[default]
        Admin = "admin",
        /// By hand, or by a fraud score over 90 (compliance).
        Fraud = "fraud",
        /// By hand, or by a failed KYC (compliance).
        Compliance = "compliance",
        /// Unpaid (billing). Never the cause of a `ManualSuspension`.
        Payment = "payment",
        /// Over a hard limit (quota-sla). Never the cause of a `ManualSuspension`.
        Quota = "quota",
    }

    /// What an operator decided about.
    About {
        /// A grant that waits for approval (entitlement).
        Approval = "approval",
        /// A refund that was referred (billing).
        Refund = "refund",
        /// A banned or closed account (customer-account).
        Reinstatement = "reinstatement",
        /// An appeal (compliance; customer-account for the cause `admin`).
        Appeal = "appeal",
        /// A compliance incident (compliance).
        Remediation = "remediation",
    }

    /// What the operator decided.
    Ruling {
        /// Yes.
        Accept = "accept",
        /// No.
        Reject = "reject",
    }

    /// Where a product stands in its life.
    ProductStatus {
        /// Not yet for sale.
        Draft = "draft",
        /// For sale.
        Published = "published",
        /// For sale, and shown first.
        Featured = "featured",
        /// No longer sold, still served.
        Deprecated = "deprecated",
        /// Gone.
        Archived = "archived",
    }

    /// How a dispute ended, from the merchant's side.
    DisputeStatus {
        /// The money stays.
        Won = "won",
        /// The money was charged back.
        Lost = "lost",
    }

    /// What a KYC provider found.
    KycStatus {
        /// Identity confirmed.
        Pass = "pass",
        /// Identity not confirmed.
        Fail = "fail",
    }

    /// How a deferred effect ended.
    Settled {
        /// Done.
        Done = "done",
        /// A final no.
        Failed = "failed",
        /// It was too late for it.
        Expired = "expired",
    }
}

impl Cycle {
    /// Every cycle, shortest first.
    pub const ALL: [Self; 4] = [Self::Monthly, Self::Annual, Self::TwoYear, Self::ThreeYear];

    /// How many months one period has.
    pub fn months(self) -> u32 {
        match self {
            Self::Monthly => 1,
            Self::Annual => 12,
            Self::TwoYear => 24,
            Self::ThreeYear => 36,
        }
    }
}

impl Default for When {
    /// A cancellation that does not say when means now; a change that does not say when means the period's end, and
    /// says so itself.
    fn default() -> Self {
        Self::Now
    }
}
