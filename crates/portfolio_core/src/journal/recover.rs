//! Reading a journal: its frames are replayed, and everything that they vouch for is checked (SPEC
//! rules J7, J8 and J10). Nothing is written here.

use super::disk::Disk;
use super::error::JournalError;
use super::format::{Header, HeaderFault};
use super::open::Opening;
use super::replay::{Replay, Stop};
use super::report::{Recovery, SnapshotFound, UNFINISHED, Verdict, wide};
use super::scan::Frames;
use super::snapshot::{self, Beside};
use super::writer::Progress;
use crate::ledger::decode::RecordedEvents;
use crate::ledger::{Configuration, Ledger, OffGrid, image};
use crate::refusal::Refusal;

/// What a journal leads to.
#[derive(Debug)]
pub struct Recovered {
    /// What the good frames lead to; nothing when the header is not right.
    pub ledger: Option<Ledger>,
    /// What was found.
    pub report: Recovery,
}

/// Reads a journal without a lock, and writes nothing.
///
/// # Errors
/// [`super::Fault::NotFound`], [`super::Fault::Durability`] when it cannot be read, and
/// [`Refusal::OutOfMemory`]. Whatever is wrong with its bytes is a verdict, and no error.
pub fn recover(disk: &dyn Disk, name: &str, opening: &Opening) -> Result<Recovered, Refusal> {
    let unread = |error| JournalError::unread(&disk.path(name), &error);
    // The snapshots first: a writer may be at work, and its journal has what its snapshots have.
    let beside = snapshot::beside(disk, name).map_err(unread)?;
    let bytes = disk.read(name).map_err(unread)?;
    let restored = restore_from((disk.path(name), &bytes), beside, opening)?;
    Ok(Recovered { ledger: restored.ledger, report: restored.report })
}

/// What the bytes of a journal lead to, and where it goes on.
#[derive(Debug)]
pub(super) struct Restored {
    pub(super) ledger: Option<Ledger>,
    pub(super) recorded: RecordedEvents,
    /// As it stands in the header, whether that is right or not.
    pub(super) salt: [u8; 16],
    pub(super) at: Progress,
    pub(super) beside: Vec<Beside>,
    pub(super) report: Recovery,
}

/// Replays the bytes of a journal that is on a disk.
pub(super) fn restore(
    disk: &dyn Disk,
    name: &str,
    bytes: &[u8],
    opening: &Opening,
) -> Result<Restored, Refusal> {
    let path = disk.path(name);
    let beside = snapshot::beside(disk, name);
    let beside = beside.map_err(|error| JournalError::unread(&path, &error))?;
    restore_from((path, bytes), beside, opening)
}

/// Replays the bytes of a journal that has these snapshots.
pub(super) fn restore_from(
    (path, bytes): (String, &[u8]),
    mut beside: Vec<Beside>,
    opening: &Opening,
) -> Result<Restored, Refusal> {
    let mut report = Recovery::new(path, bytes.len());
    let begun = Header::read(bytes).and_then(|header| {
        let ledger = empty(header.configuration, opening).ok_or(HeaderFault::Damaged)?;
        Ok((header, ledger))
    });
    let (header, ledger) = match begun {
        Ok((header, ledger)) => (header, ledger?),
        Err(fault) => {
            let salt = Header::salt_of(bytes).unwrap_or_default();
            headless(&mut report, fault, (bytes, &salt));
            report.snapshots = beside.iter().map(|beside| found(beside, None)).collect();
            let (recorded, at) = (RecordedEvents::default(), Progress::default());
            return Ok(Restored { ledger: None, recorded, salt, at, beside, report });
        }
    };
    let mut replay = Replay::new(bytes, &header, ledger);
    let mut stop = replay.run(usize::MAX, &mut beside)?;
    if let Stop::Refused { reason, partly: true } = stop {
        // All events of a frame or none: only the good ones once more.
        let ledger = empty(header.configuration, opening).unwrap_or_else(no_memory)?;
        let good = replay.frames.at;
        replay = Replay::new(bytes, &header, ledger);
        replay.run(good, &mut beside)?;
        stop = Stop::Refused { reason, partly: false };
    }
    let Replay { mut ledger, recorded, mut at, frames, sync, closed, .. } = replay;
    report.sync = Some(sync);
    (report.version, report.events, report.frames) = (1, at.events, at.frames);
    (report.good_length, report.digest) = (wide(frames.at), ledger.digest()?);
    judge(&mut report, &stop, &frames);
    report.closed = closed && matches!(stop, Stop::End);
    for beside in &beside {
        report.snapshots.push(found(beside, Some((&header.salt, at.events))));
        judge_snapshot(&mut report, beside, &header.salt);
    }
    let good = report.snapshots.iter().filter(|found| found.good);
    at.snapshots = good.map(|found| found.name.clone()).collect();
    ledger.configuration.off_grid = opening.off_grid;
    Ok(Restored { ledger: Some(ledger), recorded, salt: header.salt, at, beside, report })
}

