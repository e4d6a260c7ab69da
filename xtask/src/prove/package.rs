//! Packs every crate that is published, and builds each from its package alone.

use super::{Outcome, Room};
use crate::package::{Build, pack};

pub(super) fn prove(room: &Room) -> Outcome {
    let packages = pack(&room.root, Build::Yes)?;
    Ok(format!("{} packages build from their own files", packages.len()))
}
