//! In which order does work run that depends on what changed, and what can be skipped?
//!
//! `cargo run --example systems`
//!
//! `cargo run --example systems dot | dot -Tsvg -o systems.svg` draws the systems and their order.

use nexus_rt::scheduler::{IntoSystem, SchedulerBuilder, SystemScheduler};
use nexus_rt::{Describe, Res, ResMut, World, WorldBuilder};

#[derive(Default)]
struct Book {
    bid: u64,
    ask: u64,
}

#[derive(Default, PartialEq)]
struct Mid(u64);

#[derive(Default, PartialEq)]
struct Position(i64);

#[derive(Default)]
struct Quotes(Vec<(u64, u64)>);

/// A root: it runs each time. The systems after it run only if it reports that something moved.
fn mid(book: Res<Book>, mut mid: ResMut<Mid>) -> bool {
    mid.set_if_neq(Mid(u64::midpoint(book.bid, book.ask)))
}

/// Another root.
fn risk(position: Res<Position>) -> bool {
    position.is_changed()
}

/// Runs after both, if either returns `true`. It returns nothing, so the systems after it run whenever it does.
fn quote(mid: Res<Mid>, position: Res<Position>, mut quotes: ResMut<Quotes>) {
    let half = 1 + position.0.unsigned_abs();
    quotes.0.push((mid.0.saturating_sub(half), mid.0.saturating_add(half)));
}

fn send(quotes: Res<Quotes>) {
    let (bid, ask) = quotes.0.last().expect("`quote` ran before");
    println!("  send {bid} / {ask}");
}

fn schedule(world: &World) -> Result<SystemScheduler, nexus_rt::scheduler::CycleError> {
    let reg = world.registry();
    let mut systems = SchedulerBuilder::new();
    // The order of adding does not matter: the edges decide.
    let send = systems.add(send.into_system(reg));
    let quote = systems.add(quote.into_system(reg));
    let risk = systems.add(risk.into_system(reg));
    let mid = systems.add(mid.into_system(reg));
    systems.after(quote, mid).after(quote, risk).before(quote, send);
    systems.build()
}

fn main() -> Result<(), nexus_rt::scheduler::CycleError> {
    let mut builder = WorldBuilder::new();
    builder.register_default::<Book>();
    builder.register_default::<Mid>();
    builder.register_default::<Position>();
    builder.register_default::<Quotes>();
    let mut world = builder.build();
    let mut scheduler = schedule(&world)?;

    if std::env::args().nth(1).as_deref() == Some("dot") {
        print!("{}", scheduler.plan().to_dot());
        return Ok(());
    }
    print!("{}", scheduler.plan());

    for (what, bid, ask, traded) in [
        ("the book opens", 99, 101, 0),
        ("nothing moved", 99, 101, 0),
        ("we bought", 99, 101, 2),
        ("a tick up", 101, 103, 0),
    ] {
        world.next_sequence();
        println!("{what}");
        *world.resource_mut::<Book>() = Book { bid, ask };
        if traded != 0 {
            world.resource_mut::<Position>().0 += traded;
        }
        println!("  {} of {} systems ran", scheduler.run(&mut world), scheduler.len());
    }

    // Systems that wait for each other in a cycle are detected when the scheduler is built.
    let mut systems = SchedulerBuilder::new();
    let chicken = systems.add(chicken.into_system(world.registry()));
    let egg = systems.add(egg.into_system(world.registry()));
    systems.after(chicken, egg).after(egg, chicken);
    if let Err(error) = systems.build() {
        println!("{error}");
    }
    Ok(())
}

fn chicken() {}

fn egg() {}
