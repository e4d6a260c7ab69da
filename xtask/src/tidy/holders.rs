//! A type that holds handlers whose worlds were compared once never lends them out: a part could be swapped for one of
//! another world. SAFETY.md has the argument.

use super::{Finding, Source};

const ROOM: &str = "crates/nexus-rt/src/";

/// The files whose types hold handlers, systems and steps.
const HOLDERS: &[&str] = &[
    "adapt.rs",
    "batch.rs",
    "broadcast.rs",
    "call/",
    "callback.rs",
    "catch_unwind.rs",
    "chain/",
    "dag.rs",
    "fan_out.rs",
    "handler.rs",
    "inline.rs",
    "into_handler.rs",
    "pipeline.rs",
    "scheduler.rs",
    "step/",
    "surround.rs",
    "system.rs",
    "template.rs",
];

/// Exceptions: the file, the beginning of the line, and the reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("adapt.rs", "pub struct Cloned<H>(pub H);", "holds one handler, which it runs as it is run itself"),
    ("adapt.rs", "pub struct ByRef<H>(pub H);", "holds one handler, which it runs as it is run itself"),
    ("batch.rs", "pub fn input_mut(", "items, which are not run"),
    ("call/mode.rs", "type Item<'w> = &'w mut World;", "the world itself, for a function that takes it"),
    ("call/mode.rs", "unsafe fn fetch<'w>(world: ", "the world itself, for a function that takes it"),
    ("callback.rs", "pub ctx: ", "handed to the function, and not run"),
    ("scheduler.rs", "pub fn after(", "the builder itself, before anything is compared"),
    ("scheduler.rs", "pub fn before(", "the builder itself, before anything is compared"),
    ("step/cases.rs", "pub enum Given<", "values, which are not run"),
    ("template.rs", "pub ctx: ", "handed to the function, and not run"),
];

pub(super) fn check(source: &Source) -> Vec<Finding> {
    let Some(path) = source.path.strip_prefix(ROOM) else { return vec![] };
    if !HOLDERS.iter().any(|holder| path == *holder || holder.ends_with('/') && path.starts_with(holder)) {
        return vec![];
    }
    let (allowed, lent) = (ALLOWED.iter().filter(|(file, ..)| *file == path), lent(source));
    let mut findings = Vec::new();
    for (number, line, how) in &lent {
        if !allowed.clone().any(|(_, begins, _)| line.starts_with(begins)) {
            let message = format!(
                "`{line}` {how}: a handler that was compared with others could be swapped for one of another world. \
                 Take it out, or say in xtask/src/tidy/holders.rs why not"
            );
            findings.push(source.finding(*number, message));
        }
    }
    for (_, begins, _) in allowed {
        if !lent.iter().any(|(_, line, _)| line.starts_with(begins)) {
            findings.push(
                source.finding(1, format!("`{begins}` is allowed in xtask/src/tidy/holders.rs, but is not here")),
            );
        }
    }
    findings
}

/// Returns the lines through which code outside could write to a part, and how.
fn lent(source: &Source) -> Vec<(usize, &str, &'static str)> {
    // Unit tests come last in their files, and are not outside.
    let code = source.lines().take_while(|(_, line)| !line.starts_with("#[cfg(test)]"));
    let code: Vec<_> = code.map(|(n, line)| (n, line.trim())).filter(|(_, line)| !line.starts_with("//")).collect();
    (0..code.len()).filter_map(|at| Some((code[at].0, code[at].1, how(&code[at..])?))).collect()
}

/// Returns how the item that begins on the first of these lines exposes a part, if it does.
fn how(lines: &[(usize, &str)]) -> Option<&'static str> {
    let (_, line) = lines.first()?;
    let words: Vec<_> = line.split(|c: char| !(c.is_alphanumeric() || c == '_')).collect();
    if words.contains(&"fn") {
        let (all, gives) = signature(lines);
        let lends =
            || all.split("Fn").any(|takes| ["Mut(&mut", "Once(&mut", "(&mut"].iter().any(|it| takes.starts_with(it)));
        return match () {
            // Not visible outside this crate.
            () if line.starts_with("pub(") => None,
            () if is_exclusive(&gives) => Some("gives out what may be written"),
            () if line.starts_with("pub ") && lends() => Some("lends what may be written to a closure"),
            () => None,
        };
    }
    let is_field = line.starts_with("pub ") && line.split_once(": ").is_some_and(|(name, _)| !name[4..].contains(' '));
    let has_field = line.starts_with("pub struct ") && line.contains("(pub ") || line.starts_with("pub enum ");
    match () {
        () if is_field || has_field => Some("has a field that may be written"),
        () if line.starts_with("type ") && is_exclusive(line) => Some("gives out what may be written"),
        () => None,
    }
}

