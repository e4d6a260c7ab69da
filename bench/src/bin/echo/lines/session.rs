//! One connection by hand: what raw `mio` and calloop share.

use std::io::{self, ErrorKind, Read, Write};
use std::mem;

use memchr::memchr;

use super::LONGEST;
use crate::stream::Stream;

/// The most that is read at once, as by our driver.
const READ: usize = 64 * 1024;

/// The most that may wait to be sent.
const UNSENT: usize = 1 << 20;

/// The buffers of a thread, which its connections share.
pub(super) struct Buffers {
    read: Box<[u8]>,
    out: Vec<u8>,
}

impl Buffers {
    pub(super) fn new() -> Self {
        Self { read: vec![0; READ].into(), out: Vec::new() }
    }
}

/// What is kept of a connection beside its stream.
#[derive(Default)]
pub(super) struct Session {
    /// The beginning of a line that is not whole.
    partial: Vec<u8>,
    /// What could not be sent.
    unsent: Vec<u8>,
}

/// Whether a connection goes on.
#[derive(PartialEq, Eq)]
pub(super) enum Then {
    Stays,
    Ends,
}

impl Session {
    /// Whether it is to be told when there is room to send.
    pub(super) fn is_blocked(&self) -> bool {
        !self.unsent.is_empty()
    }

    /// Reads what there is, echoes the lines that are whole, and writes once. Gives the number of bytes sent.
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
                    // A short read empties the socket: what comes later is an event of its own.
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

    /// Sends what there is, after what could not be sent before.
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

/// Echoes each whole line; gives the rest.
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
