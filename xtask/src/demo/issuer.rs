//! The authorization server of the demo: a child that ends when this program lets go of its standard input.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::command;
use crate::failure::Failure;
use crate::workspace;

/// Seconds until the login page approves itself.
const APPROVES_AFTER: &str = "5";
/// Seconds between two polls of a device login.
const INTERVAL: &str = "1";

pub(super) struct Issuer {
    child: Child,
    url: String,
}

impl Issuer {
    /// Starts the server on a free port and waits for its address.
    pub(super) fn start(ttl: Duration) -> Result<Self, Failure> {
        let mut command = Command::new(workspace::program("issuer"));
        command.args(["--port", "0", "--access-token-ttl", &ttl.as_secs().to_string(), "--rotate"]);
        command.args(["--auto-approve", APPROVES_AFTER, "--interval", INTERVAL]);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().map_err(|error| command::not_started(&command, &error))?;
        let stdout = child.stdout.take().expect("stdout was set to a pipe above");
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line).ok();
        let issuer = Self { child, url: line.trim().strip_prefix("issuer ").unwrap_or_default().to_owned() };
        if issuer.url.starts_with("http://127.0.0.1:") {
            return Ok(issuer);
        }
        Err(Failure::new("the authorization server did not say where it listens"))
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    /// One count of the server's ledger, for example `exchanges`.
    pub(super) fn count(&self, name: &str) -> Result<u64, Failure> {
        let ledger = self.get("/_ledger").map_err(|error| Failure::new(format!("cannot read the ledger: {error}")))?;
        number(&ledger, name).ok_or_else(|| Failure::new(format!("the server's ledger has no count `{name}`")))
    }

    fn get(&self, path: &str) -> std::io::Result<String> {
        let address = self.url.trim_start_matches("http://").trim_end_matches('/');
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

/// The number behind `"name":` in JSON text.
fn number(json: &str, name: &str) -> Option<u64> {
    let key = format!("\"{name}\"");
    let rest = json[json.find(&key)? + key.len()..].trim_start().strip_prefix(':')?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn counts_are_read_from_the_ledger() {
        let ledger = r#"{"logins": 1, "exchanges":12,"revocations":0}"#;
        assert_eq!(number(ledger, "exchanges"), Some(12));
        assert_eq!(number(ledger, "revocations"), Some(0));
        assert_eq!(number(ledger, "other"), None);
    }
}
