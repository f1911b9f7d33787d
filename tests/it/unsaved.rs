//! A full disk: what cannot be written is kept, shown, served, and written when there is room again.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::daemon::Inside;
use harness::issuer::{Config, Issuer};
use harness::sandbox::Sandbox;
use harness::stage::{Stage, bearer};
use proto::status::Status;

/// A small file system of its own over a sandbox's directory, unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(directory: &Path) -> Self {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=3m,mode=700", "agentd-test"])
            .arg(directory)
            .status();
        assert!(mounted.is_ok_and(|status| status.success()), "this test mounts a small tmpfs and has to run as root");
        Self(directory.to_owned())
    }

    /// Leaves no room at all.
    fn fill(&self) {
        let mut file = File::create(self.0.join("ballast")).expect("there is room for a name");
        for size in [64 * 1024, 4096, 1] {
            let block = vec![0; size];
            while file.write_all(&block).is_ok() {}
        }
    }

    fn make_room(&self) {
        std::fs::remove_file(self.0.join("ballast")).expect("the ballast is there");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily, since the daemon may still hold files open while the test is unwinding.
        let unmounted = Command::new("umount").arg("--lazy").arg(&self.0).status();
        assert!(std::thread::panicking() || unmounted.is_ok_and(|status| status.success()));
    }
}

async fn unsaved(stage: &Stage) -> u64 {
    let status = stage.wire.call(&proto::route::STATUS, "", &()).await.message::<Status>();
    status.expect("the daemon answers").store.unsaved
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_no_token_and_no_login() {
    let sandbox = Sandbox::new();
    let disk = SmallDisk::mount(sandbox.path());
    sandbox.write_config("[store]\nkey = \"file\"\n");
    let issuer = Issuer::start(Config::default()).await;
    let inside = Inside::start(&sandbox);
    let wire = inside.wire();
    let mut stage = Stage { sandbox, issuer, inside, wire };
    stage.log_in("work", None).await;

    disk.fill();
    let before = bearer(&stage.token().await.expect("a token")).to_owned();
    // The growing file takes its last spare pages first.
    let mut rounds = 0;
    while unsaved(&stage).await == 0 {
        rounds += 1;
        assert!(rounds < 200, "the disk is full and the daemon has not noticed");
        stage.refresh().await.expect("a caller needs it: it goes ahead without a mark");
    }
    let profile = stage.profile().await;
    assert!(profile.unsaved);
    let served = bearer(&stage.token().await.expect("it is served from memory")).to_owned();
    assert_ne!(served, before);
    assert!(stage.issuer.is_live(&served));

    let exchanges = stage.issuer.exchanges();
    stage.pass(Duration::from_mins(52));
    stage.pass(Duration::from_secs(1));
    stage.token().await.expect("it is still valid");
    assert_eq!(stage.issuer.exchanges(), exchanges, "without a mark nothing is refreshed that nobody waits for");

    disk.make_room();
    stage.comes_true(async || unsaved(&stage).await == 0, Duration::from_secs(10)).await;
    stage.refresh().await.expect("a refresh");
    let kept = bearer(&stage.token().await.expect("a token")).to_owned();
    stage.restart().await;
    assert_eq!(bearer(&stage.token().await.expect("it was written")), kept);
    stage.refresh().await.expect("with its refresh token");
    assert_eq!(stage.issuer.tally().reuse_detections, 0);
    stage.inside.halt().await;
    drop(stage);
}
