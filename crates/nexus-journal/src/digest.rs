//! `Digest`: a hasher with the same result in every process.

use std::fmt;
use std::hash::{Hash, Hasher};

use rustc_stable_hash::FromStableHash;
use rustc_stable_hash::hashers::{SipHasher128Hash, StableSipHasher128};

/// A hasher whose result is the same in every process, on every little-endian 64-bit machine. (The [`Hash`] of a slice
/// of integers passes their bytes on in the order of the machine.)
#[derive(Clone, Default)]
pub struct Digest(StableSipHasher128);

impl Digest {
    /// Returns the digest of one value.
    #[must_use]
    pub fn of<T: Hash + ?Sized>(value: &T) -> u64 {
        let mut digest = Self::default();
        value.hash(&mut digest);
        digest.finish()
    }
}

impl Hasher for Digest {
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    fn write_u8(&mut self, number: u8) {
        self.0.write_u8(number);
    }

    fn write_u16(&mut self, number: u16) {
        self.0.write_u16(number);
    }

    fn write_u32(&mut self, number: u32) {
        self.0.write_u32(number);
    }

    fn write_u64(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    fn write_u128(&mut self, number: u128) {
        self.0.write_u128(number);
    }

    fn write_usize(&mut self, number: usize) {
        self.0.write_usize(number);
    }

    fn write_i8(&mut self, number: i8) {
        self.0.write_i8(number);
    }

    fn write_i16(&mut self, number: i16) {
        self.0.write_i16(number);
    }

    fn write_i32(&mut self, number: i32) {
        self.0.write_i32(number);
    }

    fn write_i64(&mut self, number: i64) {
        self.0.write_i64(number);
    }

    fn write_i128(&mut self, number: i128) {
        self.0.write_i128(number);
    }

    fn write_isize(&mut self, number: isize) {
        self.0.write_isize(number);
    }

    fn finish(&self) -> u64 {
        struct Word(u64);
        impl FromStableHash for Word {
            type Hash = SipHasher128Hash;

            fn from(SipHasher128Hash([low, high]): SipHasher128Hash) -> Self {
                Self(low ^ high)
            }
        }
        let Word(word) = self.0.clone().finish();
        word
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({:016x})", self.finish())
    }
}
