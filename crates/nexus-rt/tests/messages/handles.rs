use nexus_rt::{Handles, IntoHandler, PipelineStart, Registry, ResMut, no_event};

fn on<L>(handler: impl Handles<u64, L>, reg: &Registry) {
    handler.into_handler(reg);
}

fn of_another_event(_n: ResMut<u64>, _text: &str) {}

fn returns_something(_n: ResMut<u64>, price: u64) -> u64 {
    price
}

fn takes_it_last(_price: u64, _n: ResMut<u64>) {}

fn handlers(reg: &Registry) {
    on(of_another_event, reg);
    on(of_another_event.into_handler(reg), reg);
    on(returns_something, reg);
    on(takes_it_last, reg);
    on(no_event(takes_it_last), reg);
    on(PipelineStart::<u64>::new().then(returns_something, reg), reg);
    on("text", reg);
    no_event(takes_it_last).into_handler(reg);
}

fn main() {}
