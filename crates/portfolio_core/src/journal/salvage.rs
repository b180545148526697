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
use crate::ledger::decode::RecordedEvents;
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
    rewritten.resume(bytes, opening)?;
    let Rewritten { salt, bytes: good, events, beside, mut report, told, .. } = rewritten;
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
        put.map_err(|error| JournalError::not_begun(&path, "salvaging it", &error))?;
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
    /// How many events it has.
    events: u64,
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
            let (link, events, bytes) = (at.link, at.events, bytes.get(..good)?.to_vec());
            let replay = Replay { ledger, recorded, frames, at, sync, closed: false };
            return Some(Ok(Self { replay, salt, bytes, link, events, beside, report, told }));
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
        let recorded = RecordedEvents::default();
        let replay = Replay { ledger, recorded, frames, at, sync, closed: false };
        Some(Ok(Self { replay, salt, bytes: head, link, events: 0, beside, report, told }))
    }

    /// Adds what a good snapshot has of more, and the frames that follow it: of the newest that a
    /// frame behind the damage names, or of the newest one where that alone has more events.
    fn resume(&mut self, bytes: &'a [u8], opening: &Opening) -> Result<(), Refusal> {
        let behind = self.replay.frames.behind();
        let more = self.beside.iter().rev().filter(|beside| self.has_more(beside));
        let more: Vec<_> =
            more.map(|beside| (beside, behind.naming(snapshot::crc_of(&beside.bytes)))).collect();
        let Some(&(newest, _)) = more.first() else { return Ok(()) };
        let mut road = None;
        if let Some(&(beside, Some(start))) = more.iter().find(|(_, start)| start.is_some()) {
            road = self.road(beside, opening)?;
            if let Some(road) = &mut road {
                road.follow((bytes, &self.salt), start)?;
            }
        }
        if road.as_ref().is_none_or(|road| road.events < newest.events) {
            road = self.road(newest, opening)?.or(road);
        }
        let Some(Road { events, bytes, used, resumed, is_whole, .. }) = road else {
            return Ok(());
        };
        self.events = events;
        self.bytes.try_reserve(bytes.len())?;
        self.bytes.extend_from_slice(&bytes);
        self.report.used_snapshot = Some(used);
        self.report.good_length = self.report.good_length.saturating_add(wide(resumed));
        if is_whole {
            self.told = Some(events);
        }
        Ok(())
    }

    /// Whether a snapshot is good, and goes on from the events before the damage.
    fn has_more(&self, beside: &Beside) -> bool {
        let outline = beside.outline.as_ref();
        let more = outline.is_ok_and(|it| it.salt == self.salt && it.events > self.events);
        let good = self.report.snapshots.iter().any(|it| it.good && it.name == beside.name);
        more && good && self.rest_of(&beside.bytes).is_some()
    }

    /// The events of an image behind those before the damage; nothing if it has others.
    fn rest_of<'b>(&self, image: &'b [u8]) -> Option<&'b [u8]> {
        let (_, events) = snapshot::parts(image)?;
        self.replay.ledger.event_chunks().try_fold(events, |rest, chunk| rest.strip_prefix(chunk))
    }

    /// The events of a snapshot, in frames that follow the good ones; nothing if one is refused.
    fn road(&self, beside: &Beside, opening: &Opening) -> Result<Option<Road<'a>>, Refusal> {
        let Some((rest, (configuration, events))) =
            self.rest_of(&beside.bytes).zip(snapshot::parts(&beside.bytes))
        else {
            return Ok(None);
        };
        let Some(ledger) = empty(configuration, opening) else { return Ok(None) };
        let replay = Replay {
            ledger: ledger?,
            recorded: RecordedEvents::default(),
            frames: self.replay.frames,
            at: Progress::default(),
            sync: self.replay.sync,
            closed: false,
        };
        let mut road = Road {
            replay,
            salted: Salted::new(&self.salt),
            link: self.link,
            bytes: Vec::new(),
            events: beside.events,
            used: beside.name.clone(),
            resumed: 0,
            is_whole: false,
        };
        Ok(road.add((events, rest))?.then_some(road))
    }
}

/// What a snapshot leads to.
struct Road<'a> {
    replay: Replay<'a>,
    salted: Salted,
    link: u32,
    /// Frames behind the good ones.
    bytes: Vec<u8>,
    /// How many events there are at its end.
    events: u64,
    used: String,
    /// How many bytes of the damaged file it has taken up again.
    resumed: usize,
    /// Whether it comes to the end of the damaged file.
    is_whole: bool,
}

impl<'a> Road<'a> {
    /// Replays all events of an image, and puts the last of them into frames; false when one is
    /// refused.
    fn add(&mut self, (events, rest): (&[u8], &[u8])) -> Result<bool, Refusal> {
        let mut decoder = Decoder(events);
        let (mut start, mut count) = (rest, 0_u64);
        while !decoder.is_empty() {
            let Replay { ledger, recorded, .. } = &mut self.replay;
            if next_event(ledger, recorded, &mut decoder)?.is_err() {
                return Ok(false);
            }
            if decoder.0.len() >= rest.len() {
                continue;
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

    /// Takes the good frames from the one that starts there.
    fn follow(
        &mut self,
        (bytes, salt): (&'a [u8], &[u8; 16]),
        (start, link): (usize, u32),
    ) -> Result<(), Refusal> {
        self.replay.frames = Frames::from(bytes, salt, (start, link));
        while let Ok((frame, body)) = self.replay.frames.peek() {
            // All events of a frame or none: a refused one may have applied some to the ledger,
            // which is given up here.
            if self.replay.take(&body, &mut [])?.is_err() {
                break;
            }
            // An offset of the old file says nothing of the new one.
            if !matches!(body, Body::Synced { .. }) {
                self.put(frame.body, &[])?;
            }
            self.replay.frames.accept(&frame);
            self.events = self.replay.ledger.account().events;
        }
        let end = self.replay.frames.at;
        self.resumed = end.saturating_sub(start);
        self.is_whole = end >= bytes.len();
        Ok(())
    }

    fn put(&mut self, head: &[u8], parts: &[&[u8]]) -> Result<(), Refusal> {
        self.link = self.salted.put(&mut self.bytes, self.link, (head, parts))?;
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
