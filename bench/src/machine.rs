//! The machine on which the figures were measured.

use std::process::Command;

/// Pins this thread to the last core, or to the one before it: away from the first, which serves interrupts on many
/// machines.
///
/// Returns `false` if the OS does not allow it.
pub fn pin(from_last: usize) -> bool {
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    let core = cores.iter().rev().nth(from_last % cores.len().max(1));
    core.is_some_and(|core| core_affinity::set_for_current(*core))
}

/// Returns the processor, the number of cores, the OS and the compiler, in one line.
pub fn describe() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    // Counts all of them, since this thread may be pinned to one.
    let cores = processor.lines().filter(|line| line.starts_with("processor")).count().max(1);
    let field = |name: &str| {
        let line = processor.lines().find(|line| line.split(':').next().is_some_and(|key| key.trim() == name))?;
        Some(line.split(':').nth(1)?.trim().to_owned())
    };
    let family = match (field("cpu family"), field("model")) {
        (Some(family), Some(model)) => format!(" (family {family}, model {model})"),
        _ => String::new(),
    };
    let virtual_machine = if field("flags").is_some_and(|flags| flags.split(' ').any(|flag| flag == "hypervisor")) {
        ", in a virtual machine that others share"
    } else {
        ""
    };
    let processor = field("model name").unwrap_or_else(|| std::env::consts::ARCH.into());
    let system = first_line("uname", &["-sr"]).unwrap_or_else(|| std::env::consts::OS.into());
    format!(
        "{processor}{family}, {cores} core{}{virtual_machine}; {system}; {}",
        if cores == 1 { "" } else { "s" },
        compiler()
    )
}

/// Returns the output of `rustc --version`.
pub fn compiler() -> String {
    first_line("rustc", &["--version"]).unwrap_or_else(|| "an unknown rustc".into())
}

fn first_line(program: &str, args: &[&str]) -> Option<String> {
    let output = Command::new(program).args(args).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    text.lines().next().map(str::to_owned)
}
