//! `Numbers`: a set of mostly consecutive numbers.

use std::collections::BTreeMap;

/// A set that stores runs of numbers: ids without gaps take the space of one entry.
#[derive(Default, Hash, Debug)]
pub(crate) struct Numbers {
    /// The last number of each run, by its first. Runs never touch.
    runs: BTreeMap<u64, u64>,
}

impl Numbers {
    /// Inserts a number. Returns whether it was missing.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        let before = self.runs.range(..=number).next_back();
        let touches = match before {
            Some((_, last)) if number <= *last => return false,
            Some((first, last)) if *last + 1 == number => Some(*first),
            _ => None,
        };
        let after = number.checked_add(1).and_then(|next| self.runs.remove(&next));
        self.runs.insert(touches.unwrap_or(number), after.unwrap_or(number));
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_grow_and_join() {
        let mut numbers = Numbers::default();
        for number in [5, 7, 0, u64::MAX, 6, 1, u64::MAX - 1] {
            assert!(numbers.insert(number), "{number}");
        }
        assert!([0, 1, 5, 6, 7, u64::MAX, u64::MAX - 1].into_iter().all(|number| !numbers.insert(number)));
        assert_eq!(numbers.runs.into_iter().collect::<Vec<_>>(), [(0, 1), (5, 7), (u64::MAX - 1, u64::MAX)]);
    }
}
