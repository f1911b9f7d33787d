//! Every command in `docs/services.md`, typed in a home of its own at a service on loopback.

use std::path::PathBuf;
use std::time::Duration;

use harness::client::programs;
use harness::ctl::Ran;
use harness::page::Page;
use harness::service::{Baseten, Contree, LlamaIndex, Project, Service, Tank, Tensormesh, Wire};
use harness::session::{Home, Session};

/// Types a command, with what the service's own tools need to find the service.
fn type_in(session: &Session<'_>, url: &str, line: &str) -> Ran {
    let mut command = session.command("/bin/sh");
    let tools = std::env::join_paths(
        command
            .get_envs()
            .find(|(name, _)| *name == "PATH")
            .and_then(|(_, value)| value)
            .map(std::env::split_paths)
            .into_iter()
            .flatten()
            .chain([programs()]),
    );
    command.args(["-c", line]).env("PATH", tools.expect("no path has a colon in it"));
    command.env("TENSORMESH_CONTROL_PLANE_BASE_URL", url).env("TRUSS_NO_UPDATE_CHECK", "1").env("NO_COLOR", "1");
    harness::ctl::Ctl::of(command).run()
}

/// Runs the commands of one part. The deployment in use is the one on loopback.
fn run<W: Wire>(heading: &str, service: &Service<W>, prepare: impl FnOnce(&Home)) {
    service.follow_real_time();
    service.auto_approve(true);
    let home = Home::new();
    prepare(&home);
    let session = home.session();
    let at = format!("agentctl env add here {} --provider {}", service.url(), W::NAME);
    let _added = type_in(&session, service.url(), &at).ok();
    let _in_use = type_in(&session, service.url(), &format!("agentctl env switch here --provider {}", W::NAME)).ok();
    let commands = Page::at("docs/services.md").under(heading);
    assert!(!commands.is_empty(), "`{heading}` shows commands");
    for line in commands {
        let ran = type_in(&session, service.url(), &line);
        assert_eq!(ran.code, Some(0), "{line}: {ran:?}");
    }
}

#[test]
fn the_commands_before_the_services_work() {
    run("The five services", &Service::launch(LlamaIndex::default()), |_| {});
}

#[test]
fn the_commands_for_tensormesh_work() {
    run("Tensormesh", &Service::launch(Tensormesh { interval: Some(0.1), ..Tensormesh::default() }), |_| {});
}

#[test]
fn the_commands_for_llamaindex_work() {
    let mut wire = LlamaIndex { projects: vec![Project::new("p-1", "Notes", "org-1")], ..LlamaIndex::default() };
    wire.device.interval = Some(1);
    run("LlamaIndex", &Service::launch(wire), |_| {});
}

#[test]
fn the_commands_for_tank_work() {
    run("Tank", &Service::launch(Tank::default()), |_| {});
}

#[test]
fn the_commands_for_baseten_work() {
    let mut wire = Baseten::default();
    wire.device.interval = Some(1);
    wire.terms.life = Some(Duration::from_hours(10));
    run("Baseten", &Service::launch(wire), |_| {});
}

#[test]
fn the_commands_for_contree_work() {
    let service = Service::launch(Contree { project: Some("p-1".to_owned()), ..Contree::default() });
    let key = service.make_key();
    run("Contree", &service, |home| {
        let file: PathBuf = home.path().join("contree-key.txt");
        std::fs::write(file, format!("{key}\n")).expect("the home is writable");
    });
}
