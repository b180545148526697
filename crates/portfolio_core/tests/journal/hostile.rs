//! Files that were made to cost time (SPEC rule J8).

use std::sync::Arc;
use std::time::Instant;

use portfolio_core::journal::{Journal, Opening, Settings, Verdict, recover};

use crate::calls::{configuration_bytes, script};
use crate::disk::MemDisk;

const NAME: &str = "pf.journal";

/// A journal of one event, many bytes that may be frames of half a megabyte each, and the frame of
/// another event.
fn markers(length: usize) -> Vec<u8> {
    // The marker is the length of a body as well.
    let mut salt = [7; 16];
    salt[..4].copy_from_slice(&[0, 0, 8, 0]);
    let disk = MemDisk::default();
    let shared = Arc::new(disk.clone());
    let settings = Settings::default();
    let mut journal =
        Journal::create(shared, NAME, salt, &configuration_bytes(), settings).unwrap();
    let script = script(3, 2, false);
    journal.append(script.steps[0].count, &[&script.steps[0].bytes]).unwrap();
    let mut bytes = disk.bytes(NAME).unwrap();
    journal.append(script.steps[1].count, &[&script.steps[1].bytes]).unwrap();
    let last = disk.bytes(NAME).unwrap()[bytes.len()..].to_vec();
    bytes.extend([0, 0, 8, 0].repeat(length / 4));
    bytes.resize(bytes.len() + 600_000, 0);
    bytes.extend(last);
    bytes
}

#[test]
fn a_search_for_frames_ends() {
    let disk = MemDisk::default();
    let gives_up = |bytes: &[u8]| {
        disk.put(NAME, bytes);
        let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
        assert!(report.events > 0 && report.dropped_bytes() > 600_000, "{report:?}");
        assert_eq!(report.verdict, Verdict::Corrupt, "{report:?}");
        report.reason.contains("at least 0 are behind")
    };
    let begun = Instant::now();
    assert!(gives_up(&markers(400_000)), "nobody looks so far");
    println!("a megabyte of markers: {:?}", begun.elapsed());
    assert!(!gives_up(&markers(200)), "the frame behind them is found");
}

#[test]
fn a_header_that_ends_before_its_length_is_answered_too() {
    let mut bytes = markers(400_000);
    bytes[12] = 255;
    bytes[14] = 255;
    let disk = MemDisk::default();
    disk.put(NAME, &bytes);
    let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
    assert_eq!((report.verdict, report.events), (Verdict::Corrupt, 0));
}
