//! SHUTDOWN, and the commands about replicas and databases, of which there are none and one.

use nexus_rt::{Res, ResMut, Shutdown};

use super::Done;
use crate::error::CommandError;
use crate::log::Log;
use crate::number;
use crate::request::Request;
use crate::session::{Client, LEAVES, Reply};

pub(super) fn shutdown(client: &mut Client, shutdown: Res<Shutdown>, request: &Request) -> Done {
    let [mut save, mut nosave, mut now, mut force, mut abort] = [false; 5];
    for option in request.from(1) {
        match option.to_ascii_lowercase().as_slice() {
            b"save" => save = true,
            b"nosave" => nosave = true,
            b"now" => now = true,
            b"force" => force = true,
            b"abort" => abort = true,
            _ => return Err(CommandError::Syntax),
        }
    }
    if save && nosave || abort && (save || nosave || now || force) {
        return Err(CommandError::Syntax);
    }
    if abort {
        return Err(CommandError::other("ERR No shutdown in progress."));
    }
    client.close(LEAVES);
    shutdown.shutdown();
    Ok(())
}

/// Compacts the journal. In Redis, this command rewrites the append-only file.
pub(super) fn bgrewriteaof(client: &mut Client, mut log: ResMut<Log>, _: &Request) -> Done {
    if !log.is_open() {
        return Err(CommandError::other("ERR there is no journal: start the server with --journal"));
    }
    if !log.ask_to_compact() {
        return Err(CommandError::other("ERR Background append only file rewriting already in progress"));
    }
    client.reply().simple("Background append only file rewriting started");
    Ok(())
}

pub(super) fn role(client: &mut Client, _: &Request) -> Done {
    let replies = &mut client.reply();
    replies.array(3);
    replies.bulk(b"master");
    replies.integer(0);
    replies.array(0);
    Ok(())
}

/// There are no replicas to wait for.
pub(super) fn wait(client: &mut Client, request: &Request) -> Done {
    number::parse(request.get(1)).ok_or(CommandError::NotAnInteger)?;
    match number::parse(request.get(2)) {
        None => return Err(CommandError::other("ERR timeout is not an integer or out of range")),
        Some(..0) => return Err(CommandError::other("ERR timeout is negative")),
        Some(_) => client.reply().integer(0),
    }
    Ok(())
}

/// There is only one database, which is the same afterwards.
pub(super) fn swapdb(client: &mut Client, request: &Request) -> Done {
    let index = |at, what: &'static str| {
        let index = number::parse(request.get(at)).and_then(|index| i32::try_from(index).ok());
        index.ok_or_else(|| CommandError::other(format!("ERR invalid {what} DB index")))
    };
    let (first, second) = (index(1, "first")?, index(2, "second")?);
    if first != 0 || second != 0 {
        return Err(CommandError::DbIndex);
    }
    client.reply().ok();
    Ok(())
}
