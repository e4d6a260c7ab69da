//! CONFIG: what the server is set to.

use nexus_rt::Res;

use super::{Done, help, subcommands};
use crate::glob;
use crate::limits::Limits;
use crate::request::Request;
use crate::session::{Client, Reply};
use crate::settings::Settings;

pub(super) fn config(client: &mut Client, settings: Res<Settings>, limits: Res<Limits>, request: &Request) -> Done {
    if subcommands::name(subcommands::CONFIG, request) == "help" {
        client.reply().lines(help::CONFIG);
        return Ok(());
    }
    let memory = if limits.memory == usize::MAX { 0 } else { limits.memory };
    let all = [
        ("appendonly", "no".to_owned()),
        ("bind", settings.address.ip().to_string()),
        ("databases", "1".to_owned()),
        ("maxclients", limits.clients.to_string()),
        ("maxmemory", memory.to_string()),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("port", settings.address.port().to_string()),
        ("proto-max-bulk-len", limits.request.argument.to_string()),
        ("save", String::new()),
        ("timeout", "0".to_owned()),
    ];
    // A name that is no pattern is told as it was asked for.
    let mut found: Vec<(&[u8], &str)> = Vec::new();
    for pattern in request.from(2) {
        let is_pattern = pattern.iter().any(|byte| b"*?[".contains(byte));
        let lower = pattern.to_ascii_lowercase();
        for (name, value) in all.iter().filter(|(name, _)| glob::matches(&lower, name.as_bytes())) {
            let name = if is_pattern { name.as_bytes() } else { pattern };
            if !found.iter().any(|(known, _)| known.eq_ignore_ascii_case(name)) {
                found.push((name, value));
            }
        }
    }
    let mut replies = client.reply();
    replies.map(found.len());
    for (name, value) in found {
        replies.bulk(name);
        replies.bulk(value.as_bytes());
    }
    Ok(())
}
