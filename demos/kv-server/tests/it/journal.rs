//! The journal: what a restart recovers, what the program prints, and its errors when it cannot continue.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::{TempDir, tempdir};

use crate::support::{Client, Reply, Server, bulk, ok, until};

fn journaled(directory: &Path, more: &[&str]) -> Server {
    let directory = directory.to_str().unwrap();
    let mut args = vec!["--journal", directory];
    args.extend(more);
    Server::start(&args)
}

fn run(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kv-server")).args(["--port", "0"]).args(args).output().unwrap()
}

/// Returns the error of a program that cannot start, without the name of the directory.
fn refusal(directory: &Path) -> String {
    let output = run(&["--journal", directory.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    String::from_utf8(output.stderr).unwrap().replace(directory.to_str().unwrap(), "DIR")
}

fn replay(directory: &Path, more: &[&str]) -> String {
    let mut args = vec!["--replay", directory.to_str().unwrap()];
    args.extend(more);
    let output = run(&args);
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).unwrap().replace(directory.to_str().unwrap(), "DIR")
}

/// Returns all keys with their values and expiry times.
fn state(client: &mut Client) -> Vec<(Reply, Reply, Reply)> {
    let Reply::Array(Some(mut keys)) = client.ask(&["KEYS", "*"]) else { panic!("KEYS is a list") };
    keys.sort();
    keys.into_iter()
        .map(|key| {
            let Reply::Bulk(Some(name)) = &key else { panic!("a key is a bulk") };
            let (value, ends) = (client.ask(&[b"GET", &**name]), client.ask(&[b"PEXPIRETIME", &**name]));
            (key, value, ends)
        })
        .collect()
}

/// Stops the server, and returns the sentence in the last line of its output, without its end.
fn ending(mut server: Server) -> String {
    use std::io::Read;
    server.signal("-TERM");
    assert!(server.ends_well());
    let mut text = String::new();
    server.child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    text.lines().last().unwrap().strip_prefix("kv-server: the journal has ").unwrap().to_owned()
}

fn busy(client: &mut Client) {
    let long = "x".repeat(100_000);
    for words in [
        &["SET", "plain", "1"][..],
        &["SET", "ends", "1", "EX", "1000"],
        &["SET", "gone", "1", "PX", "1"],
        &["INCRBY", "counter", "41"],
        &["INCR", "counter"],
        &["APPEND", "text", "some"],
        &["APPEND", "text", " text"],
        &["SETRANGE", "sparse", "10", "x"],
        &["MSET", "a", "1", "b", "2", "", "empty"],
        &["SET", "long", &long],
        &["RENAME", "a", "renamed"],
        &["GETDEL", "b"],
        &["EXPIRE", "text", "100000"],
        &["PERSIST", "ends"],
        &["INCRBYFLOAT", "float", "3.25"],
        &["COPY", "float", "copied"],
        &["DEL", "nothing"],
        &["INCR", "text"],
        &["MULTI"],
        &["INCR", "counter"],
        &["GET", "counter"],
        &["SET", "in a transaction", "1"],
        &["EXEC"],
    ] {
        _ = client.ask(words);
    }
    assert_eq!(client.ask(&[&b"SET"[..], b"\x00\xff\r\n", b"\r\n$3\r\n"]), ok());
}

#[test]
fn what_was_answered_is_there_after_an_end_and_after_a_kill() {
    for durability in ["process", "disk", "behind"] {
        let directory = tempdir().unwrap();
        let server = journaled(directory.path(), &["--durability", durability]);
        let mut client = server.client();
        busy(&mut client);
        until("the short one has ended", || client.ask(&["EXISTS", "gone"]) == Reply::Integer(0));
        let before = state(&mut client);
        assert_eq!(before.len(), 12);
        let kept = ending(server);
        let server = journaled(directory.path(), &["--durability", durability]);
        let mut client = server.client();
        assert_eq!(state(&mut client), before, "{durability}, after an end");
        assert_eq!(client.ask(&["INCR", "counter"]), Reply::Integer(44));
        drop(server); // which kills it
        let server = journaled(directory.path(), &["--durability", durability]);
        assert_eq!(server.client().ask(&["GET", "counter"]), bulk("44"), "{durability}, after a kill");
        assert_ne!(ending(server), kept);
    }
}

#[test]
fn the_digest_of_the_server_is_that_of_a_replay() {
    for durability in ["process", "disk", "behind"] {
        let directory = tempdir().unwrap();
        let server = journaled(directory.path(), &["--durability", durability]);
        let port = server.address.port().to_string();
        for depth in ["1", "16"] {
            let mut benchmark = Command::new("redis-benchmark");
            benchmark.args(["-p", &port, "-q", "-n", "20000", "-r", "5000", "-c", "20", "-P", depth]);
            let output = benchmark.args(["-t", "set,get,incr,mset"]).output().unwrap();
            assert!(output.status.success(), "{output:?}");
        }
        let kept = ending(server);
        let text = replay(directory.path(), &[]);
        assert_eq!(text.lines().next().unwrap().strip_prefix("# "), Some(&*kept));
        let server = journaled(directory.path(), &[]);
        assert_eq!(ending(server), kept, "a start alone changes nothing");
    }
}

#[test]
fn replay_prints_what_was_and_diff_how_it_changed() {
    let directory = tempdir().unwrap();
    let server = journaled(directory.path(), &[]);
    let mut client = server.client();
    let mut at = Vec::new();
    for words in [
        &["SET", "a", "1"][..],
        &["SET", "b", "\"two\"\r\n", "PXAT", "32503680000000"],
        &["MSET", "a", "one", "c", "3"],
        &["DEL", "b"],
    ] {
        client.ask(words);
        at.push(client.info("journal_sequence").to_string());
    }
    ending(server);
    let then = |n: usize| replay(directory.path(), &["--until", &at[n]]);
    let lines = |text: &str| text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(lines(&then(0)), ["SET \"a\" \"1\""]);
    assert_eq!(lines(&then(1)), ["SET \"a\" \"1\"", "SET \"b\" \"\\\"two\\\"\\r\\n\" PXAT 32503680000000"]);
    assert_eq!(lines(&replay(directory.path(), &[])), ["SET \"a\" \"one\"", "SET \"c\" \"3\""]);
    assert!(then(1).starts_with(&format!("# 2 keys at sequence {}, digest ", at[1])));
    let diff = replay(directory.path(), &["--diff", &at[1], &at[3]]);
    let (head, changes): (Vec<_>, Vec<_>) = diff.lines().partition(|line| line.contains("digest"));
    assert!(head[0].starts_with("--- 2 keys at sequence") && head[1].starts_with("+++ 2 keys at sequence"), "{head:?}");
    assert_eq!(
        changes,
        [
            "- SET \"a\" \"1\"",
            "+ SET \"a\" \"one\"",
            "- SET \"b\" \"\\\"two\\\"\\r\\n\" PXAT 32503680000000",
            "+ SET \"c\" \"3\""
        ]
    );
}

#[test]
fn a_replay_of_what_there_is_not_is_refused() {
    let (directory, _) = written();
    let refused = |directory: &Path, more: &[&str]| {
        let output = run(&[&["--replay", directory.to_str().unwrap()], more].concat());
        assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0), "{more:?}");
        String::from_utf8(output.stderr).unwrap().replace(directory.to_str().unwrap(), "DIR")
    };
    let backwards = "kv-server: --diff 9 3 goes backwards: name the earlier sequence first, as in --diff 3 9\n";
    assert_eq!(refused(directory.path(), &["--diff", "9", "3"]), backwards);
    let whole = replay(directory.path(), &[]);
    let last = whole.split([' ', ',']).nth(5).unwrap();
    let late = format!("kv-server: the journal has no sequence 1000000: it ends at {last}\n");
    for asked in [&["--until", "1000000"][..], &["--diff", "3", "1000000"], &["--diff", "1000000", "1000000"]] {
        assert_eq!(refused(directory.path(), asked), late, "{asked:?}");
    }
    assert_eq!(replay(directory.path(), &["--until", last]), whole);
    let none = "kv-server: there is no journal in DIR: record one with `--journal DIR`\n";
    for asked in [&[][..], &["--until", "3"], &["--diff", "1", "2"]] {
        assert_eq!(refused(tempdir().unwrap().path(), asked), none, "{asked:?}");
    }
}

