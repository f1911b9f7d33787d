//! Logins that wait: listed, gone on with, cancelled.

use proto::id::ProfileName;
use proto::login::{LoginAnswer, PendingLogin};

use super::follow;
use super::options::Login;
use super::show::Manner;
use crate::client::Client;
use crate::clock;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{login, when};
use crate::prompt::{self, Choice};

/// Does what the command line says, if it is about logins that wait.
pub(super) fn run(invocation: &Invocation, login: &Login) -> Option<Result<(), Failure>> {
    match login {
        Login { list: true, .. } => Some(list(invocation)),
        Login { resume: true, .. } => Some(resume(invocation, login)),
        Login { cancel: true, .. } => Some(cancel(invocation, login)),
        _ => None,
    }
}

fn list(invocation: &Invocation) -> Result<(), Failure> {
    let output = &invocation.output;
    let answer = invocation.connect()?.logins()?;
    if output.is_json() {
        return output.json(&answer);
    }
    if answer.logins.is_empty() {
        output.note("No login waits");
        return Ok(());
    }
    output.text(&login::list(&answer.logins, clock::now(), output.paint()))
}

fn resume(invocation: &Invocation, login: &Login) -> Result<(), Failure> {
    let mut client = invocation.connect()?;
    let pending = find(invocation, &mut client, login)?;
    let said = (login::profile(&pending.purpose), when(pending.started_at, clock::now()));
    let service = &pending.purpose.service;
    invocation.output.note(&format!("Going on with the login at {service} for {}, started {}", said.0, said.1));
    if login.answer_stdin {
        let redirect = prompt::secret(invocation, "address")?;
        client.answer(&pending.id, &LoginAnswer { redirect })?;
    }
    let manner = Manner { chosen: Some("it was begun so"), ..Manner::of(login) };
    let ended = follow::follow(invocation, &mut client, (&pending.id, pending.deadline), &manner)?;
    follow::done(invocation, &ended)
}

fn cancel(invocation: &Invocation, login: &Login) -> Result<(), Failure> {
    let mut client = invocation.connect()?;
    let pending = find(invocation, &mut client, login)?;
    client.cancel(&pending.id)?;
    if invocation.output.is_json() {
        return invocation.output.json(&pending);
    }
    let at = (&pending.purpose.service, login::profile(&pending.purpose));
    invocation.output.text(&format!("Cancelled the login at {} for {}", crate::output::clean(at.0), at.1))
}

/// The login that is meant: by id or profile, else the only one, else the one that the person picks.
fn find(invocation: &Invocation, client: &mut Client, login: &Login) -> Result<PendingLogin, Failure> {
    let mut logins = client.logins()?.logins;
    let named = match &login.target {
        Some(word) => Some(word.clone()),
        None => invocation.profile(None)?.map(String::from),
    };
    let absent = |what: String| {
        Failure::own("not-found", Status::Failed, what).hint("`agentctl login --list` shows those that wait")
    };
    if let Some(word) = named {
        let is = |login: &PendingLogin| {
            login.id.as_str() == word || login.purpose.profile.as_ref().is_some_and(|name| name.as_str() == word)
        };
        // What is not found may be anything that was typed by mistake.
        let found = logins.iter().position(is).ok_or_else(|| absent("no login of that name waits".to_owned()))?;
        return Ok(logins.swap_remove(found));
    }
    match logins.len() {
        0 => Err(absent("no login waits".to_owned()).hint("`agentctl login` starts one")),
        1 => Ok(logins.swap_remove(0)),
        _ if invocation.can_ask() => {
            let choice = |login: &PendingLogin| {
                let note = format!("{}, for {}", login.purpose.service, login::profile(&login.purpose));
                Choice::new(login.id.as_str(), note).or(login.purpose.profile.as_ref().map(ProfileName::as_str))
            };
            let choices: Vec<Choice> = logins.iter().map(choice).collect();
            prompt::pick(invocation, "login", &choices).map(|at| logins.swap_remove(at))
        }
        _ => {
            let ids: Vec<&str> = logins.iter().map(|login| login.id.as_str()).collect();
            Err(Failure::usage(format!("several logins wait: {}", ids.join(", "))).hint("name one of them"))
        }
    }
}
