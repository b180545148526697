//! Bars of every kind, orders for them, and what becomes of these.

use std::sync::Arc;

use arrow_array::{ArrayRef, Decimal128Array, Int64Array, RecordBatch, StringArray};
use portfolio_core::batch::bars::BarTable;
use portfolio_core::batch::orders::OrderTable;
use portfolio_core::batch::outcome::{EquityColumns, Keep};
use portfolio_core::batch::plan::{Batch, Costs, Settings};
use portfolio_core::batch::pool::{Control, Tables};
use portfolio_core::batch::{BatchError, Fill};
use portfolio_core::ledger::{Configuration, Mode};
use portfolio_core::metrics::Options;
use portfolio_core::numbers::{FloatPolicy, Money};

use crate::draws::{below, chance, pick};
use crate::random::Random;

/// One at scale 9.
const ONE: i128 = 1_000_000_000;
const MINUTE: i64 = 60_000_000;

/// What bars are like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) symbols: usize,
    pub(crate) moments: usize,
    /// One in so many bars is missing; none for 0.
    pub(crate) gaps: u64,
    pub(crate) spread: Apart,
    /// What prices are multiples of.
    pub(crate) tick: i128,
}

/// How the asks are said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Apart {
    Nothing,
    /// A column of one spread.
    Same,
    /// A column of many.
    Each,
    /// Bids and asks.
    Sides,
}

const PLAIN: Kind = Kind {
    name: "one symbol without a column",
    symbols: 1,
    moments: 5_000,
    gaps: 0,
    spread: Apart::Nothing,
    tick: ONE / 100,
};

pub(crate) const KINDS: [Kind; 9] = [
    PLAIN,
    Kind { name: "one spread", spread: Apart::Same, moments: 300, ..PLAIN },
    Kind { name: "many spreads", spread: Apart::Each, moments: 300, ..PLAIN },
    Kind { name: "bids and asks", spread: Apart::Sides, moments: 300, ..PLAIN },
    Kind { name: "wide", tick: ONE * 100_000_000, moments: 200, symbols: 2, ..PLAIN },
    Kind { name: "many symbols", symbols: 5, moments: 300, ..PLAIN },
    Kind { name: "with gaps", symbols: 5, moments: 300, gaps: 4, spread: Apart::Each, ..PLAIN },
    Kind { name: "sparse", symbols: 40, moments: 60, gaps: 100, ..PLAIN },
    Kind { name: "empty", moments: 0, ..PLAIN },
];

fn decimals(values: Vec<i128>) -> ArrayRef {
    Arc::new(Decimal128Array::from(values).with_precision_and_scale(38, 9).unwrap())
}

fn texts(values: Vec<String>) -> ArrayRef {
    Arc::new(StringArray::from(values))
}

/// Symbols are told from the column, but for the only one.
pub(crate) fn symbol(place: usize) -> String {
    if place == 0 { "A".to_owned() } else { format!("SYMBOL OF MANY LETTERS {place}") }
}

pub(crate) fn bars(kind: &Kind, random: &mut Random) -> BarTable {
    let mut last = vec![10_000_i128; kind.symbols];
    let (mut times, mut names) = (vec![], vec![]);
    let mut columns: [Vec<i128>; 5] = Default::default();
    for moment in 0..kind.moments {
        for (place, last) in last.iter_mut().enumerate() {
            let sparse = kind.gaps == 100 && moment % kind.symbols != place;
            if sparse || (kind.gaps > 0 && kind.gaps < 100 && chance(random, kind.gaps)) {
                continue;
            }
            let open = *last;
            let close = (open + below(random, 81) - 40).max(1_000);
            let (high, low) = (open.max(close) + below(random, 20), open.min(close) - 7);
            let apart = if kind.spread == Apart::Same { 3 } else { below(random, 4) };
            times.push(i64::try_from(moment).unwrap() * MINUTE);
            names.push(symbol(place));
            for (column, price) in columns.iter_mut().zip([open, high, low, close, apart]) {
                column.push(price * kind.tick);
            }
            *last = close;
        }
    }
    let [open, high, low, close, apart] = columns;
    let asks: Vec<i128> = close.iter().zip(&apart).map(|(bid, apart)| bid + apart).collect();
    let time: ArrayRef = Arc::new(Int64Array::from(times));
    let bids = decimals(close.clone());
    let mut named = vec![("time", time)];
    if kind.symbols > 1 {
        named.push(("symbol", texts(names)));
    }
    for (name, prices) in [("open", open), ("high", high), ("low", low), ("close", close)] {
        named.push((name, decimals(prices)));
    }
    match kind.spread {
        Apart::Nothing => {}
        Apart::Same | Apart::Each => named.push(("spread", decimals(apart))),
        Apart::Sides => named.extend([("bid", bids), ("ask", decimals(asks))]),
    }
    let batch = RecordBatch::try_from_iter(named).unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    BarTable::read(&schema, &batches, FloatPolicy::Nearest, Some("A")).unwrap()
}

