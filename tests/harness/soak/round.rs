//! One round: a refresh, a kill, a look at the store, a start, and what has to be as it was.

use std::time::Instant;

use proto::route;
use proto::status::Status;

use super::Count;
use super::place::{BYSTANDERS, Place, VICTIM};
use super::step::{Step, part};
use crate::issuer::{Behaviour, Endpoint, Tally};

/// What was known when the daemon was dead.
struct Scene {
    before: Tally,
    after: Tally,
    /// The refresh request reached the issuer.
    arrived: bool,
    /// The caller had its answer.
    served: bool,
}

impl Scene {
    fn rotated(&self) -> bool {
        self.after.rotations > self.before.rotations
    }
}

pub(super) async fn round(place: &mut Place, step: Step, turn: u64, count: &mut Count, violations: &mut Vec<String>) {
    let mut violated = |what: String| violations.push(format!("{} (turn {turn}): {what}", step.says()));
    let token = match place.token(VICTIM).await {
        Ok(token) => token,
        Err(what) => return violated(format!("no token before the round: {what}")),
    };
    let scene = interrupted(place, step, turn).await;
    count.rounds += 1;
    match place.kept(&token).await {
        Ok(kept) => {
            let stored = kept.renewed;
            match (scene.arrived, scene.rotated(), stored) {
                (false, ..) => count.not_sent += 1,
                (true, false, _) => count.not_rotated += 1,
                (true, true, false) => count.unseen += 1,
                (true, true, true) => count.stored += 1,
            }
            if scene.arrived && !stored && !kept.marked {
                violated("a request went out without a mark in the store".to_owned());
            }
            if scene.served && !stored {
                violated("the caller was answered before the successor was stored".to_owned());
            }
        }
        Err(what) => violated(what),
    }
    place.start();
    if let Err(what) = bystanders(place).await {
        violated(what);
    }
    if let Err(problem) = place.refresh().await {
        let replay = place.issuer.tally();
        // Counted from before the kill: a request that lay unread at the issuer may have been honoured after it.
        let rotated = replay.rotations > scene.before.rotations;
        let proven = rotated && !scene.served && replay.lost_answers == scene.before.lost_answers + 1;
        if place.window || !proven {
            violated(format!("the login is lost without proof: {problem}"));
        }
        count.lost += 1;
        place.log_in(VICTIM).await;
    }
    let replay = place.issuer.tally();
    if replay.reuse_detections - scene.before.reuse_detections > replay.lost_answers - scene.before.lost_answers {
        violated("a refresh token was presented although its successor had been".to_owned());
    }
    match place.token(VICTIM).await {
        Ok(token) if place.issuer.is_live(&token) => {}
        Ok(_) => violated("the token that is served is not accepted".to_owned()),
        Err(problem) => violated(format!("no token after the login was mended: {problem}")),
    }
}

/// Asks for a refresh and kills the daemon at the step.
async fn interrupted(place: &mut Place, step: Step, turn: u64) -> Scene {
    let before = place.issuer.tally();
    let exchanges = place.issuer.exchanges();
    let mut served = false;
    match step {
        Step::Quiet => place.kill().await,
        Step::Anywhere => {
            let asked = place.ask().await;
            // Twice as long as usual, since not every flush of the disk takes the same time.
            pause(part(place.usual * 2, turn));
            place.kill().await;
            served = answered(asked).await;
        }
        Step::Held => {
            place.issuer.next(Endpoint::Token, Behaviour::Hold);
            let asked = place.ask().await;
            place.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
            place.kill().await;
            drop(asked);
        }
        Step::Processed => {
            place.issuer.next(Endpoint::Token, Behaviour::HoldAnswer);
            let asked = place.ask().await;
            place.issuer.wait_for(|ledger| ledger.held(Endpoint::Token) == 1).await;
            place.kill().await;
            drop(asked);
        }
        Step::Answer => {
            let asked = place.ask().await;
            place.issuer.wait_for(|ledger| ledger.tally().rotations > before.rotations).await;
            pause(part(place.usual, turn));
            place.kill().await;
            served = answered(asked).await;
        }
        Step::Served => {
            served = answered(place.ask().await).await;
            place.kill().await;
        }
    }
    // A kill before the request was read leaves the script in place.
    place.issuer.clear(Endpoint::Token);
    Scene { before, after: place.issuer.tally(), arrived: place.issuer.exchanges() > exchanges, served }
}

/// Whether the whole answer came, be it from a daemon that is dead by now.
async fn answered(mut asked: crate::lean::Lean) -> bool {
    asked.receive().await.is_ok_and(|got| got.status == 200)
}

/// Blocks the thread: the runtime's timer is too coarse for a moment within a write.
fn pause(time: std::time::Duration) {
    let start = Instant::now();
    while start.elapsed() < time {
        std::hint::spin_loop();
    }
}

/// The logins that nothing was done to are served as before.
async fn bystanders(place: &Place) -> Result<(), String> {
    let status: Status =
        place.daemon().wire().call(&route::STATUS, "", &()).await.message().map_err(|p| format!("{p:?}"))?;
    if status.store.damaged > 0 || status.profiles != BYSTANDERS.len() as u64 + 1 {
        return Err(format!("the daemon found {} profiles, {} damaged", status.profiles, status.store.damaged));
    }
    for name in BYSTANDERS {
        let token = place.token(name).await?;
        if place.expected.get(name) != Some(&token) {
            return Err(format!("`{name}` is served another token than before"));
        }
    }
    Ok(())
}
