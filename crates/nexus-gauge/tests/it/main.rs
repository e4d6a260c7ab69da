//! Behaviour, a module per feature.

mod drivers;
mod exposition;
mod histograms;
mod kinds;
mod watches;
