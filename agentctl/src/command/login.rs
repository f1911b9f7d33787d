//! `login`: asks the agent for a login and shows the person its steps.

mod client_key;
mod follow;
mod inputs;
mod issuer;
mod method;
mod options;
mod overwrite;
mod request;
mod service;
mod show;
mod start;
mod step_up;
mod target;
mod waiting;

use clap::ArgMatches;
use proto::login::Flow;

use super::{augment, project};
use crate::cli::{self, Form, Network, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use options::Login;
use show::Manner;

pub(super) const VERB: Verb = Verb {
    name: "login",
    aliases: &[],
    about: "Log in to a service, or keep a key",
    more: "\
With the name of a profile, that one is renewed; with the word of a provider (`agentctl provider list`), a profile is
made and named after the account. Without a method it is the browser where one can be opened here, and a code for any
browser over SSH, in a container or without a screen, if the service offers that; `-v` says why. Where there is another
choice, you are asked. The agent runs the login: closing the terminal ends nothing, `--resume` goes on with it, and the
same command again joins it. Ctrl-C cancels it. A key comes
from standard input, else from the provider's variables, else from a hidden prompt; never from the command line.
Without a terminal nothing is asked: what is missing is named, and replacing another login needs `--yes`.",
    forms: &[
        Form::changes("a profile is made or renewed, and becomes the current one")
            .network(Network::When("always, except for keys of services that nobody describes"))
            .prompts(
                "for what is missing, before it replaces another login, and for the address of a browser elsewhere",
            ),
        Form::reads().action("--list"),
        Form::changes("the login of another command goes on here")
            .action("--resume")
            .network(Network::When("the agent, until the login ends"))
            .prompts("which login, if several wait, and for the address of a browser elsewhere"),
        Form::changes("a login that waits is ended; the profile stays as it is")
            .action("--cancel")
            .prompts("which login, if several wait"),
    ],
    examples: &[
        "agentctl login baseten",
        "agentctl login contree --type iam --project my-project --api-key-stdin < key.txt",
        "agentctl login work",
        "agentctl login --issuer https://login.example.org --client-id my-tool --device --profile work",
        "agentctl login work --acr phr --max-age 5m",
        "agentctl login okta --client-credentials --client-id my-job --client-key-file key.pem",
        "agentctl login --api-key-stdin --profile ci --expires-at 90d < key.txt",
        "agentctl login --list",
        "agentctl login --resume work",
    ],
    arguments: augment::<Login>,
    run,
};

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let login: Login = cli::arguments(matches)?;
    login.check(invocation)?;
    if let Some(done) = waiting::run(invocation, &login) {
        return done;
    }
    let (mut manner, yes) = (Manner::of(&login), login.yes);
    let mut client = invocation.connect()?;
    let target = target::find(invocation, &mut client, &login)?;
    let last = target.known.as_ref().filter(|known| login.issuer.is_none() && known.flow != Flow::Key);
    manner.chosen = manner.chosen.or(last.map(|_| "as at the last login of the profile"));
    let plan = match &target.provider {
        Some(provider) => service::plan(invocation, login, &target, provider)?,
        None => issuer::plan(invocation, login, &target)?,
    };
    overwrite::confirm(invocation, yes, target.known.as_ref(), &plan.request)?;
    let (mut client, started) = start::start(invocation, plan.fill(invocation)?)?;
    if started.joined {
        invocation.output.note("The same login waits already; going on with it");
    }
    let mut ended = follow::follow(invocation, &mut client, (&started.id, started.deadline), &manner)?;
    let lists = target.provider.is_some_and(|provider| provider.projects);
    if lists && ended.profile.project.is_none() {
        let unchosen = project::after_login(invocation, &mut invocation.connect()?, &mut ended.profile);
        ended.warnings.extend(unchosen);
    }
    follow::done(invocation, &ended)
}
