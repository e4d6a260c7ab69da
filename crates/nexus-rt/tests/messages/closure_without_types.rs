use nexus_rt::{IntoHandler, PipelineStart, Registry, Res};

fn a_param(reg: &Registry) {
    let _ = (|limit, order: u32| assert!(order < *limit)).into_handler(reg);
}

fn a_value(reg: &Registry) {
    let _ = PipelineStart::<String>::new().then(|text| text.len(), reg);
}

fn a_value_after_a_param(reg: &Registry) {
    let _ = PipelineStart::<String>::new().then(|limit: Res<usize>, text| text.len() < *limit, reg);
}

fn main() {}
