//! Logins at a malicious authorization server (RFC 9700): each attack by itself, through the real daemon.
//!
//! A login either fails closed, with the right problem and words that are ours, and leaves nothing behind; or the attack does
//! nothing, and the login is what it would have been. In both cases nobody else is asked anything, and the login at an honest
//! server is served as before.

mod answers;
mod identity;
mod redirects;
mod tokens;
mod urls;
mod weight;

use harness::architecture::repository;
use harness::evil::{Attack, Ended, Evil, MARKER};
use harness::stage::{done, failed};
use proto::login::LoginStep;
use proto::problem::{Code, Problem};
use proto::profile::Profile;

/// The texts of a problem are the agent's own, and say what to do.
fn is_fit_to_be_read(attack: Attack, problem: &Problem) {
    let text = format!("{} {}", problem.detail, problem.hint.as_deref().unwrap_or_default());
    assert!(
        !text.contains(MARKER) && !text.chars().any(char::is_control) && text.is_ascii(),
        "{attack:?}: {problem:?}"
    );
    assert!(text.len() < 500, "{attack:?}: {problem:?}");
}

/// In every form of the attack the login fails with this code and these words, before or after a page was shown.
async fn fails(attack: Attack, code: Code, says: &str) -> Evil {
    let mut evil = Evil::new(attack).await;
    for form in attack.forms() {
        let Ended { last, .. } = evil.login(Some(&form)).await;
        let problem = failed(last);
        assert_eq!(problem.code, code, "{attack:?} {form:?}: {problem:?}");
        assert!(problem.detail.contains(says), "{attack:?} {form:?}: {problem:?}");
        is_fit_to_be_read(attack, &problem);
        assert!(problem.hint.is_some(), "{attack:?} {form:?}: what to do? {problem:?}");
        assert!(evil.profile().await.is_none(), "{attack:?} {form:?} left a profile");
    }
    evil.nobody_is_harmed().await;
    evil.nothing_is_stored();
    evil
}

/// In every form of the attack the login succeeds as if nothing was wrong; `check` looks at what it showed and left.
async fn does_nothing(attack: Attack, check: impl Fn(&[LoginStep], &Profile, &[String])) -> Evil {
    let mut evil = Evil::new(attack).await;
    for form in attack.forms() {
        let Ended { shown, last } = evil.login(Some(&form)).await;
        let (profile, warnings) = done(last);
        assert!(!format!("{shown:?} {warnings:?}").contains(MARKER), "{attack:?} {form:?}: {shown:?} {warnings:?}");
        check(&shown, &profile, &warnings);
    }
    evil.nobody_is_harmed().await;
    evil
}

#[tokio::test]
async fn without_its_attack_each_server_is_logged_in_to() {
    // One for each place and flow: what fails in the other tests fails because of the attack.
    for attack in [Attack::AnotherIssuer, Attack::RedirectedPoll, Attack::EndpointInIpv6, Attack::PageInside] {
        let mut evil = Evil::new(attack).await;
        let Ended { last, .. } = evil.login(None).await;
        done(last);
        evil.nobody_is_harmed().await;
    }
}

#[test]
fn every_attack_has_a_test() {
    let directory = repository().join("tests/it/evil");
    let files = std::fs::read_dir(&directory).expect("the tests are there");
    let texts: String = files
        .map(|file| std::fs::read_to_string(file.expect("it can be listed").path()).expect("sources are text"))
        .collect();
    let untried: Vec<_> = Attack::ALL.iter().filter(|attack| !tried(&texts, **attack)).collect();
    assert!(untried.is_empty(), "no test tries {untried:?}");
}

/// Whether one of the tests begins with this attack.
fn tried(tests: &str, attack: Attack) -> bool {
    ["fails(", "does_nothing(", "Evil::new("].into_iter().any(|way| {
        let begun = format!("{way}Attack::{attack:?}");
        tests.match_indices(&begun).any(|(at, _)| tests[at + begun.len()..].starts_with([',', ')']))
    })
}
