//! The demos under valgrind's memcheck: no error, and nothing leaked.

use std::fs::{self, File};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::command::{Run, is_there};
use super::{Outcome, Room};

/// What ends by itself: market-data, with arguments that take it through all that it does.
const RUNS: &[&str] = &["--bars", "--json", "--plan json"];

/// What clients ask of kv-server, and that clients ask it.
const CLIENTS: &str =
    "redis-benchmark -q -n 2000 -c 20 -P 4 -r 500 -t ping,set,get,incr,lpush,rpop,sadd,hset,lrange_100,mset";

const VALGRIND: &[&str] = &[
    "valgrind",
    "--error-exitcode=9",
    "--leak-check=full",
    "--show-leak-kinds=definite,indirect,possible",
    "--errors-for-leak-kinds=definite,indirect,possible",
];

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("valgrind", &["--version"]) {
        return Err("valgrind is missing: `apt-get install valgrind`".into());
    }
    let run = |line: &str, log: &str| Run { folder: &room.root, line, environment: &[], log: &room.path(log) }.run();
    run("cargo build --release --workspace --bins", "build.log")?;
    for (number, arguments) in RUNS.iter().enumerate() {
        room.once(&number.to_string(), || {
            let program = room.root.join("target/release/market-data");
            clean(&run(&format!("{} {} {arguments}", VALGRIND.join(" "), program.display()), &format!("{number}.log"))?)
        })?;
    }
    if !is_there("redis-benchmark", &["--version"]) {
        return Err("redis-benchmark is missing: `apt-get install redis-tools`".into());
    }
    room.once("kv-server", || serve(room))?;
    Ok(format!("{} runs of market-data, kv-server under redis-benchmark: no error, no leak", RUNS.len()))
}

/// Runs kv-server, has it serve clients, and asks it to stop.
fn serve(room: &Room) -> Outcome {
    let log = room.path("kv-server.log");
    let at = |error: std::io::Error| format!("{}: {error}", log.display());
    let file = File::create(&log).map_err(at)?;
    let mut command = Command::new(VALGRIND[0]);
    command.args(&VALGRIND[1..]).arg(room.root.join("target/release/kv-server")).args(["--port", "0"]);
    println!("prove: kv-server under valgrind, and {CLIENTS}");
    let mut server =
        command.stdout(file.try_clone().map_err(at)?).stderr(file).stdin(Stdio::null()).spawn().map_err(at)?;
    let served = port(&log).and_then(|port| {
        let line = format!("{CLIENTS} -p {port}");
        Run { folder: &room.root, line: &line, environment: &[], log: &room.path("clients.log") }.run()
    });
    let status = stop(&mut server).map_err(at)?;
    served?;
    if !status {
        return Err(format!("kv-server did not end well, see {}", log.display()));
    }
    clean(&fs::read_to_string(&log).map_err(at)?)
}

/// The port on which the server says that it listens.
fn port(log: &std::path::Path) -> Outcome {
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) {
        let text = fs::read_to_string(log).unwrap_or_default();
        let after = text.split("127.0.0.1:").nth(1).unwrap_or_default();
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        if after.len() > digits.len() && !digits.is_empty() {
            return Ok(digits);
        }
        thread::sleep(Duration::from_millis(100));
    }
    Err(format!("kv-server does not say where it listens, see {}", log.display()))
}

/// Asks a program to end, and says whether it did well.
fn stop(child: &mut Child) -> std::io::Result<bool> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(120) {
        if let Some(status) = child.try_wait()? {
            return Ok(status.success());
        }
        thread::sleep(Duration::from_millis(100));
    }
    child.kill()?;
    Ok(false)
}

/// What valgrind says in the end, if it found nothing.
fn clean(log: &str) -> Outcome {
    let summary = log.lines().find(|line| line.contains("ERROR SUMMARY: 0 errors"));
    summary.map(str::to_owned).ok_or_else(|| "valgrind did not find the program clean".to_owned())
}
