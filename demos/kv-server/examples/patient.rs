//! Checks that a server answers correctly while its system calls fail.
//!
//! ```text
//! patient ADDRESS SECONDS LEAST LONGEST
//! ```
//!
//! This client reconnects when its connection is dropped, asks again when no reply arrives, and stops at the first
//! wrong reply. It fails if fewer than LEAST replies arrive, or if one never arrives; with LEAST 0, no reply is
//! required. The longest value has LONGEST bytes. `demos/faults.sh` and `demos/kv-server/memcheck.sh` use it.

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// How long to wait for a reply before asking again.
const PATIENCE: Duration = Duration::from_millis(50);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let [address, seconds, least, longest] = &args[..] else {
        _ = writeln!(io::stderr(), "usage: patient ADDRESS SECONDS LEAST LONGEST");
        return ExitCode::FAILURE;
    };
    match run(address, seconds, least, longest) {
        Ok(summary) => {
            _ = writeln!(io::stdout(), "{summary}");
            ExitCode::SUCCESS
        }
        Err(failure) => {
            _ = writeln!(io::stderr(), "patient: {failure}");
            ExitCode::FAILURE
        }
    }
}

/// The outcome of a request.
enum Answer {
    Right,
    Dropped,
}

#[derive(Default)]
struct Counts {
    right: u64,
    dropped: u64,
    again: u64,
}

fn run(address: &str, seconds: &str, least: &str, longest: &str) -> Result<String, Box<dyn Error>> {
    let end = Instant::now() + Duration::from_secs(seconds.parse()?);
    let (least, longest): (u64, usize) = (least.parse()?, longest.parse()?);
    let mut counts = Counts::default();
    let mut connections = 0_u64;
    'connections: while Instant::now() < end {
        connections += 1;
        let Ok(mut socket) = TcpStream::connect(address) else { continue };
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        // Each connection has a key of its own, since a request without a reply may or may not have been carried out.
        let key = format!("patient:{connections}");
        for n in 0..20_usize {
            let value = if n % 10 == 9 { "v".repeat(longest - n) } else { format!("value {n}") };
            let requests = [
                (command(&["SET", &key, &value]), b"+OK\r\n".to_vec()),
                (command(&["GET", &key]), format!("${}\r\n{value}\r\n", value.len()).into_bytes()),
            ];
            for (request, expected) in requests {
                match ask(&mut socket, &request, &expected, end, least, &mut counts)? {
                    Answer::Right => counts.right += 1,
                    Answer::Dropped => {
                        counts.dropped += 1;
                        continue 'connections;
                    }
                }
            }
        }
    }
    let Counts { right, dropped, again } = counts;
    let summary =
        format!("{right} right replies, {connections} connections, {dropped} dropped, asked again {again} times");
    if right < least { Err(format!("only {summary}").into()) } else { Ok(summary) }
}

/// Sends a request and waits for its reply. If none comes, it sends a PING, which makes the server look at the
/// connection again.
fn ask(
    socket: &mut TcpStream,
    request: &[u8],
    expected: &[u8],
    end: Instant,
    least: u64,
    counts: &mut Counts,
) -> Result<Answer, Box<dyn Error>> {
    if socket.write_all(request).is_err() {
        return Ok(Answer::Dropped);
    }
    let mut expected = expected.to_vec();
    let mut got = Vec::new();
    let mut room = vec![0; 1 << 16];
    while got.len() < expected.len() {
        match socket.read(&mut room) {
            Ok(0) => return Ok(Answer::Dropped),
            Ok(length) => got.extend_from_slice(&room[..length]),
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                if least == 0 && Instant::now() > end {
                    return Ok(Answer::Dropped);
                }
                if Instant::now() > end + Duration::from_secs(5) {
                    return Err("a reply never came, however often it was asked for".into());
                }
                counts.again += 1;
                if socket.write_all(b"PING\r\n").is_err() {
                    return Ok(Answer::Dropped);
                }
                expected.extend_from_slice(b"+PONG\r\n");
                // A connection that waits to be accepted is accepted when the next one comes.
                drop(TcpStream::connect(socket.peer_addr()?));
            }
            Err(_) => return Ok(Answer::Dropped),
        }
        if !expected.starts_with(&got) {
            let shown = &got[..got.len().min(200)];
            return Err(format!("a wrong reply: {}", shown.escape_ascii()).into());
        }
    }
    Ok(Answer::Right)
}

/// Encodes a command as clients send it.
fn command(words: &[&str]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        bytes.extend(format!("${}\r\n{word}\r\n", word.len()).bytes());
    }
    bytes
}
