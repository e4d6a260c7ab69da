//! Signals, seen from outside: the `lifecycle` example is run, and sent what an operator would send.
#![cfg(all(unix, feature = "signals"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::ops::{Deref, DerefMut};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

const SIGTERM: i32 = 15;

/// A process that does not outlive its test.
struct Example(Child);

impl Deref for Example {
    type Target = Child;

    fn deref(&self) -> &Child {
        &self.0
    }
}

impl DerefMut for Example {
    fn deref_mut(&mut self) -> &mut Child {
        &mut self.0
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// An example, started.
fn example(name: &str, argument: &str) -> (Example, BufReader<ChildStdout>) {
    let tests = std::env::current_exe().unwrap();
    let example = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
    let mut child = Command::new(example).arg(argument).stdout(Stdio::piped()).spawn().expect("cargo build --examples");
    let lines = BufReader::new(child.stdout.take().unwrap());
    (Example(child), lines)
}

/// The `lifecycle` example past its start-up.
fn start(mode: &str) -> (Example, BufReader<ChildStdout>) {
    let (child, mut lines) = example("lifecycle", mode);
    line(&mut lines, "ready");
    (child, lines)
}

fn line(lines: &mut BufReader<ChildStdout>, expected: &str) {
    let mut line = String::new();
    lines.read_line(&mut line).unwrap();
    assert_eq!(line.trim_end(), expected);
}

fn send(child: &Child, signal: &str) {
    assert!(Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap().success());
}

/// Waits, much less long than the example's driver would block by itself.
fn end(child: &mut Child) -> ExitStatus {
    let started = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        assert!(started.elapsed() < Duration::from_secs(30), "it did not notice");
        std::thread::sleep(Duration::from_millis(5));
    }
}

#[test]
fn a_signal_ends_a_blocking_loop_at_once_and_the_program_in_its_own_way() {
    for signal in ["-TERM", "-INT"] {
        let (mut child, mut lines) = start("wait");
        send(&child, signal);
        assert!(end(&mut child).success());
        let mut rest = String::new();
        lines.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "opened, recovered after 1 entries\ndrained\n");
    }
}

#[test]
fn a_second_signal_ends_the_process() {
    for first in ["-TERM", "-INT"] {
        let (mut child, mut lines) = start("stubborn");
        send(&child, first);
        line(&mut lines, "opened, recovered after 1 entries");
        line(&mut lines, "still here");
        assert!(child.try_wait().unwrap().is_none());
        send(&child, "-TERM");
        assert_eq!(end(&mut child).signal(), Some(SIGTERM));
    }
}

/// What one world heard is not held against the next.
#[test]
fn a_world_after_the_first_is_asked_to_stop_too() {
    for _world in 0..3 {
        let handle = nexus_rt::ShutdownHandle::default();
        handle.enable_signals().unwrap();
        handle.enable_signals().unwrap();
        let (woken, wakes) = std::sync::mpsc::channel();
        handle.on_shutdown(move || _ = woken.send(()));
        signal_hook::low_level::raise(SIGTERM).unwrap();
        wakes.recv_timeout(Duration::from_secs(30)).unwrap();
        assert!(handle.is_shutdown());
    }
}

#[cfg(all(feature = "mio", feature = "timer"))]
#[test]
fn l7_a_signal_during_a_poll_is_no_error() {
    use std::io::Write;

    for signal in ["-TERM", "-INT"] {
        let (mut child, mut lines) = example("mio_timer", "127.0.0.1:0");
        let mut listening = String::new();
        lines.read_line(&mut listening).unwrap();
        let address = listening.split([' ', ',']).nth(2).unwrap();
        // Being stopped and continued interrupts the poll as a signal does, and asks for nothing: it goes on.
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(20));
            send(&child, "-STOP");
            send(&child, "-CONT");
        }
        let mut client = std::net::TcpStream::connect(address).unwrap();
        client.write_all(b"still there?").unwrap();
        let mut reply = [0; 12];
        client.read_exact(&mut reply).unwrap();
        assert_eq!(&reply, b"still there?");
        drop(client);
        std::thread::sleep(Duration::from_millis(300));
        // Now nothing is due and nobody is connected: it blocks for ever. A request for a shutdown ends it well.
        send(&child, signal);
        assert!(end(&mut child).success());
        line(&mut lines, "1 connections, 12 bytes echoed, 1 left, 0 were silent for too long");
    }
}
