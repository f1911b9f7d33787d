//! A client's registration as the store keeps it, and back.

use crate::provider::Registration;
use crate::store::record as disk;

pub(super) fn write(registration: &Registration) -> disk::Registration {
    let (uri, token) = registration.management.clone().unzip();
    disk::Registration {
        redirect_uri: registration.redirect_uri.clone(),
        scope: registration.scope.clone(),
        authentication: registration.authentication.clone(),
        secret_expires_at: registration.secret_expires_at,
        uri,
        token,
    }
}

pub(super) fn read(registration: disk::Registration) -> Registration {
    let disk::Registration { redirect_uri, scope, authentication, secret_expires_at, uri, token } = registration;
    Registration { redirect_uri, scope, authentication, secret_expires_at, management: uri.zip(token) }
}
