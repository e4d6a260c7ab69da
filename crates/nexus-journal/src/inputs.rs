//! `Input`: the inputs of a program, as an enum that its one entrance matches on; `Payload`: how a value is written.

use std::time::Duration;

/// The inputs of a program: an enum with a number for each variant, declared by [`inputs!`](crate::inputs).
pub trait Input<'a>: Sized {
    /// Returns the number of the variant, under which the journal stores it.
    fn source(&self) -> u32;

    /// Appends the payload to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads an input. Returns `None` if no variant has this number, or if the bytes are not a payload of it.
    fn decode(source: u32, bytes: &'a [u8]) -> Option<Self>;
}

/// A value that a journal can store: reading it returns the value that was written.
///
/// It is implemented for numbers (little-endian), `bool`, `char`, [`Duration`], arrays of bytes, `&[u8]`, `&str`,
/// `Vec<u8>`, `String` and `()`. `Postcard` wraps types of serde, and `Plain` types of zerocopy, each with its feature.
/// For your own type, it is a few lines:
///
/// ```
/// use nexus_journal::Payload;
///
/// #[derive(Clone, Copy, PartialEq, Debug)]
/// struct Quote { symbol: u32, price: u64 }
///
/// impl Payload<'_> for Quote {
///     fn encode(&self, out: &mut Vec<u8>) {
///         self.symbol.encode(out);
///         self.price.encode(out);
///     }
///
///     fn decode(bytes: &[u8]) -> Option<Self> {
///         let (symbol, price) = bytes.split_at_checked(4)?;
///         Some(Self { symbol: u32::decode(symbol)?, price: u64::decode(price)? })
///     }
/// }
///
/// let (quote, mut bytes) = (Quote { symbol: 7, price: 101 }, Vec::new());
/// quote.encode(&mut bytes);
/// assert_eq!(Quote::decode(&bytes), Some(quote));
/// assert_eq!(Quote::decode(&bytes[1..]), None);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the payload of an input",
    note = "implement `Payload` for it, or wrap it: `Postcard<T>` for types of serde, `Plain<T>` for types of zerocopy"
)]
pub trait Payload<'a>: Sized {
    /// Appends the value to `out`.
    fn encode(&self, out: &mut Vec<u8>);

    /// Reads a value from exactly these bytes. Returns `None` if they are not a value of this type.
    fn decode(bytes: &'a [u8]) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty)*) => {$(
        impl Payload<'_> for $number {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline]
            fn decode(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::from_le_bytes)
            }
        }
    )*};
}

numbers!(u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64);

impl Payload<'_> for () {
    fn encode(&self, _: &mut Vec<u8>) {}

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.is_empty().then_some(())
    }
}

impl Payload<'_> for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        match bytes {
            [0] => Some(false),
            [1] => Some(true),
            _ => None,
        }
    }
}

impl Payload<'_> for char {
    fn encode(&self, out: &mut Vec<u8>) {
        u32::from(*self).encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Self::from_u32(u32::decode(bytes)?)
    }
}

impl Payload<'_> for Duration {
    fn encode(&self, out: &mut Vec<u8>) {
        self.as_secs().encode(out);
        self.subsec_nanos().encode(out);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        let (seconds, nanos) = bytes.split_at_checked(8)?;
        let nanos = u32::decode(nanos).filter(|nanos| *nanos < 1_000_000_000)?;
        Some(Self::new(u64::decode(seconds)?, nanos))
    }
}

impl<const N: usize> Payload<'_> for [u8; N] {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok()
    }
}

impl<'a> Payload<'a> for &'a [u8] {
    #[inline]
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    #[inline]
    fn decode(bytes: &'a [u8]) -> Option<Self> {
        Some(bytes)
    }
}

impl<'a> Payload<'a> for &'a str {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        str::from_utf8(bytes).ok()
    }
}

impl Payload<'_> for Vec<u8> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        Some(bytes.to_vec())
    }
}

impl Payload<'_> for String {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        str::from_utf8(bytes).ok().map(str::to_owned)
    }
}

/// A value of a type with serde, stored in the format of postcard (feature `postcard`).
///
/// ```
/// use nexus_journal::{Payload, Postcard};
///
/// // A tuple here; usually a struct that derives the traits of serde.
/// let (order, mut bytes) = (Postcard(("BTC", 7_u32)), Vec::new());
/// order.encode(&mut bytes);
/// assert_eq!(Postcard::decode(&bytes), Some(order));
/// ```
#[cfg(feature = "postcard")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Postcard<T>(pub T);

#[cfg(feature = "postcard")]
impl<'a, T: serde::Serialize + serde::Deserialize<'a>> Payload<'a> for Postcard<T> {
    /// # Panics
    /// If postcard cannot write the value, such as a sequence of unknown length.
    fn encode(&self, out: &mut Vec<u8>) {
        /// Appends to a borrowed vector.
        struct Onto<'a>(&'a mut Vec<u8>);

        impl Extend<u8> for Onto<'_> {
            #[inline]
            fn extend<I: IntoIterator<Item = u8>>(&mut self, bytes: I) {
                self.0.extend(bytes);
            }
        }

        if let Err(error) = postcard::to_extend(&self.0, Onto(out)) {
            panic!("postcard cannot write this: {error}");
        }
    }

    fn decode(bytes: &'a [u8]) -> Option<Self> {
        postcard::take_from_bytes(bytes).ok().filter(|(_, rest)| rest.is_empty()).map(|(value, _)| Self(value))
    }
}

