//! The six nets of the marketplace, read from the files that an independent tool has proved sound.

use syndic_nets::Flat;
use syndic_nets::format::read_pnml;

/// Name, net, and its size as the specification's table has it: places, transitions, arcs, markings, firings.
pub type Row = (&'static str, &'static str, [usize; 5]);

#[rustfmt::skip]
pub const NETS: [Row; 6] = [
    ("vendor-onboarding",     include_str!("../pnml/marketplace-vendor-onboarding.pnml"),     [13, 24, 55, 12, 24]),
    ("product-listing",       include_str!("../pnml/marketplace-product-listing.pnml"),       [22, 34, 84, 29, 90]),
    ("customer-purchase",     include_str!("../pnml/marketplace-customer-purchase.pnml"),     [15, 26, 58, 14, 26]),
    ("fulfillment",           include_str!("../pnml/marketplace-fulfillment.pnml"),           [26, 30, 77, 55, 226]),
    ("post-sales-support",    include_str!("../pnml/marketplace-post-sales-support.pnml"),    [18, 24, 54, 19, 42]),
    ("marketplace",           include_str!("../pnml/marketplace.pnml"),                       [87, 135, 322, 122, 405]),
];

/// One of these files.
pub fn read(text: &str) -> Flat {
    read_pnml(text).expect("the file is PNML").flat
}
