use nexus_rt::{IntoCallback, ResMut, WorldBuilder};

struct Session;

fn on_message(_session: &mut Session, _n: ResMut<u64>, _text: &str) {}

fn main() {
    let world = WorldBuilder::new().build();
    let _ = on_message.into_callback(String::new(), world.registry());
}
