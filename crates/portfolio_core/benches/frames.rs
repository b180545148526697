//! What an event of a frame costs, in Rust alone: columns in, receipts out; items are events.
//!
//! Each round starts with a new ledger, so that the first touch of fresh memory counts. The digest
//! of the end of each kind is printed: two machines that print the same one did the same work.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking and says what it did"
)]

mod shared;

use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::event::{Event, Marks, Quote};
use portfolio_core::numbers::Price;
use shared::{Kind, apply, frame, new_ledger};

const EVENTS: usize = 1_000_000;
const KINDS: [Kind; 4] = [Kind::Mixed, Kind::MixedWithFees, Kind::Updates, Kind::Marks];

fn main() {
    for kind in KINDS {
        let mut ledger = new_ledger();
        apply(&mut ledger, &[frame(kind, EVENTS / 10)]);
        println!("{kind:?}: {} events, digest {}", EVENTS / 10, ledger.digest().unwrap());
    }
    divan::main();
}

/// A million rows in one frame.
#[divan::bench(args = KINDS, sample_size = 1)]
fn apply_frame(bencher: Bencher<'_, '_>, kind: Kind) {
    let batches = [frame(kind, EVENTS)];
    bencher.counter(ItemsCount::new(EVENTS)).with_inputs(new_ledger).bench_local_values(
        |mut ledger| {
            let applied = apply(&mut ledger, &batches);
            (ledger, applied)
        },
    );
}

/// All accepted events as a frame.
#[divan::bench(sample_size = 1)]
fn events_table(bencher: Bencher<'_, '_>) {
    let mut ledger = new_ledger();
    apply(&mut ledger, &[frame(Kind::Mixed, EVENTS / 10)]);
    bencher
        .counter(ItemsCount::new(EVENTS / 10))
        .bench_local(|| ledger.events_table(portfolio_core::columns::schema::View::Exact).unwrap());
}

/// One event with a quote for each of 1,000 symbols; items are quotes.
#[divan::bench(sample_size = 10)]
fn mark_a_thousand_symbols(bencher: Bencher<'_, '_>) {
    let names: Vec<String> = (0..1_000).map(|number| format!("SYM{number:04}")).collect();
    let quotes = |base: i128| -> Vec<Quote<'_>> {
        let quote = |(number, symbol)| {
            let bid = Price::from_raw((base + number) * 10_000_000).unwrap();
            Quote { symbol, bid, ask: bid }
        };
        (0..).zip(names.iter().map(String::as_str)).map(quote).collect()
    };
    let both = [quotes(9_000), quotes(9_500)];
    let mut ledger = new_ledger();
    let mut turn = both.iter().cycle();
    bencher.counter(ItemsCount::new(names.len())).bench_local(|| {
        let quotes = turn.next().unwrap();
        ledger.apply(&Event::UpdateEquity(Marks { time: None, quotes })).unwrap()
    });
}
