//! The API, by everybody who may knock at it.
#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "api/audit.rs"]
mod audit;
#[path = "api/common.rs"]
mod common;
#[path = "api/input.rs"]
mod input;
#[path = "api/limits.rs"]
mod limits;
#[path = "api/list.rs"]
mod list;
#[path = "api/read.rs"]
mod read;
#[path = "api/review.rs"]
mod review;
#[path = "api/table.rs"]
mod table;
