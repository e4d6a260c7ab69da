//! Compile errors as users read them: golden files beside the cases, for one release of the compiler. With another they
//! are skipped.

use std::path::Path;
use std::process::Command;

/// The release whose wording the golden files hold.
const TOOLCHAIN: &str = "rustc 1.95.0 ";

/// What the compiler says of itself.
fn rustc(ask: &[&str]) -> String {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let answer = Command::new(rustc).args(ask).output().expect("rustc runs").stdout;
    String::from_utf8_lossy(&answer).trim().to_owned()
}

/// In one test, since two would wait for the same folder.
#[test]
fn compile_errors_say_what_is_wrong() {
    let version = rustc(&["--version"]);
    if !version.starts_with(TOOLCHAIN) {
        println!("skipped: the golden messages are those of {TOOLCHAIN}, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/messages/*.rs");
    // Those that are left come out of assertions inside the standard library, whose lines are shown where they are
    // installed.
    if Path::new(&rustc(&["--print", "sysroot"])).join("lib/rustlib/src/rust/library").exists() {
        println!("skipped: messages with lines of the standard library, whose source is installed here");
        return;
    }
    // They are asserted in a `const` of generic code, which a mere check does not evaluate. That there is a case which
    // passes has trybuild build them all.
    #[cfg(feature = "smartptr")]
    {
        let built = trybuild::TestCases::new();
        built.pass("tests/messages/built/fine/*.rs");
        built.compile_fail("tests/messages/built/*.rs");
    }
}
