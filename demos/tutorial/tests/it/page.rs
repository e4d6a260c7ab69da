//! The pages, cut into the blocks of each step.

use std::fs;
use std::path::Path;

/// The pages, in order.
const PAGES: &[&str] = &["tutorial.md", "tutorial-journal.md", "tutorial-ship.md"];

/// How many steps there are.
pub(crate) const STEPS: usize = 7;

/// A fenced block of a page.
pub(crate) struct Block {
    /// What follows the fence, such as `rs` or `text`.
    pub(crate) language: String,
    pub(crate) text: String,
}

/// The blocks of one step, in order.
pub(crate) fn blocks(step: usize) -> Vec<Block> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/src");
    let (mut current, mut open, mut found) = (0, None, Vec::new());
    for page in PAGES {
        let text = fs::read_to_string(folder.join(page)).expect("the guide has the page");
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("## ") {
                current = rest.strip_prefix("Step ").and_then(|rest| rest.split(':').next()?.parse().ok()).unwrap_or(0);
            }
            match (&mut open, line.strip_prefix("```")) {
                (None, Some(language)) => open = Some(Block { language: language.into(), text: String::new() }),
                (Some(_), Some(_)) => found.extend(open.take().filter(|_| current == step)),
                (Some(block), None) => block.text += &format!("{line}\n"),
                (None, None) => {}
            }
        }
    }
    found
}

/// The source of a step.
pub(crate) fn program(step: usize) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("src/bin/step_{step}.rs"));
    fs::read_to_string(path).expect("each step is a program")
}
