//! Compile errors as users read them: golden files beside the cases, for the toolchain that CI pins.

/// The release whose wording the golden files hold.
const TOOLCHAIN: &str = "rustc 1.95.0 ";

#[test]
fn compile_errors_say_what_is_wrong() {
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".into());
    let version = std::process::Command::new(rustc).arg("--version").output().expect("rustc runs").stdout;
    let version = String::from_utf8_lossy(&version);
    if !version.starts_with(TOOLCHAIN) {
        println!("skipped: the golden messages are those of {TOOLCHAIN}, this is {version}");
        return;
    }
    trybuild::TestCases::new().compile_fail("tests/messages/*.rs");
}
