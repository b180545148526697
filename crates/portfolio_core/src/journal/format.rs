//! The bytes of a journal: its header and its frames (SPEC rules J1 and J2).
//!
//! Each frame carries the crc of the one before it (its link), and its own crc covers the salt of
//! the file as well. So a frame of another journal, or one that was moved, left out or written
//! twice, is none. A marker in front lets the frames behind a damaged place be found.

use std::collections::TryReserveError;

use crate::codec::Decoder;

/// What a journal starts with.
pub(crate) const MAGIC: [u8; 8] = *b"OMEGAJNL";
/// The version that is written.
pub(crate) const VERSION: u16 = 1;
/// The bytes of the header before the configuration.
const HEAD: usize = 32;
/// The bytes of a frame before its body.
pub(crate) const FRAME: usize = 16;
/// The most bytes of a configuration.
const CONFIGURATION_MAX: usize = 256;
/// How many times the length of a file is read at most in a search for frames that are none.
const IN_VAIN: usize = 64;
/// The most bytes of a body.
pub(crate) const BODY_MAX: usize = 1 << 30;

/// When what was written is on the disk (SPEC rule J3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SyncMode {
    /// Some time.
    Off,
    /// When the operating system likes.
    #[default]
    Os,
    /// A moment later.
    Interval,
    /// Before the call answers.
    Always,
}

impl SyncMode {
    /// All of them, in the order of their bytes.
    pub const ALL: [Self; 4] = [Self::Off, Self::Os, Self::Interval, Self::Always];

    /// Its byte.
    #[must_use]
    pub const fn byte(self) -> u8 {
        match self {
            Self::Off => 0,
            Self::Os => 1,
            Self::Interval => 2,
            Self::Always => 3,
        }
    }

    /// The one of a byte.
    #[must_use]
    pub fn of_byte(byte: u8) -> Option<Self> {
        Self::ALL.get(usize::from(byte)).copied()
    }

    /// Its word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Os => "os",
            Self::Interval => "interval",
            Self::Always => "always",
        }
    }

    /// The one of a word.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|mode| mode.word() == word)
    }
}

/// The header of a journal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header<'a> {
    pub(crate) sync: SyncMode,
    pub(crate) salt: [u8; 16],
    pub(crate) configuration: &'a [u8],
    /// How many bytes it has.
    pub(crate) length: usize,
    /// What the first frame is linked to.
    pub(crate) crc: u32,
}

/// Why bytes are no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HeaderFault {
    /// They may be the beginning of one.
    Short,
    /// They are something else.
    Magic,
    /// A later version.
    Newer(u16),
    /// A byte of it is not what was written.
    Damaged,
}

impl<'a> Header<'a> {
    /// The header of these bytes.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Self, HeaderFault> {
        let start = bytes.get(..MAGIC.len()).unwrap_or(bytes);
        if !MAGIC.starts_with(start) {
            return Err(HeaderFault::Magic);
        }
        let version = Self::version_of(bytes).ok_or(HeaderFault::Short)?;
        if version > VERSION {
            return Err(HeaderFault::Newer(version));
        }
        let salt = array(bytes, 16).ok_or(HeaderFault::Short)?;
        let length = array(bytes, 12).map(u32::from_le_bytes).ok_or(HeaderFault::Short)?;
        let length = usize::try_from(length).map_err(|_| HeaderFault::Damaged)?;
        let end = HEAD.saturating_add(length);
        let Some(crc) = array(bytes, end).map(u32::from_le_bytes) else {
            // A length that was damaged must not make a journal look as if it had never begun.
            let begun = length > CONFIGURATION_MAX || Salted::new(&salt).any_frame(bytes);
            return Err(if begun { HeaderFault::Damaged } else { HeaderFault::Short });
        };
        let (&sync, &zero) = bytes.get(10).zip(bytes.get(11)).ok_or(HeaderFault::Short)?;
        let configuration = bytes.get(HEAD..end).ok_or(HeaderFault::Short)?;
        let right = crc32c::crc32c(bytes.get(..end).unwrap_or_default()) == crc;
        let sync = SyncMode::of_byte(sync).filter(|_| right && zero == 0 && version == VERSION);
        let sync = sync.ok_or(HeaderFault::Damaged)?;
        Ok(Self { sync, salt, configuration, length: end.saturating_add(4), crc })
    }

    /// The version, if these are the bytes of a journal.
    pub(crate) fn version_of(bytes: &[u8]) -> Option<u16> {
        array(bytes, 8).map(u16::from_le_bytes).filter(|_| bytes.starts_with(&MAGIC))
    }

    /// Where the salt is, whether the rest is right or not.
    pub(crate) fn salt_of(bytes: &[u8]) -> Option<[u8; 16]> {
        array(bytes, 16)
    }
}

