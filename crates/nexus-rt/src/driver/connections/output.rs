//! `Output`: what is to be sent to a connection, and what the OS had no room for.

use std::io;
use std::mem;
use std::time::Instant;

use super::stream::Stream;

#[derive(Default)]
pub(super) struct Output {
    /// What was written in this turn.
    pub(super) out: Vec<u8>,
    /// What was written before and could not be sent.
    backlog: Vec<u8>,
    /// How much of the backlog was sent.
    sent: usize,
    /// Since when the other side has read nothing of what waits for it.
    pub(super) blocked: Option<Instant>,
    /// Whether the OS had no room for more in this turn.
    full: bool,
}

impl Output {
    /// Starts a turn, in which it is tried again to send. `spare` is for what is written, if there is no buffer yet.
    #[inline]
    pub(super) fn start(&mut self, spare: &mut Vec<Vec<u8>>) {
        self.full = false;
        if self.out.capacity() == 0 {
            self.out = spare.pop().unwrap_or_default();
        }
    }

    /// Returns the number of bytes that wait to be sent.
    #[inline]
    pub(super) fn unsent(&self) -> usize {
        self.out.len() + self.backlog.len() - self.sent
    }

    /// Returns the memory that it holds, in bytes.
    #[inline]
    pub(super) fn capacity(&self) -> usize {
        self.out.capacity() + self.backlog.capacity()
    }

    /// Sends what there is room for. The OS reports when there is room for the rest. Returns the number of bytes.
    #[inline]
    pub(super) fn flush(&mut self, socket: &mut Stream, now: Instant) -> io::Result<usize> {
        let mut length = 0;
        while self.unsent() > 0 && !self.full {
            let written = match (&self.backlog[self.sent..], &*self.out) {
                ([], out) => socket.write(out),
                (backlog, []) => socket.write(backlog),
                (backlog, out) => socket.write_both(backlog, out),
            };
            match written {
                Ok(written) => {
                    length += written;
                    self.blocked = None;
                    self.has_sent(written);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.blocked.get_or_insert(now);
                    self.full = true;
                    self.keep();
                }
                Err(error) => return Err(error),
            }
        }
        Ok(length)
    }

    /// Drops what is unsent.
    pub(super) fn forget(&mut self) {
        self.out.clear();
        self.backlog.clear();
        (self.sent, self.blocked) = (0, None);
    }

    /// Takes the buffers that are empty.
    pub(super) fn unused(&mut self) -> impl Iterator<Item = Vec<u8>> {
        let buffers = [&mut self.out, &mut self.backlog];
        buffers.into_iter().filter(|buffer| buffer.is_empty() && buffer.capacity() > 0).map(mem::take)
    }

    #[inline]
    fn has_sent(&mut self, length: usize) {
        let backlog = length.min(self.backlog.len() - self.sent);
        self.sent += backlog;
        if self.sent == self.backlog.len() {
            self.backlog.clear();
            self.sent = 0;
        }
        let out = length - backlog;
        if out == self.out.len() {
            self.out.clear();
        } else if out > 0 {
            // There is no backlog any more.
            mem::swap(&mut self.out, &mut self.backlog);
            self.sent = out;
        }
    }

    /// Puts what was written after what could not be sent.
    fn keep(&mut self) {
        if self.backlog.is_empty() {
            mem::swap(&mut self.out, &mut self.backlog);
        }
        // Not each time, for then one that reads little at a time would have all the rest moved again and again.
        if self.sent > self.backlog.len() / 2 {
            self.backlog.drain(..self.sent);
            self.sent = 0;
        }
        self.backlog.append(&mut self.out);
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::io::Read;
    use std::os::unix::net::UnixStream as Peer;

    use mio::net::UnixStream;
    use proptest::prelude::*;

    use super::*;

    /// What is done next: this many bytes are written, or read by the other side, or it is sent.
    #[derive(Clone, Debug)]
    enum Act {
        Write(usize),
        Read(usize),
        Flush,
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![(0..150_000_usize).prop_map(Act::Write), (1..200_000_usize).prop_map(Act::Read), Just(Act::Flush)]
    }

    proptest! {
        #[test]
        fn bytes_arrive_as_they_were_written(acts in prop::collection::vec(act(), 1..60)) {
            let (mut peer, own) = Peer::pair()?;
            own.set_nonblocking(true)?;
            peer.set_nonblocking(true)?;
            let mut stream = Stream::from(UnixStream::from_std(own));
            let (mut output, mut written, mut received) = (Output::default(), Vec::new(), Vec::new());
            let (now, mut sent) = (Instant::now(), 0);
            let receive = |peer: &mut Peer, most: usize, received: &mut Vec<u8>| {
                let mut room = vec![0; most];
                let length = peer.read(&mut room).unwrap_or(0);
                received.extend_from_slice(&room[..length]);
                length
            };
            for act in acts {
                match act {
                    Act::Write(length) => {
                        let bytes: Vec<u8> = (written.len()..).take(length).map(|n| (n % 251) as u8).collect();
                        output.out.extend_from_slice(&bytes);
                        written.extend(bytes);
                    }
                    Act::Read(most) => _ = receive(&mut peer, most, &mut received),
                    Act::Flush => {
                        output.start(&mut Vec::new());
                        sent += output.flush(&mut stream, now)?;
                        prop_assert_eq!(output.blocked.is_some(), output.unsent() > 0);
                    }
                }
                prop_assert_eq!(output.unsent(), written.len() - sent);
            }
            while output.unsent() > 0 || receive(&mut peer, 1 << 20, &mut received) > 0 {
                output.start(&mut Vec::new());
                output.flush(&mut stream, now)?;
                receive(&mut peer, 1 << 20, &mut received);
            }
            prop_assert!(received == written);
        }
    }
}
