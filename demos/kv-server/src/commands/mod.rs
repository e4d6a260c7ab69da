//! The commands: one pipeline from a request to its replies, and the table of commands that it runs.

mod again;
mod client;
mod cluster;
mod command_table;
mod config;
mod connection;
mod expiry;
mod help;
mod info;
mod keyspace;
mod kill;
mod ordered;
pub(crate) mod pubsub;
mod ranges;
mod server;
mod slowlog;
mod spec;
mod strangers;
mod strings;
mod subcommands;
mod table;
pub(crate) mod transactions;
mod watched;

use std::any::type_name_of_val;
use std::fmt;
use std::mem;

use memchr::memchr;
use nexus_gauge::{Board, Timed};
use nexus_rt::chain::ByReference;
use nexus_rt::plan::Plan;
use nexus_rt::{BoxedPipeline, Describe, PipelineStart, Res, ResMut, World};

use again::Again;
pub(crate) use info::traffic;
use ordered::Ordered;
pub use spec::{Spec, Specs};
use watched::Watcher;

use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::{Client, Marks, Reply};
use crate::settings::Options;
use crate::stats::Stats;

/// What a command returns, in addition to the replies that it writes to its client.
pub(crate) type Done = Result<(), CommandError>;

/// A request whose command is known.
#[derive(Clone, Copy)]
struct Call<'a> {
    command: usize,
    spec: &'static Spec,
    request: &'a Request,
}

/// Runs a request and returns its result.
type Run<Out> = BoxedPipeline<Request, Out, Client, ByReference>;

/// A command with a meter.
type Command = Timed<Run<Done>>;

/// Of usually quick requests, one in this many is timed.
const SAMPLED: u64 = 64;

/// All commands, resolved against a world.
pub struct Commands {
    run: Run<Option<()>>,
    plan: Plan,
    again: Again,
    ordered: Ordered,
}

impl Commands {
    /// Resolves all commands.
    ///
    /// # Panics
    /// If the world lacks what [`Engine`](crate::Engine) installs.
    #[must_use]
    pub fn new(world: &World) -> Self {
        let (reg, board) = (world.registry(), world.resource::<Board>());
        let mut table: Vec<Command> = Vec::new();
        for (spec, command) in table::all(reg) {
            debug_assert_eq!(spec, &spec::ALL[table.len()], "the table is in the order of the specs");
            let every = if spec.is_quick() { SAMPLED } else { 1 };
            table.push(board.named(spec.name).sampled(every, command));
        }
        // Runs instead of a command that is queued for a transaction.
        table.push(board.named("queued").sampled(SAMPLED, table::command(transactions::queue, reg)));
        let plans: Vec<_> = table.iter().map(Command::plan).collect();
        let (watcher, ordered) = (Watcher::new(reg), Ordered::new(reg));
        let execute = move |client: &mut Client, world: &mut World, call: Call<'_>| {
            if call.command >= transactions::QUEUE {
                return run_otherwise((ordered, watcher), &mut table, client, world, call);
            }
            watcher.run(&mut table, client, world, call)
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
        Self { run, plan, again: Again::new(reg), ordered }
    }

    /// Runs a request and writes its replies to the client.
    ///
    /// # Panics
    /// If `world` is not the one that the commands were resolved against.
    #[inline]
    pub fn run(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        let mute = Marks::MUTE | Marks::MUTE_NEXT | Marks::MUTE_THIS;
        let marks = mute | Marks::STRANGER | Marks::SHARED | Marks::AGAIN;
        if client.state.marks.has(marks) || !request.is_whole() {
            self.run_marked(client, world, request);
        } else {
            self.run.run_with(client, world, request);
        }
    }

    /// Runs a request of a client that has not given its password, gets no reply, uses a shared log, or runs requests
    /// again.
    #[cold]
    fn run_marked(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        let marks = client.state.marks;
        match () {
            () if marks.has(Marks::AGAIN) => _ = self.apply(client, world, request),
            // What comes back from a log runs, since it runs on every server.
            () if !marks.has(Marks::ORDERED) && Self::stops(client, world, request) => {}
            () if marks.has(Marks::SHARED) => self.run_shared(client, world, request),
            () => self.run_mute(client, world, request),
        }
    }

