//! Where the loop of an example sleeps: over sockets or in a parked thread.

use std::io;
use std::time::Instant;

use nexus_rt::wait::Parker;
use nexus_rt::{Clock, MioPoller, World};

pub(crate) enum Sleep {
    Sockets(Box<MioPoller>),
    Parker(Parker),
}

impl Sleep {
    /// Begins a turn: sleeps until `until`, then moves the clock. Returns the number of handlers run.
    pub(crate) fn begin(&mut self, world: &mut World, now: Instant, until: Option<Instant>) -> io::Result<usize> {
        match self {
            Self::Sockets(io) => io.poll_until(world, now, |_| until), // it moves the clock itself
            Self::Parker(parker) => {
                parker.park(until);
                world.resource_mut::<Clock>().update();
                Ok(0)
            }
        }
    }
}
