//! The embedded cloud: what trustwatch needs of AWS, in one process on one machine, and the `trustwatch` command.

pub mod cloud;
pub mod demo;
pub mod durability;
mod functions;
mod leftover;
pub mod queue;
pub mod s3;
mod servers;
pub mod session;
mod table;
