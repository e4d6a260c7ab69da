//! Behaviour through the public API, one module per feature.

mod chains;
mod change_detection;
mod derive;
mod errors;
mod functions;
mod handlers;
mod messages;
mod params;
mod soundness;
mod support;
mod world;
