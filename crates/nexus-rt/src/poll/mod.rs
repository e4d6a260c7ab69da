//! The base of drivers, including your own: a table of handlers, and a loop that keeps the rules of
//! [`Installer`](crate::Installer).
//!
//! A driver's resource implements [`Driver`], usually over [`Registrations`], the table. Its [`Poller`] takes each due
//! handler out of the table, runs it, and puts it back. [`Driver`] shows a complete driver; this is what its users see:
//!
//! ```
//! # use std::collections::VecDeque;
//! # use nexus_rt::poll::{Driver, Poller, Polls, RegistrationKey, Registrations};
//! # use nexus_rt::{IntoHandler, ResMut, Virtual, WorldBuilder};
//! # #[derive(Default)]
//! # struct Bus { subscribers: Registrations<Virtual<u64>>, due: VecDeque<(RegistrationKey, u64)> }
//! # impl Bus {
//! #     fn publish(&mut self, value: u64) {
//! #         self.due.extend(self.subscribers.iter().map(|(key, _)| (key, value)));
//! #     }
//! #     fn next(&mut self) -> Option<(RegistrationKey, Virtual<u64>, u64)> {
//! #         while let Some((key, value)) = self.due.pop_front() {
//! #             let Some(handler) = self.subscribers.take_out(key) else { continue };
//! #             return Some((key, handler, value));
//! #         }
//! #         None
//! #     }
//! # }
//! # impl Driver for Bus {
//! #     type Handler = Virtual<u64>;
//! #     type Key = RegistrationKey;
//! #     fn polls(&mut self) -> &mut Polls { self.subscribers.polls() }
//! #     fn put_back(&mut self, key: RegistrationKey, handler: Virtual<u64>) -> Result<(), Virtual<u64>> {
//! #         self.subscribers.put_back(key, handler)
//! #     }
//! #     fn end(&mut self, key: RegistrationKey) { self.subscribers.remove(key); }
//! # }
//! # let mut builder = WorldBuilder::new();
//! # builder.register_default::<Bus>();
//! # builder.register(0_u64);
//! let mut poller = Poller::<Bus>::new(builder.key());
//! let mut world = builder.build();
//! let add = (|mut sum: ResMut<u64>, value: u64| *sum += value).into_handler(world.registry());
//!
//! let mut bus = world.resource_mut::<Bus>();
//! bus.subscribers.insert(Box::new(add), ());
//! bus.publish(5);
//! assert_eq!(poller.run(&mut world, usize::MAX, Bus::next), 1);
//! assert_eq!(*world.resource::<u64>(), 5);
//! ```

mod poller;
mod registrations;

pub use poller::{Driver, Poller, Polls};
pub use registrations::{Registration, RegistrationKey, Registrations};
