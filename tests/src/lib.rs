//! What the tests of the whole system share: a cloud with a clock that they set, the seam at which calls fail or
//! wait, and the end state in a form that can be compared.

pub mod cuts;
pub mod desk;
pub mod fixture;
pub mod judging;
pub mod queue;
pub mod seam;
pub mod state;
pub mod system;
pub mod turns;

/// Whether everything is to be tried, and not only what stands for the rest: `make exhaustive`.
#[must_use]
pub fn is_exhaustive() -> bool {
    std::env::var("TRUSTWATCH_EXHAUSTIVE").is_ok_and(|value| value == "1")
}
