//! Attacks from safe code through what the program answers: clones of another world, and descriptions that change.

use std::cell::RefCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use nexus_rt::param::Resolver;
use nexus_rt::plan::Visitor;
use nexus_rt::{
    Broadcast, Describe, Handler, IntoHandler, Param, PipelineStart, RefHandler, Res, ResMut, World, fan_out,
};

use crate::support::{Log, refuses_world, world};

/// A trait of the program. Its box is of the program too, as far as the rules for implementations go.
trait Part: Handler<u64> {}

impl<H: Handler<u64>> Part for H {}

/// The same for events by reference.
trait RefPart: RefHandler<u64> {}

impl<H: RefHandler<u64>> RefPart for H {}

thread_local! {
    static NEXT: RefCell<Option<Box<dyn Part>>> = const { RefCell::new(None) };
    static NEXT_REF: RefCell<Option<Box<dyn RefPart>>> = const { RefCell::new(None) };
}

impl Clone for Box<dyn Part> {
    fn clone(&self) -> Self {
        NEXT.take().expect("one clone")
    }
}

impl Clone for Box<dyn RefPart> {
    fn clone(&self) -> Self {
        NEXT_REF.take().expect("one clone")
    }
}

fn write(mut log: ResMut<Log>, limit: Res<u64>, event: u64) {
    log.push(format!("{event} of {}", *limit));
}

fn read(mut log: ResMut<Log>, event: &u64) {
    log.push(event.to_string());
}

/// A part of the first world, whose clone is of a world that is gone.
fn part(here: &World) -> Box<dyn Part> {
    NEXT.set(Some(Box::new(write.into_handler(world().registry()))));
    Box::new(write.into_handler(here.registry()))
}

fn ref_part(here: &World) -> Box<dyn RefPart> {
    NEXT_REF.set(Some(Box::new(read.into_handler(world().registry()))));
    Box::new(read.into_handler(here.registry()))
}

/// Runs the owner, and has its clone refused.
fn attack<H: Handler<u64> + Clone>(here: &mut World, name: &str, mut owner: H) {
    owner.run(here, 1);
    let ran = here.resource::<Log>().len();
    assert!(ran > 0, "the part has run");
    let mut copy = owner.clone();
    refuses_world(name, || copy.run(here, 2));
    assert_eq!(here.resource::<Log>().len(), ran);
}

#[test]
fn a_cloned_chain_has_a_part_of_another_world() {
    let mut here = world();
    let chain = PipelineStart::<u64>::new().dispatch(part(&here)).build();
    attack(&mut here, "it::soundness_clones::write", chain);
    let pass = |event: u64| event;
    let chain = PipelineStart::<u64>::new().then(pass, here.registry()).dispatch(part(&here)).build();
    attack(&mut here, "it::soundness_clones::write", chain);
    let chain = PipelineStart::<u64>::new()
        .with_context::<u8>()
        .tee(|side| side.dispatch(ref_part(&here)))
        .then(|_: &mut u8, _: u64| {}, here.registry())
        .build()
        .into_callback(0);
    attack(&mut here, "it::soundness_clones::read", chain);
}

#[test]
fn a_cloned_fan_out_has_a_part_of_another_world() {
    let mut here = world();
    let audit = |_: &u64| {};
    let fan_out = fan_out!(audit.into_handler(here.registry()), ref_part(&here));
    attack(&mut here, "it::soundness_clones::read", fan_out);
    let fan_out = fan_out!(ref_part(&here), audit.into_handler(here.registry()));
    let chain = PipelineStart::<u64>::new().dispatch(fan_out).build();
    attack(&mut here, "it::soundness_clones::read", chain);
}

/// What a derive refers to, except that its `Clone` and `Copy` are other traits: the program implements the real one.
mod other {
    pub(super) use nexus_rt::{Param, Registry, param};
    pub(super) mod __private {
        pub(crate) use nexus_rt::__private::CloneState;
        pub(crate) trait CopyState {}
        pub(crate) mod core {
            pub(crate) use core::{ops, option, primitive};
            pub(crate) mod marker {
                pub(crate) use core::marker::PhantomData;
                pub(crate) trait Copy {}
            }
            pub(crate) mod clone {
                pub(crate) trait Clone {
                    fn clone(&self) -> Self;
                }
            }
        }
    }
}

impl other::__private::CopyState for u8 {}

impl other::__private::core::marker::Copy for u8 {}

impl other::__private::core::clone::Clone for u8 {
    fn clone(&self) -> Self {
        *self
    }
}

/// The state of a derived param has none of these traits.
fn has_the_other_traits<T>(value: &T) -> T
where
    T: other::__private::CopyState + other::__private::core::marker::Copy + other::__private::core::clone::Clone,
{
    other::__private::core::clone::Clone::clone(value)
}

#[derive(Debug, Param)]
#[param(crate = other)]
pub struct Entries<'w> {
    log: ResMut<'w, Log>,
}

type State = <Entries<'static> as Param>::State;

thread_local! {
    static NEXT_STATE: RefCell<Option<State>> = const { RefCell::new(None) };
}

impl Clone for State {
    fn clone(&self) -> Self {
        NEXT_STATE.take().expect("one clone")
    }
}

#[test]
fn a_cloned_handler_has_the_state_that_it_was_resolved_with() {
    let mut here = world();
    assert_eq!(has_the_other_traits(&7_u8), 7);
    let write = |mut entries: Entries<'_>, event: u64| entries.log.push(event.to_string());
    let handler = write.into_handler(here.registry());
    NEXT_STATE.set(Entries::try_init(world().registry(), &mut Resolver::default()));
    handler.clone().run(&mut here, 1);
    assert_eq!(*here.resource::<Log>(), ["1"]);
    assert!(NEXT_STATE.take().is_some(), "nothing has asked for the other one");
}

/// Describes its handler only since it was shown.
struct Shy<H>(H, Arc<AtomicBool>);

impl<H: Describe> Describe for Shy<H> {
    fn describe(&self, visitor: &mut dyn Visitor) {
        if self.1.load(Ordering::Relaxed) {
            self.0.describe(visitor);
        }
    }
}

impl<E, H: Handler<E>> Handler<E> for Shy<H> {
    fn run(&mut self, world: &mut World, event: E) {
        self.0.run(world, event);
    }
}

#[test]
fn a_broadcast_forgets_no_world_for_a_handler_that_joined_without_one() {
    let (here, mut there) = (world(), world());
    let shown = Arc::new(AtomicBool::new(false));
    let mut broadcast = Broadcast::<u64>::new();
    let shy = broadcast.add(Shy(read.into_handler(here.registry()), shown.clone()));
    broadcast.add(read.into_handler(here.registry()));
    shown.store(true, Ordering::Relaxed);
    assert!(broadcast.remove(shy).is_some());
    refuses_world("it::soundness_clones::read", || broadcast.run(&mut there, &1));
    refuses_world("it::soundness_clones::read", || broadcast.add(read.into_handler(there.registry())));
    assert!(there.resource::<Log>().is_empty());
}
