//! Traits that only this crate implements.

/// What a sealed trait requires: it has no public name.
pub trait Sealed {}

impl Sealed for () {}
impl Sealed for bool {}
impl Sealed for Option<()> {}
impl<E> Sealed for Result<(), E> {}

/// The last argument of a method that only this crate calls and implements, for a trait that is implemented for every
/// function and so cannot require [`Sealed`].
#[derive(Debug)]
pub struct Internal;
