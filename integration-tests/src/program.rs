//! The program, as a process of its own.

use std::{
    ffi::{OsStr, OsString},
    net::SocketAddr,
    path::Path,
    process::{Child, Command, Stdio},
    sync::Arc,
};

use rustix::process::{Pid, Resource, Rlimit, Signal, getrlimit, kill_process, setrlimit};
use tempfile::TempDir;

use crate::{
    client::{Client, Response},
    log::Log,
    poll,
};

/// A running program. It is killed when this is dropped.
pub struct Program {
    child: Child,
    log: Log,
    addresses: Vec<SocketAddr>,
    binary: OsString,
    /// Where it has its control socket, apart from those of other tests.
    runtime: Arc<TempDir>,
}

/// What a command said that ended by itself.
#[derive(Debug)]
pub struct Said {
    /// The exit code, if no signal ended it.
    pub code: Option<i32>,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

/// How a program ended.
#[derive(Debug)]
pub struct Exit {
    /// The exit code, if no signal ended it.
    pub code: Option<i32>,
    /// All of standard error.
    pub stderr: String,
}

impl Program {
    /// Starts `samovar serve PATH` on a free port of this machine, and waits until it accepts connections.
    #[track_caller]
    pub fn serve(binary: &str, path: &Path) -> Self {
        let arguments: [&OsStr; 4] = ["serve".as_ref(), path.as_ref(), "--listen".as_ref(), "127.0.0.1:0".as_ref()];
        Self::start(binary, arguments)
    }

    /// Starts the program with these arguments, and waits until it accepts connections.
    #[track_caller]
    pub fn start<A: AsRef<OsStr>>(binary: &str, arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_in(Arc::new(runtime()), binary, arguments)
    }

    /// Starts one more, for the same user on the same machine: it looks for control sockets where this one does.
    #[track_caller]
    pub fn start_beside<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Self {
        Self::start_in(self.runtime.clone(), &self.binary, arguments)
    }

    #[track_caller]
    fn start_in<A: AsRef<OsStr>>(
        runtime: Arc<TempDir>,
        binary: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let mut program = Self::spawn(runtime, binary, arguments);
        program.wait_for_address();
        program
    }

    /// Runs another command of the program, for the same user on the same machine.
    #[track_caller]
    pub fn ask<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Said {
        let mut command = Command::new(&self.binary);
        command.args(arguments).env("XDG_RUNTIME_DIR", self.runtime.path()).stdin(Stdio::null());
        let output = command.output().expect("the program starts");
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Said { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
    }

    /// The directory in which the user's programs have their sockets.
    pub fn runtime(&self) -> &Path {
        self.runtime.path()
    }

    /// Starts the program with these arguments, which make it end by itself, and waits for that.
    #[track_caller]
    pub fn run<A: AsRef<OsStr>>(binary: &str, arguments: impl IntoIterator<Item = A>) -> Exit {
        Self::spawn(Arc::new(runtime()), binary, arguments).wait()
    }

    fn spawn<A: AsRef<OsStr>>(
        runtime: Arc<TempDir>,
        binary: impl AsRef<OsStr>,
        arguments: impl IntoIterator<Item = A>,
    ) -> Self {
        let binary = binary.as_ref().to_owned();
        let mut command = Command::new(&binary);
        command.env("XDG_RUNTIME_DIR", runtime.path());
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let log = Log::follow(child.stderr.take().expect("standard error is a pipe"));
        Self { child, log, addresses: Vec::new(), binary, runtime }
    }

    /// Waits for one more address that the program listens at.
    #[track_caller]
    pub fn wait_for_address(&mut self) -> SocketAddr {
        let line = self.wait_for(" on http://");
        let address = line.rsplit("http://").next().and_then(|address| address.trim().parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in `{line}`"));
        self.addresses.push(address);
        address
    }

    /// Where the program listens: the first address, if there are several.
    pub fn address(&self) -> SocketAddr {
        self.addresses[0]
    }

    /// The next line of the log with `text` in it, after the one that was waited for last.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.log.wait_for(text, |line| line.contains(text))
    }

    /// Waits until these files, and no others, were reloaded as one generation.
    #[track_caller]
    pub fn wait_for_reload(&self, files: &[&str]) {
        self.log.wait_for(&format!("reloaded {files:?}"), |line| reloaded(line) == files);
    }

    /// How often a file was reloaded so far, as the log says.
    pub fn reloads(&self, file: &str) -> usize {
        self.log().lines().filter(|line| reloaded(line).contains(&file)).count()
    }

    /// What the log says so far.
    pub fn log(&self) -> String {
        self.log.text()
    }

    /// A new connection.
    #[track_caller]
    pub fn connect(&self) -> Client {
        Client::connect(self.address())
    }

    /// The answer to one GET, over a connection of its own.
    #[track_caller]
    pub fn get(&self, target: &str) -> Response {
        self.connect().get(target)
    }

    /// Asks it to end, as service managers do.
    pub fn terminate(&self) {
        kill_process(self.pid(), Signal::TERM).expect("the program takes signals");
    }

    /// Tells it that its configuration has changed, as service managers do.
    pub fn hang_up(&self) {
        kill_process(self.pid(), Signal::HUP).expect("the program takes signals");
    }

    /// Keeps it from running at all, until [`resume`](Self::resume).
    pub fn suspend(&self) {
        kill_process(self.pid(), Signal::STOP).expect("the program takes signals");
    }

    /// Lets it run again.
    pub fn resume(&self) {
        kill_process(self.pid(), Signal::CONT).expect("the program takes signals");
    }

    /// Ends it as a crash would: at once, wherever it is.
    pub fn kill(mut self) -> Exit {
        self.child.kill().expect("the program can be killed");
        self.wait()
    }

    /// Ends it as a crash would, and leaves what it had in the machine.
    pub fn crash(&mut self) {
        self.child.kill().expect("the program can be killed");
        self.child.wait().expect("the program can be waited for");
    }

    /// Waits until it has ended.
    #[track_caller]
    pub fn wait(mut self) -> Exit {
        let status = poll("the program ends", || self.child.try_wait().expect("the program can be waited for"));
        Exit { code: status.code(), stderr: self.log.to_the_end() }
    }

    /// The most memory that it has had so far, in bytes, as the system says.
    #[track_caller]
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("the program runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the system says it");
        1024 * peak.trim().trim_end_matches(" kB").parse::<u64>().expect("a number")
    }

    fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }
}

#[track_caller]
fn runtime() -> TempDir {
    tempfile::tempdir().expect("a directory")
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The names of the files that a line says were reloaded: `.. reloaded lib/child.rhai, a.rhai in 1.2 ms, generation 3`.
fn reloaded(line: &str) -> Vec<&str> {
    let list = line.split_once(": reloaded ").and_then(|(_, rest)| rest.rsplit_once(" in "));
    let files = list.map(|(files, _)| files.split(", ")).into_iter().flatten();
    files.map(|file| file.rsplit('/').next().unwrap_or(file)).collect()
}

/// Lets this process, and programs that it starts from now on, have so many files and connections open.
#[track_caller]
pub fn allow_descriptors(count: usize) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let count = u64::try_from(count).expect("few enough");
    if current.is_some_and(|current| current < count) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(count), maximum }).expect("so many may be open");
    }
}
