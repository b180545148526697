//! Journals that are cut at every byte, or have any bit flipped (SPEC rules J7 and J8). The verdict
//! is the right one, and what is restored is the state after the events before the damage.

use std::sync::Arc;
use std::time::Duration;

use portfolio_core::journal::{Journal, Opening, Settings, SyncMode, Verdict, open, recover};

use crate::calls::{SALT, Script, configuration_bytes, hex, script};
use crate::disk::MemDisk;
use crate::is_full;
use crate::random::Random;

const NAME: &str = "pf.journal";
const CALLS: usize = 1_000;

/// A journal, and where its frames end.
struct Written {
    bytes: Vec<u8>,
    header: usize,
    /// Of each frame: its end, the events so far, and what it says of the disk (nothing, all before
    /// it, or so many bytes).
    frames: Vec<(usize, u64, OnDisk)>,
    script: Script,
    sync: SyncMode,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum OnDisk {
    Nothing,
    All,
    Bytes(usize),
}

/// More than a thousand frames, with digests, openings and syncs among them.
fn write(sync: SyncMode) -> Written {
    let script = script(7, CALLS, false);
    let disk = MemDisk::default();
    let settings =
        Settings { sync, sync_interval: Duration::from_secs(1 << 20), ..Settings::default() };
    let shared = || Arc::new(disk.clone());
    let mut journal =
        Journal::create(shared(), NAME, SALT, &configuration_bytes(), settings).unwrap();
    let length = |disk: &MemDisk| disk.bytes(NAME).unwrap().len();
    let header = length(&disk);
    let mut frames = Vec::new();
    let mut synced: Option<usize> = None;
    for (number, step) in script.steps.iter().enumerate() {
        let before = length(&disk);
        journal.append(step.count, &[&step.bytes]).unwrap();
        if let Some(offset) = synced.take() {
            let events = step.events - step.count;
            frames.push((before + 16 + 1 + 8, events, OnDisk::Bytes(offset)));
        }
        frames.push((length(&disk), step.events, OnDisk::Nothing));
        if number % 97 == 96 {
            journal.digest(step.events, &step.digest).unwrap();
            frames.push((length(&disk), step.events, OnDisk::All));
            synced = (sync == SyncMode::Interval).then(|| before_digest(&frames));
        } else if number % 31 == 30 {
            journal.flush().unwrap();
            synced = (sync == SyncMode::Interval).then(|| length(&disk));
        } else if number % 211 == 210 {
            journal.close(step.events, &step.digest).unwrap();
            frames.push((length(&disk), step.events, OnDisk::All));
            drop(journal);
            let opening =
                Opening { sync_interval: Duration::from_secs(1 << 20), ..Opening::default() };
            journal = open(shared(), NAME, &opening).unwrap().journal;
            frames.push((length(&disk), step.events, OnDisk::All));
            synced = (sync == SyncMode::Interval).then(|| length(&disk));
        }
    }
    let bytes = disk.bytes(NAME).unwrap();
    assert_eq!(frames.last().unwrap().0, bytes.len());
    assert!(frames.len() > CALLS && frames.is_sorted_by_key(|frame| frame.0));
    Written { bytes, header, frames, script, sync }
}

/// Before a digest everything is synced.
fn before_digest(frames: &[(usize, u64, OnDisk)]) -> usize {
    frames[frames.len() - 2].0
}

impl Written {
    /// Reads damaged bytes whose good frames end before a place.
    fn check(&self, bytes: &[u8], place: usize, verdict: Verdict, what: &str) {
        let disk = MemDisk::default();
        disk.put(NAME, bytes);
        let recovered = recover(&disk, NAME, &Opening::default()).unwrap();
        let report = recovered.report;
        assert_eq!(report.verdict, verdict, "{what}: {report:?}");
        assert_eq!(report.reason.is_empty(), verdict == Verdict::Clean, "{what}: {report:?}");
        if place < self.header {
            assert_eq!((report.events, report.good_length), (0, 0), "{what}");
            return;
        }
        let whole = self.frames.iter().take_while(|frame| frame.0 <= place);
        let (count, last) = (whole.clone().count(), whole.last());
        let (end, events) = last.map_or((self.header, 0), |frame| (frame.0, frame.1));
        let found = (report.good_length, report.events, report.frames);
        let wanted = (end.try_into().unwrap(), events, count.try_into().unwrap());
        assert_eq!(found, wanted, "{what}: {report:?}");
        assert_eq!(Some(&report.digest), self.script.digests.get(&events), "{what}");
        let mut ledger = recovered.ledger.unwrap();
        assert_eq!(hex(&ledger.digest_bytes().unwrap()), report.digest, "{what}");
    }

    fn check_cut(&self, at: usize) {
        let clean = at == self.header || self.frames.iter().any(|frame| frame.0 == at);
        let verdict = match (clean, at < self.header) {
            (true, _) => Verdict::Clean,
            (false, true) => Verdict::Corrupt,
            (false, false) => Verdict::Torn,
        };
        self.check(&self.bytes[..at], at, verdict, &format!("cut at {at}"));
    }

