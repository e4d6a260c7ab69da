//! How much a client may send before it has given its password.

use nexus_rt::World;

use super::Commands;
use crate::request::Request;
use crate::session::{Client, Marks, Reply};
use crate::settings::Options;
use crate::stats::Stats;

impl Commands {
    /// Returns whether a request must not run: only its beginning has come, or its client has not given its password
    /// and sends too much for that. Such a client is told so, and closed.
    pub(super) fn stops(client: &mut Client, world: &mut World, request: &Request) -> bool {
        let is_whole = request.is_whole();
        world.resource_mut::<Stats>().announced += u64::from(!is_whole);
        // The password may be in a request that waits.
        let waits = !client.state.waiting.is_empty() && !client.state.marks.has(Marks::TURN);
        let is_stranger = client.state.marks.has(Marks::STRANGER) && !waits;
        if !is_stranger || world.resource::<Options>().password.is_empty() {
            return !is_whole;
        }
        let Some(error) = request.excess() else { return !is_whole };
        client.reply().error_of(&error.text());
        client.close("it has sent too much without its password");
        world.resource_mut::<Stats>().cut_off += 1;
        true
    }
}
