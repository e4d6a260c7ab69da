//! `Disk`: the directory of a journal, behind a trait, so that a test can simulate a power failure.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A directory of files: [`Dir`] in a program, `testing::FakeDisk` in a test of power failures.
pub trait Disk: Send + Sync {
    /// Returns the names of all files.
    ///
    /// # Errors
    /// If the directory cannot be read.
    fn list(&self) -> io::Result<Vec<String>>;

    /// Opens a file for reading and, with `write`, for writing.
    ///
    /// # Errors
    /// If the file does not exist, or cannot be read or written.
    fn open(&self, name: &str, write: bool) -> io::Result<Arc<dyn File>>;

    /// Creates a file for writing, or truncates an existing one.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn create(&self, name: &str) -> io::Result<Arc<dyn File>>;

    /// Renames a file, replacing one that has the new name.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn rename(&self, from: &str, to: &str) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// If the directory cannot be written.
    fn remove(&self, name: &str) -> io::Result<()>;

    /// Waits until the disk has the names of all files: a sync of the directory.
    ///
    /// # Errors
    /// If the disk fails.
    fn sync(&self) -> io::Result<()>;

    /// Locks the directory against other writers until the returned value is dropped. Creates the directory if it does
    /// not exist.
    ///
    /// # Errors
    /// [`io::ErrorKind::WouldBlock`] if another process holds the lock, or the OS error.
    fn lock(&self) -> io::Result<Box<dyn Send>>;

    /// Returns the path of a file for messages, or that of the directory if `name` is empty.
    fn path(&self, name: &str) -> PathBuf;
}

/// A file of a [`Disk`].
pub trait File: Send + Sync {
    /// Reads at this offset, in bytes. Returns the number of bytes read, 0 at the end.
    ///
    /// # Errors
    /// If the disk fails.
    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<usize>;

    /// Writes all bytes at this offset, in bytes.
    ///
    /// # Errors
    /// If the disk is full or fails. Some of the bytes may be written.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()>;

    /// Waits until the disk has everything written.
    ///
    /// # Errors
    /// If the disk fails. Its contents are then unknown.
    fn sync(&self) -> io::Result<()>;

    /// Reserves disk space up to this length, in bytes, which reads as zeros, so that a sync need not update the
    /// length.
    ///
    /// # Errors
    /// If the disk is full.
    fn reserve(&self, length: u64) -> io::Result<()>;

    /// Sets the length, in bytes, for example to release what was reserved.
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

/// A directory of the file system.
#[derive(Clone, Debug)]
pub struct Dir {
    path: PathBuf,
}

impl Dir {
    /// Creates a handle to the directory of this path, which need not exist yet.
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
        create_directory(&self.path)?;
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

/// Creates a directory and those above it. The disk has the names of all of them then.
fn create_directory(path: &Path) -> io::Result<()> {
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let created = match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            create_directory(above)?;
            fs::create_dir(path)
        }
        created => created,
    };
    match created {
        Ok(()) => sync_directory(above),
        // Its creator may have been killed before the disk had the name.
        Err(_) if path.is_dir() => Ok(_ = sync_directory(above)),
        Err(error) => Err(error),
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
        let none = rustix::fs::FallocateFlags::empty();
        match rustix::io::retry_on_intr(|| rustix::fs::fallocate(self, none, 0, length)) {
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
