//! Handlers that run once when something that they watch has changed.
//!
//! [`Reactors`] are a resource: handlers [mark](Reactors::mark) the sources that they change. A poll of the
//! [`ReactorsPoller`] then runs each reactor that watches a marked source, once, no matter how often it was marked:
//!
//! ```
//! use nexus_rt::reactors::{ReactorEvent, Reactors, ReactorsInstaller};
//! use nexus_rt::{IntoHandler, ResMut, WorldBuilder};
//!
//! fn requote(mut quotes: ResMut<u32>, _: ReactorEvent) {
//!     *quotes += 1;
//! }
//!
//! let mut builder = WorldBuilder::new();
//! let mut poller = builder.install_driver(ReactorsInstaller::new());
//! builder.register(0_u32);
//! let mut world = builder.build();
//! let requote = Box::new(requote.into_handler(world.registry()));
//!
//! let mut reactors = world.resource_mut::<Reactors>();
//! let (bid, ask) = (reactors.add_source(), reactors.add_source());
//! reactors.add(requote, [bid, ask]);
//!
//! [bid, bid, ask].map(|source| reactors.mark(source));
//! assert_eq!(poller.poll(&mut world), 1); // one run for three marks
//! assert_eq!(poller.poll(&mut world), 0);
//! assert_eq!(*world.resource::<u32>(), 1);
//! ```
//!
//! [`Sources`] finds sources by keys of the program, such as symbols.

pub use crate::driver::{ReactorEvent, ReactorId, Reactors, ReactorsInstaller, ReactorsPoller, SourceId, Sources};
