//! `FakeDisk`: a directory in memory that behaves as badly as a disk may.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::state::{Change, Fault, Inode, Naming, Random, SECTOR, State};
use crate::disk::{Disk, File};

/// A directory in memory that behaves as badly as a disk may. Clones are the same disk.
///
/// Reads return what was written, but only what was synced is sure to survive a [`crash`](Self::crash). Of the rest,
/// any part may survive: any sector of a write, any change of a name.
///
/// ```
/// use nexus_journal::Disk;
/// use nexus_journal::testing::FakeDisk;
///
/// let disk = FakeDisk::new();
/// let file = disk.create("a")?;
/// file.write_at(0, b"safe")?;
/// file.sync()?;
/// disk.sync()?;
/// file.write_at(4, b"lost?")?;
/// let bytes = disk.crash(7).bytes("a").unwrap();
/// assert!(bytes == b"safe" || bytes == b"safelost?");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct FakeDisk(Arc<Mutex<State>>);

impl FakeDisk {
    /// Creates an empty disk.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Injects a fault at a later operation that changes the disk: 0 is the next one, 1 the one after it.
    pub fn fail(&self, operations: u64, fault: Fault) {
        let mut state = self.state();
        state.fault = Some((state.operations + operations, fault));
    }

    /// Ends an injected fault: the disk works again, and has room.
    pub fn mend(&self) {
        let mut state = self.state();
        (state.fault, state.is_full) = (None, false);
    }

    /// Returns the number of operations that have changed the disk.
    #[must_use]
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// Returns the disk as it may be after the power failed just now. The seed decides what survives of the unsynced.
    #[must_use]
    pub fn crash(&self, seed: u64) -> Self {
        let (state, mut random) = (self.state(), Random(seed));
        // Some crashes keep nearly all of it, some nearly nothing.
        let odds = random.next() % 5;
        let mut names = state.synced.clone();
        for naming in &state.renamed {
            if random.next() % 4 < odds {
                naming.apply(&mut names);
            }
        }
        let mut inodes = Vec::new();
        for inode in &state.inodes {
            let mut bytes = inode.synced.clone();
            for change in &inode.changes {
                match change {
                    Change::Write(offset, new) => {
                        let mut from = *offset;
                        while from < offset + new.len() {
                            let to = (from / SECTOR * SECTOR + SECTOR).min(offset + new.len());
                            if random.next() % 4 < odds {
                                let sector = new[from - offset..to - offset].to_vec();
                                Change::Write(from, sector).apply(&mut bytes);
                            }
                            from = to;
                        }
                    }
                    Change::Length(_) if random.next() % 4 < odds => change.apply(&mut bytes),
                    Change::Length(_) => {}
                }
            }
            inodes.push(Inode { synced: bytes.clone(), bytes, changes: Vec::new() });
        }
        let (synced, operations) = (names.clone(), 0);
        Self(Arc::new(Mutex::new(State { inodes, names, synced, operations, ..State::default() })))
    }

    /// Returns the disk as another process sees it after this one was killed, with everything written.
    #[must_use]
    pub fn kill(&self) -> Self {
        let state = self.state();
        let inodes = state.inodes.iter().map(|inode| Inode {
            bytes: inode.bytes.clone(),
            synced: inode.synced.clone(),
            changes: inode.changes.clone(),
        });
        Self(Arc::new(Mutex::new(State {
            inodes: inodes.collect(),
            names: state.names.clone(),
            synced: state.synced.clone(),
            renamed: state.renamed.clone(),
            ..State::default()
        })))
    }

    /// Returns the names of all files.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.state().names.keys().cloned().collect()
    }

    /// Returns the bytes of a file.
    #[must_use]
    pub fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        state.names.get(name).map(|inode| state.inodes[*inode].bytes.clone())
    }

    /// Adds a file that is already safe.
    pub fn put(&self, name: &str, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.inodes.len();
        state.inodes.push(Inode { bytes: bytes.into(), synced: bytes.into(), changes: Vec::new() });
        state.names.insert(name.into(), inode);
        state.synced.insert(name.into(), inode);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn rename_by(&self, naming: Naming) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        naming.apply(&mut state.names);
        state.renamed.push(naming);
        Ok(())
    }

    fn file(&self, name: &str) -> io::Result<FakeFile> {
        let state = self.state();
        state.is_on()?;
        let inode = *state.names.get(name).ok_or(io::ErrorKind::NotFound)?;
        Ok(FakeFile { disk: self.clone(), inode })
    }
}

struct FakeFile {
    disk: FakeDisk,
    inode: usize,
}

impl File for FakeFile {
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        let state = self.disk.state();
        state.is_on()?;
        let all = &state.inodes[self.inode].bytes;
        let rest = all.get(usize::try_from(offset).unwrap_or(usize::MAX)..).unwrap_or_default();
        let length = rest.len().min(bytes.len());
        bytes[..length].copy_from_slice(&rest[..length]);
        Ok(length)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let offset = usize::try_from(offset).map_err(io::Error::other)?;
        self.disk.state().change(self.inode, Change::Write(offset, bytes.into()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.state();
        let failed = state.operate();
        let inode = &mut state.inodes[self.inode];
        let changes = std::mem::take(&mut inode.changes);
        // What a disk fails to write, it forgets; the next sync succeeds without it.
        if failed.is_ok() {
            changes.iter().for_each(|change| change.apply(&mut inode.synced));
        }
        failed
    }

    fn reserve(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?.max(self.length()? as usize);
        self.disk.state().change(self.inode, Change::Length(length))
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        let length = usize::try_from(length).map_err(io::Error::other)?;
        self.disk.state().change(self.inode, Change::Length(length))
    }

    fn length(&self) -> io::Result<u64> {
        let state = self.disk.state();
        state.is_on()?;
        Ok(state.inodes[self.inode].bytes.len() as u64)
    }
}

impl Disk for FakeDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.state().is_on()?;
        Ok(self.names())
    }

    fn open(&self, name: &str, _: bool) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(self.file(name)?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        if let Ok(file) = self.file(name) {
            file.set_length(0)?;
            return Ok(Arc::new(file));
        }
        let inode = self.state().inodes.len();
        self.state().inodes.push(Inode::default());
        self.rename_by(Naming::Set(name.into(), inode))?;
        Ok(Arc::new(FakeFile { disk: self.clone(), inode }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let inode = self.file(from)?.inode;
        self.rename_by(Naming::Move(from.into(), to.into(), inode))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.file(name)?;
        self.rename_by(Naming::Unset(name.into()))
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.state();
        state.operate()?;
        state.synced = state.names.clone();
        state.renamed.clear();
        Ok(())
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        let mut state = self.state();
        state.is_on()?;
        if std::mem::replace(&mut state.locked, true) {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        Ok(Box::new(Unlock(self.clone())))
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("fake").join(name)
    }
}

/// Unlocks a disk when it is dropped.
struct Unlock(FakeDisk);

impl Drop for Unlock {
    fn drop(&mut self) {
        self.0.state().locked = false;
    }
}

impl From<FakeDisk> for Arc<dyn Disk> {
    fn from(disk: FakeDisk) -> Self {
        Arc::new(disk)
    }
}

impl fmt::Debug for FakeDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FakeDisk({:?})", self.names())
    }
}
