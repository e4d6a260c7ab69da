//! The paths of Unix sockets: what is nobody's is taken over and removed, and nothing else.

use std::fs;
use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
use std::path::PathBuf;

use nexus_rt::datagrams::{Datagrams, DatagramsInstaller};
use nexus_rt::{MioInstaller, World, WorldBuilder};

use super::Rig;

/// A path of one test.
fn path(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("nexus-rt-{name}-{}", std::process::id()));
    _ = fs::remove_file(&path);
    path
}

fn datagrams() -> World {
    let mut builder = WorldBuilder::new();
    let io = builder.install_driver(MioInstaller::new().unwrap());
    let _net = builder.install_driver(DatagramsInstaller::<()>::new(&io).unwrap());
    builder.build()
}

#[test]
fn a_file_that_is_no_socket_stays() {
    let path = path("file");
    fs::write(&path, "precious").unwrap();
    let (mut rig, mut world) = (Rig::new(), datagrams());
    assert!(rig.net().listen(path.as_path()).is_err());
    assert!(world.resource_mut::<Datagrams<()>>().bind(path.as_path(), ()).is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    // Nor is one taken over to which a link leads.
    let link = path.with_extension("link");
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(rig.net().listen(link.as_path()).is_err() && fs::symlink_metadata(&link).is_ok());
    fs::remove_file(link).unwrap();
    fs::remove_file(path).unwrap();
}

#[test]
fn a_socket_that_another_program_has_bound_meanwhile_stays() {
    let path = path("other");
    let (mut rig, mut world) = (Rig::new(), datagrams());
    let listener = rig.net().listen(path.as_path()).unwrap();
    fs::remove_file(&path).unwrap();
    let other = UnixListener::bind(&path).unwrap();
    assert!(rig.net().stop_listening(listener) && UnixStream::connect(&path).is_ok());
    drop(other);
    fs::remove_file(&path).unwrap();

    let mut datagrams = world.resource_mut::<Datagrams<()>>();
    let socket = datagrams.bind(path.as_path(), ()).unwrap();
    fs::remove_file(&path).unwrap();
    let other = UnixDatagram::bind(&path).unwrap();
    assert!(datagrams.close(socket) && path.exists());
    drop(other);
    // What is left behind is taken over, and removed.
    let socket = datagrams.bind(path.as_path(), ()).unwrap();
    assert!(datagrams.close(socket) && !path.exists());
}
