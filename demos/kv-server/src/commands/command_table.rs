//! COMMAND: the descriptions of the commands.

use std::rc::Rc;

use nexus_rt::Res;

use super::spec::{self, Spec, Specs};
use super::{Done, help, is_too_much, subcommands};
use crate::error::CommandError;
use crate::glob;
use crate::limits::Limits;
use crate::replies::Replies;
use crate::request::Request;
use crate::session::{Client, Reply};

/// What COMMAND reports in addition to the specs: on each line a command's name, and elements of a reply, each after a
/// tab.
const TRAITS: &str = include_str!("traits.txt");
const DOCS: &str = include_str!("docs.txt");

pub(super) fn command(client: &mut Client, specs: Res<Specs>, limits: Res<Limits>, request: &Request) -> Done {
    let replies = &mut client.reply();
    match subcommands::name(subcommands::COMMAND, request) {
        "count" => replies.count(spec::ALL.len()),
        "list" => list(replies, request)?,
        "info" if request.len() > 2 => {
            replies.array(request.len() - 2);
            each(client, &limits, request.from(2), |replies, name| match named(&specs, name) {
                Some(spec) => describe(replies, spec),
                None => replies.nil(),
            });
        }
        "docs" => {
            let asked: Vec<_> = match request.len() {
                2 => spec::ALL.iter().collect(),
                _ => request.from(2).filter_map(|name| named(&specs, name)).collect(),
            };
            replies.map(asked.len());
            each(client, &limits, asked, document);
        }
        "getkeys" => {
            let keys = keys(&specs, request)?;
            replies.array(keys.len());
            keys.iter().for_each(|(key, _)| replies.bulk(key));
        }
        "getkeysandflags" => {
            let keys = keys(&specs, request)?;
            replies.array(keys.len());
            each(client, &limits, keys, |replies, (key, flags)| {
                replies.array(2);
                replies.bulk(key);
                replies.set(flags.len());
                flags.iter().for_each(|flag| replies.simple(flag));
            });
        }
        "help" => replies.lines(help::COMMAND),
        _ => {
            replies.array(spec::ALL.len());
            spec::ALL.iter().for_each(|spec| describe(replies, spec));
        }
    }
    Ok(())
}

/// Writes a part of a reply for each item, unless the parts already exceed what the client can be sent: one request may
/// name the same command any number of times.
fn each<T>(
    client: &mut Client,
    limits: &Limits,
    items: impl IntoIterator<Item = T>,
    mut write: impl FnMut(&mut Replies<'_>, T),
) {
    for item in items {
        if is_too_much(client, limits) {
            break;
        }
        write(&mut client.reply(), item);
    }
}

/// Finds a command, or a subcommand by its full name.
fn named(specs: &Specs, name: &[u8]) -> Option<&'static Spec> {
    let Some(bar) = name.iter().position(|byte| *byte == b'|') else { return Some(specs.find(name)?.1) };
    let (_, command) = specs.find(&name[..bar])?;
    let mut subcommands = command.subcommands.iter();
    subcommands.find(|spec| spec.name.as_bytes().eq_ignore_ascii_case(&name[bar + 1..]))
}

