//! A digest of all keys.

use rapidhash::v3::rapidhash_v3 as hash;

use crate::keys::{Entry, Keys};

impl Keys {
    /// Returns one number for all keys, values and expiry times that are live at a time, in milliseconds since 1970. It
    /// does not depend on the order in which the keys are stored, or on whether expired keys have been removed, and is
    /// the same on every machine.
    ///
    /// The time must not be before that of the last turn, since keys that had expired by then may have been removed.
    /// Reads all keys.
    #[must_use]
    pub fn digest(&self, at_ms: i64) -> u64 {
        let living = self.entries.iter().filter(|(_, entry)| entry.lives(at_ms));
        let (count, sum) = living
            .fold((0_u64, 0_u64), |(count, sum), (key, entry)| (count + 1, sum.wrapping_add(of_entry(key, entry))));
        mixed(sum, count)
    }
}

/// Returns the digest of one key with its value and its expiry time.
fn of_entry(key: &[u8], Entry { value, ends, .. }: &Entry) -> u64 {
    let ends = ends.map_or(0, i64::from).cast_unsigned();
    [hash(value), ends].into_iter().fold(hash(key), mixed)
}

/// Combines two numbers into one, in which every bit depends on every bit of both: Steele and Vigna's splitmix.
pub(crate) fn mixed(one: u64, other: u64) -> u64 {
    let mixed = one.rotate_left(32).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ other;
    let mixed = (mixed ^ mixed >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ mixed >> 31
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::num::NonZeroI64;

    use crate::keys::Keys;

    type Row = (Vec<u8>, Vec<u8>, i64);

    fn keys(rows: &[Row]) -> Keys {
        let mut keys = Keys::default();
        for (key, value, ends) in rows {
            keys.write(key, |entry| (entry.value, entry.ends) = (value.as_slice().into(), NonZeroI64::new(*ends)));
        }
        keys
    }

    fn rows() -> Vec<Row> {
        vec![
            (b"a".to_vec(), b"1".to_vec(), 0),
            (b"b".to_vec(), b"a value that lies where its entry does not".to_vec(), 2_000),
            (b"a key that lies where its entry does not".to_vec(), vec![0; 300], 3_000),
            (Vec::new(), Vec::new(), 0),
        ]
    }

    #[test]
    fn the_digest_is_the_same_on_every_machine_and_in_every_order() {
        let mut turned = rows();
        turned.reverse();
        assert_eq!(keys(&rows()).digest(1_000), 4_180_101_505_952_049_922);
        assert_eq!(keys(&turned).digest(1_000), keys(&rows()).digest(1_000));
        assert_ne!(keys(&[]).digest(0), keys(&[(Vec::new(), Vec::new(), 0)]).digest(0));
    }

    #[test]
    fn any_bit_of_a_key_or_a_value_any_length_and_any_end_changes_the_digest() {
        let mut seen = HashSet::from([keys(&rows()).digest(1_000)]);
        let mut changed = 1;
        let mut change = |change: &dyn Fn(&mut Vec<Row>)| {
            let mut rows = rows();
            change(&mut rows);
            changed += 1;
            assert!(seen.insert(keys(&rows).digest(1_000)));
        };
        for (at, (key, value, _)) in rows().into_iter().enumerate() {
            (0..8 * key.len()).for_each(|bit| change(&|rows| rows[at].0[bit / 8] ^= 1 << (bit % 8)));
            (0..8 * value.len()).for_each(|bit| change(&|rows| rows[at].1[bit / 8] ^= 1 << (bit % 8)));
            change(&|rows| rows[at].0.push(0));
            change(&|rows| rows[at].1.push(0));
            change(&|rows| rows[at].2 = 4_000);
            change(&|rows| rows[at].2 = 4_001);
            change(&|rows| _ = rows.remove(at));
        }
        // Swaps a key with its value, and the values of two keys.
        change(&|rows| (rows[0].0, rows[0].1) = (rows[0].1.clone(), rows[0].0.clone()));
        change(&|rows| (rows[0].1, rows[1].1) = (rows[1].1.clone(), rows[0].1.clone()));
        change(&|rows| (rows[0].2, rows[1].2) = (rows[1].2, rows[0].2));
        assert_eq!(seen.len(), changed);
    }

    #[test]
    fn what_has_ended_does_not_count_whether_or_not_it_is_still_there() {
        let all = keys(&rows());
        let living: Vec<_> = rows().into_iter().filter(|(.., ends)| *ends != 2_000).collect();
        assert_eq!(all.digest(2_000), keys(&living).digest(2_000));
        assert_ne!(all.digest(1_999), all.digest(2_000));
        assert_eq!(all.digest(1_000), all.digest(1_999));
    }
}
