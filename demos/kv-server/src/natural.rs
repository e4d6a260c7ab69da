//! Whole numbers of any length.

use std::fmt;

/// A whole number, of words from the lowest up and without zeros at the end.
#[derive(Clone, Default, Debug)]
pub(crate) struct Natural(Vec<u32>);

/// As many digits as surely fit into a word, and the number of their values.
const CHUNK: (usize, u32) = (9, 1_000_000_000);

impl From<u64> for Natural {
    fn from(number: u64) -> Self {
        let mut natural = Self::default();
        natural.0.extend([low(number), low(number >> 32)]);
        natural.trim();
        natural
    }
}

impl Natural {
    pub(crate) fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    /// How many bits it has.
    pub(crate) fn bits(&self) -> u32 {
        let words = u32::try_from(self.0.len()).expect("numbers are short");
        32 * words - self.0.last().map_or(0, |word| word.leading_zeros())
    }

    pub(crate) fn multiply(&mut self, by: u32) {
        let mut carry = 0;
        for word in &mut self.0 {
            let product = u64::from(*word) * u64::from(by) + carry;
            (*word, carry) = (low(product), product >> 32);
        }
        self.0.push(low(carry));
        self.trim();
    }

    /// Multiplies by `base^power`, for a base of at most 10.
    pub(crate) fn multiply_by_power(&mut self, base: u32, power: u32) {
        const AT_ONCE: u32 = 9;
        (0..power / AT_ONCE).for_each(|_| self.multiply(base.pow(AT_ONCE)));
        self.multiply(base.pow(power % AT_ONCE));
    }

    pub(crate) fn increase(&mut self, by: u32) {
        let mut carry = by;
        for word in &mut self.0 {
            let (sum, overflows) = word.overflowing_add(carry);
            (*word, carry) = (sum, overflows.into());
        }
        self.0.push(carry);
        self.trim();
    }

    pub(crate) fn shift_left(&mut self, bits: u32) {
        let (words, bits) = ((bits / 32) as usize, bits % 32);
        let mut carry = 0;
        for word in &mut self.0 {
            let wide = u64::from(*word) << bits | carry;
            (*word, carry) = (low(wide), wide >> 32);
        }
        self.0.push(low(carry));
        self.0.splice(0..0, std::iter::repeat_n(0, words));
        self.trim();
    }

    /// Subtracts another number, if that is not larger. Whether it was done.
    pub(crate) fn subtract(&mut self, other: &Self) -> bool {
        let is_less =
            self.0.len().cmp(&other.0.len()).then_with(|| self.0.iter().rev().cmp(other.0.iter().rev())).is_lt();
        if is_less {
            return false;
        }
        let mut borrow = 0;
        for (at, word) in self.0.iter_mut().enumerate() {
            let less = u64::from(other.0.get(at).copied().unwrap_or(0)) + borrow;
            let difference = u64::from(*word).wrapping_sub(less);
            (*word, borrow) = (low(difference), u64::from(difference >> 63 == 1));
        }
        self.trim();
        true
    }

    /// Divides by the number of values of a chunk, and gives the rest.
    fn take_chunk(&mut self) -> u32 {
        let mut rest = 0;
        for word in self.0.iter_mut().rev() {
            let number = rest << 32 | u64::from(*word);
            *word = low(number / u64::from(CHUNK.1));
            rest = number % u64::from(CHUNK.1);
        }
        self.trim();
        low(rest)
    }

    fn trim(&mut self) {
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }
}

/// The lower half.
fn low(number: u64) -> u32 {
    (number & u64::from(u32::MAX)) as u32
}

/// In decimal digits.
impl fmt::Display for Natural {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (mut rest, mut chunks) = (self.clone(), Vec::new());
        while !rest.is_zero() {
            chunks.push(rest.take_chunk());
        }
        write!(f, "{}", chunks.pop().unwrap_or(0))?;
        chunks.iter().rev().try_for_each(|chunk| write!(f, "{chunk:0width$}", width = CHUNK.0))
    }
}

#[cfg(test)]
mod tests {
    use super::Natural;

    #[test]
    fn numbers_are_multiplied_shifted_and_written() {
        let mut number = Natural::default();
        assert!(number.is_zero() && number.bits() == 0 && number.to_string() == "0");
        number.increase(1);
        (0..40).for_each(|_| number.multiply(10));
        assert_eq!(number.to_string(), format!("1{}", "0".repeat(40)));
        let mut shifted = Natural::from(u64::MAX);
        shifted.shift_left(70);
        assert_eq!(shifted.bits(), 134);
        assert!(shifted.subtract(&number) && !number.subtract(&shifted));
        number.shift_left(1);
        assert_eq!(number.to_string(), format!("2{}", "0".repeat(40)));
    }
}
