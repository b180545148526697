//! A corrupt journal, written anew from what is good of it (SPEC rule J9).
//!
//! The good frames before the damage are kept byte for byte. A snapshot of the same journal that
//! knows more brings the events after them, and leads to the frames behind the damage when one of
//! these names it: from there on they are linked to each other again. The damaged file is kept
//! beside as it was, and the journal has its name at every moment.

use std::io;

use super::aside::{aside_name, given_up, write_aside};
use super::disk::DiskFile;
use super::error::JournalError;
use super::format::{Body, Header, Salted, SyncMode, header_bytes, kind};
use super::open::{Opened, Opening, go_on};
use super::recover::{Restored, empty, restore_from};
use super::replay::{Replay, next_event};
use super::report::{Recovery, wide};
use super::scan::Frames;
use super::snapshot::{self, Beside};
use super::writer::{Place, Progress};
use crate::codec::{Bytes, Decoder};
use crate::refusal::Refusal;

/// How many bytes of events from a snapshot are in one frame.
const BATCH: usize = 1 << 20;

/// Writes a corrupt journal anew, and goes on with it.
pub(super) fn salvage(
    place: Place,
    bytes: &[u8],
    restored: Restored,
    opening: &Opening,
) -> Result<Opened, Refusal> {
    let lost = JournalError::unreadable(&restored.report);
    let mut rewritten = Rewritten::new(bytes, restored, opening).ok_or(lost)??;
    rewritten.resume(bytes)?;
    let Rewritten { replay, salt, bytes: good, beside, mut report, told, .. } = rewritten;
    let events = replay.ledger.account().events;
    drop(replay);
    let path = place.disk.path(&place.name);
    // What would make the new one corrupt again goes along with the damaged one.
    let fits = |beside: &Beside| {
        beside.outline.as_ref().map_or(true, |it| it.salt == salt && it.events <= events)
    };
    let (beside, foreign): (Vec<_>, Vec<_>) = beside.into_iter().partition(fits);
    let anew = restore_from((path.clone(), &good), beside, opening)?;
    if anew.report.verdict != super::Verdict::Clean {
        return Err(JournalError::unreadable(&anew.report).into());
    }
    let put = put_in_place(place, (bytes, &good), &foreign);
    let (place, damaged) =
        put.map_err(|error| JournalError::unwritten(&path, "salvaging it", &error))?;
    let opened = go_on(place, anew, opening)?;
    report.events = opened.report.events;
    report.frames = opened.report.frames;
    report.digest = opened.report.digest;
    report.snapshots = opened.report.snapshots;
    report.damaged = Some(damaged);
    report.lost_events = told.map(|told| told.saturating_sub(report.events));
    Ok(Opened { report, ..opened })
}

/// A journal that is being put together.
struct Rewritten<'a> {
    replay: Replay<'a>,
    salt: [u8; 16],
    bytes: Vec<u8>,
    link: u32,
    beside: Vec<Beside>,
    report: Recovery,
    /// How many events there were in all, as far as that is known.
    told: Option<u64>,
}

impl<'a> Rewritten<'a> {
    /// The good frames before the damage; nothing when there is no header and no snapshot that
    /// stands in for it.
    fn new(
        bytes: &'a [u8],
        restored: Restored,
        opening: &Opening,
    ) -> Option<Result<Self, Refusal>> {
        let Restored { ledger, recorded, salt, at, beside, report } = restored;
        let told = report.lost_events.map(|lost| lost.saturating_add(report.events));
        if let Some(ledger) = ledger {
            let good = usize::try_from(report.good_length).ok()?;
            let frames = Frames::from(bytes, &salt, (good, at.link));
            let sync = report.sync.unwrap_or_default();
            let (link, bytes) = (at.link, bytes.get(..good)?.to_vec());
            let replay = Replay { ledger, recorded, frames, at, sync, closed: false };
            return Some(Ok(Self { replay, salt, bytes, link, beside, report, told }));
        }
        // A header that is not right: one of its snapshots knows what was in it.
        let known = |beside: &&Beside| {
            let Ok(outline) = &beside.outline else { return false };
            let mine = outline.salt == salt || Salted::new(&outline.salt).any_frame(bytes);
            mine && report.snapshots.iter().any(|it| it.good && it.name == beside.name)
        };
        let newest = beside.iter().rfind(known)?;
        let salt = newest.outline.as_ref().ok()?.salt;
        let (configuration, _) = snapshot::parts(&newest.bytes)?;
        let ledger = match empty(configuration, opening)? {
            Ok(ledger) => ledger,
            Err(refusal) => return Some(Err(refusal)),
        };
        let sync = bytes.get(10).and_then(|&byte| SyncMode::of_byte(byte)).unwrap_or_default();
        let head = header_bytes(sync, &salt, configuration);
        let header = Header::read(&head).ok()?;
        let (link, length) = (header.crc, wide(head.len()));
        let frames = Frames::from(bytes, &salt, (0, 0));
        let told = frames.behind().events_in_all();
        let at = Progress { length, link, ..Progress::default() };
        let recorded = crate::ledger::decode::RecordedEvents::default();
        let replay = Replay { ledger, recorded, frames, at, sync, closed: false };
        Some(Ok(Self { replay, salt, bytes: head, link, beside, report, told }))
    }

