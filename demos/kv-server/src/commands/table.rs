//! The table of commands: the function of each.

use nexus_rt::chain::{Callable, Mode};
use nexus_rt::{PipelineStart, Registry};

use super::spec::{self, Spec};
use super::{Done, Run};
use super::{
    client, cluster, command_table, config, connection, expiry, info, keyspace, pubsub, ranges, server, slowlog,
    strings, transactions,
};
use crate::request::Request;
use crate::session::Client;

/// Creates a command from a function.
pub(super) fn command<F, M>(function: F, reg: &Registry) -> Run<Done>
where
    M: Mode + 'static,
    F: for<'a> Callable<Client, (&'a Request,), M, Out = Done> + Send + 'static,
{
    PipelineStart::<&Request>::borrowed().with_context::<Client>().then(function, reg).build().boxed()
}

/// Commands, each with its spec.
type Table = Vec<(&'static Spec, Run<Done>)>;

/// Creates a [`Table`] from names and functions.
macro_rules! table {
    ($reg:ident: $($name:literal => $function:path,)*) => {
        vec![$((spec::named($name), command($function, $reg))),*]
    };
}

/// Returns every command with its spec, in the order of names.
pub(super) fn all(reg: &Registry) -> Table {
    let mut all = of_keys(reg);
    all.extend(of_clients(reg));
    all.sort_by_key(|(spec, _)| spec.name);
    all
}

/// Returns the commands about keys and values.
fn of_keys(reg: &Registry) -> Table {
    table! { reg:
        "append" => strings::append,
        "copy" => keyspace::copy,
        "dbsize" => keyspace::dbsize,
        "decr" => strings::decr,
        "decrby" => strings::decrby,
        "del" => keyspace::del,
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
        "incr" => strings::incr,
        "incrby" => strings::incrby,
        "incrbyfloat" => strings::incrbyfloat,
        "keys" => keyspace::keys,
        "lcs" => ranges::lcs,
        "mget" => strings::mget,
        "move" => keyspace::move_to,
        "mset" => strings::mset,
        "msetnx" => strings::msetnx,
        "object" => keyspace::object,
        "persist" => expiry::persist,
        "pexpire" => expiry::pexpire,
        "pexpireat" => expiry::pexpireat,
        "pexpiretime" => expiry::pexpiretime,
        "psetex" => strings::psetex,
        "pttl" => expiry::pttl,
        "randomkey" => keyspace::randomkey,
        "rename" => keyspace::rename,
        "renamenx" => keyspace::renamenx,
        "scan" => keyspace::scan,
        "set" => strings::set,
        "setex" => strings::setex,
        "setnx" => strings::setnx,
        "setrange" => ranges::setrange,
        "strlen" => strings::strlen,
        "substr" => ranges::getrange,
        "touch" => keyspace::touch,
        "ttl" => expiry::ttl,
        "type" => keyspace::type_of,
        "unlink" => keyspace::del,
    }
}

/// Returns the commands about clients, messages, transactions and the server.
fn of_clients(reg: &Registry) -> Table {
    table! { reg:
        "asking" => cluster::only_cluster,
        "auth" => connection::auth,
        "bgrewriteaof" => server::bgrewriteaof,
        "client" => client::client,
        "cluster" => cluster::cluster,
        "command" => command_table::command,
        "config" => config::config,
        "discard" => transactions::discard,
        "echo" => connection::echo,
        "exec" => transactions::exec,
        "hello" => connection::hello,
        "info" => info::info,
        "latency" => slowlog::latency,
        "monitor" => slowlog::monitor,
        "multi" => transactions::multi,
        "ping" => connection::ping,
        "psubscribe" => pubsub::psubscribe,
        "publish" => pubsub::publish,
        "pubsub" => pubsub::pubsub,
        "punsubscribe" => pubsub::punsubscribe,
        "quit" => connection::quit,
        "readonly" => cluster::only_cluster,
        "readwrite" => cluster::only_cluster,
        "reset" => connection::reset,
        "role" => server::role,
        "select" => connection::select,
        "shutdown" => server::shutdown,
        "slowlog" => slowlog::slowlog,
        "spublish" => pubsub::spublish,
        "ssubscribe" => pubsub::ssubscribe,
        "subscribe" => pubsub::subscribe,
        "sunsubscribe" => pubsub::sunsubscribe,
        "swapdb" => server::swapdb,
        "time" => slowlog::time,
        "unsubscribe" => pubsub::unsubscribe,
        "unwatch" => transactions::unwatch,
        "wait" => server::wait,
        "watch" => transactions::watch,
    }
}
