//! A server process for tests, and clients.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// The timeout for what must happen, however slow the machine.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// Waits until `holds` is true. For state that the server does not announce, so that the test has to ask again and
/// again.
pub(crate) fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let started = Instant::now();
    while !holds() {
        assert!(started.elapsed() < LONG, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// A process that is stopped when its test ends.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) banner: String,
}

impl Server {
    /// Starts a `kv-server` on a free port.
    pub(crate) fn start(args: &[&str]) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kv-server"));
        Self::spawn(command.args(["--port", "0"]).args(args))
    }

    /// Starts the command, which must run a `kv-server` that prints its address.
    pub(crate) fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.as_mut().unwrap());
        let mut banner = String::new();
        // A journal and the metrics have a line each.
        let more = command.get_args().filter(|argument| *argument == "--journal" || *argument == "--metrics").count();
        for _ in 0..3 + more {
            lines.read_line(&mut banner).unwrap();
        }
        let address = banner.lines().next().unwrap().rsplit(' ').next().unwrap().parse().unwrap();
        Self { child, address, banner }
    }

    pub(crate) fn client(&self) -> Client {
        Client::connect(self.address)
    }

    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    /// Waits until the process has ended by itself. Returns whether it ended well.
    pub(crate) fn ends_well(&mut self) -> bool {
        self.child.wait().unwrap().success()
    }

    /// Returns a line of `/proc/PID/status`, in KiB.
    pub(crate) fn memory_kb(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let value = status.lines().find_map(|text| text.strip_prefix(line)).unwrap();
        value.trim_start_matches(':').trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Returns a number from INFO, which a new client asks for.
    pub(crate) fn info(&self, name: &str) -> u64 {
        self.client().info(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// A reply of the protocol.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<Vec<u8>>),
    Array(Option<Vec<Reply>>),
    /// RESP3: nothing.
    Null,
    /// RESP3: a map `%`, a set `~` or a push `>`, with all its elements.
    Elements(char, Vec<Reply>),
    /// RESP3: a text with its format `=`, a double `,`, a boolean `#` or a big number `(`.
    Typed(char, Vec<u8>),
}

impl std::fmt::Debug for Reply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Simple(text) => write!(f, "+{text}"),
            Self::Error(text) => write!(f, "-{text}"),
            Self::Integer(number) => write!(f, ":{number}"),
            Self::Bulk(Some(bytes)) => write!(f, "\"{}\"", bytes.escape_ascii()),
            Self::Bulk(None) => f.write_str("nil"),
            Self::Array(Some(replies)) => replies.fmt(f),
            Self::Array(None) => f.write_str("nil array"),
            Self::Null => f.write_str("null"),
            Self::Elements(kind, replies) => write!(f, "{kind}{replies:?}"),
            Self::Typed(kind, bytes) => write!(f, "{kind}{}", bytes.escape_ascii()),
        }
    }
}

pub(crate) fn bulk(text: &str) -> Reply {
    Reply::Bulk(Some(text.as_bytes().to_vec()))
}

pub(crate) fn ok() -> Reply {
    Reply::Simple("OK".into())
}

