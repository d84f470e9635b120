//! The embedded cloud: one process on one machine that serves what AWS serves.

pub mod s3;
