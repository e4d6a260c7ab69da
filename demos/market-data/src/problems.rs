//! `Problems`: what went wrong in the input.

/// What went wrong in the input: the first few with their lines, and how many in all.
#[derive(Default, Debug)]
pub struct Problems {
    first: Vec<Problem>,
    total: u64,
}

/// Something wrong in the input.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

impl Problems {
    /// How many are kept with their reasons.
    const KEPT: usize = 10;

    pub(crate) fn add(&mut self, line: u64, reason: impl Into<String>) {
        if self.first.len() < Self::KEPT {
            self.first.push(Problem { line, reason: reason.into() });
        }
        self.total += 1;
    }

    pub(crate) fn first(&self) -> &[Problem] {
        &self.first
    }

    /// How many there were.
    pub fn total(&self) -> u64 {
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_problems_are_kept_and_all_are_counted() {
        let mut problems = Problems::default();
        (1..=12).for_each(|line| problems.add(line, "x"));
        assert_eq!((problems.first().len(), problems.total(), problems.first()[9].line), (10, 12, 10));
    }
}
