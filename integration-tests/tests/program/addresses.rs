//! Where the server listens: every form in which that can be written, and both families.

use std::{
    io::Write,
    net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream},
    process::Command,
};

use samovar_integration_tests::{Client, Program, Site};

use crate::SAMOVAR;

const FILES: &str = "=== who.rhai\nfn handler(req) { req.remote_ip }\n=== a.txt\nfile";

/// A machine may have no IPv6; then nothing is promised of it.
fn has_v6() -> bool {
    TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

fn free_port() -> u16 {
    TcpListener::bind("0.0.0.0:0").and_then(|it| it.local_addr()).expect("a port").port()
}

/// Every address that the log of a program names, once `count` are there.
#[track_caller]
fn addresses(program: &mut Program, count: usize) -> Vec<SocketAddr> {
    (1..count).fold(vec![program.address()], |found, _| [found, vec![program.wait_for_address()]].concat())
}

#[track_caller]
fn answers(address: SocketAddr, client: &str) {
    assert_eq!(Client::connect(address).get("/who").brief(), format!("200 {client}"), "{address}");
}

#[test]
fn every_form_of_an_address_is_taken_on_the_command_line_and_in_the_configuration() {
    let (v4, v6) = ("127.0.0.1", "[::1]");
    let both = if has_v6() { vec![v4, v6] } else { vec![v4] };
    for (form, hosts) in [
        ("{}", &both),
        (":{}", &both),
        ("*:{}", &both),
        ("localhost:{}", &both),
        ("127.0.0.1:{}", &vec![v4]),
        ("[::1]:{}", &vec![v6]),
        ("[::]:{}", &both),
    ] {
        if form.starts_with('[') && !has_v6() {
            continue;
        }
        let port = free_port();
        let written = form.replace("{}", &port.to_string());
        let site = Site::new(FILES);
        let path = site.path().as_os_str();
        let by_argument = Program::start(SAMOVAR, ["serve".as_ref(), path, "--listen".as_ref(), written.as_ref()]);
        for host in hosts {
            answers(format!("{host}:{port}").parse().expect("an address"), host.trim_matches(['[', ']']));
        }
        drop(by_argument);
        site.write("samovar.conf", format!("SetHandler rhai\nListen {written}\n"));
        let _by_configuration = Program::start(SAMOVAR, ["serve".as_ref(), path]);
        for host in hosts {
            answers(format!("{host}:{port}").parse().expect("an address"), host.trim_matches(['[', ']']));
        }
    }
}

#[test]
fn any_free_port_is_told_and_is_one_for_both_families() {
    let site = Site::new(FILES);
    let path = site.path().as_os_str();
    for (written, hosts) in [("localhost:0", ["127.0.0.1", "::1"]), ("0", ["0.0.0.0", "::"])] {
        let mut program = Program::start(SAMOVAR, ["serve".as_ref(), path, "--listen".as_ref(), written.as_ref()]);
        let found = addresses(&mut program, if has_v6() { 2 } else { 1 });
        assert!(found[0].port() > 0 && found.iter().all(|it| it.port() == found[0].port()), "{found:?}");
        let ips: Vec<_> = found.iter().map(|it| it.ip().to_string()).collect();
        assert_eq!(ips, hosts[..ips.len()]);
    }
}

#[test]
fn what_is_no_address_is_told_with_what_to_write() {
    let site = Site::new(FILES);
    let path = site.path().to_string_lossy().into_owned();
    for (written, expected) in [
        ("localhost", "the port is missing: write `localhost:80`"),
        ("::1", "write an IPv6 address with a port in brackets: `[::1]:80`"),
        ("fe80::1%1:80", "in brackets"),
        ("localhost:99999", "`99999` is not a port: a port is a number from 0 to 65535"),
        ("http://localhost:80/", "this is a URL: write only the part between `//` and the next `/`"),
        ("1.2.3:80", "`1.2.3` is neither an address nor the name of a host"),
        ("a b:80", "`a b` is neither an address nor the name of a host"),
        ("unix:/run/s", "not on Unix sockets"),
        ("", "the port is missing"),
    ] {
        let output = Command::new(SAMOVAR).args(["serve", &path, "--listen", written]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(2), "{written}: {said}");
        assert!(said.contains(expected), "{written}: {said}");
        if written.is_empty() || written.contains(' ') {
            continue;
        }
        site.write("samovar.conf", format!("Listen {written}\n"));
        let output = Command::new(SAMOVAR).args(["check", &path]).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(said.contains("samovar.conf:1:8") && said.contains(expected), "{written}: {said}");
    }
}

#[test]
fn a_name_that_stands_for_nothing_and_a_port_that_is_taken_are_told() {
    let site = Site::new(FILES);
    let path = site.path().to_string_lossy().into_owned();
    let run = |written: &str| Program::run(SAMOVAR, ["serve", &path, "--listen", written]);
    let exit = run("no-such-host.invalid:80");
    assert_eq!(exit.code, Some(1), "{}", exit.stderr);
    assert!(exit.stderr.contains("cannot listen on no-such-host.invalid:80"), "{}", exit.stderr);
    let taken = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = taken.local_addr().expect("an address").port();
    let exit = run(&format!("localhost:{port}"));
    assert_eq!(exit.code, Some(1), "{}", exit.stderr);
    assert!(exit.stderr.contains(&format!("cannot listen on localhost:{port}")), "{}", exit.stderr);
}

#[test]
fn families_that_are_written_out_stand_beside_what_is_for_all() {
    if !has_v6() {
        return;
    }
    for lines in
        ["Listen {}\nListen [::]:{}\n", "Listen [::]:{}\nListen 0.0.0.0:{}\n", "Listen 127.0.0.1:{}\nListen [::1]:{}\n"]
    {
        let port = free_port();
        let site = Site::new(FILES);
        site.write("samovar.conf", format!("SetHandler rhai\n{}", lines.replace("{}", &port.to_string())));
        let checked = Command::new(SAMOVAR).arg("check").arg(site.path()).output().expect("it runs");
        assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stdout));
        let mut program = Program::start(SAMOVAR, ["serve".as_ref(), site.path()]);
        addresses(&mut program, 2);
        answers(SocketAddr::from(([127, 0, 0, 1], port)), "127.0.0.1");
        answers((Ipv6Addr::LOCALHOST, port).into(), "::1");
    }
}

