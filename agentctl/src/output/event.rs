//! One event as a line for people. Pure.

use proto::event::{Caller, Event, EventKind};
use proto::timestamp::Timestamp;

use super::{Colour, Paint, clean, when};

/// Time, profile and what happened; `word` is the kind as the agent wrote it.
pub(crate) fn line(event: &Event, word: &str, now: Timestamp, paint: Paint) -> String {
    let profile = event.profile.as_ref().map_or_else(|| "-".to_owned(), ToString::to_string);
    let why = event.problem.as_ref().map_or_else(String::new, |problem| format!(": {}", clean(&problem.detail)));
    let (what, colour) = match event.kind {
        EventKind::LapsesSoon => {
            let lapses = event.lapses_at.map_or_else(|| "soon".to_owned(), |at| when(at, now));
            (format!("login lapses {lapses}; renew it with `agentctl login {profile}`"), Some(Colour::Yellow))
        }
        EventKind::LoggedOut => ("logged out".to_owned(), None),
        EventKind::LoginFailed => (format!("login failed{why}"), Some(Colour::Red)),
        EventKind::LoginFinished => ("logged in".to_owned(), Some(Colour::Green)),
        EventKind::LoginRequired => (format!("login required{why}; run `agentctl login {profile}`"), Some(Colour::Red)),
        EventKind::LoginStarted => ("login started".to_owned(), None),
        EventKind::Lost => ("some events were lost, since they came too fast".to_owned(), Some(Colour::Yellow)),
        EventKind::RefreshFailed => (format!("refresh failed{why}"), Some(Colour::Yellow)),
        EventKind::Refreshed => ("refreshed".to_owned(), None),
        EventKind::Reloaded => ("configuration read again".to_owned(), None),
        EventKind::Removed => ("removed".to_owned(), None),
        EventKind::Renamed => {
            let from = event.from.as_ref().map_or_else(String::new, |from| format!(", which was {from}"));
            (format!("is the new name{from}"), None)
        }
        EventKind::Stopping => ("the agent stops".to_owned(), Some(Colour::Yellow)),
        EventKind::Switched => ("is the current profile".to_owned(), None),
        EventKind::TokenServed => (format!("token handed to {}", caller(event.caller.as_ref())), Some(Colour::Dim)),
        // Of a newer agent.
        _ => (format!("{}{why}", clean(word)), None),
    };
    let what = colour.map_or_else(|| what.clone(), |colour| paint.paint(colour, &what));
    format!("{}  {profile}  {what}", event.at)
}

/// An event of which nothing but its kind is known.
pub(crate) fn unknown(word: &str) -> String {
    format!("-  -  {}", clean(word))
}

fn caller(caller: Option<&Caller>) -> String {
    let Some(caller) = caller else { return "an unknown process".to_owned() };
    let program = caller.program.as_deref().map_or("a program".into(), clean);
    let parent = caller.parent.as_deref().map_or_else(String::new, |parent| format!(", started by {}", clean(parent)));
    format!("{program} (process {}{parent})", caller.pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proto::id::ProfileName;
    use proto::problem::{Code, Problem};

    fn event(kind: EventKind) -> Event {
        let profile = ProfileName::parse("work").ok();
        Event { at: Timestamp::from_unix(0), kind, profile, from: None, problem: None, caller: None, lapses_at: None }
    }

    #[test]
    fn lines_say_when_whose_what_and_what_to_do() {
        let show = |event: &Event| line(event, "word", Timestamp::from_unix(0), Paint::new(false));
        let at = "1970-01-01T00:00:00Z  work  ";
        let lapses = Event { lapses_at: Some(Timestamp::from_unix(86_400)), ..event(EventKind::LapsesSoon) };
        assert_eq!(show(&lapses), format!("{at}login lapses in 24 h; renew it with `agentctl login work`"));
        let problem = Problem::new(Code::LoginRequired, "it has \u{1b}[31mexpired");
        let required = Event { problem: Some(problem), ..event(EventKind::LoginRequired) };
        assert_eq!(
            show(&required),
            format!("{at}login required: it has \u{fffd}[31mexpired; run `agentctl login work`")
        );
        assert_eq!(show(&event(EventKind::Unknown)), format!("{at}word"));
        let renamed = Event { from: ProfileName::parse("old").ok(), ..event(EventKind::Renamed) };
        assert_eq!(show(&renamed), format!("{at}is the new name, which was old"));
        let caller = Caller { pid: 7, program: Some("gi\u{202e}t".to_owned()), parent: Some("make".to_owned()) };
        let served = Event { caller: Some(caller), ..event(EventKind::TokenServed) };
        assert_eq!(show(&served), format!("{at}token handed to gi\u{fffd}t (process 7, started by make)"));
    }
}
