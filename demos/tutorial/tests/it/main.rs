//! The pages of the tutorial say what its programs do: each excerpt is in its program, each session is run, and each
//! mistake is made.

mod excerpts;
mod mistakes;
mod page;
mod sessions;
