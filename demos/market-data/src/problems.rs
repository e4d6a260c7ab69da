//! `Problems`: what went wrong in the input.

/// What went wrong in the input: the first few with their lines, and how many in all.
#[derive(Default, Hash, Debug)]
pub struct Problems {
    first: Vec<Problem>,
    total: u64,
    /// The files of the capture so far, if there are several, and how many lines were before each.
    inputs: Vec<(String, u64)>,
}

/// Something wrong in the input.
#[derive(Clone, PartialEq, Hash, Debug)]
pub(crate) struct Problem {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

impl Problems {
    /// How many are kept with their reasons.
    const KEPT: usize = 10;

    /// The lines after the first `lines` are those of another file.
    pub(crate) fn begin(&mut self, name: String, lines: u64) {
        self.inputs.push((name, lines));
    }

    /// Where a line is: its number, and in which file if they were named.
    pub(crate) fn place(&self, line: u64) -> String {
        match self.inputs.iter().rfind(|(_, before)| *before < line) {
            Some((name, before)) => format!("{name} line {}", line - before),
            None => format!("line {line}"),
        }
    }

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
