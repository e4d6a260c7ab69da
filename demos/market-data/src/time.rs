//! The time at the start of each line: its unit, and whether its size fits that unit.

use clap::ValueEnum;

/// The unit of the times in a capture.
#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub enum TimeUnit {
    /// Seconds
    #[value(name = "s")]
    Seconds,
    /// Milliseconds
    #[value(name = "ms")]
    Milliseconds,
    /// Microseconds
    #[value(name = "us")]
    Microseconds,
    /// Nanoseconds
    #[value(name = "ns")]
    Nanoseconds,
}

impl TimeUnit {
    /// Returns the unit in which `time` lies between 1973 and 5138. `None` below 1,000,000,000, where the size is no
    /// evidence.
    fn by_size(time: u64) -> Option<Self> {
        match time {
            0..1_000_000_000 => None,
            1_000_000_000..100_000_000_000 => Some(Self::Seconds),
            100_000_000_000..100_000_000_000_000 => Some(Self::Milliseconds),
            100_000_000_000_000..100_000_000_000_000_000 => Some(Self::Microseconds),
            100_000_000_000_000_000.. => Some(Self::Nanoseconds),
        }
    }

    /// Returns the unit in nanoseconds, its name, and its name on the command line.
    const fn parts(self) -> (u64, &'static str, &'static str) {
        match self {
            Self::Seconds => (1_000_000_000, "seconds", "s"),
            Self::Milliseconds => (1_000_000, "milliseconds", "ms"),
            Self::Microseconds => (1_000, "microseconds", "us"),
            Self::Nanoseconds => (1, "nanoseconds", "ns"),
        }
    }
}

/// How the times of the capture are read. If the command line names a unit, they are in that unit, whatever their size.
/// Otherwise they are in nanoseconds, and a time that looks like another unit is refused.
#[derive(Clone, Copy, Default, Debug)]
pub struct Times(pub Option<TimeUnit>);

impl Times {
    /// Returns the nanoseconds since the epoch at which a line was received, and the JSON after the time.
    pub(crate) fn split(self, text: &[u8]) -> Result<(u64, &[u8]), String> {
        let space = text.iter().position(|byte| *byte == b' ').ok_or("no time at the start of the line")?;
        let (digits, json) = (&text[..space], &text[space + 1..]);
        let (ns, name, _) = self.0.unwrap_or(TimeUnit::Nanoseconds).parts();
        let time: Option<u64> = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let time = time.ok_or_else(|| format!("`{}` is not a time in {name}", show(digits)))?;
        if self.0.is_none() {
            nanoseconds(time)?;
        }
        let time = time.checked_mul(ns).ok_or_else(|| format!("`{time}` is too large for a time in {name}"))?;
        Ok((time, json))
    }
}

/// Refuses a time that looks like another unit.
fn nanoseconds(time: u64) -> Result<(), String> {
    match TimeUnit::by_size(time) {
        None | Some(TimeUnit::Nanoseconds) => Ok(()),
        Some(unit) => {
            let (_, name, short) = unit.parts();
            Err(format!(
                "`{time}` looks like a time in {name}, not in nanoseconds: pass `--time-unit {short}`, or \
                 `--time-unit ns` to accept it"
            ))
        }
    }
}

/// Returns the start of bytes that should have been text.
fn show(bytes: &[u8]) -> String {
    bytes[..bytes.len().min(40)].escape_ascii().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_a_time_and_a_message() {
        let split = |text| Times::default().split(text);
        assert_eq!(split(b"{}").unwrap_err(), "no time at the start of the line");
        assert_eq!(split(b"12x4 {}").unwrap_err(), "`12x4` is not a time in nanoseconds");
        assert_eq!(split(b"1234 {}").unwrap(), (1234, &b"{}"[..]));
    }
}
