//! `Output`: the unsent bytes of a connection, including those that the OS had no room for.

use std::io;
use std::mem;
use std::time::Instant;

use super::framing::READ;
use super::hold::{Gate, Held};
use super::stream::Stream;

/// The most memory of unused output buffers that is kept, in bytes.
const SPARE: usize = 64 * READ;

/// Output buffers that are not in use.
#[derive(Default)]
pub(super) struct Spare {
    buffers: Vec<Vec<u8>>,
    size: usize,
}

impl Spare {
    #[inline]
    pub(super) fn take(&mut self) -> Vec<u8> {
        let buffer = self.buffers.pop().unwrap_or_default();
        self.size -= buffer.capacity();
        buffer
    }

    /// Keeps a buffer for the next connection that needs one, unless it is large.
    #[inline]
    pub(super) fn keep(&mut self, buffer: Vec<u8>) {
        let size = buffer.capacity();
        if (1..=READ).contains(&size) && self.size + size <= SPARE {
            self.size += size;
            self.buffers.push(buffer);
        }
    }
}

#[derive(Default)]
pub(super) struct Output {
    /// The output of this turn.
    pub(super) out: Vec<u8>,
    /// Earlier output that could not be sent.
    backlog: Vec<u8>,
    /// The number of bytes of the backlog that were sent.
    sent: usize,
    /// The held bytes at the end of the backlog: those that wait longest, and all later ones.
    held: [Held; 2],
    /// Since when the peer has read none of its waiting output.
    pub(super) blocked: Option<Instant>,
    /// Whether the OS had no room for more in this turn.
    full: bool,
}

