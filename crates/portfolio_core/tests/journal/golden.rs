//! The journals that are kept as bytes, the same for both backends (`tests/golden/journal`).

use std::path::Path;
use std::sync::Arc;

use portfolio_core::journal::{Journal, Opening, Settings, SyncMode, Verdict, recover};

use crate::disk::MemDisk;

const NAMES: [&str; 4] =
    ["life.journal", "life.journal.snapshot-11", "life.journal.snapshot-22", "kinds.journal"];

fn golden(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/journal");
    let text = std::fs::read_to_string(folder.join(format!("{name}.hex"))).unwrap();
    let digits: Vec<u32> = text.chars().filter_map(|digit| digit.to_digit(16)).collect();
    digits.chunks(2).map(|pair| u8::try_from(pair[0] * 16 + pair[1]).unwrap()).collect()
}

/// The value of a key of `facts.json`, as it stands there.
fn fact(key: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/golden/journal/facts.json");
    let text = std::fs::read_to_string(path).unwrap();
    let rest = text.split_once(&format!("\"{key}\": ")).unwrap().1;
    rest.split([',', '\n']).next().unwrap().trim_matches('"').to_owned()
}

#[test]
fn the_kept_journals_are_read() {
    let disk = MemDisk::default();
    for name in NAMES {
        disk.put(name, &golden(name));
    }
    let report = recover(&disk, "life.journal", &Opening::default()).unwrap().report;
    assert_eq!(report.verdict.word(), fact("verdict"), "{report:?}");
    assert_eq!(report.sync.unwrap().word(), fact("sync"));
    assert_eq!(report.events.to_string(), fact("events"));
    assert_eq!(report.frames.to_string(), fact("frames"));
    assert_eq!(report.length.to_string(), fact("length"));
    assert_eq!(report.closed.to_string(), fact("closed"));
    assert_eq!(report.digest, fact("digest"));
    assert_eq!(report.snapshots.len(), 2, "{report:?}");
    assert!(report.snapshots.iter().all(|found| found.good), "{report:?}");

    let kinds = recover(&disk, "kinds.journal", &Opening::default()).unwrap().report;
    assert_eq!((kinds.verdict, kinds.events), (Verdict::Clean, report.events), "{kinds:?}");
    assert_eq!((kinds.frames, kinds.digest), (report.frames + 2, report.digest));
}

/// The frames of rules J1 and J2, byte by byte.
#[test]
fn a_small_journal_has_these_bytes() {
    let disk = MemDisk::default();
    let settings = Settings { sync: SyncMode::Always, ..Settings::default() };
    let salt: [u8; 16] = std::array::from_fn(|at| u8::try_from(at).unwrap());
    let mut journal =
        Journal::create(Arc::new(disk.clone()), "small", salt, b"cfg", settings).unwrap();
    journal.append(1, &[b"one"]).unwrap();
    journal.append(300, &[b"tw", b"o"]).unwrap();
    let bytes = disk.bytes("small").unwrap();

    let mut wanted = b"OMEGAJNL\x01\0\x03\0\x03\0\0\0".to_vec();
    wanted.extend_from_slice(&salt);
    wanted.extend_from_slice(b"cfg");
    let mut link = crc32c(&wanted);
    wanted.extend_from_slice(&link.to_le_bytes());
    for body in [&b"\x01one"[..], b"\x02\xAC\x02two"] {
        let length = u32::try_from(body.len()).unwrap().to_le_bytes();
        let before = link.to_le_bytes();
        link = crc32c(&[&salt[..], &length, &before, body].concat());
        wanted.extend_from_slice(&salt[..4]);
        for part in [&length[..], &before, &link.to_le_bytes(), body] {
            wanted.extend_from_slice(part);
        }
    }
    assert_eq!(bytes, wanted);
}

/// By its definition, bit by bit.
fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| {
            (crc >> 1) ^ (0x82F6_3B78 & (crc & 1).wrapping_neg())
        })
    })
}

#[test]
fn the_checksum_is_crc_32c() {
    assert_eq!(crc32c(b"123456789"), 0xE306_9283);
}
