//! Snapshots, and corrupt journals that are written anew from what is good (SPEC rules J9 and J10).

use std::sync::Arc;
use std::time::Duration;

use portfolio_core::journal::{
    Journal, Opened, Opening, Settings, SyncMode, Verdict, open, recover,
};
use portfolio_core::refusal::Refusal;

use crate::calls::{SALT, Script, configuration_bytes, script};
use crate::disk::{Failure, MemDisk};
use crate::random::Random;

pub(crate) const NAME: &str = "pf.journal";
pub(crate) const CALLS: usize = 40;

fn settings(sync: SyncMode) -> Settings {
    Settings { sync, sync_interval: Duration::from_secs(1 << 20), ..Settings::default() }
}

/// A journal of forty calls, with a snapshot after some of them; where each call ends.
pub(crate) fn write(script: &Script, snapshots: &[usize]) -> (MemDisk, Vec<usize>) {
    let disk = MemDisk::default();
    let shared = Arc::new(disk.clone());
    let bytes = configuration_bytes();
    let mut journal = Journal::create(shared, NAME, SALT, &bytes, settings(SyncMode::Os)).unwrap();
    let mut ends = Vec::new();
    for (number, step) in script.steps.iter().enumerate() {
        journal.append(step.count, &[&step.bytes]).unwrap();
        ends.push(disk.bytes(NAME).unwrap().len());
        if snapshots.contains(&number) {
            let path = journal.snapshot(step.events, &step.digest, &step.image).unwrap();
            assert_eq!(path, format!("{NAME}.snapshot-{}", step.events));
        }
    }
    (disk, ends)
}

fn try_salvage(disk: &MemDisk) -> Result<Opened, Refusal> {
    let opening = Opening { salvage: true, ..Opening::default() };
    open(Arc::new(disk.clone()), NAME, &opening)
}

/// Refused as it is and untouched, then salvaged; the same again is clean.
pub(crate) fn salvage(disk: &MemDisk, script: &Script) -> Opened {
    let before = disk.bytes(NAME).unwrap();
    let refusal = open(Arc::new(disk.clone()), NAME, &Opening::default()).unwrap_err();
    assert_eq!(refusal.code().number(), 4052, "{refusal}");
    assert_eq!(disk.bytes(NAME).unwrap(), before, "nothing is touched");
    let opened = try_salvage(disk).unwrap();
    let report = &opened.report;
    assert_eq!(report.verdict, Verdict::Corrupt);
    assert_eq!(Some(&report.digest), script.digests.get(&report.events), "{report:?}");
    assert_eq!(disk.bytes(report.damaged.as_ref().unwrap()), Some(before), "it is kept as it was");
    let again = recover(disk, NAME, &Opening::default()).unwrap().report;
    assert_eq!((again.verdict, again.events), (Verdict::Clean, report.events), "{again:?}");
    assert_eq!(again.digest, report.digest);
    opened
}

pub(crate) fn flip(disk: &MemDisk, name: &str, at: usize) {
    let mut bytes = disk.bytes(name).unwrap();
    bytes[at] ^= 0x10;
    disk.put(name, &bytes);
}

#[test]
fn a_snapshot_leads_over_the_damage() {
    let script = script(3, CALLS, true);
    let all = script.steps[CALLS - 1].events;
    for damaged in [0, 5, 19] {
        let (disk, ends) = write(&script, &[10, 20]);
        flip(&disk, NAME, ends[damaged] - 2);
        let mut opened = salvage(&disk, &script);
        let report = &opened.report;
        let snapshot = format!("{NAME}.snapshot-{}", script.steps[20].events);
        assert_eq!((report.events, report.lost_events), (all, Some(0)), "{report:?}");
        assert_eq!(report.used_snapshot, Some(snapshot));
        assert!(report.dropped_bytes() > 0 && report.snapshots.iter().all(|found| found.good));
        assert_eq!(opened.ledger.digest().unwrap(), script.digests[&all]);
        opened.ledger.verify().unwrap();
    }
}

#[test]
fn a_snapshot_stands_in_for_the_header() {
    let script = script(3, CALLS, true);
    let all = script.steps[CALLS - 1].events;
    for at in [9, 10, 11, 12, 13, 14, 15, 17, 30, 33, 70] {
        let (disk, _) = write(&script, &[20]);
        flip(&disk, NAME, at);
        if at == 9 {
            let refusal = try_salvage(&disk).unwrap_err();
            assert_eq!(refusal.code().number(), 4053, "a later version is left alone: {refusal}");
            continue;
        }
        let report = salvage(&disk, &script).report;
        assert_eq!((report.events, report.lost_events), (all, Some(0)), "{at}: {report:?}");
    }
    let (disk, _) = write(&script, &[]);
    flip(&disk, NAME, 33);
    let before = disk.bytes(NAME);
    assert_eq!(try_salvage(&disk).unwrap_err().code().number(), 4052, "nothing is left");
    assert_eq!(disk.bytes(NAME), before);
}

