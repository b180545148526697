//! The frames of a journal, applied again one after the other.

use super::format::{Body, Header, SyncMode, Total};
use super::report::wide;
use super::scan::{Frames, Stopped};
use super::snapshot::{Beside, are_alike};
use super::writer::Progress;
use crate::codec::Decoder;
use crate::ledger::Ledger;
use crate::ledger::decode::RecordedEvents;
use crate::refusal::{Code, Refusal};

/// A replay under way.
#[derive(Debug)]
pub(super) struct Replay<'a> {
    pub(super) ledger: Ledger,
    pub(super) recorded: RecordedEvents,
    pub(super) frames: Frames<'a>,
    pub(super) at: Progress,
    /// How the journal was written last.
    pub(super) sync: SyncMode,
    /// Whether the last frame is a close.
    pub(super) closed: bool,
}

/// Where a replay ends.
#[derive(Debug)]
pub(super) enum Stop {
    /// Where it should.
    End,
    /// Where no frame is.
    NoFrame,
    /// At a frame that is linked to another one.
    Link,
    /// At a frame that is not what it says.
    Refused {
        /// Why.
        reason: String,
        /// Whether some of its events were applied.
        partly: bool,
    },
}

impl<'a> Replay<'a> {
    /// One of a ledger before its first event.
    pub(super) fn new(bytes: &'a [u8], header: &Header<'a>, ledger: Ledger) -> Self {
        Self {
            ledger,
            recorded: RecordedEvents::default(),
            frames: Frames::new(bytes, header),
            at: Progress::default(),
            sync: header.sync,
            closed: false,
        }
    }

    /// Applies all good frames before an offset, and compares the snapshots that it meets.
    pub(super) fn run(&mut self, limit: usize, beside: &mut [Beside]) -> Result<Stop, Refusal> {
        self.meet(beside)?;
        loop {
            (self.at.length, self.at.link) = (wide(self.frames.at), self.frames.link());
            if self.frames.at >= limit {
                return Ok(Stop::End);
            }
            let (frame, body) = match self.frames.peek() {
                Ok(next) => next,
                Err(Stopped::End) => return Ok(Stop::End),
                Err(Stopped::NoFrame) => return Ok(Stop::NoFrame),
                Err(Stopped::Link) => return Ok(Stop::Link),
                Err(Stopped::Body) => {
                    let reason = "it says nothing that is known".to_owned();
                    return Ok(Stop::Refused { reason, partly: false });
                }
            };
            if let Err(reason) = self.take(&body, beside)? {
                let partly = matches!(body, Body::Events { .. });
                return Ok(Stop::Refused { reason, partly });
            }
            self.frames.accept(&frame);
            self.at.frames = self.at.frames.saturating_add(1);
            self.at.events = self.ledger.account.events;
            self.closed = matches!(body, Body::Close(_));
        }
    }

    /// Does what a frame says; or says why that cannot be.
    pub(super) fn take(
        &mut self,
        body: &Body<'_>,
        beside: &mut [Beside],
    ) -> Result<Result<(), String>, Refusal> {
        let events = self.ledger.account.events;
        let wrong = |said: u64| format!("it counts {said} events, and {events} came before it");
        match *body {
            Body::Events { count, bytes } => return self.apply((count, bytes), beside),
            Body::Synced { offset } if offset > wide(self.frames.at) => {
                return Ok(Err("it speaks of bytes behind it".to_owned()));
            }
            Body::Synced { .. } => {}
            Body::Opened { events: said, .. } if said != events => return Ok(Err(wrong(said))),
            Body::Opened { sync, .. } => self.sync = sync,
            Body::Digest(total) | Body::Close(total) | Body::Snapshot { total, .. } => {
                if total.events != events {
                    return Ok(Err(wrong(total.events)));
                }
                if !self.has_digest(&total)? {
                    return Ok(Err(format!("the digest of {events} events is another")));
                }
                self.at.digest_at = events;
                if matches!(body, Body::Snapshot { .. }) {
                    self.at.snapshot_at = events;
                }
            }
        }
        Ok(Ok(()))
    }

    fn has_digest(&mut self, total: &Total<'_>) -> Result<bool, Refusal> {
        Ok(self.ledger.digest_bytes()? == *total.digest)
    }

    /// Applies the events of a frame. A snapshot may lie between them, as a salvaged journal has
    /// the events of many calls in one frame.
    fn apply(
        &mut self,
        (count, bytes): (u64, &[u8]),
        beside: &mut [Beside],
    ) -> Result<Result<(), String>, Refusal> {
        let (before, mark) = (self.ledger.account.events, self.ledger.events.mark());
        let mut decoder = Decoder(bytes);
        while !decoder.is_empty() {
            let applied = next_event(&mut self.ledger, &mut self.recorded, &mut decoder)?;
            if let Err(reason) = applied {
                return Ok(Err(reason));
            }
            self.meet(beside)?;
        }
        let mut rest = Some(bytes);
        for part in self.ledger.events.since(mark) {
            rest = rest.and_then(|rest| rest.strip_prefix(part));
        }
        if rest != Some(&[]) {
            return Ok(Err("its events are not written as they would be".to_owned()));
        }
        let done = self.ledger.account.events.saturating_sub(before);
        if done != count {
            return Ok(Err(format!("it counts {count} events, and has {done}")));
        }
        Ok(Ok(()))
    }

    /// Compares the snapshots of this number of events.
    fn meet(&mut self, beside: &mut [Beside]) -> Result<(), Refusal> {
        let events = self.ledger.account.events;
        for beside in beside.iter_mut().filter(|beside| beside.events == events) {
            let Ok(outline) = &beside.outline else { continue };
            if beside.alike.is_none() {
                let image = self.ledger.to_image(outline.salt, outline.floats)?;
                beside.alike = Some(are_alike(&image, &beside.bytes));
            }
        }
        Ok(())
    }
}

/// Applies one event, or says why that cannot be.
pub(super) fn next_event(
    ledger: &mut Ledger,
    recorded: &mut RecordedEvents,
    decoder: &mut Decoder<'_>,
) -> Result<Result<(), String>, Refusal> {
    let Err(reason) = ledger.apply_recorded(recorded, decoder) else { return Ok(Ok(())) };
    if reason.starts_with(&format!("[{}]", Code::OutOfMemory.number())) {
        return Err(Refusal::OutOfMemory { bytes: 0 });
    }
    let number = ledger.account().events.saturating_add(1);
    Ok(Err(format!("event {number}: {reason}")))
}
