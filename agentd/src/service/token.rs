//! Credentials in answers of a form that is the provider's own, and refreshing with a request of its own.

use std::time::Duration;

use super::document::Document;
use super::request::Answer;
use super::{CallError, Services, Site, expiry};
use crate::oauth::error::classify;
use crate::oauth::response::{is_credential, read_error_code};
use crate::oauth::{Account, ExchangeError, Tokens};
use crate::provider::template::{Name, Values};
use crate::provider::{AccountFields, Expiry, FlowSpec, Method, Pointer, TokenFields};
use crate::secret::{AccessToken, RefreshToken};

/// What an answer brought.
#[derive(Debug)]
pub struct Granted {
    /// The credential and what belongs to it.
    pub tokens: Tokens,
    /// Whether the credential is a key.
    pub is_key: bool,
    /// Who is logged in, if the answer says so.
    pub account: Option<Account>,
}

impl Services {
    /// Presents the refresh token with the request of the provider. `None`: it has none; RFC 6749 §6 applies.
    pub async fn refresh(
        &self,
        site: &Site,
        method: Option<&Method>,
        token: &RefreshToken,
    ) -> Option<Result<Tokens, ExchangeError>> {
        let request = site.provider.refresh.as_ref()?;
        // EXPOSE: presented to the service that issued it, and to no other.
        let values = Values::new().with(Name::RefreshToken, token.expose());
        let answer = match self.send(site, request, values, None).await {
            Ok(answer) => answer,
            Err(error) => return Some(Err(exchange_error(&error))),
        };
        Some(self.refreshed(site, method, &answer))
    }

    fn refreshed(&self, site: &Site, method: Option<&Method>, answer: &Answer) -> Result<Tokens, ExchangeError> {
        if answer.good().is_err() {
            // 401 says clearly that the token is of no more use; other words are those of RFC 6749 §5.2, if any.
            let code = read_error_code(answer.body());
            return Err(match classify(answer.status, code.as_deref(), answer.retry_after) {
                ExchangeError::Doubtful { status: 401, code: None } => ExchangeError::Refused,
                other => other,
            });
        }
        let unreadable = ExchangeError::Uncertain { why: "not the JSON of a token answer" };
        let document = answer.parsed().ok_or(unreadable)?;
        let standard;
        let (fields, sources) = match method.map(|method| (&method.flow, method.expiry.as_slice())) {
            Some((FlowSpec::PollExchange(flow), sources)) => (&flow.token, sources),
            other => {
                standard = TokenFields::standard();
                (&standard, other.map_or(&[][..], |(_, sources)| sources))
            }
        };
        let granted = granted(&document, fields, sources, &site.place.scheme, answer, self.clock.wall());
        granted.map(|granted| granted.tokens).map_err(|why| ExchangeError::Uncertain { why })
    }
}

/// Reads the credential out of an answer.
pub(super) fn granted(
    document: &Document,
    fields: &TokenFields,
    sources: &[Expiry],
    scheme: &str,
    answer: &Answer,
    wall: i64,
) -> Result<Granted, &'static str> {
    let credential = document.text(&fields.credential).ok_or("no credential in it")?;
    if !is_credential(&credential) {
        return Err("the credential in it is none");
    }
    if fields.prefix.as_ref().is_some_and(|prefix| !credential.starts_with(prefix.as_str())) {
        return Err("the credential in it does not look like one of this service");
    }
    let refresh_token = document.text(&fields.refresh_token).filter(|token| is_credential(token));
    let now = answer.date.unwrap_or(wall);
    let life: Option<Duration> =
        expiry::read(sources, document, (&fields.expires_in, &fields.expires_at), &credential, now);
    let account = account(document, &fields.account);
    Ok(Granted {
        tokens: Tokens {
            access_token: AccessToken::new(credential.to_string()),
            token_type: scheme.to_owned(),
            unsupported_type: None,
            expires_in: life,
            refresh_token: refresh_token.map(|token| RefreshToken::new(token.to_string())),
            scope: None,
            id_token: None,
            sent_at: answer.sent_at,
            server_time: answer.date,
        },
        is_key: fields.is_key,
        account,
    })
}

/// Who is logged in, as far as the document says.
pub(super) fn account(document: &Document, fields: &AccountFields) -> Option<Account> {
    let member = |pointer: &Option<Pointer>| document.shown(pointer.as_ref()?);
    let account = Account {
        subject: member(&fields.subject),
        name: member(&fields.name),
        email: member(&fields.email),
        organization: member(&fields.organization),
    };
    (account != Account::default()).then_some(account)
}

fn exchange_error(error: &CallError) -> ExchangeError {
    match error {
        CallError::Lost { why } => ExchangeError::Uncertain { why },
        CallError::NotSent { why } => ExchangeError::NotSent { why },
        CallError::Settings(_) => ExchangeError::Settings { why: "the provider's refresh request cannot be made" },
        _ => ExchangeError::Doubtful { status: 0, code: None },
    }
}