    /// Adds the events of the newest good snapshot that has more, and the frames behind it.
    fn resume(&mut self, bytes: &'a [u8]) -> Result<(), Refusal> {
        let events = self.replay.ledger.account().events;
        let more = |beside: &&Beside| {
            let outline = beside.outline.as_ref();
            let more = outline.is_ok_and(|it| it.salt == self.salt && it.events > events);
            more && self.report.snapshots.iter().any(|it| it.good && it.name == beside.name)
        };
        let Some(at) = self.beside.iter().rposition(|beside| more(&beside)) else { return Ok(()) };
        let Some(beside) = self.beside.get_mut(at) else { return Ok(()) };
        let (name, image) = (beside.name.clone(), std::mem::take(&mut beside.bytes));
        let crc = snapshot::crc_of(&image);
        let added = self.add_events(&image)?;
        if let Some(beside) = self.beside.get_mut(at) {
            beside.bytes = image;
        }
        if !added {
            return Ok(());
        }
        self.report.used_snapshot = Some(name);
        let behind = self.replay.frames.behind();
        let named = behind.frames.iter().find(|(_, frame)| match Body::read(frame.body) {
            Some(Body::Snapshot { crc: named, .. }) => named == crc,
            _ => false,
        });
        let Some(&(start, frame)) = named else { return Ok(()) };
        self.replay.frames = Frames::from(bytes, &self.salt, (start, frame.link));
        while let Ok((frame, body)) = self.replay.frames.peek() {
            if self.replay.take(&body, &mut [])?.is_err() {
                break;
            }
            // An offset of the old file says nothing of the new one.
            if !matches!(body, Body::Synced { .. }) {
                self.put(frame.body, &[])?;
            }
            self.replay.frames.accept(&frame);
        }
        let end = self.replay.frames.at;
        let resumed = end.saturating_sub(start);
        self.report.good_length = self.report.good_length.saturating_add(wide(resumed));
        if end >= bytes.len() {
            self.told = Some(self.replay.ledger.account().events);
        }
        Ok(())
    }

    /// Adds the events of an image that the ledger does not have; not if they are others from the
    /// beginning.
    fn add_events(&mut self, image: &[u8]) -> Result<bool, Refusal> {
        let Some((_, events)) = snapshot::parts(image) else { return Ok(false) };
        let mut rest = Some(events);
        for chunk in self.replay.ledger.event_chunks() {
            rest = rest.and_then(|rest| rest.strip_prefix(chunk));
        }
        let Some(rest) = rest else { return Ok(false) };
        let mut decoder = Decoder(rest);
        let (mut start, mut count) = (rest, 0_u64);
        while !decoder.is_empty() {
            if next_event(&mut self.replay.ledger, &mut self.replay.recorded, &mut decoder)?
                .is_err()
            {
                return Ok(false);
            }
            count = count.saturating_add(1);
            let done = start.len().saturating_sub(decoder.0.len());
            if done >= BATCH || decoder.is_empty() {
                let mut head = Bytes::default();
                head.reserve(16)?;
                head.append(|encoder| {
                    encoder.byte(kind::BATCH);
                    encoder.small(count);
                });
                self.put(head.as_slice(), &[start.get(..done).unwrap_or_default()])?;
                (start, count) = (decoder.0, 0);
            }
        }
        Ok(true)
    }

    fn put(&mut self, head: &[u8], parts: &[&[u8]]) -> Result<(), Refusal> {
        let salted = Salted::new(&self.salt);
        self.link = salted.put(&mut self.bytes, self.link, (head, parts))?;
        Ok(())
    }
}

/// Keeps the old bytes under another name, and gives the new ones theirs.
fn put_in_place(
    place: Place,
    (old, new): (&[u8], &[u8]),
    foreign: &[Beside],
) -> io::Result<(Place, String)> {
    let Place { disk, name, file: locked } = place;
    let names = disk.names()?;
    let numbered = (2_u64..).map(|number| format!("{name}.damaged-{number}"));
    let mut candidates = std::iter::once(format!("{name}.damaged")).chain(numbered);
    let damaged = candidates.find(|candidate| !names.contains(candidate)).unwrap_or_default();
    let aside = aside_name(&name, "damaged");
    drop(write_aside(disk.as_ref(), &aside, old)?);
    disk.rename_new(&aside, &damaged).map_err(|error| given_up(disk.as_ref(), &aside, error))?;
    for beside in foreign {
        disk.rename(&beside.name, &snapshot::name_of(&damaged, beside.events))?;
    }
    disk.sync_folder()?;
    let aside = aside_name(&name, "salvaged");
    let file: Box<dyn DiskFile> = write_aside(disk.as_ref(), &aside, new)?;
    let named = file.try_lock().and_then(|_| disk.rename(&aside, &name));
    named.map_err(|error| given_up(disk.as_ref(), &aside, error))?;
    disk.sync_folder()?;
    drop(locked);
    Ok((Place { disk, name, file }, damaged))
}
