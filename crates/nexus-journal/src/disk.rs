//! `Disk`: the directory that a journal lies in, behind a trait, so that a test can take its power away.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory of files. [`Dir`] is one of the machine's; `testing::FakeDisk` is one that loses what was not synced.
pub trait Disk: Send + Sync {
    /// Returns the names of all files.
    ///
    /// # Errors
    /// If the directory cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file to read it, or also to write it.
    ///
    /// # Errors
    /// If there is none, or it cannot be read or written.
    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn File>>;

    /// Creates a file to write it, or empties it.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Renames a file, in place of one that has the new name.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Waits until the disk has the names of all files.
    ///
    /// # Errors
    /// If the disk fails.
    fn sync(&self) -> io::Result<()>;

    /// Keeps other processes from writing here, until what is returned is dropped. Creates the directory if there is
    /// none.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another process writes here, or that of the system.
    fn lock(&self) -> io::Result<Box<dyn Send>>;

    /// Returns how people name a file of this directory, or the directory itself if `name` is empty.
    fn path(&self, name: &str) -> PathBuf;
}

/// A file of a [`Disk`].
pub trait File: Send + Sync {
    /// Reads bytes from this offset on, and returns how many: 0 at the end.
    ///
    /// # Errors
    /// If the disk fails.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;

    /// Writes all bytes at this offset.
    ///
    /// # Errors
    /// If the disk is full or fails. Some of the bytes may be written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the disk has what was written.
    ///
    /// # Errors
    /// If the disk fails, after which nothing is known of what it has.
    fn sync(&self) -> io::Result<()>;

    /// Takes room on the disk up to this length, which reads as zeros, so that a sync need not note a new length.
    ///
    /// # Errors
    /// If the disk is full.
    fn reserve(&self, length: u64) -> io::Result<()>;

    /// Sets the length, such as to give back what was reserved.
    ///
    /// # Errors
    /// If the disk fails.
    fn set_length(&self, length: u64) -> io::Result<()>;

    /// Returns the length in bytes.
    ///
    /// # Errors
    /// If the disk fails.
    fn length(&self) -> io::Result<u64>;
}

/// Reads until `bytes` is full or the file ends.
pub(crate) fn fill(file: &dyn File, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
    let mut length = 0;
    while length < bytes.len() {
        match file.read_at(offset + length as u64, &mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}

/// A directory of the machine.
#[derive(Clone, Debug)]
pub struct Dir {
    path: PathBuf,
}

impl Dir {
    /// Names a directory, which need not be there yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }
}

impl From<Dir> for Arc<dyn Disk> {
    fn from(dir: Dir) -> Self {
        Arc::new(dir)
    }
}

impl Disk for Dir {
    fn list(&self) -> io::Result<Vec<String>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn File>> {
        Ok(Arc::new(fs::OpenOptions::new().read(true).write(write).open(self.path.join(name))?))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn File>> {
        let mut options = fs::OpenOptions::new();
        Ok(Arc::new(options.read(true).write(true).create(true).truncate(true).open(self.path.join(name))?))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        fs::rename(self.path.join(from), self.path.join(to))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        fs::remove_file(self.path.join(name))
    }

    fn sync(&self) -> io::Result<()> {
        sync_directory(&self.path)
    }

    fn lock(&self) -> io::Result<Box<dyn Send>> {
        fs::create_dir_all(&self.path)?;
        let file = fs::OpenOptions::new().write(true).create(true).truncate(false).open(self.path.join("lock"))?;
        file.try_lock()?;
        Ok(Box::new(Locked(file)))
    }

    fn path(&self, name: &str) -> PathBuf {
        if name.is_empty() { self.path.clone() } else { self.path.join(name) }
    }
}

/// A lock that ends when this is dropped. Closing the file is not enough: a child process that another thread has just
/// started has the file too, until it runs its program.
struct Locked(fs::File);

impl Drop for Locked {
    fn drop(&mut self) {
        _ = self.0.unlock();
    }
}

#[cfg(unix)]
fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()
}

/// Elsewhere, names are written with their files.
#[cfg(not(unix))]
fn sync_directory(_: &Path) -> io::Result<()> {
    Ok(())
}

impl File for fs::File {
    #[cfg(unix)]
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(self, bytes, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, bytes, offset)
    }

    #[cfg(unix)]
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        std::os::unix::fs::FileExt::write_all_at(self, bytes, offset)
    }

    #[cfg(windows)]
    fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = std::os::windows::fs::FileExt::seek_write(self, bytes, offset)?;
            (offset, bytes) = (offset + written as u64, &bytes[written..]);
        }
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        self.sync_data()
    }

    #[cfg(target_os = "linux")]
    fn reserve(&self, length: u64) -> io::Result<()> {
        match rustix::fs::fallocate(self, rustix::fs::FallocateFlags::empty(), 0, length) {
            // The file grows as it is written, then.
            Err(rustix::io::Errno::OPNOTSUPP | rustix::io::Errno::NOSYS) => Ok(()),
            reserved => Ok(reserved?),
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn reserve(&self, _: u64) -> io::Result<()> {
        Ok(())
    }

    fn set_length(&self, length: u64) -> io::Result<()> {
        self.set_len(length)
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl fmt::Debug for dyn Disk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disk({})", self.path("").display())
    }
}
