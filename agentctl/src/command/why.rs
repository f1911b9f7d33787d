//! `why`: which profile would be used, what decided, and what the others had to say.

use clap::ArgMatches;
use proto::why::{Considered, Level, Verdict, Why};
use serde_json::{Value, json};

use super::augment;
use super::meant::{self, For};
use crate::cli::{self, Form, Verb};
use crate::failure::Failure;
use crate::invocation::Invocation;
use crate::output::{Cell, Colour, Paint, clean, profile, table};

pub(super) const VERB: Verb = Verb {
    name: "why",
    aliases: &[],
    about: "Explain which profile is used",
    more: "\
The first that says something decides: `--profile`, AGENTCTL_PROFILE, the nearest `.agentctl.toml` upwards, the host
that is asked for, the current profile of the service that is asked for, the current profile. Where a host or a service
is asked for, only a profile that is for it is used.",
    forms: &[Form::reads()],
    examples: &["agentctl why", "agentctl why --for-host https://github.com/o/r.git"],
    arguments: augment::<For>,
    run,
};

fn run(matches: &ArgMatches, invocation: &Invocation) -> Result<(), Failure> {
    let asked: For = cli::arguments(matches)?;
    let mut client = invocation.connect()?;
    let why = asked.ask(invocation, &mut client)?;
    let file = match invocation.argument(None)? {
        Some(_) => None,
        None => invocation.project_file()?.map(|file| file.path.display().to_string()),
    };
    let output = &invocation.output;
    if output.is_json() {
        output.json(&document(&why, file.as_deref()))?;
    } else {
        output.text(&text(&why, file.as_deref(), output.paint()))?;
    }
    match why.problem {
        Some(problem) if why.profile.is_none() => Err(problem.into()),
        _ => Ok(()),
    }
}

/// What decided.
fn decided(why: &Why) -> Option<&Considered> {
    why.levels.iter().find(|one| matches!(one.verdict, Verdict::Chosen | Verdict::Refused))
}

fn document(why: &Why, file: Option<&str>) -> Value {
    let level = |one: &Considered| {
        let mut value = json!({"level": meant::word(one.level), "verdict": one.verdict, "detail": one.detail});
        if !one.profiles.is_empty() {
            value["profiles"] = json!(one.profiles);
        }
        value
    };
    let levels: Vec<Value> = why.levels.iter().map(level).collect();
    let word = decided(why).map_or("none", |one| meant::word(one.level));
    let mut document = json!({"profile": why.profile, "why": word, "levels": levels});
    let members = [
        ("project_file", file.map(|file| json!(file))),
        ("host", why.host.as_ref().map(|host| json!(host))),
        ("provider", why.provider.as_ref().map(|provider| json!(provider))),
    ];
    for (member, value) in members {
        if let Some(value) = value {
            document[member] = value;
        }
    }
    document
}

/// The profile on the first line, then a table of every level.
fn text(why: &Why, file: Option<&str>, paint: Paint) -> String {
    let row = |one: &Considered| {
        let (verdict, colour) = match one.verdict {
            Verdict::Chosen => ("chosen", Some(Colour::Green)),
            Verdict::Outranked => ("outranked", None),
            Verdict::PassedOver => ("passed over", Some(Colour::Yellow)),
            Verdict::Refused => ("refused", Some(Colour::Red)),
            Verdict::Silent => ("-", Some(Colour::Dim)),
            _ => ("unknown", None),
        };
        let level = match (one.level, file) {
            (Level::ProjectFile, Some(file)) => clean(file).into_owned(),
            (level, _) => meant::word(level).to_owned(),
        };
        let verdict = colour.map_or_else(|| Cell::plain(verdict), |colour| Cell::coloured(verdict, colour));
        vec![Cell::plain(level), verdict, Cell::plain(clean(&one.detail))]
    };
    let rows: Vec<Vec<Cell>> = why.levels.iter().map(row).collect();
    let table = table(&["LEVEL", "VERDICT", "WHAT IT SAYS"], &rows, paint);
    let because = decided(why).map_or_else(String::new, |one| {
        let which = why.host.as_deref().filter(|_| one.level == Level::Host);
        let level = which.map_or_else(|| meant::word(one.level).to_owned(), |host| format!("host {}", clean(host)));
        format!("because of {level}: {}\n", clean(&one.detail))
    });
    match &why.profile {
        Some(chosen) => format!("{}\n{because}\n{table}", profile::line(chosen)),
        None => table,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn why() -> Why {
        serde_json::from_value(json!({
            "profile": {"name": "work-gh", "current": false, "auth_type": "oauth", "state": "usable", "flow": "device",
                "source": "file", "refresh": {"possible": true}, "provider": "github", "provider_title": "GitHub",
                "account": {"name": "Ada Example", "email": "ada@example.org"}},
            "host": "api.github.com",
            "levels": [
                {"level": "argument", "verdict": "silent", "detail": "names nothing"},
                {"level": "project-file", "verdict": "passed-over", "profiles": ["gl"],
                    "detail": "names `gl`, which is not for api.github.com"},
                {"level": "host", "verdict": "chosen", "profiles": ["home-gh", "work-gh"],
                    "detail": "`home-gh` and `work-gh` are for api.github.com; `work-gh` is the current one of github"},
                {"level": "current", "verdict": "outranked", "profiles": ["gl"], "detail": "`gl` is the current one"}],
        }))
        .expect("it is an answer")
    }

    #[test]
    fn the_winner_comes_first_and_the_others_are_told() {
        let expected = "\
work-gh as ada@example.org (Ada Example, GitHub)
because of host api.github.com: `home-gh` and `work-gh` are for api.github.com; `work-gh` is the current one of github

LEVEL              VERDICT      WHAT IT SAYS
--profile          -            names nothing
/p/.agentctl.toml  passed over  names `gl`, which is not for api.github.com
host               chosen       `home-gh` and `work-gh` are for api.github.com; `work-gh` is the current one of github
current            outranked    `gl` is the current one
";
        assert_eq!(text(&why(), Some("/p/.agentctl.toml"), Paint::new(false)), expected);
    }

    #[test]
    fn the_words_of_the_levels_are_those_of_status() {
        let document = document(&why(), Some("/p/.agentctl.toml"));
        assert_eq!((&document["why"], &document["host"]), (&json!("host"), &json!("api.github.com")));
        assert_eq!(document["project_file"], "/p/.agentctl.toml");
        let words: Vec<&str> = document["levels"]
            .as_array()
            .expect("an array")
            .iter()
            .map(|level| level["level"].as_str().expect("a word"))
            .collect();
        assert_eq!(words, ["--profile", ".agentctl.toml", "host", "current"]);
    }

    #[test]
    fn where_nothing_is_chosen_only_the_levels_are_told() {
        let none = Why { profile: None, host: None, levels: Vec::new(), ..why() };
        assert_eq!(text(&none, None, Paint::new(false)), "LEVEL  VERDICT  WHAT IT SAYS\n");
        assert_eq!(document(&none, None), json!({"profile": null, "why": "none", "levels": []}));
    }
}
