//! A made-up school week: three schools, three vendors' log layouts, one clock change.
//!
//! `trustwatch demo` uploads it and the benchmark measures on it. The generator is pure: the same [`Plan`]
//! gives the same bytes on any machine, it reads no clock, and its memory does not grow with the number of
//! lines. Sites are real names, everything about people is made up.
//!
//! | school | filter | feeds |
//! |---|---|---|
//! | `oak-primary` | Squid, times in UTC | `web` |
//! | `birch-academy` | FortiGate, local times with their offset | `web` |
//! | `cedar-college` | Cisco Umbrella, times in UTC | `web` (proxy), `dns` (resolver) |
//!
//! Faults stand in the files on purpose, at the fixed rate of [`FAULT_EVERY`]; [`Expected`] says what a run must
//! make of them.

mod clock;
mod dice;
mod expected;
mod file;
mod fortigate;
mod layout;
mod lines;
mod people;
mod plan;
mod request;
mod roster;
mod schools;
mod searches;
mod sites;
mod squid;
#[cfg(test)]
mod tests;
mod text;
mod traffic;
mod umbrella;

pub use expected::{Expected, FAULT_EVERY};
pub use file::{DemoFile, bench_lines};
pub use layout::Layout;
pub use plan::{Plan, PlanError};
pub use roster::{DemoRoster, rosters};
pub use searches::{PLANTED, PLANTED_ONE_IN};
