//! What the server is told at its start and later, as resources, for those who ask.

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
#[derive(Clone, Default)]
pub struct Options {
    /// The password that clients must give; none if it is empty.
    pub password: Box<[u8]>,
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
        let options = |password: &str| Options { password: password.as_bytes().into() };
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