/// The bytes of a header.
pub(crate) fn header_bytes(sync: SyncMode, salt: &[u8; 16], configuration: &[u8]) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&[sync.byte(), 0]);
    bytes.extend_from_slice(&length_of(configuration).to_le_bytes());
    bytes.extend_from_slice(salt);
    bytes.extend_from_slice(configuration);
    let crc = crc32c::crc32c(&bytes);
    bytes.extend_from_slice(&crc.to_le_bytes());
    bytes
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk::<N>().copied()
}

fn length_of(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len()).unwrap_or(u32::MAX)
}

/// What the frames of one journal have in common.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Salted {
    marker: [u8; 4],
    crc: u32,
}

/// A frame whose marker, length and crc are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame<'a> {
    pub(crate) link: u32,
    pub(crate) crc: u32,
    pub(crate) body: &'a [u8],
    /// Where the next one starts.
    pub(crate) end: usize,
}

impl Salted {
    pub(crate) fn new(salt: &[u8; 16]) -> Self {
        let [a, b, c, d, ..] = *salt;
        Self { marker: [a, b, c, d], crc: crc32c::crc32c(salt) }
    }

    /// Appends a frame; answers its crc, which the next one is linked to.
    pub(crate) fn put(
        self,
        frames: &mut Vec<u8>,
        link: u32,
        (head, parts): (&[u8], &[&[u8]]),
    ) -> Result<u32, TryReserveError> {
        let body = parts.iter().fold(head.len(), |sum, part| sum.saturating_add(part.len()));
        frames.try_reserve(body.saturating_add(FRAME))?;
        let counted = [u32::try_from(body).unwrap_or(u32::MAX).to_le_bytes(), link.to_le_bytes()];
        let counted = counted.as_flattened();
        let crc = crc32c::crc32c_append(self.crc, counted);
        let crc = crc32c::crc32c_append(crc, head);
        let crc = parts.iter().fold(crc, |crc, part| crc32c::crc32c_append(crc, part));
        frames.extend_from_slice(&self.marker);
        frames.extend_from_slice(counted);
        frames.extend_from_slice(&crc.to_le_bytes());
        frames.extend_from_slice(head);
        for part in parts {
            frames.extend_from_slice(part);
        }
        Ok(crc)
    }

    /// The frame at a place, whatever its link, if there is one.
    pub(crate) fn frame_at(self, bytes: &[u8], at: usize) -> Option<Frame<'_>> {
        let (frame, is_right) = self.candidate(bytes, at)?;
        is_right.then_some(frame)
    }

    /// What may be a frame by its marker and its length, and whether its crc is right.
    fn candidate(self, bytes: &[u8], at: usize) -> Option<(Frame<'_>, bool)> {
        let (marker, rest) = bytes.get(at..)?.split_first_chunk::<4>()?;
        let (counted, rest) = rest.split_first_chunk::<8>()?;
        let (crc, rest) = rest.split_first_chunk::<4>()?;
        let (n, link) = counted.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_le_bytes(*n)).ok()?;
        let body = rest.get(..length)?;
        let crc = u32::from_le_bytes(*crc);
        if *marker != self.marker || length == 0 || length > BODY_MAX {
            return None;
        }
        let right = crc32c::crc32c_append(crc32c::crc32c_append(self.crc, counted), body) == crc;
        let link = u32::from_le_bytes(*link.first_chunk()?);
        let end = at.saturating_add(FRAME).saturating_add(length);
        Some((Frame { link, crc, body, end }, right))
    }

    /// Whether there is a frame anywhere, as far as can be told.
    pub(crate) fn any_frame(self, bytes: &[u8]) -> bool {
        let mut search = self.search(bytes, HEAD);
        search.next().is_some() || search.gave_up
    }

    /// All frames at or behind a place.
    pub(crate) fn search(self, bytes: &[u8], from: usize) -> Search<'_> {
        let left = bytes.len().saturating_mul(IN_VAIN);
        Search { salted: self, bytes, from, left, gave_up: false }
    }

    /// The next place at or behind `from` where a frame may start.
    fn next_marker(self, bytes: &[u8], from: usize) -> Option<usize> {
        let rest = bytes.get(from..)?;
        let found = rest.windows(4).position(|window| window == self.marker)?;
        Some(from.saturating_add(found))
    }
}

