//! Writing a journal, frame by frame (SPEC rules J3 to J6).
//!
//! A frame is put together in one buffer that is used again and again, and goes to the system in
//! one call. After the first error nothing more is written, ever.

use std::io;
use std::process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use super::aside::write_counted;
use super::disk::{Disk, DiskFile};
use super::error::{Fault, JournalError};
use super::format::{BODY_MAX, FRAME, Salted, SyncMode, kind};
use super::pace::Pace;
use crate::codec::Bytes;

/// How much is gathered in mode `off`.
const GATHERED: usize = 64 << 10;
/// The events between two digests, at least.
const DIGEST_EVERY: u64 = 4_096;
/// A buffer that has grown beyond this is given back.
const BUFFER_KEPT: usize = 1 << 20;

/// How a journal is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// When what was written is on the disk.
    pub sync: SyncMode,
    /// The time of mode `interval`.
    pub sync_interval: Duration,
    /// After how many events there is a snapshot of itself.
    pub snapshot_every: Option<u64>,
    /// What the bindings make of floats: 0 nearest, 1 strict. It is kept in snapshots.
    pub floats: u8,
}

impl Default for Settings {
    fn default() -> Self {
        let sync_interval = Duration::from_millis(100);
        Self { sync: SyncMode::default(), sync_interval, snapshot_every: None, floats: 0 }
    }
}

/// What a portfolio knows of its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The file.
    pub path: String,
    /// When what was written is on the disk.
    pub sync: SyncMode,
    /// How many events it has, with those that are gathered.
    pub events: u64,
    /// How many bytes it has, with those that are gathered.
    pub bytes: u64,
    /// How many frames it has.
    pub frames: u64,
    /// The snapshots beside it, the newest last.
    pub snapshots: Vec<String>,
    /// Why nothing more is written, if so.
    pub read_only: Option<String>,
    /// Whether it was closed.
    pub closed: bool,
}

/// How far a journal has come.
#[derive(Debug, Clone, Default)]
pub(super) struct Progress {
    /// Bytes of the file.
    pub(super) length: u64,
    /// The crc of the last frame, or of the header.
    pub(super) link: u32,
    pub(super) frames: u64,
    pub(super) events: u64,
    /// Events at the last digest.
    pub(super) digest_at: u64,
    /// Events at the last snapshot.
    pub(super) snapshot_at: u64,
    /// The names of the snapshots, the newest last.
    pub(super) snapshots: Vec<String>,
}

/// A file that this process may write alone.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) name: String,
    pub(super) file: Box<dyn DiskFile>,
}

/// A journal that is being written.
#[derive(Debug)]
pub struct Journal {
    pub(super) place: Place,
    /// The file, for messages.
    pub(super) path: String,
    salt: [u8; 16],
    salted: Salted,
    settings: Settings,
    pub(super) at: Progress,
    /// The frame under way; in mode `off` all frames that are not written yet.
    buffer: Vec<u8>,
    /// Bytes and frames of the calls that were answered: what a failure must not cut off.
    answered: (u64, u64),
    pace: Option<Pace>,
    /// Up to where a frame says that the file is on the disk.
    noted: u64,
    failed: Option<String>,
    /// Whether a call has raised what stops the writing.
    told: AtomicBool,
    closed: bool,
    owner: u32,
}

impl Journal {
    /// A journal that goes on at the end of a file, all of which is on the disk.
    pub(super) fn at_end(
        place: Place,
        salt: [u8; 16],
        settings: Settings,
        at: Progress,
    ) -> io::Result<Self> {
        let pace = match settings.sync {
            SyncMode::Interval => {
                Some(Pace::start(place.file.try_clone()?, settings.sync_interval, at.length)?)
            }
            _ => None,
        };
        Ok(Self {
            path: place.disk.path(&place.name),
            place,
            salt,
            salted: Salted::new(&salt),
            settings,
            answered: (at.length, at.frames),
            noted: at.length,
            at,
            buffer: Vec::new(),
            pace,
            failed: None,
            told: AtomicBool::new(false),
            closed: false,
            owner: process::id(),
        })
    }

    /// Whether an event would be taken at all. It is asked before anything is planned.
    ///
    /// # Errors
    /// [`Fault::Closed`] after [`Self::close`]; [`Fault::Durability`] after an error, and in a
    /// child process after a fork.
    pub fn check_writable(&self) -> Result<(), JournalError> {
        self.check_state()?;
        if self.is_inherited() {
            let reason = "this process was forked, and the journal stays with its parent";
            return Err(JournalError::read_only(&self.path, reason));
        }
        Ok(())
    }

    /// The same without asking whose process this is, which costs as much as a short event.
    fn check_state(&self) -> Result<(), JournalError> {
        if self.closed {
            return Err(JournalError::closed());
        }
        if let Some(reason) = &self.failed {
            return Err(self.tell(JournalError::read_only(&self.path, reason)));
        }
        if let Some(reason) = self.pace.as_ref().and_then(Pace::error) {
            return Err(self.tell(JournalError::read_only(&self.path, &reason)));
        }
        Ok(())
    }

