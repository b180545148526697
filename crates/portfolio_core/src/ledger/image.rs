//! A portfolio as one block of bytes: for pickles, copies and snapshots (SPEC rule J11).
//!
//! An image is not a dump of memory. It has the events and what they led to; reading it is a replay
//! whose state and digest have to be those that were written. So nothing in it is trusted.

use std::fmt;

use super::decode::RecordedEvents;
use super::{Configuration, Ledger, OffGrid};
use crate::codec::Decoder;
use crate::refusal::Refusal;

const MAGIC: &[u8; 8] = b"OMEGAIMG";
const VERSION: u16 = 1;
/// Magic, version, salt, what becomes of floats and of numbers off their grids, and four lengths.
const HEADER: usize = 62;
/// Digest and crc.
const TRAILER: usize = 36;

/// A portfolio that was read.
#[derive(Debug)]
pub struct Image {
    /// The portfolio.
    pub ledger: Ledger,
    /// The salt of its journal, zeros without one.
    pub salt: [u8; 16],
    /// What becomes of floats: 0 nearest, 1 strict.
    pub floats: u8,
}

/// Why bytes are no image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ImageError {
    /// They do not start as one.
    NotAnImage,
    /// A later version wrote them.
    Newer {
        /// Which.
        version: u16,
    },
    /// There are more or fewer of them than the header says.
    Length {
        /// How many there are.
        found: usize,
    },
    /// The crc over all of them is another.
    Checksum,
    /// What the header says cannot be.
    Header {
        /// What it is about.
        what: &'static str,
    },
    /// An event is damaged or refused.
    Event {
        /// Which, from 1.
        number: u64,
        /// Why.
        reason: String,
    },
    /// The events lead to something else than what was written.
    Differs {
        /// To what.
        what: &'static str,
    },
    /// There is no memory for it.
    OutOfMemory,
}

impl fmt::Display for ImageError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAnImage => formatter.write_str("no image of a portfolio"),
            Self::Newer { version } => write!(formatter, "version {version}, known is {VERSION}"),
            Self::Length { found } => write!(formatter, "{found} bytes, which are not all of it"),
            Self::Checksum => formatter.write_str("the checksum is another"),
            Self::Header { what } => write!(formatter, "a {what} that cannot be"),
            Self::Event { number, reason } => write!(formatter, "event {number}: {reason}"),
            Self::Differs { what } => write!(formatter, "its events lead to another {what}"),
            Self::OutOfMemory => formatter.write_str("no memory for it"),
        }
    }
}

impl std::error::Error for ImageError {}

impl Ledger {
    /// The portfolio as one block of bytes, `floats` being what its bindings make of floats.
    ///
    /// # Errors
    /// [`Refusal::OutOfMemory`].
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::ledger::{Configuration, Ledger, image};
    /// use portfolio_core::numbers::Money;
    ///
    /// let mut ledger = Ledger::new(Configuration::new(Money::parse("1000")?))?;
    /// let bytes = ledger.to_image([0; 16], 0)?;
    /// let mut copy = image::read(&bytes)?.ledger;
    /// assert_eq!(copy.digest()?, ledger.digest()?);
    /// assert!(image::read(&bytes[..80]).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_image(&mut self, salt: [u8; 16], floats: u8) -> Result<Vec<u8>, Refusal> {
        self.image_and_digest(salt, floats).map(|(image, _digest)| image)
    }

    /// The same, and the digest that is in it, which costs as much as its state.
    pub(super) fn image_and_digest(
        &mut self,
        salt: [u8; 16],
        floats: u8,
    ) -> Result<(Vec<u8>, [u8; 32]), Refusal> {
        let configuration = self.configuration.canonical_bytes()?;
        let state = self.state_bytes()?;
        let digest = self.digest_with(&state);
        let events: usize = self.events.chunks().map(<[u8]>::len).sum();
        let parts = [HEADER, configuration.len(), events, state.len(), TRAILER];
        let mut image = Vec::new();
        image.try_reserve_exact(parts.iter().fold(0, |sum, part| sum.saturating_add(*part)))?;
        image.extend_from_slice(MAGIC);
        image.extend_from_slice(&VERSION.to_le_bytes());
        image.extend_from_slice(&[0; 2]);
        image.extend_from_slice(&salt);
        image.extend_from_slice(&[floats, u8::from(self.configuration.off_grid == OffGrid::Round)]);
        for length in [configuration.len(), events] {
            image.extend_from_slice(&wide(length));
        }
        image.extend_from_slice(&self.account.events.to_le_bytes());
        image.extend_from_slice(&wide(state.len()));
        image.extend_from_slice(&configuration);
        self.events.chunks().for_each(|chunk| image.extend_from_slice(chunk));
        image.extend_from_slice(&state);
        image.extend_from_slice(&digest);
        let crc = crc32c::crc32c(&image);
        image.extend_from_slice(&crc.to_le_bytes());
        Ok((image, digest))
    }
}

