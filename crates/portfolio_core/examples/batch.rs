//! Thousands of accounts over the same bars, without Python.
//!
//! ```text
//! cargo run --release --example batch -- [BARS.arrow] [METRICS.arrow]
//! ```
//!
//! `BARS.arrow` is an Arrow IPC file with the columns time, symbol, open, high, low and close; left
//! out, a year of minutes is drawn. The symbol that stands first is bought once a day, in accounts
//! that differ in their stops and targets. The best are printed; `METRICS.arrow` gets all figures
//! of all runs, for instance for `polars.read_ipc`.
#![expect(
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    reason = "a program says what it found, and an overflow of its own numbers ends it"
)]

use std::env;
use std::error::Error;
use std::fs::File;
use std::sync::Arc;
use std::thread;

use arrow_array::cast::AsArray;
use arrow_array::types::{Float64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use arrow_ipc::reader::FileReader;
use arrow_ipc::writer::FileWriter;
use portfolio_core::batch::Fill;
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::{Keep, Record};
use portfolio_core::batch::params::ParamTable;
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::ledger::Configuration;
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{FloatPolicy, Money};

const MINUTE: i64 = 60_000_000;
const DAY: i64 = 1_440 * MINUTE;
/// Prices, sizes and shares of them have nine decimals.
const ONE: i128 = 1_000_000_000;
const CENT: i128 = 10_000_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let bars = Arc::new(match arguments.next() {
        Some(path) => read_bars(&path)?,
        None => drawn_bars(365 * 1_440)?,
    });
    let orders = Arc::new(orders(&bars)?);
    let batch = Batch::new(Arc::clone(&bars), orders, Some(params(50, 20)?), settings()?)?;
    // What is kept of a run: its metrics, and neither the curve nor the trades.
    let keep = Keep { record: Record::None, trades: false, ..Keep::default() };
    let threads = thread::available_parallelism()?.get();
    let tables = batch.run_many(0..batch.len(), threads, &Control::new(), &keep)?;
    println!("{} accounts, {} times each", batch.len(), bars.moments.len());
    print_best(&tables, 5)?;
    match arguments.next() {
        Some(path) => write(&tables, &path),
        None => Ok(()),
    }
}

fn read_bars(path: &str) -> Result<BarTable, Box<dyn Error>> {
    let reader = FileReader::try_new(File::open(path)?, None)?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>()?;
    Ok(BarTable::read(&schema, &batches, FloatPolicy::Nearest, None)?)
}

/// Minutes of one symbol: a walk in cents around 100, the same every time.
fn drawn_bars(rows: i64) -> Result<BarTable, Box<dyn Error>> {
    let (mut state, mut last) = (0x9E37_79B9_7F4A_7C15_u64, 10_000_i128);
    let mut prices: [Vec<i128>; 4] = [vec![], vec![], vec![], vec![]];
    for _ in 0..rows {
        // Xorshift: a short generator is all that an example needs.
        for shift in [13_i32, -7, 17] {
            state ^= if shift > 0 { state << shift } else { state >> -shift };
        }
        let step = i128::from(state % 21) - 10;
        let (open, close) = (last, (last + step).max(5_000));
        for (column, price) in
            prices.iter_mut().zip([open, open.max(close) + 2, open.min(close) - 2, close])
        {
            column.push(price * CENT);
        }
        last = close;
    }
    let [open, high, low, close] = prices.map(numbers);
    let time: ArrayRef = Arc::new(Int64Array::from_iter_values((0..rows).map(|row| row * MINUTE)));
    let columns =
        [("time", time), ("open", open?), ("high", high?), ("low", low?), ("close", close?)];
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(BarTable::read(&batch.schema(), &[batch], FloatPolicy::Nearest, Some("DRAWN"))?)
}

/// An order to buy at the first bar of each day, unless the symbol is held.
fn orders(bars: &BarTable) -> Result<OrderTable, Box<dyn Error>> {
    let mut times: Vec<i64> = Vec::new();
    for &time in &bars.moments {
        if times.last().is_none_or(|last| time.div_euclid(DAY) > last.div_euclid(DAY)) {
            times.push(time);
        }
    }
    let symbol = bars.symbols.first().ok_or("there are no bars")?;
    let rows = times.len();
    let flat: ArrayRef = Arc::new(arrow_array::BooleanArray::from(vec![true; rows]));
    let columns: [(&str, ArrayRef); 6] = [
        ("time", Arc::new(Int64Array::from(times))),
        ("symbol", Arc::new(StringArray::from(vec![symbol.as_str(); rows]))),
        ("action", Arc::new(StringArray::from(vec!["open"; rows]))),
        ("side", Arc::new(StringArray::from(vec!["long"; rows]))),
        ("size", numbers(vec![10 * ONE; rows])?),
        ("if_flat", flat),
    ];
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(OrderTable::read(&batch.schema(), &[batch], bars, FloatPolicy::Nearest)?)
}

/// A run for each pair of a stop and a target, in shares of the price of the fill.
fn params(stops: i128, targets: i128) -> Result<ParamTable, Box<dyn Error>> {
    let pairs = (1..=stops).flat_map(|stop| (1..=targets).map(move |target| (stop, target)));
    let (stop, target): (Vec<_>, Vec<_>) =
        pairs.map(|(stop, target)| (stop * ONE / 1_000, target * ONE / 200)).unzip();
    let columns = [("stop_loss_rate", numbers(stop)?), ("take_profit_rate", numbers(target)?)];
    let batch = RecordBatch::try_from_iter(columns)?;
    Ok(ParamTable::read(&batch.schema(), &[batch], &[], FloatPolicy::Nearest)?)
}

fn settings() -> Result<Settings, Box<dyn Error>> {
    Ok(Settings {
        configuration: Configuration::new(Money::from_int(100_000)?),
        instruments: Vec::new(),
        costs: Costs::default(),
        fill: Fill::NextOpen,
        metrics: Options { periods_per_year: 525_600.0, ..Options::default() },
    })
}

fn numbers(values: Vec<i128>) -> Result<ArrayRef, Box<dyn Error>> {
    Ok(Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 9)?))
}

fn print_best(tables: &Tables, count: usize) -> Result<(), Box<dyn Error>> {
    let mut rows: Vec<(f64, u32, u64)> = Vec::new();
    for batch in &tables.metrics.batches {
        let column = |name: &str| batch.column_by_name(name).ok_or(format!("no column {name}"));
        let (ids, ratios) = (column("run_id")?, column("sharpe_ratio")?);
        let trades = column("trade_count")?;
        let trades = trades.as_any().downcast_ref::<UInt64Array>().ok_or("no counts")?;
        let ids = ids.as_primitive::<UInt32Type>();
        let ratios = ratios.as_primitive::<Float64Type>();
        for (row, &id) in ids.values().iter().enumerate() {
            if ratios.is_valid(row) {
                rows.push((ratios.value(row), id, trades.value(row)));
            }
        }
    }
    rows.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
    for (ratio, run, trades) in rows.iter().take(count) {
        println!("run {run:>4}  sharpe ratio {ratio:>7.3}  {trades:>5} trades");
    }
    Ok(())
}

fn write(tables: &Tables, path: &str) -> Result<(), Box<dyn Error>> {
    let Some(first) = tables.metrics.batches.first() else { return Ok(()) };
    let mut writer = FileWriter::try_new(File::create(path)?, &first.schema())?;
    for batch in &tables.metrics.batches {
        writer.write(batch)?;
    }
    Ok(writer.finish()?)
}
