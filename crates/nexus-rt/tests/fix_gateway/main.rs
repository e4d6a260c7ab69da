//! The example `fix_gateway`: its chain and its timers without a socket, and its process with the engine of QuickFIX.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../examples/fix_gateway/gateway.rs"]
mod gateway;
#[path = "../../examples/fix_gateway/message.rs"]
mod message;
#[path = "../../examples/fix_gateway/orders.rs"]
mod orders;
#[path = "../../examples/fix_gateway/protocol.rs"]
mod protocol;
#[path = "../../examples/fix_gateway/session.rs"]
mod session;

mod application;
mod framing;
#[cfg(unix)]
mod process;
mod rig;
mod sequence;
