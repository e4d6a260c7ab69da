//! `Full`: the error of a full wheel, with the value that did not fit.

use std::error::Error;
use std::fmt;

/// The error of a wheel at its [limit](crate::WheelBuilder::limit), with the value that did not fit.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Full<T>(pub T);

impl<T> fmt::Debug for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Full(..)")
    }
}

impl<T> fmt::Display for Full<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the timer wheel is full")
    }
}

impl<T> Error for Full<T> {}
