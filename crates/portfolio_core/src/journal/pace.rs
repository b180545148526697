//! The thread of mode `interval`: it brings to the disk what was written, soon after.
//!
//! It holds the same open file as the writer and knows nothing of frames. It sleeps as long as
//! nothing is written.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;
use std::{io, process};

use super::disk::DiskFile;

/// What writer and thread tell each other.
#[derive(Debug)]
struct Shared {
    /// How many bytes were written.
    written: AtomicU64,
    /// How many of them are on the disk.
    synced: AtomicU64,
    /// Whether the thread waits for the next write.
    idle: AtomicBool,
    /// Whether a sync failed.
    failed: AtomicBool,
    note: Mutex<Note>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Note {
    stop: bool,
    error: String,
}

/// The thread.
#[derive(Debug)]
pub(crate) struct Pace {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// A child process after a fork has the memory, and no thread.
    owner: u32,
}

impl Pace {
    /// Starts it; `synced` bytes are on the disk.
    pub(crate) fn start(
        file: Box<dyn DiskFile>,
        interval: Duration,
        synced: u64,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            written: AtomicU64::new(synced),
            synced: AtomicU64::new(synced),
            idle: AtomicBool::new(false),
            failed: AtomicBool::new(false),
            note: Mutex::new(Note::default()),
            changed: Condvar::new(),
        });
        // The promise is about the end of a sync, so it begins at half the time.
        let (seen, wait) = (Arc::clone(&shared), interval.checked_div(2).unwrap_or(interval));
        let thread = Builder::new()
            .name("journal".to_owned())
            .spawn(move || seen.run(file.as_ref(), wait))?;
        Ok(Self { shared, thread: Some(thread), owner: process::id() })
    }

    /// So many bytes were written.
    pub(crate) fn wrote(&self, length: u64) {
        self.shared.written.store(length, SeqCst);
        if self.shared.idle.swap(false, SeqCst) {
            let _note = self.shared.note.lock().unwrap_or_else(PoisonError::into_inner);
            self.shared.changed.notify_one();
        }
    }

    /// So many bytes were brought to the disk by somebody else.
    pub(crate) fn synced_elsewhere(&self, length: u64) {
        self.shared.synced.fetch_max(length, SeqCst);
    }

    /// How many bytes are on the disk.
    pub(crate) fn synced(&self) -> u64 {
        self.shared.synced.load(SeqCst)
    }

    /// Why a sync failed, if one did.
    pub(crate) fn error(&self) -> Option<String> {
        if !self.shared.failed.load(SeqCst) {
            return None;
        }
        let note = self.shared.note.lock().unwrap_or_else(PoisonError::into_inner);
        Some(note.error.clone())
    }
}

impl Pace {
    /// Ends the thread and waits for it; whether it has met an error can be asked afterwards.
    pub(crate) fn end(&mut self) {
        if self.owner != process::id() {
            return;
        }
        self.shared.note.lock().unwrap_or_else(PoisonError::into_inner).stop = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It cannot have panicked, and there would be nothing left to do.
            let _ended = thread.join();
        }
    }
}

impl Drop for Pace {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn run(&self, file: &dyn DiskFile, wait: Duration) {
        let mut note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
        while !note.stop {
            if self.written.load(SeqCst) <= self.synced.load(SeqCst) {
                self.idle.store(true, SeqCst);
                // A write between the two lines above has seen that nobody was idle.
                if self.written.load(SeqCst) <= self.synced.load(SeqCst) {
                    note = self.changed.wait(note).unwrap_or_else(PoisonError::into_inner);
                }
                self.idle.store(false, SeqCst);
                continue;
            }
            let waited = self.changed.wait_timeout(note, wait);
            note = waited.unwrap_or_else(PoisonError::into_inner).0;
            if note.stop {
                return;
            }
            drop(note);
            let written = self.written.load(SeqCst);
            let done = file.sync();
            note = self.note.lock().unwrap_or_else(PoisonError::into_inner);
            match done {
                Ok(()) => {
                    self.synced.fetch_max(written, SeqCst);
                }
                Err(error) => {
                    note.error = format!("a sync failed: {error}");
                    self.failed.store(true, SeqCst);
                    return;
                }
            }
        }
    }
}
