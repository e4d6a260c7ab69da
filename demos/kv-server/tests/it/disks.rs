//! Disks that are full, fail or take nothing, simulated by failing system calls.

use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::tempdir;

use crate::support::{Reply, Server};

/// Returns whether system calls can be made to fail here.
fn strace() -> bool {
    let there = Command::new("strace").args(["-o", "/dev/null", "true"]).status().is_ok_and(|status| status.success());
    if !there {
        eprintln!("strace is missing, or may not trace here: not tested (`apt-get install strace`)");
    }
    there
}

/// Returns the command of a server some of whose system calls fail.
fn failing(directory: &Path, durability: &str, fault: &str) -> Command {
    let call = fault.split(':').next().unwrap();
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={call}"), "-e", &format!("inject={fault}")]);
    command.args([env!("CARGO_BIN_EXE_kv-server"), "--port", "0", "--durability", durability, "--compact", "0"]);
    command.args(["--journal", directory.to_str().unwrap()]).stderr(Stdio::piped());
    command
}

#[test]
fn a_full_or_broken_disk_ends_the_server_with_a_sentence_and_loses_nothing() {
    if !strace() {
        return;
    }
    for (durability, fault, sentence) in [
        (
            "process",
            "pwrite64:error=ENOSPC:when=30+",
            "cannot write DIR/00000000000000000001.journal: No space left on device",
        ),
        (
            "disk",
            "fallocate:error=ENOSPC:when=1+",
            "cannot write DIR/00000000000000000001.journal: No space left on device",
        ),
        (
            "disk",
            "fdatasync:error=EIO:when=20",
            "the journal accepts no more inputs: cannot sync DIR: Input/output error",
        ),
        (
            "behind",
            "fdatasync:error=EIO:when=20",
            "the journal accepts no more inputs: cannot sync DIR: Input/output error",
        ),
    ] {
        let directory = tempdir().unwrap();
        let mut server = Server::spawn(&mut failing(directory.path(), durability, fault));
        let mut client = server.client();
        let mut answered = 0;
        while let Some(reply) = client.try_ask(&["INCR", "counter"]) {
            answered += 1;
            assert_eq!(reply, Reply::Integer(answered), "{fault}");
        }
        assert_eq!(server.child.wait().unwrap().code(), Some(1), "{fault}");
        let mut said = String::new();
        server.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let said = said.replace(directory.path().to_str().unwrap(), "DIR");
        assert!(said.starts_with(&format!("kv-server: {sentence}")), "{fault}: {said}");
        assert!(said.ends_with("; no acknowledged change is lost: fix this and start again\n"), "{said}");
        let server = Server::start(&["--journal", directory.path().to_str().unwrap()]);
        let Reply::Integer(next) = server.client().ask(&["INCR", "counter"]) else { panic!("it counts") };
        assert!(next > answered, "{durability}, {fault}: {answered} were answered, and {next} comes next");
    }
}

#[test]
fn a_directory_that_cannot_be_written_is_one_sentence_and_can_still_be_replayed() {
    if !strace() {
        return;
    }
    let directory = tempdir().unwrap();
    let path = directory.path().to_str().unwrap();
    let server = Server::start(&["--journal", path]);
    server.client().ask(&["SET", "a", "1"]);
    drop(server);
    let lock = directory.path().join("lock");
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-P", lock.to_str().unwrap(), "-e", "inject=openat:error=EROFS"]);
    command.args([env!("CARGO_BIN_EXE_kv-server"), "--port", "0", "--journal", path]);
    let output = command.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(said, format!("kv-server: cannot write in {path}: Read-only file system (os error 30)\n"));
    let replayed = Command::new(env!("CARGO_BIN_EXE_kv-server")).args(["--replay", path]).output().unwrap();
    assert!(String::from_utf8(replayed.stdout).unwrap().ends_with("\nSET \"a\" \"1\"\n"));
}

#[test]
fn replies_wait_until_the_disk_has_what_they_answer() {
    if !strace() {
        return;
    }
    // The second sync is that of the first change. It is slow, and no reply may leave before it ends.
    const DELAY: std::time::Duration = std::time::Duration::from_millis(400);
    for durability in ["disk", "behind"] {
        let directory = tempdir().unwrap();
        let fault = format!("fdatasync:delay_enter={}", DELAY.as_micros());
        let mut server = Server::spawn(&mut failing(directory.path(), durability, &fault));
        let (mut writer, mut reader) = (server.client(), server.client());
        assert_eq!(reader.ask(&["GET", "a"]), Reply::Bulk(None));
        let started = std::time::Instant::now();
        writer.send(b"SET a 1\r\n");
        let read = loop {
            // A client that sees the change waits for the sync as well.
            let reply = reader.ask(&["GET", "a"]);
            if reply != Reply::Bulk(None) {
                break started.elapsed();
            }
        };
        assert_eq!(writer.reply(), Reply::Simple("OK".into()));
        assert!(read >= DELAY && started.elapsed() >= DELAY, "{durability}: {read:?}");
        server.client().send(b"SHUTDOWN\r\n");
        assert!(server.ends_well());
    }
}
