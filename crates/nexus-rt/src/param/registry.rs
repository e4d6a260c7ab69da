//! `RegistryRef`: the registry as a param.
#![expect(unsafe_code, reason = "implements Param, an unsafe trait")]

use std::fmt;
use std::ops::Deref;

use super::{Access, Dispatch, Param, Requests, Resolver};
use crate::world::Registry;

/// The registry as a param: for a function that builds handlers while it runs.
///
/// ```
/// use nexus_rt::{Handler, IntoHandler, RegistryRef, ResMut, Virtual, WorldBuilder};
///
/// #[derive(Default)]
/// struct Subscribers(Vec<Virtual<u32>>);
///
/// fn count(mut seen: ResMut<u32>, x: u32) {
///     *seen += x;
/// }
///
/// fn subscribe(mut subscribers: ResMut<Subscribers>, registry: RegistryRef, _request: ()) {
///     subscribers.0.push(Box::new(count.into_handler(&registry)));
/// }
///
/// let mut builder = WorldBuilder::new();
/// builder.register_default::<Subscribers>();
/// builder.register(0_u32);
/// let mut world = builder.build();
/// let mut subscribe = subscribe.into_handler(world.registry());
/// subscribe.run(&mut world, ());
///
/// let mut taken = std::mem::take(&mut *world.resource_mut::<Subscribers>());
/// taken.0[0].run(&mut world, 5);
/// assert_eq!(*world.resource::<u32>(), 5);
/// ```
#[derive(Clone, Copy)]
pub struct RegistryRef<'w>(&'w Registry);

impl Deref for RegistryRef<'_> {
    type Target = Registry;

    #[inline]
    fn deref(&self) -> &Registry {
        self.0
    }
}

impl fmt::Debug for RegistryRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

// SAFETY: a registry reaches no value.
unsafe impl Param for RegistryRef<'_> {
    type State = ();
    type Item<'w> = RegistryRef<'w>;

    fn try_init(_: &Registry, _: &mut Resolver) -> Option<()> {
        Some(())
    }

    fn requests(_: &mut Requests) {}

    fn access((): &(), _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(dispatch: Dispatch<'w>, (): &'w mut ()) -> RegistryRef<'w> {
        RegistryRef(dispatch.registry)
    }
}
