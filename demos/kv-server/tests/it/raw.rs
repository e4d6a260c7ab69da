//! Replies as bytes, in either version of the protocol.

use std::io::{BufRead, Read};

use crate::support::{Client, command};

impl Client {
    /// Reads the next reply as bytes.
    pub(crate) fn raw_reply(&mut self) -> Vec<u8> {
        let mut line = Vec::new();
        self.socket.read_until(b'\n', &mut line).unwrap();
        assert!(line.ends_with(b"\r\n"), "{}", line.escape_ascii());
        let count = std::str::from_utf8(&line[1..line.len() - 2]).ok().and_then(|text| text.parse::<usize>().ok());
        match (line[0], count) {
            (b'$' | b'=', Some(length)) => {
                let start = line.len();
                line.resize(start + length + 2, 0);
                self.socket.read_exact(&mut line[start..]).unwrap();
            }
            (b'*' | b'~' | b'>', Some(count)) => (0..count).for_each(|_| line.extend(self.raw_reply())),
            (b'%', Some(count)) => (0..2 * count).for_each(|_| line.extend(self.raw_reply())),
            _ => {}
        }
        line
    }

    /// Sends a command and returns the bytes of its reply.
    pub(crate) fn ask_raw<T: AsRef<[u8]>>(&mut self, words: &[T]) -> Vec<u8> {
        self.send(&command(words));
        self.raw_reply()
    }
}
