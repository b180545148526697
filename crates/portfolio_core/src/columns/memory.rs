//! Zeroed memory that is never moved: from the allocator, or mapped by itself when it is large.
//!
//! A mapping gives zeros without writing them, so what is never written to takes no memory; and
//! large ones ask for huge pages, because most of the time of a first write into fresh memory is
//! spent in page faults, of which there are then 512 times fewer.
#![expect(unsafe_code, reason = "raw memory is allocated and freed here")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::fmt;
use std::ptr::NonNull;

use memmap2::{MmapMut, MmapOptions};

/// Every block starts on such a boundary.
pub(super) const ALIGNMENT: usize = 64;
const MAPPED_FROM: usize = 4 << 20;
const HUGE_FROM: usize = 16 << 20;

/// A memory request that the allocator refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AllocationFailed {
    /// How many bytes were asked for; 0 when it is not known.
    pub bytes: usize,
}

impl fmt::Display for AllocationFailed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "the allocator refused {} bytes", self.bytes)
    }
}

/// A block of memory; given back when it is dropped.
pub(super) struct Block {
    base: NonNull<u8>,
    origin: Origin,
}

enum Origin {
    Allocated(Layout),
    Mapped(#[expect(dead_code, reason = "held for its drop, which unmaps")] MmapMut),
}

// SAFETY: a block owns its memory and hands out nothing but its address.
unsafe impl Send for Block {}
// SAFETY: as above.
unsafe impl Sync for Block {}

impl Block {
    /// A block of so many bytes, all 0.
    ///
    /// # Errors
    /// [`AllocationFailed`] when there is no such memory.
    ///
    /// # Panics
    /// When no byte is asked for: a bug of the caller.
    pub(super) fn zeroed(bytes: usize) -> Result<Self, AllocationFailed> {
        let refused = AllocationFailed { bytes };
        assert!(bytes > 0, "a block has at least one byte");
        if bytes >= MAPPED_FROM && !cfg!(miri) {
            let mut map = MmapOptions::new().len(bytes).map_anon().map_err(|_| refused)?;
            prefer_huge_pages(&map);
            let base = NonNull::new(map.as_mut_ptr()).ok_or(refused)?;
            return Ok(Self { base, origin: Origin::Mapped(map) });
        }
        let layout = Layout::from_size_align(bytes, ALIGNMENT).map_err(|_| refused)?;
        // SAFETY: the layout has a non-zero size, as asserted.
        let base = NonNull::new(unsafe { alloc_zeroed(layout) }).ok_or(refused)?;
        Ok(Self { base, origin: Origin::Allocated(layout) })
    }

    /// Its first byte.
    #[inline]
    pub(super) const fn base(&self) -> NonNull<u8> {
        self.base
    }
}

impl Drop for Block {
    fn drop(&mut self) {
        if let Origin::Allocated(layout) = self.origin {
            // SAFETY: `base` came from the allocator with this layout and is freed once, here.
            unsafe { dealloc(self.base.as_ptr(), layout) }
        }
    }
}

/// The kernel may decline, which changes nothing but speed.
#[cfg(target_os = "linux")]
fn prefer_huge_pages(map: &MmapMut) {
    if map.len() >= HUGE_FROM {
        drop(map.advise(memmap2::Advice::HugePage));
    }
}

#[cfg(not(target_os = "linux"))]
fn prefer_huge_pages(_map: &MmapMut) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_every_size_are_zero_and_aligned() {
        for bytes in [1, 4_096, MAPPED_FROM, HUGE_FROM + 1] {
            let block = Block::zeroed(bytes).unwrap();
            assert_eq!(block.base().as_ptr().align_offset(ALIGNMENT), 0);
            for place in [0, bytes / 2, bytes - 1] {
                // SAFETY: the place is inside the block, whose bytes are initialised.
                assert_eq!(unsafe { block.base().add(place).read() }, 0);
            }
        }
    }

    #[test]
    fn an_impossible_size_is_refused() {
        for bytes in [usize::MAX, usize::MAX / 2 + 1] {
            let Err(refusal) = Block::zeroed(bytes) else { panic!("{bytes} bytes were had") };
            assert_eq!(refusal.bytes, bytes);
        }
    }
}
