//! A service that takes requests and never answers, or only a byte at a time: what is not a login or a probe ends by the
//! daemon's own time-outs, which are real. All of them at once, so that the wait is there once.

use std::time::{Duration, Instant};

use harness::service::{Baseten, Fault, LlamaIndex, Tensormesh, Wire};
use harness::site::Site;
use proto::problem::{Code, Problem};
use proto::profile::{ProfileState, Revocation};

/// No operation takes longer than this.
const BOUND: Duration = Duration::from_secs(95);

async fn logged_in<W: Wire>(wire: W, fault: Fault) -> Site<W> {
    let site = Site::new(wire);
    site.logged_in(site.login()).await;
    site.service.always("*", fault);
    site
}

/// An operation that fails because its service does not answer; with the service back, the login is as it was.
async fn ends<W: Wire, T>(
    wire: W,
    fault: Fault,
    most: usize,
    operation: impl AsyncFn(&Site<W>) -> Result<T, Option<Problem>>,
) {
    let site = logged_in(wire, fault.clone()).await;
    let (began, before) = (Instant::now(), site.service.ledger().entries().len());
    let problem = operation(&site).await.err().expect("the service does not answer").expect("it says why");
    assert!(began.elapsed() < BOUND, "{fault:?}: {:?}", began.elapsed());
    assert_eq!(problem.code, Code::IssuerUnreachable, "{fault:?}: {problem:?}");
    assert!(problem.detail.contains("in time") || problem.detail.contains("within"), "{fault:?}: {problem:?}");
    assert!(site.service.ledger().entries().len() - before <= most, "{fault:?}");
    site.service.clear("*");
    site.service.release();
    assert_eq!(site.profile().await.state, ProfileState::Usable, "{fault:?}");
    site.token().await.expect("the token is still served");
    let again = operation(&site).await;
    assert!(again.is_ok(), "{fault:?}: {:?}", again.err());
}

async fn refuses_to_end(fault: Fault) {
    let site = logged_in(Baseten::default(), fault.clone()).await;
    let began = Instant::now();
    let out = site.logout().await;
    assert!(began.elapsed() < BOUND, "{fault:?}: {:?}", began.elapsed());
    assert_eq!((out.revocation, out.retried), (Revocation::Failed, true), "{fault:?}: {out:?}");
    assert_eq!(site.profile().await.state, ProfileState::LoggedOut);
    site.service.clear("*");
    site.service.release();
    site.pass(Duration::from_secs(40));
    site.until(|profile| profile.unrevoked.is_none_or(|left| left == 0)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_operation_waits_for_ever_for_a_service_that_hangs() {
    let drip = || Fault::SlowDrip(Duration::from_secs(2));
    let whoami = async |site: &Site<Tensormesh>| {
        let whoami = site.whoami().await.map_err(Some)?;
        if whoami.offline { Err(whoami.problem) } else { Ok(()) }
    };
    let sync = async |site: &Site<Tensormesh>| site.sync().await.map_err(Some);
    let refresh = async |site: &Site<Tensormesh>| site.refresh().await.map_err(Some);
    let renew = async |site: &Site<LlamaIndex>| site.refresh().await.map_err(Some);
    let projects = async |site: &Site<LlamaIndex>| site.projects().await.map_err(Some);
    let tensormesh = || {
        let mut wire = Tensormesh::default();
        wire.terms.rotation = harness::service::Rotation::Repeated;
        wire
    };
    let llamaindex = || {
        let mut wire = LlamaIndex::default();
        wire.terms.rotation = harness::service::Rotation::Repeated;
        wire
    };
    tokio::join!(
        ends(tensormesh(), Fault::NeverAnswers, 1, whoami),
        ends(tensormesh(), drip(), 1, whoami),
        ends(tensormesh(), Fault::NeverAnswers, 1, sync),
        ends(tensormesh(), Fault::NeverAnswers, 2, refresh),
        ends(tensormesh(), drip(), 2, refresh),
        ends(llamaindex(), Fault::NeverAnswers, 2, renew),
        ends(llamaindex(), Fault::NeverAnswers, 1, projects),
        ends(llamaindex(), drip(), 1, projects),
        refuses_to_end(Fault::NeverAnswers),
        refuses_to_end(Fault::AnswerHeld),
    );
}