/// Frames with where they start, whatever their links. A file that was made for it has a marker at
/// every few bytes and no right crc: the search gives up when too much was read in vain.
#[derive(Debug)]
pub(crate) struct Search<'a> {
    salted: Salted,
    bytes: &'a [u8],
    from: usize,
    /// How many bytes of bodies may still turn out to be none.
    left: usize,
    /// Whether it has ended before the end of the file.
    pub(crate) gave_up: bool,
}

impl<'a> Iterator for Search<'a> {
    type Item = (usize, Frame<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(at) = self.salted.next_marker(self.bytes, self.from) {
            self.from = at.saturating_add(1);
            match self.salted.candidate(self.bytes, at) {
                Some((frame, true)) => {
                    self.from = frame.end;
                    return Some((at, frame));
                }
                Some((frame, false)) => match self.left.checked_sub(frame.body.len()) {
                    Some(left) => self.left = left,
                    None => {
                        self.gave_up = true;
                        break;
                    }
                },
                None => {}
            }
        }
        self.from = self.bytes.len();
        None
    }
}

/// The kinds of frames.
pub(crate) mod kind {
    pub(crate) const EVENT: u8 = 1;
    pub(crate) const BATCH: u8 = 2;
    pub(crate) const DIGEST: u8 = 3;
    pub(crate) const SNAPSHOT: u8 = 4;
    pub(crate) const CLOSE: u8 = 5;
    pub(crate) const OPENED: u8 = 6;
    pub(crate) const SYNCED: u8 = 7;
}

/// How many events there are so far, and what they came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Total<'a> {
    pub(crate) events: u64,
    pub(crate) digest: &'a [u8; 32],
}

/// What a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Body<'a> {
    /// So many events, all or none.
    Events { count: u64, bytes: &'a [u8] },
    /// What the events so far came to.
    Digest(Total<'a>),
    /// There is a snapshot with this crc and this name.
    Snapshot { total: Total<'a>, crc: u32, name: &'a str },
    /// Nothing follows, but for an opening.
    Close(Total<'a>),
    /// It was opened again.
    Opened { sync: SyncMode, events: u64 },
    /// So many bytes are on the disk.
    Synced { offset: u64 },
}

impl<'a> Body<'a> {
    /// What a body says, if it is one.
    pub(crate) fn read(body: &'a [u8]) -> Option<Self> {
        let (&kind, rest) = body.split_first()?;
        match kind {
            kind::EVENT => Some(Self::Events { count: 1, bytes: rest }),
            kind::BATCH => {
                let mut decoder = Decoder(rest);
                let count = decoder.number().ok()?;
                Some(Self::Events { count, bytes: decoder.0 })
            }
            kind::DIGEST => whole(total(rest)?).map(Self::Digest),
            kind::CLOSE => whole(total(rest)?).map(Self::Close),
            kind::SNAPSHOT => {
                let (total, rest) = total(rest)?;
                let (crc, rest) = rest.split_first_chunk()?;
                let mut decoder = Decoder(rest);
                let name = decoder.text().ok()?;
                let crc = u32::from_le_bytes(*crc);
                decoder.is_empty().then_some(Self::Snapshot { total, crc, name })
            }
            kind::OPENED => {
                let (&sync, rest) = rest.split_first()?;
                let events = u64::from_le_bytes(rest.try_into().ok()?);
                Some(Self::Opened { sync: SyncMode::of_byte(sync)?, events })
            }
            kind::SYNCED => {
                Some(Self::Synced { offset: u64::from_le_bytes(rest.try_into().ok()?) })
            }
            _ => None,
        }
    }

    /// The number of events so far, where it says that.
    pub(crate) const fn events_so_far(&self) -> Option<u64> {
        match self {
            Self::Digest(total) | Self::Close(total) | Self::Snapshot { total, .. } => {
                Some(total.events)
            }
            Self::Opened { events, .. } => Some(*events),
            Self::Events { .. } | Self::Synced { .. } => None,
        }
    }
}

fn total(bytes: &[u8]) -> Option<(Total<'_>, &[u8])> {
    let (events, rest) = bytes.split_first_chunk()?;
    let (digest, rest) = rest.split_first_chunk()?;
    Some((Total { events: u64::from_le_bytes(*events), digest }, rest))
}

fn whole<'a>((total, rest): (Total<'a>, &[u8])) -> Option<Total<'a>> {
    rest.is_empty().then_some(total)
}
