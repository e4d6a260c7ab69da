//! COMMAND beside Redis: for every command that exists here, the replies are the same.

use crate::connections::assert_same;
use crate::redis::Redis;
use crate::support::{Client, Reply, Server};

fn text(reply: &Reply) -> String {
    match reply {
        Reply::Bulk(Some(text)) => String::from_utf8(text.clone()).unwrap(),
        Reply::Simple(text) => text.clone(),
        other => panic!("{other:?} is no text"),
    }
}

fn elements(reply: Reply) -> Vec<Reply> {
    match reply {
        Reply::Array(Some(elements)) | Reply::Elements(_, elements) => elements,
        other => panic!("{other:?} has no elements"),
    }
}

/// Connects to both servers with the newer version of the protocol.
fn both(server: &Server, redis: &Redis) -> [Client; 2] {
    [server.address, redis.address].map(|address| {
        let mut client = Client::connect(address);
        client.ask(&["HELLO", "3"]);
        client
    })
}

#[test]
fn commands_are_described_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let [mut ours, mut theirs] = both(&server, &redis);
    let names = elements(ours.ask(&["COMMAND", "LIST"]));
    assert!(names.len() > 40);
    for name in names.iter().map(text) {
        let [mut mine, mut other] = [&mut ours, &mut theirs].map(|client| {
            let info = elements(client.ask(&["COMMAND", "INFO", &name])).remove(0);
            elements(info)
        });
        let subcommands = [&mut mine, &mut other].map(|info| elements(info.pop().unwrap()));
        assert_eq!(mine, other, "{name}");
        for subcommand in &subcommands[0] {
            assert!(subcommands[1].contains(subcommand), "{subcommand:?}");
        }
    }
}

/// Returns the documentation of a command, and that of its subcommands separately.
fn docs(client: &mut Client, name: &str) -> (Vec<Reply>, Vec<Reply>) {
    let mut found = elements(client.ask(&["COMMAND", "DOCS", name]));
    assert_eq!(text(&found.remove(0)), name);
    let mut docs = elements(found.remove(0));
    let at = docs.iter().position(|element| *element == crate::support::bulk("subcommands"));
    let subcommands = at.map(|at| elements(docs.split_off(at).pop().unwrap())).unwrap_or_default();
    (docs, subcommands)
}

#[test]
fn commands_are_documented_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    let [mut ours, mut theirs] = both(&server, &redis);
    for name in elements(ours.ask(&["COMMAND", "LIST"])).iter().map(text) {
        let [(mine, my_subcommands), (other, subcommands)] = [&mut ours, &mut theirs].map(|it| docs(it, &name));
        assert_eq!(mine, other, "{name}");
        for pair in my_subcommands.chunks(2) {
            assert!(subcommands.chunks(2).any(|other| other == pair), "{pair:?}");
        }
    }
    assert_eq!(elements(ours.ask(&["COMMAND", "DOCS"])).len(), 2 * elements(ours.ask(&["COMMAND"])).len());
}

#[test]
fn questions_about_commands_are_answered_as_by_redis() {
    let Some(redis) = Redis::start(&[]) else { return };
    let server = Server::start(&[]);
    assert_same(&server, &redis, CASES);
}

/// The list in the README matches the commands.
#[test]
fn the_readme_lists_every_command() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("kv-server` knows the commands ").expect("the README lists the commands");
    let (listed, _) = rest.split_once(". ").unwrap();
    let listed: Vec<_> = listed.split(|c: char| !c.is_ascii_uppercase()).filter(|word| !word.is_empty()).collect();
    let server = Server::start(&[]);
    let names = elements(server.client().ask(&["COMMAND", "LIST"]));
    let names: Vec<_> = names.iter().map(|name| text(name).to_uppercase()).collect();
    assert_eq!(listed.join(", "), names.join(", "), "the README lists others than there are");
}

const CASES: &str = "
command info nosuch ; command info nosuch get config|get config|nosuch nosuch|get
hello 3 ; command info nosuch get config|get
command docs nosuch ; command docs nosuch get ; command docs config|get ; hello 3 ; command docs set
command count x ; command foo ; command help ; command help x
command getkeys get a ; command getkeys get ; command getkeys mset a 1 b 2 ; command getkeys mset a 1 b
command getkeys ping x ; command getkeys foo x ; command getkeys set a ; command getkeys client foo a
command getkeys client kill x ; command getkeys del a b c
command getkeysandflags get a ; command getkeysandflags set a b ; command getkeysandflags set a b get
hello 3 ; command getkeysandflags set a b ; command getkeysandflags mset a 1 b 2 ; command getkeysandflags del a b
command list filterby ; command list foo ; command list filterby foo bar ; command list filterby aclcat foo
command list filterby module foo ; command list filterby pattern nosuch* ; command list filterby pattern get a
command list filterby pattern getde? ; command list filterby pattern GETDEL
";
