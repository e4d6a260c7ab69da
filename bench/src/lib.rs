//! The code that the benches share: rounds, reports and the machine.

pub mod harness;
pub mod machine;
mod many_types;
pub mod output;
pub mod report;
