//! Servers on failing machines: three machines, each with a nats-server and a kv-server.

mod client;
mod history;
mod machines;
mod rounds;
