//! `events`: what happens is told to those who listen.

use axum::body::Body;
use axum::http::Request;
use harness::issuer::{Behaviour, Endpoint};
use harness::stage::{PROFILE, Stage};
use harness::wire::name;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use proto::event::{Event, EventKind};
use proto::profile::{LogoutRequest, Removed, RenameRequest, Renamed, SwitchRequest};
use proto::route;

/// Listens before anything happens.
async fn listen(stage: &Stage) -> Incoming {
    let request = Request::get(route::EVENTS.path).header("host", proto::hello::HOST).body(Body::empty());
    let response = stage.wire.send(request.expect("a good request")).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    response.into_body()
}

/// The next event of the stream.
async fn next(stream: &mut Incoming) -> Event {
    loop {
        let frame = stream.frame().await.expect("the stream goes on").expect("it is not cut");
        let Some(text) = frame.data_ref().and_then(|data| std::str::from_utf8(data).ok()) else { continue };
        if let Some(data) = text.strip_prefix("data:") {
            return serde_json::from_str(data.trim()).expect("each event is one JSON object");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_thing_that_happens_is_told_once_and_in_order() {
    let stage = Stage::ready().await;
    let mut stream = listen(&stage).await;
    let wire = &stage.wire;

    stage.refresh().await.expect("a refresh");
    assert_eq!(next(&mut stream).await.kind, EventKind::Refreshed);

    stage.issuer.next(Endpoint::Token, Behaviour::OAuthError { code: "invalid_grant".to_owned(), description: None });
    stage.refresh().await.expect_err("refused");
    let event = next(&mut stream).await;
    assert_eq!((event.kind, event.profile), (EventKind::LoginRequired, Some(name(PROFILE))));
    assert!(event.problem.expect("it says why").detail.contains("no longer accepts"));

    stage.log_in("other", None).await;
    let kinds = [next(&mut stream).await.kind, next(&mut stream).await.kind, next(&mut stream).await.kind];
    assert_eq!(kinds, [EventKind::LoginStarted, EventKind::LoginFinished, EventKind::Switched]);

    wire.call(&route::SWITCH, "", &SwitchRequest { profile: name(PROFILE) })
        .await
        .message::<proto::profile::Profile>()
        .expect("it exists");
    assert_eq!(next(&mut stream).await.kind, EventKind::Switched);
    let request = RenameRequest { profile: name("other"), to: name("third") };
    wire.call(&route::RENAME, "", &request).await.message::<Renamed>().expect("it exists");
    let event = next(&mut stream).await;
    assert_eq!((event.kind, event.profile, event.from), (EventKind::Renamed, Some(name("third")), Some(name("other"))));
    let logout = LogoutRequest { profile: Some(name("third")) };
    wire.call(&route::LOGOUT, "", &logout).await.message::<proto::profile::LoggedOut>().expect("it is logged in");
    assert_eq!(next(&mut stream).await.kind, EventKind::LoggedOut);
    let removed: Removed = wire.call(&route::REMOVE, PROFILE, &()).await.message().expect("it is removed");
    assert_eq!((removed.existed, removed.current), (true, Some(name("third"))));
    assert_eq!(next(&mut stream).await.kind, EventKind::Removed);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_ends_with_the_daemon() {
    let mut stage = Stage::ready().await;
    let mut stream = listen(&stage).await;
    let stopping = stage.inside.halt();
    let last = async {
        let event = next(&mut stream).await;
        assert_eq!(event.kind, EventKind::Stopping);
        while stream.frame().await.is_some_and(|frame| frame.is_ok()) {}
    };
    let (stopped, ()) = futures_util::future::join(stopping, last).await;
    assert!(stopped.orderly, "a listener does not hold up the stop");
}
