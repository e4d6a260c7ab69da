//! What is wrong with a message that could be decoded, and what comes of that: a count, and mostly a problem.

use nexus_rt::ResMut;

use crate::counts::Counts;
use crate::problems::Problems;

/// A message that is wrong beside those before it.
pub(crate) struct Fault {
    pub(crate) line: u64,
    pub(crate) what: What,
}

/// In what way it is wrong, and so what is not made of it.
#[derive(Debug, PartialEq)]
pub(crate) enum What {
    /// What it says is known.
    Again,
    /// It has the number of another one, and says something else.
    Contradiction { of: &'static str, number: u64 },
    /// A trade that comes after a later one. It counts all the same.
    OldTrade { number: u64, latest: u64 },
    /// A trade in a second of which the bar is over.
    Late { second: u64, bar: u64 },
    /// A trade beyond what can be summed up.
    TooLarge,
}

impl Fault {
    /// Counts it, and reports it if it is a problem.
    pub(crate) fn settle(self, counts: &mut Counts, problems: &mut Problems) {
        match self.what {
            What::Again | What::Contradiction { .. } => counts.duplicates += 1,
            What::OldTrade { .. } | What::Late { .. } => counts.out_of_order += 1,
            What::TooLarge => {}
        }
        if let Some(reason) = self.what.reason() {
            problems.add(self.line, reason);
        }
    }
}

pub(crate) fn on_fault(mut counts: ResMut<Counts>, mut problems: ResMut<Problems>, fault: Fault) {
    fault.settle(&mut counts, &mut problems);
}

impl What {
    /// Why it is a problem, unless it does no harm.
    pub(crate) fn reason(&self) -> Option<String> {
        Some(match self {
            Self::Again => return None,
            Self::Contradiction { of, number } => format!("another {of} {number}, unlike the first: it is left out"),
            Self::OldTrade { number, latest } => {
                format!("trade {number} comes after trade {latest}: it counts, but not as the latest")
            }
            Self::Late { second, bar } => {
                format!("a trade at second {second}, after the bar of second {bar}: it counts, but is in no bar")
            }
            Self::TooLarge => "a trade so large that the volume no longer fits: it is left out".into(),
        })
    }
}
