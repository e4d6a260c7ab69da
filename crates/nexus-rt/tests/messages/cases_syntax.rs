use nexus_rt::{PipelineStart, Registry, cases};

fn main() {}

fn a_value_without_a_type(reg: &Registry) {
    let _ = PipelineStart::<bool>::new().route(cases!(|x| match x {
        true => (1, |x| x),
        false => (0, |x| x.then(|x: u64| x, reg)),
    }));
}

fn an_arm_without_a_value(reg: &Registry) {
    let _ = PipelineStart::<bool>::new().route(cases!(|x: bool| match x {
        true => |x| x.then(|x: bool| x, reg),
        false => (false, |x| x),
    }));
}
