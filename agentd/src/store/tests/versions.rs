//! Records that earlier versions wrote open for ever: `testdata/vN/*.bin` are sealed under a fixed key, the `.json` beside
//! each is what is inside. The files are never made again.

use std::sync::Arc;

use super::samples::{full, key, text};
use crate::secret::{ClientKey, Fingerprint, RefreshToken, RegistrationToken, SealingKey, SigningKey};
use crate::store::cipher::{Cipher, Subject};
use crate::store::record::{DecodeError, Grant, Record, RecordId, Registration};

fn open(id: u64, sealed: &[u8], json: &str) -> Record {
    let cipher = Cipher::new(&SealingKey::new(zeroize::Zeroizing::new([7; 32])));
    let opened = cipher.open(Subject::Record(RecordId(id)), sealed).expect("the seal of old records opens");
    let inside = std::str::from_utf8(&opened.plain).expect("JSON");
    assert_eq!(inside.trim_end(), json.trim_end());
    let record = Record::decode(opened.version, &opened.plain).expect("old records are read");
    assert_eq!((record.id, record.sequence), (RecordId(id), opened.sequence));
    record
}

macro_rules! kept {
    ($id:expr, $name:literal) => {
        open(
            $id,
            include_bytes!(concat!("../testdata/", $name, ".bin")),
            include_str!(concat!("../testdata/", $name, ".json")),
        )
    };
}

#[test]
fn v1_records_open() {
    let record = kept!(2, "v1/oauth");
    assert_eq!(text(&record), text(&full(2, 8)));
    let record = kept!(1, "v1/key");
    assert_eq!(text(&record), text(&key(1, 1)));
    let record = kept!(3, "v1/empty");
    assert!(record.settings.is_none() && record.grant.is_none() && record.attempt.is_none());
    assert_eq!((record.name.as_str(), record.flow.as_str()), ("no-login-yet", "device"));
}

#[test]
fn v1_members_that_are_not_known_are_passed_over() {
    let record = kept!(4, "v1/unknown-members");
    assert_eq!(text(&record), text(&key(4, 1)));
}

#[test]
fn a_record_comes_back_as_it_went() {
    let record = full(2, 8);
    let plain = record.encode();
    assert_eq!((plain.len() % 256, plain.capacity() - plain.len()), (0, 0));
    let again = Record::decode(Record::VERSION, &plain).unwrap();
    assert_eq!(text(&again), text(&record));
    let Some(Grant::Oauth(oauth)) = again.grant else { unreachable!("an OAuth grant went in") };
    // EXPOSE: the test compares what it put in.
    assert_eq!(oauth.refresh_token.as_deref().map(RefreshToken::expose), Some("canary-refresh-1"));
    assert_eq!(again.attempt.unwrap().presented, Fingerprint::of(b"canary-refresh-1"));
    // EXPOSE: the test compares what it put in.
    assert_eq!(again.settings.unwrap().client_secret.unwrap().expose(), "canary-client-\"secret\"\\");
}

#[test]
fn a_clients_key_and_registration_come_back_as_they_went() {
    let mut record = full(2, 8);
    let settings = record.settings.as_mut().unwrap();
    settings.client_key = Some(SigningKey {
        key: Arc::new(ClientKey::new("-----BEGIN\n\"canary\"".to_owned())),
        id: Some("kid".to_owned()),
    });
    settings.registration = Some(Registration {
        redirect_uri: "http://127.0.0.1/callback".to_owned(),
        scope: Some("openid".to_owned()),
        authentication: Some("none".to_owned()),
        secret_expires_at: Some(1_800_000_000),
        uri: Some("https://issuer.example/client".to_owned()),
        token: Some(Arc::new(RegistrationToken::new("canary-rat".to_owned()))),
    });
    let plain = record.encode();
    let again = Record::decode(Record::VERSION, &plain).unwrap();
    assert_eq!(text(&again), text(&record));
    let settings = again.settings.unwrap();
    let key = settings.client_key.unwrap();
    // EXPOSE: the test compares what it put in.
    assert_eq!((key.key.expose(), key.id.as_deref()), ("-----BEGIN\n\"canary\"", Some("kid")));
    let registration = settings.registration.unwrap();
    assert!(registration.token.is_some_and(|token| token.matches("canary-rat")));
    assert_eq!((registration.secret_expires_at, registration.uri.is_some()), (Some(1_800_000_000), true));
    assert!(!text(&record).contains("canary-rat"), "secrets are base64url in it");
}

#[test]
fn what_is_no_record_is_refused_without_its_content() {
    let plain = full(1, 1).encode();
    assert_eq!(Record::decode(2, &plain).err(), Some(DecodeError::Version(2)));
    for bad in ["", "{}", "canary", r#"{"id":1,"sequence":1,"name":"canary","flow":7}"#] {
        let error = Record::decode(1, bad.as_bytes()).expect_err("it is no record");
        assert!(!format!("{error} {error:?}").contains("canary"));
    }
    let text = String::from_utf8(plain.to_vec()).unwrap();
    for bad in ["/w", "+A==", "%"] {
        let bad = text.replace("Y2FuYXJ5LWFjY2Vzcy0x", bad);
        assert_eq!(Record::decode(1, bad.as_bytes()).err(), Some(DecodeError::Malformed));
    }
}
