//! Events as a typed enum: one variant per kind the marketplace knows, and one for every other kind.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::Fault;
use crate::decision::json;
use crate::fields::FromJson;
use crate::payload::*;
use crate::shape::Shape;

/// One table makes the enum and both directions of its JSON form, so no kind can be forgotten in one of them.
macro_rules! events {
    ($($kind:ident),* $(,)?) => {
        /// What happened. The variant is the kind; what it carries is the event's data.
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub enum Event {
            $(#[doc = concat!("See [`", stringify!($kind), "`](crate::payload::", stringify!($kind), ").")] $kind($kind),)*
            /// A kind the SDK does not know.
            Custom {
                /// The event type in full.
                kind: String,
                /// Its data, a JSON object.
                data: Value,
            },
        }

        impl Event {
            /// The kinds the SDK knows, in the order of the specification.
            pub const KINDS: &[&str] = &[$(stringify!($kind)),*];

            /// The event's kind.
            #[inline(always)]
            pub fn kind(&self) -> &str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)*
                    Self::Custom { kind, .. } => kind,
                }
            }

            /// The event's data as JSON text.
            // Where the kind is known, as it is where an event is raised, one writer is left of twenty-two.
            #[inline(always)]
            pub fn data(&self) -> String {
                match self {
                    $(Self::$kind(data) => json(data),)*
                    Self::Custom { data, .. } => json(data),
                }
            }

            /// An event from its kind and the JSON text of its data.
            ///
            /// # Errors
            /// `broken-event`, naming the field that does not have the kind's shape.
            pub fn parse(kind: &str, data: &str) -> Result<Self, Fault> {
                Self::parse_of::<{ u64::MAX }>(kind, data)
            }

            /// [`parse`](Self::parse) with readers for some kinds only, and every other one custom: a component holds
            /// no reader for what its manifest does not list. `#[governor]` names this.
            #[doc(hidden)]
            pub fn parse_of<const KINDS: u64>(kind: &str, data: &str) -> Result<Self, Fault> {
                let read = |shape: &'static Shape| shape.read(data).map_err(|why| broken(kind, why));
                let event = match kind {
                    $(stringify!($kind) if KINDS & (1 << Known::$kind as u64) != 0 => {
                        $kind::from_json(read($kind::SHAPE)?).map(Self::$kind)
                    })*
                    _ => Ok(Self::Custom { kind: kind.to_owned(), data: read(&Shape::Any)? }),
                };
                event.map_err(|why| broken(kind, why))
            }
        }

        /// Positions of the kinds in the set that `parse_of` takes.
        enum Known { $($kind),* }

        $(impl From<$kind> for Event {
            fn from(data: $kind) -> Self {
                Self::$kind(data)
            }
        })*
    };
}

events! {
    CustomerSubscribes, CustomerUpgrades, SubscriptionChanged, PaymentProcessed, PaymentFailed, UsageExceedsQuota,
    CustomerCancels, ManualSuspension, RenewalDue, ProductChanged, SuspensionLifted, OperatorDecided, RefundRequested,
    DisputeOpened, DisputeClosed, PaymentMethodUpdated, KycDecided, FraudScored, UsageReported, SlaMeasured,
    TimerFired, EffectSettled,
}

impl Event {
    /// The set of kinds that [`parse_of`](Self::parse_of) takes; unknown ones are in no set.
    #[doc(hidden)]
    pub const fn set_of(kinds: &[&str]) -> u64 {
        let (mut set, mut at) = (0, 0);
        while at < kinds.len() {
            let mut known = 0;
            while known < Self::KINDS.len() {
                if same(kinds[at].as_bytes(), Self::KINDS[known].as_bytes()) {
                    set |= 1 << known;
                }
                known += 1;
            }
            at += 1;
        }
        set
    }
}

/// Equality that a constant can use.
const fn same(left: &[u8], right: &[u8]) -> bool {
    let mut at = 0;
    while at < left.len() && at < right.len() && left[at] == right[at] {
        at += 1;
    }
    at == left.len() && at == right.len()
}

/// Data of any shape: what `Event` is read from, or a payload of the governor's own.
pub(crate) fn custom<T: DeserializeOwned>(kind: &str, data: &str) -> Result<T, Fault> {
    serde_json::from_str(data).map_err(|why| broken(kind, why))
}