/// A value that is stored as its own bytes, by zerocopy (feature `zerocopy`).
///
/// Numbers are stored in the byte order of the machine, unless they are the byte-ordered numbers of zerocopy.
#[cfg(feature = "zerocopy")]
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Plain<T>(pub T);

#[cfg(feature = "zerocopy")]
impl<T: zerocopy::TryFromBytes + zerocopy::IntoBytes + zerocopy::Immutable> Payload<'_> for Plain<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.0.as_bytes());
    }

    fn decode(bytes: &[u8]) -> Option<Self> {
        T::try_read_from_bytes(bytes).ok().map(Self)
    }
}

/// Declares the inputs of a program, as an enum that implements [`Input`].
///
/// Each variant has a number, which the files store, and at most one [`Payload`]. For several values, use a struct that
/// implements it.
///
/// ```
/// nexus_journal::inputs! {
///     /// What reaches the venue.
///     #[derive(Debug, PartialEq)]
///     pub enum VenueInput<'a> {
///         /// A line of a client.
///         1 = Line(&'a str),
///         /// Timers are due.
///         2 = Timers,
///     }
/// }
///
/// # use nexus_journal::Input;
/// assert_eq!(VenueInput::decode(1, b"BUY 7"), Some(VenueInput::Line("BUY 7")));
/// assert_eq!(VenueInput::Timers.source(), 2);
/// ```
///
/// A duplicate number does not compile:
///
/// ```compile_fail,E0081
/// nexus_journal::inputs! {
///     enum Twice {
///         1 = This,
///         1 = That,
///     }
/// }
/// ```
#[macro_export]
macro_rules! inputs {
    (
        $(#[$meta:meta])* $vis:vis enum $Name:ident<$lt:lifetime> { $($variants:tt)* }
    ) => {
        $crate::inputs!(@ [$(#[$meta])* $vis] $Name [<$lt>] $lt $($variants)*);
    };
    (
        $(#[$meta:meta])* $vis:vis enum $Name:ident { $($variants:tt)* }
    ) => {
        $crate::inputs!(@ [$(#[$meta])* $vis] $Name [] 'bytes $($variants)*);
    };
    (
        @ [$(#[$meta:meta])* $vis:vis] $Name:ident [$($generics:tt)*] $lt:lifetime
        $($(#[$of:meta])* $number:literal = $Variant:ident $(($Payload:ty))?),* $(,)?
    ) => {
        $(#[$meta])*
        $vis enum $Name $($generics)* {
            $($(#[$of])* $Variant $(($Payload))?,)*
        }

        const _: () = {
            /// Makes the compiler reject a duplicate number.
            #[repr(u32)]
            enum Number { $($Variant = $number),* }
            $(assert!((Number::$Variant as u32) < $crate::OWN_SOURCES, "this number is one of the journal's own");)*
        };

        impl<$lt> $crate::Input<$lt> for $Name $($generics)* {
            #[inline]
            fn source(&self) -> u32 {
                match self {
                    $(Self::$Variant { .. } => $number,)*
                }
            }

            #[inline]
            fn encode(&self, out: &mut ::std::vec::Vec<u8>) {
                match self {
                    $($crate::inputs!(@pattern $Variant payload $($Payload)?) =>
                        $crate::inputs!(@encode payload out $($Payload)?),)*
                }
            }

            #[inline]
            fn decode(source: u32, bytes: &$lt [u8]) -> ::std::option::Option<Self> {
                match source {
                    $($number => $crate::inputs!(@decode $Variant bytes $($Payload)?),)*
                    _ => ::std::option::Option::None,
                }
            }
        }
    };
    (@ [$($meta:tt)*] $($rest:tt)*) => {
        ::std::compile_error!(
            "a variant is a number, `=`, a name and at most one payload, such as `1 = Add(u64)`: for several values, \
             implement `Payload` for a struct"
        );
    };
    (@pattern $Variant:ident $payload:ident $Payload:ty) => { Self::$Variant($payload) };
    (@pattern $Variant:ident $payload:ident) => { Self::$Variant };
    (@encode $payload:ident $out:ident $Payload:ty) => { <$Payload as $crate::Payload<'_>>::encode($payload, $out) };
    (@encode $payload:ident $out:ident) => {{ let _ = &$out; }};
    (@decode $Variant:ident $bytes:ident $Payload:ty) => {
        <$Payload as $crate::Payload<'_>>::decode($bytes).map(Self::$Variant)
    };
    (@decode $Variant:ident $bytes:ident) => {
        if $bytes.is_empty() { ::std::option::Option::Some(Self::$Variant) } else { ::std::option::Option::None }
    };
}