    /// Runs a request of a client that gets no replies until a request changes that. Nothing is cut from the output
    /// afterwards, since the client gets messages, which the request may send to it too.
    #[cold]
    fn run_mute(&mut self, client: &mut Client, world: &mut World, request: &Request) {
        let marks = &mut client.state.marks;
        if marks.has(Marks::MUTE_NEXT) {
            marks.set(Marks::MUTE_NEXT, false);
            marks.set(Marks::MUTE_THIS, true);
        }
        marks.set(Marks::DEFERRED, false);
        self.run.run_with(client, world, request);
        let state = &mut client.state;
        if !state.marks.has(Marks::DEFERRED) {
            state.marks.set(Marks::MUTE_THIS, false);
        }
        state.forget_unwanted();
    }

    /// Returns the functions that a request runs through, and what every command reads and writes.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
}

/// Runs a call that does not run normally: it is queued for a transaction, goes to a log, or runs again.
#[cold]
#[inline(never)]
fn run_otherwise(
    (ordered, watcher): (Ordered, Watcher),
    table: &mut [Command],
    client: &mut Client,
    world: &mut World,
    call: Call<'_>,
) -> Done {
    let call = ordered.admit(client, world, call)?;
    if call.command < transactions::QUEUE {
        return watcher.run(table, client, world, call);
    }
    table[again::number(call.command)].inner_mut().run_with(client, world, call.request)
}

/// Runs the requests of a transaction, and writes their replies.
#[cold]
fn run_due(watcher: Watcher, table: &mut [Command], client: &mut Client, world: &mut World) {
    let most = world.resource::<Limits>().most_replies();
    let due = mem::take(&mut client.state.due);
    client.state.executes = due.len();
    for (command, request) in due {
        let call = Call { command, spec: spec::of(command, &request), request: &request };
        if let Err(error) = watcher.run(table, client, world, call) {
            watcher.failed(world, call, &error);
            tell(client, &error);
        }
        // All requests run, but a client that is sent this much is disconnected, and none of its replies is read then.
        if client.unsent() > most {
            let kept = client.out().len().min(most + 1);
            client.out().truncate(kept);
        }
    }
    client.state.executes = 0;
}

impl fmt::Debug for Commands {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(spec::ALL.iter().map(|spec| spec.name)).finish()
    }
}

/// Finds the command, and checks that it takes this number of arguments.
fn find<'a>(client: &mut Client, specs: Res<Specs>, request: &'a Request) -> Result<Call<'a>, CommandError> {
    let Some((command, mut spec)) = specs.find(request.get(0)) else { return Err(unknown(request)) };
    if spec.is_container() && request.len() > 1 {
        spec = subcommand(spec, request.get(1))?;
    }
    client.state.last = Some(spec);
    if !spec.takes(request.len()) {
        return Err(rejected(client, CommandError::Arity(spec.full_name)));
    }
    Ok(Call { command, spec, request })
}

/// Notes that a command does not run.
#[cold]
fn rejected(client: &mut Client, error: CommandError) -> CommandError {
    client.state.marks.set(Marks::REJECTED, true);
    error
}

#[cold]
fn subcommand(command: &'static Spec, name: &[u8]) -> Result<&'static Spec, CommandError> {
    let found = spec::subcommand(command, name);
    found.ok_or_else(|| CommandError::UnknownSubcommand { name: name.into(), of: command.name })
}

/// The maximum length of a name in an error, in bytes.
const SHOWN: usize = 128;

/// Returns a text up to a zero byte, as Redis shows it.
fn shown(text: &[u8], most: usize) -> String {
    let end = memchr(0, text).unwrap_or(text.len()).min(most);
    String::from_utf8_lossy(&text[..end]).into_owned()
}

#[cold]
fn unknown(request: &Request) -> CommandError {
    // A web page may make a browser send these here, with commands in the body.
    if [&b"post"[..], b"host:"].contains(&&*request.get(0).to_ascii_lowercase()) {
        return CommandError::Http;
    }
    // Texts are shown up to a zero byte, as in Redis.
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

/// Refuses a request that the state of the client or of the server does not allow.
fn admit<'a>(
    client: &mut Client,
    keys: Res<Keys>,
    limits: Res<Limits>,
    options: Res<Options>,
    mut call: Call<'a>,
) -> Result<Call<'a>, CommandError> {
    let special = Marks::STRANGER | Marks::MONITOR | Marks::PAUSED | Marks::AGAIN | Marks::SHARED;
    if client.state.marks.has(special) {
        if client.state.runs_again() {
            return again::admit(client, call);
        }
        if client.state.marks.has(Marks::ORDERED) {
            // It was admitted when it was published. The limits of this server no longer apply.
            return Ok(call);
        }
        call = admit_marked(client, &options, call)?;
    } else if client.state.is_special() {
        call = transactions::redirect(client, call).map_err(|error| rejected(client, error))?;
    }
    if call.spec.grows() && keys.used() > limits.memory {
        return Err(rejected(client, CommandError::OutOfMemory));
    }
    if call.spec.keys(call.request).any(|key| key.len() > limits.key) {
        return Err(rejected(client, CommandError::KeyTooLong(limits.key)));
    }
    Ok(call)
}

