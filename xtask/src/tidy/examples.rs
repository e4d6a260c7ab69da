//! Public functions document what users need: an example if they take a function, `# Panics` if they blame the caller,
//! and a first sentence that stands alone in an index.

use super::{Finding, Source};

/// The traits of functions: a parameter bound by one of them is a function.
const FUNCTIONS: &[&str] = &[
    "Fn(",
    "FnMut(",
    "FnOnce(",
    "Callable<",
    "Handles<",
    "IntoCallback",
    "IntoHandler",
    "IntoSplat<",
    "IntoStep<",
    "IntoSystem",
    "Resolve<",
    "ScanFn<",
];

/// Beginnings that mean nothing in an index.
const EMPTY: &[&str] = &["The same", "Like this"];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let is_library = source.path.starts_with("crates/") && source.path.contains("/src/");
    if !source.is_rust() || !is_library || source.path.contains("/src/bin/") {
        return vec![];
    }
    // Unit tests come last in their files.
    let lines: Vec<_> = source.text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).collect();
    let mut findings = openings(source, &lines);
    for at in 0..lines.len() {
        let Some(function) = Function::at(&lines, at) else { continue };
        findings.extend(function.lacks().into_iter().map(|message| source.finding(at + 1, message)));
    }
    findings
}

/// Returns documentation that begins with a reference to something else.
fn openings(source: &Source, lines: &[&str]) -> Vec<Finding> {
    let text = |line: &str| line.trim_start().strip_prefix("///").map(|text| text.trim_start().to_owned());
    let begins = |at: &usize| text(lines[*at]).is_some() && (*at == 0 || text(lines[at - 1]).is_none());
    let empty = |at: usize| {
        let text = text(lines[at])?;
        let words = EMPTY.iter().find(|words| text.starts_with(**words))?;
        Some(source.finding(at + 1, format!("a doc that begins with `{words}`: an index shows this line alone")))
    };
    (0..lines.len()).filter(begins).filter_map(empty).collect()
}

/// A function that users see, with the lines before it.
struct Function<'t> {
    name: &'t str,
    /// The signature from the name to the body, in one line, without the return type.
    signature: String,
    /// The lines of its documentation and attributes.
    before: Vec<&'t str>,
}

impl<'t> Function<'t> {
    /// Returns the function whose `fn` is on a line, if it is public itself or through its trait.
    fn at(lines: &[&'t str], at: usize) -> Option<Self> {
        let line = lines[at].trim_start();
        let is_public = line.starts_with("pub ") || line.starts_with("fn ") && is_in_public_trait(lines, at);
        let (before, rest) = line.split_once("fn ")?;
        let qualifies = |word: &str| ["pub", "const", "async", "unsafe"].contains(&word);
        if !is_public || !before.split_whitespace().all(qualifies) {
            return None;
        }
        let name = &rest[..rest.find(['(', '<'])?];
        let mut signature = String::new();
        for line in &lines[at..] {
            signature.push_str(line.trim());
            signature.push(' ');
            if line.ends_with(['{', '}', ';']) {
                break;
            }
        }
        if !line.starts_with("pub ") && signature.ends_with("; ") {
            return None; // to be implemented, not to be called
        }
        Some(Self { name, signature: without_output(&signature), before: before_item(lines, at) })
    }

    /// Returns what its documentation lacks.
    fn lacks(&self) -> Vec<String> {
        let mut lacks = Vec::new();
        if !self.says("#[doc(hidden)]") {
            if self.takes_a_function() && !self.has_an_example() {
                lacks.push(format!("`{}` takes a function: show in an example what it does", self.name));
            }
            if self.says("#[track_caller]") && !self.says("# Panics") {
                lacks.push(format!("`{}` is `#[track_caller]`: say under `# Panics` when", self.name));
            }
        }
        lacks
    }

    /// Returns whether its documentation has code that runs, or at least compiles.
    fn has_an_example(&self) -> bool {
        let fences = self.before.iter().filter_map(|line| line.trim_start().strip_prefix("/// ```"));
        // From the last line to the first, each block's end comes before its beginning.
        fences.skip(1).step_by(2).any(|tags| ["", "no_run", "should_panic"].contains(&tags))
    }

    /// Returns whether its documentation or attributes contain a text.
    fn says(&self, text: &str) -> bool {
        self.before.iter().any(|line| line.contains(text))
    }

    /// Returns whether a parameter is a function: by `impl`, by a generic with a bound, as `self` with a bound, or by
    /// its name `f`.
    fn takes_a_function(&self) -> bool {
        let is_function = |text: &str| FUNCTIONS.iter().any(|function| text.contains(function));
        let (generics, parameters, bounds) = parts(&self.signature);
        let bounded: Vec<_> = [generics, bounds]
            .into_iter()
            .flat_map(split)
            .filter(|bound| is_function(bound))
            .filter_map(|bound| Some(bound.split_once(':')?.0.trim()))
            .collect();
        split(parameters).any(|parameter| match parameter.split_once(':') {
            Some((name, kind)) => {
                ["f", "handler", "step"].contains(&name) || is_function(kind) || bounded.contains(&kind.trim())
            }
            None => parameter == "self" && bounded.contains(&"Self"),
        })
    }
}

/// Returns whether the item around a line, according to its indentation, is a public trait.
fn is_in_public_trait(lines: &[&str], at: usize) -> bool {
    let margin = |line: &str| line.len() - line.trim_start().len();
    let outer = lines[..at].iter().rev().find(|line| {
        margin(line) < margin(lines[at])
            && !line.trim().is_empty()
            && !line.trim_start().starts_with([')', '{', '}', '#', '/'])
            && line.trim() != "where"
    });
    outer.is_some_and(|line| line.trim_start().starts_with("pub trait "))
}

/// Returns the documentation and the attributes of the item on a line.
fn before_item<'t>(lines: &[&'t str], at: usize) -> Vec<&'t str> {
    let mut before = Vec::new();
    let mut in_attribute = false;
    for line in lines[..at].iter().rev() {
        let text = line.trim_start();
        in_attribute |= text.starts_with(")]");
        if !in_attribute && !text.starts_with("//") && !text.starts_with("#[") {
            break;
        }
        in_attribute &= !text.starts_with("#[");
        before.push(*line);
    }
    before
}

