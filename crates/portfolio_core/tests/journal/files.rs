//! Journals in real files: names, locks, the thread of mode interval, closing (SPEC rules J3 to
//! J6).

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

use portfolio_core::event::{Cash, Event};
use portfolio_core::journal::{
    Folder, Journal, JournalError, Opening, Settings, SyncMode, held_descriptors, open,
};
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::Money;

use crate::calls::{SALT, call, configuration, configuration_bytes};
use crate::random::Random;

/// A folder that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static MADE: AtomicU64 = AtomicU64::new(0);
        let name = format!("journal-test-{}-{}", std::process::id(), MADE.fetch_add(1, Relaxed));
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn path(&self) -> PathBuf {
        self.0.join("pf.journal")
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn create(path: &Path, settings: Settings) -> Result<Ledger, JournalError> {
    let (folder, name) = Folder::of(path).unwrap();
    let bytes = configuration_bytes();
    let journal = Journal::create(Arc::new(folder), &name, SALT, &bytes, settings)?;
    let mut ledger = Ledger::new(configuration()).unwrap();
    ledger.attach(journal);
    Ok(ledger)
}

fn reopen(path: &Path) -> Result<Ledger, u32> {
    let (folder, name) = Folder::of(path).unwrap();
    let opened = open(Arc::new(folder), &name, &Opening::default());
    let opened = opened.map_err(|refusal| refusal.code().number())?;
    let mut ledger = opened.ledger;
    ledger.attach(opened.journal);
    Ok(ledger)
}

fn deposit(ledger: &mut Ledger, time: i64) {
    let cash = Cash::new(Money::parse("1").unwrap(), time);
    ledger.apply(&Event::Deposit(cash)).unwrap();
}

fn with(sync: SyncMode) -> Settings {
    Settings { sync, ..Settings::default() }
}

#[test]
fn every_mode_comes_back_from_its_file() {
    for sync in SyncMode::ALL {
        let scratch = Scratch::new();
        let mut ledger = create(&scratch.path(), with(sync)).unwrap();
        let mut random = Random(2);
        (0..200).for_each(|_| call(&mut ledger, &mut random).unwrap());
        ledger.snapshot().unwrap();
        let digest = ledger.digest().unwrap();
        let status = ledger.journal().unwrap().status();
        assert_eq!((status.events, status.sync), (ledger.account().events, sync));
        ledger.shut().unwrap();
        ledger.shut().unwrap();
        let refusal = call(&mut ledger, &mut random).unwrap_err();
        assert_eq!(refusal.code().number(), 4056, "{refusal}");
        let mut again = reopen(&scratch.path()).unwrap();
        assert_eq!(again.digest().unwrap(), digest);
        assert_eq!(again.journal().unwrap().sync_mode(), sync, "as it was written last");
        (0..20).for_each(|_| call(&mut again, &mut random).unwrap());
        again.verify().unwrap();
        assert_eq!(scratch.names().len(), 2, "{:?}", scratch.names());
    }
}

#[test]
fn one_writer_at_a_time() {
    let scratch = Scratch::new();
    let path = scratch.path();
    assert_eq!(reopen(&path).unwrap_err(), 4055, "there is none");
    assert_eq!(reopen(&scratch.0).unwrap_err(), 4055, "a folder is none");
    let mut ledger = create(&path, with(SyncMode::Os)).unwrap();
    assert_eq!(reopen(&path).unwrap_err(), 4051);
    assert_eq!(create(&path, with(SyncMode::Os)).unwrap_err().fault.code().number(), 4054);
    deposit(&mut ledger, 1);
    ledger.shut().unwrap();
    let again = reopen(&path).unwrap();
    assert_eq!(reopen(&path).unwrap_err(), 4051);
    drop(again);
    assert_eq!(reopen(&path).unwrap().account().events, 1, "a drop lets go");
    fs::rename(&path, scratch.0.join("elsewhere")).unwrap();
    fs::write(scratch.0.join("pf.journal.snapshot-7"), b"left over").unwrap();
    let error = create(&path, with(SyncMode::Os)).unwrap_err();
    assert_eq!(error.fault.code().number(), 4054, "{error}");
    let nowhere = scratch.0.join("no folder").join("pf.journal");
    assert_eq!(create(&nowhere, with(SyncMode::Os)).unwrap_err().fault.code().number(), 4050);
}

#[test]
fn of_many_makers_one_succeeds() {
    for _ in 0..20 {
        let scratch = Scratch::new();
        let path = scratch.path();
        let made: Vec<_> = std::thread::scope(|scope| {
            let makers: Vec<_> = (0..4_u8)
                .map(|maker| {
                    let path = &path;
                    scope.spawn(move || {
                        let (folder, name) = Folder::of(path).unwrap();
                        let (salt, bytes) = ([maker; 16], configuration_bytes());
                        let folder = Arc::new(folder);
                        Journal::create(folder, &name, salt, &bytes, Settings::default())
                    })
                })
                .collect();
            makers.into_iter().map(|maker| maker.join().unwrap()).collect()
        });
        assert_eq!(made.iter().filter(|made| made.is_ok()).count(), 1);
        for error in made.iter().filter_map(|made| made.as_ref().err()) {
            assert_eq!(error.fault.code().number(), 4054, "{error}");
        }
        assert_eq!(scratch.names(), ["pf.journal"]);
    }
}

#[test]
fn the_thread_of_mode_interval_syncs_what_was_written() {
    let scratch = Scratch::new();
    let sync_interval = Duration::from_millis(4);
    let settings = Settings { sync_interval, ..with(SyncMode::Interval) };
    let mut ledger = create(&scratch.path(), settings).unwrap();
    let (begun, mut time) = (Instant::now(), 0);
    // A frame more than there are events says that the thread has synced.
    let frames = |ledger: &Ledger| ledger.journal().unwrap().status().frames;
    while frames(&ledger) < ledger.account().events + 3 {
        time += 1;
        deposit(&mut ledger, time);
        std::thread::sleep(Duration::from_millis(1));
        assert!(begun.elapsed() < Duration::from_secs(60), "the thread does nothing");
    }
    ledger.shut().unwrap();
    assert_eq!(reopen(&scratch.path()).unwrap().account().events, u64::try_from(time).unwrap());
}

#[test]
fn what_was_gathered_is_written() {
    let scratch = Scratch::new();
    let length = || fs::metadata(scratch.path()).unwrap().len();
    let mut ledger = create(&scratch.path(), with(SyncMode::Off)).unwrap();
    let header = length();
    deposit(&mut ledger, 1);
    assert_eq!(length(), header, "it is gathered");
    ledger.flush().unwrap();
    let flushed = length();
    assert!(flushed > header);
    assert_eq!(ledger.journal().unwrap().status().bytes, flushed);
    let mut time = 1;
    while length() == flushed {
        time += 1;
        deposit(&mut ledger, time);
    }
    assert!(length() - flushed >= 64 << 10, "{} at once", length() - flushed);
    deposit(&mut ledger, time + 1);
    drop(ledger);
    assert_eq!(reopen(&scratch.path()).unwrap().account().events, u64::try_from(time).unwrap() + 1);
}

#[test]
fn what_was_under_way_is_swept() {
    let scratch = Scratch::new();
    drop(create(&scratch.path(), with(SyncMode::Os)).unwrap());
    fs::write(scratch.0.join(".pf.journal.tmp-00"), b"half").unwrap();
    fs::write(scratch.0.join(".other.journal.tmp-00"), b"half").unwrap();
    drop(reopen(&scratch.path()).unwrap());
    assert_eq!(scratch.names(), [".other.journal.tmp-00", "pf.journal"]);
}

#[test]
fn digests_are_written_on_the_way() {
    let scratch = Scratch::new();
    let mut ledger = create(&scratch.path(), with(SyncMode::Os)).unwrap();
    (1..=9_000).for_each(|time| deposit(&mut ledger, time));
    assert_eq!(ledger.journal().unwrap().status().frames, 9_002, "two digests");
    ledger.shut().unwrap();
    assert_eq!(reopen(&scratch.path()).unwrap().account().events, 9_000);
}

#[test]
fn paths_are_shown_as_they_were_given() {
    assert!(Folder::of(Path::new("")).is_err());
    assert!(Folder::of(Path::new("/")).is_err());
    let (folder, name) = Folder::of(Path::new("some/pf.journal")).unwrap();
    assert_eq!(portfolio_core::journal::Disk::path(&folder, &name), "some/pf.journal");
}

/// A child is told of each file that has the lock, also of the one that the thread of mode
/// interval has, as long as it is open.
#[cfg(target_os = "linux")]
#[test]
fn a_journal_has_its_descriptors_told() {
    use std::os::unix::fs::MetadataExt;
    let told_of = |path: &Path| {
        let ours = fs::metadata(path).unwrap().ino();
        let leads_here = |descriptor: &i32| {
            let there = fs::metadata(format!("/proc/self/fd/{descriptor}"));
            there.is_ok_and(|found| found.ino() == ours)
        };
        held_descriptors().iter().filter(|descriptor| leads_here(descriptor)).count()
    };
    for (sync, files) in [(SyncMode::Os, 1), (SyncMode::Interval, 2)] {
        let scratch = Scratch::new();
        let path = scratch.path();
        let ledger = create(&path, with(sync)).unwrap();
        assert_eq!(told_of(&path), files, "{sync:?}");
        drop(ledger);
        assert_eq!(told_of(&path), 0, "{sync:?}");
    }
}
