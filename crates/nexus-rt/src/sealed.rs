//! Traits that only this crate implements.

/// What a sealed trait asks for: it has no name outside.
pub trait Sealed {}

impl Sealed for () {}
impl Sealed for bool {}
impl Sealed for Option<()> {}
impl<E> Sealed for Result<(), E> {}

/// The last argument of a method that only this crate calls and implements, where a trait is implemented for every
/// function and so cannot ask for [`Sealed`].
#[derive(Debug)]
pub struct Internal;
