//! Exact decimals: `"61837.63000000"` in the feed is a number of hundred-millionths here.

use std::fmt;
use std::str::FromStr;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// The number of digits after the decimal point, in the feed and here.
pub(crate) const DIGITS: u32 = 8;

const ONE: u64 = 10_u64.pow(DIGITS);

/// A price or a quantity, with 8 digits after the point, never negative. The largest is 184467440737.09551615.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Decimal(u64);

impl Decimal {
    pub(crate) const fn from_units(units: u64) -> Self {
        Self(units)
    }

    /// Returns the value in hundred-millionths.
    pub const fn units(self) -> u64 {
        self.0
    }

    /// Returns whether the value is zero.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Decimal {
    type Err = NotADecimal;

    fn from_str(text: &str) -> Result<Self, NotADecimal> {
        units(text.as_bytes()).map(Self).ok_or_else(|| NotADecimal(text.to_owned()))
    }
}

/// Parses a decimal into hundred-millionths. `None` if it is not one, or does not fit.
fn units(text: &[u8]) -> Option<u64> {
    let point = text.iter().position(|byte| *byte == b'.').unwrap_or(text.len());
    let (whole, fraction) = (&text[..point], text.get(point + 1..).unwrap_or_default());
    // Zeros beyond the eighth digit change nothing; any other digit would be lost.
    let (kept, lost) = fraction.split_at(fraction.len().min(DIGITS as usize));
    if whole.is_empty() || lost.iter().any(|byte| *byte != b'0') {
        return None;
    }
    let digits = whole.iter().chain(kept).try_fold(0_u64, |units, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit < 10 { units.checked_mul(10)?.checked_add(u64::from(digit)) } else { None }
    });
    digits?.checked_mul(10_u64.pow(DIGITS - kept.len() as u32))
}

/// The text is not a decimal with at most 8 digits after the point, or it is too large.
#[derive(Debug)]
pub struct NotADecimal(String);

impl fmt::Display for NotADecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not a decimal in range: {DIGITS} digits after the point, at most {}",
            self.0,
            Decimal(u64::MAX)
        )
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = format!("{}.{:0width$}", self.0 / ONE, self.0 % ONE, width = DIGITS as usize);
        f.pad(&text)
    }
}

impl fmt::Debug for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<'de> Deserialize<'de> for Decimal {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = Decimal;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a decimal as text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Decimal, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_str(Text)
    }
}

impl Serialize for Decimal {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_exact() {
        for (text, units, shown) in [
            ("0", 0, "0.00000000"),
            ("1.5", 150_000_000, "1.50000000"),
            ("61837.63000000", 6_183_763_000_000, "61837.63000000"),
            ("0.000000010000", 1, "0.00000001"),
            ("7.", 700_000_000, "7.00000000"),
            ("184467440737.09551615", u64::MAX, "184467440737.09551615"),
        ] {
            let decimal: Decimal = text.parse().unwrap();
            assert_eq!((decimal.units(), decimal.to_string().as_str()), (units, shown));
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for text in
            ["", ".", ".5", "-1", "+1", "1e3", "1,5", "0.123456789", "184467440737.09551616", "9".repeat(30).as_str()]
        {
            assert!(text.parse::<Decimal>().is_err(), "{text}");
        }
    }
}
