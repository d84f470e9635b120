//! The starter policy keeps what it promises.

use trustwatch_policy::{Policy, STARTER};

#[test]
fn the_starter_policy_passes_its_own_lint() {
    let policy = Policy::parse(STARTER).unwrap_or_else(|mistakes| panic!("{mistakes}"));
    assert!(policy.rules.len() >= 20);
}
