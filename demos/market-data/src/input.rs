//! Reading a capture: plain or gzip, told by its first bytes, line by line.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use crate::message::Line;

/// An open capture.
pub(crate) struct Input(Box<dyn BufRead>);

/// What reading the next line gave.
pub(crate) enum Next {
    Line,
    End,
    /// The input cannot be read on, for this reason.
    Broken(String),
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Input {
    /// Opens `path`; `progress` follows the bytes read from it. An error names the path.
    pub(crate) fn open(path: &Path, progress: &ProgressBar) -> io::Result<Self> {
        Self::open_unnamed(path, progress).map_err(|error| unreadable(path, &error))
    }

    fn open_unnamed(path: &Path, progress: &ProgressBar) -> io::Result<Self> {
        // Small reads, so that the bar moves also when the replay is paced.
        let mut raw = BufReader::with_capacity(1 << 12, progress.wrap_read(File::open(path)?));
        let start = raw.fill_buf()?;
        if start.starts_with(&GZIP) {
            Ok(Self(Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw)))))
        } else {
            Ok(Self(Box::new(raw)))
        }
    }

    /// Reads the next line that is not blank into `line`.
    pub(crate) fn next(&mut self, line: &mut Line) -> Next {
        loop {
            line.text.clear();
            // A bound, so that a file without line ends cannot take all memory.
            let read = self.0.by_ref().take(LONGEST).read_until(b'\n', &mut line.text);
            if matches!(read, Ok(0)) {
                return Next::End;
            }
            line.number += 1;
            match read {
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                    return Next::Broken("the gzip data ends too early: the file is truncated".into());
                }
                Err(error) => return Next::Broken(format!("the input cannot be read on: {error}")),
                Ok(_) if line.text.last() == Some(&b'\n') => {
                    line.text.pop();
                }
                Ok(_) if line.text.len() as u64 == LONGEST => {
                    return Next::Broken(format!("a line of over {LONGEST} bytes: the rest is not read"));
                }
                Ok(_) => {}
            }
            // Not only in the first line: files are put together.
            if line.text.starts_with(BYTE_ORDER_MARK) {
                line.text.drain(..BYTE_ORDER_MARK.len());
            }
            if !line.text.trim_ascii().is_empty() {
                return Next::Line;
            }
        }
    }
}

/// An error that says which file cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{} cannot be read: {error}", path.display()))
}

/// What some editors write before text in UTF-8.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The longest line that is read, in bytes. A snapshot of 5,000 levels has a tenth of it.
const LONGEST: u64 = 4 << 20;
