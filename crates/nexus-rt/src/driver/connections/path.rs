//! `SocketPath`: the path of a bound Unix socket, which is removed with the socket.

use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::Path;

/// The path of a bound Unix socket. If it still names that socket when this is dropped, it is removed.
pub(in crate::driver) struct SocketPath {
    path: Box<Path>,
    /// The device and the number of the file.
    file: Option<(u64, u64)>,
}

impl SocketPath {
    /// Binds a socket to a path. A socket that a killed program left behind, to which `connect` is refused, is
    /// replaced. A file of another kind stays.
    pub(in crate::driver) fn bind<'p, S, T>(
        path: &'p Path,
        bind: impl Fn(&'p Path) -> io::Result<S>,
        connect: impl FnOnce(&'p Path) -> io::Result<T>,
    ) -> io::Result<(Self, S)> {
        let bound = bind(path).or_else(|error| {
            let left = error.kind() == io::ErrorKind::AddrInUse
                && fs::symlink_metadata(path).is_ok_and(|file| file.file_type().is_socket())
                && connect(path).is_err_and(|error| error.kind() == io::ErrorKind::ConnectionRefused);
            if !left {
                return Err(error);
            }
            fs::remove_file(path)?;
            bind(path)
        })?;
        Ok((Self { path: path.into(), file: file(path) }, bound))
    }

    pub(in crate::driver) fn path(&self) -> &Path {
        &self.path
    }
}

fn file(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

impl Drop for SocketPath {
    fn drop(&mut self) {
        // Another program may have removed it, and even bound it again.
        if self.file.is_some() && file(&self.path) == self.file {
            _ = fs::remove_file(&self.path);
        }
    }
}
