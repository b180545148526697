//! What a close tells, and what a journal that cannot be made leaves (SPEC rules J6 and J10).

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::{Duration, Instant};

use portfolio_core::event::{Cash, Event};
use portfolio_core::journal::{Journal, Opening, Settings, SyncMode, open, recover};
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::Money;
use portfolio_core::refusal::Refusal;

use crate::calls::{SALT, configuration, configuration_bytes};
use crate::disk::{Failure, MemDisk};

const NAME: &str = "pf.journal";
const BROKEN: Failure = Failure::Whole(ErrorKind::Other);

fn begun(disk: &MemDisk, settings: Settings) -> Ledger {
    let shared = Arc::new(disk.clone());
    let journal = Journal::create(shared, NAME, SALT, &configuration_bytes(), settings);
    let mut ledger = Ledger::new(configuration()).unwrap();
    ledger.attach(journal.unwrap());
    ledger
}

fn deposit(ledger: &mut Ledger, time: i64) -> Result<(), Refusal> {
    let cash = Cash::new(Money::parse("1").unwrap(), time);
    ledger.apply(&Event::Deposit(cash)).map(drop)
}

/// Raised once, by nothing but the close; then the file is free, and has what was acknowledged.
fn is_told_by_close(disk: &MemDisk, ledger: &mut Ledger, events: u64) {
    let before = disk.bytes(NAME);
    let refusal = ledger.shut().unwrap_err();
    assert_eq!(refusal.code().number(), 4050, "{refusal}");
    ledger.shut().unwrap();
    assert_eq!(disk.bytes(NAME), before, "nothing is written");
    disk.mend();
    let again = open(Arc::new(disk.clone()), NAME, &Opening::default()).unwrap();
    assert_eq!(again.report.events, events);
}

/// A portfolio whose snapshot behind the second event fails.
fn without_snapshot(disk: &MemDisk) -> Ledger {
    let mut ledger = begun(disk, Settings { snapshot_every: Some(2), ..Settings::default() });
    deposit(&mut ledger, 1).unwrap();
    // The event is written and synced; the snapshot cannot be made.
    disk.fail_at(disk.operations() + 2, BROKEN, true);
    deposit(&mut ledger, 2).unwrap();
    assert!(disk.bytes(&format!("{NAME}.snapshot-2")).is_none());
    ledger
}

/// A portfolio whose thread has met an error.
fn without_sync(disk: &MemDisk) -> Ledger {
    let sync_interval = Duration::from_millis(1);
    let settings = Settings { sync: SyncMode::Interval, sync_interval, ..Settings::default() };
    let mut ledger = begun(disk, settings);
    disk.fail_at(disk.operations() + 1, BROKEN, false);
    deposit(&mut ledger, 1).unwrap();
    let started = Instant::now();
    while ledger.journal().unwrap().status().read_only.is_none() {
        assert!(started.elapsed() < Duration::from_secs(60), "the thread does nothing");
        std::thread::sleep(Duration::from_millis(1));
    }
    ledger
}

#[test]
fn a_close_tells_of_a_snapshot_that_failed() {
    let disk = MemDisk::default();
    let mut ledger = without_snapshot(&disk);
    is_told_by_close(&disk, &mut ledger, 2);
}

#[test]
fn a_close_tells_of_a_sync_that_failed() {
    let disk = MemDisk::default();
    let mut ledger = without_sync(&disk);
    is_told_by_close(&disk, &mut ledger, 1);
}

#[test]
fn a_close_tells_of_a_digest_that_failed() {
    let disk = MemDisk::default();
    let mut ledger = begun(&disk, Settings::default());
    (1..=4_095).for_each(|time| deposit(&mut ledger, time).unwrap());
    disk.fail_at(disk.operations() + 1, BROKEN, true);
    deposit(&mut ledger, 4_096).unwrap();
    is_told_by_close(&disk, &mut ledger, 4_096);
}

#[test]
fn a_failure_that_was_told_is_not_told_again() {
    for make in [without_snapshot, without_sync] {
        let disk = MemDisk::default();
        let mut ledger = make(&disk);
        assert_eq!(deposit(&mut ledger, 3).unwrap_err().code().number(), 4050);
        ledger.shut().unwrap();
        let disk = MemDisk::default();
        let mut ledger = make(&disk);
        assert_eq!(ledger.flush().unwrap_err().code().number(), 4050);
        ledger.shut().unwrap();
    }
}

#[test]
fn a_journal_that_cannot_be_made_leaves_nothing() {
    for sync in [SyncMode::Os, SyncMode::Interval] {
        let settings = Settings { sync, ..Settings::default() };
        let disk = MemDisk::default();
        let ledger = begun(&disk, settings);
        let operations = disk.operations();
        drop(ledger);
        for number in 0..operations {
            let disk = MemDisk::default();
            disk.fail_at(number, BROKEN, false);
            let shared = Arc::new(disk.clone());
            let made = Journal::create(shared, NAME, SALT, &configuration_bytes(), settings);
            assert!(made.is_err(), "{sync:?}, operation {number}");
            let failed = disk.mend();
            assert_eq!(disk.bytes(NAME), None, "{sync:?}, {failed:?}");
            drop(begun(&disk, settings));
            let report = recover(&disk, NAME, &Opening::default()).unwrap().report;
            assert_eq!(report.events, 0, "{sync:?}, {failed:?}");
        }
    }
}
