//! `project`: the project that requests are made for.

use clap::ArgMatches;
use proto::id::ProfileName;
use proto::profile::Profile;
use proto::project::{Project, ProjectRequest, Projects};

use super::augment;
use crate::cli::{self, Form, Network, Verb};
use crate::client::Client;
use crate::exit::Status;
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::profile;
use crate::prompt::{self, Choice};

/// So many projects are named in an error.
const NAMED: usize = 20;

pub(super) const VERB: Verb = Verb {
    name: "project",
    aliases: &[],
    about: "Choose the project of a profile",
    more: "",
    forms: &[Form::changes("the project of the profile")
        .network(Network::When("where the service lists projects"))
        .prompts("for the project, if none is named")],
    examples: &["agentctl project proj-1234"],
    arguments: augment::<Choose>,
    run,
};

#[derive(clap::Args)]
struct Choose {
    /// The project's id or name
    #[arg(value_name = "ID")]
    project: Option<String>,
}

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let Choose { project } = cli::arguments(matches)?;
    let profile = invocation.profile(None)?;
    let mut client = invocation.connect()?;
    let request = if let Some(project) = project {
        ProjectRequest { profile, project }
    } else {
        let profile = profile.map_or_else(|| current(&mut client), Ok)?;
        let projects = client.projects(&profile)?;
        ProjectRequest { project: pick(invocation, &projects)?, profile: Some(profile) }
    };
    let chosen = client.project(&request)?;
    if invocation.output.is_json() {
        return invocation.output.json(&chosen);
    }
    invocation.output.text(&told(&chosen))
}

fn current(client: &mut Client) -> Result<ProfileName, Failure> {
    client.status()?.current.ok_or_else(|| {
        Failure::own("login-required", Status::LoginRequired, "no profile is current")
            .hint("run `agentctl login`, or make one current with `agentctl switch NAME`")
    })
}

/// What is said of a chosen project.
fn told(chosen: &Profile) -> String {
    match profile::project(chosen) {
        Some(project) => format!("{} uses the project {project}", chosen.name),
        None => format!("{} uses no project", chosen.name),
    }
}

/// The project that the person chooses or types; none is taken without asking.
fn pick(invocation: &Invocation, projects: &Projects) -> Result<String, Failure> {
    if !invocation.can_ask() {
        return Err(unasked(projects));
    }
    if projects.listed && projects.projects.is_empty() {
        return Err(Failure::failed("the service lists no project for this login"));
    }
    if projects.listed { from_list(invocation, &projects.projects) } else { prompt::text(invocation, "project's id") }
}

/// The one that the person picks from the service's list.
fn from_list(invocation: &Invocation, projects: &[Project]) -> Result<String, Failure> {
    let choice = |project: &Project| {
        let notes = [project.name.clone(), project.group.clone()];
        let notes: Vec<String> = notes.into_iter().flatten().filter(|note| *note != project.id).collect();
        Choice::new(project.id.as_str(), notes.join(", "))
            .or(project.name.as_deref().filter(|n| *n != project.id))
            .in_use(project.active)
    };
    let choices: Vec<Choice> = projects.iter().map(choice).collect();
    prompt::pick(invocation, "project", &choices).map(|at| projects[at].id.clone())
}

fn unasked(projects: &Projects) -> Failure {
    let ids: Vec<&str> = projects.projects.iter().map(|project| project.id.as_str()).collect();
    let more = if ids.len() > NAMED { ", ..." } else { "" };
    let there = match ids.as_slice() {
        [] => String::new(),
        ids => format!("; there are: {}{more}", ids[..ids.len().min(NAMED)].join(", ")),
    };
    Failure::usage(format!("no project is named{there}")).hint("`agentctl project ID`")
}

/// After a login without a project: lets the person choose one, or gives back what to say about it. A single one is
/// taken by itself. The login has succeeded, whatever happens here.
pub(super) fn after_login(invocation: &Invocation, client: &mut Client, made: &mut Profile) -> Option<String> {
    let command = format!("agentctl project ID -p {}", made.name);
    let unchosen = Some(format!("no project is chosen yet: {command}"));
    if !invocation.can_ask() {
        return unchosen;
    }
    let chosen = client.projects(&made.name).map_err(Failure::from).and_then(|projects| {
        let project = match projects.projects.as_slice() {
            [] => return Ok(None),
            [only] => only.id.clone(),
            several => from_list(invocation, several)?,
        };
        Ok(Some(client.project(&ProjectRequest { profile: Some(made.name.clone()), project })?))
    });
    match chosen {
        Ok(Some(profile)) => {
            *made = profile;
            None
        }
        Ok(None) => None,
        Err(failure) => {
            failure.text().map(|(detail, ..)| format!("no project is chosen yet ({detail}): {command}")).or(unchosen)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn without_an_id_the_projects_are_named() {
        let projects = |ids: Vec<String>| -> Projects {
            let projects: Vec<_> = ids.iter().map(|id| json!({"id": id})).collect();
            serde_json::from_value(json!({"profile": "x", "listed": true, "projects": projects})).expect("projects")
        };
        let said = |failure: Failure| failure.text().map(|(detail, ..)| detail.to_owned()).expect("it is told");
        assert_eq!(said(unasked(&projects(vec![]))), "no project is named");
        let two = unasked(&projects(vec!["a".to_owned(), "b".to_owned()]));
        assert_eq!(two.status(), Status::Usage);
        assert_eq!(said(two), "no project is named; there are: a, b");
        let many = said(unasked(&projects((0..50).map(|n| n.to_string()).collect())));
        assert!(many.ends_with("18, 19, ..."), "{many}");
    }
}
