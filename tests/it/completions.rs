//! Completion in a real shell, with the names that the agent knows.

use harness::ctl::{Ctl, Ran};
use harness::front::Front;
use harness::sandbox::{Sandbox, program};
use harness::service::Baseten;

/// What bash offers for a line whose last word is being typed.
fn offered(sandbox: &Sandbox, line: &str) -> Vec<String> {
    let words: Vec<String> = line.split(' ').map(|word| format!("'{word}'")).collect();
    let last = words.len() - 1;
    let script = format!(
        "source <(agentctl completions bash); COMP_WORDS=({}); COMP_CWORD={last}; COMP_TYPE=9; \
         _clap_complete_agentctl agentctl {} ''; printf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.join(" "),
        words[last],
    );
    let Ran { out, err, .. } = shell(sandbox, &script).ok();
    assert_eq!(err, "", "{line}");
    out.lines().map(|line| line.trim_end().to_owned()).filter(|line| !line.is_empty()).collect()
}

fn shell(sandbox: &Sandbox, script: &str) -> Ran {
    let mut command = sandbox.command("/bin/bash");
    let ours = program("agentctl");
    let directory = ours.parent().expect("a program lies in a directory").to_str().expect("it is text");
    command.args(["--norc", "-c", script]).env("PATH", format!("{directory}:/usr/bin:/bin"));
    Ctl::of(command).run()
}

#[test]
fn names_of_profiles_and_services_are_offered_where_one_is_wanted() {
    let front = Front::new(Baseten::default());
    let _keys = [front.keep_key("work"), front.keep_key("wonder"), front.keep_key("ci")];
    let sandbox = &front.sandbox;
    assert_eq!(offered(sandbox, "agentctl switch wo"), ["wonder", "work"]);
    assert_eq!(offered(sandbox, "agentctl token -p c"), ["ci"]);
    assert_eq!(offered(sandbox, "agentctl -p wor"), ["work"]);
    assert_eq!(offered(sandbox, "agentctl provider show tan"), ["tank"]);
    let target = offered(sandbox, "agentctl login ");
    for name in ["work", "ci", "tank", "contree"] {
        assert!(target.iter().any(|word| word == name), "{name}: {target:?}");
    }
    assert_eq!(offered(sandbox, "agentctl logi"), ["login"]);
    assert!(offered(sandbox, "agentctl token --min").contains(&"--min-ttl".to_owned()));
}

#[test]
fn without_an_agent_there_are_no_names_and_none_is_started() {
    let sandbox = Sandbox::memory_only();
    assert_eq!(offered(&sandbox, "agentctl switch wo"), Vec::<String>::new());
    assert_eq!(offered(&sandbox, "agentctl swit"), ["switch"]);
    let _asked = Ctl::new(&sandbox, &["daemon", "status"]).run().fails(6);
}

#[test]
fn what_is_no_question_of_a_shell_completes_to_nothing() {
    let sandbox = Sandbox::memory_only();
    for (shell, arguments) in [("tcsh", &["--", "agentctl", "sw"][..]), ("bash", &["help", "agents"])] {
        let ran = Ctl::new(&sandbox, arguments).env("AGENTCTL_COMPLETE", shell).run();
        // It is read as a command line like any other.
        assert_eq!(ran.code, Some(if shell == "bash" { 0 } else { 2 }), "{ran:?}");
    }
}
