//! Addresses that a service names: to open, to type a code at, to send requests to.

use std::time::Duration;

use harness::daemon::Process;
use harness::evil::Attack;
use harness::issuer::{Config, Issuer};
use harness::sandbox::Sandbox;
use harness::service::Elsewhere;
use harness::stage::failed;
use harness::tunnel::Tunnel;
use proto::login::{Flow, LoginRequest, LoginStep};
use proto::problem::Code;

use super::{does_nothing, fails, is_fit_to_be_read};

const METADATA: &str = "metadata cannot be used";

#[tokio::test]
async fn no_browser_is_sent_to_what_is_no_address_of_a_service() {
    fails(Attack::HostileAuthorizationEndpoint, Code::LoginFailed, METADATA).await;
}

#[tokio::test]
async fn nobody_is_sent_to_a_page_that_is_none() {
    fails(Attack::HostilePage, Code::LoginFailed, "no usable verification URI").await;
}

#[tokio::test]
async fn a_page_with_the_code_in_it_is_left_out_unless_it_is_the_page_that_is_shown() {
    does_nothing(Attack::HostileCompletePage, |shown, _, _| {
        let [LoginStep::Device { verification_uri_complete, .. }] = shown else { unreachable!("{shown:?}") };
        assert_eq!(*verification_uri_complete, None);
    })
    .await;
}

#[tokio::test]
async fn a_name_that_looks_like_another_is_shown_as_what_it_is() {
    does_nothing(Attack::LookAlikePage, |shown, _, _| {
        let [LoginStep::Device { verification_uri, verification_uri_complete, .. }] = shown else {
            unreachable!("{shown:?}")
        };
        assert_eq!(verification_uri, "https://xn--acounts-zjg.example/device");
        assert_eq!(*verification_uri_complete, None, "it is on another host");
    })
    .await;
}

#[tokio::test]
async fn no_endpoint_of_the_internet_is_in_a_private_network() {
    fails(Attack::EndpointInPrivateNetwork, Code::LoginFailed, "leads into a private network").await;
}

#[tokio::test]
async fn no_endpoint_is_where_clouds_keep_credentials() {
    fails(Attack::EndpointAtCloudMetadata, Code::LoginFailed, "an address that no service has").await;
}

#[tokio::test]
async fn no_endpoint_of_the_internet_is_on_this_machine() {
    fails(Attack::EndpointOnThisMachine, Code::LoginFailed, METADATA).await;
}

#[tokio::test]
async fn no_endpoint_of_the_internet_is_inside_in_ipv6() {
    fails(Attack::EndpointInIpv6, Code::LoginFailed, METADATA).await;
}

#[tokio::test]
async fn no_endpoint_of_the_internet_is_inside_as_a_number() {
    fails(Attack::EndpointAsNumber, Code::LoginFailed, METADATA).await;
}

#[tokio::test]
async fn nobody_is_sent_to_a_page_inside_by_the_internet() {
    fails(Attack::PageInside, Code::LoginFailed, "no usable verification URI").await;
}

/// Without a proxy the daemon resolves names itself, and a name tells nothing before that. This machine's own name leads
/// to this machine, and the certificate does not matter: no greeting is sent.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_name_that_leads_inside_is_not_connected_to() {
    const HOST: &str = "as.evil.test";
    let issuer = Issuer::launch(Config { tls: true, host: Some(HOST.to_owned()), ..Config::default() });
    let tunnel = Tunnel::start([(format!("{HOST}:443"), issuer.address())]);
    let (victim, sandbox) = (Elsewhere::start(), Sandbox::new());
    let system = rustix::system::uname();
    let name = system.nodename().to_str().expect("names are text");
    let port = victim.url().rsplit(':').next().expect("it has a port").to_owned();
    sandbox.write_config(&format!("[store]\nkey = \"file\"\n[http]\nproxy = \"{}\"\n", tunnel.url()));
    let ca_file = sandbox.path().join("ca.pem");
    std::fs::write(&ca_file, issuer.ca_pem().expect("it speaks TLS")).expect("the sandbox is writable");
    let daemon = Process::start_with(&sandbox, &[("NO_PROXY", name)]);
    issuer.reconfigure(|config| {
        let inside = format!("https://{name}:{port}/device_authorization");
        config.discovery.overrides.insert("device_authorization_endpoint".to_owned(), inside.into());
    });
    let request = LoginRequest {
        flow: Some(Flow::Device),
        issuer: Some(issuer.url().to_owned()),
        client_id: Some("agentd-test".to_owned()),
        ca_file: Some(ca_file.display().to_string()),
        max_wait: Some(Duration::from_mins(1).as_secs()),
        ..LoginRequest::default()
    };
    let wire = daemon.wire();
    let started = wire.login(&request).await.expect("the login starts");
    let problem = failed(wire.follow(started.id.as_str(), async |_| {}).await);
    assert_eq!(problem.code, Code::LoginFailed, "{problem:?}");
    assert!(problem.detail.contains("may not send us to"), "{problem:?}");
    is_fit_to_be_read(Attack::EndpointOnThisMachine, &problem);
    assert_eq!(victim.hits(), 0);
    assert_eq!(wire.inspect("work").await.expect_err("there is none").code, Code::NotFound);
}
