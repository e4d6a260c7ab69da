//! CLIENT KILL: selects the clients and closes them.

use nexus_rt::ResMut;
use nexus_rt::connections::Connections;

use super::Done;
use super::client::{addresses, kind};
use crate::error::CommandError;
use crate::number;
use crate::request::Request;
use crate::session::{Client, Reply, Session};
use crate::settings::Settings;

/// The reason for closing a client that another client has killed.
const KILLED: &str = "another client has closed it";

/// The clients to close: those that match every filter.
#[derive(Default)]
struct Meant<'a> {
    id: Option<i64>,
    kind: Option<Option<bool>>,
    address: Option<&'a [u8]>,
    local: Option<&'a [u8]>,
    /// Whether the client that sends the request may be closed too.
    itself: bool,
}

impl<'a> Meant<'a> {
    fn read(request: &'a Request) -> Result<Self, CommandError> {
        let mut meant = Self::default();
        let mut at = 3;
        while at <= request.len() {
            let (option, value) = (request.get(at - 1), request.from(at).next());
            let value = value.ok_or(CommandError::Syntax)?;
            match option.to_ascii_lowercase().as_slice() {
                b"id" => {
                    let id = number::parse(value).filter(|id| *id > 0);
                    meant.id = Some(id.ok_or(CommandError::other("ERR client-id should be greater than 0"))?);
                }
                b"type" => meant.kind = Some(kind(value)?),
                b"addr" => meant.address = Some(value),
                b"laddr" => meant.local = Some(value),
                b"user" if value == b"default" => {}
                b"user" => {
                    let name = super::shown(value, usize::MAX);
                    return Err(CommandError::other(format!("ERR No such user '{name}'")));
                }
                b"skipme" if value.eq_ignore_ascii_case(b"yes") => meant.itself = false,
                b"skipme" if value.eq_ignore_ascii_case(b"no") => meant.itself = true,
                _ => return Err(CommandError::Syntax),
            }
            at += 2;
        }
        Ok(meant)
    }

    fn fits(&self, client: &Client, settings: &Settings) -> bool {
        let (address, local) = addresses(client, settings);
        self.id.is_none_or(|id| id == client.state.id())
            && self.kind.is_none_or(|kind| kind == Some(client.state.is_subscribed()))
            && self.address.is_none_or(|wanted| wanted == address.as_bytes())
            && self.local.is_none_or(|wanted| wanted == local.as_bytes())
    }
}

pub(super) fn kill(
    client: &mut Client,
    net: Option<ResMut<Connections<Session>>>,
    settings: &Settings,
    request: &Request,
) -> Done {
    let by_address = request.len() == 3;
    let meant = if by_address {
        Meant { address: Some(request.get(2)), itself: true, ..Meant::default() }
    } else {
        Meant::read(request)?
    };
    let mut killed = 0;
    if let Some(mut net) = net {
        // Except the client that asks, whose state may be apart from its connection.
        let others =
            net.iter().filter(|other| !other.is_closing() && other.state.number > 0 && meant.fits(other, settings));
        let ids: Vec<_> = others.map(Client::id).collect();
        killed += ids.len();
        ids.into_iter().for_each(|id| _ = net.close(id, KILLED));
    }
    let itself = meant.itself && meant.fits(client, settings);
    killed += usize::from(itself);
    match killed {
        0 if by_address => return Err(CommandError::other("ERR No such client")),
        _ if by_address => client.reply().ok(),
        _ => client.reply().count(killed),
    }
    if itself {
        client.close(KILLED);
    }
    Ok(())
}
