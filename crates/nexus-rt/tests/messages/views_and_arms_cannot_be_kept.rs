use nexus_rt::chain::ViewAt;
use nexus_rt::{DagStart, PipelineStart, Registry, ResMut};

struct Order {
    symbol: String,
}

struct Symbol;

impl<'a> ViewAt<'a, Order> for Symbol {
    type Item = &'a str;

    fn view(order: &'a Order) -> &'a str {
        &order.symbol
    }
}

fn keep(mut kept: ResMut<Option<&'static str>>, symbol: &'static str) {
    *kept = Some(symbol);
}

fn keep_order(mut kept: ResMut<Option<&'static Order>>, order: &'static Order) {
    *kept = Some(order);
}

fn give(order: &Order) -> &str {
    &order.symbol
}

fn main() {}

fn a_view(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().view::<Symbol, _, _>(|symbol| symbol.then(keep, reg));
}

fn a_side_chain(reg: &Registry) {
    let _ = PipelineStart::<Order>::new().tee(|order| order.then(keep_order, reg));
}

fn an_arm(reg: &Registry) {
    let _ = DagStart::<Order>::new().fork().arm(|order| order.then(keep_order, reg));
}

fn what_an_arm_gives(reg: &Registry) {
    let _ = DagStart::<Order>::new().fork().arm(|order| order.then(give, reg));
}
