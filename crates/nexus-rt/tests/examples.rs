//! The examples print what they say they do. They are built by `cargo test` without a choice of targets, or by
//! `cargo build --examples`.

use std::path::{Path, PathBuf};
use std::process::Command;

/// An example, beside the test binaries of the same build.
fn example(name: &str) -> PathBuf {
    let tests = std::env::current_exe().expect("a test knows where it is");
    let folder = tests.parent().and_then(|deps| deps.parent()).expect("tests lie in target/<profile>/deps");
    folder.join("examples").join(name)
}

/// What an example prints.
fn output(name: &str, args: &[&str]) -> String {
    let example = example(name);
    let output = Command::new(&example).args(args).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}: run `cargo build --examples`", example.display()));
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("examples print text")
}

#[test]
fn pipeline() {
    assert_eq!(output("pipeline", &[]), "bare: 50\n59 left\norder 2 is too large\n0 left\n0 left\nfilled: 60\n");
}

#[test]
fn local_state() {
    let expected = "a has run 1 times\na has run 2 times\nb has run 1 times\nann: hello\nann has sent 1\n";
    assert_eq!(output("local_state", &[]), expected);
}

#[test]
fn optional_resources() {
    let expected = "\
with both:
100 and 2 of fee
1 trades
with neither:
100 and 0 of fee
`optional_resources::report` cannot be resolved against this world:
  parameter 1 (`Res<Metrics>`): no `optional_resources::Metrics` is registered. Register one with \
                    `WorldBuilder::register`, or install the driver or plugin that brings it, before this call; or \
                    take an `Option`
";
    assert_eq!(output("optional_resources", &[]), expected);
}

#[test]
fn dag() {
    let expected =
        "mid 102\nquote around 102, 4 wide\nmid 110\nmid 102\nmid 102\nquote around 102, 2 wide\n2 decisions\n";
    assert_eq!(output("dag", &[]), expected);
}

#[test]
fn closures() {
    let expected = "a: call 1, total 120\nb: call 2, total 120\n15 too much\nseen [\"x\"], 2 calls\n";
    assert_eq!(output("closures", &[]), expected);
}

#[test]
fn templates() {
    let expected = "  5: login timed out, attempt 1
  7: quote timed out, attempt 1
 25: login timed out, attempt 2
 27: quote timed out, attempt 2
 55: login timed out, attempt 3
 57: quote timed out, attempt 3
passed 1, passed 1
ann is told 3
bob is told 3 and has 3 attempts
";
    assert_eq!(output("templates", &[]), expected);
}

#[test]
fn systems() {
    let expected = "\
risk
└─ scheduler
   ├─ risk    reads Position
   ├─ mid     reads Book; writes Mid
   ├─ quote   reads Mid, Position; writes Quotes  after risk, mid
   └─ send    reads Quotes                        after quote
the book opens
  send 99 / 101
  4 of 4 systems ran
nothing moved
  2 of 4 systems ran
we bought
  send 97 / 103
  4 of 4 systems ran
a tick up
  send 99 / 105
  4 of 4 systems ran
systems wait for each other in a circle: `egg` (added as number 2) before `chicken` (added as number 1) before `egg`. Take out one of these edges
";
    assert_eq!(output("systems", &[]), expected);
    assert!(output("systems", &["dot"]).starts_with("digraph plan {"));
}

#[cfg(feature = "signals")]
#[test]
fn lifecycle() {
    assert_eq!(output("lifecycle", &[]), "ready\nopened, recovered after 1 entries, one, two, quit, bye\ndrained\n");
}

#[test]
fn testing() {
    let expected = "\
ok: an order changes the position and nothing else
ok: silence is noticed after half a minute
ok: the wiring is what was agreed
ok: a panic leaves the rest running
  `testing::Position` was not written; written: `testing::Alerts`
ok: a failed assertion says what happened instead
";
    assert_eq!(output("testing", &[]), expected);
}

#[cfg(all(feature = "mio", feature = "timer", feature = "signals"))]
#[test]
fn mio_timer() {
    let expected = "\
sent one, got one
sent two, got two
sent three, got three
the silent one was closed
2 connections, 11 bytes echoed, 1 left, 1 were silent for too long
";
    assert_eq!(output("mio_timer", &[]), expected);
}

#[cfg(feature = "mio")]
#[test]
fn udp_feed() {
    let expected = "\
decode
├─ decode                                   -> Result<Tick, String>
├─ and_then                                 -> Result<Tick, String>
│  └─ within_window   reads Feed
├─ catch                                    -> Option<Tick>
│  └─ on_broken       writes Feed
├─ and_then                                 -> Option<Tick>
│  └─ in_order        writes Feed
├─ map                                      -> Option<()>
│  └─ on_tick         writes Prices
└─ map                                      -> Option<()>
   └─ until_the_last  reads Feed, Shutdown
90 ticks, the last at 1099; 10 lost
1 broken: 5 bytes instead of 16
";
    assert_eq!(output("udp_feed", &[]), expected);
}

