//! `cargo xtask package`: packs every crate that is published, as `cargo publish` would, and checks that each package
//! contains licences, a readme, source and examples, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

/// The files that every package needs.
const REQUIRED: [&str; 4] = ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// The files that cargo adds.
const ADDED: [&str; 3] = [".cargo_vcs_info.json", "Cargo.lock", "Cargo.toml.orig"];

/// The size of the largest file that a package may have, in bytes.
const LARGEST: u64 = 200_000;

/// The folder of the packages, from the root.
const TARGET: &str = "target/xtask-package";

/// Whether cargo also builds each package from its own files.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Build {
    Yes,
    No,
}

/// A file of a package: its path, and its size in bytes.
type Packed = (String, u64);

/// Packs and checks all crates without building them. Returns whether all packages are valid.
pub(crate) fn run(root: &Path) -> bool {
    println!("xtask: cargo package");
    let started = Instant::now();
    let packed = pack(root, Build::No);
    match &packed {
        Ok(lines) => lines.iter().for_each(|line| println!("xtask: package {line}")),
        Err(why) => println!("{why}"),
    }
    let seconds = started.elapsed().as_secs();
    println!("xtask: {} after {seconds} s: cargo package", if packed.is_ok() { "passed" } else { "FAILED" });
    packed.is_ok()
}

/// Packs and checks all crates. Returns a line for each, or the errors.
pub(crate) fn pack(root: &Path, build: Build) -> Result<Vec<String>, String> {
    let folder = root.join(TARGET).join("package");
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(|error| format!("cannot remove {}: {error}", folder.display()))?;
    }
    let libraries = publishable(&root.join("crates"))?;
    cargo_package(root, root, &libraries, &[], build)?;
    // The cluster is a workspace of its own, so cargo would look for the libraries in the registry.
    let patch = |name: &String| format!("patch.crates-io.{name}.path='{}'", root.join("crates").join(name).display());
    let patches: Vec<String> = libraries.iter().map(patch).collect();
    let clustered = publishable(&root.join("cluster"))?;
    cargo_package(root, &root.join("cluster"), &clustered, &patches, build)?;
    let crates = entries(&folder)?.into_iter().filter(|path| path.extension().is_some_and(|it| it == "crate"));
    let mut crates: Vec<PathBuf> = crates.collect();
    crates.sort();
    if crates.len() != libraries.len() + clustered.len() {
        return Err(format!("{} has {} packages for {libraries:?} and {clustered:?}", folder.display(), crates.len()));
    }
    crates.iter().map(|path| check(path)).collect()
}

/// Returns the crates in a folder without `publish = false`, in order.
fn publishable(folder: &Path) -> Result<Vec<String>, String> {
    let mut names = Vec::new();
    for path in entries(folder)? {
        let Ok(manifest) = fs::read_to_string(path.join("Cargo.toml")) else { continue };
        if !manifest.lines().any(|line| line.trim() == "publish = false") {
            names.extend(path.file_name().map(|name| name.to_string_lossy().into_owned()));
        }
    }
    names.sort();
    Ok(names)
}

/// Runs `cargo package` for some crates of a workspace. Prints its output only if it fails.
fn cargo_package(
    root: &Path,
    workspace: &Path,
    crates: &[String],
    patches: &[String],
    build: Build,
) -> Result<(), String> {
    let mut cargo = Command::new("cargo");
    cargo.args(["package", "--offline", "--allow-dirty", "--target-dir"]).arg(root.join(TARGET));
    cargo.args((build == Build::No).then_some("--no-verify"));
    crates.iter().for_each(|name| _ = cargo.args(["-p", name]));
    patches.iter().for_each(|patch| _ = cargo.args(["--config", patch]));
    let output = cargo.current_dir(workspace).output().map_err(|error| format!("cannot run cargo: {error}"))?;
    if output.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&output.stderr).into_owned()) }
}

/// Unpacks a package and checks its files. Returns a summary line.
fn check(package: &Path) -> Result<String, String> {
    let name = package.file_stem().unwrap_or_default().to_string_lossy();
    let folder = package.with_extension("unpacked");
    fs::create_dir(&folder).map_err(|error| format!("cannot create {}: {error}", folder.display()))?;
    let unpacked = Command::new("tar").arg("-xzf").arg(package).arg("-C").arg(&folder).status();
    if !unpacked.is_ok_and(|status| status.success()) {
        return Err(format!("`tar` cannot unpack {}", package.display()));
    }
    let inside = folder.join(&*name);
    let mut files = Vec::new();
    for path in files_in(&inside)? {
        let size = fs::metadata(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?.len();
        files.push((path.strip_prefix(&inside).unwrap_or(&path).to_string_lossy().into_owned(), size));
    }
    let problems = problems(&files);
    if problems.is_empty() {
        let total: u64 = files.iter().map(|(_, size)| size).sum();
        return Ok(format!("{name}: {} files, {} kB", files.len(), total / 1_000));
    }
    Err(problems.iter().map(|problem| format!("{name}: {problem}\n")).collect())
}

/// Returns the problems with the files of a package.
fn problems(files: &[Packed]) -> Vec<String> {
    let has = |name: &str| files.iter().any(|(path, _)| path == name);
    let is_code = |path: &str| {
        let in_place = path.starts_with("src/") || path.starts_with("examples/");
        in_place && Path::new(path).extension().is_some_and(|it| it == "rs")
    };
    let is_known = |path: &str| REQUIRED.contains(&path) || ADDED.contains(&path) || is_code(path);
    let missing = REQUIRED.iter().filter(|name| !has(name));
    let missing = missing.map(|name| format!("{name} is missing: add it beside the crate's Cargo.toml"));
    let unknown = files.iter().filter(|(path, _)| !is_known(path));
    let unknown = unknown.map(|(path, _)| format!("{path} is not code: add it to `exclude` in the crate's Cargo.toml"));
    let large = files.iter().filter(|(_, size)| *size > LARGEST);
    let large = large.map(|(path, size)| format!("{path} has {size} bytes, more than {LARGEST}"));
    missing.chain(unknown).chain(large).collect()
}

/// Returns all files below a folder.
fn files_in(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in entries(folder)? {
        if path.is_dir() {
            files.extend(files_in(&path)?);
        } else {
            files.push(path);
        }
    }
    Ok(files)
}

/// Returns the paths in a folder.
pub(crate) fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).and_then(|entries| entries.map(|entry| Ok(entry?.path())).collect());
    entries.map_err(|error| format!("cannot read {}: {error}", folder.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(more: &[(&str, u64)]) -> Vec<Packed> {
        let required = REQUIRED.iter().chain(&ADDED).map(|name| (*name, 1_000));
        required.chain(more.iter().copied()).map(|(path, size)| (path.to_owned(), size)).collect()
    }

    #[test]
    fn a_package_of_code_passes() {
        assert!(problems(&files(&[("src/lib.rs", 5_000), ("examples/perf/mod.rs", LARGEST)])).is_empty());
    }

    #[test]
    fn missing_unknown_and_large_files_are_found() {
        let without = |name: &str| files(&[]).into_iter().filter(|(path, _)| path != name).collect::<Vec<_>>();
        assert_eq!(problems(&without("LICENSE-MIT")).len(), 1);
        for path in ["tests/it/main.rs", "src/data.gz", "api.txt", "src/tests/recorded/1.journal"] {
            assert_eq!(problems(&files(&[(path, 10)])).len(), 1, "{path}");
        }
        assert_eq!(problems(&files(&[("src/lib.rs", LARGEST + 1)])), ["src/lib.rs has 200001 bytes, more than 200000"]);
    }
}
