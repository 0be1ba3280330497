//! The data of each event kind. Field names are those on the wire; an optional field that is absent has the default of
//! the specification, and fields nobody knows are ignored.
//!
//! Amounts are integers in the currency's minor units. The host has checked ranges at the door; they are repeated here
//! only where a reader would wonder.

use std::collections::BTreeMap;

use serde::de::{DeserializeSeed, Error as _};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use crate::fields::{Broken, Fields, FromJson};
use crate::shape::Shape;
use crate::{Currency, Money, Time};

pub use crate::words::{
    About, Cause, ChangeAction, Cycle, DisputeStatus, KycStatus, ProductStatus, Ruling, Settled, When,
};

/// One list makes each struct and its reader: a field is required unless it is an `Option` or has a default. Payloads
/// of your own may hold these, so they read as serde types too; the derived reader would not be the same one.
macro_rules! payload {
    ($($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $ty:ty $(= $default:expr)?,)* })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Serialize)]
        pub struct $name { $($(#[$field_doc])* pub $field: $ty,)* }

        impl FromJson for $name {
            const SHAPE: &'static Shape =
                &Shape::Object(&[$((stringify!($field), <$ty as FromJson>::SHAPE)),*]);

            fn from_json(value: Value) -> Result<Self, Broken> {
                let mut fields = Fields::of(value)?;
                Ok(Self { $($field: fields.take(stringify!($field), payload!(@ $($default)?))?,)* })
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                Self::from_json(Self::SHAPE.deserialize(from)?).map_err(D::Error::custom)
            }
        })*
    };
    (@) => { None };
    (@ $default:expr) => { Some($default) };
}

