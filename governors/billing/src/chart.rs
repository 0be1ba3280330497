//! The chart of accounts: the places money stands in, from a customer's first invoice to the last refund.
//!
//! One chart for every customer and every currency. A balance that leaves its side is no mistake of the books: what a
//! bank took back after the vendor's part was set aside, say, is the marketplace's loss until somebody makes it good.

use serde::Serialize;

/// An account of the chart. (`Account` is the customer's.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Heading {
    /// Money that is here.
    Cash,
    /// What customers owe.
    Receivable,
    /// What is the customer's, and lies here.
    CustomerCredit,
    /// What is on its way back.
    RefundsDue,
    /// What was earned and is nobody else's.
    Revenue,
    /// What is the state's.
    Tax,
    /// What was earned by selling for a vendor.
    Commission,
    /// What is the vendor's.
    VendorPayable,
    /// What nobody will pay.
    WriteOffs,
    /// What banks took.
    Chargebacks,
}

use Heading::*;
use Side::*;

/// The side of a line, and the side an account stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    /// What we have, are owed or have lost.
    Debit,
    /// What we owe or have earned.
    Credit,
}

/// Every account, the side it stands on, and what its balance is.
#[rustfmt::skip]
pub const CHART: [(Heading, Side, &str); 10] = [
    (Cash,           Debit,  "received, less what went back to customers and banks"),
    (Receivable,     Debit,  "still owed on invoices"),
    (CustomerCredit, Credit, "money that is in no invoice"),
    (RefundsDue,     Credit, "refunds that were asked for and are not done"),
    (Revenue,        Credit, "invoiced, less credited, less what stands in the next three"),
    (Tax,            Credit, "the state's part"),
    (Commission,     Credit, "the marketplace's part of what a vendor's product brought, once it is paid"),
    (VendorPayable,  Credit, "the vendor's part of that"),
    (WriteOffs,      Debit,  "given up"),
    (Chargebacks,    Debit,  "taken back by banks"),
];
