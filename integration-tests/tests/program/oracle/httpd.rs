//! An httpd that is found on the machine, and runs with a configuration of ours.

use std::{
    net::{TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU16, Ordering},
};

use samovar_integration_tests::{Site, poll};

use super::{GONE, INDEX};

pub(super) struct Httpd {
    program: PathBuf,
    modules: PathBuf,
}

/// Killed with its test.
pub(super) struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl Httpd {
    pub(super) fn find() -> Option<Self> {
        let named = std::env::var_os("SAMOVAR_HTTPD").map(PathBuf::from);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let on_path = || {
            let folders: Vec<_> = std::env::split_paths(&path).chain(["/usr/sbin".into()]).collect();
            let programs = folders.iter().flat_map(|folder| [folder.join("apache2"), folder.join("httpd")]);
            programs.into_iter().find(|program| program.is_file())
        };
        let program = named.or_else(on_path)?;
        let modules = std::env::var_os("SAMOVAR_HTTPD_MODULES").map(PathBuf::from);
        let usual = ["/usr/lib/apache2/modules", "/usr/lib64/httpd/modules", "/usr/local/apache2/modules"];
        let modules = modules.or_else(|| usual.into_iter().map(PathBuf::from).find(|folder| folder.is_dir()))?;
        Some(Self { program, modules })
    }

    #[track_caller]
    pub(super) fn start(&self, site: &Site, root: &Path, listens: &str, text: &str, port: u16) -> Running {
        let load = |name: &str| {
            let file = self.modules.join(format!("mod_{name}.so"));
            format!("<IfModule !{name}_module>\nLoadModule {name}_module {}\n</IfModule>\n", file.display())
        };
        let modules = ["mpm_event", "authz_core", "dir", "headers"].map(load).concat();
        let folder = site.path().display();
        let header = |line: &str| match line.split(' ').collect::<Vec<_>>().as_slice() {
            ["RhaiOption", key] => format!("Header always set O-{key} {GONE}\n"),
            ["RhaiOption", key, value] => format!("Header always set O-{key} {value}\n"),
            _ => format!("{line}\n"),
        };
        let text: String = text.lines().map(header).collect();
        let configuration = format!(
            "{modules}ServerRoot {folder}\nServerName main.test\nPidFile {folder}/httpd.pid\nErrorLog {folder}/httpd.log\n\
             User nobody\nGroup nogroup\n{listens}DocumentRoot {}\nDirectoryIndex {INDEX}\n{text}",
            root.display()
        );
        site.write("httpd.conf", configuration);
        let mut command = Command::new(&self.program);
        command.arg("-X").arg("-f").arg(site.file("httpd.conf")).stdin(Stdio::null()).stdout(Stdio::null());
        let mut running = Running(command.stderr(Stdio::piped()).spawn().expect("httpd starts"));
        poll("httpd accepts connections", || {
            if let Ok(Some(_)) = running.0.try_wait() {
                let mut said = String::new();
                let _ = running.0.stderr.take().map(|mut it| std::io::Read::read_to_string(&mut it, &mut said));
                panic!("httpd does not start: {said}");
            }
            TcpStream::connect(("127.0.0.1", port)).ok()
        });
        running
    }
}

/// A port that nobody has. Not one of those that the system gives to whoever asks for any: it may do so before httpd has it.
pub(super) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 8_000).unwrap_or_default();
    let ports = (0..8_000).map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 8_000);
    ports.into_iter().find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}
