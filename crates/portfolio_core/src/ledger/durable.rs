//! Events that are in a journal before they are true (SPEC J3 to J6).
//!
//! Each call does its steps inside a scope or a batch, hands the bytes that it has recorded to the
//! journal, and commits when the journal has them; what the journal does not take is rewound. A
//! ledger without a journal never comes here.

use super::Ledger;
use crate::event::{Event, Receipt};
use crate::eventlog;
use crate::journal::{Journal, JournalError};
use crate::refusal::{Refusal, Refused};

/// The journal of a ledger, and whether the ledger was closed.
#[derive(Debug, Default)]
pub(super) struct Door {
    journal: Option<Box<Journal>>,
    closed: bool,
}

/// How far the log was when a call began.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Progress {
    events: u64,
    pub(super) mark: eventlog::Mark,
}

impl Ledger {
    /// From here on every accepted event is in this journal before it is answered.
    pub fn attach(&mut self, journal: Journal) {
        self.door = Some(Box::new(Door { journal: Some(Box::new(journal)), closed: false }));
    }

    /// The journal, which gets no more of this ledger's events.
    pub fn detach(&mut self) -> Option<Journal> {
        let journal = self.door.as_mut()?.journal.take();
        if !self.is_closed() {
            self.door = None;
        }
        journal.map(|journal| *journal)
    }

    /// The journal.
    #[must_use]
    pub fn journal(&self) -> Option<&Journal> {
        self.door.as_ref()?.journal.as_deref()
    }

    /// The journal, to flush it.
    pub fn journal_mut(&mut self) -> Option<&mut Journal> {
        self.door.as_mut()?.journal.as_deref_mut()
    }

    /// Whether [`Ledger::shut`] was called.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.door.as_ref().is_some_and(|door| door.closed)
    }

    /// Whether an event would be taken at all.
    ///
    /// # Errors
    /// [`Refusal::Journal`] when the ledger is closed or its journal cannot be written.
    #[inline]
    pub fn check_writable(&self) -> Result<(), Refused> {
        match &self.door {
            None => Ok(()),
            Some(door) => door.check(),
        }
    }

    /// Ends the writing: the journal is complete and on the disk, and takes no more events. The
    /// ledger can be read as before. A second close does nothing.
    ///
    /// # Errors
    /// [`Refusal::Journal`] when the journal cannot be written; the ledger is closed all the same.
    /// [`Refusal::OutOfMemory`] when the digest cannot be computed; the ledger is as it was.
    pub fn shut(&mut self) -> Result<(), Refusal> {
        if self.is_closed() {
            return Ok(());
        }
        // Before anything ends, so that who frees memory can close it then.
        let digest = self.journal().is_some().then(|| self.digest_bytes()).transpose()?;
        let events = self.account.events;
        let door = self.door.get_or_insert_default();
        door.closed = true;
        match door.journal.as_mut().zip(digest) {
            Some((journal, digest)) => {
                journal.close(events, &digest).map_err(|error| *unwritten(error))
            }
            None => Ok(()),
        }
    }

    /// Applies an event that is in the journal before it is committed.
    ///
    /// # Errors
    /// As [`Ledger::apply`]; [`Refusal::Journal`] when the journal does not take it.
    #[cold]
    #[inline(never)]
    pub(super) fn apply_durably(&mut self, event: &Event<'_>) -> Result<Receipt, Refused> {
        self.check_writable()?;
        let (before, rounded) = (self.progress(), self.rounded);
        let done = self.scoped(|ledger| {
            ledger.apply_unpublished(event, None)?;
            ledger.append_since(before)
        });
        if done.is_err() {
            self.rounded = rounded;
        }
        done?;
        self.tables.publish();
        self.after_commit();
        Ok(self.receipt)
    }

    /// Where the log is before a call.
    pub(crate) fn progress(&self) -> Progress {
        Progress { events: self.account.events, mark: self.events.mark() }
    }

    /// Hands what a call has recorded to the journal, if there is one.
    ///
    /// # Errors
    /// [`Refusal::Journal`]; the call is rewound then.
    pub(crate) fn append_since(&mut self, before: Progress) -> Result<(), Refused> {
        let Some(door) = &mut self.door else { return Ok(()) };
        let Some(journal) = &mut door.journal else { return Ok(()) };
        let count = self.account.events.saturating_sub(before.events);
        let mut parts = self.events.since(before.mark).filter(|part| !part.is_empty());
        let first = parts.next();
        if count == 0 && first.is_none() {
            return Ok(());
        }
        if count != 1 {
            // Handlers of signals have run since the call began, and one may have forked.
            journal.check_writable().map_err(unwritten)?;
        }
        // An event never spans two parts: nearly every call has one, and needs no list of them.
        let appended = match parts.next() {
            None => journal.append(count, first.as_slice()),
            second => {
                let all: Vec<&[u8]> = first.into_iter().chain(second).chain(parts).collect();
                journal.append(count, &all)
            }
        };
        appended.map_err(unwritten)
    }

    /// What a journal gets from time to time behind a committed call. An error here makes the
    /// journal refuse the next one.
    pub(crate) fn after_commit(&mut self) {
        let positions = self.positions.rows().len();
        let Some(journal) = self.journal() else { return };
        let is_untold = if journal.wants_snapshot() {
            self.snapshot().is_err()
        } else if journal.wants_digest(positions)
            && let Ok(digest) = self.digest_bytes()
        {
            let events = self.account.events;
            self.journal_mut().is_some_and(|journal| journal.digest(events, &digest).is_err())
        } else {
            false
        };
        // What stops it is kept by the journal, or is a lack of memory that may pass.
        if is_untold && let Some(journal) = self.journal() {
            journal.keep_untold();
        }
    }

    /// Brings everything that was written to the disk. Without a journal, and after a close, there
    /// is nothing to do.
    ///
    /// # Errors
    /// [`Refusal::Journal`] when the journal cannot be written.
    pub fn flush(&mut self) -> Result<(), Refusal> {
        if self.is_closed() {
            return Ok(());
        }
        let flushed = self.journal_mut().map_or(Ok(()), Journal::flush);
        flushed.map_err(|error| *unwritten(error))
    }

    /// Writes a snapshot beside the journal; answers its path.
    ///
    /// # Errors
    /// [`Refusal::Journal`] without a journal that can be written, [`Refusal::OutOfMemory`].
    pub fn snapshot(&mut self) -> Result<String, Refusal> {
        self.check_writable().map_err(|refused| *refused)?;
        let Some((salt, floats)) = self.journal().map(|journal| (journal.salt(), journal.floats()))
        else {
            return Err(Refusal::Journal(Box::new(JournalError::none())));
        };
        let (image, digest) = self.image_and_digest(salt, floats)?;
        let events = self.account.events;
        let Some(journal) = self.journal_mut() else {
            return Err(Refusal::Journal(Box::new(JournalError::none())));
        };
        journal.snapshot(events, &digest, &image).map_err(|error| *unwritten(error))
    }
}

impl Door {
    #[cold]
    fn check(&self) -> Result<(), Refused> {
        if self.closed {
            return Err(unwritten(JournalError::closed()));
        }
        self.journal.as_ref().map_or(Ok(()), |journal| journal.check_writable().map_err(unwritten))
    }
}

fn unwritten(error: JournalError) -> Refused {
    Refused::new(Refusal::Journal(Box::new(error)))
}
