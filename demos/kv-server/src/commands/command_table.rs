//! COMMAND: what there is to be asked.

use nexus_rt::Res;

use super::spec::{self, Spec, Specs};
use super::{Done, help, subcommands};
use crate::replies::Replies;
use crate::request::Request;
use crate::session::{Client, Reply};

pub(super) fn command(client: &mut Client, specs: Res<Specs>, request: &Request) -> Done {
    let replies = &mut client.reply();
    match subcommands::name(subcommands::COMMAND, request) {
        "count" => replies.count(spec::ALL.len()),
        "list" => {
            replies.array(spec::ALL.len());
            spec::ALL.iter().for_each(|spec| replies.bulk(spec.name.as_bytes()));
        }
        "info" if request.len() > 2 => {
            replies.array(request.len() - 2);
            for name in request.from(2) {
                match specs.find(name) {
                    Some((_, spec)) => describe(replies, spec),
                    None => replies.nil(),
                }
            }
        }
        // There are none; clients show names instead.
        "docs" => replies.map(0),
        "help" => replies.lines(help::COMMAND),
        _ => {
            replies.array(spec::ALL.len());
            spec::ALL.iter().for_each(|spec| describe(replies, spec));
        }
    }
    Ok(())
}

/// What clients want to know of a command, in the ten elements of Redis 7.
fn describe(replies: &mut Replies<'_>, spec: &Spec) {
    replies.array(10);
    replies.bulk(spec.name.as_bytes());
    replies.integer(spec.arity.into());
    replies.array(spec.flags.len());
    spec.flags.iter().for_each(|flag| replies.simple(flag));
    replies.integer(spec.keys.0.into());
    replies.integer(spec.keys.1.into());
    replies.integer(spec.step.into());
    // Categories, tips, key specifications, subcommands.
    (0..4).for_each(|_| replies.array(0));
}
