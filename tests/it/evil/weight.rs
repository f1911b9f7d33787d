//! Answers that are too much: too large, too deep, too slow, without an end.

use harness::evil::Attack;
use proto::problem::Code;

use super::fails;

#[tokio::test]
async fn metadata_of_megabytes_is_not_read() {
    fails(Attack::HugeMetadata, Code::IssuerUnreachable, "the answer is too large").await;
}

#[tokio::test]
async fn tokens_in_megabytes_are_not_read() {
    fails(Attack::HugeAnswer, Code::LoginFailed, "the answer is too large").await;
}

/// The documents are good ones: whoever decoded them would log in.
#[tokio::test]
async fn nothing_is_decoded_so_nothing_unfolds() {
    fails(Attack::EncodedMetadata, Code::LoginFailed, "metadata cannot be read").await;
}

#[tokio::test]
async fn depth_does_not_exhaust_the_stack() {
    fails(Attack::DeepMetadata, Code::LoginFailed, "metadata cannot be read").await;
}

#[tokio::test]
async fn a_million_members_are_not_read() {
    fails(Attack::ManyMembers, Code::LoginFailed, "the answer is too large").await;
}

#[tokio::test]
async fn a_header_of_a_megabyte_is_not_read() {
    fails(Attack::HugeHeader, Code::IssuerUnreachable, "the connection broke").await;
}

#[tokio::test]
async fn headers_without_an_end_are_cut() {
    fails(Attack::EndlessHeaders, Code::LoginFailed, "the connection broke").await;
}

#[tokio::test]
async fn a_body_without_an_end_is_cut() {
    fails(Attack::EndlessBody, Code::LoginFailed, "the answer is too large").await;
}

/// What drips longer than the login has time ends with the login.
#[tokio::test]
async fn metadata_a_byte_at_a_time_does_not_outlast_the_login() {
    fails(Attack::SlowMetadata, Code::LoginTimeout, "in time").await;
}
