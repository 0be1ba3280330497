//! Who gets what of the money an invoice brought: the state its tax, the marketplace its commission, the vendor the
//! rest. The vendor's part is held for 14 days, and goes back in proportion to what goes back.
//!
//! Every split adds up: gross = tax + commission + vendor net. What no vendor sells is all commission.

use serde::{Deserialize, Serialize};
use syndic_sdk::prelude::*;

use crate::desk::{Desk, Step};
use crate::invoice::Invoice;

/// How long a vendor's part is held: as long as a customer may ask for the money back.
pub(crate) const HELD_DAYS: i64 = 14;

/// Hundredths of a percent in a whole.
const WHOLE_BP: i128 = 10_000;

/// Whose product an invoice is for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Vendor {
    /// The vendor.
    pub id: String,
    /// The marketplace's share of the net, in hundredths of a percent.
    pub commission_bp: u32,
}

/// The parts of a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Parts {
    /// The sum.
    pub gross: Money,
    /// The state's part.
    pub tax: Money,
    /// The marketplace's part.
    pub commission: Money,
    /// The vendor's part.
    pub vendor_net: Money,
}

/// The split of what an invoice brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Split {
    /// What was paid, in parts.
    #[serde(flatten)]
    pub parts: Parts,
    /// What went back of it, in parts.
    pub reversed: Parts,
    /// How the vendor's part stands.
    pub payout: Payout,
    /// Until when it is held.
    pub held_until: Time,
}

/// How a vendor's part stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Payout {
    /// There is no vendor.
    None,
    /// Held until its day.
    Held,
    /// Held until a dispute ends.
    Frozen,
    /// May be paid out.
    Released,
}

/// Records who gets what of the money, once no more is to come, and holds the vendor's part.
pub(crate) fn record(desk: &mut Desk, invoice: &mut Invoice) -> Step {
    if invoice.split.is_some() || invoice.paid.is_zero() {
        return Ok(());
    }
    let gross = invoice.paid;
    let tax = share(invoice.tax, gross.minor_units, invoice.gross.minor_units)?;
    let net = gross.minor_units - tax.minor_units;
    let (commission, payout) = match &invoice.vendor {
        Some(vendor) => (invoice.money(net).scaled(vendor.commission_bp.into(), WHOLE_BP)?, Payout::Held),
        None => (invoice.money(net), Payout::None),
    };
    let vendor_net = invoice.money(net - commission.minor_units);
    let nothing = Money::zero(gross.currency);
    let held_until = desk.now.plus_days(HELD_DAYS);
    invoice.split = Some(Split {
        parts: Parts { gross, tax, commission, vendor_net },
        reversed: Parts { gross: nothing, tax: nothing, commission: nothing, vendor_net: nothing },
        payout,
        held_until,
    });
    if payout == Payout::Held {
        desk.out.timer(format!("watch-{}", invoice.id), held_until, &());
    }
    Ok(())
}

/// Takes a part of the money back from everybody. Worked out from the whole each time, so that many small reversals
/// come to exactly what one large one would.
pub(crate) fn reverse(invoice: &mut Invoice, amount: i64) -> Step {
    let Some(split) = &mut invoice.split else { return Ok(()) };
    let back = (split.reversed.gross.minor_units + amount).min(split.parts.gross.minor_units);
    split.reversed = split.parts.scaled_to(back)?;
    Ok(())
}

impl Parts {
    /// The parts of a smaller sum, in proportion: the tax of it, our commission on the rest, and what that leaves. Two
    /// roundings, one after the other, so that no part is ever more than its whole and none shrinks as the sum grows.
    fn scaled_to(&self, sum: i64) -> Result<Parts, MoneyError> {
        let gross = Money::new(sum, self.gross.currency);
        let tax = share(self.tax, sum, self.gross.minor_units)?;
        let net = gross.checked_sub(tax)?;
        let commission = share(self.commission, net.minor_units, self.gross.checked_sub(self.tax)?.minor_units)?;
        Ok(Parts { gross, tax, commission, vendor_net: net.checked_sub(commission)? })
    }
}

/// A dispute holds the vendor's part back.
pub(crate) fn freeze(invoice: &mut Invoice) {
    if let Some(split) = invoice.split.as_mut().filter(|split| split.payout == Payout::Held) {
        split.payout = Payout::Frozen;
    }
}

/// A dispute is over: held again, or released at once where its day has passed.
pub(crate) fn thaw(invoice: &mut Invoice, now: Time) {
    if let Some(split) = invoice.split.as_mut().filter(|split| split.payout == Payout::Frozen) {
        split.payout = if now < split.held_until { Payout::Held } else { Payout::Released };
    }
}

/// Its day has come.
pub(crate) fn release(invoice: &mut Invoice, now: Time) {
    let due = |split: &&mut Split| split.payout == Payout::Held && now >= split.held_until;
    if let Some(split) = invoice.split.as_mut().filter(due) {
        split.payout = Payout::Released;
    }
}

/// A part of a sum, in proportion, rounded once.
pub(crate) fn share(whole: Money, part: i64, of: i64) -> Result<Money, MoneyError> {
    if of == 0 {
        return Ok(Money::zero(whole.currency));
    }
    whole.scaled(part.into(), of.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_parts_add_up_and_never_exceed_their_whole() {
        for (gross, tax, commission) in
            [(1, 0, 1), (4, 2, 2), (10, 5, 0), (1_001, 0, 150), (1_190, 190, 333), (97, 13, 84)]
        {
            let money = |minor_units| Money::new(minor_units, Currency::USD);
            let vendor_net = money(gross - tax - commission);
            let whole = Parts { gross: money(gross), tax: money(tax), commission: money(commission), vendor_net };
            let mut before = [0; 3];
            for sum in 0..=gross {
                let Parts { tax, commission, vendor_net, .. } = whole.scaled_to(sum).expect("a part of money is money");
                let parts = [tax, commission, vendor_net].map(|part| part.minor_units);
                assert_eq!(parts.iter().sum::<i64>(), sum);
                assert!(
                    parts.iter().zip(before).all(|(part, before)| *part >= before),
                    "{whole:?} at {sum}: {parts:?}"
                );
                before = parts;
            }
            assert_eq!(whole.scaled_to(gross).expect("the whole"), whole);
        }
    }
}
