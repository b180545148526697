//! The frames of a journal one after the other, and what is behind the place where they end (SPEC
//! rules J7 and J8). Whether their events are accepted is not asked here.

use super::format::{Body, Frame, Header, Salted, SyncMode};

/// Reads good frames in order.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Frames<'a> {
    bytes: &'a [u8],
    salted: Salted,
    /// Where the next frame starts: everything before it is good.
    pub(crate) at: usize,
    link: u32,
}

/// Why there is no good frame at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stopped {
    /// All bytes were read.
    End,
    /// There is no frame.
    NoFrame,
    /// It is linked to another frame than the one before it.
    Link,
    /// It is whole, and says nothing that is known.
    Body,
}

impl<'a> Frames<'a> {
    /// The frames behind a header.
    pub(crate) fn new(bytes: &'a [u8], header: &Header<'_>) -> Self {
        let salted = Salted::new(&header.salt);
        Self { bytes, salted, at: header.length, link: header.crc }
    }

    /// The frames from a place on, of which the first is linked to that crc.
    pub(crate) fn from(bytes: &'a [u8], salt: &[u8; 16], (at, link): (usize, u32)) -> Self {
        Self { bytes, salted: Salted::new(salt), at, link }
    }

    /// The next frame, without going on.
    pub(crate) fn peek(&self) -> Result<(Frame<'a>, Body<'a>), Stopped> {
        if self.at >= self.bytes.len() {
            return Err(Stopped::End);
        }
        let frame = self.salted.frame_at(self.bytes, self.at).ok_or(Stopped::NoFrame)?;
        if frame.link != self.link {
            return Err(Stopped::Link);
        }
        let body = Body::read(frame.body).ok_or(Stopped::Body)?;
        Ok((frame, body))
    }

    /// Goes on behind a frame.
    pub(crate) fn accept(&mut self, frame: &Frame<'_>) {
        (self.at, self.link) = (frame.end, frame.crc);
    }

    /// What the next frame has to be linked to.
    pub(crate) const fn link(&self) -> u32 {
        self.link
    }

    /// What is at and behind the place where the good frames end.
    pub(crate) fn behind(&self) -> Behind<'a> {
        let mut search = self.salted.search(self.bytes, self.at);
        let frames = search.by_ref().collect();
        Behind { frames, gave_up: search.gave_up }
    }
}

/// The frames behind a damaged place, with where they start, whatever their links.
#[derive(Debug)]
pub(crate) struct Behind<'a> {
    pub(crate) frames: Vec<(usize, Frame<'a>)>,
    /// Whether the search has ended before the end of the file: there may be more of them.
    pub(crate) gave_up: bool,
}

impl<'a> Behind<'a> {
    /// Whether bytes without a good frame at a place are what a cut write leaves.
    pub(crate) fn is_torn(&self, place: usize, sync: SyncMode) -> bool {
        if self.gave_up {
            return false;
        }
        if sync != SyncMode::Interval {
            return self.frames.is_empty();
        }
        let place = u64::try_from(place).unwrap_or(u64::MAX);
        self.bodies().all(|(_, body)| match body {
            Body::Events { .. } => true,
            Body::Synced { offset } => offset <= place,
            _ => false,
        })
    }

    /// The frames that say something.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = (Frame<'a>, Body<'a>)> {
        self.frames.iter().filter_map(|&(_, frame)| Some((frame, Body::read(frame.body)?)))
    }

    /// Where the first frame starts that names the image of a crc, and what it is linked to.
    pub(crate) fn naming(&self, crc: u32) -> Option<(usize, u32)> {
        let names = |frame: &Frame<'a>| match Body::read(frame.body) {
            Some(Body::Snapshot { crc: named, .. }) => named == crc,
            _ => false,
        };
        let named = self.frames.iter().find(|(_, frame)| names(frame));
        named.map(|&(start, frame)| (start, frame.link))
    }

    /// How many events there were in all, as far as a frame tells.
    pub(crate) fn events_in_all(&self) -> Option<u64> {
        if self.gave_up {
            return None;
        }
        self.bodies().fold(None, |told, (_, body)| match body {
            Body::Events { count, .. } => told.map(|events: u64| events.saturating_add(count)),
            body => body.events_so_far().or(told),
        })
    }
}
