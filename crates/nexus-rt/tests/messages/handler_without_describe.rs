use nexus_rt::{Handler, World};

struct Gateway;

impl Handler<u64> for Gateway {
    fn run(&mut self, _: &mut World, _: u64) {}
}

fn main() {}
