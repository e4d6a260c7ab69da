//! SLOWLOG, LATENCY and MONITOR: slow requests, and a view of all requests.

use nexus_gauge::Board;
use nexus_rt::{Clock, Res, ResMut};

use super::{Done, help, subcommands};
use crate::error::CommandError;
use crate::number;
use crate::replies::Replies;
use crate::request::Request;
use crate::session::{Client, Marks, Reply, own_id};
use crate::stats::{CommandStats, Stats};
use crate::watch::Watch;

pub(super) fn slowlog(client: &mut Client, mut watch: ResMut<Watch>, request: &Request) -> Done {
    let replies = &mut client.reply();
    match subcommands::name(subcommands::SLOWLOG, request) {
        "get" if request.len() > 3 => {
            let name = super::shown(request.get(1), super::SHOWN);
            return Err(CommandError::other(format!(
                "ERR unknown subcommand or wrong number of arguments for '{name}'. Try SLOWLOG HELP."
            )));
        }
        "get" => {
            let count = match request.from(2).next() {
                None => 10,
                Some(count) => match number::parse(count).filter(|count| *count >= -1) {
                    Some(-1) => usize::MAX,
                    Some(count) => usize::try_from(count).unwrap_or(usize::MAX),
                    None => return Err(CommandError::other("ERR count should be greater than or equal to -1")),
                },
            };
            let entries = watch.slow.entries().take(count);
            replies.array(entries.len());
            for entry in entries {
                replies.array(6);
                [entry.number, entry.unix, entry.micros].iter().for_each(|number| replies.integer(*number));
                replies.array(entry.arguments.len());
                entry.arguments.iter().for_each(|argument| replies.bulk(argument));
                replies.bulk(entry.address.as_bytes());
                replies.bulk(&entry.name);
            }
        }
        "len" => replies.count(watch.slow.entries().len()),
        "reset" => {
            watch.slow.clear();
            replies.ok();
        }
        _ => replies.lines(help::SLOWLOG),
    }
    Ok(())
}

/// The reply to LATENCY DOCTOR, which has nothing to report.
const OFF: &str = "I'm sorry, Dave, I can't do that. Latency monitoring is disabled in this Redis instance. You may use \
                   \"CONFIG SET latency-monitor-threshold <milliseconds>.\" in order to enable it. If we weren't in a \
                   deep space mission I'd suggest to take a look at https://redis.io/topics/latency-monitor.\n";
const NOTHING: &str = "Dave, no latency spike was observed during the lifetime of this Redis instance, not in the \
                       slightest bit. I honestly think you ought to sit down calmly, take a stress pill, and think \
                       things over.\n";

pub(super) fn latency(
    client: &mut Client,
    mut watch: ResMut<Watch>,
    stats: Res<Stats>,
    board: Res<Board>,
    request: &Request,
) -> Done {
    let replies = &mut client.reply();
    let latency = &mut watch.latency;
    match subcommands::name(subcommands::LATENCY, request) {
        "latest" => {
            replies.array(latency.events.len());
            for (name, event) in &latency.events {
                let (at, millis) = event.samples.back().copied().unwrap_or_default();
                replies.array(4);
                replies.bulk(name.as_bytes());
                [at, millis, event.worst].iter().for_each(|number| replies.integer(*number));
            }
        }
        "history" => {
            let name = String::from_utf8_lossy(request.get(2));
            let samples = latency.events.get(&*name).map(|event| &event.samples);
            replies.array(samples.map_or(0, |samples| samples.len()));
            for (at, millis) in samples.into_iter().flatten() {
                replies.array(2);
                replies.integer(*at);
                replies.integer(*millis);
            }
        }
        "reset" => {
            let asked = |name: &str| request.len() == 2 || request.from(2).any(|asked| asked == name.as_bytes());
            let before = latency.events.len();
            latency.events.retain(|name, _| !asked(name));
            replies.count(before - latency.events.len());
        }
        "doctor" if latency.events.is_empty() => {
            replies.verbatim(if latency.threshold == 0 { OFF } else { NOTHING });
        }
        "doctor" => {
            let mut text =
                "Dave, I have observed latency spikes in this Redis instance. The worst of each event:\n".to_owned();
            for (name, event) in &latency.events {
                text += &format!("\n{name}: {} ms, {} seconds with spikes\n", event.worst, event.samples.len());
            }
            replies.verbatim(&text);
        }
        "histogram" => histogram(replies, request, &stats, &board),
        _ => replies.lines(help::LATENCY),
    }
    Ok(())
}

/// Writes, for each command, how many calls took up to each number of microseconds. Usually quick commands are sampled,
/// and each timed call stands for all since the one before.
fn histogram(replies: &mut Replies<'_>, request: &Request, stats: &Stats, board: &Board) {
    let asked = |name: &str| {
        // The name of a command stands for its subcommands, too.
        let command = name.split('|').next().unwrap_or(name);
        let is = |asked: &[u8]| [name, command].iter().any(|name| asked.eq_ignore_ascii_case(name.as_bytes()));
        request.len() == 2 || request.from(2).any(is)
    };
    let mut seen = stats.all(board);
    seen.retain(|(name, _, latency)| latency.count() > 0 && asked(name));
    replies.map(seen.len());
    for (name, CommandStats { calls, .. }, latency) in seen {
        let scaled = |count: u64| (count as f64 / latency.count() as f64 * calls as f64).round() as i64;
        // Of 1, 2, 4 and so on, the bounds at which the count grows.
        let (mut rows, mut before) = (Vec::new(), 0);
        for micros in (0..31).map(|power| 1_i64 << power) {
            let count = latency.up_to(micros.unsigned_abs() * 1_000);
            if count > before {
                rows.push((micros, scaled(count)));
            }
            before = count;
        }
        replies.bulk(name.as_bytes());
        replies.map(2);
        replies.bulk(b"calls");
        replies.integer(calls.cast_signed());
        replies.bulk(b"histogram_usec");
        replies.map(rows.len());
        for (micros, count) in rows {
            replies.integer(micros);
            replies.integer(count);
        }
    }
}

pub(super) fn monitor(client: &mut Client, mut watch: ResMut<Watch>, _: &Request) -> Done {
    if client.state.executes > 0 {
        return Err(CommandError::other("ERR MONITOR isn't allowed for DENY BLOCKING client"));
    }
    if !client.state.marks.has(Marks::MONITOR) {
        client.state.marks.set(Marks::MONITOR, true);
        watch.monitor(own_id(client), true);
        client.reply().ok();
    }
    Ok(())
}

pub(super) fn time(client: &mut Client, clock: Res<Clock>, _: &Request) -> Done {
    let unix = clock.unix();
    let replies = &mut client.reply();
    replies.array(2);
    replies.bulk(unix.as_secs().to_string().as_bytes());
    replies.bulk(unix.subsec_micros().to_string().as_bytes());
    Ok(())
}
