//! The numbers of INCRBYFLOAT. Redis computes them as `long double`: 64 bits of mantissa and 15 of exponent, in base 2.
//! They are parsed, added and written here in integer arithmetic, so that every digit is the same.

use num_bigint::BigUint;

/// The least exponent, which numbers too small for 64 bits of mantissa have.
const LEAST: i32 = -16_445;

/// The greatest exponent.
const GREATEST: i32 = 16_320;

/// The longest text that Redis parses as such a number, in bytes.
const TEXT: usize = 5 * 1024;

/// A number: `mantissa * 2^exponent`, with a mantissa of 64 bits unless the exponent is the least.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Float {
    negative: bool,
    mantissa: u64,
    exponent: i32,
}

impl Float {
    /// Parses a number as `strtold` of C does. Returns `None` unless the whole text is a number.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        if text.len() >= TEXT {
            return None;
        }
        let (negative, digits) = match text {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            rest => (false, rest),
        };
        let is = |word: &[u8]| digits.eq_ignore_ascii_case(word);
        if is(b"inf") || is(b"infinity") {
            return Some(Self::infinite(negative));
        }
        let read = match digits {
            [b'0', b'x' | b'X', hex @ ..] => Scientific::read(hex, 16, b'p')?,
            decimal => Scientific::read(decimal, 10, b'e')?,
        };
        let number = read.to_float(negative);
        // A number is lost if it is too large, or so small that it would become zero.
        let is_lost = number.is_infinite() || number.mantissa == 0 && read.digits != BigUint::ZERO;
        (!is_lost).then_some(number)
    }

    /// Returns the sum, or `None` if it is not finite.
    pub(crate) fn add(self, other: Self) -> Option<Self> {
        if self.is_infinite() || other.is_infinite() {
            return None;
        }
        let key = |number: Self| (number.mantissa != 0, number.exponent, number.mantissa);
        let (large, small) = if key(self) >= key(other) { (self, other) } else { (other, self) };
        // Keep 62 bits below those of the larger number, and whether any bits below these are set.
        let (high, low) = (u128::from(large.mantissa) << 62, u128::from(small.mantissa) << 62);
        let shift = large.exponent.abs_diff(small.exponent).min(127);
        let (aligned, sticky) = (low >> shift, low & ((1 << shift) - 1) != 0);
        let sum = if large.negative == small.negative { high + aligned } else { high - aligned - u128::from(sticky) };
        // Zero is positive, unless both numbers were negative.
        let negative = if sum == 0 { large.negative && small.negative } else { large.negative };
        let sum = Self::rounded(negative, sum, large.exponent - 62, sticky);
        (!sum.is_infinite()).then_some(sum)
    }

    /// Formats the number as Redis does: 17 digits after the decimal point, without trailing zeros.
    pub(crate) fn text(self) -> String {
        const PLACES: usize = 17;
        let mut digits = if self.exponent >= 0 {
            (BigUint::from(self.mantissa) << self.exponent.unsigned_abs()).to_string() + &"0".repeat(PLACES)
        } else {
            // Less than 2^121.
            let scaled = u128::from(self.mantissa) * 10_u128.pow(17);
            let shift = self.exponent.unsigned_abs();
            let (quotient, rest) =
                if shift > 127 { (0, 0) } else { (scaled >> shift, scaled & ((1_u128 << shift) - 1)) };
            let half = 1_u128.checked_shl(shift - 1).unwrap_or(u128::MAX);
            let up = rest > half || rest == half && quotient % 2 == 1;
            format!("{:018}", quotient + u128::from(up))
        };
        digits.insert(digits.len() - PLACES, '.');
        let digits = digits.trim_end_matches('0').trim_end_matches('.');
        let sign = if self.negative && digits != "0" { "-" } else { "" };
        format!("{sign}{digits}")
    }

    fn is_infinite(self) -> bool {
        self.exponent > GREATEST
    }

    fn infinite(negative: bool) -> Self {
        Self { negative, mantissa: 1 << 63, exponent: GREATEST + 1 }
    }

    /// Rounds `bits * 2^exponent`, plus a little if it is `sticky`, to the nearest number, and to the even one in a
    /// tie.
    fn rounded(negative: bool, bits: u128, exponent: i32, sticky: bool) -> Self {
        if bits == 0 {
            return Self { negative, mantissa: 0, exponent: LEAST };
        }
        let length = 128 - bits.leading_zeros().cast_signed();
        let shift = (length - 64).max(LEAST - exponent);
        let exponent = exponent + shift;
        if shift <= 0 {
            let mantissa = u64::try_from(bits << -shift).unwrap_or(u64::MAX);
            return Self::bounded(negative, mantissa, exponent);
        }
        if shift > length {
            return Self { negative, mantissa: 0, exponent: LEAST };
        }
        // At most 128, where only the rest is left.
        let kept = bits.checked_shr(shift.unsigned_abs()).unwrap_or(0);
        let rest = if shift == 128 { bits } else { bits & ((1 << shift) - 1) };
        let half = 1_u128 << (shift - 1);
        let up = rest > half || rest == half && (sticky || kept % 2 == 1);
        match u64::try_from(kept + u128::from(up)) {
            Ok(mantissa) => Self::bounded(negative, mantissa, exponent),
            Err(_) => Self::bounded(negative, 1 << 63, exponent + 1),
        }
    }

    fn bounded(negative: bool, mantissa: u64, exponent: i32) -> Self {
        if exponent > GREATEST { Self::infinite(negative) } else { Self { negative, mantissa, exponent } }
    }
}

