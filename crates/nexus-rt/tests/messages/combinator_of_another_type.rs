use nexus_rt::{PipelineStart, Registry};

fn main() {}

fn map_of_a_plain_value(reg: &Registry) {
    let _ = PipelineStart::<u64>::new().map(|x: u64| x + 1, reg);
}

fn filter_of_a_result(reg: &Registry) {
    let _ = PipelineStart::<Result<u64, u8>>::new().filter(|x: &u64| *x > 1, reg);
}

fn inspect_in_an_arm(reg: &Registry) {
    let _ = PipelineStart::<Option<u64>>::new().tee(|x| x.inspect(|_: &u64| {}, reg).then(|_: &Option<u64>| {}, reg));
}

fn cloned_of_what_is_owned() {
    let _ = PipelineStart::<u64>::new().cloned();
}

fn catch_of_an_option(reg: &Registry) {
    let _ = PipelineStart::<Option<u64>>::new().catch(|_: u64| {}, reg);
}
