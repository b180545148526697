//! Many runs over the same bars, from imported tables to finished ones; items are bar-runs.
//!
//! `cargo bench --bench batch`. Each work says its result as a hash: two machines that print the
//! same one did the same work. `BATCH_RUNS` makes fewer runs.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::print_stdout,
    reason = "a bench fails by panicking and says what it did"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use std::sync::{Arc, LazyLock};

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt32Array};
use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::batch::Fill;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::drive::drive;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::{EquityColumns, Keep, Record, Recorded};
use portfolio_core::batch::params::ParamTable;
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Mode};
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::terms::{ChargedOn, Commission, CommissionKind, CommissionTier};
use random::Random;

const CENT: i128 = 10_000_000;
const UNIT: i128 = 1_000_000_000;
const MINUTE: i64 = 60_000_000;

fn main() {
    let only: Vec<String> = std::env::args().skip(1).collect();
    for (name, work) in
        [("w0", &W0), ("w1", &W1), ("w2", &W2), ("w2s", &W2S), ("w3", &W3), ("w6", &W6)]
    {
        if only.iter().all(|only| only.starts_with('-'))
            || only.iter().any(|only| only.starts_with(name))
        {
            println!("{name}: result {:016x}", hash(&work.run(1)));
        }
    }
    divan::main();
}

/// A batch, and what is kept of it.
struct Work {
    batch: Batch,
    keep: Keep,
}

static W0: LazyLock<Work> = LazyLock::new(|| trips(1_000, 1_000, 50, false, Keep::default()));
static W1: LazyLock<Work> = LazyLock::new(|| {
    let keep = Keep { metrics: false, trades: false, ..Keep::default() };
    trips(1, 1_000_000, 50_000, false, keep)
});
static W1E: LazyLock<Work> = LazyLock::new(|| {
    trips(1, 1_000_000, 50_000, false, Keep { metrics: false, ..Keep::default() })
});
static W2: LazyLock<Work> = LazyLock::new(|| trips(1_000, 10_000, 500, false, Keep::default()));
static W2M: LazyLock<Work> = LazyLock::new(|| {
    let keep = Keep { record: Record::None, trades: false, ..Keep::default() };
    trips(1_000, 10_000, 500, false, keep)
});
static W2E: LazyLock<Work> =
    LazyLock::new(|| trips(1_000, 10_000, 500, false, Keep { metrics: false, ..Keep::default() }));
/// All columns of the equity history: these runs go through the ledger, bar by bar.
static W2G: LazyLock<Work> = LazyLock::new(|| {
    trips(1_000, 10_000, 500, false, Keep { equity_columns: EquityColumns::All, ..Keep::default() })
});
static W2S: LazyLock<Work> = LazyLock::new(|| trips(1_000, 10_000, 500, true, Keep::default()));
static W3: LazyLock<Work> = LazyLock::new(rebalanced);
static W3E: LazyLock<Work> =
    LazyLock::new(|| W3.keeping(Keep { trades: false, ..W3.keep.clone() }));
static W3M: LazyLock<Work> = LazyLock::new(|| W3.keeping(Keep::default()));
static W6: LazyLock<Work> = LazyLock::new(variants);

impl Work {
    fn run(&self, threads: usize) -> Tables {
        let control = Control::new();
        self.batch.run_many(0..self.batch.len(), threads, &control, &self.keep).unwrap()
    }

    /// The same with something else kept of it.
    fn keeping(&self, keep: Keep) -> Self {
        Self { batch: self.batch.clone(), keep }
    }

    fn bars(&self) -> usize {
        self.batch.len() * self.batch.bars().moments.len()
    }
}

fn runs(most: usize) -> usize {
    std::env::var("BATCH_RUNS").map_or(most, |runs| runs.parse::<usize>().unwrap().min(most))
}

fn hash(tables: &Tables) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for batch in &tables.finals.batches {
        let equity = batch.column_by_name("equity").unwrap().as_primitive::<Float64Type>();
        for value in equity.values() {
            hash = (hash ^ value.to_bits()).wrapping_mul(0x0100_0000_01b3);
        }
    }
    hash
}

fn numbers(values: Vec<i128>) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 9).unwrap())
}