/// A connection.
pub(crate) struct Client {
    pub(crate) socket: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        let socket = TcpStream::connect(address).unwrap();
        socket.set_nodelay(true).unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        socket.set_write_timeout(Some(LONG)).unwrap();
        Self { socket: BufReader::new(socket) }
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.socket.get_mut().write_all(bytes).unwrap();
    }

    /// Reads a reply. Returns `None` if the connection was closed instead.
    pub(crate) fn try_reply(&mut self) -> Option<Reply> {
        let line = self.line().ok().filter(|line| !line.is_empty())?;
        Some(self.rest_of(line).expect("a whole reply"))
    }

    /// Reads a reply. Returns `None` if the server was killed before all of it was sent. A garbled one is a failure.
    pub(crate) fn try_whole_reply(&mut self) -> Option<Reply> {
        use std::io::ErrorKind::{ConnectionReset, UnexpectedEof};
        match self.whole_reply() {
            Ok(reply) => Some(reply),
            Err(error) if matches!(error.kind(), UnexpectedEof | ConnectionReset) => None,
            Err(error) => panic!("{error}"),
        }
    }

    fn whole_reply(&mut self) -> io::Result<Reply> {
        let line = self.line()?;
        self.rest_of(line)
    }

    /// Reads a line with its end, or what there is of it if the stream ends.
    fn line(&mut self) -> io::Result<Vec<u8>> {
        let mut line = Vec::new();
        self.socket.read_until(b'\n', &mut line)?;
        Ok(line)
    }

    /// Reads the rest of a reply, after its first line.
    fn rest_of(&mut self, line: Vec<u8>) -> io::Result<Reply> {
        if !line.ends_with(b"\n") {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let line = String::from_utf8_lossy(line.strip_suffix(b"\r\n").expect("a line ends with CR LF")).into_owned();
        let (kind, rest) = line.split_at_checked(1).unwrap_or_else(|| panic!("a reply that is {line:?}"));
        let length = || usize::try_from(rest.parse::<i64>().unwrap()).ok();
        Ok(match kind {
            "+" => Reply::Simple(rest.into()),
            "-" => Reply::Error(rest.into()),
            ":" => Reply::Integer(rest.parse().unwrap()),
            "$" => Reply::Bulk(length().map(|length| self.bytes(length)).transpose()?),
            "=" => Reply::Typed('=', self.bytes(length().unwrap())?),
            "," => Reply::Typed(',', rest.into()),
            "#" => Reply::Typed('#', rest.into()),
            "_" => Reply::Null,
            "%" => Reply::Elements('%', self.elements(2 * length().unwrap())?),
            "~" => Reply::Elements('~', self.elements(length().unwrap())?),
            ">" => Reply::Elements('>', self.elements(length().unwrap())?),
            "*" => Reply::Array(length().map(|length| self.elements(length)).transpose()?),
            other => panic!("a reply that begins with {other:?}"),
        })
    }

    fn elements(&mut self, count: usize) -> io::Result<Vec<Reply>> {
        (0..count).map(|_| self.whole_reply()).collect()
    }

    /// Reads this many bytes and the end of their line.
    fn bytes(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; length + 2];
        self.socket.read_exact(&mut bytes)?;
        assert!(bytes.ends_with(b"\r\n"));
        bytes.truncate(length);
        Ok(bytes)
    }

    pub(crate) fn reply(&mut self) -> Reply {
        self.try_reply().expect("the connection is still open")
    }

    /// Sends a command and returns its reply.
    pub(crate) fn ask<T: AsRef<[u8]>>(&mut self, words: &[T]) -> Reply {
        self.send(&command(words));
        self.reply()
    }

    /// Sends a command and returns its reply, or `None` if the server has closed the connection.
    pub(crate) fn try_ask<T: AsRef<[u8]>>(&mut self, words: &[T]) -> Option<Reply> {
        self.socket.get_mut().write_all(&command(words)).ok()?;
        self.try_reply()
    }

    /// Returns a number from INFO.
    pub(crate) fn info(&mut self, name: &str) -> u64 {
        let Reply::Bulk(Some(text)) = self.ask(&["INFO"]) else { panic!("INFO is text") };
        let text = String::from_utf8(text).unwrap();
        text.lines().find_map(|line| line.strip_prefix(&format!("{name}:"))).unwrap().parse().unwrap()
    }

    /// Returns the reply to a PING, or `None` if the client was turned away.
    pub(crate) fn try_reply_to_ping(&mut self) -> Option<Reply> {
        self.socket.get_mut().write_all(&command(&["PING"])).ok()?;
        self.try_reply().filter(|reply| !matches!(reply, Reply::Error(_)))
    }

    /// Checks that the stream ends, without another reply and without a reset.
    pub(crate) fn ends(&mut self) {
        let mut rest = Vec::new();
        self.socket.read_to_end(&mut rest).expect("the end comes, and no reset");
        assert!(rest.is_empty(), "{}", rest.escape_ascii());
    }

    /// Returns whether the server has closed the connection, with nothing more to read.
    pub(crate) fn is_closed(&mut self) -> bool {
        let mut rest = Vec::new();
        matches!(self.socket.read_to_end(&mut rest), Ok(0) | Err(_)) && rest.is_empty()
    }
}

/// Encodes a command as clients send it.
pub(crate) fn command<T: AsRef<[u8]>>(words: &[T]) -> Vec<u8> {
    let mut bytes = format!("*{}\r\n", words.len()).into_bytes();
    for word in words {
        let word = word.as_ref();
        bytes.extend(format!("${}\r\n", word.len()).bytes());
        bytes.extend(word);
        bytes.extend(b"\r\n");
    }
    bytes
}

/// Pseudo-random numbers, which are the same for the same seed.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// Returns a number below `end`.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        // Marsaglia's 64-bit xorshift.
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }

    pub(crate) fn index(&mut self, end: usize) -> usize {
        usize::try_from(self.below(end as u64)).unwrap()
    }

    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.index(from.len())]
    }
}
