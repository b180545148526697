//! Journals whose computer loses its power, or whose process is killed, at any operation of the
//! disk (SPEC rules J3, J7 to J10). Nothing that was promised is lost, no state is a wrong one, and
//! nothing panics. `CRASH_FULL=1` makes it long.
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::calls::{SALT, Script, configuration_bytes, script};
use crate::disk::{Failure, MemDisk};
use crate::random::Random;
use portfolio_core::journal::{
    Fault, Journal, Opening, Settings, SyncMode, Verdict, open, recover,
};
use portfolio_core::refusal::Refusal;

const NAME: &str = "pf.journal";
const DEAD: Failure = Failure::Whole(std::io::ErrorKind::Other);
/// The pacer does nothing by itself here: `flush` is what it would do.
const NEVER: Duration = Duration::from_secs(1 << 20);

/// What was promised when the disk died.
#[derive(Debug, Clone, Copy, Default)]
struct Promised {
    /// The making of the journal was answered.
    begun: bool,
    /// Events that were answered.
    answered: u64,
    /// Events that were answered before the last answered sync.
    synced: u64,
    /// Events of the calls that were made, answered or not.
    called: u64,
}

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    PowerCut,
    Killed,
}

struct Run<'a> {
    script: &'a Script,
    random: Random,
    mode: SyncMode,
    promised: Promised,
    /// A power cut has left it so, and it was not salvaged since.
    corrupt: bool,
}

impl Run<'_> {
    /// Goes on with a journal until the disk dies or the script ends.
    fn go_on(&mut self, mut journal: Journal, disk: &MemDisk) {
        while let Some(step) =
            self.script.steps.iter().find(|step| step.events > self.promised.answered)
        {
            self.promised.called = step.events;
            if journal.append(step.count, &[&step.bytes]).is_err() {
                assert!(journal.check_writable().is_err(), "a failed journal takes no more");
                return;
            }
            self.promised.answered = step.events;
            if self.mode == SyncMode::Always {
                self.promised.synced = step.events;
            }
            let done = match self.random.below(24) {
                0 | 1 => journal.flush().map(|()| true),
                2 => journal.snapshot(step.events, &step.digest, &step.image).map(|_| true),
                3 | 4 => journal.digest(step.events, &step.digest).map(|()| false),
                5 => {
                    let closed = journal.close(step.events, &step.digest);
                    if closed.is_err() {
                        return;
                    }
                    drop(journal);
                    self.promised.synced = step.events;
                    let opening = Opening { sync_interval: NEVER, ..Opening::default() };
                    let Ok(opened) = open(Arc::new(disk.clone()), NAME, &opening) else { return };
                    assert_eq!(opened.report.events, step.events);
                    assert_eq!(opened.report.verdict, Verdict::Clean);
                    assert!(opened.report.closed);
                    journal = opened.journal;
                    Ok(true)
                }
                _ => Ok(false),
            };
            match done {
                Ok(true) => self.promised.synced = step.events,
                Ok(false) => {}
                Err(_) => return,
            }
        }
    }

    /// What is left of the disk keeps what was promised; how many events that is.
    fn check(&self, disk: &MemDisk, end: End) -> Option<(u64, Verdict)> {
        let Promised { begun, answered, synced, called } = self.promised;
        let recovered = match recover(disk, NAME, &Opening::default()) {
            Ok(recovered) => recovered,
            Err(Refusal::Journal(error)) if error.fault == Fault::NotFound => {
                assert!(!begun, "the journal is gone");
                return None;
            }
            Err(refusal) => panic!("{refusal}"),
        };
        let report = &recovered.report;
        assert_eq!(
            self.script.digests.get(&report.events),
            Some(&report.digest),
            "a state that there never was: {report:?}"
        );
        let promised = match (end, self.mode) {
            (End::PowerCut, SyncMode::Always) | (End::Killed, SyncMode::Always | SyncMode::Os) => {
                answered
            }
            (End::Killed, SyncMode::Interval) => answered,
            _ => synced,
        };
        assert!(report.events >= promised, "{promised} events were promised: {report:?}");
        assert!(report.events <= called, "{called} events were called: {report:?}");
        assert!(report.snapshots.iter().all(|found| found.good), "{report:?}");
        let lossy = matches!(self.mode, SyncMode::Off | SyncMode::Os);
        let may_be_corrupt = lossy && (end == End::PowerCut || self.corrupt);
        assert!(
            matches!(report.verdict, Verdict::Clean | Verdict::Torn)
                || (may_be_corrupt && report.verdict == Verdict::Corrupt),
            "{report:?}"
        );
        Some((report.events, report.verdict))
    }
}