/// Returns the elements of a reply that a text lists for a command, or nothing if it lists none.
fn known(text: &'static str, name: &str) -> impl Iterator<Item = &'static str> {
    let lines = text.lines().map(|line| line.split_once('\t').unwrap_or_default());
    let found = lines.into_iter().find(|(known, _)| *known == name);
    found.into_iter().flat_map(|(_, elements)| elements.split('\t'))
}

/// Writes elements of a reply. Returns their number.
fn write(replies: &mut Replies<'_>, elements: impl Iterator<Item = &'static str>) -> usize {
    let mut written = 0;
    for element in elements {
        let (kind, text) = element.split_at(1);
        let count = || text.parse().unwrap_or(0);
        match kind {
            "%" => replies.map(count()),
            "~" => replies.set(count()),
            "*" => replies.array(count()),
            "+" => replies.simple(text),
            ":" => replies.integer(text.parse().unwrap_or(0)),
            _ => replies.bulk(text.as_bytes()),
        }
        written += 1;
    }
    written
}

/// Writes the description of a command, in the ten elements of Redis 7.
fn describe(replies: &mut Replies<'_>, spec: &Spec) {
    replies.array(10);
    replies.bulk(spec.full_name.as_bytes());
    replies.integer(spec.arity.into());
    replies.set(spec.flags.len());
    spec.flags.iter().for_each(|flag| replies.simple(flag));
    replies.integer(spec.keys.0.into());
    replies.integer(spec.keys.1.into());
    replies.integer(spec.step.into());
    if write(replies, known(TRAITS, spec.full_name)) == 0 {
        (0..3).for_each(|_| replies.set(0));
    }
    match spec.subcommands {
        [] => replies.set(0),
        subcommands => {
            replies.array(subcommands.len());
            subcommands.iter().for_each(|spec| describe(replies, spec));
        }
    }
}

fn document(replies: &mut Replies<'_>, spec: &Spec) {
    replies.bulk(spec.full_name.as_bytes());
    let mut elements = known(DOCS, spec.full_name);
    let pairs = elements.next().and_then(|map| map.strip_prefix('%')?.parse().ok()).unwrap_or(0);
    replies.map(pairs + usize::from(!spec.subcommands.is_empty()));
    write(replies, elements);
    if !spec.subcommands.is_empty() {
        replies.bulk(b"subcommands");
        replies.map(spec.subcommands.len());
        spec.subcommands.iter().for_each(|spec| document(replies, spec));
    }
}

fn list(replies: &mut Replies<'_>, request: &Request) -> Done {
    let mut names: Vec<&str> = spec::ALL.iter().map(|spec| spec.name).collect();
    if request.len() > 2 {
        let words: Vec<_> = request.from(2).map(<[u8]>::to_ascii_lowercase).collect();
        let [by, what, _] = &words[..] else { return Err(CommandError::Syntax) };
        let with_subcommands = spec::ALL.iter().flat_map(|spec| [spec].into_iter().chain(spec.subcommands));
        let all = with_subcommands.map(|spec| spec.full_name);
        let value = request.get(4);
        names = match (by.as_slice(), what.as_slice()) {
            // There are no modules.
            (b"filterby", b"module") => Vec::new(),
            (b"filterby", b"aclcat") => all.filter(|name| has_category(name, value)).collect(),
            (b"filterby", b"pattern") => all.filter(|name| glob::matches(&words[2], name.as_bytes())).collect(),
            _ => return Err(CommandError::Syntax),
        };
    }
    replies.array(names.len());
    names.iter().for_each(|name| replies.bulk(name.as_bytes()));
    Ok(())
}

fn has_category(name: &str, category: &[u8]) -> bool {
    // The first set lists the categories.
    let categories = known(TRAITS, name).skip(1).take_while(|element| element.starts_with("+@"));
    categories.into_iter().any(|element| element.as_bytes()[2..].eq_ignore_ascii_case(category))
}

/// The flags that describe how a command uses a key. Keys share them.
type Flags = Rc<[&'static str]>;

/// Returns the keys of the request that follows, each with its flags.
fn keys<'a>(specs: &Specs, request: &'a Request) -> Result<Vec<(&'a [u8], Flags)>, CommandError> {
    let words: Vec<_> = request.from(2).collect();
    let invalid = || CommandError::other("ERR Invalid command specified");
    let (_, mut spec) = specs.find(words[0]).ok_or_else(invalid)?;
    if !spec.subcommands.is_empty() {
        let named = |spec: &&Spec| spec.name.as_bytes().eq_ignore_ascii_case(words[1]);
        spec = spec.subcommands.iter().find(named).ok_or_else(invalid)?;
    }
    if spec.keys.0 == 0 {
        return Err(CommandError::other("ERR The command has no key arguments"));
    }
    if !spec.takes(words.len()) {
        return Err(CommandError::other("ERR Invalid number of arguments specified for command"));
    }
    let flags = key_flags(spec, &words);
    let (first, last) = (usize::from(spec.keys.0), spec.keys.1);
    let end = if last < 0 { words.len() } else { usize::from(last.unsigned_abs()) + 1 };
    let none = Flags::default();
    let places = (first..end).step_by(usize::from(spec.step).max(1)).enumerate();
    Ok(places.map(|(number, at)| (words[at], flags.get(number).or(flags.last()).unwrap_or(&none).clone())).collect())
}

/// Returns the flags of the keys, for each place with a description of its own. The last ones also apply to all further
/// keys.
fn key_flags(spec: &Spec, words: &[&[u8]]) -> Vec<Flags> {
    if spec.name == "set" && !words[3..].iter().any(|word| word.eq_ignore_ascii_case(b"get")) {
        return vec![Rc::new(["OW", "update"])];
    }
    let mut all = Vec::new();
    let mut elements = known(TRAITS, spec.full_name);
    while elements.any(|element| element == "$flags") {
        let count = elements.next().and_then(|set| set.strip_prefix('~')?.parse().ok()).unwrap_or(0);
        let flags = elements.by_ref().take(count).map(|flag| flag.trim_start_matches('+'));
        all.push(flags.filter(|flag| *flag != "variable_flags").collect());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_describe_the_commands_that_exist() {
        let all = spec::ALL.iter().flat_map(|spec| [spec].into_iter().chain(spec.subcommands));
        let all: Vec<_> = all.map(|spec| spec.full_name).collect();
        for table in [TRAITS, DOCS] {
            let lines = table.lines().filter(|line| !line.starts_with('#'));
            lines.for_each(|line| assert!(all.contains(&line.split('\t').next().unwrap()), "{line}"));
        }
    }
}