#[test]
fn compaction_runs_beside_the_load_and_generations_pass() {
    let directory = tempdir().unwrap();
    let mut options = vec!["--durability", "behind", "--compact", "50kb"];
    let mut expected = 0;
    for generation in 0..3 {
        let server = journaled(directory.path(), &options);
        let mut client = server.client();
        assert_eq!(
            client.ask(&["GET", "counter"]),
            if expected == 0 { Reply::Bulk(None) } else { bulk(&expected.to_string()) }
        );
        until("it was compacted three times", || {
            for n in 0..200 {
                expected += 1;
                assert_eq!(client.ask(&["INCR", "counter"]), Reply::Integer(expected));
                client.ask(&["SET", &format!("key {}", n % 20), &format!("{generation} {expected}"), "EX", "10000"]);
            }
            client.info("journal_compactions") >= 3
        });
        assert!(client.info("aof_current_size") < 1_000_000);
        options = vec!["--compact", "50kb"];
    }
    // Changes that were compacted away are no longer known.
    let gone = replay(directory.path(), &["--until", "3"]);
    assert!(
        gone.starts_with("kv-server: the state at sequence 3 was compacted away: the journal begins at "),
        "{gone}"
    );
}

#[test]
fn a_journal_that_no_single_run_doubles_is_compacted() {
    let directory = tempdir().unwrap();
    let write = |limit: &str, count: usize| {
        let server = journaled(directory.path(), &["--compact", limit]);
        let mut client = server.client();
        (0..count).for_each(|n| assert_eq!(client.ask(&["SET", "key", &format!("{n:>1000}")]), ok()));
        (server, client)
    };
    write("0", 40);
    for _ in 0..2 {
        let (server, mut client) = write("20kb", 1);
        until("it is compacted", || client.info("journal_compactions") == 1);
        assert!(client.info("aof_current_size") < 5_000);
        (0..12).for_each(|_| assert_eq!(client.ask(&["SET", "key", &"x".repeat(1_000)]), ok()));
        assert_eq!(client.info("journal_compactions"), 1, "it has not reached its limit again");
        (0..10).for_each(|_| assert_eq!(client.ask(&["SET", "other", &"x".repeat(1_000)]), ok()));
        until("it is compacted", || client.info("journal_compactions") == 2);
        drop(server);
        write("0", 40);
    }
}

