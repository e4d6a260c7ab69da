//! PING, ECHO, SELECT, CLIENT and QUIT: what is about the connection itself.

use std::mem;

use super::Done;
use crate::error::CommandError;
use crate::replies::Protocol;
use crate::request::Request;
use crate::session::Reply;
use crate::session::{Client, LEAVES};

pub(super) fn ping(client: &mut Client, request: &Request) -> Done {
    if request.len() > 2 {
        return Err(CommandError::Arity("ping"));
    }
    let text = request.from(1).next();
    match text {
        // Who waits for messages is answered in their form.
        _ if client.state.subscriptions() > 0 && client.state.protocol == Protocol::Two => {
            client.reply().array(2);
            client.reply().bulk(b"pong");
            client.reply().bulk(text.unwrap_or_default());
        }
        Some(text) => client.reply().bulk(text),
        None => client.reply().simple("PONG"),
    }
    Ok(())
}

pub(super) fn echo(client: &mut Client, request: &Request) -> Done {
    client.reply().bulk(request.get(1));
    Ok(())
}

pub(super) fn select(client: &mut Client, request: &Request) -> Done {
    super::keyspace::database(request.get(1))?;
    client.reply().ok();
    Ok(())
}

pub(super) fn quit(client: &mut Client, _: &Request) -> Done {
    client.reply().ok();
    client.close(LEAVES);
    Ok(())
}

pub(super) fn client(client: &mut Client, request: &Request) -> Done {
    let subcommand = request.get(1).to_ascii_lowercase();
    match (subcommand.as_slice(), request.len()) {
        (b"id", 2) => {
            let number = client.state.number;
            client.reply().count(usize::try_from(number).unwrap_or(usize::MAX));
        }
        (b"getname", 2) => {
            let name = mem::take(&mut client.state.name);
            client.reply().bulk_or_nil((!name.is_empty()).then_some(&*name));
            client.state.name = name;
        }
        (b"setname", 3) => {
            let name = request.get(2);
            if name.iter().any(|byte| !(b'!'..=b'~').contains(byte)) {
                return Err(CommandError::ClientName);
            }
            client.state.name = name.into();
            client.charge(client.state.holds());
            client.reply().ok();
        }
        // What libraries say of themselves is heard and not kept.
        (b"setinfo", 4) | (b"no-evict" | b"no-touch", 3) => client.reply().ok(),
        (b"info" | b"list", 2) => {
            let (id, name) = (client.state.number, String::from_utf8_lossy(&client.state.name));
            let (sub, obl, tot) =
                (client.state.channels.len(), client.unsent(), client.state.holds() + client.unsent());
            // Libraries look for every number that Redis tells. What is not counted here is 0.
            let line = format!(
                "id={id} name={name} age=0 idle=0 flags=N db=0 sub={sub} psub=0 ssub=0 multi=-1 watch=0 qbuf=0 \
                 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={obl} oll=0 omem=0 tot-mem={tot} events=r \
                 cmd=client redir=-1 resp=2\n"
            );
            client.reply().bulk(line.as_bytes());
        }
        (b"id" | b"info" | b"list", _) => return Err(CommandError::Syntax),
        (b"getname", _) => return Err(CommandError::Arity("client|getname")),
        (b"setname", _) => return Err(CommandError::Arity("client|setname")),
        (b"setinfo", _) => return Err(CommandError::Arity("client|setinfo")),
        _ => {
            let name = request.get(1).into();
            return Err(CommandError::UnknownSubcommand { name, of: "CLIENT" });
        }
    }
    Ok(())
}