#[test]
fn the_path_is_this_directory_unless_it_is_said() {
    let site = Site::new(&format!("=== samovar.conf\nSetHandler rhai\n{FILES}"));
    let in_site = |arguments: &[&str]| {
        let mut command = Command::new(SAMOVAR);
        command.args(arguments).current_dir(site.path()).env("PWD", site.path());
        command
    };
    let checked = in_site(&["check"]).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&checked.stdout), "The configuration is right.\n");
    let explained = in_site(&["explain", "/who"]).output().expect("it runs");
    assert!(String::from_utf8_lossy(&explained.stdout).contains("who.rhai"), "{explained:?}");
    let port = free_port();
    let runtime = tempfile::tempdir().expect("a directory");
    let mut serving = in_site(&["serve", "--listen", &format!("127.0.0.1:{port}")])
        .env("XDG_RUNTIME_DIR", runtime.path())
        .stderr(std::process::Stdio::null())
        .spawn()
        .expect("it starts");
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    samovar_integration_tests::poll("it listens", || TcpStream::connect(address).ok()?.flush().ok());
    answers(address, "127.0.0.1");
    for command in ["status", "reload"] {
        let said = in_site(&[command]).env("XDG_RUNTIME_DIR", runtime.path()).output().expect("it runs");
        assert_eq!(said.status.code(), Some(0), "{command}: {said:?}");
    }
    serving.kill().expect("it is ended");
    serving.wait().expect("it has ended");
}
