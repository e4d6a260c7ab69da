//! The process of the example, seen from outside: by sockets, and by the engine of QuickFIX.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::gateway::message::utc;
use crate::rig::framed;

/// A gateway that serves, and ends with its test.
struct Gateway {
    child: Child,
    port: String,
}

impl Gateway {
    fn start() -> Self {
        let example = build().join("examples/fix_gateway");
        let mut command = Command::new(&example);
        let child = command.args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
        let mut child = child.unwrap_or_else(|error| panic!("{error}: run `cargo build --examples`"));
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let port = line.trim_end().strip_prefix("listening on 127.0.0.1:").expect("it says where").to_owned();
        Self { child, port }
    }

    fn connect(&self) -> TcpStream {
        let client = TcpStream::connect(format!("127.0.0.1:{}", self.port)).unwrap();
        client.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        client
    }

    fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until it ends well, and returns why connections ended.
    fn end(mut self) -> Vec<String> {
        let mut errors = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut errors).unwrap();
        assert!(self.child.wait().unwrap().success());
        errors.lines().map(|line| line.split_once(": ").unwrap().1.to_owned()).collect()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// The folder of the build: `target/debug`, of which test binaries lie in `deps`.
fn build() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
}

/// Reads until the other side ends, and returns the types of its messages.
fn kinds(client: &mut TcpStream) -> Vec<String> {
    let mut text = String::new();
    client.read_to_string(&mut text).unwrap();
    text.split('\x01').filter_map(|field| field.strip_prefix("35=").map(str::to_owned)).collect()
}

#[test]
fn strangers_are_hung_up_on() {
    let gateway = Gateway::start();
    let logon = "35=A|34=1|49=NOBODY|56=GATEWAY|52=20240229-00:00:00|98=0|108=30";
    for bytes in [b"GET /orders HTTP/1.1\r\n\r\n".to_vec(), framed(logon)] {
        let mut client = gateway.connect();
        client.write_all(&bytes).unwrap();
        assert_eq!(kinds(&mut client), [""; 0]);
    }
    gateway.signal("-TERM");
    let ends = gateway.end();
    let begin = "malformed input: a message does not begin with `8=FIX.4.4` and a body length";
    assert_eq!(ends, [begin, "these CompIDs cannot log on"]);
}

#[test]
fn who_sends_byte_by_byte_is_served_and_logged_out_by_ctrl_c() {
    let gateway = Gateway::start();
    let mut clients = ["CLIENT", "SECOND"].map(|name| {
        let mut client = gateway.connect();
        let now = utc(SystemTime::now().duration_since(UNIX_EPOCH).unwrap());
        let text = format!("35=A|34=1|49={name}|56=GATEWAY|52={now}|98=0|108=30");
        for byte in framed(&text) {
            client.write_all(&[byte]).unwrap();
        }
        // Its reply has begun to come.
        client.read_exact(&mut [0; 10]).unwrap();
        client
    });
    gateway.signal("-INT");
    for client in &mut clients {
        assert_eq!(kinds(client), ["A", "5"]);
    }
    drop(clients);
    assert_eq!(gateway.end(), ["the program ends"; 2]);
}

/// A Python that has QuickFIX: of the environment that `.ci/run` makes, or the system's. `None`, and said so, where
/// there is none. In CI there must be, unless `.ci/run` found that it cannot be installed.
fn python() -> Option<PathBuf> {
    let own = build().join("../quickfix/bin/python");
    let has_it = |python: &PathBuf| {
        let import = Command::new(python).args(["-c", "import quickfix"]).stderr(Stdio::null()).status();
        import.is_ok_and(|status| status.success())
    };
    let found = [own, "python3".into()].into_iter().find(has_it);
    if found.is_none() {
        let must = env::var_os("CI").is_some() && env::var_os("WITHOUT_QUICKFIX").is_none();
        assert!(!must, "QuickFIX must be there in CI: `.ci/run` installs it");
        println!("SKIPPED: no Python with QuickFIX to talk to; `.ci/run` shows how to install it");
    }
    found
}

#[test]
fn quickfix_trades_loses_messages_leaves_and_comes_back() {
    let Some(python) = python() else { return };
    let gateway = Gateway::start();
    let id = gateway.child.id().to_string();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("quickfix-{id}"));
    fs::create_dir_all(&folder).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fix_gateway/quickfix_client.py");
    let client = Command::new(python).arg(script).args([&gateway.port, &id]).arg(&folder).output().unwrap();
    let [printed, errors] = [&client.stdout, &client.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(client.status.success(), "{printed}{errors}\nits log: {}", folder.display());
    assert!(printed.ends_with("ok: the gateway said goodbye\n"), "{printed}");
    // The client has ended it, with SIGTERM.
    let ends = gateway.end();
    assert_eq!(ends, ["goodbye", "the program ends"]);
    fs::remove_dir_all(folder).unwrap();
}
