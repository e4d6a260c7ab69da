//! `Client`: a connection that sends commands and reads replies.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::{Counts, Outcome};

/// Adds a command as clients send it.
pub(crate) fn command(bytes: &mut Vec<u8>, words: &[&[u8]]) {
    bytes.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        bytes.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        bytes.extend_from_slice(word);
        bytes.extend_from_slice(b"\r\n");
    }
}

/// Connects to the server.
pub(crate) fn connect(address: &str) -> Outcome<TcpStream> {
    let socket = TcpStream::connect(address)?;
    socket.set_nodelay(true)?;
    // A missing reply is a failure, not a reason to wait forever.
    socket.set_read_timeout(Some(Duration::from_secs(120)))?;
    Ok(socket)
}

/// A connection to the server.
pub(crate) struct Client {
    socket: BufReader<TcpStream>,
}

impl Client {
    pub(crate) fn connect(address: &str, counts: &Counts) -> Outcome<Self> {
        let socket = connect(address)?;
        counts.connections.fetch_add(1, Ordering::Relaxed);
        Ok(Self { socket: BufReader::new(socket) })
    }

    /// Sends a command, and checks its reply if one is given.
    pub(crate) fn expect(&mut self, words: &[&[u8]], reply: Option<&[u8]>) -> Outcome<()> {
        let mut bytes = Vec::new();
        command(&mut bytes, words);
        self.socket.get_mut().write_all(&bytes)?;
        let got = self.reply()?;
        match reply {
            Some(reply) if reply != got => {
                Err(format!("got {} and not {}", got.escape_ascii(), reply.escape_ascii()).into())
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn send_in_pieces(&mut self, random: &mut Random, mut bytes: &[u8]) -> Outcome<()> {
        while !bytes.is_empty() {
            let most = bytes.len() as u64;
            let length = if random.below(3) == 0 { 1 + random.below(most) } else { most };
            let (piece, rest) = bytes.split_at(usize::try_from(length)?);
            self.socket.get_mut().write_all(piece)?;
            bytes = rest;
        }
        Ok(())
    }

    /// Reads a reply with all of its bytes.
    pub(crate) fn reply(&mut self) -> Outcome<Vec<u8>> {
        let mut bytes = Vec::new();
        // The number of parts of the reply that are still to come.
        let mut missing = 1_usize;
        while missing > 0 {
            missing -= 1;
            let start = bytes.len();
            if self.socket.read_until(b'\n', &mut bytes)? == 0 {
                return Err("the server closed a connection that did nothing wrong".into());
            }
            let line = str::from_utf8(&bytes[start..])?.trim_end();
            let number = || line[1..].parse::<i64>().map(|number| usize::try_from(number).ok());
            match line.as_bytes().first() {
                Some(b'*') => missing += number()?.unwrap_or(0),
                Some(b'$') => {
                    if let Some(length) = number()? {
                        let at = bytes.len();
                        bytes.resize(at + length + 2, 0);
                        self.socket.read_exact(&mut bytes[at..])?;
                    }
                }
                _ => {}
            }
        }
        Ok(bytes)
    }
}

/// Marsaglia's 64-bit xorshift.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) % end
    }
}