/// Lives of one journal, each ended by a cut; what its verdicts were.
fn lives(seed: u64, scripts: &[Script], verdicts: &[AtomicU64; 3]) {
    let mut random = Random(seed);
    let script = &scripts[usize::try_from(random.below(16)).unwrap() % scripts.len()];
    let mode = SyncMode::ALL[usize::try_from(random.below(4)).unwrap()];
    let mut run = Run { script, random, mode, promised: Promised::default(), corrupt: false };
    let settings = Settings { sync: mode, sync_interval: NEVER, ..Settings::default() };
    let mut disk = MemDisk::default();
    for life in 0..3 {
        disk.fail_at(disk.operations() + run.random.below(120), DEAD, true);
        let shared = Arc::new(disk.clone());
        let begun = if life == 0 || !run.promised.begun {
            let made = Journal::create(shared, NAME, SALT, &configuration_bytes(), settings);
            run.promised.begun |= made.is_ok();
            made.ok()
        } else {
            let opening = Opening {
                sync: Some(mode),
                sync_interval: NEVER,
                salvage: run.random.below(2) == 0,
                ..Opening::default()
            };
            open(shared, NAME, &opening).ok().map(|opened| {
                run.corrupt = false;
                run.promised.answered = opened.report.events;
                run.promised.synced = opened.report.events;
                opened.journal
            })
        };
        if let Some(journal) = begun {
            run.go_on(journal, &disk);
        }
        let end = if run.random.below(4) == 0 { End::Killed } else { End::PowerCut };
        let left = match end {
            End::PowerCut => disk.without_power(&mut run.random),
            End::Killed => disk.killed(),
        };
        let Some((events, verdict)) = run.check(&left, end) else { continue };
        verdicts[match verdict {
            Verdict::Clean => 0,
            Verdict::Torn => 1,
            _ => 2,
        }]
        .fetch_add(1, Relaxed);
        run.corrupt = verdict == Verdict::Corrupt;
        run.promised = Promised { begun: true, answered: events, synced: events, called: events };
        disk = left;
    }
}

#[test]
fn nothing_that_was_promised_is_lost() {
    let seed = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    // Each life of a journal is one power cut or one kill.
    let journals: u64 = if crate::is_full() { 500_000 } else { 1_000 };
    let scripts: Vec<Script> = (0..16).map(|seed| script(seed, 40, true)).collect();
    let verdicts = [const { AtomicU64::new(0) }; 3];
    if let Some(seed) = seed {
        lives(seed, &scripts, &verdicts);
        return;
    }
    let next = AtomicU64::new(0);
    let work = || {
        let seeds = std::iter::repeat_with(|| next.fetch_add(1, Relaxed));
        for seed in seeds.take_while(|&seed| seed < journals) {
            let lived = std::panic::catch_unwind(|| lives(seed, &scripts, &verdicts));
            assert!(lived.is_ok(), "again with CRASH_SEED={seed}");
        }
    };
    std::thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    let [clean, torn, corrupt] = verdicts.map(AtomicU64::into_inner);
    let all = clean + torn + corrupt;
    println!("{all} cuts: {clean} clean, {torn} torn, {corrupt} corrupt in modes off and os");
    assert!(all > 2 * journals && clean > 0 && torn > 0 && corrupt > 0, "{clean} {torn} {corrupt}");
}
