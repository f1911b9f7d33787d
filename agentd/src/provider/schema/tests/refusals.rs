//! Files written to do harm: each is refused, and nothing of it is repeated.

use super::*;

/// A provider with one request, to be bent.
fn with(url: &str) -> String {
    format!(
        "schema = 1\nname = \"acme\"\ntitle = \"Acme\"\nhosts = [\"files.acme.example\"]\n\
         [environment.production]\nurl = \"https://acme.example\"\nurls = {{ api = \"https://api.acme.example\" }}\n\
         [whoami]\nget = \"{url}\"\n[[login]]\nflow = \"device\"\nissuer = \"{{base}}\"\n"
    )
}

#[test]
fn a_request_goes_to_the_services_hosts_only() {
    for good in [
        "{base}",
        "{base}/me",
        "{base}?a=b",
        "{api}/v1/projects/{project}/me?x={project}",
        "https://files.acme.example/me",
    ] {
        assert!(read_own(&with(good)).is_ok(), "{good}");
    }
    for bad in [
        "",
        "/me",
        "me",
        "file:///etc/passwd",
        "file://localhost/etc/passwd",
        "ftp://files.acme.example/",
        "javascript:alert(1)",
        "data:text/plain,x",
        "unix:/run/docker.sock",
        "gopher://files.acme.example/",
        "http://files.acme.example/",
        "http://127.0.0.1:2375/containers",
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/latest/meta-data",
        "https://evil.example/",
        "https://files.acme.example.evil.example/",
        "https://files.acme.example:8443/",
        "https://files.acme.example@evil.example/",
        "https://evil.example#@files.acme.example/",
        "https://evil.example\\\\@files.acme.example/",
        "https://{project}.acme.example/",
        "https://files.acme.example{project}/",
        "https://files.acme.example/../{base}",
        "https:files.acme.example/",
        "{base}.evil.example/",
        "{base}@evil.example/",
        "{base}:8443/",
        "{base}\\\\evil.example/",
        "{base}{api}/",
        "{base}/me#{project}",
        "{base}/a/../../b",
        "{base}/a/%2e%2E/b",
        "{base}/a b",
        "{base}/me?x={api}",
        "{project}",
        "{{base}}/me",
        "{base",
        "{base}/{credential}",
        "{base}/?token={credential}",
        "{base}/{host}",
        "{base}/{refresh_token}",
        "{base}/{user}",
        " {base}/me",
        "{base}/me\\nX-Evil: 1",
        "{base}/me\\u202e",
    ] {
        let told = mistakes(&with(bad));
        assert!(told.starts_with("acme.toml:9:7: "), "{bad}: {told}");
        assert!(!told.contains("evil"), "{told}");
    }
}

#[test]
fn an_authorization_server_may_be_elsewhere_but_is_https() {
    for (issuer, good) in [
        ("https://login.example", true),
        ("http://127.0.0.1:8080", true),
        ("http://login.example", false),
        ("file:///etc/passwd", false),
        ("https://u:p@login.example", false),
        ("https://{project}.login.example", false),
    ] {
        let text = with("{base}/me").replace("issuer = \"{base}\"", &format!("issuer = \"{issuer}\""));
        assert_eq!(read_own(&text).is_ok(), good, "{issuer}");
    }
}

#[test]
fn headers_are_not_injected() {
    for bad in [
        "Host = \"evil.example\"",
        "Authorization = \"Basic x\"",
        "Cookie = \"a=b\"",
        "Content-Length = \"0\"",
        "Transfer-Encoding = \"chunked\"",
        "Connection = \"x-secret\"",
        "Proxy-Authorization = \"x\"",
        "User-Agent = \"x\"",
        "X-Acme = \"a\\r\\nX-Evil: 1\"",
        "X-Acme = \"a\\u0000\"",
        "X-Acme = \" a\"",
        "X-Acme = \"{state}\"",
        "\"X-Acme: 1\\r\\nX-Evil\" = \"1\"",
        "\"X Acme\" = \"1\"",
        "\"\" = \"1\"",
        "X-Acme = \"1\", x-acme = \"2\"",
    ] {
        let text = with("{base}/me").replace("[[login]]", &format!("headers = {{ {bad} }}\n[[login]]"));
        let told = mistakes(&text);
        assert!(told.starts_with("acme.toml:10:"), "{bad}: {told}");
    }
    for bad in ["Bearer\\nX", "Bearer x", "", "Béarer"] {
        let told = mistakes(&with("{base}/me").replace("[[login]]", &format!("[[login]]\nscheme = \"{bad}\"")));
        assert!(told.starts_with("acme.toml:11:10: "), "{bad}: {told}");
    }
    assert!(mistakes(&format!("user_agent = \"a\\nb\"\n{}", with("{base}/me"))).starts_with("acme.toml:1:14: "));
}

#[test]
fn no_program_is_named() {
    for key in ["command", "exec_command", "exec-command", "program", "run", "RUN", "credential_process", "shell"] {
        for text in [
            format!("{key} = \"id\"\n{}", with("{base}/me")),
            with("{base}/me").replace("[whoami]\n", &format!("[whoami]\n{key} = [\"sh\", \"-c\", \"id\"]\n")),
            format!("{}[login.key]\n{key} = \"id\"\n[exec]\n{key} = \"id\"\n", with("{base}/me")),
        ] {
            let told = mistakes(&text);
            assert!(told.contains("a provider never names a program"), "{key}: {told}");
        }
    }
}

#[test]
fn variables_of_the_system_are_neither_set_nor_read() {
    for name in ["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "HOME", "BASH_ENV", "GIT_ASKPASS", "AGENTD_HOME", "ENV"]
    {
        let told = mistakes(&format!("{}[exec]\n{name} = \"x\"\n", with("{base}/me")));
        assert_eq!(told.lines().next(), Some("acme.toml:14:1: is a variable of the system or of another program"));
        let told = mistakes(&format!("{}[fallback]\nvariables = [\"{name}\"]\n", with("{base}/me")));
        assert_eq!(told.lines().next(), Some("acme.toml:14:14: is a variable of the system or of another program"));
    }
}

#[test]
fn what_looks_like_a_secret_is_not_repeated() {
    let text = format!(
        "s3cr3t-canary = 1\nuser_agent = \"{{c4nary canary}}\"\nformat = \"canary canary\"\n{}[exec]\n\"canary 1\" = \"{{canary-1}}\"\n",
        with("https://canary:canary@files.acme.example/")
    );
    let told = mistakes(&text);
    assert!(!told.contains("canary"), "{told}");
}

#[test]
fn a_file_too_large_or_too_deep_is_not_read() {
    let large = format!("{}#{}", with("{base}/me"), "x".repeat(32 * 1024));
    assert_eq!(mistakes(&large), "acme.toml: is longer than 32 KiB");
    assert!(read_own(&format!("x = {}", "[".repeat(100_000))).is_err());
    assert!(read_own(&format!("{} = 1", "a.".repeat(50_000))).is_err());
}
