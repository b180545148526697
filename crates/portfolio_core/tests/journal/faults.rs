//! Disks that fail at one operation of a run, each operation in its turn (SPEC rule J4): the call
//! is refused, the portfolio can only be read from then on, and opening the journal again gives all
//! that was acknowledged.

use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use portfolio_core::journal::{Journal, Opening, Settings, SyncMode, Verdict, open, recover};
use portfolio_core::ledger::Ledger;
use portfolio_core::refusal::Refusal;

use crate::calls::{SALT, call, configuration, configuration_bytes, hex};
use crate::disk::{Failure, MemDisk};
use crate::random::Random;

const NAME: &str = "pf.journal";
const NEVER: Duration = Duration::from_secs(1 << 20);
const FAILURES: [Failure; 4] = [
    Failure::Whole(ErrorKind::Other),
    Failure::Whole(ErrorKind::StorageFull),
    Failure::Half(ErrorKind::StorageFull),
    Failure::Short,
];

/// What was answered.
#[derive(Debug, Default)]
struct Answered {
    begun: bool,
    events: u64,
    digest: String,
    synced: u64,
    refused: bool,
}

fn opening(salvage: bool) -> Opening {
    Opening { sync_interval: NEVER, snapshot_every: Some(20), salvage, ..Opening::default() }
}

/// A portfolio's life on a disk: made, used, closed, opened again, used. It ends with the first
/// call that is refused.
fn live(disk: &MemDisk, sync: SyncMode, random: &mut Random) -> Answered {
    let mut answered = Answered::default();
    let mut ledger = Ledger::new(configuration()).unwrap();
    let settings =
        Settings { sync, sync_interval: NEVER, snapshot_every: Some(20), ..Settings::default() };
    let shared = || Arc::new(disk.clone());
    let begun = Journal::create(shared(), NAME, SALT, &configuration_bytes(), settings);
    let Ok(journal) = begun else {
        answered.refused = true;
        return answered;
    };
    ledger.attach(journal);
    answered.begun = true;
    for part in 0..2 {
        for number in 0..24 {
            answered.take(&mut ledger, |ledger| call(ledger, random), sync == SyncMode::Always);
            if number == 9 {
                answered.take(&mut ledger, Ledger::flush, true);
            }
            if number == 15 {
                answered.take(&mut ledger, |ledger| ledger.snapshot().map(|_| ()), true);
            }
            if answered.refused {
                return answered;
            }
        }
        if part == 0 {
            answered.take(&mut ledger, Ledger::shut, true);
            if answered.refused {
                return answered;
            }
            drop(ledger);
            match open(shared(), NAME, &opening(false)) {
                Ok(opened) => {
                    ledger = opened.ledger;
                    ledger.attach(opened.journal);
                }
                Err(refusal) => {
                    assert!(matches!(refusal, Refusal::Journal(_)), "{refusal}");
                    answered.refused = true;
                    return answered;
                }
            }
        }
    }
    answered
}

impl Answered {
    fn take(
        &mut self,
        ledger: &mut Ledger,
        call: impl FnOnce(&mut Ledger) -> Result<(), Refusal>,
        syncs: bool,
    ) {
        if self.refused {
            return;
        }
        match call(ledger) {
            Ok(()) => {
                self.events = ledger.account().events;
                self.digest = hex(&ledger.digest_bytes().unwrap());
                if syncs {
                    self.synced = self.events;
                }
            }
            Err(refusal) => {
                self.refused = true;
                assert_eq!(refusal.code().number(), 4050, "{refusal}");
                self.is_read_only(ledger);
            }
        }
    }

    /// The portfolio is as it was before the refused call, and takes no more.
    fn is_read_only(&self, ledger: &mut Ledger) {
        let digest = hex(&ledger.digest_bytes().unwrap());
        assert_eq!(ledger.account().events, self.events);
        assert!(self.digest.is_empty() || digest == self.digest, "the refused call has changed it");
        ledger.verify().unwrap();
        if ledger.is_closed() {
            return;
        }
        for _ in 0..2 {
            let refusal = call(ledger, &mut Random(5)).unwrap_err();
            assert_eq!(refusal.code().number(), 4050, "{refusal}");
        }
        assert_eq!(ledger.flush().unwrap_err().code().number(), 4050);
        assert_eq!(ledger.snapshot().unwrap_err().code().number(), 4050);
        assert_eq!(hex(&ledger.digest_bytes().unwrap()), digest);
        assert!(ledger.journal().unwrap().status().read_only.is_some());
        ledger.shut().unwrap();
    }
}

/// Opens what a failed life has left.
fn check(disk: &MemDisk, sync: SyncMode, answered: &Answered, (dead, what): (bool, &str)) {
    let Answered { begun, events, digest, synced, .. } = answered;
    let Some(_) = disk.bytes(NAME) else {
        assert!(!begun, "{what}: the journal is gone");
        return;
    };
    let inspected = recover(disk, NAME, &Opening::default()).unwrap().report;
    let opened = open(Arc::new(disk.clone()), NAME, &opening(false));
    let opened = opened.unwrap_or_else(|refusal| panic!("{what}: {refusal}"));
    let report = &opened.report;
    assert_eq!(*report, inspected, "{what}");
    assert!(matches!(report.verdict, Verdict::Clean | Verdict::Torn), "{what}: {report:?}");
    if sync == SyncMode::Off {
        assert!(report.events >= *synced, "{what}: {report:?}");
        return;
    }
    // A frame that could not be cut off again is a call that was not answered.
    assert!(report.events >= *events && (dead || report.events == *events), "{what}: {report:?}");
    if report.events == *events && !digest.is_empty() {
        assert_eq!(report.digest, *digest, "{what}");
    }
    let mut ledger = opened.ledger;
    ledger.attach(opened.journal);
    for _ in 0..5 {
        call(&mut ledger, &mut Random(9)).unwrap();
    }
    ledger.shut().unwrap();
    ledger.verify().unwrap();
}

/// A life whose disk fails at an operation, and perhaps for ever; 1 when that ended it.
fn fails(sync: SyncMode, number: u64, (failure, dead): (Failure, bool)) -> u64 {
    let disk = MemDisk::default();
    disk.fail_at(number, failure, dead);
    let answered = live(&disk, sync, &mut Random(11));
    let what = format!("{sync:?}, operation {number}, {failure:?}, dead {dead}");
    let harmless = failure == Failure::Short && !dead;
    assert!(!(harmless && answered.refused), "{what}: a short write is no error");
    disk.mend();
    check(&disk, sync, &answered, (dead, &what));
    u64::from(answered.refused)
}

#[test]
fn every_operation_of_the_disk_may_fail() {
    let mut failed = 0;
    for sync in SyncMode::ALL {
        let disk = MemDisk::default();
        let whole = live(&disk, sync, &mut Random(11));
        assert!(!whole.refused);
        let operations = disk.operations();
        assert!(operations > 50, "{sync:?}: {operations}");
        for number in 0..operations {
            for failure in FAILURES {
                failed += [false, true]
                    .map(|dead| fails(sync, number, (failure, dead)))
                    .iter()
                    .sum::<u64>();
            }
        }
    }
    println!("{failed} lives were ended by a disk that fails");
    assert!(failed > 1_000);
}
