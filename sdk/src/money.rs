//! Money: integer minor units and a currency, one rounding, never a float.
//!
//! Sums check that currencies agree. A share of an amount ([`Money::scaled`]) multiplies first, in 128 bits, and rounds
//! once, half to even, so that neither side of many roundings grows rich.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The largest integer that every guest language reads exactly: 2^53 − 1.
pub const SAFE_MAX: i64 = (1 << 53) - 1;

/// An amount in a currency's minor units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Money {
    /// Cents, yen, or fils: the smallest unit the currency counts. Within ±(2^53 − 1).
    pub minor_units: i64,
    /// Of which currency.
    pub currency: Currency,
}

/// An ISO 4217 currency: three upper-case letters.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

/// Why an amount cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Two currencies do not add up.
    #[error("{0} and {1} do not add up")]
    CurrencyMismatch(Currency, Currency),
    /// The result does not fit in ±(2^53 − 1).
    #[error("the amount leaves the range of ±(2^53 − 1)")]
    OutOfRange,
    /// A share of nothing.
    #[error("a share cannot be taken of zero parts")]
    ZeroParts,
    /// Not three upper-case letters.
    #[error("`{0}` is not a currency: three upper-case letters are")]
    NotACurrency(String),
}

impl Money {
    /// An amount in minor units.
    pub const fn new(minor_units: i64, currency: Currency) -> Self {
        Self { minor_units, currency }
    }

    /// Nothing, of a currency.
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
    }

    /// Whether the amount is 0.
    pub const fn is_zero(self) -> bool {
        self.minor_units == 0
    }

    /// The sum.
    ///
    /// # Errors
    /// Where the currencies differ, or the sum leaves the range.
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(i128::from(self.minor_units) + i128::from(other.minor_units))
    }

    /// The difference.
    ///
    /// # Errors
    /// Where the currencies differ, or the difference leaves the range.
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.same_currency(other)?;
        self.with(i128::from(self.minor_units) - i128::from(other.minor_units))
    }

    /// The amount × `numerator` ÷ `denominator`, rounded once, half to even.
    ///
    /// # Errors
    /// Where the denominator is 0, or the product or the result leaves its range.
    pub fn scaled(self, numerator: i128, denominator: i128) -> Result<Self, MoneyError> {
        let product = i128::from(self.minor_units).checked_mul(numerator).ok_or(MoneyError::OutOfRange)?;
        self.with(half_to_even(product, denominator)?)
    }

    fn with(self, minor_units: i128) -> Result<Self, MoneyError> {
        match i64::try_from(minor_units) {
            Ok(minor_units) if minor_units.unsigned_abs() <= SAFE_MAX as u64 => Ok(Self { minor_units, ..self }),
            _ => Err(MoneyError::OutOfRange),
        }
    }

    fn same_currency(self, other: Self) -> Result<(), MoneyError> {
        match self.currency == other.currency {
            true => Ok(()),
            false => Err(MoneyError::CurrencyMismatch(self.currency, other.currency)),
        }
    }
}

/// The quotient to the nearest integer, and of two equally near ones the even one.
fn half_to_even(numerator: i128, denominator: i128) -> Result<i128, MoneyError> {
    if denominator == 0 {
        return Err(MoneyError::ZeroParts);
    }
    let floor = numerator.checked_div_euclid(denominator).ok_or(MoneyError::OutOfRange)?;
    let rest = numerator.rem_euclid(denominator).unsigned_abs();
    let towards_zero_rest = denominator.unsigned_abs() - rest;
    // Euclid's rest is never negative: the exact value lies between `floor` and one step in the denominator's sign.
    let up = rest > towards_zero_rest || (rest == towards_zero_rest && floor % 2 != 0);
    Ok(if up { floor + denominator.signum() } else { floor })
}

impl Currency {
    /// US dollar, the bundled price book's currency.
    pub const USD: Self = Self(*b"USD");

