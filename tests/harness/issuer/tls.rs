//! A throw-away certificate authority and a server certificate for loopback, made at every start.

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::sync::Arc;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto::ring, pki_types::PrivateKeyDer},
};

/// What a TLS server needs, and what its clients have to trust.
pub(super) struct Authority {
    pub(super) ca_pem: String,
    pub(super) acceptor: TlsAcceptor,
}

/// Makes an authority and a certificate for `127.0.0.1`, `localhost` and this host.
pub(super) fn authority(host: Option<&str>) -> Authority {
    let ca_key = KeyPair::generate().expect("ring makes keys");
    let mut ca = CertificateParams::default();
    ca.distinguished_name.push(DnType::CommonName, "Throw-away test authority");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
    let ca_certificate = ca.self_signed(&ca_key).expect("the parameters are complete");

    let names = ["127.0.0.1", "localhost"].into_iter().chain(host).map(str::to_owned).collect::<Vec<_>>();
    let key = KeyPair::generate().expect("ring makes keys");
    let leaf = CertificateParams::new(names).expect("the names are valid");
    let certificate = leaf.signed_by(&key, &Issuer::new(ca, ca_key)).expect("the authority may sign");

    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a PKCS #8 key");
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring speaks the default versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .expect("key and certificate belong together");
    Authority { ca_pem: ca_certificate.pem(), acceptor: TlsAcceptor::from(Arc::new(config)) }
}
