//! The scripts, run where the programs that they call are stand-ins.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A new folder, with a folder `bin` of stand-ins: each a name and the script behind it.
fn folder(name: &str, stand_ins: &[(&str, &str)]) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("bin")).expect("the target folder can be written to");
    for (program, script) in stand_ins {
        write(&folder.join("bin").join(program), script);
    }
    folder
}

fn write(program: &Path, script: &str) {
    fs::create_dir_all(program.parent().expect("it lies in a folder")).expect("a folder to write to");
    fs::write(program, format!("#!/bin/sh\n{script}\n")).expect("a folder to write to");
    fs::set_permissions(program, fs::Permissions::from_mode(0o755)).expect("it was just written");
}

/// Runs `cluster/nats-server.sh PLACE` in a folder.
fn nats_server(folder: &Path, place: &str) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../cluster/nats-server.sh");
    let path = format!("{}:{}", folder.join("bin").display(), std::env::var("PATH").expect("there are programs"));
    Command::new(script).arg(place).current_dir(folder).env("PATH", path).output().expect("bash runs it")
}

/// The end of the line that a script printed.
fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const OLD: (&str, &str) = ("nats-server", "echo nats-server: v2.9.10");

#[test]
fn unpacking_a_nats_server_leaves_what_is_in_the_named_folder() {
    let unpacks = "mkdir -p usr/sbin && cp \"$(command -v newer)\" usr/sbin/nats-server";
    let stand_ins = [
        OLD,
        ("newer", "echo nats-server: v2.12.0"),
        ("apt-get", "case $* in *download*) : >nats-server_2.12.deb ;; esac"),
        ("dpkg-deb", unpacks),
    ];
    let folder = folder("unpacks", &stand_ins);
    fs::create_dir(folder.join("usr")).expect("it is new");
    fs::write(folder.join("notes"), "mine").expect("the folder can be written to");
    let output = nats_server(&folder, ".");
    assert!(output.status.success(), "{output:?}");
    assert!(Path::new(&printed(&output)).join("nats-server").exists(), "{output:?}");
    assert!(folder.join("notes").exists() && folder.join("bin").exists() && folder.join("usr").exists());
    assert_eq!(printed(&nats_server(&folder, ".")), printed(&output), "it is found again");
}

#[test]
fn a_nats_server_that_was_unpacked_before_is_found() {
    let folder = folder("found", &[OLD, ("apt-get", "exit 1")]);
    write(&folder.join("before/usr/sbin/nats-server"), "echo nats-server: v2.11.3");
    assert!(printed(&nats_server(&folder, "before")).ends_with("before/usr/sbin"));
    assert!(!nats_server(&folder, "elsewhere").status.success());
}
