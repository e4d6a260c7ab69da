//! The commands: one pipeline from a request to its replies, and the table of what it can run.

mod connection;
mod expiry;
mod keyspace;
mod pubsub;
mod server;
mod spec;
mod strings;

use std::any::type_name_of_val;
use std::fmt;

use memchr::memchr;
use nexus_rt::chain::{ByReference, Callable, Mode};
use nexus_rt::plan::Plan;
use nexus_rt::{BoxedPipeline, Describe, PipelineStart, Registry, Res, World};

pub use spec::{Spec, Specs};

use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::Client;
use crate::session::Reply;

/// What a command gives, beside the replies that it adds to its client.state.
pub(crate) type Done = Result<(), CommandError>;

/// A request whose command is known.
#[derive(Clone, Copy)]
struct Call<'a> {
    command: usize,
    spec: &'static Spec,
    request: &'a Request,
}

/// What runs a request, and what it returns.
type Run<Out> = BoxedPipeline<Request, Out, Client, ByReference>;

/// Everything that a request can lead to.
pub struct Commands {
    run: Run<Option<()>>,
    plan: Plan,
}

impl Commands {
    /// Resolves all commands.
    ///
    /// # Panics
    /// If the world lacks what [`Engine`](crate::Engine) installs.
    #[must_use]
    pub fn new(reg: &Registry) -> Self {
        let mut table: Vec<Run<Done>> = Vec::new();
        for (spec, command) in all(reg) {
            debug_assert_eq!(spec, &spec::ALL[table.len()], "the table is in the order of the specs");
            table.push(command);
        }
        let plans: Vec<_> = table.iter().map(Run::plan).collect();
        let execute = move |client: &mut Client, world: &mut World, call: Call<'_>| {
            table[call.command].run_with(client, world, call.request)
        };
        let name = type_name_of_val(&execute);
        let run = PipelineStart::<&Request>::borrowed()
            .with_context::<Client>()
            .then(find, reg) // &Request -> Result<Call, CommandError>
            .and_then(admit, reg)
            .and_then(execute, reg) // -> Result<(), CommandError>
            .catch(refuse, reg)
            .build()
            .boxed();
        let mut plan = run.plan().nest(name, plans);
        plan.name = "kv-server".into();
        Self { run, plan }
    }

    /// Runs a request and adds its replies to the client.state.
    ///
    /// # Panics
    /// If `world` is not the one that the commands were resolved against.
    #[inline]
    pub fn run(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        self.run.run_with(client, world, request);
    }

    /// What a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(spec::ALL.iter().map(|spec| spec.name)).finish()
    }
}

/// A command from a function.
fn command<F, M>(function: F, reg: &Registry) -> Run<Done>
where
    M: Mode + 'static,
    F: for<'a> Callable<Client, (&'a Request,), M, Out = Done> + Send + 'static,
{
    PipelineStart::<&Request>::borrowed().with_context::<Client>().then(function, reg).build().boxed()
}

/// Every command beside its spec.
fn all(reg: &Registry) -> impl Iterator<Item = (&'static Spec, Run<Done>)> {
    macro_rules! table {
        ($($name:literal => $function:path,)*) => {
            [$((spec::named($name), command($function, reg))),*]
        };
    }
    let table = table! {
        "append" => strings::append,
        "client" => connection::client,
        "command" => server::command,
        "config" => server::config,
        "dbsize" => keyspace::dbsize,
        "decr" => strings::decr,
        "decrby" => strings::decrby,
        "del" => keyspace::del,
        "echo" => connection::echo,
        "exists" => keyspace::exists,
        "expire" => expiry::expire,
        "flushall" => keyspace::flushall,
        "get" => strings::get,
        "getdel" => strings::getdel,
        "getset" => strings::getset,
        "incr" => strings::incr,
        "incrby" => strings::incrby,
        "info" => server::info,
        "keys" => keyspace::keys,
        "mget" => strings::mget,
        "mset" => strings::mset,
        "persist" => expiry::persist,
        "pexpire" => expiry::pexpire,
        "ping" => connection::ping,
        "pttl" => expiry::pttl,
        "publish" => pubsub::publish,
        "quit" => connection::quit,
        "scan" => keyspace::scan,
        "select" => connection::select,
        "set" => strings::set,
        "setnx" => strings::setnx,
        "shutdown" => server::shutdown,
        "strlen" => strings::strlen,
        "subscribe" => pubsub::subscribe,
        "ttl" => expiry::ttl,
        "type" => keyspace::type_of,
        "unsubscribe" => pubsub::unsubscribe,
    };
    table.into_iter()
}

/// Finds the command, and checks that it can have so many arguments.
fn find<'a>(_: &mut Client, specs: Res<Specs>, request: &'a Request) -> Result<Call<'a>, CommandError> {
    let name = request.get(0);
    let Some((command, spec)) = specs.find(name) else { return Err(unknown(request)) };
    if !spec.takes(request.len()) {
        return Err(CommandError::Arity(spec.name));
    }
    Ok(Call { command, spec, request })
}

#[cold]
fn unknown(request: &Request) -> CommandError {
    const SHOWN: usize = 128;
    // A page in somebody's browser may have it send these here, with commands in the body.
    if [&b"post"[..], b"host:"].contains(&&*request.get(0).to_ascii_lowercase()) {
        return CommandError::Http;
    }
    // Up to a zero byte, as Redis shows them.
    let shown = |text: &[u8], most: usize| {
        let end = memchr(0, text).unwrap_or(text.len()).min(most);
        String::from_utf8_lossy(&text[..end]).into_owned()
    };
    let mut arguments = String::new();
    for argument in request.from(1) {
        if arguments.len() >= SHOWN {
            break;
        }
        let argument = shown(argument, SHOWN - arguments.len());
        arguments += &format!("'{argument}' ");
    }
    CommandError::Unknown { name: shown(request.get(0), SHOWN).into(), arguments: arguments.into() }
}

/// Refuses what the client or the server is in no state for.
fn admit<'a>(
    client: &mut Client,
    keys: Res<Keys>,
    limits: Res<Limits>,
    call: Call<'a>,
) -> Result<Call<'a>, CommandError> {
    if !client.state.channels.is_empty() && !call.spec.while_subscribed() {
        return Err(CommandError::Subscribed(call.spec.name));
    }
    if call.spec.grows() && keys.used() > limits.memory {
        return Err(CommandError::OutOfMemory);
    }
    if call.spec.keys(call.request).any(|key| key.len() > limits.key) {
        return Err(CommandError::KeyTooLong(limits.key));
    }
    Ok(call)
}

/// Tells the client what was wrong.
fn refuse(client: &mut Client, error: CommandError) {
    if error == CommandError::Http {
        client.close("it speaks HTTP");
        return;
    }
    client.reply().error(&error);
}