/// Returns the longest value that a request of this client may create, in bytes.
fn longest(client: &Client, limits: &Limits) -> usize {
    /// The limit for requests that all servers run. Their results must be equal, whatever the limits of each server.
    const LONGEST: usize = 512 << 20;
    match client.state.marks {
        marks if marks.has(Marks::ORDERED) => LONGEST,
        marks if marks.has(Marks::AGAIN) => usize::MAX,
        _ => limits.request.argument,
    }
}

/// Returns whether a client has too many unsent replies, so that the server will disconnect it. A request with many
/// replies writes no more of them then, so as not to fill the memory first.
fn is_too_much(client: &Client, limits: &Limits) -> bool {
    client.unsent() > limits.most_replies()
}

/// Returns whether a command counts as a change, which waits during a pause of changes.
fn may_change(spec: &Spec) -> bool {
    spec.writes() || matches!(spec.name, "publish" | "spublish")
}

/// Refuses what a client without its password, or a monitor, may not do. Makes a request that changes something wait
/// during a pause.
#[cold]
fn admit_marked<'a>(client: &mut Client, options: &Options, call: Call<'a>) -> Result<Call<'a>, CommandError> {
    let (marks, spec) = (client.state.marks, call.spec);
    if marks.has(Marks::STRANGER) && !options.password.is_empty() && !spec.for_strangers() {
        return Err(rejected(client, CommandError::Stranger));
    }
    let call = transactions::redirect(client, call).map_err(|error| rejected(client, error))?;
    if marks.has(Marks::MONITOR) && (may_change(spec) || spec.flags.contains(&"readonly")) {
        return Err(rejected(client, CommandError::other("ERR Replica can't interact with the keyspace")));
    }
    if marks.has(Marks::PAUSED) && (may_change(spec) || spec.name == "exec" && transactions::may_change(client)) {
        client.state.postponed = Some(Box::new(call.request.copy()));
        client.charge(client.state.holds());
        client.pause();
        return Err(CommandError::Postponed);
    }
    if marks.has(Marks::SHARED) {
        return Ok(Call { command: ordered::OFFSET + call.command, ..call });
    }
    Ok(call)
}

/// Tells the client about the error, counts it, and notes it for the client's transaction.
fn refuse(
    client: &mut Client,
    specs: Res<Specs>,
    mut stats: ResMut<Stats>,
    mut keys: ResMut<Keys>,
    error: CommandError,
) {
    if client.state.runs_again() {
        return;
    }
    let error = match error {
        CommandError::Http => {
            client.close("it speaks HTTP");
            return;
        }
        CommandError::Postponed => {
            client.state.marks.set(Marks::DEFERRED, true);
            return;
        }
        // Nothing of the transaction will run.
        error @ (CommandError::Refused(_) | CommandError::CrossSlot) => {
            transactions::forget_refused(client, &mut keys);
            error
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
    stats.error(&error);
    let state = &mut client.state;
    let rejected = state.marks.has(Marks::REJECTED);
    state.marks.set(Marks::REJECTED, false);
    let known = !matches!(error, CommandError::Unknown { .. } | CommandError::UnknownSubcommand { .. });
    if let Some(spec) = state.last.filter(|_| known) {
        // A subcommand has no number.
        let (command, _) = specs.find(spec.full_name.as_bytes()).unwrap_or((Specs::COUNT, spec));
        let counts = stats.command(command, spec);
        *(if rejected { &mut counts.rejected } else { &mut counts.failed }) += 1;
    }
    tell(client, &error);
}

/// Writes the error to the client.
fn tell(client: &mut Client, error: &CommandError) {
    client.reply().error_of(&error.text());
}
