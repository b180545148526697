//! Which open files hold the lock of a journal, for a child of this process to let go of them.
//!
//! A lock belongs to the open file, and after a fork the child has the same open file: while it
//! lives, nobody gets the lock of a parent that was killed. A fork may happen while other threads
//! open and close journals, so nothing here is behind a lock that a child would find taken.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// As many as systems give a process by default at most; files beyond stay with the child.
const DESCRIPTORS: usize = 1 << 20;
const BITS: usize = 64;

/// One bit a descriptor.
static HELD: [AtomicU64; DESCRIPTORS / BITS] = [const { AtomicU64::new(0) }; DESCRIPTORS / BITS];

/// The file of this descriptor holds a lock.
#[cfg(unix)]
pub(super) fn hold(descriptor: i32) {
    if let Some((word, bit)) = place(descriptor) {
        word.fetch_or(bit, Relaxed);
    }
}

/// It is about to be closed.
#[cfg(unix)]
pub(super) fn release(descriptor: i32) {
    if let Some((word, bit)) = place(descriptor) {
        word.fetch_and(!bit, Relaxed);
    }
}

/// The descriptors of the files that hold the lock of a journal; in a child those of its parent
/// too. A child that has something else put in their places, as by `dup2` of the null device, has
/// let go of the locks. It could not write these journals anyway.
#[must_use]
pub fn held_descriptors() -> Vec<i32> {
    let words = HELD.iter().map(|word| word.load(Relaxed));
    let filled = words.enumerate().filter(|(_, word)| *word != 0);
    let bits = filled.flat_map(|(index, word)| {
        (0..BITS)
            .filter(move |bit| word >> bit & 1 == 1)
            .filter_map(move |bit| i32::try_from(index.checked_mul(BITS)?.checked_add(bit)?).ok())
    });
    bits.collect()
}

#[cfg(unix)]
fn place(descriptor: i32) -> Option<(&'static AtomicU64, u64)> {
    let index = usize::try_from(descriptor).ok()?;
    Some((HELD.get(index / BITS)?, 1 << (index % BITS)))
}
