//! Every call of every scenario fails once in every way that it can fail. Whatever was done before, after a retry
//! the end state is that of a run without faults.

#![allow(missing_docs, reason = "tests document themselves by their names")]

#[path = "faults/function.rs"]
mod function;
#[path = "faults/matrix.rs"]
mod matrix;
#[path = "faults/scenarios.rs"]
mod scenarios;
