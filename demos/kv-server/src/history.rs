//! The keys that a journal leads to, at its end or at an earlier sequence, printed for people to read.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Arc;

use nexus_journal::{Digests, Dir, Disk, Error, Reader, Replayed};
use nexus_rt::{Sequence, World};

use crate::keys::Keys;
use crate::store::{PROGRAM, Store};

/// Replays a journal step by step, without a server. It changes nothing on disk.
#[derive(Debug)]
pub struct History {
    reader: Reader,
    world: World,
    store: Store,
    digests: Digests,
    until: Sequence,
}

/// A value and its expiry time.
type Row<'k> = (&'k [u8], Option<i64>);

impl History {
    /// Opens the journal in a directory.
    ///
    /// # Errors
    /// If there is no journal, or it is of another program or version.
    pub fn open(directory: &Path) -> Result<Self, Error> {
        let disk: Arc<dyn Disk> = Dir::new(directory).into();
        let doing = "open the journal in";
        if !directory.is_dir() {
            let source = io::ErrorKind::NotFound.into();
            return Err(Error::Io { doing, path: directory.into(), source });
        }
        let reader = Reader::open(disk, Some(PROGRAM))?;
        let (world, store, digests) = Store::detached();
        Ok(Self { reader, world, store, digests, until: Sequence::NEVER })
    }

    /// Returns whether there is no journal in the directory.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.reader.progress().1 == 0
    }

    /// Replays up to a sequence, or to the end.
    ///
    /// # Errors
    /// If the journal is damaged or ends before the sequence, or the changes up to the sequence were compacted away.
    pub fn advance(&mut self, until: Option<u64>) -> Result<Replayed, Error> {
        let until = until.map(Sequence::new);
        let replayed = self.reader.replay(&mut self.world, &mut self.store, &self.digests, until)?;
        let (last, at_end) = (replayed.last, self.reader.place().is_none());
        if let Some(asked) = until.filter(|asked| at_end && *asked > last) {
            return Err(Error::Beyond { asked, last });
        }
        self.until = replayed.last;
        Ok(replayed)
    }

    /// Returns the keys, sorted by name.
    fn rows(&self) -> Vec<(&[u8], Row<'_>)> {
        let keys = self.world.resource::<Keys>();
        let row = |key| (key, (keys.get(key).unwrap_or_default(), keys.expiry_unix_ms(key).flatten()));
        let mut rows: Vec<_> = keys.iter().map(row).collect();
        rows.sort_unstable();
        rows
    }

    /// Prints the keys as commands that create them.
    ///
    /// # Errors
    /// If `out` cannot be written to, such as a pipe whose reader has closed it.
    pub fn print(&self, out: &mut impl Write) -> io::Result<()> {
        writeln!(out, "# {}", self.state())?;
        self.rows().into_iter().try_for_each(|(key, row)| writeln!(out, "{}", Set(key, row)))
    }

    /// Replays up to a sequence, and prints what changed: removed rows after a minus, added rows after a plus.
    ///
    /// # Errors
    /// If the journal is damaged or ends before the sequence, or `out` cannot be written to.
    pub fn print_changes(&mut self, until: u64, out: &mut impl Write) -> Result<io::Result<()>, Error> {
        let own = |(key, (value, ends)): (&[u8], Row<'_>)| (key.to_vec(), (value.to_vec(), ends));
        let (old, was): (BTreeMap<_, _>, _) = (self.rows().into_iter().map(own).collect(), self.state());
        self.advance(Some(until))?;
        let new: BTreeMap<_, _> = self.rows().into_iter().collect();
        let mut print = || {
            writeln!(out, "--- {was}\n+++ {}", self.state())?;
            let names: BTreeSet<&[u8]> = old.keys().map(Vec::as_slice).chain(new.keys().copied()).collect();
            for key in names {
                let (was, is) = (old.get(key).map(|(value, ends)| (&**value, *ends)), new.get(key).copied());
                if was == is {
                    continue;
                }
                for (mark, row) in [('-', was), ('+', is)] {
                    if let Some(row) = row {
                        writeln!(out, "{mark} {}", Set(key, row))?;
                    }
                }
            }
            Ok(())
        };
        Ok(print())
    }

    /// Returns the current position of the replay, as one line.
    fn state(&self) -> String {
        let keys = self.world.resource::<Keys>();
        let digest = keys.digest(keys.now_ms);
        format!("{} keys at sequence {}, digest {digest:016x}", keys.iter().count(), self.until)
    }
}

/// The command that creates a key.
struct Set<'k>(&'k [u8], Row<'k>);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(key, (value, ends)) = self;
        write!(f, "SET \"{}\" \"{}\"", key.escape_ascii(), value.escape_ascii())?;
        ends.map_or(Ok(()), |ends| write!(f, " PXAT {ends}"))
    }
}
