use nexus_rt::{Key, Param, Res, ResMut, WorldBuilder};

type Any = for<'a> fn(&'a String);
type Static = fn(&'static String);

/// A key of a type is no key of a supertype: writing through it would forget what the value promises.
fn a_key_of_another_type(key: Key<Any>) -> Key<Static> {
    key
}

fn and_back(key: Key<Static>) -> Key<Any> {
    key
}

/// What was resolved for reading cannot be fetched for writing.
fn a_state_of_another_access(state: <Res<'static, u64> as Param>::State) -> <ResMut<'static, u64> as Param>::State {
    state
}

fn main() {
    let _ = WorldBuilder::new();
}