fn is_exclusive(given: &str) -> bool {
    ["&mut ", " mut ", "IterMut"].iter().any(|sign| given.contains(sign))
}

/// Returns the signature that begins on the first of these lines, and the part of it after the arguments.
fn signature(lines: &[(usize, &str)]) -> (String, String) {
    let mut all = String::new();
    for (_, line) in lines {
        let end = line.find(['{', ';']);
        all.push_str(&line[..end.unwrap_or(line.len())]);
        all.push(' ');
        if end.is_some() {
            break;
        }
    }
    // The arguments are the first parentheses outside other parentheses and generics.
    let (mut depth, mut before) = (0, ' ');
    let mut closes = |(at, c): (usize, char)| {
        match std::mem::replace(&mut before, c) {
            '-' if c == '>' => {}
            _ => depth += i32::from(matches!(c, '(' | '<')) - i32::from(matches!(c, ')' | '>')),
        }
        (c == ')' && depth == 0).then_some(at + 1)
    };
    let end = all.char_indices().find_map(&mut closes).unwrap_or(all.len());
    let gives = all[end..].split(" where ").next().expect("split gives at least one part").to_owned();
    (all, gives)
}

#[cfg(test)]
mod tests {
    use super::super::source;
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<String> {
        check(&source(&format!("{ROOM}{path}"), text)).into_iter().map(|finding| finding.message).collect()
    }

    #[test]
    fn holders_give_nothing_out_that_may_be_written() {
        for text in [
            "    pub fn handlers(&mut self) -> &mut H {\n",
            "    pub fn get(&mut self, key: BroadcastKey) -> Option<&mut Box<dyn RefHandler<E>>> {\n",
            "    pub fn iter_mut(\n        &mut self,\n    ) -> IterMut<'_, H>\n    where\n        H: Clone,\n    {\n",
            "    pub fn all(&mut self) -> impl Iterator<Item = &mut H> { self.0.iter_mut() }\n",
            "    fn deref_mut(&mut self) -> &mut Self::Target {\n",
            "    type Item = &'a mut H;\n",
            "    pub fn each(&mut self, mut f: impl FnMut(&mut H)) {\n",
            "    pub fn with<R, F>(&mut self, f: F) -> R\n    where\n        F: FnOnce(&mut H) -> R,\n    {\n",
            "    pub handler: H,\n",
            "pub struct Held<H>(pub H);\n",
            "pub enum Held<H> {\n",
        ] {
            assert_eq!(findings("fan_out.rs", text).len(), 1, "{text}");
            assert_eq!(findings("step/any.rs", text).len(), 1, "{text}");
            assert_eq!(findings("world/res.rs", text), [""; 0], "{text}");
        }
    }

    #[test]
    fn what_stays_inside_is_fine() {
        let text = "/// pub fn a(&mut self) -> &mut H {\n\
                    pub struct Held<H> {\n    handler: H,\n    pub(crate) own: H,\n}\n\
                    pub use a::b;\n\
                    pub fn new(handler: H) -> Self {\n\
                    pub(crate) fn part(&mut self) -> &mut H {\n\
                    pub fn run(&mut self, world: &mut World, mut event: E) -> Option<()> {\n    let x: &mut H = f();\n\
                    pub fn view(&mut self, f: impl FnMut(&H)) -> impl FnMut(&H) + use<> {\n\
                    fn call<Out, $($P,)* $($A,)*>(mut f: impl FnMut($($P,)*) -> Out, ctx: &mut C) -> Out {\n\
                    #[cfg(test)]\nmod tests {\n    fn f() -> &mut H {\n";
        assert_eq!(findings("fan_out.rs", text), [""; 0]);
    }

    #[test]
    fn what_is_allowed_is_there() {
        let text = "pub fn input_mut(&mut self) -> &mut Vec<In> {\n";
        assert_eq!(findings("batch.rs", text), [""; 0]);
        assert_eq!(findings("dag.rs", text).len(), 1);
        assert_eq!(
            findings("batch.rs", "//! Batches.\n"),
            ["`pub fn input_mut(` is allowed in xtask/src/tidy/holders.rs, but is not here"]
        );
    }
}
