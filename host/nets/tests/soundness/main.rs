//! Whether the prover is right: about the marketplace's nets, about nets that are known to be wrong, about generated
//! ones beside an oracle, and about nets that nobody should have written.

mod agreement;
mod documented;
mod generate;
mod limits;
mod marketplace;
mod oracle;
mod pnml;
mod text;
