//! The accepted events as canonical bytes, in chunks that are sealed when full, and their running
//! hash.

use std::collections::TryReserveError;
use std::sync::Arc;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

use crate::codec::{Bytes, Encoder};

const CHUNK_BYTES: usize = 1 << 20;

/// The hash function of the digest, with 32 bytes.
pub type Hasher = Blake2b<U32>;

/// A place in the log, to come back to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    chunks: usize,
    bytes: usize,
}

/// The recorded events.
#[derive(Debug)]
pub struct EventLog {
    /// They never change, and a fork has the same ones.
    sealed: Vec<Arc<Bytes>>,
    open: Bytes,
    hasher: Hasher,
    hashed_chunks: usize,
    hashed_bytes: usize,
}

impl EventLog {
    /// An empty log whose hash starts with the configuration's bytes.
    #[must_use]
    pub fn new(configuration: &[u8]) -> Self {
        let hasher = Hasher::new_with_prefix(configuration);
        Self {
            sealed: Vec::new(),
            open: Bytes::default(),
            hasher,
            hashed_chunks: 0,
            hashed_bytes: 0,
        }
    }

    /// Makes room for an event of at most so many bytes.
    ///
    /// # Errors
    /// When the allocator refuses; the log is as it was.
    #[inline]
    pub fn reserve(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        if self.open.has_room(bytes) {
            return Ok(());
        }
        self.grow(bytes)
    }

    #[cold]
    fn grow(&mut self, bytes: usize) -> Result<(), TryReserveError> {
        if self.open.len().saturating_add(bytes) <= CHUNK_BYTES {
            return self.open.reserve(bytes);
        }
        let mut next = Bytes::default();
        next.reserve(CHUNK_BYTES.max(bytes))?;
        self.sealed.try_reserve(1)?;
        let full = std::mem::replace(&mut self.open, next);
        if !full.is_empty() {
            self.sealed.push(Arc::new(full));
        }
        Ok(())
    }

    /// A log that goes on from the same events by itself. What was open is sealed, for both to
    /// share; nothing may be rewound to a mark from before.
    ///
    /// # Errors
    /// When the allocator refuses; the log says what it said.
    pub fn fork(&mut self) -> Result<Self, TryReserveError> {
        let hasher = self.hash();
        self.seal()?;
        self.hashed_chunks = self.sealed.len();
        self.hashed_bytes = 0;
        let mut sealed = Vec::new();
        sealed.try_reserve_exact(self.sealed.len())?;
        sealed.extend(self.sealed.iter().map(Arc::clone));
        let (hashed_chunks, hashed_bytes) = (self.hashed_chunks, 0);
        Ok(Self { sealed, open: Bytes::default(), hasher, hashed_chunks, hashed_bytes })
    }

    /// Gives the memory of all events back, for a log that is never read.
    pub fn forget(&mut self) {
        self.sealed.clear();
        self.open.truncate(0);
        self.hashed_chunks = 0;
        self.hashed_bytes = 0;
    }

    /// Seals what is open. Small chunks become one as soon as the later is as large as the one
    /// before it: so many forks leave few chunks, and no byte moves often.
    fn seal(&mut self) -> Result<(), TryReserveError> {
        if self.open.is_empty() {
            return Ok(());
        }
        self.sealed.try_reserve(1)?;
        let (mut together, mut last) = (self.open.len(), self.sealed.len());
        while let Some(chunk) = last.checked_sub(1).and_then(|place| self.sealed.get(place)) {
            let more = together.saturating_add(chunk.len());
            if chunk.len() > together || more > CHUNK_BYTES {
                break;
            }
            (together, last) = (more, last.saturating_sub(1));
        }
        let parts = self.sealed.get(last..).unwrap_or_default().iter().map(|chunk| &**chunk);
        let parts = parts.chain([&self.open]).map(Bytes::as_slice);
        let chunk = Bytes::joined(parts, together)?;
        self.sealed.truncate(last);
        self.sealed.push(Arc::new(chunk));
        self.open = Bytes::default();
        Ok(())
    }

