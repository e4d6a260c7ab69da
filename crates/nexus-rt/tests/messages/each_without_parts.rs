use nexus_rt::{PipelineStart, Registry};

fn main() {}

fn of_a_plain_value(reg: &Registry) {
    let _ = PipelineStart::<u64>::new().each(|x| x.then(|_: u64| {}, reg));
}

fn of_a_result(reg: &Registry) {
    let _ = PipelineStart::<Result<u64, u8>>::new().each(|x| x.then(|_: u64| {}, reg));
}

fn with_an_arm_that_returns_something(reg: &Registry) {
    let _ = PipelineStart::<Vec<u64>>::new().each(|x| x.then(|x: u64| x + 1, reg));
}
