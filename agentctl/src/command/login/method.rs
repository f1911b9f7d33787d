//! Which of a provider's ways to log in is taken.

use proto::login::Flow;
use proto::profile::Profile;
use proto::provider::{Environment, Method, MethodOffer, Provider, Variant};

use crate::command::fallback::Variable;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{profile::method as word, provider::methods};
use crate::prompt::{self, Choice};

/// What was found before anybody is asked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision<'p> {
    /// There are several.
    Ask,
    /// The deployment needs no login.
    None,
    /// This one.
    Take(&'p MethodOffer),
}

/// Decides by the command line, the profile that is renewed, what there is, and what is set in the environment.
pub(super) fn decide<'p>(
    provider: &'p Provider,
    wanted: Option<Method>,
    renewed: Option<&Profile>,
    environment: Option<&Environment>,
    variable: Variable<'_>,
    (can_ask, browser): (bool, bool),
) -> Result<Decision<'p>, Failure> {
    if let Some(wanted) = wanted {
        return offered(provider, wanted).map(Decision::Take);
    }
    if environment.is_some_and(|environment| !environment.needs_login) {
        return Ok(Decision::None);
    }
    let last = renewed.and_then(|profile| profile.method);
    if let Some(offer) = provider.methods.iter().find(|offer| Some(offer.method) == last) {
        return Ok(Decision::Take(offer));
    }
    if let [only] = provider.methods.as_slice() {
        return Ok(Decision::Take(only));
    }
    let seated = by_seat(provider, browser);
    if can_ask {
        return Ok(seated.map_or(Decision::Ask, Decision::Take));
    }
    let with_key = |offer: &&MethodOffer| {
        offer.method == Method::ApiKey && offer.key_variables.iter().any(|name| variable(name).is_some())
    };
    provider.methods.iter().find(with_key).or(seated).map(Decision::Take).ok_or_else(|| {
        Failure::usage(format!("{} offers several ways to log in, and nobody can be asked", provider.title))
            .hint(format!("add {}", options(provider)))
    })
}

/// The way that goes without saying where a service offers the browser: that, or a code for any browser where none can be
/// opened here. A code is never the first choice in front of a browser, because a code can come from somebody else
/// (RFC 8628 §5.4).
fn by_seat(provider: &Provider, browser: bool) -> Option<&MethodOffer> {
    let offer = |method| provider.methods.iter().find(|offer| offer.method == method);
    let here = offer(Method::Browser)?;
    // A page that any browser opens needs no code.
    let anywhere = browser || here.flow == Flow::PollExchange;
    offer(Method::Device).filter(|_| !anywhere).or(Some(here))
}

/// The offer that an option means. `--browser` also means a code that the browser is opened with.
fn offered(provider: &Provider, wanted: Method) -> Result<&MethodOffer, Failure> {
    let exact = provider.methods.iter().find(|offer| offer.method == wanted);
    let near = |offer: &&MethodOffer| match wanted {
        Method::Browser => offer.method == Method::Device,
        Method::Device => offer.flow == Flow::Device,
        _ => false,
    };
    exact.or_else(|| provider.methods.iter().find(near)).ok_or_else(|| {
        let wanted = word(wanted).unwrap_or("that");
        Failure::usage(format!("{} offers no login by `--{wanted}`", provider.title))
            .hint(format!("it offers {}", options(provider)))
    })
}

fn options(provider: &Provider) -> String {
    let options: Vec<String> = methods(provider).iter().map(|word| format!("`--{word}`")).collect();
    options.join(" or ")
}

/// Lets the person choose.
pub(super) fn pick<'p>(invocation: &Invocation, provider: &'p Provider) -> Result<&'p MethodOffer, Failure> {
    let choice = |offer: &MethodOffer| {
        let note = match offer.method {
            Method::ApiKey => "with a key that you have",
            Method::Browser => "in the browser",
            Method::ClientCredentials => "with a client id and secret",
            Method::Device => "with a code, in any browser",
            _ => "",
        };
        Choice::new(word(offer.method).unwrap_or("unknown"), note)
    };
    let choices: Vec<Choice> = provider.methods.iter().map(choice).collect();
    prompt::pick(invocation, "way to log in", &choices).map(|at| &provider.methods[at])
}

