//! Signals, seen from outside: the `lifecycle` example is run, and sent what an operator would send.
#![cfg(all(unix, feature = "signals"))]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

const SIGINT: i32 = 2;
const SIGTERM: i32 = 15;

/// For what must happen, however slow the machine. The loop of `lifecycle` would sleep forever.
const LONG: Duration = Duration::from_secs(30);

/// An example that runs, and does not outlive its test.
struct Example {
    child: Child,
    /// What it prints. They end when it does.
    lines: Receiver<String>,
}

impl Example {
    fn start(name: &str, argument: &str) -> Self {
        let tests = std::env::current_exe().unwrap();
        let example = tests.parent().unwrap().parent().unwrap().join("examples").join(name);
        let started = Command::new(example).arg(argument).stdout(Stdio::piped()).spawn();
        let mut child = started.expect("cargo build --examples");
        let printed = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || printed.lines().map_while(Result::ok).try_for_each(|line| sender.send(line)));
        Self { child, lines }
    }

    /// The `lifecycle` example past its start-up.
    fn lifecycle(mode: &str) -> Self {
        let example = Self::start("lifecycle", mode);
        assert_eq!(example.line(), "ready");
        example
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(LONG).expect("it prints a line")
    }

    fn send(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until it ends, and returns how, with the lines that were left.
    fn end(mut self) -> (ExitStatus, Vec<String>) {
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(LONG) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => return (self.child.wait().unwrap(), rest),
                Err(RecvTimeoutError::Timeout) => panic!("it did not notice"),
            }
        }
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

#[test]
fn a_signal_ends_a_blocking_loop_at_once_and_the_program_in_its_own_way() {
    for signal in ["-TERM", "-INT"] {
        let example = Example::lifecycle("wait");
        example.send(signal);
        let (status, rest) = example.end();
        assert!(status.success());
        assert_eq!(rest, ["opened, recovered after 1 entries", "drained"]);
    }
}

#[test]
fn a_second_signal_ends_the_process() {
    for first in ["-TERM", "-INT"] {
        let mut example = Example::lifecycle("stubborn");
        example.send(first);
        assert_eq!(example.line(), "opened, recovered after 1 entries");
        assert_eq!(example.line(), "still here");
        assert!(example.child.try_wait().unwrap().is_none());
        example.send("-TERM");
        let (status, _) = example.end();
        assert_eq!(status.signal(), Some(SIGTERM));
    }
}

#[test]
fn a_signal_ends_a_process_whose_world_is_gone() {
    for (name, signal) in [("-TERM", SIGTERM), ("-INT", SIGINT)] {
        let example = Example::lifecycle("outlive");
        assert!(example.line().starts_with("opened") && example.line() == "drained" && example.line() == "still here");
        example.send(name);
        let (status, _) = example.end();
        assert_eq!(status.signal(), Some(signal));
    }
}

/// What one world heard is not held against the next.
#[test]
fn a_world_after_the_first_or_beside_it_is_asked_to_stop_too() {
    let asked = |handle: nexus_rt::ShutdownHandle| {
        let (woken, wakes) = std::sync::mpsc::channel();
        handle.on_shutdown(move || _ = woken.send(()));
        signal_hook::low_level::raise(SIGTERM).unwrap();
        wakes.recv_timeout(LONG).unwrap();
        assert!(handle.is_shutdown());
    };
    for _world in 0..3 {
        let [handle, beside] = [(); 2].map(|()| nexus_rt::ShutdownHandle::default());
        handle.enable_signals().unwrap();
        beside.enable_signals().unwrap();
        handle.enable_signals().unwrap();
        drop(beside);
        asked(handle);
    }
}

#[cfg(all(feature = "mio", feature = "timer"))]
mod sockets {
    use std::io::{Read, Write};
    use std::net::{Shutdown, TcpStream};
    use std::process::Command;
    use std::thread;
    use std::time::{Duration, Instant};

    use super::{Example, LONG};

    const BLOCKED: &str = "S";
    const STOPPED: &str = "T";

    /// Waits until the process is in a state. The system reports it to nobody: it can only be asked again and again.
    fn until_it_is(state: &str, example: &Example) {
        let pid = example.child.id().to_string();
        let started = Instant::now();
        while Command::new("ps").args(["-o", "state=", "-p", &pid]).output().unwrap().stdout.trim_ascii()
            != state.as_bytes()
        {
            assert!(started.elapsed() < LONG, "waited in vain until its state is {state}");
            thread::sleep(Duration::from_millis(1));
        }
    }

    #[test]
    fn a_signal_during_a_poll_is_no_error() {
        for signal in ["-TERM", "-INT"] {
            let example = Example::start("mio_timer", "127.0.0.1:0");
            let listening = example.line();
            let address = listening.split([' ', ',']).nth(2).unwrap();
            // Being stopped and continued interrupts the poll as a signal does, and asks for nothing: it goes on.
            for _ in 0..3 {
                until_it_is(BLOCKED, &example);
                example.send("-STOP");
                until_it_is(STOPPED, &example);
                example.send("-CONT");
            }
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"still there?").unwrap();
            let mut reply = [0; 12];
            client.read_exact(&mut reply).unwrap();
            assert_eq!(&reply, b"still there?");
            client.shutdown(Shutdown::Write).unwrap();
            assert_eq!(client.read(&mut reply).unwrap(), 0);
            until_it_is(BLOCKED, &example);
            // Now nothing is due and nobody is connected: it blocks for ever. A request for a shutdown ends it well.
            example.send(signal);
            let (status, rest) = example.end();
            assert!(status.success());
            assert_eq!(rest, ["1 connections, 12 bytes echoed, 1 left, 0 were silent for too long"]);
        }
    }
}
