//! The whole set of metrics, one live metric after a row, and the tables, on a random curve.
//!
//! `cargo bench --bench metrics`
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a bench fails by panicking"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use divan::{Bencher, black_box};
use portfolio_core::event::{Close, Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::history::Benchmark;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{Money, Price, Size};
use random::Random;

fn main() {
    divan::main();
}

/// Minutes, as many as there are rows; a position is always open, and changes every 20 minutes, or
/// 10,000 times.
fn ledger(rows: i64) -> Ledger {
    let mut ledger = Ledger::new(Configuration {
        leverage: 30_000_000_000,
        capacity: usize::try_from(rows).ok(),
        ..Configuration::new(Money::from_int(1_000_000).unwrap())
    })
    .unwrap();
    let mut random = Random(7);
    let (mut raw, mut open) = (100_000_000_000_i128, None);
    for row in 0..rows {
        raw += i128::from(random.below(40_001)) * 1_000 - 20_000_000;
        raw = raw.max(1_000_000_000);
        let (price, time) = (Price::from_raw(raw).unwrap(), row * 60_000_000);
        if row % (rows / 10_000).max(20) == 0 {
            if let Some(position_id) = open {
                let fee = Money::ZERO;
                let close =
                    Close { position_id, price, time, size: None, fee: Some(fee), reason: "" };
                ledger.apply(&Event::Close(close)).unwrap();
            }
            let side = if random.below(2) == 0 { Side::Long } else { Side::Short };
            let size = Size::from_int(1_000).unwrap();
            let event = Open {
                symbol: "A",
                side,
                size,
                price,
                time,
                stop_loss: None,
                take_profit: None,
                fee: Some(Money::ZERO),
                tag: "",
                position_id: None,
                protection: Protection::NONE,
            };
            open = Some(ledger.apply(&Event::Open(event)).unwrap().position_id);
        }
        let quotes = [Quote { symbol: "A", bid: price, ask: price }];
        let marks = Marks { time: Some(time), quotes: &quotes };
        ledger.apply(&Event::UpdateEquity(marks)).unwrap();
    }
    ledger
}

/// The bar: 12 us at 1e3 points, 40 us at 1e4 with 500 trades, 2 ms at 1e5, 15 ms at 1e6.
#[divan::bench(args = [1_000, 10_000, 100_000, 1_000_000])]
fn whole_set(bencher: Bencher<'_, '_>, rows: i64) {
    let ledger = ledger(rows);
    let options = Options { periods_per_year: 362_880.0, ..Options::default() };
    bencher.bench_local(|| black_box(ledger.metrics(&options, None)));
}

#[divan::bench(args = [100_000, 1_000_000])]
fn whole_set_with_benchmark(bencher: Bencher<'_, '_>, rows: i64) {
    let ledger = ledger(rows);
    let curve = ledger.history().curve(portfolio_core::history::Resample::None);
    let benchmark = Benchmark { times: curve.times, values: curve.values };
    let options = Options { periods_per_year: 362_880.0, ..Options::default() };
    bencher.bench_local(|| black_box(ledger.metrics(&options, Some(&benchmark))));
}

/// One more row, then a metric: the same at every length.
#[divan::bench(args = [1_000, 100_000, 1_000_000])]
fn live_after_a_row(bencher: Bencher<'_, '_>, rows: i64) {
    let mut ledger = ledger(rows);
    let options = Options::default();
    let mut time = rows * 60_000_000;
    bencher.bench_local(|| {
        time += 1;
        let marks = Marks { time: Some(time), quotes: &[] };
        ledger.apply(&Event::UpdateEquity(marks)).unwrap();
        black_box(ledger.metric("sharpe_ratio", &options, None))
    });
}
