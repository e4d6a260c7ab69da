//! The wiring: what there is, and what every message runs through.

use std::collections::HashMap;
use std::time::Duration;

use nexus_rt::chain::ByReference;
use nexus_rt::connections::Client;
use nexus_rt::{BoxedPipeline, CallbackTemplate, Clock, PipelineStart, Registry, WorldBuilder};

use crate::message::{Decimal, Message};
use crate::orders::{self, Fill, Market, Orders, Risk};
use crate::protocol::{self, Beat, Ignored, Link, Request};
use crate::session::Session;

/// Registers the state of a gateway whose drivers are installed.
pub(crate) fn register(builder: &mut WorldBuilder, names: &[&str]) {
    let now = builder.resource::<Clock>().now();
    builder.register::<Vec<Session>>(names.iter().map(|name| Session::new(name, now)).collect());
    builder.register_default::<Ignored>();
    builder.register_default::<Orders>();
    builder.register(Risk { quantity: Decimal(10_000_000), collar: 5, open: 10 });
    let prices = HashMap::from([("ACME", Decimal(1_000_000)), ("NEXS", Decimal(255_000))]);
    builder.register(Market { prices, delay: Duration::from_millis(50) });
    let beat = CallbackTemplate::<Beat>::new(protocol::on_beat, builder.registry());
    let fill = CallbackTemplate::<Fill>::new(orders::on_fill, builder.registry());
    builder.register(beat);
    builder.register(fill);
}

/// Whether a message has this type.
fn is<const KIND: char>(request: &Request) -> bool {
    request.message.kind().chars().eq([KIND])
}

/// What a message runs through.
pub(crate) fn messages(reg: &Registry) -> BoxedPipeline<Message, (), Client<Link>, ByReference> {
    PipelineStart::<&Message>::borrowed()
        .with_context::<Client<Link>>()
        .then(protocol::intact, reg)
        .and_then(protocol::identify, reg)
        .and_then(protocol::in_sequence, reg)
        .and_then(protocol::complete, reg)
        .catch(protocol::answer, reg)
        .each(|request| {
            request.route(|r| {
                r.case(is::<'A'>, reg, |m| m.then(protocol::logon, reg))
                    .case(is::<'1'>, reg, |m| m.then(protocol::test_request, reg))
                    .case(is::<'2'>, reg, |m| m.then(protocol::resend, reg))
                    .case(is::<'4'>, reg, |m| m.then(protocol::reset, reg))
                    .case(is::<'5'>, reg, |m| m.then(protocol::logout, reg))
                    .case(is::<'D'>, reg, |m| {
                        m.then(orders::read, reg)
                            .and_then(orders::is_new, reg)
                            .and_then(orders::within_quantity, reg)
                            .and_then(orders::within_collar, reg)
                            .and_then(orders::within_open_orders, reg)
                            .catch(orders::refuse, reg)
                            .map(orders::accept, reg)
                            .unwrap_or(())
                    })
                    .case(is::<'F'>, reg, |m| {
                        m.then(orders::find, reg)
                            .catch(orders::refuse_cancel, reg)
                            .map(orders::cancel, reg)
                            .unwrap_or(())
                    })
                    .or(|m| m.then(protocol::other, reg))
            })
        })
        .build()
        .boxed()
}
