//! `no_event`: functions that do not take an event.

use std::any::type_name;

use super::callable::{AllButLast, Callable};
use super::mode::Mode;
use crate::sealed::Internal;

/// A function that ignores its event: see [`no_event`].
#[derive(Clone, Copy, Debug)]
#[must_use = "a function does nothing until it is resolved and run"]
pub struct NoEvent<F>(F);

/// Wraps a function without an event, so that it fits where a function with an event is expected.
///
/// ```
/// use nexus_rt::{Handler, IntoCallback, IntoHandler, PipelineStart};
/// use nexus_rt::{Res, ResMut, WorldBuilder, no_event};
///
/// fn count(mut n: ResMut<u64>) {
///     *n += 1;
/// }
///
/// fn is_open(n: Res<u64>) -> bool {
///     *n < 4
/// }
///
/// fn note(runs: &mut Vec<u64>, n: Res<u64>) {
///     runs.push(*n);
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register(0_u64);
/// let mut world = builder.build();
/// let reg = world.registry();
/// let mut handler = no_event(count).into_handler(reg);
/// let mut callback = no_event(note).into_callback(vec![], reg);
/// let mut chain = PipelineStart::<&str>::new()
///     .guard(no_event(is_open), reg)
///     .map(no_event(count), reg)
///     .build();
///
/// handler.run(&mut world, "any event");
/// handler.run(&mut world, 7.5);
/// callback.run(&mut world, 'x');
/// assert_eq!([chain.run(&mut world, "a"), chain.run(&mut world, "b")], [Some(()), Some(())]);
/// assert_eq!(chain.run(&mut world, "c"), None);
/// assert_eq!((callback.ctx, *world.resource::<u64>()), (vec![2], 4));
/// ```
///
/// It fits wherever the last argument of a function is an event or the value of a chain: in handlers, callbacks and
/// templates, and in the combinators of chains and of their arms. The event is dropped, whatever its type. Without the
/// wrapper, the last param would be taken for the event.
///
/// In a [`scan`](crate::chain::Chain::scan), the function still takes its accumulator. In a
/// [`merge`](crate::chain::ForkBuilder::merge), there is no single event: if the arms return nothing, `join` them and
/// add the function with `then`. Systems have no event, and need no wrapper.
pub const fn no_event<F>(function: F) -> NoEvent<F> {
    NoEvent(function)
}

#[diagnostic::do_not_recommend]
impl<C, E, F, M> Callable<C, (E,), M> for NoEvent<F>
where
    M: Mode,
    F: Callable<C, (), M>,
{
    type Out = F::Out;
    type Received = AllButLast;

    #[inline(always)]
    fn invoke<'w>(&'w mut self, ctx: &mut C, item: M::Item<'w>, _: (E,), _: Internal) -> F::Out {
        self.0.invoke(ctx, item, (), Internal)
    }
}

/// For `scan`, which passes its accumulator before the value.
#[diagnostic::do_not_recommend]
impl<'a, C, Acc, T, F, M> Callable<C, (&'a mut Acc, T), M> for NoEvent<F>
where
    M: Mode,
    F: Callable<C, (&'a mut Acc,), M>,
{
    type Out = F::Out;
    type Received = AllButLast;

    #[inline(always)]
    fn invoke<'w>(&'w mut self, ctx: &mut C, item: M::Item<'w>, (acc, _): (&'a mut Acc, T), _: Internal) -> F::Out {
        self.0.invoke(ctx, item, (acc,), Internal)
    }
}

/// Returns the full name of the function, without the wrapper around it.
#[inline(always)]
pub(super) fn full_name<F>() -> &'static str {
    unwrapped(type_name::<F>())
}

/// Compiled once for all functions.
#[inline(never)]
fn unwrapped(name: &'static str) -> &'static str {
    let wrapper = type_name::<NoEvent<()>>().trim_end_matches("()>");
    let inner = name.strip_prefix(wrapper).and_then(|name| name.strip_suffix('>'));
    inner.unwrap_or(name)
}
