//! What the server is told at its start and later, as resources, for those who ask.

use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Instant;

/// What does not change while the server runs.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where it listens.
    pub address: SocketAddr,
    /// The Unix socket on which it listens as well.
    pub unix: Option<PathBuf>,
    /// When it began.
    pub started: Instant,
}

/// What may change while the server runs.
#[derive(Clone)]
pub struct Options {
    /// The password that clients must give; none if it is empty.
    pub password: Box<[u8]>,
    /// After how many seconds of silence a client is closed; 0 for never.
    pub timeout: i64,
    /// How many files are none of a client's.
    pub own_files: u64,
    /// The memory that the process held before it had any key, in bytes.
    pub startup: u64,
    /// What names this run of the server, and no other.
    pub run_id: String,
    /// Where it shows what it measures.
    pub metrics: Option<SocketAddr>,
}

impl Default for Options {
    fn default() -> Self {
        // Each has a key of its own, which comes by chance.
        let words = [1_u8, 2, 3].map(|word| RandomState::new().hash_one(word));
        let mut run_id: String = words.map(|word| format!("{word:016x}")).concat();
        run_id.truncate(40);
        Self { password: Box::default(), timeout: 0, own_files: 32, startup: 0, run_id, metrics: None }
    }
}

impl Options {
    /// Whether this is the password. How long that takes does not tell where the first wrong byte is.
    #[must_use]
    pub fn admits(&self, password: &[u8]) -> bool {
        let right = &self.password;
        let mut differs = right.len() ^ password.len();
        for (at, byte) in password.iter().enumerate() {
            // A longer one than the right one is compared with it again and again.
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
