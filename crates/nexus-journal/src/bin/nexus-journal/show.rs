//! How times, numbers, payloads and tables look.

use std::fmt::Write;
use std::time::Duration;

use indicatif::HumanCount;
use jiff::Timestamp;
use nexus_journal::Torn;

/// A time since 1970 as `2026-01-31 12:00:00.123`, in UTC.
pub(crate) fn time(at: Duration) -> String {
    format(at, "%Y-%m-%d %H:%M:%S%.3f")
}

/// A time since 1970 as `2026-01-31T12:00:00.123456789Z`.
pub(crate) fn exact_time(at: Duration) -> String {
    format(at, "%Y-%m-%dT%H:%M:%S%.9fZ")
}

fn format(at: Duration, format: &str) -> String {
    let time = i128::try_from(at.as_nanos()).ok().and_then(|nanos| Timestamp::from_nanosecond(nanos).ok());
    // A journal has no time after the year 2554.
    time.map_or_else(|| format!("{at:?}"), |time| time.strftime(format).to_string())
}

/// A number with its noun.
pub(crate) fn count(number: u64, noun: &str) -> String {
    let number = HumanCount(number);
    if number.0 == 1 { format!("{number} {noun}") } else { format!("{number} {noun}s") }
}

/// What is torn, in a sentence.
pub(crate) fn torn(torn: &Torn) -> String {
    format!("{torn}; the next start of the program removes them")
}

/// The text that a payload is, if it can be printed, line ends included.
pub(crate) fn text(payload: &[u8]) -> Option<&str> {
    let is_printable = |c: char| !c.is_control() || matches!(c, '\r' | '\n' | '\t');
    str::from_utf8(payload).ok().filter(|text| text.chars().all(is_printable))
}

/// The digits of a payload.
pub(crate) fn hex(payload: &[u8]) -> String {
    payload.iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").expect("a string takes everything");
        hex
    })
}

/// Rows whose columns are aligned, numbers to the right.
pub(crate) fn table<const N: usize>(rows: &[[String; N]], numbers: [bool; N]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut table = String::new();
    for row in rows {
        let cells = row.iter().zip(widths).zip(numbers).map(|((cell, width), is_number)| match is_number {
            true => format!("{cell:>width$}"),
            false => format!("{cell:width$}"),
        });
        table += cells.collect::<Vec<_>>().join("  ").trim_end();
        table.push('\n');
    }
    table
}
