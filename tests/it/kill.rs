//! A daemon that is killed with `SIGKILL` at any step of a rotation has lost nothing, except where the issuer proves that
//! nobody could have kept it.

use harness::soak;

/// The demand of the issue; `cargo xtask soak kill` makes as many as are wished for.
const ROUNDS: u64 = 200;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemon_loses_no_login_that_could_be_kept() {
    let outcome = soak::kill(ROUNDS, |_, _| {}).await;
    assert!(outcome.violations.is_empty(), "{outcome}");
    let (without, with) = (outcome.sum(false), outcome.sum(true));
    assert_eq!(without.rounds + with.rounds, ROUNDS);
    assert_eq!(with.lost, 0, "an issuer with a reuse window gives the answer again\n{outcome}");
    // The rounds did reach what they are about.
    assert!(without.unseen > 0 && with.unseen > 0, "no answer ever died with the daemon\n{outcome}");
    assert!(without.not_rotated > 0 && without.stored > 0, "not every step was reached\n{outcome}");
}
