//! The embedded cloud: what trustwatch needs of AWS, in one process on one machine, and the `trustwatch` command.

pub mod cloud;
pub mod demo;
pub mod durability;
mod functions;
pub mod queue;
pub mod s3;
pub mod session;
