//! How are handlers created at run time without resolving their params each time?
//!
//! `cargo run --example templates`

use std::collections::BTreeMap;

use nexus_rt::{
    CallbackTemplate, Handler, IntoCallback, IntoHandler, PipelineStart, RegistryRef, Res, ResMut, TemplatedCallback,
    Virtual, WorldBuilder, callback_blueprint,
};

/// Pending replies, by the time at which they time out.
#[derive(Default)]
struct Timeouts(BTreeMap<u64, TemplatedCallback<OnTimeout>>);

struct Patience {
    attempts: u32,
}

callback_blueprint!(
    /// No reply came in time.
    OnTimeout,
    Context = Request,
    Event = u64,
    Params = (Res<'static, Patience>, ResMut<'static, Timeouts>),
);

/// A request carries the template of its own timeout, so that a timeout can arm the next one.
struct Request {
    name: &'static str,
    attempt: u32,
    template: CallbackTemplate<OnTimeout>,
}

fn on_timeout(request: &mut Request, patience: Res<Patience>, mut timeouts: ResMut<Timeouts>, now: u64) {
    println!("{now:>3}: {} timed out, attempt {}", request.name, request.attempt);
    if request.attempt < patience.attempts {
        let next = Request { attempt: request.attempt + 1, ..*request };
        // Copies the resolved handler, without a lookup.
        timeouts.0.insert(now + 10 * u64::from(next.attempt), request.template.generate(next));
    }
}

fn main() {
    let mut builder = WorldBuilder::new();
    builder.register(Patience { attempts: 3 });
    builder.register_default::<Timeouts>();
    builder.register_default::<Connections>();
    builder.register(Vec::<String>::new());
    let mut world = builder.build();

    // Resolve once.
    let template = CallbackTemplate::<OnTimeout>::new(on_timeout, world.registry());
    // Stamp many.
    for (due, name) in [(5, "login"), (7, "quote")] {
        let request = Request { name, attempt: 1, template };
        world.resource_mut::<Timeouts>().0.insert(due, template.generate(request));
    }
    loop {
        let next = world.resource_mut::<Timeouts>().0.pop_first();
        let Some((now, mut timeout)) = next else { break };
        world.next_sequence();
        timeout.run(&mut world, now);
    }

    // A whole chain is stamped by cloning it, together with the captures of its functions.
    let reg = world.registry();
    let gate = PipelineStart::<u64>::new()
        .dedup()
        .map(|mut log: ResMut<Vec<String>>, x: u64| log.push(format!("passed {x}")), reg)
        .build();
    let mut gates = [gate.clone(), gate];
    for (connection, x) in [(0, 1), (1, 1), (0, 1)] {
        gates[connection].run(&mut world, x);
    }
    println!("{}", world.resource::<Vec<String>>().join(", "));

    // A handler can also take the registry, to resolve functions that are not known in advance.
    let mut accept = accept.into_handler(world.registry());
    accept.run(&mut world, "ann");
    accept.run(&mut world, "bob");
    let mut connections = std::mem::take(&mut *world.resource_mut::<Connections>());
    for connection in &mut connections.0 {
        connection.run(&mut world, 3);
    }
}

#[derive(Default)]
struct Connections(Vec<Virtual<u32>>);

fn accept(registry: RegistryRef, mut connections: ResMut<Connections>, name: &'static str) {
    let connection: Virtual<u32> = match name {
        "ann" => Box::new((|x: u32| println!("ann is told {x}")).into_handler(&registry)),
        name => Box::new(answer.into_callback(name, &registry)),
    };
    connections.0.push(connection);
}

fn answer(name: &mut &'static str, patience: Res<Patience>, x: u32) {
    println!("{name} is told {x} and has {} attempts", patience.attempts);
}
