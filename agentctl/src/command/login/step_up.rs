//! How the service is to authenticate the person, this once (OpenID Connect Core §3.1.2.1, RFC 9470 §4).

use proto::login::LoginRequest;

use crate::command::seconds;

#[derive(Debug, Default, clap::Args)]
pub(super) struct StepUp {
    /// Be authenticated in one of these ways (`acr_values`), the best first, this once; may be repeated
    #[arg(long, value_name = "VALUE", conflicts_with = "secret")]
    acr: Vec<String>,
    /// Be authenticated again unless that was within this time, this once; `0` always asks
    #[arg(long, value_name = "DURATION", value_parser = seconds, conflicts_with = "secret")]
    max_age: Option<u64>,
    /// What the service is to ask for, this once: `login`, `consent`, `select_account`
    #[arg(long, value_name = "WORD", conflicts_with = "secret")]
    prompt: Option<String>,
    /// Who is going to log in, as the service knows them, this once
    #[arg(long, value_name = "NAME", conflicts_with = "secret")]
    login_hint: Option<String>,
}

impl StepUp {
    /// Puts it into a request.
    pub(super) fn fill(self, request: &mut LoginRequest) {
        request.acr_values = Some(self.acr.join(" ")).filter(|values| !values.is_empty());
        request.max_age = self.max_age;
        request.prompt = self.prompt;
        request.login_hint = self.login_hint;
    }
}
