//! Which snapshot a salvage goes on from, and which ones are kept (SPEC rules J9 and J10).

use std::sync::Arc;

use portfolio_core::journal::{Opening, Verdict, open, recover};

use crate::calls::{SALT, Script, call, script};
use crate::disk::MemDisk;
use crate::random::Random;
use crate::salvage::{CALLS, NAME, flip, salvage, write};

fn name(script: &Script, at: usize) -> String {
    format!("{NAME}.snapshot-{}", script.steps[at].events)
}

/// A snapshot that no frame names, as a crash between the two leaves it.
fn put_unnamed(disk: &MemDisk, script: &Script, at: usize) {
    disk.put(&name(script, at), &script.steps[at].image);
}

#[test]
fn the_snapshot_that_is_named_leads_further() {
    let script = script(3, CALLS, true);
    let all = script.steps[CALLS - 1].events;
    let (disk, ends) = write(&script, &[10]);
    put_unnamed(&disk, &script, 20);
    flip(&disk, NAME, ends[5] - 2);
    let report = salvage(&disk, &script).report;
    assert_eq!((report.events, report.lost_events), (all, Some(0)), "{report:?}");
    assert_eq!(report.used_snapshot, Some(name(&script, 10)));
    assert!(report.snapshots.iter().all(|found| found.good), "{report:?}");
    assert_eq!(report.snapshots.len(), 2);
}

#[test]
fn one_that_is_not_named_is_taken_where_it_has_more() {
    let script = script(3, CALLS, true);
    let (disk, ends) = write(&script, &[10]);
    put_unnamed(&disk, &script, 20);
    flip(&disk, NAME, ends[5] - 2);
    flip(&disk, NAME, ends[15] - 2);
    let report = salvage(&disk, &script).report;
    assert_eq!(report.used_snapshot, Some(name(&script, 20)), "{report:?}");
    assert_eq!(report.events, script.steps[20].events);

    // As far as the road from the named one: that one.
    let (disk, ends) = write(&script, &[10]);
    put_unnamed(&disk, &script, 20);
    flip(&disk, NAME, ends[5] - 2);
    flip(&disk, NAME, ends[21] - 2);
    let report = salvage(&disk, &script).report;
    assert_eq!(report.used_snapshot, Some(name(&script, 10)), "{report:?}");
    assert_eq!(report.events, script.steps[20].events);
}

/// Appends a frame of kind 2 to the journal, right but for what its events are.
fn append_batch(disk: &MemDisk, count: u8, events: &[u8], link: u32) {
    let body = [&[2, count], events].concat();
    let length = u32::try_from(body.len()).unwrap().to_le_bytes();
    let covered = [&SALT[..], &length, &link.to_le_bytes(), &body].concat();
    let crc = crc32c::crc32c(&covered).to_le_bytes();
    let mut bytes = disk.bytes(NAME).unwrap();
    bytes.extend([&SALT[..4], &length, &link.to_le_bytes(), &crc, &body].concat());
    disk.put(NAME, &bytes);
}

#[test]
fn a_frame_that_is_refused_halfway_leaves_nothing() {
    let script = script(3, CALLS, true);
    let (disk, ends) = write(&script, &[10]);
    let whole = disk.bytes(NAME).unwrap();
    let last = &whole[ends[11]..ends[12]];
    let link = u32::from_le_bytes(last[12..16].try_into().unwrap());
    disk.put(NAME, &whole[..ends[12]]);
    // Events of several calls, and then none.
    let mut events: Vec<u8> =
        script.steps[13..20].iter().flat_map(|step| step.bytes.iter().copied()).collect();
    events.extend([255; 9]);
    append_batch(&disk, 100, &events, link);
    // A snapshot of another past has as many events as the half of that frame.
    let (kept, half) = (script.steps[12].events, script.steps[19].events);
    let other = crate::calls::script(4, CALLS, true);
    let stranger = other.steps.iter().find(|step| step.events > kept && step.events <= half);
    let stranger = stranger.unwrap();
    let beside = format!("{NAME}.snapshot-{}", stranger.events);
    disk.put(&beside, &stranger.image);
    flip(&disk, NAME, ends[5] - 2);
    let report = salvage(&disk, &script).report;
    assert_eq!(report.used_snapshot, Some(name(&script, 10)), "the other has another past");
    assert_eq!(report.events, kept, "{report:?}");
    let moved = format!("{NAME}.damaged.snapshot-{}", stranger.events);
    assert_eq!((disk.bytes(&beside), disk.bytes(&moved)), (None, Some(stranger.image.clone())));
}

#[test]
fn the_newest_two_good_snapshots_are_kept() {
    let script = script(3, CALLS, true);
    let (disk, _) = write(&script, &[5, 10]);
    let (old, damaged) = (name(&script, 5), name(&script, 10));
    flip(&disk, &damaged, 100);
    // Older than both, and of no use either.
    disk.put(&format!("{NAME}.snapshot-1"), b"damaged");
    let opened = open(Arc::new(disk.clone()), NAME, &Opening::default()).unwrap();
    assert_eq!(opened.journal.status().snapshots, std::slice::from_ref(&old), "the good ones");
    let mut ledger = opened.ledger;
    ledger.attach(opened.journal);
    let mut random = Random(8);
    call(&mut ledger, &mut random).unwrap();
    let first = ledger.snapshot().unwrap();
    assert_eq!(ledger.journal().unwrap().status().snapshots, [old.clone(), first.clone()]);
    let there = |name: &str| disk.bytes(name).is_some();
    assert!(there(&old) && there(&damaged) && there(&first));
    assert!(!there(&format!("{NAME}.snapshot-1")), "it is older than both");
    call(&mut ledger, &mut random).unwrap();
    let second = ledger.snapshot().unwrap();
    assert!(there(&first) && there(&second) && !there(&old) && !there(&damaged));
    assert_eq!(ledger.journal().unwrap().status().snapshots, [first, second]);
    ledger.shut().unwrap();
    let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
    assert_eq!((report.verdict, report.snapshots.len()), (Verdict::Clean, 2));
}
