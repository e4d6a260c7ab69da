//! CLUSTER, ASKING, READONLY and READWRITE: which server serves which keys.

use std::fmt::Write;

use nexus_rt::Res;
use rapidhash::v3::rapidhash_v3 as hash;

use super::{Done, help, subcommands};
use crate::error::CommandError;
use crate::keys::Keys;
use crate::number;
use crate::request::Request;
use crate::session::{Client, Reply};
use crate::shared::{Shared, slots_of};
use crate::shared_log::Member;
use crate::slots::{SLOTS, slot_of};

/// Clients of Redis expect the port on which servers talk to each other to be this much above the client port.
const BUS: u16 = 10_000;

fn disabled() -> CommandError {
    CommandError::other("ERR This instance has cluster support disabled")
}

/// Accepts a command without effect: slots do not move, and every server of a shard serves both reads and changes.
pub(super) fn only_cluster(client: &mut Client, shared: Res<Shared>, _: &Request) -> Done {
    shared.options.shard.ok_or_else(disabled)?;
    client.reply().ok();
    Ok(())
}

pub(super) fn cluster(client: &mut Client, shared: Res<Shared>, keys: Res<Keys>, request: &Request) -> Done {
    let (_, shards) = shared.options.shard.ok_or_else(disabled)?;
    let nodes = Nodes { members: shared.members(), shards, own: shared.status().unwrap_or_default().node };
    let replies = &mut client.reply();
    match subcommands::name(subcommands::CLUSTER, request) {
        "keyslot" => replies.integer(slot_of(request.get(2)).into()),
        "countkeysinslot" => {
            let slot = number::parse(request.get(2)).ok_or(CommandError::NotAnInteger)?;
            let slot = u16::try_from(slot).ok().filter(|slot| *slot < SLOTS);
            let slot = slot.ok_or(CommandError::other("ERR Invalid slot"))?;
            replies.count(keys.iter().filter(|key| slot_of(key) == slot).count());
        }
        "myid" => replies.bulk(id(&nodes.own).as_bytes()),
        "info" => replies.verbatim(&nodes.info()),
        "nodes" => replies.verbatim(&nodes.lines()),
        "slots" => nodes.slots(client),
        "shards" => nodes.shards(client),
        _ => replies.lines(help::CLUSTER),
    }
    Ok(())
}

/// The known servers of all shards.
struct Nodes {
    members: Vec<Member>,
    shards: u16,
    /// The name of this server.
    own: String,
}

/// Returns the id of a server in replies, which has 40 digits.
fn id(node: &str) -> String {
    let words = [0_u8, 1, 2].map(|word| hash(&[&[word], node.as_bytes()].concat()));
    let mut id: String = words.map(|word| format!("{word:016x}")).concat();
    id.truncate(40);
    id
}

impl Nodes {
    /// Returns the servers of a shard. Replies show the first one as the master.
    fn of(&self, shard: u16) -> Vec<&Member> {
        self.members.iter().filter(|member| member.shard == shard).collect()
    }

    /// Returns each shard that has a server, with its first and last slot and its servers.
    fn served(&self) -> Vec<(u16, u16, Vec<&Member>)> {
        let shards = (0..self.shards).map(|shard| (slots_of((shard, self.shards)), self.of(shard)));
        shards.filter(|(_, members)| !members.is_empty()).map(|(slots, of)| (slots.start, slots.end - 1, of)).collect()
    }

    fn info(&self) -> String {
        let served = self.served();
        let slots: u32 = served.iter().map(|(first, last, _)| u32::from(last - first) + 1).sum();
        let state = if slots == u32::from(SLOTS) { "ok" } else { "fail" };
        let lines = [
            ("slots_assigned", u32::from(SLOTS)),
            ("slots_ok", slots),
            ("slots_pfail", 0),
            ("slots_fail", u32::from(SLOTS) - slots),
            ("known_nodes", u32::try_from(self.members.len()).unwrap_or(u32::MAX)),
            ("size", u32::from(self.shards)),
            ("current_epoch", 0),
            ("my_epoch", 0),
            ("stats_messages_sent", 0),
            ("stats_messages_received", 0),
        ];
        let mut text = format!("cluster_state:{state}\r\n");
        for (name, value) in lines {
            write!(text, "cluster_{name}:{value}\r\n").expect("a string takes what is written");
        }
        text + "total_cluster_links_buffer_limit_exceeded:0\r\n"
    }

    fn lines(&self) -> String {
        let mut text = String::new();
        for (first, last, members) in self.served() {
            for (at, Member { node, address, .. }) in members.iter().enumerate() {
                let own = if *node == self.own { "myself," } else { "" };
                let (role, master) = if at == 0 { ("master", "-".into()) } else { ("slave", id(&members[0].node)) };
                let (ip, port) = (address.ip(), address.port());
                let bus = port.wrapping_add(BUS);
                let slots = if at == 0 { format!(" {first}-{last}") } else { String::new() };
                let line = format!("{} {ip}:{port}@{bus} {own}{role} {master} 0 0 0 connected{slots}\n", id(node));
                text.push_str(&line);
            }
        }
        text
    }

    fn slots(&self, client: &mut Client) {
        let (served, replies) = (self.served(), &mut client.reply());
        replies.array(served.len());
        for (first, last, members) in served {
            replies.array(2 + members.len());
            replies.integer(first.into());
            replies.integer(last.into());
            for Member { node, address, .. } in members {
                replies.array(4);
                replies.bulk(address.ip().to_string().as_bytes());
                replies.integer(address.port().into());
                replies.bulk(id(node).as_bytes());
                replies.array(0);
            }
        }
    }

    fn shards(&self, client: &mut Client) {
        let (served, replies) = (self.served(), &mut client.reply());
        replies.array(served.len());
        for (first, last, members) in served {
            replies.map(2);
            replies.bulk(b"slots");
            replies.array(2);
            [first, last].into_iter().for_each(|slot| replies.integer(slot.into()));
            replies.bulk(b"nodes");
            replies.array(members.len());
            for (at, member) in members.into_iter().enumerate() {
                let role = if at == 0 { "master" } else { "replica" };
                let ip = member.address.ip().to_string();
                replies.map(7);
                let text = [("id", id(&member.node)), ("ip", ip.clone()), ("endpoint", ip), ("role", role.into())];
                for (name, value) in text.into_iter().chain([("health", "online".into())]) {
                    replies.bulk(name.as_bytes());
                    replies.bulk(value.as_bytes());
                }
                for (name, value) in [("port", member.address.port()), ("replication-offset", 0)] {
                    replies.bulk(name.as_bytes());
                    replies.integer(value.into());
                }
            }
        }
    }
}
