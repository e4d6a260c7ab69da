use nexus_rt::{PipelineStart, Registry, cases};

enum Order {
    New(u64),
    Cancel { id: u64 },
    Heartbeat,
}

fn main() {}

fn a_variant_is_forgotten(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().route(cases!(|order: Order| match order {
        Order::New(x) => (x, |x| x.then(|x: u64| x, reg)),
        Order::Heartbeat => (0, |x| x),
    }));
}

fn outputs_differ(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().route(cases!(|order: Order| match order {
        Order::New(x) => (x, |x| x.then(|x: u64| x, reg)),
        Order::Cancel { id } => (id, |id| id.then(|id: u64| id.to_string(), reg)),
        Order::Heartbeat => (0, |x| x),
    }));
}

fn the_chain_holds_something_else(reg: &Registry) {
    let _ = PipelineStart::<u64>::new().route(cases!(|order: Order| match order {
        Order::New(x) => (x, |x| x.then(|x: u64| x, reg)),
        _ => (0, |x| x),
    }));
}

fn the_arm_takes_something_else(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().route(cases!(|order: Order| match order {
        Order::New(x) => (x, |x| x.then(|x: String| x.len() as u64, reg)),
        _ => (0, |x| x),
    }));
}

fn what_a_reference_gives_is_none(reg: &Registry) {
    let _ = PipelineStart::<&Order>::borrowed().route(cases!(|order: &Order| match order {
        Order::New(x) => (x, |x| x.then(|x: &u64| *x, reg)),
        _ => (0, |x| x.then(|x: &u64| *x, reg)),
    }));
}
