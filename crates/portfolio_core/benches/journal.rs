//! What the journal costs an event, by sync mode, and how fast a journal is read again.
//!
//! The digest of what was written and restored is printed: two machines that print the same one did
//! the same work. The journals are made in the folder for temporary files; which disk that is
//! decides about `interval` and `always`.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking and says what it did"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::event::{Close, Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::journal::{Folder, Journal, Opening, Settings, SyncMode, recover};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use random::Random;

const RECOVERED: u64 = 1_000_000;
/// About so many positions are open.
const HELD: u64 = 100;
const MODES: [&str; 5] = ["none", "off", "os", "interval", "always"];
const SYMBOLS: [&str; 4] = ["SYM0", "SYM1", "SYM2", "SYM3"];

fn main() {
    let folder = Scratch::new();
    let path = folder.0.join("recovered.journal");
    let mut ledger = with_journal(&path, Some(SyncMode::Off));
    events(&mut ledger, RECOVERED);
    ledger.shut().unwrap();
    let bytes = std::fs::metadata(&path).unwrap().len();
    let digest = ledger.digest().unwrap();
    println!("{RECOVERED} events, {bytes} bytes, digest {digest}");
    assert_eq!(restored(&path), (RECOVERED, digest));
    drop(folder);
    divan::main();
}

/// A folder that is gone at the end.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("journal-bench-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

fn with_journal(path: &Path, sync: Option<SyncMode>) -> Ledger {
    let balance = Money::parse("10000000000").unwrap();
    let configuration = Configuration { leverage: 30_000_000_000, ..Configuration::new(balance) };
    let bytes = configuration.canonical_bytes().unwrap();
    let mut ledger = Ledger::new(configuration).unwrap();
    if let Some(sync) = sync {
        let (folder, name) = Folder::of(path).unwrap();
        let settings = Settings { sync, ..Settings::default() };
        let salt = *b"salt of a bench!";
        ledger.attach(Journal::create(Arc::new(folder), &name, salt, &bytes, settings).unwrap());
    }
    ledger
}

/// Opens, closes and updates in turn, one call each.
fn events(ledger: &mut Ledger, count: u64) {
    let mut random = Random(1);
    while ledger.account().events < count {
        let number = ledger.account().events;
        let time = i64::try_from(number).unwrap() * 1_000_000;
        let symbol = SYMBOLS[usize::try_from(random.below(4)).unwrap()];
        let price = Price::from_raw(i128::from(9_000 + random.below(2_001)) * 10_000_000).unwrap();
        let held = u64::try_from(ledger.positions().rows().len()).unwrap();
        let event = if number.is_multiple_of(3) || (number % 3 == 1 && held < HELD) {
            Event::Open(Open {
                symbol,
                side: if random.below(2) == 0 { Side::Long } else { Side::Short },
                size: Size::from_raw(i128::from(1 + random.below(1_000)) * 10_000_000).unwrap(),
                price,
                time,
                stop_loss: None,
                take_profit: None,
                fee: None,
                tag: "",
                position_id: None,
                protection: Protection::NONE,
            })
        } else if number % 3 == 1 {
            let place = usize::try_from(random.below(held)).unwrap();
            let position_id = ledger.positions().rows()[place].position_id;
            Event::Close(Close { position_id, price, time, size: None, fee: None, reason: "" })
        } else {
            let quotes = [Quote { symbol, bid: price, ask: price }];
            ledger
                .apply(&Event::UpdateEquity(Marks { time: Some(time), quotes: &quotes }))
                .unwrap();
            continue;
        };
        ledger.apply(&event).unwrap();
    }
}

fn restored(path: &Path) -> (u64, String) {
    let (folder, name) = Folder::of(path).unwrap();
    let report = recover(&folder, &name, &Opening::default()).unwrap().report;
    (report.events, report.digest)
}

/// Events one by one: without a journal, and in each mode.
#[divan::bench(args = MODES, sample_size = 1, sample_count = 20)]
fn append(bencher: Bencher<'_, '_>, mode: &str) {
    let count: u64 = if mode == "always" { 500 } else { 100_000 };
    let folder = Scratch::new();
    let mut made = 0;
    bencher
        .counter(ItemsCount::new(count))
        .with_inputs(|| {
            made += 1;
            let path = folder.0.join(format!("{mode}-{made}.journal"));
            with_journal(&path, SyncMode::of_word(mode))
        })
        .bench_local_values(|mut ledger| {
            events(&mut ledger, count);
            ledger
        });
}

/// A million events, each its own call, from file to ledger; all digests in it are checked.
#[divan::bench(sample_size = 1, sample_count = 5)]
fn recover_a_million(bencher: Bencher<'_, '_>) {
    let folder = Scratch::new();
    let path = folder.0.join("read.journal");
    let mut ledger = with_journal(&path, Some(SyncMode::Off));
    events(&mut ledger, RECOVERED);
    ledger.shut().unwrap();
    bencher.counter(ItemsCount::new(RECOVERED)).bench_local(|| restored(&path));
}
