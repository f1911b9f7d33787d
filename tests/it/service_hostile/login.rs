//! Logins: at their first request, at every poll, and at what follows the credential.

use harness::service::{Baseten, Contree, Elsewhere, Fault, LlamaIndex, Tank, Tensormesh, Wire};
use harness::site::Site;
use harness::stage::bearer;
use proto::login::LoginRequest;
use proto::problem::Code;
use proto::profile::ProfileState;

use super::{Case, asked, cases};

/// Seconds that a login is given where it has to run out of time.
const SHORT: u64 = 60;

/// What a login that cannot begin ends with.
fn at_its_start(case: &Case) -> Code {
    match case.fault {
        Fault::Html(200) | Fault::Garbage | Fault::Redirect(_) => Code::LoginFailed,
        _ => Code::IssuerUnreachable,
    }
}

/// Every fault at `path`, which a login asks once before its person is asked; then the login works.
async fn begins<W: Wire>(site: &Site<W>, path: &str, request: impl Fn() -> LoginRequest) {
    let elsewhere = Elsewhere::start();
    for case in cases(&elsewhere) {
        site.service.always(path, case.fault.clone());
        let before = site.service.count(path);
        let problem = site.refused(request()).await;
        assert_eq!(problem.code, at_its_start(&case), "{:?}: {problem:?}", case.fault);
        assert!(problem.detail.contains(case.says), "{:?}: {problem:?}", case.fault);
        assert_eq!(site.service.count(path) - before, 1, "{:?}", case.fault);
        assert!(site.wire.inspect(harness::site::PROFILE).await.is_err(), "a login that failed leaves nothing");
        site.service.clear(path);
    }
    assert_eq!(elsewhere.hits(), 0);
    site.logged_in(request()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_login_that_cannot_begin_says_why() {
    let site = Site::new(Tensormesh::default());
    begins(&site, Tensormesh::START, || site.login()).await;
    let site = Site::new(Tank::default());
    begins(&site, Tank::START, || site.login()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_cannot_be_tried_is_not_saved() {
    let site = Site::new(Contree::default());
    let key = site.service.make_key();
    let project = Some(Contree::PROJECT.to_owned());
    begins(&site, Contree::WHOAMI, || LoginRequest { project: project.clone(), ..site.key_login(&key) }).await;
    assert_eq!(bearer(&site.token().await.expect("a token")), key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_login_whose_projects_cannot_be_listed_is_not_saved() {
    let site = Site::new(LlamaIndex::default());
    let key = site.service.make_key();
    begins(&site, LlamaIndex::PROJECTS, || site.key_login(&key)).await;
}
