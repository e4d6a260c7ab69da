//! The base of drivers: the table that handlers leave to run and return to, and the loop that keeps the rules of
//! [`Installer`](crate::Installer).

mod poller;
mod registrations;

pub use poller::{Driver, Poller, Polls};
pub use registrations::{Registration, RegistrationKey, Registrations};
