use nexus_rt::{PipelineStart, Registry};

fn main() {}

fn map_of_a_plain_value(reg: &Registry) {
    let _ = PipelineStart::<u64>::new().map(|x: u64| x + 1, reg);
}

fn catch_of_an_option(reg: &Registry) {
    let _ = PipelineStart::<Option<u64>>::new().catch(|_: u64| {}, reg);
}