#[cfg(all(feature = "mio", feature = "timer"))]
#[test]
fn ab_feed() {
    let expected = "\
line A: 86 packets; the other line had 11 more
line B: 80 packets; the other line had 17 more
69 duplicates; 3 gaps given up: [17..18, 52..53, 87..88]
291 prices, the last is 992
";
    assert_eq!(output("ab_feed", &[]), expected);
    let plan = output("ab_feed", &["--plan"]);
    assert!(plan.contains("│  └─ arbitrate      reads Clock; writes Feed") && plan.contains("├─ give_up "), "{plan}");
}

/// A row of a table: a name, and the numbers after it.
#[cfg(any(feature = "mio", feature = "ring"))]
fn row<'t>(text: &'t str, name: &str) -> Vec<&'t str> {
    let row = text.lines().find_map(|line| line.trim_start().strip_prefix(name));
    row.unwrap_or_else(|| panic!("no row begins with `{name}`:\n{text}")).split_whitespace().collect()
}

#[cfg(feature = "ring")]
#[test]
fn ingress() {
    let text = output("ingress", &[]);
    for policy in ["Wait", "Refuse", "DropOldest"] {
        let [sent, handled, lost] =
            [0, 1, 2].map(|column| row(&text, policy)[column].parse::<u64>().expect("a number"));
        assert_eq!(handled + lost, sent, "{text}");
    }
}

#[cfg(feature = "mio")]
#[test]
fn many_worlds() {
    let text = output("many_worlds", &["--worlds", "3", "--clients", "200"]);
    let served = [0, 1, 2].map(|world| {
        let row = row(&text, &format!("world {world}:"));
        assert_eq!((row[0], row[1]), (row[2], "connections,"), "{text}");
        row[0].parse::<u64>().expect("a number")
    });
    assert_eq!(served.iter().sum::<u64>(), 200, "{text}");
    let end = "3 worlds: 200 connections, 200 lines\nthe shutdown ended 20 that were still there\n";
    assert!(text.ends_with(end), "{text}");
}

#[cfg(feature = "ring")]
#[test]
fn mesh() {
    for wait in ["block", "backoff=10", "yield"] {
        let text = output("mesh", &["--wait", wait, "--rounds", "500"]);
        assert!(text.starts_with(&format!("500 round trips between two loops that wait by `{wait}`\n")), "{text}");
        let rates = ["1 in flight:", "64 in flight:"].map(|name| row(&text, name)[0].parse::<u64>().expect("a number"));
        assert!(rates.iter().all(|rate| *rate > 0), "{text}");
    }
}

#[cfg(all(feature = "mio", feature = "ring", feature = "signals", feature = "timer"))]
#[test]
fn controller() {
    for sleep in ["sockets", "parker"] {
        let text = output("controller", &["--ticks", "200", "--sleep", sleep, "--wait", "backoff=10"]);
        let (_, table) = text.split_once("ticks\n").expect("a heading");
        let names = ["10 µs", "20 µs", "50 µs", "100 µs", "200 µs", "500 µs", "1000 µs", "more"];
        let counts = names.map(|name| row(table, name)[0].parse::<u64>().expect("a number"));
        assert_eq!(counts.iter().sum::<u64>(), 200, "{text}");
        assert!(text.contains("ticks were reported as later than 500µs"), "{text}");
    }
}

#[cfg(all(feature = "mio", feature = "ring"))]
#[test]
fn wait_latency() {
    let text = output("wait_latency", &["--samples", "20"]);
    for place in ["`Parker`", "sockets"] {
        for wait in ["spin", "yield", "backoff", "block"] {
            let columns = row(&text, &format!("| {place} | `{wait}` |"));
            assert!(columns[0].parse::<f64>().is_ok_and(|median| median > 0.0), "{text}");
        }
    }
}

#[test]
fn gateway() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(here.join("../../README.md")).unwrap();
    let source = std::fs::read_to_string(here.join("examples/gateway.rs")).unwrap();
    let (_, program) = source.split_once("\n\n").expect("a header, then the program");
    assert!(readme.contains(&format!("```rust\n{program}```\n")), "the README shows this program");
    let printed = output("gateway", &[]);
    assert!(readme.contains(&format!("```text\n{printed}```\n")), "the README shows what it prints:\n{printed}");
}

#[test]
fn mock_runtime() {
    let expected = "\
3: 2 events
9: 1 events
12: 0 events
10 (now 12): best 105 after 2 updates
31: 2 events
20 (now 31): best 110 after 4 updates
30 (now 31): best 110 after 4 updates
";
    assert_eq!(output("mock_runtime", &[]), expected);
}