fn read_bars(columns: Vec<(&'static str, ArrayRef)>) -> BarTable {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    BarTable::read(&schema, &batches, FloatPolicy::Nearest, Some("A")).unwrap()
}

fn read_orders(columns: Vec<(&'static str, ArrayRef)>, bars: &BarTable) -> OrderTable {
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    OrderTable::read(&schema, &batches, bars, FloatPolicy::Nearest).unwrap()
}

/// Minutes of one symbol: a walk in cents around 100.
fn minutes(rows: usize) -> BarTable {
    let (mut random, mut last) = (Random(11), 10_000_i128);
    let mut columns = [vec![], vec![], vec![], vec![]];
    for _ in 0..rows {
        let open = last;
        let close = (open + i128::from(random.below(21)) - 10).max(5_000);
        let high = open.max(close) + i128::from(random.below(6));
        let low = open.min(close) - i128::from(random.below(6));
        for (column, price) in columns.iter_mut().zip([open, high, low, close]) {
            column.push(price * CENT);
        }
        last = close;
    }
    let times: Vec<i64> = (0..rows as i64).map(|row| row * MINUTE).collect();
    let [open, high, low, close] = columns.map(numbers);
    let time: ArrayRef = Arc::new(Int64Array::from(times));
    read_bars(vec![("time", time), ("open", open), ("high", high), ("low", low), ("close", close)])
}

fn settings(mode: Mode, balance: i128) -> Settings {
    let commission = Commission {
        kind: CommissionKind::Rate,
        tiers: vec![CommissionTier { volume: None, taker: UNIT / 10_000, maker: UNIT / 10_000 }],
        minimum: None,
        on: ChargedOn::Both,
    };
    Settings {
        configuration: Configuration {
            mode,
            ..Configuration::new(Money::from_int(balance).unwrap())
        },
        instruments: Vec::<Instrument>::new(),
        costs: Costs { commission: Some(commission), ..Costs::default() },
        fill: Fill::NextOpen,
        metrics: Options { periods_per_year: 362_880.0, ..Options::default() },
    }
}

/// So many runs with round trips of their own.
fn trips(count: usize, rows: usize, trips: usize, stops: bool, keep: Keep) -> Work {
    let (count, bars) = (runs(count), minutes(rows));
    let mut random = Random(5);
    let (mut ids, mut times, mut actions, mut sides) = (vec![], vec![], vec![], vec![]);
    let (mut sizes, mut levels) = (vec![], vec![]);
    let every = rows / trips;
    for run in 0..count {
        for trip in 0..trips {
            let start = trip * every;
            let entry = start + random.below(every as u64 / 2) as usize;
            let exit = entry + 1 + random.below(every as u64 / 2 - 1) as usize;
            let side = if random.below(2) == 0 { "long" } else { "short" };
            let cells = [(entry, "open", Some(side), true), (exit, "close", None, false)];
            for (row, action, side, opens) in cells {
                if row + 1 >= rows {
                    continue;
                }
                ids.push(run as u32);
                times.push(row as i64 * MINUTE);
                actions.push(action);
                sides.push(side);
                sizes.push(opens.then_some(10 * UNIT));
                levels.push((opens && stops).then_some(20 * CENT));
            }
        }
    }
    let optional = |values: Vec<Option<i128>>| -> ArrayRef {
        Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 9).unwrap())
    };
    let mut columns: Vec<(&'static str, ArrayRef)> = vec![
        ("run_id", Arc::new(UInt32Array::from(ids))),
        ("time", Arc::new(Int64Array::from(times))),
        ("action", Arc::new(StringArray::from(actions))),
        ("side", Arc::new(StringArray::from(sides))),
        ("size", optional(sizes)),
    ];
    if stops {
        columns.push(("stop_loss_distance", optional(levels.clone())));
        columns.push(("take_profit_distance", optional(levels)));
    }
    let orders = Arc::new(read_orders(columns, &bars));
    let batch = Batch::new(Arc::new(bars), orders, None, settings(Mode::Hedging, 100_000)).unwrap();
    Work { batch, keep }
}

