//! The state of a fake disk: what programs see, what was synced, and what goes wrong.

use std::collections::BTreeMap;
use std::io;

/// What a disk writes at once: a write is torn between these, in bytes.
pub(super) const SECTOR: usize = 512;

/// A fault of a [`FakeDisk`](super::FakeDisk).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The disk is full. A write that needs room is written in part and fails; other operations succeed.
    Full,
    /// One operation fails, and its data are lost.
    Broken,
    /// The power failed: every operation fails from now on.
    Off,
}

#[derive(Default)]
pub(super) struct State {
    pub(super) inodes: Vec<Inode>,
    /// The names as programs see them.
    pub(super) names: BTreeMap<String, usize>,
    /// The names that the disk has, and the changes to them since.
    pub(super) synced: BTreeMap<String, usize>,
    pub(super) renamed: Vec<Naming>,
    pub(super) operations: u64,
    pub(super) fault: Option<(u64, Fault)>,
    pub(super) is_full: bool,
    pub(super) locked: bool,
}

#[derive(Default)]
pub(super) struct Inode {
    pub(super) bytes: Vec<u8>,
    pub(super) synced: Vec<u8>,
    pub(super) changes: Vec<Change>,
}

#[derive(Clone)]
pub(super) enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

#[derive(Clone)]
pub(super) enum Naming {
    Set(String, usize),
    Unset(String),
    /// From one to another, at once.
    Move(String, String, usize),
}

impl Change {
    pub(super) fn apply(&self, bytes: &mut Vec<u8>) {
        match self {
            Self::Write(offset, new) => {
                let end = offset + new.len();
                bytes.resize(bytes.len().max(end), 0);
                bytes[*offset..end].copy_from_slice(new);
            }
            Self::Length(length) => bytes.resize(*length, 0),
        }
    }
}

impl Naming {
    pub(super) fn apply(&self, names: &mut BTreeMap<String, usize>) {
        match self {
            Self::Set(name, inode) => _ = names.insert(name.clone(), *inode),
            Self::Unset(name) => _ = names.remove(name),
            Self::Move(from, to, inode) => {
                names.remove(from);
                names.insert(to.clone(), *inode);
            }
        }
    }
}

impl State {
    pub(super) fn is_on(&self) -> io::Result<()> {
        match self.fault {
            Some((at, Fault::Off)) if self.operations > at => Err(io::Error::other("the power is gone")),
            _ => Ok(()),
        }
    }

    /// Counts an operation, which may fail.
    pub(super) fn operate(&mut self) -> io::Result<()> {
        self.is_on()?;
        let now = self.operations;
        self.operations += 1;
        match self.fault {
            Some((at, Fault::Off)) if at == now => Err(io::Error::other("the power is gone")),
            Some((at, Fault::Broken)) if at == now => Err(io::Error::from_raw_os_error(5)),
            Some((at, Fault::Full)) if at <= now => {
                self.is_full = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    pub(super) fn change(&mut self, inode: usize, change: Change) -> io::Result<()> {
        let failed = self.operate();
        let inode = &mut self.inodes[inode];
        let grows = match &change {
            Change::Write(offset, new) => offset + new.len() > inode.bytes.len(),
            Change::Length(length) => *length > inode.bytes.len(),
        };
        if matches!(change, Change::Length(length) if length == inode.bytes.len()) {
            return failed; // A system has nothing to note then, whatever the disk has.
        }
        let is_full = self.is_full && grows;
        if let (Change::Write(offset, new), true) = (&change, failed.is_err() || is_full) {
            // A part of it, as when the process is killed in the middle, or the disk is full.
            let part = Change::Write(*offset, new[..new.len() / 2].to_vec());
            part.apply(&mut inode.bytes);
            inode.changes.push(part);
        }
        failed?;
        if is_full {
            return Err(io::ErrorKind::StorageFull.into());
        }
        change.apply(&mut inode.bytes);
        inode.changes.push(change);
        Ok(())
    }
}

/// Steele and Vigna's splitmix of 64 bits.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }
}
