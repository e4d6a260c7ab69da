//! The process of the example, and the engine of QuickFIX as its client.

use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Ends with its test.
struct Gateway(Child);

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// The folder of the build: `target/debug`, of which test binaries lie in `deps`.
fn build() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(2).unwrap().to_owned()
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
        println!("SKIPPED: no Python with QuickFIX to talk to; `.ci/run` says how to install it");
    }
    found
}

#[test]
fn quickfix_trades_loses_messages_leaves_and_comes_back() {
    let Some(python) = python() else { return };
    let example = build().join("examples/fix_gateway");
    let gateway = Command::new(&example).args(["--port", "0"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut gateway = Gateway(gateway.unwrap_or_else(|error| panic!("{error}: run `cargo build --examples`")));
    let mut output = BufReader::new(gateway.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let port = line.trim_end().strip_prefix("listening on 127.0.0.1:").expect("it says where");

    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("quickfix-{}", gateway.0.id()));
    fs::create_dir_all(&folder).unwrap();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fix_gateway/quickfix_client.py");
    let client = Command::new(python).arg(script).args([port, &gateway.0.id().to_string()]).arg(&folder).output();
    let client = client.unwrap();
    let [printed, errors] = [&client.stdout, &client.stderr].map(|bytes| String::from_utf8_lossy(bytes));
    assert!(client.status.success(), "{printed}{errors}\nits log: {}", folder.display());
    assert!(printed.ends_with("ok: the gateway said goodbye\n"), "{printed}");

    // The client has ended it, with SIGTERM.
    assert!(gateway.0.wait().unwrap().success());
    line.clear();
    output.read_to_string(&mut line).unwrap();
    assert_eq!(line, "0 messages were ignored\n");
    line.clear();
    gateway.0.stderr.take().unwrap().read_to_string(&mut line).unwrap();
    let ends: Vec<_> = line.lines().filter_map(|line| Some(line.rsplit_once(": ")?.1)).collect();
    assert_eq!(ends, ["logged out", "the program ends"]);
    fs::remove_dir_all(folder).unwrap();
}