/// A ledger before its first event, if these are the bytes of a configuration that can be.
pub(super) fn empty(configuration: &[u8], opening: &Opening) -> Option<Result<Ledger, Refusal>> {
    let configuration = Configuration::from_canonical(configuration)?;
    let capacity = opening.capacity;
    // What was recorded is on its grids.
    let configuration = Configuration { capacity, off_grid: OffGrid::Refuse, ..configuration };
    match Ledger::new(configuration) {
        Err(Refusal::OutOfMemory { bytes }) => Some(Err(Refusal::OutOfMemory { bytes })),
        Err(_) => None,
        Ok(ledger) => Some(Ok(ledger)),
    }
}

fn no_memory() -> Result<Ledger, Refusal> {
    Err(Refusal::OutOfMemory { bytes: 0 })
}

/// What is said of a journal without a header.
fn headless(report: &mut Recovery, fault: HeaderFault, (bytes, salt): (&[u8], &[u8; 16])) {
    report.verdict = Verdict::Corrupt;
    report.version = Header::version_of(bytes).unwrap_or(0);
    report.reason = match fault {
        HeaderFault::Short => UNFINISHED.to_owned(),
        HeaderFault::Magic => "it does not start as a journal does".to_owned(),
        HeaderFault::Damaged => "its header is damaged, at offset 0, before event 1".to_owned(),
        HeaderFault::Newer(version) => {
            report.verdict = Verdict::Newer;
            format!("its version is {version}, and 1 is the one that is known")
        }
    };
    report.lost_events = match fault {
        HeaderFault::Short => Some(0),
        HeaderFault::Damaged => Frames::from(bytes, salt, (0, 0)).behind().events_in_all(),
        HeaderFault::Magic | HeaderFault::Newer(_) => None,
    };
}

/// The verdict on the frames.
fn judge(report: &mut Recovery, stop: &Stop, frames: &Frames<'_>) {
    let (at, after) = (frames.at, report.events);
    let place = format!("at offset {at}, after event {after}");
    if matches!(stop, Stop::End) {
        return;
    }
    let behind = frames.behind();
    let count = behind.frames.len();
    let torn = behind.is_torn(at, report.sync.unwrap_or_default());
    let dropped = report.dropped_bytes();
    report.verdict = Verdict::Corrupt;
    report.reason = match stop {
        Stop::Refused { reason, .. } => format!("the frame {place}, is damaged: {reason}"),
        _ if torn => {
            report.verdict = Verdict::Torn;
            format!("the last {dropped} bytes, {place}, are what a cut write leaves")
        }
        Stop::Link => format!("a frame is missing {place}: the next one is linked to another"),
        _ => {
            let least = if behind.gave_up { "at least " } else { "" };
            format!("damaged {place}: no frame is there, and {least}{count} are behind it")
        }
    };
    // What was cut in mode always was never acknowledged.
    let always = torn && report.sync == Some(super::SyncMode::Always);
    let always = always && report.verdict == Verdict::Torn;
    let lost = behind.events_in_all().map(|events| events.saturating_sub(after));
    report.lost_events = if always { Some(0) } else { lost };
}

/// What is said of a snapshot.
fn found(beside: &Beside, journal: Option<(&[u8; 16], u64)>) -> SnapshotFound {
    let why = match (&beside.outline, journal) {
        (Err(why), _) => why.clone(),
        (Ok(outline), Some((salt, _))) if outline.salt != *salt => {
            "it belongs to another journal".to_owned()
        }
        (Ok(outline), Some((_, events))) if outline.events <= events => match beside.alike {
            Some(true) => String::new(),
            Some(false) => "the journal's events lead to something else".to_owned(),
            None => "no call of the journal ends at its number of events".to_owned(),
        },
        (Ok(_), _) => match image::read(&beside.bytes) {
            Ok(_) => String::new(),
            Err(error) => error.to_string(),
        },
    };
    let (name, events) = (beside.name.clone(), beside.events);
    SnapshotFound { name, events, good: why.is_empty(), why }
}

/// A snapshot of another journal, or one that knows more than the journal, makes it corrupt.
fn judge_snapshot(report: &mut Recovery, beside: &Beside, salt: &[u8; 16]) {
    let Ok(outline) = &beside.outline else { return };
    let good = report.snapshots.last().is_some_and(|found| found.good);
    let more = outline.events > report.events && good;
    let name = &beside.name;
    let reason = if outline.salt != *salt {
        format!("the snapshot {name} belongs to another journal: files were swapped")
    } else if more {
        report.lost_events = None;
        format!("the snapshot {name} has more events than the journal: it was cut")
    } else {
        return;
    };
    let before = std::mem::take(&mut report.reason);
    report.reason = if before.is_empty() { reason } else { format!("{before}; {reason}") };
    report.verdict = Verdict::Corrupt;
}