    fn check_flip(&self, at: usize, bit: u32) {
        let mut bytes = self.bytes.clone();
        bytes[at] ^= 1 << bit;
        let frame = self.frames.iter().position(|frame| at < frame.0).unwrap();
        let place = if frame == 0 { self.header } else { self.frames[frame - 1].0 };
        let place = if at < self.header { at } else { place };
        let behind = &self.frames[frame + 1..];
        let told = behind.iter().any(|frame| match frame.2 {
            OnDisk::Nothing => false,
            OnDisk::All => true,
            OnDisk::Bytes(offset) => offset > place,
        });
        let verdict = match at {
            8 | 9 => Verdict::Newer,
            _ if at < self.header => Verdict::Corrupt,
            _ if behind.is_empty() => Verdict::Torn,
            _ if self.sync == SyncMode::Interval && !told => Verdict::Torn,
            _ => Verdict::Corrupt,
        };
        // The one bit that makes version 0 of 1.
        let verdict = if (at, bit) == (8, 0) { Verdict::Corrupt } else { verdict };
        self.check(&bytes, place, verdict, &format!("bit {bit} of byte {at}"));
    }
}

/// Every place in full; else all places of header and of the first and last frames, and some of
/// each part of the others.
fn places(written: &Written, random: &mut Random) -> Vec<usize> {
    if is_full() {
        return (0..written.bytes.len()).collect();
    }
    let mut places: Vec<usize> = (0..written.frames[1].0).collect();
    let last = written.frames[written.frames.len() - 2].0;
    places.extend(last..written.bytes.len());
    for window in written.frames.windows(2).skip(1).step_by(29) {
        let (start, end) = (window[0].0, window[1].0);
        for (from, to) in [(0, 4), (4, 8), (8, 12), (12, 16), (16, 17), (17, end - start)] {
            let within = random.below((to - from).try_into().unwrap());
            places.push(start + from + usize::try_from(within).unwrap());
        }
    }
    places
}

fn in_parallel(places: &[usize], check: impl Fn(usize) + Sync) {
    std::thread::scope(|scope| {
        for part in 0..2 {
            let check = &check;
            scope.spawn(move || places.iter().skip(part).step_by(2).for_each(|&at| check(at)));
        }
    });
}

#[test]
fn a_journal_that_is_cut_anywhere_is_torn() {
    for sync in [SyncMode::Os, SyncMode::Interval] {
        let written = write(sync);
        let mut places = places(&written, &mut Random(1));
        places.extend([written.bytes.len(), written.header]);
        in_parallel(&places, |at| written.check_cut(at));
        println!("{sync:?}: {} cuts of {} frames", places.len(), written.frames.len());
        assert!(places.len() > 300);
    }
}

#[test]
fn a_bit_that_is_flipped_anywhere_is_found() {
    for sync in [SyncMode::Os, SyncMode::Interval] {
        let written = write(sync);
        let places = places(&written, &mut Random(2));
        in_parallel(&places, |at| {
            let bits = if is_full() { 0..8 } else { (at % 8).try_into().unwrap()..8 };
            let step = if is_full() { 1 } else { 8 };
            bits.step_by(step).for_each(|bit| written.check_flip(at, bit));
        });
        println!("{sync:?}: bits of {} bytes of {} frames", places.len(), written.frames.len());
        assert!(places.len() > 300);
    }
}

#[test]
fn frames_that_are_moved_are_found() {
    let written = write(SyncMode::Os);
    let ends: Vec<usize> = written.frames.iter().map(|frame| frame.0).collect();
    let frame = |number: usize| &written.bytes[ends[number - 1]..ends[number]];
    for number in [1, 2, 60, 500] {
        let (before, place) = (&written.bytes[..ends[number - 1]], ends[number - 1]);
        let behind = &written.bytes[ends[number]..];
        let without = [before, behind].concat();
        written.check(&without, place, Verdict::Corrupt, "one is left out");
        let twice = [before, frame(number), frame(number), behind].concat();
        written.check(&twice, ends[number], Verdict::Corrupt, "one is there twice");
        let after_next = &written.bytes[ends[number + 1]..];
        let swapped = [before, frame(number + 1), frame(number), after_next].concat();
        written.check(&swapped, place, Verdict::Corrupt, "two are swapped");
    }
    let zeros = [&written.bytes[..], &[0; 5_000]].concat();
    written.check(&zeros, written.bytes.len(), Verdict::Torn, "zeros behind it");
}

#[test]
fn bytes_of_anything_are_no_journal() {
    let mut random = Random(3);
    let (mut short, mut other) = (0, 0);
    for _ in 0..2_000 {
        let length = usize::try_from(random.below(300)).unwrap();
        let mut bytes: Vec<u8> = (0..length).map(|_| random.next().to_le_bytes()[0]).collect();
        if random.below(2) == 0 && length > 16 {
            bytes[..10].copy_from_slice(b"OMEGAJNL\x01\0");
            short += 1;
        } else {
            other += 1;
        }
        let disk = MemDisk::default();
        disk.put(NAME, &bytes);
        let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
        assert_eq!((report.verdict, report.events), (Verdict::Corrupt, 0), "{bytes:?}");
        let refusal = open(Arc::new(disk.clone()), NAME, &Opening::default()).unwrap_err();
        assert_eq!(refusal.code().number(), 4052, "{refusal}");
        assert_eq!(disk.bytes(NAME).unwrap(), bytes, "nothing is touched");
    }
    assert!(short > 500 && other > 500);
}