    /// An error that the call under way raises.
    fn tell(&self, error: JournalError) -> JournalError {
        self.told.store(true, Relaxed);
        error
    }

    /// The error of a digest or a snapshot behind a committed call was not raised: the next call
    /// tells it, be it a close.
    pub(crate) fn keep_untold(&self) {
        self.told.store(false, Relaxed);
    }

    fn is_inherited(&self) -> bool {
        self.owner != process::id()
    }

    /// Writes the events of one call, given as canonical bytes in parts, and syncs them by mode. An
    /// event is committed when this has succeeded. [`Self::check_writable`] was asked before.
    ///
    /// # Errors
    /// As [`Self::check_writable`], and [`Fault::Durability`] when the events cannot be written.
    /// What of them reached the file is cut off again, if the disk lets it.
    pub fn append(&mut self, count: u64, parts: &[&[u8]]) -> Result<(), JournalError> {
        self.check_state()?;
        self.begin();
        if let Some(pace) = &self.pace {
            let synced = pace.synced();
            if synced > self.noted {
                self.put(kind::SYNCED, &[&synced.to_le_bytes()])?;
                self.noted = synced;
            }
        }
        if count == 1 {
            self.put(kind::EVENT, parts)?;
        } else {
            let mut head = Bytes::default();
            head.reserve(16).map_err(|_| self.too_large())?;
            head.append(|encoder| encoder.small(count));
            let mut all = Vec::with_capacity(parts.len().saturating_add(1));
            all.push(head.as_slice());
            all.extend_from_slice(parts);
            self.put(kind::BATCH, &all)?;
        }
        self.hand_over(false)?;
        self.at.events = self.at.events.saturating_add(count);
        Ok(())
    }

    /// Whether it is time to write down what the events so far came to.
    #[inline]
    #[must_use]
    pub fn wants_digest(&self, positions: usize) -> bool {
        let since = self.at.events.saturating_sub(self.at.digest_at);
        since >= DIGEST_EVERY && since >= u64::try_from(positions).unwrap_or(u64::MAX)
    }

    /// Whether it is time for a snapshot.
    #[inline]
    #[must_use]
    pub fn wants_snapshot(&self) -> bool {
        let since = self.at.events.saturating_sub(self.at.snapshot_at);
        self.settings.snapshot_every.is_some_and(|every| since >= every)
    }

    /// Writes down what the events so far came to.
    ///
    /// # Errors
    /// As [`Self::append`]; nothing more is written then.
    pub fn digest(&mut self, events: u64, digest: &[u8; 32]) -> Result<(), JournalError> {
        self.note(kind::DIGEST, &[&events.to_le_bytes(), digest])?;
        self.at.digest_at = events;
        Ok(())
    }

    /// Writes a frame that vouches for everything before it.
    pub(super) fn note(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), JournalError> {
        self.check_writable()?;
        self.begin();
        if self.settings.sync == SyncMode::Interval {
            self.sync()?;
        }
        self.put(kind, parts)?;
        self.hand_over(false)
    }

    /// Brings everything to the disk, whatever the mode.
    ///
    /// # Errors
    /// As [`Self::append`].
    pub fn flush(&mut self) -> Result<(), JournalError> {
        self.check_writable()?;
        self.begin();
        self.hand_over(true)?;
        self.sync()
    }

    /// Ends the writing: everything is on the disk, and others may write the file. After an error,
    /// and in a child process after a fork, nothing is written. A second close does nothing.
    ///
    /// # Errors
    /// As [`Self::append`], and what has failed before if no call has raised it yet; the journal is
    /// closed all the same.
    pub fn close(&mut self, events: u64, digest: &[u8; 32]) -> Result<(), JournalError> {
        if self.closed || self.is_inherited() {
            self.closed = true;
            return Ok(());
        }
        // Its sync under way may take an error with it that no other sync sees.
        if let Some(pace) = &mut self.pace {
            pace.end();
        }
        let told = self.told.load(Relaxed);
        let ended = match self.check_writable() {
            Err(_) if told => Ok(()),
            Err(untold) => Err(untold),
            Ok(()) => self
                .flush()
                .and_then(|()| self.note(kind::CLOSE, &[&events.to_le_bytes(), digest]))
                .and_then(|()| self.flush()),
        };
        self.closed = true;
        self.pace = None;
        let unlocked = self.place.file.unlock();
        ended?;
        unlocked.map_err(|error| JournalError::unwritten(&self.path, "unlocking it", &error))
    }

    /// What there is to know about it.
    #[must_use]
    pub fn status(&self) -> Status {
        let error = || self.pace.as_ref().and_then(Pace::error);
        let inherited = || self.is_inherited().then(|| "this process was forked".to_owned());
        Status {
            path: self.path.clone(),
            sync: self.settings.sync,
            events: self.at.events,
            bytes: self.length_in_all(),
            frames: self.at.frames,
            snapshots: self.at.snapshots.clone(),
            read_only: self.failed.clone().or_else(error).or_else(inherited),
            closed: self.closed,
        }
    }

