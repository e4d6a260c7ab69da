//! SHUTDOWN: what is about the server.

use nexus_rt::{Res, Shutdown};

use super::Done;
use crate::error::CommandError;
use crate::request::Request;
use crate::session::{Client, LEAVES};

pub(super) fn shutdown(client: &mut Client, shutdown: Res<Shutdown>, request: &Request) -> Done {
    let known =
        |option: &[u8]| [&b"nosave"[..], b"save", b"now", b"force"].contains(&option.to_ascii_lowercase().as_slice());
    if !request.from(1).all(known) {
        return Err(CommandError::Syntax);
    }
    client.close(LEAVES);
    shutdown.shutdown();
    Ok(())
}
