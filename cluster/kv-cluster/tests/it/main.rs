//! Real servers on machines that fail: three machines, each with a nats-server and a kv-server.

mod client;
mod history;
mod machines;
mod rounds;