    /// Appends an event, for which room was reserved.
    ///
    /// # Panics
    /// When it was not: a bug of the caller.
    #[inline]
    pub fn append(&mut self, write: impl FnOnce(&mut Encoder<'_>)) {
        self.open.append(write);
    }

    /// The end of the log as it is now.
    #[must_use]
    pub fn mark(&self) -> Mark {
        Mark { chunks: self.sealed.len(), bytes: self.open.len() }
    }

    /// The bytes after a mark, in parts.
    pub fn since(&self, mark: Mark) -> impl Iterator<Item = &[u8]> {
        let mut skip = mark.bytes;
        self.chunks().skip(mark.chunks).map(move |chunk| {
            let from = std::mem::take(&mut skip).min(chunk.len());
            chunk.get(from..).unwrap_or_default()
        })
    }

    /// Forgets all events after a mark. They must not have been hashed.
    pub fn rewind(&mut self, mark: Mark) {
        if let Some(open) = self.sealed.drain(mark.chunks.min(self.sealed.len())..).next() {
            self.open = Arc::unwrap_or_clone(open);
        }
        self.open.truncate(mark.bytes);
    }

    /// The chunks in order; an event never spans two.
    pub fn chunks(&self) -> impl Iterator<Item = &[u8]> {
        self.sealed.iter().map(|chunk| &**chunk).chain([&self.open]).map(Bytes::as_slice)
    }

    /// The hash of configuration and events so far, to be continued with the state. Bytes that were
    /// hashed before are not hashed again.
    pub fn hash(&mut self) -> Hasher {
        let sealed = self.sealed.iter().map(|chunk| &**chunk);
        let chunks = sealed.chain([&self.open]).map(Bytes::as_slice);
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
            log.append(|encoder| event.iter().for_each(|&byte| encoder.byte(byte)));
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

    #[test]
    fn forks_share_what_there_is_and_go_on_by_themselves() {
        let mut log = EventLog::new(b"configuration");
        let mut kept = Vec::new();
        let mut all = b"configuration".to_vec();
        for number in 0..3_000_u32 {
            let event = number.to_le_bytes().repeat(1 + usize::try_from(number % 700).unwrap());
            log.reserve(event.len()).unwrap();
            log.append(|encoder| event.iter().for_each(|&byte| encoder.byte(byte)));
            all.extend_from_slice(&event);
            kept.push((log.fork().unwrap(), all.len()));
        }
        assert!(log.sealed.len() < 20, "{} chunks", log.sealed.len());
        for (fork, length) in kept.iter_mut().step_by(97) {
            assert_eq!(fork.hash().finalize(), Hasher::digest(&all[..*length]));
            assert_eq!(fork.chunks().map(<[u8]>::len).sum::<usize>() + 13, *length);
            fork.reserve(1).unwrap();
            fork.append(|encoder| encoder.byte(9));
            let with_more = [&all[..*length], &[9]].concat();
            assert_eq!(fork.hash().finalize(), Hasher::digest(&with_more));
        }
        assert_eq!(log.hash().finalize(), Hasher::digest(&all));
    }

    #[test]
    fn a_rewound_log_is_as_it_was() {
        let mut log = EventLog::new(b"");
        let write = |log: &mut EventLog, count: u32| {
            for number in 0..count {
                log.reserve(512).unwrap();
                log.append(|encoder| encoder.unsigned(u128::from(number) << 60));
            }
        };
        let bytes = |log: &EventLog| log.chunks().map(<[u8]>::to_vec).collect::<Vec<_>>().concat();
        for before in [0, 10, 200_000] {
            write(&mut log, before);
            let (mark, kept, hash) = (log.mark(), bytes(&log), log.hash().finalize());
            write(&mut log, 300_000);
            assert!(log.sealed.len() > mark.chunks, "the test fills chunks");
            log.rewind(mark);
            assert_eq!(bytes(&log), kept);
            assert_eq!((log.mark(), log.hash().finalize()), (mark, hash));
        }
    }
}