payload! {
    /// A customer asks for a subscription.
    CustomerSubscribes {
        /// The product.
        sku: String,
        /// 1 to 100,000.
        seats: u32 = 1,
        /// How often it is paid.
        billing_cycle: Cycle = Cycle::Monthly,
        /// Whether it begins with a free trial.
        trial: bool = false,
        /// How it is paid.
        #[serde(skip_serializing_if = "Option::is_none")]
        payment_method: Option<String>,
        /// The agreed price of a whole period and all seats, never discounted.
        #[serde(skip_serializing_if = "Option::is_none")]
        contract_price: Option<Money>,
        /// An order whose capture has paid for it already.
        #[serde(skip_serializing_if = "Option::is_none")]
        order_id: Option<String>,
    }

    /// A customer moves up to a higher plan.
    CustomerUpgrades {
        /// The plan now.
        old_sku: String,
        /// The plan wanted.
        new_sku: String,
        /// The agreed price of a whole period and all seats.
        #[serde(skip_serializing_if = "Option::is_none")]
        contract_price: Option<Money>,
    }

    /// A customer changes a subscription in any other way.
    SubscriptionChanged {
        /// What is asked for.
        action: ChangeAction,
        /// The plan wanted, for a downgrade.
        #[serde(skip_serializing_if = "Option::is_none")]
        new_sku: Option<String>,
        /// When it takes effect.
        when: When = When::PeriodEnd,
        /// Which subscription, where there are several.
        #[serde(skip_serializing_if = "Option::is_none")]
        subscription_id: Option<String>,
    }

    /// Money arrived.
    PaymentProcessed {
        /// In minor units, more than 0.
        amount: i64,
        /// Absent: the invoice's, else the price book's.
        #[serde(skip_serializing_if = "Option::is_none")]
        currency: Option<Currency>,
        /// The payment's own key: one payment counts once.
        idempotency_key: String,
        /// The invoice it is meant for; absent: the oldest open one.
        #[serde(skip_serializing_if = "Option::is_none")]
        invoice_id: Option<String>,
    }

    /// Money did not arrive.
    PaymentFailed {
        /// Why, for people.
        reason: String,
        /// Why, for programs: `lost_card`.
        #[serde(skip_serializing_if = "Option::is_none")]
        decline_code: Option<String>,
        /// The invoice it was meant for.
        #[serde(skip_serializing_if = "Option::is_none")]
        invoice_id: Option<String>,
    }

    /// A meter reads more than a limit.
    UsageExceedsQuota {
        /// What is metered.
        resource: String,
        /// More than `limit`.
        current_usage: i64,
        /// The limit as the meter knows it.
        limit: i64,
    }

    /// A customer leaves.
    #[derive(Default)]
    CustomerCancels {
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
        /// At once, or when the paid period ends.
        when: When = When::Now,
        /// Which subscription; absent: all.
        #[serde(skip_serializing_if = "Option::is_none")]
        subscription_id: Option<String>,
    }

    /// An operator suspends a customer.
    ManualSuspension {
        /// Why, for people.
        reason: String,
        /// `admin`, `fraud` or `compliance`.
        cause: Cause = Cause::Admin,
    }

    /// A subscription's period is about to end.
    RenewalDue {
        /// Which subscription.
        subscription_id: String,
    }

    /// A product is created or changed. Runs in the tenant's own lane, whatever the subject.
    ProductChanged {
        /// The product.
        sku: String,
        /// Its name, for people.
        name: String,
        /// Where it stands.
        status: ProductStatus,
        /// What a seat costs in each cycle it is offered in.
        prices: BTreeMap<Cycle, Money>,
        /// What a subscription may use; a resource that is absent is unlimited.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        limits: BTreeMap<String, Limit> = BTreeMap::new(),
        /// What a subscription can do.
        #[serde(skip_serializing_if = "Vec::is_empty")]
        features: Vec<String> = Vec::new(),
        /// Whether a person approves each grant.
        requires_approval: bool = false,
        /// How long a trial is.
        trial_days: u32 = 14,
        /// What use beyond a soft limit costs.
        #[serde(skip_serializing_if = "BTreeMap::is_empty")]
        overage: BTreeMap<String, Rate> = BTreeMap::new(),
        /// When the change applies; absent: at once.
        #[serde(skip_serializing_if = "Option::is_none")]
        effective_at: Option<Time>,
        /// The product that takes its place.
        #[serde(skip_serializing_if = "Option::is_none")]
        replacement: Option<String>,
        /// Whose product it is.
        #[serde(skip_serializing_if = "Option::is_none")]
        vendor_id: Option<String>,
        /// The marketplace's commission, in hundredths of a percent.
        #[serde(skip_serializing_if = "Option::is_none")]
        commission_bp: Option<u32>,
    }

    /// What a subscription may use of one resource.
    Limit {
        /// How much; absent: without limit.
        #[serde(skip_serializing_if = "Option::is_none")]
        limit: Option<i64>,
        /// Whether use stops there.
        hard: bool = false,
    }

    /// What use beyond a limit costs: `minor_units` for every `per`.
    Rate {
        /// The price in minor units.
        minor_units: i64,
        /// The price's currency.
        currency: Currency,
        /// How much use the price is for.
        per: i64,
    }

    /// An operator lifts a suspension.
    SuspensionLifted {
        /// Which.
        cause: Cause,
        /// Who lifted it.
        actor: String,
    }

    /// An operator decided.
    OperatorDecided {
        /// What about.
        about: About,
        /// Which one, where there are several.
        #[serde(skip_serializing_if = "Option::is_none")]
        id: Option<String>,
        /// What.
        decision: Ruling,
        /// How much, for a refund, in minor units.
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
        /// Who decided.
        actor: String,
    }

    /// A customer wants money back.
    RefundRequested {
        /// The invoice it was paid for.
        invoice_id: String,
        /// How much, in minor units; absent: all that can be.
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
        /// Why.
        reason: String,
    }

    /// A customer disputes a charge with the bank.
    DisputeOpened {
        /// The invoice it was charged for.
        invoice_id: String,
        /// How much, in minor units.
        amount: i64,
        /// Why.
        reason: String,
    }

    /// The bank decided a dispute.
    DisputeClosed {
        /// The invoice.
        invoice_id: String,
        /// How it ended.
        status: DisputeStatus,
    }

    /// A customer pays by another method from now on.
    PaymentMethodUpdated {
        /// The new method.
        payment_method: String,
    }

    /// A KYC provider answered.
    KycDecided {
        /// What it found.
        status: KycStatus,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    }

    /// A fraud score arrived.
    FraudScored {
        /// 0 to 100; more is worse.
        score: u8,
    }

    /// A meter reading.
    UsageReported {
        /// What is metered.
        resource: String,
        /// Since the period began.
        quantity: i64,
        /// The calendar month, `YYYY-MM`.
        period: String,
    }

    /// A month of service was measured.
    SlaMeasured {
        /// The calendar month, `YYYY-MM`.
        period: String,
        /// Availability in millionths.
        uptime_ppm: i64,
        /// The 99th percentile of response times, in milliseconds.
        p99_ms: i64,
        /// Failed requests in millionths.
        error_ppm: i64,
    }

    /// A timer this governor set is due. Made by the host, for this governor alone.
    TimerFired {
        /// The timer's name.
        name: String,
        /// When it was due.
        due: Time,
        /// What was set with it.
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<Value>,
    }

    /// A deferred effect this governor asked for has ended. Made by the host, for this governor alone.
    EffectSettled {
        /// The effect's id, as the governor chose it.
        effect: String,
        /// Its action.
        action: String,
        /// The connector key it was done under.
        key: String,
        /// How it ended.
        status: Settled,
        /// The amount of its body, in minor units, where it had one.
        #[serde(skip_serializing_if = "Option::is_none")]
        amount: Option<i64>,
        /// Why it failed, for programs.
        #[serde(skip_serializing_if = "Option::is_none")]
        decline_code: Option<String>,
        /// Whether it had expired before, as was told then, and a person has sent it again.
        resent: bool = false,
    }
}
