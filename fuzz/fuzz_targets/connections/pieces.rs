//! What a client sends, in pieces.

/// The most that the driver reads at once at least, so that a piece is one read, in bytes.
const READ: usize = 64 * 1024;

/// Cuts what is sent: by these lengths, from 1 to a whole read, over and over, into `most` pieces at most. What is left
/// comes in pieces of a whole read.
pub(crate) fn pieces<'b>(mut sent: &'b [u8], cuts: &[u8], most: usize) -> Vec<&'b [u8]> {
    let lengths = cuts.iter().map(|cut| (usize::from(cut % 64) + 1) << (4 * (cut / 64)));
    let lengths: Vec<usize> = lengths.map(|length| length.min(READ)).collect();
    let mut lengths = lengths.iter().copied().cycle().take(most);
    let mut pieces = Vec::new();
    while !sent.is_empty() {
        let length = lengths.next().unwrap_or(READ);
        pieces.extend(sent.split_off(..length.min(sent.len())));
    }
    pieces
}
