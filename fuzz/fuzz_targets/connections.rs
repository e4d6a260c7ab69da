//! Framings, and the driver of connections over a Unix socket, beside a plain model: whatever comes, cut anywhere, the
//! frames, the replies and the reason of the end are those of the model, and memory is bounded.
//!
//! Input begins with the framing, the limits, the number of cuts and the cuts; the rest is what a client sends.
//! `fuzz/seeds/connections` is where to start from:
//! `cargo +nightly fuzz run connections fuzz/corpus/connections fuzz/seeds/connections`.
#![no_main]

#[path = "connections/framings.rs"]
mod framings;
#[path = "connections/pieces.rs"]
mod pieces;
#[path = "connections/plain.rs"]
mod plain;
#[path = "connections/rig.rs"]
mod rig;

use std::cell::RefCell;
use std::collections::HashMap;

use libfuzzer_sys::fuzz_target;
use nexus_rt::connections::Framing;

use framings::{Any, Kind};
use pieces::pieces;
use plain::Plain;
use rig::{Conditions, Rig};

/// The most that a client sends, and the most if it is served in small steps. More says nothing new.
const MOST: [usize; 2] = [200_000, 4_000];

/// The most pieces that are cut. What is left comes in pieces of a whole read.
const CUT: usize = 200;

/// The longest frames that framings accept.
const LONGEST: [usize; 4] = [0, 5, 300, 50_000];

thread_local! {
    /// A world for each framing, for all inputs.
    static RIGS: RefCell<HashMap<(Kind, usize), Rig>> = RefCell::default();
}

fuzz_target!(|bytes: &[u8]| {
    let Some((&[framing, limits, cuts], rest)) = bytes.split_first_chunk() else { return };
    let Some((cuts, sent)) = rest.split_at_checked(usize::from(cuts % 16)) else { return };
    let kind = [Kind::Lines, Kind::Short, Kind::Long, Kind::Masked][usize::from(framing % 4)];
    let longest = LONGEST[usize::from(framing / 4 % 4)];
    let times = 1 << (framing / 16);
    let conditions = conditions(limits);
    let most = MOST[usize::from(conditions.is_slow())];
    let sent: Vec<u8> = sent.iter().copied().cycle().take((sent.len() * times).min(most)).collect();
    let pieces = pieces(&sent, cuts, CUT);

    decode(kind, longest, &pieces);
    RIGS.with_borrow_mut(|rigs| {
        let rig = rigs.entry((kind, longest)).or_insert_with(|| Rig::new(Any::new(kind, longest)));
        rig.run(&pieces, &conditions, Plain::new(kind, longest));
    });
});

fn conditions(limits: u8) -> Conditions {
    Conditions {
        frame: [0, 100, 10_000, 1 << 20][usize::from(limits % 4)],
        frames: [1, 7, 1_000][usize::from(limits / 4 % 3)],
        pause: [0, 1_000, 1 << 20][usize::from(limits / 12 % 3)],
        replies: [0, 1, 9][usize::from(limits / 36 % 3)],
        budget: if limits < 108 { usize::MAX } else { 2 },
    }
}

/// The framing alone, which is replaced by a new one where the driver does so.
fn decode(kind: Kind, longest: usize, pieces: &[&[u8]]) {
    let mut model = Plain::new(kind, longest);
    let mut framing = Any::new(kind, longest);
    for piece in pieces {
        framing.buffer().extend(piece);
        model.add(piece);
        loop {
            let found = framing.decode().map(|frame| frame.map(<[u8]>::to_vec)).map_err(|error| error.0);
            assert_eq!(found, model.next());
            match found {
                Ok(Some(_)) => {}
                Ok(None) => break,
                Err(_) => return,
            }
        }
        assert_eq!(framing.buffer().unread().len(), model.rest());
        if framing.buffer().unread().is_empty() && framing.is_idle() {
            framing = Any::new(kind, longest);
        }
    }
}
