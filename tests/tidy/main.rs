//! House rules: what a reviewer would otherwise have to remember.
//!
//! Every rule reads the tree as it is kept in git and answers with sentences: where it is broken, and what to do. A
//! rule that cannot be stated as such a sentence is a matter of taste, and does not belong here. What the compiler,
//! clippy and rustfmt refuse by themselves is not repeated.

mod arrows;
mod files;
mod house;
mod manifests;
mod pages;