/// Rows of one sort, which the short roads know, or of all sorts.
pub(crate) fn orders(
    kind: &Kind,
    sort: &str,
    bars: &BarTable,
    random: &mut Random,
) -> Result<OrderTable, Box<BatchError>> {
    let mut times: Vec<i64> = (0..40)
        .map(|_| {
            let moment = below(random, i128::try_from(kind.moments).unwrap() + 2) - 1;
            i64::try_from(moment).unwrap() * MINUTE
        })
        .collect();
    times.sort_unstable();
    if kind.moments == 0 {
        times.clear();
    }
    let rows = times.len();
    let actions: Vec<String> = (0..rows)
        .map(|_| match sort {
            "target" => "target".to_owned(),
            "trip" => pick(random, &["open", "close"]).to_owned(),
            _ => pick(random, &["open", "open", "close", "target"]).to_owned(),
        })
        .collect();
    let of = |cells: Vec<Option<i128>>| -> ArrayRef {
        let cells = Decimal128Array::from(cells).with_precision_and_scale(38, 9).unwrap();
        Arc::new(cells)
    };
    let names = (0..rows).map(|_| {
        let place = below(random, i128::try_from(kind.symbols).unwrap());
        symbol(usize::try_from(place).unwrap())
    });
    let names = texts(names.collect());
    let mut size = |action: &String| match action.as_str() {
        "target" => Some(pick(random, &[0, 0, 3, 7]) * ONE),
        "open" => Some(7 * ONE),
        _ => None,
    };
    let size = of(actions.iter().map(&mut size).collect());
    let level = |action: &String| (action == "open").then_some(ONE);
    let levels = of(actions.iter().map(level).collect());
    let mut named = vec![
        ("time", Arc::new(Int64Array::from(times)) as ArrayRef),
        ("symbol", names),
        ("action", texts(actions.clone())),
        ("size", size),
    ];
    if sort != "target" {
        let side = |action: &String| (action == "open").then_some("long");
        named.push(("side", Arc::new(actions.iter().map(side).collect::<StringArray>())));
        named.push(("stop_loss_distance", Arc::clone(&levels)));
        named.push(("take_profit_distance", levels));
    }
    let batch = RecordBatch::try_from_iter(named).unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    OrderTable::read(&schema, &batches, bars, FloatPolicy::Nearest)
}

/// A batch of one run.
pub(crate) fn batch(bars: BarTable, orders: OrderTable, sort: &str, fill: Fill) -> Batch {
    let mode = if sort == "trip" { Mode::Hedging } else { Mode::Netting };
    let balance = Money::from_int(1_000_000_000_000).unwrap();
    let settings = Settings {
        configuration: Configuration { mode, leverage: 30 * ONE, ..Configuration::new(balance) },
        instruments: vec![],
        costs: Costs::default(),
        fill,
        metrics: Options::default(),
    };
    Batch::new(Arc::new(bars), Arc::new(orders), None, settings).unwrap()
}

/// What the short roads answer, if they do, and what the ledger does.
pub(crate) fn run(batch: &Batch) -> [Tables; 2] {
    let all =
        Keep { equity_columns: EquityColumns::All, exact: true, digest: true, ..Keep::default() };
    let keeps = [Keep::default(), all];
    keeps.map(|keep| batch.run_many(0..batch.len(), 1, &Control::new(), &keep).unwrap())
}

/// All cells of all tables.
pub(crate) fn shown(tables: &[Tables; 2]) -> Vec<Vec<RecordBatch>> {
    let of = |one: &Tables| {
        [&one.equity, &one.trades, &one.metrics, &one.finals, &one.rejected]
            .map(|table| table.batches.clone())
    };
    tables.iter().flat_map(of).collect()
}
