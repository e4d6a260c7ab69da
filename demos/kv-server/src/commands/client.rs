//! CLIENT: the connections and their state.

use std::fmt::Write;
use std::time::{Duration, Instant};

use nexus_rt::connections::{Address, Connections};
use nexus_rt::{Clock, Res, ResMut};

use super::connection::set_name;
use super::kill::kill;
use super::{Done, help, subcommands};
use crate::error::CommandError;
use crate::limits::Limits;
use crate::number;
use crate::pause::Pause;
use crate::request::Request;
use crate::session::{Client, Marks, Reply, Session, peer};
use crate::settings::Settings;
use crate::shared::Shared;

/// The connections that CLIENT works with.
type Net<'a> = Option<ResMut<'a, Connections<Session>>>;

pub(super) fn client(
    client: &mut Client,
    net: Net<'_>,
    settings: Res<Settings>,
    clock: Res<Clock>,
    mut paused: ResMut<Pause>,
    shared: Res<Shared>,
    limits: Res<Limits>,
    request: &Request,
) -> Done {
    let now = shared.machine_now(&clock);
    match subcommands::name(subcommands::CLIENT, request) {
        "id" => {
            let number = client.state.id();
            client.reply().integer(number);
        }
        "getname" => {
            let name = std::mem::take(&mut client.state.name);
            client.reply().bulk_or_nil((!name.is_empty()).then_some(&*name));
            client.state.name = name;
        }
        "setname" => {
            set_name(client, request.get(2))?;
            client.reply().ok();
        }
        "info" => {
            let line = line(client, &settings, now);
            client.reply().verbatim(&line);
        }
        "list" => list(client, net, (&settings, &limits), now, request)?,
        "kill" => kill(client, net, &settings, request)?,
        "reply" => reply(client, request.get(2))?,
        "no-evict" => {
            client.state.marks.set(Marks::NO_EVICT, is_on(request.get(2))?);
            client.reply().ok();
        }
        "unblock" => unblock(client, request)?,
        "pause" => pause(client, net, &mut paused, now, request)?,
        "unpause" => {
            paused.end(now);
            client.reply().ok();
        }
        "help" => client.reply().lines(help::CLIENT),
        subcommand => tracking(client, net, subcommand, request)?,
    }
    Ok(())
}

fn is_on(word: &[u8]) -> Result<bool, CommandError> {
    match word.to_ascii_lowercase().as_slice() {
        b"on" => Ok(true),
        b"off" => Ok(false),
        _ => Err(CommandError::Syntax),
    }
}

fn reply(client: &mut Client, mode: &[u8]) -> Done {
    let marks = &mut client.state.marks;
    match mode.to_ascii_lowercase().as_slice() {
        b"on" => {
            marks.set(Marks::MUTE | Marks::MUTE_THIS, false);
            client.reply().ok();
        }
        b"off" => marks.set(Marks::MUTE, true),
        b"skip" if !marks.has(Marks::MUTE) => marks.set(Marks::MUTE_NEXT, true),
        b"skip" => {}
        _ => return Err(CommandError::Syntax),
    }
    Ok(())
}

/// Makes all clients wait.
fn pause(client: &mut Client, net: Net<'_>, paused: &mut Pause, now: Instant, request: &Request) -> Done {
    if request.len() > 4 {
        return Err(CommandError::Subcommand { name: request.get(1).into(), of: "CLIENT" });
    }
    let mode = request.from(3).next().map(<[u8]>::to_ascii_lowercase);
    let all = match mode.as_deref() {
        None | Some(b"all") => true,
        Some(b"write") => false,
        Some(_) => return Err(CommandError::other("ERR CLIENT PAUSE mode must be WRITE or ALL")),
    };
    let millis = number::parse(request.get(2));
    let millis = millis.ok_or(CommandError::other("ERR timeout is not an integer or out of range"))?;
    let millis = u64::try_from(millis).map_err(|_| CommandError::other("ERR timeout is negative"))?;
    let until = now.checked_add(Duration::from_millis(millis));
    let until = until.ok_or(CommandError::other("ERR timeout is out of range"))?;
    client.reply().ok();
    let Some(mut net) = net else { return Ok(()) };
    paused.begin(until, all);
    paused.apply(client);
    let ids: Vec<_> = net.ids().collect();
    for id in ids {
        if let Some(client) = net.client_mut(id) {
            paused.apply(client);
        }
    }
    Ok(())
}

/// Answers as if the client were not blocked: no client ever is.
fn unblock(client: &mut Client, request: &Request) -> Done {
    if let Some(how) = request.from(3).next()
        && ![&b"timeout"[..], b"error"].contains(&&*how.to_ascii_lowercase())
    {
        return Err(CommandError::other("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"));
    }
    number::parse(request.get(2)).ok_or(CommandError::NotAnInteger)?;
    client.reply().integer(0);
    Ok(())
}

/// Answers as for a client that has not asked for tracking: the server reports no changes of keys to clients.
fn tracking(client: &mut Client, net: Net<'_>, subcommand: &str, request: &Request) -> Done {
    match subcommand {
        "tracking" => {
            read_tracking(client, net, request)?;
            if is_on(request.get(2))? {
                return Err(CommandError::other("ERR this server does not track keys"));
            }
            client.reply().ok();
        }
        "getredir" => client.reply().integer(-1),
        "trackinginfo" => {
            let replies = &mut client.reply();
            replies.map(3);
            replies.bulk(b"flags");
            replies.set(1);
            replies.bulk(b"off");
            replies.bulk(b"redirect");
            replies.integer(-1);
            replies.bulk(b"prefixes");
            replies.array(0);
        }
        _ => {
            return Err(CommandError::other(
                "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode \
                 enabled",
            ));
        }
    }
    Ok(())
}

