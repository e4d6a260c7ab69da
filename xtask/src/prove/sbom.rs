//! What each program is made of, as CycloneDX documents.

use std::fs;
use std::path::{Path, PathBuf};

use super::command::{Run, is_there};
use super::{Outcome, Room};
use crate::package::entries;

/// The workspaces with programs, and the folders of their crates.
const WORKSPACES: &[(&str, &[&str])] = &[("", &["crates", "demos", "."]), ("cluster/", &["cluster"])];

/// What is written for a program is named like this.
const END: &str = "_bin.cdx.json";

pub(super) fn prove(room: &Room) -> Outcome {
    if !is_there("cargo", &["cyclonedx", "--version"]) {
        return Err("cargo-cyclonedx is missing: `cargo install --locked cargo-cyclonedx`, or, from Debian 14 on, \
                    `apt-get install cargo-cyclonedx`"
            .into());
    }
    let mut programs = Vec::new();
    for (workspace, folders) in WORKSPACES {
        let line = format!(
            "cargo cyclonedx --manifest-path {workspace}Cargo.toml --format json --spec-version 1.5 --describe binaries \
             --all-features"
        );
        let log = room.path(&format!("{}cyclonedx.log", workspace.replace('/', "-")));
        Run { folder: &room.root, line: &line, environment: &[], log: &log }.run()?;
        for path in written(&room.root, folders)? {
            programs.push(moved(&path, &room.folder)?);
        }
    }
    programs.sort();
    if programs.is_empty() {
        return Err("cargo-cyclonedx wrote nothing".into());
    }
    Ok(format!("crates in each program: {}", programs.join(", ")))
}

/// The documents, which are written beside the manifests.
fn written(root: &Path, folders: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for folder in folders {
        for package in entries(&root.join(folder))?.into_iter().filter(|path| path.join("Cargo.toml").exists()) {
            found.extend(entries(&package)?.into_iter().filter(|path| path.to_string_lossy().ends_with(END)));
        }
    }
    Ok(found)
}

/// Puts a document into a folder, under the names of its crate and its program. Returns them with how many crates the
/// program has.
fn moved(path: &Path, folder: &Path) -> Result<String, String> {
    let failed = |error: std::io::Error| format!("{}: {error}", path.display());
    let name = |path: &Path| path.file_name().and_then(|name| name.to_str()).map(str::to_owned);
    let package = path.parent().and_then(name).expect("it is in the folder of a crate");
    let program = name(path).expect("it was found by its name");
    let program = program.trim_end_matches(END);
    let text = fs::read_to_string(path).map_err(failed)?;
    let to = folder.join(format!("{package}.{program}.cdx.json"));
    fs::write(to, &text).and_then(|()| fs::remove_file(path)).map_err(failed)?;
    let crates = text.matches("\"type\": \"library\"").count();
    let of = if package == program { String::new() } else { format!(" of {package}") };
    Ok(format!("{program}{of} {crates}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_found_counted_and_moved() {
        let root = std::env::temp_dir().join(format!("xtask-sbom-{}", std::process::id()));
        let (package, folder) = (root.join("demos/program"), root.join("out"));
        [&package, &folder].into_iter().for_each(|path| fs::create_dir_all(path).expect("a folder for this test"));
        fs::write(package.join("Cargo.toml"), "").expect("it can be written");
        let text = "\"type\": \"library\", \"type\": \"website\", \"type\": \"library\"";
        fs::write(package.join("program_bin.cdx.json"), text).expect("it can be written");
        let found = written(&root, &["demos"]).expect("the folder is there");
        assert_eq!(found.len(), 1);
        assert_eq!(moved(&found[0], &folder).as_deref(), Ok("program 2"));
        assert!(folder.join("program.program.cdx.json").exists() && !found[0].exists());
        fs::remove_dir_all(&root).expect("it was made above");
    }
}