/// One list of signals with many exits.
fn variants() -> Work {
    let (rows, signals, count) = (10_000, 200, runs(2_000));
    let bars = minutes(rows);
    let times: Vec<i64> = (0..signals).map(|trip| trip * 50 * MINUTE).collect();
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("time", Arc::new(Int64Array::from(times))),
        ("action", Arc::new(StringArray::from(vec!["open"; signals as usize]))),
        ("side", Arc::new(StringArray::from(vec!["long"; signals as usize]))),
        ("size", numbers(vec![10 * UNIT; signals as usize])),
        ("if_flat", Arc::new(arrow_array::BooleanArray::from(vec![true; signals as usize]))),
    ];
    let orders = Arc::new(read_orders(columns, &bars));
    let level = |place: usize, step: usize| (10 + (place / step % 50) as i128 * 2) * CENT;
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("stop_loss_distance", numbers((0..count).map(|place| level(place, 1)).collect())),
        ("take_profit_distance", numbers((0..count).map(|place| level(place, 50)).collect())),
    ];
    let batch = RecordBatch::try_from_iter(columns).unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    let params = ParamTable::read(&schema, &batches, &[], FloatPolicy::Nearest).unwrap();
    let settings = settings(Mode::Hedging, 100_000);
    let batch = Batch::new(Arc::new(bars), orders, Some(params), settings).unwrap();
    let keep = Keep { record: Record::None, trades: false, ..Keep::default() };
    Work { batch, keep }
}

/// A thousand symbols that are brought to equal shares every month.
fn rebalanced() -> Work {
    let (symbols, days) = (runs(1_000), 2_500);
    let mut random = Random(3);
    let mut last: Vec<i128> =
        (0..symbols).map(|_| 5_000 + i128::from(random.below(10_000))).collect();
    let (mut times, mut names, mut columns) = (vec![], vec![], [vec![], vec![], vec![], vec![]]);
    let (mut order_times, mut order_names) = (vec![], vec![]);
    for day in 0..days {
        for (symbol, last) in last.iter_mut().enumerate() {
            let open = *last;
            let close = (open + i128::from(random.below(201)) - 100).max(500);
            times.push(day * 1_440 * MINUTE);
            names.push(format!("S{symbol}"));
            let prices = [open, open.max(close) + 5, open.min(close) - 5, close];
            for (column, price) in columns.iter_mut().zip(prices) {
                column.push(price * CENT);
            }
            *last = close;
            if day % 21 == 0 && day + 1 < days {
                order_times.push(day * 1_440 * MINUTE);
                order_names.push(format!("S{symbol}"));
            }
        }
    }
    let [open, high, low, close] = columns.map(numbers);
    let bars = read_bars(vec![
        ("time", Arc::new(Int64Array::from(times))),
        ("symbol", Arc::new(StringArray::from(names))),
        ("open", open),
        ("high", high),
        ("low", low),
        ("close", close),
    ]);
    let rows = order_times.len();
    let columns: Vec<(&'static str, ArrayRef)> = vec![
        ("time", Arc::new(Int64Array::from(order_times))),
        ("symbol", Arc::new(StringArray::from(order_names))),
        ("action", Arc::new(StringArray::from(vec!["target"; rows]))),
        ("size", numbers(vec![UNIT * 9 / 10 / symbols as i128; rows])),
        ("size_rule", Arc::new(StringArray::from(vec!["equity"; rows]))),
    ];
    let orders = Arc::new(read_orders(columns, &bars));
    let settings = settings(Mode::Netting, 100_000_000);
    let batch = Batch::new(Arc::new(bars), orders, None, settings).unwrap();
    Work { batch, keep: Keep { metrics: false, ..Keep::default() } }
}

fn bench(bencher: Bencher<'_, '_>, work: &Work, threads: usize) {
    bencher.counter(ItemsCount::new(work.bars())).bench_local(|| work.run(threads));
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn w0_short_runs(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W0, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w1_one_long_run(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W1, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w1e_with_trades(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W1E, threads);
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn w2_round_trips(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W2, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w2m_metrics_only(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W2M, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w2e_tables_only(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W2E, threads);
}

#[divan::bench(args = [1], sample_count = 3)]
fn w2g_bar_by_bar(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W2G, threads);
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn w2s_with_levels(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W2S, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w3_rebalanced(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W3, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w3e_without_trades(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W3E, threads);
}

#[divan::bench(args = [1], sample_count = 20)]
fn w3m_with_metrics(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W3M, threads);
}

/// The general road of the same run.
#[divan::bench(sample_count = 3)]
fn w3l_by_the_ledger(bencher: Bencher<'_, '_>) {
    let (batch, keep) = (&W3.batch, &W3.keep);
    let (run, recorded) = (batch.run(0).unwrap(), Recorded::of(batch.bars(), keep.record));
    bencher
        .counter(ItemsCount::new(W3.bars()))
        .bench_local(|| drive(&run, &mut || true).unwrap().outcome(&run, keep, &recorded).unwrap());
}

#[divan::bench(args = [1, 2], sample_count = 20)]
fn w6_variants(bencher: Bencher<'_, '_>, threads: usize) {
    bench(bencher, &W6, threads);
}
