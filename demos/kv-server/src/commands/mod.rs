//! The commands: one pipeline from a request to its replies, and the table of what it can run.

mod connection;
mod expiry;
mod keyspace;
pub(crate) mod pubsub;
mod ranges;
mod server;
mod spec;
mod strings;
pub(crate) mod transactions;

use std::any::type_name_of_val;
use std::fmt;
use std::mem;

use memchr::memchr;
use nexus_rt::chain::{ByReference, Callable, Mode};
use nexus_rt::plan::Plan;
use nexus_rt::{BoxedPipeline, Describe, PipelineStart, Registry, Res, ResMut, World};

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
        // Runs instead of a command that is to wait for its transaction.
        table.push(command(transactions::queue, reg));
        let plans: Vec<_> = table.iter().map(Run::plan).collect();
        let exec = spec::number("exec");
        let execute = move |client: &mut Client, world: &mut World, call: Call<'_>| {
            let done = table[call.command].run_with(client, world, call.request);
            if call.command == exec {
                run_due(&mut table, client, world);
            }
            done
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

/// Runs the requests of a transaction, with what they have to say.
#[cold]
fn run_due(table: &mut [Run<Done>], client: &mut Client, world: &mut World) {
    let most = world.resource::<Limits>().most_replies();
    client.state.executes = true;
    for (command, request) in mem::take(&mut client.state.due) {
        if let Err(error) = table[command].run_with(client, world, &request) {
            tell(client, &error);
        }
        // All of it runs, but who is sent so much is cut off, and then no reply is read any more.
        if client.unsent() > most {
            let kept = client.out().len().min(most + 1);
            client.out().truncate(kept);
        }
    }
    client.state.executes = false;
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

/// Commands, each beside its spec.
type Table = Vec<(&'static Spec, Run<Done>)>;

/// Names, each with its function, as a [`Table`].
macro_rules! table {
    ($reg:ident; $($name:literal => $function:path,)*) => {
        vec![$((spec::named($name), command($function, $reg))),*]
    };
}

/// Every command beside its spec.
fn all(reg: &Registry) -> impl Iterator<Item = (&'static Spec, Run<Done>)> {
    [from_a_to_g(reg), from_h_to_p(reg), from_q_to_z(reg)].into_iter().flatten()
}

fn from_a_to_g(reg: &Registry) -> Table {
    table! { reg;
        "append" => strings::append,
        "client" => connection::client,
        "command" => server::command,
        "config" => server::config,
        "copy" => keyspace::copy,
        "dbsize" => keyspace::dbsize,
        "decr" => strings::decr,
        "decrby" => strings::decrby,
        "del" => keyspace::del,
        "discard" => transactions::discard,
        "echo" => connection::echo,
        "exec" => transactions::exec,
        "exists" => keyspace::exists,
        "expire" => expiry::expire,
        "expireat" => expiry::expireat,
        "expiretime" => expiry::expiretime,
        "flushall" => keyspace::flushall,
        "flushdb" => keyspace::flushall,
        "get" => strings::get,
        "getdel" => strings::getdel,
        "getex" => strings::getex,
        "getrange" => ranges::getrange,
        "getset" => strings::getset,
    }
}

fn from_h_to_p(reg: &Registry) -> Table {
    table! { reg;
        "incr" => strings::incr,
        "incrby" => strings::incrby,
        "incrbyfloat" => strings::incrbyfloat,
        "info" => server::info,
        "keys" => keyspace::keys,
        "lcs" => ranges::lcs,
        "mget" => strings::mget,
        "move" => keyspace::move_to,
        "mset" => strings::mset,
        "msetnx" => strings::msetnx,
        "multi" => transactions::multi,
        "object" => keyspace::object,
        "persist" => expiry::persist,
        "pexpire" => expiry::pexpire,
        "pexpireat" => expiry::pexpireat,
        "pexpiretime" => expiry::pexpiretime,
        "ping" => connection::ping,
        "psetex" => strings::psetex,
        "psubscribe" => pubsub::psubscribe,
        "pttl" => expiry::pttl,
        "publish" => pubsub::publish,
        "pubsub" => pubsub::pubsub,
        "punsubscribe" => pubsub::punsubscribe,
    }
}

fn from_q_to_z(reg: &Registry) -> Table {
    table! { reg;
        "quit" => connection::quit,
        "randomkey" => keyspace::randomkey,
        "rename" => keyspace::rename,
        "renamenx" => keyspace::renamenx,
        "scan" => keyspace::scan,
        "select" => connection::select,
        "set" => strings::set,
        "setex" => strings::setex,
        "setnx" => strings::setnx,
        "setrange" => ranges::setrange,
        "shutdown" => server::shutdown,
        "spublish" => pubsub::spublish,
        "ssubscribe" => pubsub::ssubscribe,
        "strlen" => strings::strlen,
        "subscribe" => pubsub::subscribe,
        "substr" => ranges::getrange,
        "sunsubscribe" => pubsub::sunsubscribe,
        "touch" => keyspace::touch,
        "ttl" => expiry::ttl,
        "type" => keyspace::type_of,
        "unlink" => keyspace::del,
        "unsubscribe" => pubsub::unsubscribe,
        "unwatch" => transactions::unwatch,
        "watch" => transactions::watch,
    }
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
    let shown = |text: &'_ [u8], most: usize| text[..memchr(0, text).unwrap_or(text.len()).min(most)].to_vec();
    let mut arguments = Vec::new();
    for argument in request.from(1) {
        if arguments.len() >= SHOWN {
            break;
        }
        let argument = shown(argument, SHOWN - arguments.len());
        arguments.extend([b"'", &*argument, b"' "].concat());
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
    let call = if client.state.is_special() { transactions::redirect(client, call)? } else { call };
    if call.spec.grows() && keys.used() > limits.memory {
        return Err(CommandError::OutOfMemory);
    }
    if call.spec.keys(call.request).any(|key| key.len() > limits.key) {
        return Err(CommandError::KeyTooLong(limits.key));
    }
    Ok(call)
}

/// Tells the client what was wrong, and notes it for its transaction.
fn refuse(client: &mut Client, mut keys: ResMut<Keys>, error: CommandError) {
    let error = match error {
        CommandError::Http => {
            client.close("it speaks HTTP");
            return;
        }
        CommandError::Arity("exec") | CommandError::Subscribed("exec") => {
            transactions::forget(client, &mut keys);
            CommandError::AbortedBecause(Box::new(error))
        }
        error => error,
    };
    if let Some(transaction) = &mut client.state.transaction
        && !matches!(error, CommandError::NestedMulti | CommandError::WatchInMulti)
    {
        transaction.failed = true;
    }
    tell(client, &error);
}

/// Tells the client what was wrong.
fn tell(client: &mut Client, error: &CommandError) {
    client.reply().error_of(&error.text());
}
