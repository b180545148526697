//! The accepted events as canonical bytes, in chunks that are sealed when full, and their running
//! hash.

use std::collections::TryReserveError;
use std::sync::Arc;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

const CHUNK_BYTES: usize = 1 << 20;

/// The hash function of the digest, with 32 bytes.
pub type Hasher = Blake2b<U32>;

/// The recorded events.
#[derive(Debug)]
pub struct EventLog {
    sealed: Vec<Arc<Vec<u8>>>,
    open: Vec<u8>,
    hasher: Hasher,
    hashed_chunks: usize,
    hashed_bytes: usize,
}

impl EventLog {
    /// An empty log whose hash starts with the configuration's bytes.
    #[must_use]
    pub fn new(configuration: &[u8]) -> Self {
        let hasher = Hasher::new_with_prefix(configuration);
        Self { sealed: Vec::new(), open: Vec::new(), hasher, hashed_chunks: 0, hashed_bytes: 0 }
    }

    /// Makes room for an event of at most so many bytes.
    ///
    /// # Errors
    /// When the allocator refuses; the log is as it was.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        if self.open.capacity().saturating_sub(self.open.len()) >= bytes {
            return Ok(());
        }
        self.grow(bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        if self.open.len().saturating_add(bytes) <= CHUNK_BYTES {
            return self.open.try_reserve(bytes);
        }
        let mut next = Vec::new();
        next.try_reserve_exact(CHUNK_BYTES.max(bytes))?;
        self.sealed.try_reserve(1)?;
        let full = std::mem::replace(&mut self.open, next);
        if !full.is_empty() {
            self.sealed.push(Arc::new(full));
        }
        Ok(())
    }

    /// Where the next event's bytes go.
    #[inline]
    pub fn open(&mut self) -> &mut Vec<u8> {
        &mut self.open
    }

    /// The chunks in order; an event never spans two.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.sealed.iter().map(|chunk| chunk.as_slice()).chain([self.open.as_slice()])
    }

    /// The hash of configuration and events so far, to be continued with the state. Bytes that were
    /// hashed before are not hashed again.
    pub fn hash(&mut self) -> Hasher {
        let chunks = self.sealed.iter().map(|chunk| chunk.as_slice()).chain([self.open.as_slice()]);
        let mut skip = self.hashed_bytes;
        for chunk in chunks.skip(self.hashed_chunks) {
            self.hasher.update(chunk.get(skip..).unwrap_or_default());
            skip = 0;
        }
        self.hashed_chunks = self.sealed.len();
        self.hashed_bytes = self.open.len();
        self.hasher.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_running_hash_equals_the_hash_of_all_bytes() {
        let mut log = EventLog::new(b"configuration");
        let mut all = b"configuration".to_vec();
        for number in 0..10_000_u32 {
            let event = number.to_le_bytes().repeat(100);
            log.reserve(event.len()).unwrap();
            log.open().extend_from_slice(&event);
            all.extend_from_slice(&event);
            if number % 700 == 0 {
                assert_eq!(log.hash().finalize(), Hasher::digest(&all));
            }
        }
        assert!(log.sealed.len() > 1, "the test fills chunks");
        assert_eq!(log.hash().finalize(), Hasher::digest(&all));
        assert_eq!(log.chunks().map(<[u8]>::len).sum::<usize>() + 13, all.len());
        log.reserve(3 * CHUNK_BYTES).unwrap();
    }
}
