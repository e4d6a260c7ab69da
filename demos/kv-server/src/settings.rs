//! The settings of the server, those of its start and those that can change, as resources.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

/// Settings that do not change while the server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The address it listens on.
    pub address: SocketAddr,
    /// The Unix socket it listens on as well.
    pub unix: Option<PathBuf>,
    /// When the server started.
    pub started: Instant,
}

/// Settings that may change while the server runs.
#[derive(Clone)]
pub struct Options {
    /// The password that clients must give; empty if there is none.
    pub password: Box<[u8]>,
    /// The seconds of silence after which a client is closed; 0 is never.
    pub timeout: i64,
    /// The number of open files that are not client connections.
    pub own_files: u64,
    /// The memory of the process before it had any key, in bytes.
    pub startup: u64,
    /// A name that only this run of the server has.
    pub run_id: String,
    /// The address at which it serves measurements.
    pub metrics: Option<SocketAddr>,
}

impl Default for Options {
    fn default() -> Self {
        // Each hasher has a random key of its own.
        let words = [1_u8, 2, 3].map(|word| RandomState::new().hash_one(word));
        let mut run_id: String = words.map(|word| format!("{word:016x}")).concat();
        run_id.truncate(40);
        Self { password: Box::default(), timeout: 0, own_files: 32, startup: 0, run_id, metrics: None }
    }
}

impl Options {
    /// Returns whether this is the password. The time it takes does not reveal where the first wrong byte is.
    #[must_use]
    pub fn admits(&self, password: &[u8]) -> bool {
        let right = &self.password;
        let mut differs = right.len() ^ password.len();
        for (at, byte) in password.iter().enumerate() {
            // If the given password is longer, the right one is repeated.
            let right = if right.is_empty() { 0 } else { right[at % right.len()] };
            differs |= usize::from(std::hint::black_box(byte ^ right));
        }
        std::hint::black_box(differs) == 0
    }
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn the_password_is_the_whole_of_it() {
        let options = |password: &str| Options { password: password.as_bytes().into(), ..Options::default() };
        for (right, given, admitted) in [
            ("secret", "secret", true),
            ("secret", "secre", false),
            ("secret", "secretsecret", false),
            ("secret", "Secret", false),
            ("secret", "", false),
            ("", "x", false),
        ] {
            assert_eq!(options(right).admits(given.as_bytes()), admitted, "{right} {given}");
        }
    }
}