#[test]
fn without_a_snapshot_the_good_frames_are_kept() {
    let script = script(3, CALLS, true);
    let (disk, ends) = write(&script, &[]);
    let good = disk.bytes(NAME).unwrap()[..ends[8]].to_vec();
    flip(&disk, NAME, ends[9] - 1);
    let report = salvage(&disk, &script).report;
    assert_eq!((report.events, report.lost_events), (script.steps[8].events, None), "{report:?}");
    assert_eq!(report.good_length, u64::try_from(good.len()).unwrap());
    assert!(disk.bytes(NAME).unwrap().starts_with(&good), "byte for byte");
    // Once more: the next damaged one has a name of its own.
    flip(&disk, NAME, ends[4] - 1);
    let report = salvage(&disk, &script).report;
    assert_eq!(report.damaged.as_deref(), Some("pf.journal.damaged-2"));
    let told = script.steps[8].events - script.steps[3].events;
    assert_eq!(report.lost_events, Some(told), "the opening has told how many there were");
}

#[test]
fn swapped_and_cut_files_are_found() {
    let script = script(3, CALLS, true);
    let (disk, ends) = write(&script, &[20, 30]);
    let cut = disk.bytes(NAME).unwrap()[..ends[12]].to_vec();
    disk.put(NAME, &cut);
    let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
    assert_eq!(report.verdict, Verdict::Corrupt, "the snapshot is newer: {report:?}");
    assert!(report.snapshots.iter().all(|found| found.good), "{report:?}");
    let report = salvage(&disk, &script).report;
    assert_eq!((report.events, report.lost_events), (script.steps[30].events, None));

    let (other, _) = write(&script, &[]);
    let mut stranger = script.steps[30].image.clone();
    stranger[12] ^= 1;
    let length = stranger.len() - 4;
    let crc = crc32c::crc32c(&stranger[..length]).to_le_bytes();
    stranger[length..].copy_from_slice(&crc);
    let name = format!("{NAME}.snapshot-{}", script.steps[30].events);
    other.put(&name, &stranger);
    let report = recover(&other, NAME, &Opening::default()).unwrap().report;
    assert_eq!(report.verdict, Verdict::Corrupt, "it is another journal's: {report:?}");
    assert!(!report.snapshots[0].good);
    let report = salvage(&other, &script).report;
    assert_eq!((report.events, report.lost_events), (script.steps[CALLS - 1].events, Some(0)));
    let moved = format!("{NAME}.damaged.snapshot-{}", script.steps[30].events);
    assert_eq!((other.bytes(&name), other.bytes(&moved)), (None, Some(stranger)));
}

#[test]
fn a_damaged_snapshot_changes_no_verdict() {
    let script = script(3, CALLS, true);
    let (disk, _) = write(&script, &[20, 30]);
    let names = [20, 30].map(|at: usize| format!("{NAME}.snapshot-{}", script.steps[at].events));
    let whole = disk.bytes(&names[1]).unwrap();
    let mut random = Random(4);
    let step = if crate::is_full() { 1 } else { 17 };
    for at in (0..whole.len()).step_by(step) {
        let mut bytes = whole.clone();
        bytes[at] ^= 1 << random.below(8);
        disk.put(&names[1], &bytes);
        let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
        assert_eq!(report.verdict, Verdict::Clean, "{at}: {report:?}");
        let found: Vec<bool> = report.snapshots.iter().map(|found| found.good).collect();
        assert_eq!(found, [true, false], "{at}: {report:?}");
    }
    disk.put(&names[1], &whole[..whole.len() / 2]);
    let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
    assert_eq!((report.verdict, report.snapshots[1].good), (Verdict::Clean, false));
    assert_eq!(report.snapshots[1].why, "its checksum is another");
}

#[test]
fn two_snapshots_are_kept() {
    let script = script(3, CALLS, true);
    let (disk, _) = write(&script, &[5, 10, 15, 20]);
    let kept = [15, 20].map(|at: usize| format!("{NAME}.snapshot-{}", script.steps[at].events));
    let gone = [5, 10].map(|at: usize| format!("{NAME}.snapshot-{}", script.steps[at].events));
    assert!(kept.iter().all(|name| disk.bytes(name).is_some()));
    assert!(gone.iter().all(|name| disk.bytes(name).is_none()));
    let opened = open(Arc::new(disk.clone()), NAME, &Opening::default()).unwrap();
    assert_eq!(opened.journal.status().snapshots, kept);
}

/// A salvage that is cut off at any operation can be done again, and loses nothing.
#[test]
fn a_salvage_can_be_cut_off_anywhere() {
    let script = script(3, CALLS, true);
    let all = script.steps[CALLS - 1].events;
    let damaged = || {
        let (disk, ends) = write(&script, &[10, 20]);
        flip(&disk, NAME, ends[15] - 2);
        disk
    };
    let disk = damaged();
    let before = disk.operations();
    try_salvage(&disk).unwrap();
    let operations = disk.operations() - before;
    assert!(operations > 15, "{operations}");
    let mut random = Random(6);
    for number in 0..operations {
        for round in 0..20 {
            let disk = damaged();
            let failure = Failure::Whole(std::io::ErrorKind::Other);
            disk.fail_at(disk.operations() + number, failure, true);
            assert!(try_salvage(&disk).is_err(), "operation {number}");
            let left = if round == 0 { disk.killed() } else { disk.without_power(&mut random) };
            let opened = try_salvage(&left)
                .unwrap_or_else(|refusal| panic!("operation {number}, round {round}: {refusal}"));
            assert_eq!(opened.report.events, all, "operation {number}: {:?}", opened.report);
            assert_eq!(opened.report.digest, script.digests[&all]);
        }
    }
}
