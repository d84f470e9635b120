//! The embedded cloud: what trustwatch needs of AWS, in one process on one machine.

pub mod queue;
pub mod s3;
