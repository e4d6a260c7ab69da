//! `Options`: the settings of a journal; `Durability`: when an input counts as safe.

/// When an input counts as safe, so that its reply may leave.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Durability {
    /// When the OS has it. The input survives the end of the process, but not of the machine.
    Process,
    /// When the disk has it. The loop waits for the sync.
    Disk,
    /// When the disk has it. A thread waits for the sync, and the loop continues with inputs that are not safe yet. If
    /// the last of these are damaged later, more of them may be lost than with [`Disk`](Self::Disk): see [what the
    /// journal promises](crate#what-it-promises).
    Behind,
}

/// The settings of a journal.
///
/// ```
/// use nexus_journal::{Durability, Options};
///
/// let mut options = Options::new("venue");
/// options.durability = Durability::Behind; // the loop does not wait for the disk
/// options.segment = 16 << 20; // files of 16 MiB
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Options {
    /// The name of the program, at most 28 bytes. A program of another name cannot open the journal.
    pub program: String,
    /// When an input counts as safe. Default: [`Durability::Disk`].
    pub durability: Durability,
    /// The length of a file, in bytes, after which a new one begins. Default: 64 MiB.
    pub segment: u64,
    /// The disk space that a file reserves in advance, in bytes, so that a sync need not update its length. Default: 4
    /// MiB.
    pub reserve: u64,
    /// The number of inputs between two checks of the [`Digests`](crate::Digests). With 0, each turn that has inputs
    /// ends with a check. Default: 4,096.
    pub check_every: u64,
}

impl Options {
    /// Returns the default settings for the program of this name.
    pub fn new(program: impl Into<String>) -> Self {
        let (segment, reserve, check_every) = (64 << 20, 4 << 20, 4_096);
        Self { program: program.into(), durability: Durability::Disk, segment, reserve, check_every }
    }
}