/// The kind of key that is meant; the first is the usual one.
pub(super) fn variant<'o>(offer: &'o MethodOffer, wanted: Option<&str>) -> Result<Option<&'o Variant>, Failure> {
    let Some(wanted) = wanted else { return Ok(offer.variants.first()) };
    let found = offer.variants.iter().find(|variant| variant.name.as_deref() == Some(wanted));
    if found.is_some() {
        return Ok(found);
    }
    let names: Vec<&str> = offer.variants.iter().filter_map(|variant| variant.name.as_deref()).collect();
    Err(if names.is_empty() {
        Failure::usage("there is only one kind of login here").hint("leave `--type` out")
    } else {
        Failure::usage(format!("there is no kind `{wanted}`")).hint(format!("`--type` is one of {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn provider(methods: &[(&str, &str)]) -> Provider {
        let methods: Vec<_> = methods
            .iter()
            .map(|(method, flow)| json!({"method": method, "flow": flow, "max_wait": 300, "key_variables": ["X_KEY"]}))
            .collect();
        serde_json::from_value(json!({"name": "x", "title": "X", "built_in": true, "environments": [],
            "methods": methods, "hosts": [], "whoami": true, "projects": false}))
        .expect("it is a provider")
    }

    fn unset(_: &str) -> Option<String> {
        None
    }

    fn set(name: &str) -> Option<String> {
        (name == "X_KEY").then(|| "value".to_owned())
    }

    fn taken(decision: Result<Decision<'_>, Failure>) -> Option<Method> {
        match decision.expect("no mistake") {
            Decision::Take(offer) => Some(offer.method),
            _ => None,
        }
    }

    const BOTH: &[(&str, &str)] = &[("device", "device"), ("api-key", "key")];

    #[test]
    fn an_option_decides_and_must_be_offered() {
        let both = provider(BOTH);
        for (wanted, expected) in
            [(Method::ApiKey, Method::ApiKey), (Method::Device, Method::Device), (Method::Browser, Method::Device)]
        {
            assert_eq!(taken(decide(&both, Some(wanted), None, None, &unset, (false, true))), Some(expected));
        }
        let failure =
            decide(&both, Some(Method::ClientCredentials), None, None, &unset, (true, true)).expect_err("not there");
        let (_, _, hint) = failure.text().expect("it is told");
        assert_eq!(hint, Some("it offers `--device` or `--api-key`"));
    }

    #[test]
    fn without_an_option_the_only_one_or_the_last_one_is_taken_else_somebody_is_asked() {
        let one = provider(&[("browser", "poll-exchange")]);
        assert_eq!(taken(decide(&one, None, None, None, &unset, (false, true))), Some(Method::Browser));
        let both = provider(BOTH);
        assert_eq!(decide(&both, None, None, None, &set, (true, true)).expect("no mistake"), Decision::Ask);
        assert_eq!(
            taken(decide(&both, None, None, None, &set, (false, true))),
            Some(Method::ApiKey),
            "a variable decides"
        );
        let failure = decide(&both, None, None, None, &unset, (false, true)).expect_err("nobody can be asked");
        assert_eq!(failure.status(), crate::exit::Status::Usage);
        let last: Profile = serde_json::from_value(json!({"name": "w", "current": true, "auth_type": "api_key",
            "state": "usable", "flow": "key", "method": "api-key", "source": "file", "refresh": {"possible": false}}))
        .expect("it is a profile");
        assert_eq!(taken(decide(&both, None, Some(&last), None, &unset, (true, true))), Some(Method::ApiKey));
    }

    #[test]
    fn the_browser_goes_without_saying_and_a_code_only_where_none_can_be_opened() {
        let all = provider(&[("device", "device"), ("browser", "authorization-code"), ("api-key", "key")]);
        let seated = |browser, can_ask| taken(decide(&all, None, None, None, &unset, (can_ask, browser)));
        for can_ask in [true, false] {
            assert_eq!(seated(true, can_ask), Some(Method::Browser));
            assert_eq!(seated(false, can_ask), Some(Method::Device));
        }
        assert_eq!(
            taken(decide(&all, None, None, None, &set, (false, true))),
            Some(Method::ApiKey),
            "a variable is set"
        );
        let polled = provider(&[("browser", "poll-exchange"), ("device", "device"), ("api-key", "key")]);
        assert_eq!(taken(decide(&polled, None, None, None, &unset, (true, false))), Some(Method::Browser));
        let both = provider(BOTH);
        assert_eq!(decide(&both, None, None, None, &unset, (true, false)).expect("no mistake"), Decision::Ask);
    }

    #[test]
    fn a_deployment_without_login_needs_no_method() {
        let open: Environment =
            serde_json::from_value(json!({"name": "o", "url": "http://localhost", "needs_login": false}))
                .expect("it is an environment");
        let both = provider(BOTH);
        assert_eq!(decide(&both, None, None, Some(&open), &unset, (false, true)).expect("no mistake"), Decision::None);
        assert_eq!(
            taken(decide(&both, Some(Method::ApiKey), None, Some(&open), &unset, (false, true))),
            Some(Method::ApiKey)
        );
    }
}
