//! Tests of the crate from outside: one program, for each links all of Cedar.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may unwrap, its helpers too")]

mod always;
mod claims;
mod document;
mod group_map;
mod people;
mod table;
