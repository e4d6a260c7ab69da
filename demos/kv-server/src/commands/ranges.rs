//! GETRANGE, SETRANGE and LCS: parts of values.

use nexus_rt::{Res, ResMut};

use super::{Done, longest};
use crate::db::Db;
use crate::error::CommandError;
use crate::keys::Keys;
use crate::limits::Limits;
use crate::number;
use crate::request::Request;
use crate::session::{Client, Reply};
use crate::stats::Stats;

pub(super) fn getrange(client: &mut Client, keys: Res<Keys>, mut stats: ResMut<Stats>, request: &Request) -> Done {
    let number = |at| number::parse(request.get(at)).ok_or(CommandError::NotAnInteger);
    let (start, end) = (number(2)?, number(3)?);
    let value = keys.get(request.get(1));
    stats.read(value.is_some());
    client.reply().bulk(part(value.unwrap_or_default(), start, end));
    Ok(())
}

/// Returns the bytes from one index to another, both included. Negative indices count from the end.
fn part(value: &[u8], start: i64, end: i64) -> &[u8] {
    if start < 0 && end < 0 && start > end {
        return &[];
    }
    let length = i64::try_from(value.len()).unwrap_or(i64::MAX);
    let at = |number: i64| if number < 0 { (length + number).max(0) } else { number };
    let (start, end) = (at(start), at(end).min(length - 1));
    match (usize::try_from(start), usize::try_from(end)) {
        (Ok(start), Ok(end)) if start <= end => &value[start..=end],
        _ => &[],
    }
}

pub(super) fn setrange(client: &mut Client, mut db: Db, limits: Res<Limits>, request: &Request) -> Done {
    let (key, bytes) = (request.get(1), request.get(3));
    let offset = number::parse(request.get(2)).ok_or(CommandError::NotAnInteger)?;
    let offset = usize::try_from(offset).map_err(|_| CommandError::Offset)?;
    let length = db.keys().get(key).map_or(0, <[u8]>::len);
    if bytes.is_empty() {
        client.reply().count(length);
        return Ok(());
    }
    let end = offset.saturating_add(bytes.len());
    if end > longest(client, &limits) {
        return Err(CommandError::ValueTooLong);
    }
    let length = db.update(key, |value| {
        if value.len() < end {
            value.resize(end, 0);
        }
        value[offset..end].copy_from_slice(bytes);
        value.len()
    });
    client.reply().count(length);
    Ok(())
}

/// What LCS is asked to return.
#[derive(Default)]
struct Wanted {
    length: bool,
    matches: bool,
    with_lengths: bool,
    least: i64,
}

impl Wanted {
    fn read(request: &Request) -> Result<Self, CommandError> {
        let mut wanted = Self::default();
        let mut options = request.from(3);
        while let Some(option) = options.next() {
            match option.to_ascii_uppercase().as_slice() {
                b"IDX" => wanted.matches = true,
                b"LEN" => wanted.length = true,
                b"WITHMATCHLEN" => wanted.with_lengths = true,
                b"MINMATCHLEN" => {
                    let least = options.next().ok_or(CommandError::Syntax)?;
                    wanted.least = number::parse(least).ok_or(CommandError::NotAnInteger)?.max(0);
                }
                _ => return Err(CommandError::Syntax),
            }
        }
        if wanted.length && wanted.matches { Err(CommandError::LcsBoth) } else { Ok(wanted) }
    }
}

pub(super) fn lcs(
    client: &mut Client,
    keys: Res<Keys>,
    mut stats: ResMut<Stats>,
    limits: Res<Limits>,
    request: &Request,
) -> Done {
    let [one, other] = [1, 2].map(|at| {
        let value = keys.get(request.get(at));
        stats.read(value.is_some());
        value.unwrap_or_default()
    });
    let wanted = Wanted::read(request)?;
    // The table has a number for each pair of bytes.
    let table = (one.len() + 1).saturating_mul(other.len() + 1).saturating_mul(4);
    if table > limits.request.argument {
        return Err(CommandError::LcsTooLong);
    }
    let found = Common::find(one, other);
    let mut replies = client.reply();
    if wanted.length {
        replies.count(found.bytes.len());
    } else if wanted.matches {
        let least = usize::try_from(wanted.least).unwrap_or(usize::MAX);
        let matches: Vec<_> = found.matches.iter().filter(|it| it.length >= least).collect();
        replies.map(2);
        replies.bulk(b"matches");
        replies.array(matches.len());
        for found in matches {
            replies.array(2 + usize::from(wanted.with_lengths));
            for start in found.starts {
                replies.array(2);
                replies.count(start);
                replies.count(start + found.length - 1);
            }
            if wanted.with_lengths {
                replies.count(found.length);
            }
        }
        replies.bulk(b"len");
        replies.count(found.bytes.len());
    } else {
        replies.bulk(&found.bytes);
    }
    Ok(())
}

/// A run of bytes that two values have in common.
struct Match {
    starts: [usize; 2],
    length: usize,
}

/// The longest common subsequence of two values, and the runs that it consists of, from last to first.
struct Common {
    bytes: Vec<u8>,
    matches: Vec<Match>,
}

impl Common {
    fn find(one: &[u8], other: &[u8]) -> Self {
        let width = other.len() + 1;
        let mut table = vec![0_u32; (one.len() + 1) * width];
        for i in 1..=one.len() {
            for j in 1..=other.len() {
                let at = i * width + j;
                table[at] = if one[i - 1] == other[j - 1] {
                    table[at - width - 1] + 1
                } else {
                    table[at - width].max(table[at - 1])
                };
            }
        }
        let (mut bytes, mut matches): (Vec<u8>, Vec<Match>) = (Vec::new(), Vec::new());
        let (mut i, mut j) = (one.len(), other.len());
        while i > 0 && j > 0 {
            if one[i - 1] == other[j - 1] {
                (i, j) = (i - 1, j - 1);
                bytes.push(one[i]);
                match matches.last_mut() {
                    Some(last) if last.starts == [i + 1, j + 1] => {
                        (last.starts, last.length) = ([i, j], last.length + 1);
                    }
                    _ => matches.push(Match { starts: [i, j], length: 1 }),
                }
            } else if table[(i - 1) * width + j] > table[i * width + j - 1] {
                i -= 1;
            } else {
                j -= 1;
            }
        }
        bytes.reverse();
        Self { bytes, matches }
    }
}