#[test]
fn a_client_may_ask_to_compact() {
    let server = Server::start(&[]);
    let refused = server.client().ask(&["BGREWRITEAOF"]);
    assert_eq!(refused, Reply::Error("ERR there is no journal: start the server with --journal".into()));
    let directory = tempdir().unwrap();
    let server = journaled(directory.path(), &["--compact", "0"]);
    let mut client = server.client();
    (0..2_000).for_each(|_| _ = client.ask(&["INCR", "counter"]));
    let before = client.info("aof_current_size");
    let started = Reply::Simple("Background append only file rewriting started".into());
    assert_eq!(client.ask(&["BGREWRITEAOF"]), started);
    until("it is compacted", || client.info("journal_compactions") == 1);
    assert!(client.info("aof_current_size") < before / 10);
    drop(server);
    assert_eq!(journaled(directory.path(), &[]).client().ask(&["GET", "counter"]), bulk("2000"));
}

#[test]
fn a_compaction_that_failed_is_tried_again_when_the_journal_has_doubled() {
    let directory = tempdir().unwrap();
    let server = journaled(directory.path(), &["--compact", "20kb"]);
    let mut client = server.client();
    let value = "x".repeat(1_000);
    let mut write = |count: usize| (0..count).for_each(|_| assert_eq!(client.ask(&["SET", "key", &value]), ok()));
    let [first, elsewhere] = ["00000000000000000001.journal", "elsewhere"].map(|name| directory.path().join(name));
    let says = |status: &str| {
        let Reply::Bulk(Some(text)) = server.client().ask(&["INFO", "persistence"]) else { panic!("INFO is a text") };
        String::from_utf8(text).unwrap().contains(&format!("aof_last_bgrewrite_status:{status}"))
    };
    fs::rename(&first, &elsewhere).unwrap();
    write(25);
    until("it has failed", || says("err"));
    fs::rename(&elsewhere, &first).unwrap();
    until("it is compacted", || {
        write(5);
        says("ok")
    });
    assert!(server.info("journal_compactions") > 0);
    drop(server);
    let server = journaled(directory.path(), &[]);
    assert_eq!(server.client().ask(&["GET", "key"]), bulk(&value));
}

