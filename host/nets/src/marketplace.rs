//! The marketplace's own nets, as data: the five phases, and the root that joins them.
//!
//! They are examples and product at once: written in the same format as anybody's, proved by the same prover.

/// Each net's name and file.
pub const FILES: &[(&str, &str)] = &[
    ("vendor-onboarding", include_str!("../nets/vendor-onboarding.toml")),
    ("product-listing", include_str!("../nets/product-listing.toml")),
    ("customer-purchase", include_str!("../nets/customer-purchase.toml")),
    ("fulfillment", include_str!("../nets/fulfillment.toml")),
    ("post-sales-support", include_str!("../nets/post-sales-support.toml")),
    ("marketplace", include_str!("../nets/marketplace.toml")),
];
