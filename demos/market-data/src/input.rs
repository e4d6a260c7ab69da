//! Reads a capture line by line. Plain and gzip files are distinguished by their first bytes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use indicatif::ProgressBar;

use crate::message::Line;
use crate::problems::Problem;

/// A part of a capture, as passed to the reader's callback.
pub(crate) enum Part<'a> {
    /// One of several inputs begins, after this many lines.
    Begin(&'a Path, u64),
    /// A line that is not blank.
    Line(&'a Line),
    /// The rest of the input cannot be read. The next input, if there is one, follows.
    Broken(Problem),
    /// The next part may take long to arrive: the input is not a file, so its writer determines when, or a new input
    /// begins.
    Pause,
}

/// Reads the inputs as one capture and passes its parts to `each`, as long as that returns `true`. Returns the number
/// of lines read.
///
/// # Errors
/// If an input cannot be opened; the error names it.
pub(crate) fn read(
    paths: &[PathBuf],
    progress: &ProgressBar,
    mut each: impl FnMut(Part<'_>) -> bool,
) -> io::Result<u64> {
    let mut line = Line::default();
    for path in paths {
        if line.number > 0 && !each(Part::Pause) {
            break;
        }
        let mut input = Input::open(path, progress)?;
        let mut goes_on = paths.len() == 1 || each(Part::Begin(path, line.number));
        while goes_on {
            goes_on = match input.next(&mut line) {
                Next::Line => each(Part::Line(&line)),
                Next::Blank => true,
                Next::End => break,
                Next::Broken(reason) => {
                    goes_on = each(Part::Broken(Problem { line: line.number, reason }));
                    break;
                }
            };
            goes_on = goes_on && (!input.may_wait() || each(Part::Pause));
        }
        if !goes_on {
            break;
        }
    }
    Ok(line.number)
}

/// An open capture.
struct Input {
    lines: Box<dyn Buffered>,
    /// Files are complete; pipes and terminals may still be written.
    is_file: bool,
}

/// A reader that shows its buffered bytes.
trait Buffered: BufRead {
    fn ahead(&self) -> &[u8];
}

impl<R: Read> Buffered for BufReader<R> {
    fn ahead(&self) -> &[u8] {
        self.buffer()
    }
}

/// The result of reading the next line.
enum Next {
    Line,
    Blank,
    End,
    /// The rest of the input cannot be read, for this reason.
    Broken(String),
}

const GZIP: [u8; 2] = [0x1f, 0x8b];

impl Input {
    /// Opens `path`; `progress` follows the bytes read from it. An error names the path.
    fn open(path: &Path, progress: &ProgressBar) -> io::Result<Self> {
        Self::open_unnamed(path, progress).map_err(|error| unreadable(path, &error))
    }

    fn open_unnamed(path: &Path, progress: &ProgressBar) -> io::Result<Self> {
        // Small reads, so that the bar moves even if the replay is paced.
        let file = File::open(path)?;
        let is_file = file.metadata()?.is_file();
        let mut raw = BufReader::with_capacity(1 << 12, progress.wrap_read(file));
        let lines: Box<dyn Buffered> = if raw.fill_buf()?.starts_with(&GZIP) {
            Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(raw)))
        } else {
            Box::new(raw)
        };
        Ok(Self { lines, is_file })
    }

    /// Returns whether the next line may take long to arrive: it is not buffered, and the input is not a file.
    fn may_wait(&self) -> bool {
        !self.is_file && !self.lines.ahead().contains(&b'\n')
    }

    /// Reads the next line into `line`.
    fn next(&mut self, line: &mut Line) -> Next {
        line.text.clear();
        // A limit, so that a file without line ends cannot use up all memory.
        let read = self.lines.by_ref().take(LONGEST).read_until(b'\n', &mut line.text);
        if matches!(read, Ok(0)) {
            return Next::End;
        }
        line.number += 1;
        match read {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Next::Broken("the gzip data ends too early: the file is truncated".into());
            }
            Err(error) => return Next::Broken(format!("cannot read the rest of the input: {error}")),
            Ok(_) if line.text.last() == Some(&b'\n') => {
                line.text.pop();
            }
            Ok(_) if line.text.len() as u64 == LONGEST => {
                return Next::Broken(format!("a line of over {LONGEST} bytes: the rest of the input is not read"));
            }
            Ok(_) => {}
        }
        // On any line, not only the first: files may have been concatenated.
        if line.text.starts_with(BYTE_ORDER_MARK) {
            line.text.drain(..BYTE_ORDER_MARK.len());
        }
        if line.text.trim_ascii().is_empty() { Next::Blank } else { Next::Line }
    }
}

/// Returns an error that names the file that cannot be read.
pub fn unreadable(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot read {}: {error}", path.display()))
}

/// The mark that some editors write at the start of UTF-8 text.
const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The longest accepted line, in bytes. A snapshot of 5,000 levels takes a tenth of it.
const LONGEST: u64 = 4 << 20;