/// Parses the options of CLIENT TRACKING, which are wrong even if tracking is to be off.
fn read_tracking(client: &Client, net: Net<'_>, request: &Request) -> Done {
    let (mut options, mut redirected) = (request.from(3), false);
    while let Some(option) = options.next() {
        match option.to_ascii_lowercase().as_slice() {
            b"bcast" | b"optin" | b"optout" | b"noloop" => {}
            b"prefix" => _ = options.next().ok_or(CommandError::Syntax)?,
            b"redirect" => {
                let id = options.next().ok_or(CommandError::Syntax)?;
                if redirected {
                    return Err(CommandError::other("ERR A client can only redirect to a single other client"));
                }
                let id = number::parse(id).ok_or(CommandError::NotAnInteger)?;
                let others = net.iter().flat_map(|net| net.iter());
                if id != client.state.id() && !others.into_iter().any(|other| id > 0 && other.state.id() == id) {
                    let why = "ERR The client ID you want redirect to does not exist";
                    return Err(CommandError::other(why));
                }
                redirected = true;
            }
            _ => return Err(CommandError::Syntax),
        }
    }
    Ok(())
}

/// Parses a kind of client. The kinds that exist here differ by whether they wait for messages.
pub(super) fn kind(name: &[u8]) -> Result<Option<bool>, CommandError> {
    match name.to_ascii_lowercase().as_slice() {
        b"normal" => Ok(Some(false)),
        b"pubsub" => Ok(Some(true)),
        b"master" | b"slave" | b"replica" => Ok(None),
        _ => {
            let name = super::shown(name, usize::MAX);
            Err(CommandError::other(format!("ERR Unknown client type '{name}'")))
        }
    }
}

fn list(
    client: &mut Client,
    net: Net<'_>,
    (settings, limits): (&Settings, &Limits),
    now: Instant,
    request: &Request,
) -> Done {
    let (mut asked, mut ids) = (None, None);
    match request.from(2).next().map(<[u8]>::to_ascii_lowercase).as_deref() {
        None => {}
        Some(b"type") if request.len() == 4 => {
            asked = Some(kind(request.get(3))?);
        }
        Some(b"id") if request.len() > 3 => {
            let all: Option<Vec<_>> = request.from(3).map(number::parse).collect();
            ids = Some(all.ok_or(CommandError::other("ERR Invalid client ID"))?);
        }
        Some(_) => return Err(CommandError::Syntax),
    }
    // All but this client: it, or its state, is out of the list while its request runs.
    let others = net.iter().flat_map(|net| net.iter());
    let mut all: Vec<&Client> = others.filter(|other| !other.is_closing() && other.state.number > 0).collect();
    all.push(client);
    all.sort_unstable_by_key(|client| client.state.number);
    if let Some(ids) = ids {
        // In the order of the numbers, and as often.
        let find = |id| all.binary_search_by_key(&id, |client| client.state.id()).ok().map(|at| all[at]);
        all = ids.into_iter().filter_map(find).collect();
    }
    let mut lines = String::new();
    for client in all {
        if asked.is_none_or(|kind| Some(client.state.is_subscribed()) == kind) {
            lines += &line(client, settings, now);
        }
        // A client that is sent this much is disconnected.
        if lines.len() > limits.most_replies() {
            break;
        }
    }
    client.reply().verbatim(&lines);
    Ok(())
}

/// Returns the addresses of the other side and of this side, as Redis writes them.
pub(super) fn addresses(client: &Client, settings: &Settings) -> (String, String) {
    match peer(client) {
        Address::Ip(address) => (address.to_string(), settings.address.to_string()),
        Address::Unix(_) => {
            let path = settings.unix.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
            (format!("{path}:0"), format!("{path}:0"))
        }
        _ => Default::default(),
    }
}

fn flags(client: &Client) -> String {
    let (state, unix) = (&client.state, matches!(peer(client), Address::Unix(_)));
    let all = [
        ('O', state.marks.has(Marks::MONITOR)),
        ('P', state.is_subscribed()),
        ('x', state.queued() >= 0),
        ('c', client.is_closing()),
        ('U', unix),
        ('e', state.marks.has(Marks::NO_EVICT)),
    ];
    let flags: String = all.into_iter().filter_map(|(flag, on)| on.then_some(flag)).collect();
    if flags.is_empty() { "N".into() } else { flags }
}

/// Returns the line about a client. Libraries look for every number of Redis. Numbers that are not counted here are 0,
/// and the number of the file, which only the system needs, is -1.
fn line(client: &Client, settings: &Settings, now: Instant) -> String {
    let state = &client.state;
    let (address, local) = addresses(client, settings);
    let seconds = |since: Instant| now.saturating_duration_since(since).as_secs();
    let (age, idle) = (state.since.map_or(0, seconds), seconds(client.heard()));
    let (unsent, holds) = (client.unsent(), state.holds() + client.unsent());
    let mut line = String::new();
    let last = state.last.map_or("NULL", |spec| spec.full_name);
    writeln!(
        line,
        "id={} addr={address} laddr={local} fd=-1 name={} age={age} idle={idle} flags={} db=0 sub={} psub={} ssub={} \
         multi={} qbuf=0 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl={unsent} oll=0 omem=0 tot-mem={holds} \
         events=r cmd={last} user=default redir=-1 resp={}",
        state.number,
        String::from_utf8_lossy(&state.name),
        flags(client),
        state.channels.len(),
        state.patterns(),
        state.shards.len(),
        state.queued(),
        state.protocol.number(),
    )
    .expect("a string takes what is written");
    line
}
