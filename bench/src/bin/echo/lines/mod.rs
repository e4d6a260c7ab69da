//! Servers that echo lines.

mod by_hand;
mod on_calloop;
mod on_tokio;
mod ours;
mod session;

use crate::servers::Server;
use crate::stream::Transport;

/// The longest line that a server accepts, without its end.
const LONGEST: usize = 1_000;

/// All servers, ours first.
pub(crate) fn all(transport: Transport) -> Vec<(&'static str, Box<dyn Server>)> {
    vec![
        ("ours", Box::new(ours::Ours::new(transport))),
        ("by hand", Box::new(by_hand::ByHand::new())),
        ("tokio", Box::new(on_tokio::Tokio::new(on_tokio::Flush::EachLine))),
        ("tokio, one flush", Box::new(on_tokio::Tokio::new(on_tokio::Flush::WhenDry))),
        ("calloop", Box::new(on_calloop::Calloop::new())),
    ]
}