fn wide(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_le_bytes()
}

/// Reads an image: lengths and crc first, then a replay that has to lead to the same state.
///
/// # Errors
/// The first thing that is not as it was written.
pub fn read(bytes: &[u8]) -> Result<Image, ImageError> {
    let parts = Parts::of(bytes)?;
    let configuration = Configuration::from_canonical(parts.configuration)
        .ok_or(ImageError::Header { what: "configuration" })?;
    let configuration = Configuration { off_grid: parts.off_grid, ..configuration };
    let mut ledger = Ledger::new(configuration).map_err(|refusal| match refusal {
        Refusal::OutOfMemory { .. } => ImageError::OutOfMemory,
        _ => ImageError::Header { what: "configuration" },
    })?;
    let (mut events, mut decoder) = (RecordedEvents::default(), Decoder(parts.events));
    while !decoder.is_empty() {
        let number = ledger.account.events.wrapping_add(1);
        ledger
            .apply_recorded(&mut events, &mut decoder)
            .map_err(|reason| ImageError::Event { number, reason })?;
    }
    ledger.rounded = 0;
    let differs = |what| Err(ImageError::Differs { what });
    if ledger.account.events != parts.count || !ledger.has_recorded(parts.events) {
        return differs("list of events");
    }
    let state = ledger.state_bytes().map_err(|_| ImageError::OutOfMemory)?;
    if state != parts.state {
        return differs("state");
    }
    if ledger.digest_with(&state) != parts.digest {
        return differs("digest");
    }
    Ok(Image { ledger, salt: parts.salt, floats: parts.floats })
}

impl Ledger {
    /// Whether these are the recorded events, to the byte.
    fn has_recorded(&self, events: &[u8]) -> bool {
        let mut rest = Some(events);
        for chunk in self.events.chunks() {
            rest = rest.and_then(|rest| rest.strip_prefix(chunk));
        }
        rest.is_some_and(<[u8]>::is_empty)
    }
}

/// What an image consists of.
struct Parts<'a> {
    salt: [u8; 16],
    floats: u8,
    off_grid: OffGrid,
    count: u64,
    configuration: &'a [u8],
    events: &'a [u8],
    state: &'a [u8],
    digest: [u8; 32],
}

/// Takes fixed parts and lengths off the front of bytes.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    fn number(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    fn slice(&mut self, length: u64) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(head)
    }
}

impl<'a> Parts<'a> {
    fn of(bytes: &'a [u8]) -> Result<Self, ImageError> {
        let cut = ImageError::Length { found: bytes.len() };
        let mut reader = Reader(bytes);
        if reader.array().as_ref() != Some(MAGIC) {
            return Err(ImageError::NotAnImage);
        }
        let version = reader.array().map(u16::from_le_bytes).ok_or(cut.clone())?;
        if version > VERSION {
            return Err(ImageError::Newer { version });
        }
        let (parts, flags) = Self::split(&mut reader).ok_or(cut)?;
        let crc = bytes.split_last_chunk::<4>().map(|(all, crc)| (crc32c::crc32c(all), *crc));
        if crc.is_none_or(|(computed, written)| computed.to_le_bytes() != written) {
            return Err(ImageError::Checksum);
        }
        let (reserved, off_grid) = flags;
        let off_grid = match off_grid {
            0 => OffGrid::Refuse,
            1 => OffGrid::Round,
            _ => return Err(ImageError::Header { what: "off_grid" }),
        };
        if version != VERSION || reserved != 0 {
            return Err(ImageError::Header { what: "version" });
        }
        if parts.floats > 1 {
            return Err(ImageError::Header { what: "floats" });
        }
        Ok(Self { off_grid, ..parts })
    }

    /// The parts by their lengths, with the bytes that stand for nothing else than themselves.
    fn split(reader: &mut Reader<'a>) -> Option<(Self, (u16, u8))> {
        let reserved = u16::from_le_bytes(reader.array()?);
        let salt = reader.array()?;
        let [floats, off_grid] = reader.array()?;
        let lengths = (reader.number()?, reader.number()?);
        let (count, state) = (reader.number()?, reader.number()?);
        let parts = Self {
            salt,
            floats,
            off_grid: OffGrid::Refuse,
            count,
            configuration: reader.slice(lengths.0)?,
            events: reader.slice(lengths.1)?,
            state: reader.slice(state)?,
            digest: reader.array()?,
        };
        let _crc: [u8; 4] = reader.array()?;
        reader.0.is_empty().then_some((parts, (reserved, off_grid)))
    }
}
