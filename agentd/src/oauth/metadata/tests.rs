//! Documents as services publish them, and as they should not.

use super::*;
use crate::clock::Clock;
use crate::http::Http;
use crate::http::stub::{Reply, Stub};

const ISSUER: &str = "https://issuer.example";

fn read(more: &str) -> Result<Metadata, DiscoveryError> {
    parse(format!(r#"{{"issuer":"{ISSUER}"{more}}}"#).as_bytes(), ISSUER, Reach::Public)
}

async fn discover(issuer: &str) -> Result<Metadata, DiscoveryError> {
    OAuth::new(Http::new(None), Clock::manual(0)).discover(issuer, None).await
}

/// A service that answers `oidc` and `oauth` in the two places; `ISSUER` stands for its own URL.
async fn service(oidc: (u16, &'static str), oauth: (u16, &'static str)) -> Stub {
    Stub::start(move |request| {
        let host = request.lines().find_map(|line| line.strip_prefix("host: ")).unwrap_or_default().to_owned();
        let (status, body) = if request.contains("openid-configuration") { oidc } else { oauth };
        Reply::json(status, &body.replace("ISSUER", &format!("http://{host}")))
    })
    .await
}

#[test]
fn the_places_follow_the_path_of_the_issuer() {
    let of = |issuer| places(issuer).expect("places");
    let root = [
        "https://a.example/.well-known/openid-configuration",
        "https://a.example/.well-known/oauth-authorization-server",
    ];
    assert_eq!(of("https://a.example"), root);
    assert_eq!(of("https://a.example/"), root);
    let path = [
        "https://a.example:8443/t/1/.well-known/openid-configuration",
        "https://a.example:8443/.well-known/openid-configuration/t/1",
        "https://a.example:8443/.well-known/oauth-authorization-server/t/1",
    ];
    assert_eq!(of("https://a.example:8443/t/1"), path);
    assert_eq!(of("https://a.example:8443/t/1/"), path);
    for bad in ["http://a.example", "a.example", "https://a.example?x", "https://a.example/#x", "https://u@a.example"] {
        assert!(matches!(places(bad), Err(DiscoveryError::InvalidIssuer { .. })), "{bad}");
    }
}

#[test]
fn a_document_is_read_to_the_letter() {
    let metadata = read(
        r#","token_endpoint":"https://issuer.example/token/","revocation_endpoint":"","device_authorization_endpoint":null,
        "scopes_supported":["openid","offline_access"],"authorization_response_iss_parameter_supported":true,
        "grant_types_supported":7,"grant_types_supported":["implicit"],"jwks_uri":{}"#,
    )
    .expect("metadata");
    assert_eq!(metadata.token_endpoint.as_deref(), Some("https://issuer.example/token/"));
    assert_eq!((metadata.revocation_endpoint, metadata.device_authorization_endpoint), (None, None));
    assert_eq!(metadata.scopes_supported, ["openid", "offline_access"]);
    assert!(metadata.authorization_response_iss_parameter_supported);
    assert_eq!(metadata.token_endpoint_auth_methods_supported, None);
}

#[test]
fn the_issuer_is_compared_to_the_letter_and_the_right_spelling_told() {
    let mismatch =
        |theirs: &str, ours: &str| match parse(format!(r#"{{"issuer":"{theirs}"}}"#).as_bytes(), ours, Reach::Public) {
            Err(DiscoveryError::IssuerMismatch { exact }) => exact,
            other => unreachable!("{other:?}"),
        };
    let slash = "https://issuer.example/";
    assert_eq!(mismatch(slash, ISSUER).as_deref(), Some(slash));
    assert_eq!(mismatch(ISSUER, slash).as_deref(), Some(ISSUER));
    assert_eq!(
        mismatch("https://issuer.example/a/", "https://issuer.example/a").as_deref(),
        Some("https://issuer.example/a/")
    );
    for other in ["https://evil.example", "https://issuer.example/a", "http://issuer.example", "x", ""] {
        assert_eq!(mismatch(other, ISSUER), None, "{other}");
    }
    let hint = DiscoveryError::IssuerMismatch { exact: Some(slash.to_owned()) }.hint();
    assert_eq!(hint.as_deref(), Some("the service spells its issuer `https://issuer.example/`"));
}

#[test]
fn endpoints_that_must_not_be_used_are_refused() {
    for member in [
        "authorization_endpoint",
        "device_authorization_endpoint",
        "token_endpoint",
        "revocation_endpoint",
        "userinfo_endpoint",
    ] {
        for (url, why) in [
            ("http://issuer.example/", EndpointError::NotHttps),
            ("file:///etc/passwd", EndpointError::NotHttps),
            ("javascript:alert(1)", EndpointError::NotHttps),
            ("https://a@issuer.example/", EndpointError::UserInfo),
            ("https://issuer.example/#x", EndpointError::Fragment),
            ("/token", EndpointError::NotAUrl),
            ("http://127.0.0.1:631/", EndpointError::Loopback),
            ("https://localhost/", EndpointError::Loopback),
            ("https://10.0.0.1/", EndpointError::Private),
            ("https://169.254.169.254/", EndpointError::Reserved),
        ] {
            assert_eq!(
                read(&format!(r#","{member}":"{url}""#)),
                Err(DiscoveryError::Endpoint { member, why }),
                "{url}"
            );
        }
    }
}

#[test]
fn a_document_that_says_a_thing_twice_is_not_read() {
    let twice = r#","token_endpoint":"https://issuer.example/a","token_endpoint":"https://issuer.example/b""#;
    for more in [twice, r#","issuer":"https://issuer.example""#, r#","token_endpoint":7"#, r#","scopes_supported":"a""#]
    {
        assert_eq!(read(more), Err(DiscoveryError::Unreadable), "{more}");
    }
    for body in ["", "{}", "<html>", "[]", "null"] {
        assert_eq!(parse(body.as_bytes(), ISSUER, Reach::Public), Err(DiscoveryError::Unreadable), "{body}");
    }
}

#[tokio::test]
async fn members_come_from_either_document_and_openid_wins() {
    let stub = service(
        (200, r#"{"issuer":"ISSUER","token_endpoint":"ISSUER/one","authorization_endpoint":"ISSUER/auth"}"#),
        (
            200,
            r#"{"issuer":"ISSUER","token_endpoint":"ISSUER/two","revocation_endpoint":"ISSUER/revoke",
                  "scopes_supported":["openid"],"authorization_response_iss_parameter_supported":true}"#,
        ),
    )
    .await;
    let metadata = discover(&stub.url).await.expect("metadata");
    let at = |path: &str| Some(format!("{}/{path}", stub.url));
    assert_eq!((metadata.token_endpoint, metadata.authorization_endpoint), (at("one"), at("auth")));
    assert_eq!((metadata.revocation_endpoint, metadata.device_authorization_endpoint), (at("revoke"), None));
    assert_eq!((metadata.issuer.as_str(), metadata.scopes_supported.len()), (stub.url.as_str(), 1));
    assert!(metadata.authorization_response_iss_parameter_supported);
}

#[tokio::test]
async fn one_good_document_is_enough() {
    const GOOD: (u16, &str) = (200, r#"{"issuer":"ISSUER","token_endpoint":"ISSUER/token"}"#);
    for other in [
        (404, ""),
        (302, ""),
        (500, ""),
        (200, "<html>"),
        (200, r#"{"issuer":"https://evil.example","revocation_endpoint":"https://evil.example/"}"#),
    ] {
        for (oidc, oauth) in [(GOOD, other), (other, GOOD)] {
            let metadata = discover(&service(oidc, oauth).await.url).await.expect("metadata");
            assert!(metadata.token_endpoint.is_some() && metadata.revocation_endpoint.is_none(), "{other:?}");
        }
    }
}

#[tokio::test]
async fn without_a_document_the_most_telling_failure_is_told() {
    let mismatch = DiscoveryError::IssuerMismatch { exact: None };
    let busy = DiscoveryError::Unreachable { why: "the service is busy or broken" };
    for (oidc, oauth, failure) in [
        ((404, ""), (404, ""), DiscoveryError::NotOffered),
        ((404, ""), (200, "<html>"), DiscoveryError::Unreadable),
        ((503, ""), (404, ""), busy),
        ((404, ""), (200, r#"{"issuer":"https://evil.example"}"#), mismatch.clone()),
        ((200, r#"{"issuer":"https://evil.example"}"#), (500, ""), mismatch),
    ] {
        assert_eq!(discover(&service(oidc, oauth).await.url).await, Err(failure));
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_unreachable() {
    let url = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        format!("http://{}", listener.local_addr().expect("bound"))
    };
    assert_eq!(discover(&url).await, Err(DiscoveryError::Unreachable { why: "no connection" }));
}
