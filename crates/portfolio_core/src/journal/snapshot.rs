//! Snapshots: images of the portfolio beside its journal, of which the newest two are kept (SPEC
//! rule J10).

use std::io;

use super::aside::{aside_name, given_up, write_aside};
use super::disk::Disk;
use super::error::JournalError;
use super::format::kind;
use super::writer::Journal;
use crate::codec::Bytes;

/// How many are kept.
const KEPT: usize = 2;
/// What stands between the name of the journal and the number of events.
const BETWEEN: &str = ".snapshot-";

/// The name of a snapshot.
pub(super) fn name_of(journal: &str, events: u64) -> String {
    format!("{journal}{BETWEEN}{events}")
}

/// The number of events in the name of a snapshot, if it is one of this journal.
pub(super) fn events_of(journal: &str, name: &str) -> Option<u64> {
    let digits = name.strip_prefix(journal)?.strip_prefix(BETWEEN)?;
    let events = digits.parse().ok()?;
    (name_of(journal, events) == name).then_some(events)
}

/// The snapshots among these names, by their number of events.
pub(super) fn among(journal: &str, names: &[String]) -> Vec<(u64, String)> {
    let numbered = |name: &String| Some((events_of(journal, name)?, name.clone()));
    let mut found: Vec<_> = names.iter().filter_map(numbered).collect();
    found.sort_unstable();
    found
}

/// What stands for the bytes of an image: the crc at its end.
pub(super) fn crc_of(image: &[u8]) -> u32 {
    image.last_chunk().map_or(0, |crc| u32::from_le_bytes(*crc))
}

/// What the head of an image says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Outline {
    pub(super) salt: [u8; 16],
    pub(super) floats: u8,
    pub(super) events: u64,
}

/// The head of an image whose crc is right.
pub(super) fn outline(image: &[u8]) -> Result<Outline, &'static str> {
    let (all, crc) = image.split_last_chunk::<4>().ok_or("it is cut")?;
    if crc32c::crc32c(all).to_le_bytes() != *crc {
        return Err("its checksum is another");
    }
    let head = all.first_chunk::<54>().filter(|head| head.starts_with(b"OMEGAIMG"));
    let (rest, events) = head.and_then(|head| head.split_last_chunk()).ok_or("it is no image")?;
    let version = rest.get(8..10).filter(|&version| version == [1, 0]);
    version.ok_or("a later version wrote it")?;
    let salt = rest.get(12..).and_then(<[u8]>::first_chunk).ok_or("it is no image")?;
    let floats = rest.get(28).ok_or("it is no image")?;
    Ok(Outline { salt: *salt, floats: *floats, events: u64::from_le_bytes(*events) })
}

/// The configuration and the events of an image.
pub(super) fn parts(image: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = |at: usize| {
        let length = image.get(at..)?.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))?;
        usize::try_from(length).ok()
    };
    let (configuration, events) = (length(30)?, length(38)?);
    let (configuration, rest) = image.get(62..)?.split_at_checked(configuration)?;
    Some((configuration, rest.get(..events)?))
}

/// Whether two images are the same but for what becomes of numbers off their grids, and the crc
/// that this changes.
pub(super) fn are_alike(one: &[u8], other: &[u8]) -> bool {
    type Parts<'a> = Option<(&'a [u8], &'a [u8])>;
    fn parts(image: &[u8]) -> Parts<'_> {
        let (all, _crc) = image.split_last_chunk::<4>()?;
        Some((all.get(..29)?, all.get(30..)?))
    }
    parts(one).is_some() && parts(one) == parts(other)
}

/// A snapshot that lies beside a journal.
#[derive(Debug)]
pub(super) struct Beside {
    pub(super) name: String,
    /// The number in its name.
    pub(super) events: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) outline: Result<Outline, String>,
    /// Whether the journal's events lead to the same, if they were asked.
    pub(super) alike: Option<bool>,
}

/// All snapshots beside a journal, by their number of events.
pub(super) fn beside(disk: &dyn Disk, journal: &str) -> io::Result<Vec<Beside>> {
    let mut all = Vec::new();
    for (events, name) in among(journal, &disk.names()?) {
        let (bytes, outline) = match disk.read(&name) {
            Ok(bytes) => {
                let outline = outline(&bytes).map_err(str::to_owned);
                (bytes, outline)
            }
            Err(error) => (Vec::new(), Err(format!("reading it failed: {error}"))),
        };
        let outline = match outline {
            Ok(outline) if outline.events != events => {
                Err("its name has another number".to_owned())
            }
            outline => outline,
        };
        all.push(Beside { name, events, bytes, outline, alike: None });
    }
    Ok(all)
}

impl Journal {
    /// Writes a snapshot, an image of so many events with that digest; answers its path. The
    /// snapshots before the last two good ones are removed.
    ///
    /// # Errors
    /// As [`Journal::append`]; nothing more is written then.
    pub fn snapshot(
        &mut self,
        events: u64,
        digest: &[u8; 32],
        image: &[u8],
    ) -> Result<String, JournalError> {
        // A snapshot must not be ahead of its journal, whatever is lost.
        self.flush()?;
        let name = name_of(&self.place.name, events);
        self.write_snapshot(&name, image)?;
        let mut text = Bytes::default();
        if text.reserve(name.len().saturating_add(16)).is_err() {
            return Err(self.too_large());
        }
        text.append(|encoder| encoder.text(&name));
        let crc = crc_of(image).to_le_bytes();
        self.note(kind::SNAPSHOT, &[&events.to_le_bytes(), digest, &crc, text.as_slice()])?;
        // In mode off as well: a frame that names the snapshot leads over a damage.
        self.hand_over(true)?;
        (self.at.snapshot_at, self.at.digest_at) = (events, events);
        self.at.snapshots.retain(|kept| *kept != name);
        self.at.snapshots.push(name.clone());
        self.remove_old()?;
        Ok(self.place.disk.path(&name))
    }

    fn write_snapshot(&mut self, name: &str, image: &[u8]) -> Result<(), JournalError> {
        let disk = self.place.disk.as_ref();
        let aside = aside_name(&self.place.name, name);
        let written = write_aside(disk, &aside, image).and_then(|file| {
            drop(file);
            disk.rename(&aside, name).map_err(|error| given_up(disk, &aside, error))?;
            disk.sync_folder()
        });
        written.map_err(|error| self.fail_beside("writing a snapshot", &error))
    }

    /// Removes what is older than the newest good snapshots, good or damaged.
    fn remove_old(&mut self) -> Result<(), JournalError> {
        let names = self.place.disk.names();
        let names = names.map_err(|error| self.fail_beside("removing an old snapshot", &error))?;
        let there = among(&self.place.name, &names);
        // Somebody else may have tidied up.
        self.at.snapshots.retain(|kept| there.iter().any(|(_, name)| name == kept));
        let surplus = self.at.snapshots.len().saturating_sub(KEPT);
        self.at.snapshots.drain(..surplus);
        let oldest = self.at.snapshots.first().filter(|_| self.at.snapshots.len() == KEPT);
        let Some(oldest) = oldest.and_then(|name| events_of(&self.place.name, name)) else {
            return Ok(());
        };
        for (_, name) in there.iter().filter(|(events, _)| *events < oldest) {
            match self.place.disk.remove(name) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(self.fail_beside("removing an old snapshot", &error)),
                Ok(()) => {}
            }
        }
        Ok(())
    }
}
