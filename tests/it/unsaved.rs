//! A full disk: what cannot be written is kept, shown, served, and written when there is room again.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use harness::daemon::Inside;
use harness::issuer::{Config, Issuer};
use harness::sandbox::Sandbox;
use harness::scene::{Scene, text};
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

async fn unsaved(scene: &Scene) -> u64 {
    let status = scene.wire().call(&proto::route::STATUS, "", &()).await.message::<Status>();
    status.expect("the daemon answers").store.unsaved
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_costs_no_token_and_no_login() {
    let sandbox = Sandbox::new();
    let disk = SmallDisk::mount(sandbox.path());
    sandbox.write_config("[store]\nkey = \"file\"\n");
    let issuer = Issuer::start(Config::default()).await;
    let daemon = Inside::start(&sandbox);
    let mut scene = Scene { sandbox, issuer, daemon };
    scene.log_in("work", None).await;

    disk.fill();
    let before = text(&scene.token().await.expect("a token"));
    // The growing file takes its last spare pages first.
    let mut rounds = 0;
    while unsaved(&scene).await == 0 {
        rounds += 1;
        assert!(rounds < 200, "the disk is full and the daemon has not noticed");
        scene.refresh().await.expect("a caller needs it: it goes ahead without a mark");
    }
    let profile = scene.profile().await;
    assert!(profile.unsaved);
    let served = text(&scene.token().await.expect("it is served from memory"));
    assert_ne!(served, before);
    assert!(scene.issuer.is_live(&served));

    let exchanges = scene.issuer.exchanges();
    scene.pass(Duration::from_mins(52));
    scene.pass(Duration::from_secs(1));
    scene.token().await.expect("it is still valid");
    assert_eq!(scene.issuer.exchanges(), exchanges, "without a mark nothing is refreshed that nobody waits for");

    disk.make_room();
    scene.until(async || unsaved(&scene).await == 0, Duration::from_secs(10)).await;
    scene.refresh().await.expect("a refresh");
    let kept = text(&scene.token().await.expect("a token"));
    scene.restart().await;
    assert_eq!(text(&scene.token().await.expect("it was written")), kept);
    scene.refresh().await.expect("with its refresh token");
    assert_eq!(scene.issuer.tally().reuse_detections, 0);
    scene.daemon.halt().await;
    drop(scene);
}
