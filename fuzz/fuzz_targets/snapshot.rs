//! Snapshots of any bytes beside a journal: they may make it corrupt, and never change what its
//! events lead to.
#![no_main]

use std::sync::{Arc, LazyLock};

use libfuzzer_sys::fuzz_target;
use portfolio_core::journal::{Disk, Journal, Settings, Verdict};
use portfolio_core::ledger::{Ledger, Mode};
use portfolio_fuzz::accounts::{configuration, fill};
use portfolio_fuzz::bytes::Source;
use portfolio_fuzz::disk::Memory;
use portfolio_fuzz::files::{NAME, read_and_open, salvage, with_crc};

/// The bytes of a journal with a snapshot that was made in its middle: files and digest.
static SOUND: LazyLock<(Vec<(String, Vec<u8>)>, String)> = LazyLock::new(|| {
    let disk = Memory::default();
    let canonical = configuration(Mode::Hedging).canonical_bytes().expect("there is memory");
    let settings = Settings { snapshot_every: None, ..Settings::default() };
    let salt = *b"sixteen of salt!";
    let journal = Journal::create(Arc::new(disk.clone()), NAME, salt, &canonical, settings);
    let mut ledger = Ledger::new(configuration(Mode::Hedging)).expect("it may be");
    ledger.attach(journal.expect("it is new"));
    fill(&mut ledger);
    ledger.snapshot().expect("there is room");
    fill(&mut ledger);
    let digest = ledger.digest().expect("there is memory");
    drop(ledger);
    let names = disk.names().expect("they are there");
    let files = names.into_iter().map(|name| {
        let bytes = disk.read(&name).expect("it is there");
        (name, bytes)
    });
    (files.collect(), digest)
});

fuzz_target!(|data: &[u8]| {
    let mut source = Source(data);
    let choice = source.byte();
    let disk = Memory::default();
    let (files, digest) = &*SOUND;
    for (name, bytes) in files {
        if name == NAME {
            disk.put(name, bytes);
            continue;
        }
        // The snapshot with bytes that are others, or other bytes.
        let mut made = if choice & 1 == 0 { bytes.clone() } else { source.0.to_vec() };
        for _ in 0..choice >> 4 {
            let place = usize::from(u16::from_le_bytes([source.byte(), source.byte()]));
            if let Some(byte) = made.get_mut(place) {
                *byte ^= source.byte();
            }
        }
        let made = if choice & 2 == 0 { with_crc(&made) } else { made };
        let events = u64::from(source.byte());
        let other = if choice & 4 == 0 { name.clone() } else { format!("j.snapshot-{events}") };
        disk.put(&other, &made);
    }
    let found = read_and_open(&disk, source.byte());
    if found.report.verdict == Verdict::Corrupt {
        salvage(&disk);
    } else {
        assert_eq!(&found.report.digest, digest);
    }
});
