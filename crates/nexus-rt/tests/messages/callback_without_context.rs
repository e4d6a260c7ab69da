use nexus_rt::{IntoCallback, Registry, ResMut, World, no_event};

struct Session;

fn on_message(_n: ResMut<u64>, _text: &str) {}

fn on_world(_world: &mut World, _text: &str) {}

fn without_event(_session: &mut Session) {}

fn tick(_n: ResMut<u64>) {}

fn callbacks(reg: &Registry) {
    let _ = on_message.into_callback(Session, reg);
    let _ = on_world.into_callback(Session, reg);
    let _ = without_event.into_callback(Session, reg);
    let _ = no_event(tick).into_callback(Session, reg);
    let _ = no_event(without_event).into_callback(Session, reg);
}

fn main() {}
