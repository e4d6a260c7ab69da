//! What is read is what was written, and bytes of another shape are none.

use std::fmt::Debug;
use std::time::Duration;

use nexus_journal::{Digest, Payload};

/// Writes and reads a value. No prefix of its bytes is one, nor what is longer, if `is_exact`.
fn comes_back<T: for<'a> Payload<'a> + PartialEq + Debug>(value: &T, is_exact: bool) {
    let mut bytes = Vec::new();
    value.encode(&mut bytes);
    assert_eq!(T::decode(&bytes).as_ref(), Some(value));
    if is_exact {
        (0..bytes.len()).for_each(|end| assert_eq!(T::decode(&bytes[..end]), None, "{value:?}"));
        bytes.push(0);
        assert_eq!(T::decode(&bytes), None, "{value:?}");
    }
}

#[test]
fn payloads_come_back() {
    comes_back(&7_u8, true);
    comes_back(&i128::MIN, true);
    comes_back(&-0.5_f64, true);
    comes_back(&true, true);
    comes_back(&'Ω', true);
    comes_back(&(), true);
    comes_back(&Duration::new(u64::MAX, 999_999_999), true);
    comes_back(&[1_u8, 2, 3], true);
    comes_back(&String::from("naïve"), false);
    comes_back(&vec![0_u8, 255], false);
    assert_eq!(<&str>::decode(b"text"), Some("text"));
    assert_eq!((<&str>::decode(&[255]), String::decode(&[255]), bool::decode(&[2])), (None, None, None));
    assert_eq!((char::decode(&[0, 216, 0, 0]), Duration::decode(&[255; 12])), (None, None));
    let second = [[0; 8].as_slice(), &1_000_000_000_u32.to_le_bytes()].concat();
    assert_eq!(Duration::decode(&second), None, "a second is no part of one");
}

#[cfg(feature = "postcard")]
#[test]
fn what_serde_writes_comes_back() {
    use nexus_journal::Postcard;
    comes_back(&Postcard((7_u32, String::from("seven"), Some(false))), true);
}

#[cfg(feature = "zerocopy")]
#[test]
fn what_is_its_own_bytes_comes_back() {
    use nexus_journal::Plain;
    comes_back(&Plain([7_u32, 8]), true);
}

#[test]
fn digests_depend_on_numbers_of_all_types() {
    macro_rules! differ {
        ($($number:ty)*) => {
            $(assert_ne!(Digest::of(&(1 as $number)), Digest::of(&(2 as $number)), stringify!($number));)*
        };
    }
    differ!(u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize);
    assert_ne!(Digest::of("1"), Digest::of("2"));
    assert_ne!(Digest::of(&'1'), Digest::of(&'2'));
    assert_ne!(Digest::of(&[1_u8, 2][..]), Digest::of(&[2_u8, 1][..]));
    // Journals hold them, so they stay the same.
    assert_eq!([Digest::of(&7_u64), Digest::of("seven")], [16_438_047_916_687_291_415, 7_220_418_566_944_548_880]);
}