/// The figures are of no interest here, only that there are some in each row.
#[test]
fn perf() {
    for (name, rows) in [("perf_template", 16), ("perf_construction", 11)] {
        let text = output(name, &["640"]);
        let measured = text.lines().filter_map(|line| line.get(34..)).filter(|columns| {
            let figures: Vec<_> = columns.split_whitespace().map(str::parse::<f64>).collect();
            figures.len() == 6 && figures.iter().all(Result::is_ok)
        });
        assert_eq!(measured.count(), rows, "{text}");
    }
}

#[test]
fn plan() {
    let text = output("plan", &[]);
    assert!(
        text.starts_with("decode\n├─ decode")
            && text.ends_with("Some(500) Some(5)\nnot an order\nNone None\nNone None\nSome(612) Some(11)\n")
    );
    assert!(output("plan", &["dot"]).starts_with("digraph plan {\n"));
    assert!(output("plan", &["mermaid"]).starts_with("flowchart TD\n"));
    assert!(output("plan", &["json"]).starts_with("{\"name\":\"decode\","));
}

/// The example `mio_timer` as a server.
#[cfg(all(unix, feature = "mio", feature = "timer", feature = "signals"))]
mod echo {
    use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
    use std::net::{Shutdown, TcpStream};
    use std::process::{Child, Command, Stdio};
    use std::thread;
    use std::time::Duration;

    /// It ends with its test.
    struct Server {
        child: Child,
        address: String,
    }

    impl Server {
        fn start(files: u32) -> Self {
            let mut server = Command::new("sh");
            let limited = format!("ulimit -n {files}; exec \"$0\" 127.0.0.1:0");
            server.args(["-c", &limited]).arg(super::example("mio_timer"));
            let child = server.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
            let mut child = child.expect("there is a shell");
            let mut line = String::new();
            let mut output = BufReader::new(child.stdout.take().expect("it is piped"));
            output.read_line(&mut line).expect("it prints its address");
            let address = line.strip_prefix("listening on ").and_then(|rest| rest.split(',').next());
            Self { child, address: address.expect("an address").to_owned() }
        }

        fn connect(&self) -> TcpStream {
            let client = TcpStream::connect(&self.address).expect("the backlog has room");
            client.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket can be told so");
            client.set_write_timeout(Some(Duration::from_secs(30))).expect("a socket can be told so");
            client
        }

        /// Ends it, and returns its messages.
        fn end(mut self) -> String {
            self.child.kill().expect("it runs until then");
            let mut errors = String::new();
            self.child.stderr.take().expect("it is piped").read_to_string(&mut errors).expect("text");
            errors
        }
    }

    impl Drop for Server {
        fn drop(&mut self) {
            _ = self.child.kill();
            _ = self.child.wait();
        }
    }

    /// Twenty clients of a server that has files for a few.
    #[test]
    fn who_finds_no_file_left_is_served_when_another_leaves() {
        let server = Server::start(16);
        let mut clients: Vec<_> = (0..20).map(|_| server.connect()).collect();
        clients.iter_mut().for_each(|client| client.write_all(b"hello").expect("a fresh socket has room"));
        for (n, mut client) in clients.into_iter().enumerate() {
            let mut reply = [0; 5];
            client.read_exact(&mut reply).unwrap_or_else(|error| panic!("client {n} was not served: {error}"));
            assert_eq!(&reply, b"hello");
        }
        let errors = server.end();
        assert!(errors.contains("clients have to wait"), "files were left for all: {errors}");
    }

    #[test]
    fn who_finishes_its_side_reads_all_of_its_echo() {
        let server = Server::start(64);
        for length in [1, 6, 4_096, 10_000, 5_000_000].repeat(5) {
            let mut client = server.connect();
            let mut writer = client.try_clone().expect("there is a file for it");
            let writer = thread::spawn(move || {
                writer.write_all(&vec![b'x'; length])?;
                writer.shutdown(Shutdown::Write)
            });
            let mut reply = Vec::new();
            client.read_to_end(&mut reply).expect("the end of the stream follows the echo");
            assert!(reply.len() == length, "{} of {length} bytes came back", reply.len());
            writer.join().expect("it does not panic").expect("all was sent");
        }
    }

    /// The buffers of the system hold less than what this client sends, so the rest would be in the server.
    #[test]
    fn what_a_client_that_never_reads_sends_is_not_read_without_limit() {
        let server = Server::start(64);
        let mut client = server.connect();
        let end = (0..200).try_for_each(|_| client.write_all(&[b'x'; 1_000_000]));
        let error = end.expect_err("the server read it all").kind();
        assert!(matches!(error, ErrorKind::ConnectionReset | ErrorKind::BrokenPipe), "it was not closed: {error}");
    }
}
