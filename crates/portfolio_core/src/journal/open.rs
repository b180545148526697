//! A journal from its beginning on, or from where it was left (SPEC rules J5, J9 and J10).

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::time::Duration;

use super::aside::{aside_name, given_up, sweep, write_aside};
use super::disk::{Disk, DiskFile};
use super::error::{Fault, JournalError};
use super::format::{SyncMode, header_bytes, kind};
use super::recover::{Restored, restore};
use super::report::{Recovery, Verdict};
use super::writer::{Journal, Place, Progress, Settings};
use super::{salvage, snapshot};
use crate::ledger::{Ledger, OffGrid};
use crate::refusal::Refusal;

/// How an existing journal is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening {
    /// How it is written from now on; nothing: as it was written last.
    pub sync: Option<SyncMode>,
    /// The time of mode `interval`.
    pub sync_interval: Duration,
    /// After how many events there is a snapshot of itself.
    pub snapshot_every: Option<u64>,
    /// What the bindings make of floats.
    pub floats: u8,
    /// What becomes of numbers off their grids from now on.
    pub off_grid: OffGrid,
    /// How many rows the equity history is expected to have.
    pub capacity: Option<usize>,
    /// Whether a corrupt journal is written anew from what is good of it.
    pub salvage: bool,
}

impl Default for Opening {
    fn default() -> Self {
        let Settings { sync_interval, snapshot_every, floats, .. } = Settings::default();
        Self {
            sync: None,
            sync_interval,
            snapshot_every,
            floats,
            off_grid: OffGrid::Refuse,
            capacity: None,
            salvage: false,
        }
    }
}

/// A journal that was opened.
#[derive(Debug)]
pub struct Opened {
    /// What its events lead to.
    pub ledger: Ledger,
    /// The journal, ready for the next event.
    pub journal: Journal,
    /// What was found.
    pub report: Recovery,
}

impl Journal {
    /// A new journal for a portfolio without events, whose configuration has these canonical
    /// bytes. The salt has to be random.
    ///
    /// # Errors
    /// [`Fault::Exists`] when there is such a file, or a snapshot beside; [`Fault::Durability`]
    /// when it cannot be written.
    pub fn create(
        disk: Arc<dyn Disk>,
        name: &str,
        salt: [u8; 16],
        configuration: &[u8],
        settings: Settings,
    ) -> Result<Self, JournalError> {
        let path = disk.path(name);
        let not_begun = |error: &io::Error| JournalError::not_begun(&path, "making it", error);
        let names = disk.names().map_err(|error| not_begun(&error))?;
        let exists = |rule: &str| {
            let remedy = "go on with it by open_journal, or choose another path";
            JournalError::new(Fault::Exists, &path, rule, remedy)
        };
        if names.iter().any(|there| there == name) {
            return Err(exists("there is a file already"));
        }
        if let Some((_, left)) = snapshot::among(name, &names).first() {
            return Err(exists(&format!("the snapshot {left} of an older one lies beside")));
        }
        let header = header_bytes(settings.sync, &salt, configuration);
        let file = match begin(disk.as_ref(), name, &salt, &header) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                return Err(exists("somebody else has just made it"));
            }
            begun => begun.map_err(|error| not_begun(&error))?,
        };
        let length = u64::try_from(header.len()).unwrap_or(u64::MAX);
        let link = header.last_chunk().map_or(0, |crc| u32::from_le_bytes(*crc));
        let folder = Arc::clone(&disk);
        let place = Place { disk, name: name.to_owned(), file };
        Self::at_end(place, salt, settings, Progress { length, link, ..Progress::default() })
            .map_err(|error| not_begun(&given_up(folder.as_ref(), name, error)))
    }
}

/// A file with a header, locked before it gets its name.
fn begin(
    disk: &dyn Disk,
    name: &str,
    salt: &[u8; 16],
    header: &[u8],
) -> io::Result<Box<dyn DiskFile>> {
    let tag = salt.iter().fold(String::new(), |tag, byte| format!("{tag}{byte:02x}"));
    let aside = aside_name(name, &tag);
    let file = write_aside(disk, &aside, header)?;
    let named = lock_new(file.as_ref()).and_then(|()| disk.rename_new(&aside, name));
    named.map_err(|error| given_up(disk, &aside, error))?;
    // A journal of which nobody knows is none.
    disk.sync_folder().map_err(|error| given_up(disk, name, error))?;
    Ok(file)
}

fn lock_new(file: &dyn DiskFile) -> io::Result<()> {
    if file.try_lock()? { Ok(()) } else { Err(ErrorKind::WouldBlock.into()) }
}

/// Opens a journal: locks it, replays it, cuts a torn tail off, and goes on writing.
///
/// # Errors
/// [`Fault::NotFound`], [`Fault::Locked`], [`Fault::Corrupt`] (without `salvage`, or when there is
/// nothing to salvage), [`Fault::Version`], and [`Fault::Durability`] when it cannot be written;
/// [`Refusal::OutOfMemory`].
pub fn open(disk: Arc<dyn Disk>, name: &str, opening: &Opening) -> Result<Opened, Refusal> {
    let path = disk.path(name);
    let unread = |error: io::Error| Refusal::from(JournalError::unread(&path, &error));
    let file = disk.open(name).map_err(unread)?;
    if !file.try_lock().map_err(unread)? {
        return Err(JournalError::locked(&path).into());
    }
    let bytes = disk.read(name).map_err(unread)?;
    let restored = restore(disk.as_ref(), name, &bytes, opening)?;
    let place = Place { disk, name: name.to_owned(), file };
    match restored.report.verdict {
        Verdict::Clean | Verdict::Torn => go_on(place, restored, opening).map_err(Refusal::from),
        Verdict::Corrupt if opening.salvage => salvage::salvage(place, &bytes, restored, opening),
        _ => Err(JournalError::unreadable(&restored.report).into()),
    }
}

/// Goes on writing behind the good frames.
pub(super) fn go_on(
    place: Place,
    restored: Restored,
    opening: &Opening,
) -> Result<Opened, JournalError> {
    let Restored { ledger, salt, at, report, .. } = restored;
    let path = place.disk.path(&place.name);
    let not_begun = |error: &io::Error| JournalError::not_begun(&path, "opening it", error);
    let Some((ledger, sync)) = ledger.zip(report.sync) else {
        return Err(JournalError::unreadable(&report));
    };
    let settings = Settings {
        sync: opening.sync.unwrap_or(sync),
        sync_interval: opening.sync_interval,
        snapshot_every: opening.snapshot_every,
        floats: opening.floats,
    };
    let ready = || {
        sweep(place.disk.as_ref(), &place.name)?;
        if report.verdict == Verdict::Torn {
            place.file.set_len(report.good_length)?;
        }
        place.file.sync()
    };
    ready().map_err(|error| not_begun(&error))?;
    let events = at.events;
    let mut journal =
        Journal::at_end(place, salt, settings, at).map_err(|error| not_begun(&error))?;
    journal.note(kind::OPENED, &[&[settings.sync.byte()], &events.to_le_bytes()])?;
    journal.flush()?;
    Ok(Opened { ledger, journal, report })
}