/// Returns a signature without its return type.
fn without_output(signature: &str) -> String {
    let Some(end) = closing(signature) else { return signature.to_owned() };
    let rest = &signature[end..];
    format!("{}{}", &signature[..end], rest.find(" where ").map_or("", |at| &rest[at..]))
}

/// Returns the generics, the parameters and the `where` bounds of a signature.
fn parts(signature: &str) -> (&str, &str, &str) {
    let end = closing(signature).unwrap_or(signature.len());
    let (head, tail) = signature.split_at(end);
    let open = opening(head).unwrap_or(head.len());
    let generics =
        head[..open].split_once('<').map_or("", |(_, generics)| generics.strip_suffix('>').unwrap_or(generics));
    let parameters = head[open..].trim_start_matches('(').trim_end_matches(')');
    let bounds = tail.split_once(" where ").map_or("", |(_, bounds)| bounds.trim_end_matches([' ', '{', ';']));
    (generics, parameters, bounds)
}

/// Returns where the parentheses of the parameters open: the first ones outside generics.
fn opening(signature: &str) -> Option<usize> {
    let mut depth = Depth::default();
    signature.char_indices().find(|(_, c)| depth.before(*c) == 0 && *c == '(').map(|(at, _)| at)
}

/// Returns the position after the parentheses of the parameters.
fn closing(signature: &str) -> Option<usize> {
    let mut depth = Depth::default();
    let open = opening(signature)?;
    signature[open..].char_indices().find(|(_, c)| depth.after(*c) == 0).map(|(at, _)| open + at + 1)
}

/// Splits at commas outside all brackets and generics.
fn split(list: &str) -> impl Iterator<Item = &str> {
    let mut depth = Depth::default();
    list.split(move |c| depth.after(c) == 0 && c == ',').map(str::trim).filter(|part| !part.is_empty())
}

/// The nesting of a character in brackets of any kind. The `>` of an arrow closes none.
#[derive(Default)]
struct Depth {
    depth: i32,
    last: Option<char>,
}

impl Depth {
    fn before(&mut self, c: char) -> i32 {
        let before = self.depth;
        self.after(c);
        before
    }

    fn after(&mut self, c: char) -> i32 {
        match (self.last.replace(c), c) {
            (Some('-' | '='), '>') => {}
            (_, '(' | '<' | '[' | '{') => self.depth += 1,
            (_, ')' | '>' | ']' | '}') => self.depth -= 1,
            _ => {}
        }
        self.depth
    }
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn findings(text: &str) -> Vec<String> {
        check(&source("crates/a/src/b.rs", text)).into_iter().map(|finding| finding.message).collect()
    }

