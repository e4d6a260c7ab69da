//! Where does a handler keep its own state?
//!
//! `cargo run --example local_state`

use nexus_rt::{Handler, IntoCallback, IntoHandler, Local};

/// In a `Local`: it starts with its default, and only this handler accesses it.
fn count(mut n: Local<u32>, name: &str) {
    *n += 1;
    println!("{name} has run {} times", *n);
}

/// In a context: it starts with a given value, and its owner can access it too.
struct Session {
    user: &'static str,
    messages: u32,
}

fn on_message(session: &mut Session, text: &str) {
    session.messages += 1;
    println!("{}: {text}", session.user);
}

fn main() {
    let mut world = nexus_rt::WorldBuilder::new().build();
    let mut a = count.into_handler(world.registry());
    let mut b = count.into_handler(world.registry());
    let mut session = on_message.into_callback(Session { user: "ann", messages: 0 }, world.registry());

    a.run(&mut world, "a");
    a.run(&mut world, "a");
    b.run(&mut world, "b");
    session.run(&mut world, "hello");
    println!("{} has sent {}", session.ctx.user, session.ctx.messages);
}
