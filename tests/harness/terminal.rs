//! A person at a terminal: a pseudo-terminal that is the controlling one of the program on it, so that Ctrl-C works.

use std::fs::File;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Instant;

use rustix::fs::{Mode, OFlags};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, Winsize, tcgetattr, tcsetwinsize};

use crate::sandbox::Sandbox;
use crate::screen::Screen;
use crate::until::{DEADLINE, LOOK_AGAIN, until, until_true};

/// What a terminal sends for Ctrl-C.
pub const CTRL_C: &str = "\u{3}";
/// What a terminal sends for Ctrl-D.
pub const CTRL_D: &str = "\u{4}";
/// What a terminal sends for Ctrl-Z.
pub const CTRL_Z: &str = "\u{1a}";

/// A kind of terminal.
#[derive(Debug, Clone)]
pub struct Model<'v> {
    /// How much it shows.
    pub size: Size,
    /// Variables that say what it can do, and others.
    pub variables: Vec<(&'v str, &'v str)>,
}

impl<'v> Model<'v> {
    /// By the word in `TERM`; without colours.
    pub fn new(term: &'v str, size: Size) -> Self {
        Self { size, variables: vec![("NO_COLOR", "1"), ("TERM", term)] }
    }

    /// An emulator of this many columns and rows, as people have one: colours, and characters beyond ASCII.
    pub fn emulator(columns: u16, rows: u16) -> Self {
        let variables = vec![("LANG", "C.UTF-8"), ("TERM", "xterm-256color")];
        Self { size: Size { columns, rows }, variables }
    }

    /// The same with another variable.
    #[must_use]
    pub fn with(mut self, name: &'v str, value: &'v str) -> Self {
        self.variables.push((name, value));
        self
    }
}

/// A program on a terminal. Killed when dropped.
#[derive(Debug)]
pub struct Terminal {
    child: Child,
    /// The person's side.
    screen: OwnedFd,
    /// Kept open, so that the terminal outlives the program and can be looked at.
    line: Option<File>,
    seen: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// So much of what was seen has been waited for.
    read: usize,
    size: Size,
}

/// How much a terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Characters of a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Size {
    /// That of a new window.
    pub const USUAL: Self = Self { columns: 80, rows: 24 };

    fn give(self, terminal: &impl AsFd) {
        let size = Winsize { ws_row: self.rows, ws_col: self.columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(terminal, size).expect("it is a terminal");
    }
}

impl Terminal {
    /// Starts a program in a session of its own, on a terminal that can do nothing but show lines.
    pub fn start(sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Self {
        Self::start_as(&Model::new("dumb", Size::USUAL), sandbox, program, arguments)
    }

    /// The same on one that moves its cursor and erases, as all do today; [`Self::screen`] is what it shows.
    pub fn start_on(size: Size, sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Self {
        Self::start_as(&Model::new("xterm", size), sandbox, program, arguments)
    }

    /// The same on a terminal of this model.
    pub fn start_as(model: &Model<'_>, sandbox: &Sandbox, program: &Path, arguments: &[&str]) -> Self {
        let screen = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("there are pseudo-terminals");
        grantpt(&screen).expect("it is ours");
        unlockpt(&screen).expect("it is ours");
        let name = ptsname(&screen, Vec::new()).expect("it has a name");
        let open = || {
            let line = rustix::fs::open(name.as_c_str(), OFlags::RDWR | OFlags::NOCTTY, Mode::empty());
            File::from(line.expect("the terminal can be opened"))
        };
        let line = open();
        model.size.give(&line);
        let mut command = sandbox.command("setsid");
        command.arg("--ctty").arg(program).args(arguments);
        command.env("AGENTCTL_NO_AUTOSTART", "1").envs(model.variables.iter().copied());
        let spawned =
            command.stdin(Stdio::from(open())).stdout(Stdio::from(open())).stderr(Stdio::from(open())).spawn();
        let child = spawned.expect("there is a `setsid`");
        // The command holds the ends it gave to the program.
        drop(command);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let reader = std::thread::spawn({
            let (screen, seen) = (rustix::io::dup(&screen).expect("it can be duplicated"), Arc::clone(&seen));
            move || read_all(&screen, &seen)
        });
        Self { child, screen, line: Some(line), seen, reader: Some(reader), read: 0, size: model.size }
    }

    /// What is to be seen now.
    pub fn look(&self) -> Screen {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        Screen::after(&seen, (self.size.columns, self.size.rows))
    }

    /// The lines on the screen, without empty ones at the end.
    pub fn screen(&self) -> Vec<String> {
        self.look().lines()
    }

    /// Waits until the screen shows exactly this text ([`Screen::text`]).
    pub fn shows(&self, text: &str) {
        let end = Instant::now() + DEADLINE;
        loop {
            let shown = self.look().text();
            if shown == text {
                return;
            }
            assert!(Instant::now() < end, "the screen shows\n{shown}and not\n{text}");
            std::thread::park_timeout(LOOK_AGAIN);
        }
    }

    /// Waits until the screen shows exactly these lines.
    pub fn wait_for_screen(&self, lines: &[&str]) {
        until_true(&format!("{lines:#?} on the screen, which shows {:#?}", self.screen()), || self.screen() == lines);
    }

    /// Changes its size, as a person who drags the window. What is shown is not broken anew.
    pub fn resize(&mut self, size: Size) {
        self.size = size;
        size.give(&self.screen);
    }

    /// Waits until this is shown, after what was waited for before.
    pub fn wait_for(&mut self, text: &str) {
        let (seen, from) = (Arc::clone(&self.seen), self.read);
        let found = until(&format!("`{text}` on the terminal, which shows {:?}", self.text()), || {
            let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            let at = seen[from..].windows(text.len()).position(|part| part == text.as_bytes())?;
            Some(from + at + text.len())
        });
        self.read = found;
    }

    /// Waits until what is typed is not shown.
    pub fn wait_until_hidden(&self) {
        until_true("the terminal shows nothing that is typed", || !self.echoes());
    }

    /// Whether what is typed is shown.
    pub fn echoes(&self) -> bool {
        tcgetattr(&self.screen).expect("it is a terminal").local_modes.contains(LocalModes::ECHO)
    }

    /// Types.
    pub fn press(&self, keys: &str) {
        let mut keys = keys.as_bytes();
        while !keys.is_empty() {
            let count = rustix::io::write(&self.screen, keys).expect("the terminal takes what is typed");
            keys = &keys[count..];
        }
    }

    /// Types a line.
    pub fn enter(&self, line: &str) {
        self.press(&format!("{line}\n"));
    }

    /// Sends a signal to the program.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let pid = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(pid, signal).expect("the child is ours");
    }

    /// Waits for the end: the exit code, none after a signal. The terminal is left as it is.
    pub fn wait(&mut self) -> Option<i32> {
        let child = &mut self.child;
        until("the program ends", || child.try_wait().expect("the child is ours")).code()
    }

    /// Waits for the end: the exit code, and all that was shown.
    pub fn end(mut self) -> (Option<i32>, String) {
        let code = self.wait();
        self.line = None;
        if let Some(reader) = self.reader.take() {
            reader.join().expect("reading does not fail");
        }
        (code, self.text())
    }

    fn text(&self) -> String {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&seen).replace("\r\n", "\n")
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Fails only when it has ended.
        let _ended = self.child.kill();
        let _ended = self.child.wait();
    }
}

/// Until nobody has the other side any more.
fn read_all(screen: &OwnedFd, seen: &Mutex<Vec<u8>>) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = rustix::io::read(screen, &mut buffer) {
        seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..count]);
    }
}
