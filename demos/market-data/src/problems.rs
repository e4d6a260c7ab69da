//! `Problems`: the problems of the input.

/// The problems of the input: the first few with their lines, and the total.
#[derive(Default, Hash, Debug)]
pub struct Problems {
    first: Vec<Problem>,
    total: u64,
    /// The files of the capture so far, if there are several, each with the number of lines before it.
    inputs: Vec<(String, u64)>,
}

/// A problem of the input.
#[derive(Clone, PartialEq, Hash, Debug)]
pub(crate) struct Problem {
    pub(crate) line: u64,
    pub(crate) reason: String,
}

impl Problems {
    /// The number of problems kept with their reasons.
    const KEPT: usize = 10;

    /// Begins another file: the lines after the first `lines` belong to it.
    pub(crate) fn begin(&mut self, name: String, lines: u64) {
        self.inputs.push((name, lines));
    }

    /// Describes the place of a line: its number and, if there are several files, the name of its file.
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

    /// Returns the number of problems.
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