fn broken(kind: &str, why: impl fmt::Display) -> Fault {
    Fault::new("broken-event", format!("{kind}: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check_fault(kind: &str, data: &str, expected: &str) {
        let fault = Event::parse(kind, data).expect_err("this data is broken");
        assert_eq!(fault.code, "broken-event");
        assert!(fault.message.contains(expected), "`{}` does not say `{expected}`", fault.message);
    }

    #[test]
    fn data_of_the_wrong_shape_is_a_fault_that_names_the_field() {
        check_fault("CustomerSubscribes", r#"{"seats":3}"#, "`sku` has to be present");
        check_fault("CustomerSubscribes", r#"{"seats":"3","sku":"pro"}"#, "`seats` has to be an integer");
        check_fault(
            "CustomerSubscribes",
            r#"{"billing_cycle":"weekly","sku":"pro"}"#,
            "`billing_cycle` has to be one of: monthly",
        );
        check_fault(
            "PaymentProcessed",
            r#"{"amount":12,"currency":"usd","idempotency_key":"k"}"#,
            "`currency` has to be three",
        );
        check_fault("PaymentProcessed", r#"{"amount":1.5,"idempotency_key":"k"}"#, "`amount` has to be an integer");
        check_fault(
            "ProductChanged",
            r#"{"name":"P","prices":{"annual":{"minor_units":1,"currency":7}},"sku":"p","status":"draft"}"#,
            "`prices.annual.currency` has to be three",
        );
        check_fault("KycDecided", "[]", "the data has to be an object");
        check_fault("vendor.Custom", "[", "vendor.Custom");
    }

    #[test]
    fn defaults_are_the_specifications_and_unknown_fields_are_ignored() {
        let Ok(Event::CustomerSubscribes(data)) = Event::parse("CustomerSubscribes", r#"{"sku":"pro","later":[1]}"#)
        else {
            panic!("a sku is all that a subscription needs");
        };
        assert_eq!((data.seats, data.billing_cycle, data.trial), (1, Cycle::Monthly, false));
        assert_eq!((data.payment_method, data.contract_price, data.order_id), (None, None, None));

        let Ok(Event::CustomerCancels(data)) = Event::parse("CustomerCancels", "{}") else {
            panic!("a cancellation needs nothing at all");
        };
        assert_eq!((data.when, data.subscription_id), (When::Now, None));
    }

    #[test]
    fn unknown_members_are_ignored_however_many_and_however_deep() {
        let data = |unknown: &str| {
            let price = format!(r#"{{"minor_units":5{unknown},"currency":"USD"}}"#);
            format!(r#"{{"sku":"pro"{unknown},"contract_price":{price},"seats":2}}"#)
        };
        let unknown = (0..4_500).fold(String::new(), |text, at| text + &format!(r#","x{at}":{{"sku":[{at}]}}"#));
        let (few, many) = (data(""), data(&unknown));
        let expected = Event::parse("CustomerSubscribes", &few).expect("nothing is wrong with it");
        assert_eq!(Event::parse("CustomerSubscribes", &many).as_ref(), Ok(&expected));
        assert_eq!(serde_json::from_str(&many).ok().map(Event::CustomerSubscribes), Some(expected));
    }

    #[test]
    fn an_absent_option_stays_absent_when_an_event_is_raised() {
        let event = Event::from(CustomerCancels { reason: Some("unpaid".into()), ..Default::default() });
        assert_eq!((event.kind(), event.data().as_str()), ("CustomerCancels", r#"{"reason":"unpaid","when":"now"}"#));
        assert_eq!(Event::parse(event.kind(), &event.data()), Ok(event));
    }

    #[test]
    fn readers_are_kept_for_the_listed_kinds_only() {
        const LISTED: u64 = Event::set_of(&["KycDecided", "vendor.Shipped"]);
        assert_eq!(LISTED.count_ones(), 1);
        let read = |kind| Event::parse_of::<LISTED>(kind, r#"{"status":"pass"}"#).expect("both read");
        assert!(matches!(read("KycDecided"), Event::KycDecided(_)));
        assert!(matches!(read("DisputeClosed"), Event::Custom { .. }));
    }

    #[test]
    fn a_kind_nobody_knows_keeps_its_data() {
        let event = Event::parse("vendor.Shipped", r#"{"parcel":7}"#).expect("custom kinds are welcome");
        assert_eq!(event, Event::Custom { kind: "vendor.Shipped".into(), data: serde_json::json!({"parcel": 7}) });
    }
}
