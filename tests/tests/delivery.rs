//! Events that come twice, in any order and all at once; and files that grow, cut anywhere.

#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "delivery/fixture.rs"]
mod fixture;
#[path = "delivery/forgotten.rs"]
mod forgotten;
#[path = "delivery/growing.rs"]
mod growing;
#[path = "delivery/proof.rs"]
mod proof;
