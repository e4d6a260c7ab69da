//! `LastRun` as a param: each resolved function remembers when it ran last.
#![expect(unsafe_code, reason = "implements Param, an unsafe trait")]

use super::{Access, Dispatch, Param, Requests, Resolver};
use crate::world::{LastRun, Registry};

/// The state of a function that takes a [`LastRun`]: the first tick of the world after its last run. Initially 0,
/// before everything.
#[derive(Clone, Copy, Debug)]
pub struct Ran(u64);

// SAFETY: reaches no resource.
unsafe impl Param for LastRun<'_> {
    type State = Ran;
    type Item<'w> = LastRun<'w>;
    const REMEMBERS_RUN: bool = true;

    fn try_init(_: &Registry, _: &mut Resolver) -> Option<Ran> {
        Some(Ran(0))
    }

    fn requests(_: &mut Requests) {}

    fn access(_: &Ran, _: &mut dyn FnMut(Access)) {}

    #[inline(always)]
    unsafe fn fetch<'w>(_: Dispatch<'w>, state: &'w mut Ran) -> LastRun<'w> {
        LastRun::new(state.0)
    }

    #[inline(always)]
    fn end_run(state: &mut Ran, tick: u64) {
        state.0 = tick;
    }
}
