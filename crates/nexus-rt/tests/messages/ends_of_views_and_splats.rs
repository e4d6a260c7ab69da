use nexus_rt::chain::ViewAt;
use nexus_rt::{PipelineStart, Registry};

struct Order {
    quantity: u64,
}

struct Quantity;

impl<'a> ViewAt<'a, Order> for Quantity {
    type Item = &'a u64;

    fn view(order: &'a Order) -> &'a u64 {
        &order.quantity
    }
}

fn main() {}

fn a_side_chain_ends_with_a_number(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().view::<Quantity, _, _>(|quantity| quantity.then(|x: &u64| *x + 1, reg));
}

fn splat_takes_one_argument_more(reg: &Registry) {
    let _ = PipelineStart::<(u64, u64)>::new().splat().then(|_: u64, _: u64, _: u64| {}, reg);
}

fn splat_takes_a_reference_to_the_tuple_by_value(reg: &Registry) {
    let _ = PipelineStart::<&(u64, u64)>::borrowed().splat().then(|_: u64, _: u64| {}, reg);
}

fn merge_takes_another_type(reg: &Registry) {
    let fork = PipelineStart::<u64>::new().fork().arm(|x| x.cloned()).arm(|x| x.cloned());
    let _ = fork.merge(|_: &u64, _: &u32| {}, reg);
}