    const EXAMPLE: &str = "/// ```\n/// f();\n/// ```\n";

    #[test]
    fn what_takes_a_function_has_an_example() {
        for signature in [
            "pub fn on(&self, wake: impl Fn() + Send + 'static) {}",
            "pub fn run<T: Turn, F: FnMut(&mut Self) -> T>(&mut self, mut turn: F) -> T {",
            "pub const fn then<F, L>(\n    self,\n    f: F,\n) -> Pushed<F::Out>\nwhere\n    F: IntoStep<C, T, L>,\n{",
            "pub fn tap<F>(self, it: F)\nwhere\n    M: Mode,\n    F: for<'a> Callable<C, (&'a T,), M>,\n{",
            "pub fn new(f: D) -> Self {",
            "pub fn add(&mut self, system: impl IntoSystem) {}",
        ] {
            let message = "takes a function: show in an example what it does";
            assert!(findings(&format!("/// Runs it.\n{signature}\n"))[0].ends_with(message), "{signature}");
            assert_eq!(findings(&format!("/// Runs it.\n///\n{EXAMPLE}#[inline]\n{signature}\n")), [""; 0]);
            assert_eq!(findings(&format!("/// Runs it.\n#[doc(hidden)]\n{signature}\n")), [""; 0]);
        }
    }

    #[test]
    fn what_takes_none_needs_no_example() {
        for signature in [
            "fn private(f: impl Fn()) {}",
            "pub(crate) fn inner(f: impl Fn()) {}",
            "pub fn gives(&self) -> impl Fn() {",
            "pub fn run<F>(&mut self, world: &mut World)\nwhere\n    F: FnMut(u8),\n{",
            "pub fn other<F: Fn(u8) -> u8, T>(&self, value: T) -> F {",
        ] {
            assert_eq!(findings(&format!("/// Runs it.\n{signature}\n")), [""; 0], "{signature}");
        }
        let text = "pub fn on(f: impl Fn()) {}\n";
        for path in ["demos/a/src/b.rs", "crates/a/tests/b.rs", "crates/a/src/bin/a/main.rs", "crates/a/src/b.md"] {
            assert_eq!(check(&source(path, text)), [], "{path}");
        }
        assert_eq!(findings(&format!("#[cfg(test)]\nmod tests {{\n{text}}}\n")), [""; 0]);
    }

    #[test]
    fn methods_of_public_traits_are_public() {
        let of = |what: &str| {
            format!(
                "{what} {{\n    type A;\n\n    /// Turns it.\n    fn into<L>(self) -> L\n    where\n        Self: Resolve<L>,\n    {{\n    }}\n}}\n"
            )
        };
        assert_eq!(findings(&of("pub trait Into: Sized")).len(), 1);
        assert_eq!(findings(&of("pub trait Into: Sized").replace("{\n    }\n", ";\n")), [""; 0]);
        assert_eq!(findings(&of("trait Into")), [""; 0]);
        assert_eq!(findings(&of("impl<F> Into for F")), [""; 0]);
    }

    #[test]
    fn what_blames_its_caller_says_when() {
        let long = "#[expect(\n    clippy::all,\n    reason = \"long\"\n)]\n";
        assert_eq!(
            findings(&format!("/// Adds.\n#[track_caller]\n{long}pub fn add(&mut self) {{\n")),
            ["`add` is `#[track_caller]`: say under `# Panics` when"]
        );
        assert_eq!(
            findings("/// Adds.\n///\n/// # Panics\n/// Never.\n#[track_caller]\npub fn add(&mut self) {\n"),
            [""; 0]
        );
        assert_eq!(findings("/// Adds.\n#[track_caller]\npub(crate) fn add(&mut self) {\n"), [""; 0]);
        assert_eq!(
            findings("/// # Panics\n/// Never.\n#[track_caller]\npub fn a() {}\n\n#[track_caller]\npub fn b() {}\n")
                .len(),
            1
        );
    }

    #[test]
    fn docs_begin_with_what_stands_alone() {
        assert_eq!(
            findings("/// The same for bytes.\npub fn bytes() {}\n"),
            ["a doc that begins with `The same`: an index shows this line alone"]
        );
        assert_eq!(findings("    /// Like this, but later.\n    Later,\n").len(), 1);
        assert_eq!(findings("/// Runs it.\n/// The same holds for bytes.\npub fn run() {}\n"), [""; 0]);
    }
}