/// Creates a journal with one file, and returns the file's name.
fn written() -> (TempDir, std::path::PathBuf) {
    let directory = tempdir().unwrap();
    let server = journaled(directory.path(), &[]);
    let mut client = server.client();
    (0..100).for_each(|_| _ = client.ask(&["INCR", "counter"]));
    drop(server);
    let file = directory.path().join("00000000000000000001.journal");
    (directory, file)
}

/// Writes the checksum of a file header.
fn seal(bytes: &mut [u8]) {
    let crc = crc32c::crc32c(&bytes[..60]);
    bytes[60..64].copy_from_slice(&crc.to_le_bytes());
}

#[test]
fn what_is_wrong_with_a_directory_is_one_sentence() {
    let (directory, file) = written();
    let path = directory.path();
    let whole = fs::read(&file).unwrap();
    let with = |at: usize, new: &[u8]| {
        let mut bytes = whole.clone();
        bytes[at..at + new.len()].copy_from_slice(new);
        fs::write(&file, bytes).unwrap();
        let said = refusal(path);
        fs::write(&file, &whole).unwrap();
        said.strip_prefix("kv-server: DIR/00000000000000000001.journal ").unwrap().to_owned()
    };
    assert_eq!(with(8, &[9]), "has version 9, but this program reads only up to version 1: use a newer one\n");
    assert_eq!(with(0, b"\x7fELF"), "is not a journal file, despite its name: move it elsewhere\n");
    let damaged = with(2_000, b"not what was written");
    assert!(damaged.starts_with("is damaged at byte "), "{damaged}");
    let mend = "where inputs had been safe: restore the file, or drop what follows with `nexus-journal cut`\n";
    assert!(damaged.ends_with(mend), "{damaged}");
    let mut bytes = whole.clone();
    bytes[13] = 5;
    bytes[32..60].copy_from_slice(b"venue\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0");
    seal(&mut bytes);
    fs::write(&file, bytes).unwrap();
    assert!(refusal(path).ends_with("is a journal of `venue`, not of `kv-server`: choose another directory\n"));
    fs::write(&file, &whole).unwrap();
    let missing = replay(&path.join("missing"), &[]);
    assert_eq!(missing, "kv-server: cannot open the journal in DIR: entity not found\n");
    let under_a_file = refusal(&file.join("x"));
    assert_eq!(under_a_file, "kv-server: cannot write in DIR: Not a directory (os error 20)\n");
    // None of this has changed the journal.
    let server = journaled(path, &[]);
    assert_eq!(server.client().ask(&["GET", "counter"]), bulk("100"));
    let locked = refusal(path);
    assert_eq!(locked, "kv-server: DIR is in use by another process: a journal has only one writer\n");
}

#[test]
fn a_file_that_is_missing_is_named() {
    let (directory, _) = written();
    for _ in 0..2 {
        let server = journaled(directory.path(), &[]);
        server.client().ask(&["INCR", "counter"]);
    }
    let mut files: Vec<_> = fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "journal"));
    files.sort();
    let bytes = fs::read(&files[1]).unwrap();
    fs::remove_file(&files[1]).unwrap();
    let said = refusal(directory.path());
    let name = files[2].file_name().unwrap().display();
    assert!(said.starts_with(&format!("kv-server: a file is missing: DIR/{name} continues after sequence ")), "{said}");
    fs::write(&files[1], bytes).unwrap();
    assert_eq!(journaled(directory.path(), &[]).client().ask(&["GET", "counter"]), bulk("102"));
}

#[test]
fn a_torn_tail_is_cut_off_and_told() {
    let (directory, file) = written();
    let length = fs::read(&file).unwrap().iter().rposition(|byte| *byte != 0).unwrap() as u64 + 1;
    fs::OpenOptions::new().write(true).open(&file).unwrap().set_len(length - 20).unwrap();
    let server = journaled(directory.path(), &[]);
    let line = server.banner.lines().last().unwrap();
    assert!(line.contains("1 keys at sequence") && line.contains("; cut off: "), "{line}");
    assert!(line.contains(" bytes after sequence ") && line.contains(" were never safe: "), "{line}");
    assert_eq!(server.client().ask(&["GET", "counter"]), bulk("100"), "only the mark of the last commit was torn");
}