impl Output {
    /// Starts a turn, which tries again to send. Takes a buffer of `spare` if there is none yet.
    #[inline]
    pub(super) fn start(&mut self, spare: &mut Spare) {
        self.full = false;
        if self.out.capacity() == 0 {
            self.out = spare.take();
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

    /// Returns the position that the oldest held bytes wait for, if any are held.
    #[inline]
    pub(super) fn held(&self) -> Option<u64> {
        let [first, _] = self.held;
        (first.length > 0).then_some(first.position)
    }

    /// Returns the number of bytes that wait only for room in the OS.
    #[inline]
    pub(super) fn free(&self) -> usize {
        let [first, second] = self.held;
        self.unsent() - first.length - second.length
    }

    /// Sends the bytes that may leave and that fit. The OS reports when there is room for the rest. Returns the number
    /// of bytes sent, and the error that came then.
    #[inline]
    pub(super) fn flush(&mut self, socket: &mut Stream, gate: Gate, now: Instant) -> (usize, io::Result<()>) {
        if gate.is_shut() || self.held[0].length > 0 {
            self.flush_free(socket, gate, now)
        } else {
            self.write(socket, 0, now)
        }
    }

    /// Does the same as [`flush`](Self::flush) if bytes are held, or will be.
    #[cold]
    fn flush_free(&mut self, socket: &mut Stream, gate: Gate, now: Instant) -> (usize, io::Result<()>) {
        self.hold(gate);
        let held = self.unsent() - self.free();
        self.write(socket, held, now)
    }

    /// Sends all but the last `held` bytes, which are in the backlog: if there are any, `out` is empty.
    #[inline(always)]
    fn write(&mut self, socket: &mut Stream, held: usize, now: Instant) -> (usize, io::Result<()>) {
        let mut length = 0;
        while self.unsent() > held && !self.full {
            let written = match (&self.backlog[self.sent..self.backlog.len() - held], &*self.out) {
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
                Err(error) => return (length, Err(error)),
            }
        }
        if self.full && !self.out.is_empty() {
            // It may leave as soon as there is room, whatever is held from now on.
            self.keep();
        }
        (length, Ok(()))
    }

    /// Drops all unsent bytes.
    pub(super) fn forget(&mut self) {
        self.out.clear();
        self.backlog.clear();
        (self.sent, self.held, self.blocked) = (0, Default::default(), None);
    }

    /// Frees the released bytes, and holds the output of this turn if it must wait.
    fn hold(&mut self, gate: Gate) {
        while self.held().is_some_and(|position| position <= gate.released) {
            self.held = [self.held[1], Held::default()];
        }
        if gate.is_shut() && !self.out.is_empty() {
            // The oldest bytes keep their position, or they might never leave.
            let second = self.held().is_some_and(|position| position < gate.held);
            let held = &mut self.held[usize::from(second)];
            (held.length, held.position) = (held.length + self.out.len(), gate.held);
            self.keep();
        }
    }

    pub(super) fn buffers(&mut self) -> [&mut Vec<u8>; 2] {
        [&mut self.out, &mut self.backlog]
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
            // The backlog is empty here.
            mem::swap(&mut self.out, &mut self.backlog);
            self.sent = out;
        }
    }

    /// Appends the output of this turn to the backlog.
    fn keep(&mut self) {
        if self.backlog.is_empty() {
            mem::swap(&mut self.out, &mut self.backlog);
        }
        // Not each time: a peer that reads little at a time would cause all the rest to be moved again and again.
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

    /// The next action: writing this many bytes, reading them as the peer, flushing, holding for this many
    /// positions, or releasing this many.
    #[derive(Clone, Debug)]
    enum Act {
        Write(usize),
        Read(usize),
        /// In a new turn, or once more in the same one.
        Flush(bool),
        Hold(u64),
        Release(u64),
    }

    fn act() -> impl Strategy<Value = Act> {
        prop_oneof![
            3 => (0..150_000_usize).prop_map(Act::Write),
            3 => (1..200_000_usize).prop_map(Act::Read),
            4 => any::<bool>().prop_map(Act::Flush),
            1 => (0..3_u64).prop_map(Act::Hold),
            1 => (0..4_u64).prop_map(Act::Release),
        ]
    }

    #[test]
    fn the_buffers_that_are_kept_are_few_and_small() {
        let mut spare = Spare::default();
        (0..100).for_each(|_| spare.keep(Vec::with_capacity(READ)));
        [0, READ + 1].into_iter().for_each(|size| spare.keep(Vec::with_capacity(size)));
        let taken: Vec<_> = (0..100).map(|_| spare.take().capacity()).take_while(|size| *size > 0).collect();
        assert_eq!((taken, spare.size), (vec![READ; SPARE / READ], 0));
        (0..SPARE / 1_000).for_each(|_| spare.keep(Vec::with_capacity(1_024)));
        assert!(spare.size <= SPARE);
    }

    /// Its memory is bounded by what is unsent, however much was sent before.
    #[test]
    fn what_was_sent_is_forgotten_while_the_rest_waits() {
        let (mut peer, own) = Peer::pair().unwrap();
        own.set_nonblocking(true).unwrap();
        let (mut stream, mut output) = (Stream::from(UnixStream::from_std(own)), Output::default());
        let mut room = vec![0; 4_096];
        output.out.resize(1 << 20, 0);
        for _ in 0..1_000 {
            output.start(&mut Spare::default());
            let (sent, Ok(())) = output.flush(&mut stream, Gate::default(), Instant::now()) else {
                panic!("it is open")
            };
            output.out.resize(output.out.len() + sent, 0);
            assert!(output.capacity() < 8 << 20, "{} bytes for {}", output.capacity(), output.unsent());
            peer.read_exact(&mut room).unwrap();
        }
        assert_eq!(output.unsent(), 1 << 20);
    }

    proptest! {
        #[test]
        fn bytes_arrive_as_they_were_written(acts in prop::collection::vec(act(), 1..80)) {
            let (mut peer, own) = Peer::pair()?;
            own.set_nonblocking(true)?;
            peer.set_nonblocking(true)?;
            let mut stream = Stream::from(UnixStream::from_std(own));
            let (mut output, mut written, mut received) = (Output::default(), Vec::new(), Vec::new());
            let (now, mut sent, mut gate) = (Instant::now(), 0, Gate::default());
            // From which byte on what is flushed was held, and for which position.
            let (mut flushed, mut holds) = (0, Vec::new());
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
                    Act::Flush(starts) => {
                        let held = output.held().filter(|position| *position > gate.released);
                        if gate.is_shut() && flushed < written.len() {
                            holds.push((flushed, gate.held));
                        }
                        flushed = written.len();
                        if starts {
                            output.start(&mut Spare::default());
                        }
                        let (length, result) = output.flush(&mut stream, gate, now);
                        result?;
                        sent += length;
                        let first = holds.iter().find(|(_, position)| *position > gate.released);
                        prop_assert!(first.is_none_or(|(from, _)| sent <= *from));
                        // What waits longest waits for no more than it did, and only as long as anything does.
                        prop_assert!(held.is_none() || output.held() == held);
                        prop_assert_eq!(output.held().is_some(), first.is_some());
                        prop_assert_eq!(output.blocked.is_some(), output.free() > 0);
                    }
                    Act::Hold(more) => gate.held += more,
                    Act::Release(more) => gate.released = (gate.released + more).min(gate.held),
                }
                prop_assert_eq!(output.unsent(), written.len() - sent);
            }
            gate.released = gate.held;
            while output.unsent() > 0 || receive(&mut peer, 1 << 20, &mut received) > 0 {
                output.start(&mut Spare::default());
                output.flush(&mut stream, gate, now).1?;
                receive(&mut peer, 1 << 20, &mut received);
            }
            prop_assert!(received == written);
        }
    }
}
