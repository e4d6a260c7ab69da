//! PING, ECHO, SELECT, CLIENT and QUIT: what is about the connection itself.

use super::Done;
use crate::error::CommandError;
use crate::request::Request;
use crate::session::Session;

pub(super) fn ping(session: &mut Session, request: &Request) -> Done {
    if request.len() > 2 {
        return Err(CommandError::Arity("ping"));
    }
    let text = request.from(1).next();
    match text {
        // Who waits for messages is answered in their form.
        _ if !session.channels.is_empty() => {
            session.replies.array(2);
            session.replies.bulk(b"pong");
            session.replies.bulk(text.unwrap_or_default());
        }
        Some(text) => session.replies.bulk(text),
        None => session.replies.simple("PONG"),
    }
    Ok(())
}

pub(super) fn echo(session: &mut Session, request: &Request) -> Done {
    session.replies.bulk(request.get(1));
    Ok(())
}

pub(super) fn select(session: &mut Session, request: &Request) -> Done {
    match crate::number::parse(request.get(1)) {
        Some(0) => session.replies.ok(),
        Some(_) => return Err(CommandError::DbIndex),
        None => return Err(CommandError::NotAnInteger),
    }
    Ok(())
}

pub(super) fn quit(session: &mut Session, _: &Request) -> Done {
    session.replies.ok();
    session.leaves = true;
    Ok(())
}

pub(super) fn client(session: &mut Session, request: &Request) -> Done {
    let subcommand = request.get(1).to_ascii_lowercase();
    match (subcommand.as_slice(), request.len()) {
        (b"id", 2) => session.replies.count(usize::try_from(session.id.0).unwrap_or(usize::MAX)),
        (b"getname", 2) => {
            let name = (!session.name.is_empty()).then_some(&*session.name);
            session.replies.bulk_or_nil(name);
        }
        (b"setname", 3) => {
            let name = request.get(2);
            if name.iter().any(|byte| !(b'!'..=b'~').contains(byte)) {
                return Err(CommandError::ClientName);
            }
            session.name = name.into();
            session.replies.ok();
        }
        // What libraries say of themselves is heard and not kept.
        (b"setinfo", 4) | (b"no-evict" | b"no-touch", 3) => session.replies.ok(),
        (b"info" | b"list", 2) => {
            let (id, name) = (session.id.0, String::from_utf8_lossy(&session.name));
            let (sub, obl, tot) = (session.channels.len(), session.replies.as_bytes().len(), session.holds());
            // Libraries look for every number that Redis tells. What is not counted here is 0.
            let line = format!(
                "id={id} name={name} age=0 idle=0 flags=N db=0 sub={sub} psub=0 ssub=0 multi=-1 watch=0 qbuf=0 \
                 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={obl} oll=0 omem=0 tot-mem={tot} events=r \
                 cmd=client redir=-1 resp=2\n"
            );
            session.replies.bulk(line.as_bytes());
        }
        (b"id" | b"info" | b"list", _) => return Err(CommandError::Syntax),
        (b"getname", _) => return Err(CommandError::Arity("client|getname")),
        (b"setname", _) => return Err(CommandError::Arity("client|setname")),
        (b"setinfo", _) => return Err(CommandError::Arity("client|setinfo")),
        _ => {
            let name = String::from_utf8_lossy(request.get(1)).into();
            return Err(CommandError::UnknownSubcommand { name, of: "CLIENT" });
        }
    }
    Ok(())
}
