//! Each session of the pages, run: a program is started, told what the page tells it, and says what the page says.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::page::{Block, STEPS, blocks, program};

/// For what must happen, however slow the machine.
const LONG: Duration = Duration::from_secs(60);

/// The ports that the pages name, and what a program prints before them.
const PORTS: &[(&str, &str)] = &[("listening on 127.0.0.1:", "9001"), ("metrics on 127.0.0.1:", "9101")];

/// A step that runs, and does not outlive its test.
struct Gateway {
    child: Child,
    /// What it prints, as it comes. They end when it does.
    lines: Receiver<String>,
    /// What it has printed so far, with the ports of the pages.
    printed: Vec<String>,
    /// Its own ports.
    ports: Vec<String>,
}

impl Gateway {
    fn start(step: usize, folder: &TempDir) -> Self {
        let journal = folder.path().join("journal");
        let mut command = command(step, "127.0.0.1:0");
        command.arg(journal).arg("127.0.0.1:0");
        let mut child = command.stdout(Stdio::piped()).spawn().expect("cargo builds the steps");
        let printed = BufReader::new(child.stdout.take().expect("it is piped"));
        let (sender, lines) = channel();
        thread::spawn(move || printed.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        let mut gateway = Self { child, lines, printed: Vec::new(), ports: Vec::new() };
        let listeners = if step < 6 { 1 } else { 2 };
        while gateway.ports.len() < listeners {
            let line = gateway.lines.recv_timeout(LONG).expect("it listens");
            gateway.note(line);
        }
        gateway
    }

    fn note(&mut self, line: String) {
        let port = PORTS.iter().find_map(|(before, named)| Some((line.strip_prefix(before)?, before, named)));
        let shown = port.map(|(own, before, named)| {
            self.ports.push(own.to_owned());
            format!("{before}{named}")
        });
        self.printed.push(shown.unwrap_or(line));
    }

    fn connect(&self, port: usize) -> BufReader<TcpStream> {
        let stream = TcpStream::connect(format!("127.0.0.1:{}", self.ports[port])).expect("it listens");
        stream.set_read_timeout(Some(LONG)).expect("a limit");
        BufReader::new(stream)
    }

    /// Sends the signal of `^C`.
    fn interrupt(&self) {
        let killed = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(killed.expect("there is a kill").success());
    }

    /// Waits until it has ended. Returns what it has printed.
    fn end(mut self) -> Vec<String> {
        while let Ok(line) = self.lines.recv_timeout(LONG) {
            self.note(line);
        }
        assert!(self.child.wait().expect("it ends").success());
        std::mem::take(&mut self.printed)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn command(step: usize, address: &str) -> Command {
    let steps = [
        env!("CARGO_BIN_EXE_step_1"),
        env!("CARGO_BIN_EXE_step_2"),
        env!("CARGO_BIN_EXE_step_3"),
        env!("CARGO_BIN_EXE_step_4"),
        env!("CARGO_BIN_EXE_step_5"),
        env!("CARGO_BIN_EXE_step_6"),
        env!("CARGO_BIN_EXE_step_7"),
    ];
    let mut command = Command::new(steps[step - 1]);
    command.arg(address);
    command
}

/// Starts step 1 twice at one address. Returns what the second one says.
pub(crate) fn start_twice() -> String {
    let folder = TempDir::new().expect("a folder");
    let first = Gateway::start(1, &folder);
    let second = command(1, &format!("127.0.0.1:{}", first.ports[0])).output().expect("it ends");
    String::from_utf8(second.stderr).expect("a text").trim().to_owned()
}

/// Says what a session says, and hears what it hears.
fn talk(gateway: &Gateway, session: &mut BufReader<TcpStream>, lines: &[&str]) {
    for line in lines {
        if let Some(said) = line.strip_prefix("> ") {
            writeln!(session.get_mut(), "{said}").expect("it is connected");
        } else if line.starts_with("(^C") {
            gateway.interrupt();
        } else if !line.starts_with('(') {
            let mut heard = String::new();
            session.read_line(&mut heard).expect("an answer");
            assert_eq!(heard.trim_end(), *line);
        }
    }
}

/// What `curl` prints of the lines that `grep total` keeps and that are no comments.
fn scrape(gateway: &Gateway) -> Vec<String> {
    let mut page = gateway.connect(1);
    page.get_mut().write_all(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").expect("it is connected");
    let mut text = String::new();
    page.read_to_string(&mut text).expect("a page");
    let (head, body) = text.split_once("\r\n\r\n").expect("a head");
    let length = format!("Content-Length: {}", body.len());
    let fields = ["HTTP/1.1 200 OK", "Connection: close", "Content-Type: text/plain; version=0.0.4", &length];
    assert_eq!(head.split("\r\n").collect::<Vec<_>>(), fields);
    body.lines().filter(|line| line.contains("total") && !line.starts_with('#')).map(str::to_owned).collect()
}

/// Runs one program, and the sessions with it. The blocks begin with that of the program.
fn run(step: usize, folder: &TempDir, run: &[&Block]) {
    let mut gateway = Gateway::start(step, folder);
    let mut sessions = Vec::new();
    for block in &run[1..] {
        let lines: Vec<_> = block.text.lines().skip(1).collect();
        if block.text.starts_with("$ nc 127.0.0.1 9001") {
            sessions.push(gateway.connect(0));
            talk(&gateway, sessions.last_mut().expect("it was pushed"), &lines);
        } else if block.text.starts_with("$ curl -s http://127.0.0.1:9101/metrics | grep total | grep -v '^#'\n") {
            assert_eq!(scrape(&gateway), lines);
        }
    }
    let shown: Vec<_> = run[0].text.lines().skip(1).collect();
    if shown.last().is_some_and(|line| line.starts_with("(killed")) {
        gateway.child.kill().expect("it runs");
        assert_eq!(gateway.printed, shown[..shown.len() - 1]);
        return;
    }
    if !run.iter().any(|block| block.text.contains("\n(^C")) {
        // What was said last may not have been heard of yet.
        let before = shown.iter().position(|line| *line == "^C").expect("it is ended");
        while gateway.printed.len() < before {
            let line = gateway.lines.recv_timeout(LONG).expect("it prints what the page shows");
            gateway.note(line);
        }
        gateway.interrupt();
    }
    assert_eq!(gateway.end(), shown.into_iter().filter(|line| *line != "^C").collect::<Vec<_>>());
}

#[test]
fn each_session_goes_as_shown() {
    let folder = TempDir::new().expect("a folder"); // each step finds the journal of the one before
    for step in 1..=STEPS {
        let blocks = blocks(step);
        let text: Vec<_> = blocks.iter().filter(|block| block.language == "text").collect();
        let start = format!("$ cargo run -q -p tutorial --bin step_{step}");
        let begins: Vec<_> = (0..text.len()).filter(|at| text[*at].text.starts_with(&start)).collect();
        assert!(!begins.is_empty(), "step {step} is not run");
        for (at, begin) in begins.iter().enumerate() {
            run(step, &folder, &text[*begin..begins.get(at + 1).copied().unwrap_or(text.len())]);
        }
    }
}

/// The alarm is due while no session is open. It clears the book at the latest in the first turn after a restart.
#[test]
fn a_cancel_without_a_session_reaches_the_next_one() {
    let start = |step| {
        let folder = TempDir::new().expect("a folder");
        (step, Gateway::start(step, &folder), folder)
    };
    let mut gateways: Vec<_> = (3..=STEPS).map(start).collect();
    for (step, gateway, _) in &mut gateways {
        talk(gateway, &mut gateway.connect(0), &["> ACME 99", "CANCEL ALL", "BUY 1 ACME 99"]);
        if *step >= 5 {
            gateway.child.kill().expect("it runs");
        }
    }
    thread::sleep(Duration::from_secs(2)); // until the alarm is due
    for (step, gateway, folder) in &mut gateways {
        if *step >= 5 {
            *gateway = Gateway::start(*step, folder);
        }
        let mut session = gateway.connect(0);
        writeln!(session.get_mut(), "x").expect("it is connected");
        let heard: Vec<_> = session.lines().map_while(Result::ok).take_while(|line| line == "CANCEL ALL").collect();
        assert!(!heard.is_empty(), "a new session of step {step} begins with a cancel");
        // It was answered, so the alarm has rung, and no order is open.
        let lines = ["> ACME 99", "CANCEL ALL", "BUY 2 ACME 99", "> ACME 98", "BUY 3 ACME 98"];
        talk(gateway, &mut gateway.connect(0), &lines);
    }
}

#[test]
fn each_test_is_shown() {
    for step in 4..=STEPS {
        let (blocks, program) = (blocks(step), program(step));
        let shown = blocks.iter().filter(|block| block.text.starts_with("$ cargo test "));
        let lines = shown.flat_map(|block| block.text.lines());
        let mut shown: Vec<_> =
            lines.filter_map(|line| line.strip_prefix("test tests::")?.strip_suffix(" ... ok")).collect();
        let mut tests: Vec<_> =
            program.split("#[test]\n    fn ").skip(1).filter_map(|rest| rest.split('(').next()).collect();
        shown.sort_unstable();
        tests.sort_unstable();
        assert_eq!(shown, tests, "step {step}");
    }
}
