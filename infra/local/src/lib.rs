//! The embedded cloud and the `trustwatch` command.

pub mod demo;
