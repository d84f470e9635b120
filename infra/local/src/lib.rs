//! The embedded cloud: what trustwatch needs of AWS, in one process on one machine, and the `trustwatch` command.

mod aws_json;
pub mod cloud;
pub mod demo;
pub mod dev_token;
pub mod durability;
mod functions;
pub mod gateway;
pub mod kms;
mod leftover;
pub mod queue;
pub mod s3;
mod secret;
mod servers;
pub mod session;
mod table;
