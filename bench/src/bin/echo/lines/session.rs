//! One hand-written connection, shared by raw `mio` and calloop.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;

use memchr::memchr;

use super::LONGEST;
use crate::stream::Stream;

/// The largest read, as in our driver.
const READ: usize = 64 * 1024;

/// The largest number of bytes that may wait to be sent.
const UNSENT: usize = 1 << 20;

/// The buffers of a thread, shared by its connections.
pub(super) struct Buffers {
    read: Box<[u8]>,
    out: Vec<u8>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { read: vec![0; READ].into(), out: Vec::new() }
    }
}

/// The state of a connection besides its stream.
#[derive(Default)]
pub(super) struct Session {
    /// The beginning of an incomplete line.
    partial: Vec<u8>,
    /// The bytes that could not be sent.
    unsent: Vec<u8>,
}

/// Whether a connection continues.
#[derive(PartialEq, Eq)]
pub(super) enum Then {
    Stays,
    Ends,
}

impl Session {
    /// Returns whether the connection waits for room to send.
    pub(super) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Reads what is available, echoes the complete lines, and writes once. Returns the number of bytes sent.
    #[inline]
    pub(super) fn turn(&mut self, mut stream: &Stream, buffers: &mut Buffers) -> io::Result<(Then, u64)> {
        let mut then = Then::Stays;
        loop {
            match stream.read(&mut buffers.read) {
                Ok(0) => {
                    then = Then::Ends;
                    break;
                }
                Ok(length) => {
                    let bytes = &buffers.read[..length];
                    if self.partial.is_empty() {
                        let rest = echo(bytes, &mut buffers.out)?;
                        self.partial.extend_from_slice(rest);
                    } else {
                        self.partial.extend_from_slice(bytes);
                        let left = echo(&self.partial, &mut buffers.out)?.len();
                        self.partial.drain(..self.partial.len() - left);
                    }
                    // A short read empties the socket: later bytes are an event of their own.
                    if length < buffers.read.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        let sent = self.send(stream, &mut buffers.out)?;
        Ok((then, sent))
    }

    /// Sends the output, after the bytes that could not be sent before.
    #[inline]
    pub(super) fn send(&mut self, mut stream: &Stream, out: &mut Vec<u8>) -> io::Result<u64> {
        if !self.unsent.is_empty() {
            self.unsent.append(out);
            mem::swap(&mut self.unsent, out);
        }
        let mut sent = 0;
        while sent < out.len() {
            match stream.write(&out[sent..]) {
                Ok(length) => sent += length,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.unsent.extend_from_slice(&out[sent..]);
        out.clear();
        if self.unsent.len() > UNSENT { Err(ErrorKind::OutOfMemory.into()) } else { Ok(sent as u64) }
    }
}

/// Echoes each complete line. Returns the rest.
#[inline]
fn echo<'b>(mut bytes: &'b [u8], out: &mut Vec<u8>) -> io::Result<&'b [u8]> {
    while let Some(end) = memchr(b'\n', bytes) {
        let line = &bytes[..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LONGEST {
            return Err(ErrorKind::InvalidData.into());
        }
        out.extend_from_slice(line);
        out.push(b'\n');
        bytes = &bytes[end + 1..];
    }
    if bytes.len() > LONGEST + 1 { Err(ErrorKind::InvalidData.into()) } else { Ok(bytes) }
}