/// A number as written: its digits and an exponent.
struct Scientific {
    digits: BigUint,
    base: u32,
    /// The exponent, of 10, or of 2 if the base is 16.
    exponent: i64,
}

impl Scientific {
    fn read(text: &[u8], base: u32, mark: u8) -> Option<Self> {
        let end = text.iter().position(|byte| byte.eq_ignore_ascii_case(&mark)).unwrap_or(text.len());
        let (number, power) = text.split_at(end);
        let point = number.iter().position(|byte| *byte == b'.').unwrap_or(number.len());
        let (whole, fraction) = number.split_at(point);
        let fraction = fraction.get(1..).unwrap_or_default();
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let mut digits = BigUint::ZERO;
        // As many digits at once as are sure to fit into a word.
        for chunk in [whole, fraction].concat().chunks(7) {
            let value = |sum: u32, byte: &u8| Some(sum * base + char::from(*byte).to_digit(base)?);
            let chunk_value = chunk.iter().try_fold(0, value)?;
            digits = digits * base.pow(chunk.len() as u32) + chunk_value;
        }
        let places = i64::try_from(fraction.len()).ok()? * if base == 16 { 4 } else { 1 };
        Some(Self { digits, base, exponent: exponent(power)? - places })
    }

    fn to_float(&self, negative: bool) -> Float {
        if self.digits == BigUint::ZERO {
            return Float::rounded(negative, 0, 0, false);
        }
        // Every exponent beyond these overflows or underflows, however many digits there are.
        let exponent = i32::try_from(self.exponent.clamp(-60_000, 60_000)).unwrap_or_default();
        let (mut above, mut below) = (self.digits.clone(), BigUint::from(1_u32));
        let mut power = exponent;
        if self.base == 10 {
            power = 0;
            if exponent.abs() > 12_000 {
                return if exponent > 0 { Float::infinite(negative) } else { Float::rounded(negative, 0, 0, false) };
            }
            *if exponent > 0 { &mut above } else { &mut below } *= BigUint::from(10_u32).pow(exponent.unsigned_abs());
        }
        // Scale both to the same number of bits, so that the quotient has at most one bit more than needed.
        const BITS: i32 = 69;
        let (high, low) = (above.bits(), below.bits());
        above <<= low.saturating_sub(high) + BITS.unsigned_abs() as u64;
        below <<= high.saturating_sub(low);
        let scale = i32::try_from(high.cast_signed() - low.cast_signed()).expect("numbers are short");
        let (quotient, rest) = (&above / &below, above % below);
        let quotient = u128::try_from(quotient).expect("it has 70 bits");
        Float::rounded(negative, quotient, power + scale - BITS, rest != BigUint::ZERO)
    }
}

/// Parses the exponent after a number: its mark, an optional sign, and digits. An empty text is 0.
fn exponent(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [] => return Some(0),
        [_, b'-', digits @ ..] => (true, digits),
        [_, b'+', digits @ ..] | [_, digits @ ..] => (false, digits),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0_i64, |sum, digit| (10 * sum + i64::from(digit - b'0')).min(1_000_000_000));
    Some(if negative { -number } else { number })
}

#[cfg(test)]
mod tests {
    use super::Float;

    fn sum(one: &str, other: &str) -> Option<String> {
        Some(Float::parse(one.as_bytes())?.add(Float::parse(other.as_bytes())?)?.text())
    }

    #[test]
    fn sums_are_those_of_redis() {
        for (one, other, right) in [
            ("3.0", "1.000000000000000005", "4.00000000000000001"),
            ("10.5", "0.1", "10.6"),
            ("5.0e3", "2.0e2", "5200"),
            ("0", "-0", "0"),
            ("-0", "-0", "0"),
            ("1", "-1", "0"),
            ("0x1.8p1", "1", "4"),
            ("9223372036854775807", "1", "9223372036854775808"),
            ("1e-20", "0", "0"),
            ("1e19", "0.5", "10000000000000000000"),
            ("1e20", "0.5", "100000000000000000000"),
        ] {
            assert_eq!(sum(one, other).as_deref(), Some(right), "{one} + {other}");
        }
        assert_eq!(sum("1e4932", "0").map(|text| text.len()), Some(4_933));
        for text in ["", "-", ".", "e5", "1e", "1e+", " 1", "1 ", "1x", "0x", "nan", "1e5000", "1e-5000", "1\0"] {
            assert_eq!(Float::parse(text.as_bytes()), None, "{text:?}");
        }
        assert_eq!((sum("inf", "1"), sum("1.1e4932", "1.1e4932")), (None, None));
    }
}
