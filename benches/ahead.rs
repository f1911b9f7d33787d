//! Tokens that are about to lapse while nobody asks.

use std::time::Duration;

use harness::issuer::Endpoint;

use crate::place::Place;
use crate::row::Row;

const PROFILES: [&str; 8] = ["one", "two", "three", "four", "five", "six", "seven", "eight"];
const LIFE: Duration = Duration::from_secs(8);

pub(crate) async fn measure() -> Vec<Row> {
    let place = Place::new(&PROFILES, LIFE).await;
    let ledger = place.issuer.ledger();
    let first = ledger.at(Endpoint::Token).map(|entry| entry.at).next().expect("every login asks for tokens");
    place.issuer.wait_for(|ledger| ledger.exchanges() >= PROFILES.len()).await;
    let ledger = place.issuer.ledger();
    let refreshes = ledger.at(Endpoint::Token).filter(|entry| entry.field("grant_type") == Some("refresh_token"));
    let in_time = refreshes.filter(|entry| entry.at < first + LIFE).count();
    let measured = format!("{in_time} of {} tokens refreshed before the first lapsed", PROFILES.len());
    vec![Row::new("a token about to lapse with nobody asking", "refreshed ahead", measured, in_time >= PROFILES.len())]
}