    /// When what was written is on the disk.
    #[must_use]
    pub const fn sync_mode(&self) -> SyncMode {
        self.settings.sync
    }

    /// What is in each of its frames, and in the snapshots beside it.
    #[must_use]
    pub const fn salt(&self) -> [u8; 16] {
        self.salt
    }

    /// What the bindings make of floats, as it was told.
    #[must_use]
    pub const fn floats(&self) -> u8 {
        self.settings.floats
    }

    /// What every call that writes starts with.
    fn begin(&mut self) {
        self.answered = (self.length_in_all(), self.at.frames);
    }

    /// The bytes of the file, with those that are gathered.
    fn length_in_all(&self) -> u64 {
        self.at.length.saturating_add(u64::try_from(self.buffer.len()).unwrap_or(u64::MAX))
    }

    /// Puts a frame behind what is in the buffer.
    fn put(&mut self, kind: u8, parts: &[&[u8]]) -> Result<(), JournalError> {
        let body = parts.iter().fold(1_usize, |sum, part| sum.saturating_add(part.len()));
        if body > BODY_MAX {
            return Err(self.too_large());
        }
        let put = self.salted.put(&mut self.buffer, self.at.link, (&[kind], parts));
        self.at.link = put.map_err(|_| self.too_large())?;
        self.at.frames = self.at.frames.saturating_add(1);
        Ok(())
    }

    pub(super) fn too_large(&self) -> JournalError {
        let rule = "the call is too large for one frame of a journal, or for the memory";
        JournalError::new(Fault::Durability, &self.path, rule, "do it in several calls")
    }

    /// Hands the buffer to the system as the mode says; `all` of it, whatever the mode.
    pub(super) fn hand_over(&mut self, all: bool) -> Result<(), JournalError> {
        let gathers = self.settings.sync == SyncMode::Off;
        if self.buffer.is_empty() || gathers && !all && self.buffer.len() < GATHERED {
            return Ok(());
        }
        let mut written = 0;
        let done = write_counted(self.place.file.as_mut(), &self.buffer, &mut written);
        if let Err(error) = done {
            return Err(self.fail("writing it", &error, written));
        }
        self.at.length = self.at.length.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT);
        if let Some(pace) = &self.pace {
            pace.wrote(self.at.length);
        }
        if self.settings.sync == SyncMode::Always { self.sync() } else { Ok(()) }
    }

    /// Returns when the file is on the disk.
    pub(super) fn sync(&mut self) -> Result<(), JournalError> {
        if let Err(error) = self.place.file.sync() {
            return Err(self.fail("syncing it", &error, 0));
        }
        if let Some(pace) = &self.pace {
            pace.synced_elsewhere(self.at.length);
        }
        Ok(())
    }

    /// The first error: nothing more is written. What of the call under way is in the file is cut
    /// off again, as far as the disk lets it: the call has not happened.
    #[cold]
    fn fail(&mut self, doing: &str, error: &io::Error, written: usize) -> JournalError {
        let whole = whole_frames(&self.buffer, written);
        let kept = self.at.length.saturating_add(u64::try_from(whole).unwrap_or(u64::MAX));
        let kept = kept.min(self.answered.0);
        let reason = match self.place.file.set_len(kept) {
            Ok(()) => format!("{doing} failed: {error}"),
            Err(cut) => format!("{doing} failed: {error}; cutting it off again failed: {cut}"),
        };
        self.failed = Some(reason);
        (self.at.length, self.at.frames) = (kept, self.answered.1);
        self.buffer = Vec::new();
        self.tell(JournalError::unwritten(&self.path, doing, error))
    }

    /// The same for a file beside the journal.
    #[cold]
    pub(super) fn fail_beside(&mut self, doing: &str, error: &io::Error) -> JournalError {
        self.failed = Some(format!("{doing} failed: {error}"));
        self.tell(JournalError::unwritten(&self.path, doing, error))
    }
}

/// How many bytes the frames have that are whole within the first ones.
fn whole_frames(frames: &[u8], written: usize) -> usize {
    let mut at = 0_usize;
    loop {
        let length = frames.get(at.saturating_add(4)..).and_then(<[u8]>::first_chunk);
        let length = length.and_then(|n| usize::try_from(u32::from_le_bytes(*n)).ok());
        match length.map(|n| at.saturating_add(FRAME).saturating_add(n)) {
            Some(end) if end <= written => at = end,
            _ => return at,
        }
    }
}

impl Drop for Journal {
    /// What was gathered is written if it can be; who wants to know calls [`Journal::close`].
    fn drop(&mut self) {
        if self.closed || self.is_inherited() {
            return;
        }
        if self.failed.is_none() {
            let _written = self.hand_over(true);
        }
        // Children of this process may hold the same open file, and with it the lock.
        let _unlocked = self.place.file.unlock();
    }
}