    /// The code: `USD`.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is three ASCII letters by construction")
    }

    /// How many decimal places a person writes: 0, 2 or 3 (ISO 4217).
    pub fn exponent(self) -> u8 {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"UYI" | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        match <[u8; 3]>::try_from(text.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_uppercase) => Ok(Self(letters)),
            _ => Err(MoneyError::NotACurrency(text.to_owned())),
        }
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        crate::text::deserialize(from)
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As a person writes it: `29.99 USD`, `500 JPY`.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.minor_units < 0 { "-" } else { "" };
        let digits = self.minor_units.unsigned_abs();
        match self.currency.exponent() {
            0 => write!(f, "{sign}{digits} {}", self.currency),
            places => {
                let unit = 10_u64.pow(u32::from(places));
                let width = usize::from(places);
                write!(f, "{sign}{}.{:0width$} {}", digits / unit, digits % unit, self.currency)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn usd(minor_units: i64) -> Money {
        Money::new(minor_units, Currency::USD)
    }

    /// Twice the distance between a quotient and the exact value, in parts of the denominator: 1 is one half off.
    fn twice_off(product: i128, denominator: i128, quotient: i128) -> i128 {
        2 * (product - quotient * denominator).abs()
    }

    proptest! {
        #[test]
        fn a_share_is_the_nearest_integer_and_of_two_the_even_one(
            amount in -SAFE_MAX..=SAFE_MAX,
            numerator in -1_000_000_i128..=1_000_000,
            denominator in prop_oneof![1_i128..=40, 1_i128..=3_000_000_000_000],
        ) {
            let product = i128::from(amount) * numerator;
            for denominator in [denominator, -denominator] {
                match usd(amount).scaled(numerator, denominator) {
                    Ok(share) => {
                        let quotient = i128::from(share.minor_units);
                        let off = twice_off(product, denominator, quotient);
                        prop_assert!(off < denominator.abs() || (off == denominator.abs() && quotient % 2 == 0));
                    }
                    Err(why) => {
                        prop_assert_eq!(why, MoneyError::OutOfRange);
                        prop_assert!((product / denominator).abs() >= i128::from(SAFE_MAX));
                    }
                }
            }
        }

        #[test]
        fn a_share_there_and_back_is_the_same_from_both_sides_of_zero(amount in 0..=SAFE_MAX, parts in 1_i128..1_000) {
            let (up, down) = (usd(amount).scaled(1, parts), usd(-amount).scaled(1, parts));
            prop_assert_eq!(up.map(|share| -share.minor_units), down.map(|share| share.minor_units));
        }
    }

    #[test]
    fn halves_go_to_the_even_neighbour() {
        let half = |amount| usd(amount).scaled(1, 2).unwrap().minor_units;
        assert_eq!([-5, -3, -1, 1, 3, 5].map(half), [-2, -2, 0, 0, 2, 2]);
    }

    #[test]
    fn three_annual_starter_seats_are_the_specifications_amount() {
        assert_eq!(usd(2_999).scaled(12 * 3 * 90, 100), Ok(usd(97_168)));
    }

    #[test]
    fn sums_stay_in_range_and_in_one_currency() {
        let eur: Currency = "EUR".parse().unwrap();
        assert_eq!(usd(1).checked_add(Money::new(1, eur)), Err(MoneyError::CurrencyMismatch(Currency::USD, eur)));
        assert_eq!(usd(SAFE_MAX).checked_add(usd(1)), Err(MoneyError::OutOfRange));
        assert_eq!(usd(-SAFE_MAX).checked_sub(usd(1)), Err(MoneyError::OutOfRange));
        assert_eq!(usd(i64::MAX).scaled(i128::MAX, 1), Err(MoneyError::OutOfRange));
        assert_eq!(usd(1).scaled(1, 0), Err(MoneyError::ZeroParts));
    }

    #[test]
    fn money_is_written_as_its_currency_is() {
        let of = |minor_units, code: &str| Money::new(minor_units, code.parse().unwrap()).to_string();
        assert_eq!(of(2_999, "USD"), "29.99 USD");
        assert_eq!(of(-5, "EUR"), "-0.05 EUR");
        assert_eq!(of(500, "JPY"), "500 JPY");
        assert_eq!(of(1_234_567, "KWD"), "1234.567 KWD");
    }

    #[test]
    fn the_wire_holds_minor_units_and_three_letters() {
        let text = r#"{"minor_units":2999,"currency":"USD"}"#;
        assert_eq!(serde_json::from_str::<Money>(text).unwrap(), usd(2_999));
        assert_eq!(serde_json::to_string(&usd(2_999)).unwrap(), text);
        for wrong in ["usd", "US", "USDT", "U5D", ""] {
            assert!(serde_json::from_value::<Currency>(wrong.into()).is_err(), "{wrong}");
        }
    }
}
