//! Where things are: the one rule by which daemon and client find the same socket, store and log.
//!
//! Pure: the environment and the user id are passed in, nothing is looked at.
//!
//! | what | `AGENTD_HOME` set | else |
//! |---|---|---|
//! | configuration | `$AGENTD_HOME/config.toml` | `$XDG_CONFIG_HOME/agentd/config.toml`, `~/.config/agentd/config.toml` |
//! | store, key file, instance lock | `$AGENTD_HOME/` | `$XDG_DATA_HOME/agentd/`, `~/.local/share/agentd/` |
//! | log, and `.1` for what it was before | `$AGENTD_HOME/agentd.log` | `$XDG_STATE_HOME/agentd/agentd.log`, `~/.local/state/agentd/agentd.log` |
//! | socket | `$AGENTD_SOCKET`, else `$AGENTD_HOME/agentd.sock` | `$AGENTD_SOCKET`, else `$XDG_RUNTIME_DIR/agentd/agentd.sock`, else (macOS) `$TMPDIR/agentd/agentd.sock`, else `/tmp/agentd-UID/agentd.sock` |
//!
//! A variable that is empty or not an absolute path counts as not set (XDG Base Directory Specification).

use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// Moves every directory of the agent.
pub const HOME_VARIABLE: &str = "AGENTD_HOME";
/// Names the socket.
pub const SOCKET_VARIABLE: &str = "AGENTD_SOCKET";
/// Says how much a daemon logs, over its configuration.
pub const LOG_VARIABLE: &str = "AGENTD_LOG";
/// Says in which form a daemon logs, over its configuration.
pub const LOG_FORMAT_VARIABLE: &str = "AGENTD_LOG_FORMAT";

/// All paths of one agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paths {
    /// The configuration file.
    pub config: PathBuf,
    /// Directory of store, key file and instance lock.
    pub data: PathBuf,
    /// The log of a daemon that was started by the client.
    pub log: PathBuf,
    /// The socket.
    pub socket: PathBuf,
}

/// Neither `AGENTD_HOME` nor `HOME` is an absolute path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither `AGENTD_HOME` nor `HOME` is set to an absolute path")]
pub struct NoHome;

impl Paths {
    /// Directory of the person's own descriptions of services.
    pub fn providers(&self) -> PathBuf {
        self.beside_config("providers")
    }

    /// File of the deployments that the person added.
    pub fn environments(&self) -> PathBuf {
        self.beside_config("environments.toml")
    }

    fn beside_config(&self, name: &str) -> PathBuf {
        self.config.parent().unwrap_or(Path::new("/")).join(name)
    }

    /// Finds the paths from environment variables and the user's numeric id.
    ///
    /// # Errors
    /// [`NoHome`] when no directory can be derived.
    pub fn find(variable: impl Fn(&str) -> Option<OsString>, uid: u32) -> Result<Self, NoHome> {
        let path = |name: &str| variable(name).map(PathBuf::from).filter(|p| p.is_absolute());
        let socket = path(SOCKET_VARIABLE);
        if let Some(home) = path(HOME_VARIABLE) {
            return Ok(Self {
                config: home.join("config.toml"),
                log: home.join("agentd.log"),
                socket: socket.unwrap_or_else(|| home.join("agentd.sock")),
                data: home,
            });
        }
        let home = path("HOME");
        let directory = |xdg: &str, below: &str| {
            path(xdg).or_else(|| home.as_ref().map(|h| h.join(below))).map(|base| base.join("agentd")).ok_or(NoHome)
        };
        let runtime = || {
            let session = path("XDG_RUNTIME_DIR").map(|d| d.join("agentd"));
            let temporary = || path("TMPDIR").filter(|_| cfg!(target_vendor = "apple")).map(|d| d.join("agentd"));
            session.or_else(temporary).unwrap_or_else(|| PathBuf::from(format!("/tmp/agentd-{uid}")))
        };
        Ok(Self {
            config: directory("XDG_CONFIG_HOME", ".config")?.join("config.toml"),
            data: directory("XDG_DATA_HOME", ".local/share")?,
            log: directory("XDG_STATE_HOME", ".local/state")?.join("agentd.log"),
            socket: socket.unwrap_or_else(|| runtime().join("agentd.sock")),
        })
    }

    /// The sealed store.
    pub fn store(&self) -> PathBuf {
        self.data.join("store.redb")
    }

    /// The explicit key file.
    pub fn key(&self) -> PathBuf {
        self.data.join("store.key")
    }

    /// The instance lock, which also records the socket of the daemon that holds it, as one line of text.
    pub fn lock(&self) -> PathBuf {
        self.data.join("agentd.lock")
    }

    /// What the log was before it became too large.
    pub fn old_log(&self) -> PathBuf {
        let mut path = self.log.clone().into_os_string();
        path.push(".1");
        path.into()
    }

    /// The directory of the socket.
    pub fn socket_directory(&self) -> &Path {
        self.socket.parent().unwrap_or_else(|| Path::new("/"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(variables: &[(&str, &str)]) -> Result<Paths, NoHome> {
        Paths::find(|name| variables.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v)), 1000)
    }

    #[test]
    fn xdg_directories_then_home_then_tmp() {
        let paths = find(&[("HOME", "/home/me")]).expect("HOME is set");
        assert_eq!(paths.config, Path::new("/home/me/.config/agentd/config.toml"));
        assert_eq!(paths.data, Path::new("/home/me/.local/share/agentd"));
        assert_eq!(paths.log, Path::new("/home/me/.local/state/agentd/agentd.log"));
        assert_eq!(paths.socket, Path::new("/tmp/agentd-1000/agentd.sock"));
        let paths = find(&[("HOME", "/home/me"), ("XDG_RUNTIME_DIR", "/run/user/1000"), ("XDG_DATA_HOME", "relative")]);
        let paths = paths.expect("HOME is set");
        assert_eq!(paths.socket, Path::new("/run/user/1000/agentd/agentd.sock"));
        assert_eq!(paths.data, Path::new("/home/me/.local/share/agentd"));
    }

    #[test]
    fn agentd_home_moves_everything_and_agentd_socket_the_socket() {
        let paths = find(&[("AGENTD_HOME", "/x"), ("XDG_RUNTIME_DIR", "/run/user/1000")]).expect("AGENTD_HOME is set");
        assert_eq!((paths.data.as_path(), paths.socket.as_path()), (Path::new("/x"), Path::new("/x/agentd.sock")));
        let paths = find(&[("AGENTD_HOME", "/x"), ("AGENTD_SOCKET", "/y/s")]).expect("AGENTD_HOME is set");
        assert_eq!(paths.socket, Path::new("/y/s"));
        assert_eq!(find(&[("HOME", "")]), Err(NoHome));
    }
}
