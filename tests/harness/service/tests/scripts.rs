//! What goes wrong on purpose, on any service.

use crate::service::{Elsewhere, Fault, Service, Tensormesh};
use std::time::Duration;

const PATH: &str = Tensormesh::PROFILE;

async fn status(service: &Service<Tensormesh>) -> Option<u16> {
    service.try_get(PATH).await.map(|seen| seen.status)
}

#[tokio::test]
async fn faults_are_used_up_or_stand() {
    let service = Service::start(Tensormesh::default()).await;
    service.next(PATH, Fault::Refuses);
    service.next(PATH, Fault::Html(502));
    service.always("/auth/*", Fault::retry_after(503, 7));
    assert_eq!(status(&service).await, None);
    let page = service.try_get(PATH).await.unwrap();
    assert_eq!((page.status, &page.headers["content-type"]), (502, &"text/html".parse().unwrap()));
    for _ in 0..2 {
        let busy = service.try_get(PATH).await.unwrap();
        assert_eq!((busy.status, &busy.headers["retry-after"]), (503, &"7".parse().unwrap()));
    }
    service.clear("/auth/*");
    assert_eq!(status(&service).await, Some(401));
    let ledger = service.ledger();
    let statuses: Vec<_> = ledger.at(PATH).map(|entry| entry.status).collect();
    assert_eq!(statuses, [None, Some(502), Some(503), Some(503), Some(401)]);
}

#[tokio::test]
async fn a_held_request_is_seen_and_released() {
    let service = Service::start(Tensormesh::default()).await;
    service.next(PATH, Fault::NeverAnswers);
    let asking = status(&service);
    let watching = async {
        service.wait_for(|ledger| ledger.running(PATH) == 1).await;
        assert_eq!(service.ledger().last(PATH).unwrap().status, None);
        service.release();
    };
    assert_eq!(tokio::join!(asking, watching).0, Some(401));
    service.wait_for(|ledger| ledger.running(PATH) == 0).await;
}

#[tokio::test]
async fn an_answer_is_lost_after_processing() {
    let service = Service::start(Tensormesh::default()).await;
    service.always("*", Fault::CutAfterProcessing);
    let start = reqwest::Client::new().post(format!("{}{}", service.url(), Tensormesh::START));
    assert!(start.send().await.is_err());
    assert!(service.pending_page().is_some());
}

#[tokio::test]
async fn bodies_are_huge_slow_or_no_json() {
    let service = Service::start(Tensormesh::default()).await;
    service.next(PATH, Fault::HugeBody(1 << 20));
    assert!(service.try_get(PATH).await.unwrap().text.len() > 1 << 20);
    service.next(PATH, Fault::SlowDrip(Duration::from_millis(1)));
    assert_eq!(service.try_get(PATH).await.unwrap().json()["error"], "not logged in");
    service.next(PATH, Fault::Garbage);
    assert!(serde_json::from_str::<serde_json::Value>(&service.try_get(PATH).await.unwrap().text).is_err());
    service.next(PATH, Fault::Truncate);
    assert!(service.try_get(PATH).await.is_none());
}

#[tokio::test]
async fn elsewhere_counts_who_follows_a_redirect() {
    let (service, elsewhere) = (Service::launch(Tensormesh::default()), Elsewhere::start());
    service.next(PATH, Fault::Redirect(elsewhere.url()));
    let sent = service.try_get(PATH).await.unwrap();
    assert_eq!((sent.status, elsewhere.hits()), (307, 0));
    let to = sent.headers["location"].to_str().unwrap().to_owned();
    assert_eq!(reqwest::get(to).await.unwrap().status(), 418);
    assert_eq!(elsewhere.hits(), 1);
}

#[tokio::test]
async fn a_test_waits_for_the_page_and_the_clock_is_that_of_the_service() {
    let service = Service::start(Tensormesh::default()).await;
    let (start, page) = tokio::join!(service.post_empty(Tensormesh::START, ""), service.login_page());
    assert_eq!(page, start.text("auth_url"));
    assert_eq!(start.headers["date"], "Mon, 21 Sep 2026 14:13:20 GMT");
    service.advance(Duration::from_secs(1));
    assert_eq!(service.now(), crate::daemon::START + 1);
    let port = service.port();
    drop(service);
    assert_eq!(Service::launch_at(Tensormesh::default(), port).port(), port);
}
