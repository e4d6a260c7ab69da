//! Where results are written: to the terminal row by row, as JSON, or into `RESULTS.md`.

use std::path::PathBuf;

use clap::Args;

use crate::harness::Measured;
use crate::report::{Report, replace_section};

/// The options of every bench.
#[derive(Args)]
pub struct Output {
    /// Print one JSON object
    #[arg(long)]
    json: bool,

    /// Replace the section of this file, such as RESULTS.md, that holds the figures of this program
    #[arg(long, value_name = "FILE")]
    markdown: Option<PathBuf>,
}

impl Output {
    /// Adds a row to the report, and prints it unless the output is JSON.
    pub fn add(&self, report: &mut Report, row: Measured) {
        if self.json { report.rows.push(row) } else { report.push(row) }
    }

    /// Ends a report. `more` is the Markdown text below its tables, and `section` its part of a file.
    ///
    /// # Panics
    /// If the file cannot be written, or has no such section.
    pub fn finish(&self, report: &Report, section: &str, more: &str) {
        if self.json {
            println!("{:#}", report.json());
        } else {
            println!("{}{more}", if more.is_empty() { "" } else { "\n" });
            let missed = report.missed();
            println!("{} budgets missed", missed.len());
            missed.iter().for_each(|line| println!("  {line}"));
        }
        if let Some(file) = &self.markdown {
            let space = if more.is_empty() { "" } else { "\n" };
            replace_section(file, section, &format!("{}{space}{more}", report.markdown()));
        }
    }
}
