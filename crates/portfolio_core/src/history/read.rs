//! A user's own frames as a history.
//!
//! Of a frame the columns with a known name are read, in the order of the ledger's own tables, and
//! the others are left alone. They need not come from this engine: any table of times and amounts
//! will do.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, Decimal128Array, Float64Array, RecordBatch, TimestampMicrosecondArray,
};
use arrow_schema::{ArrowError, Field, Schema};

use super::cells::Words;
use super::error::{BadCell, HistoryError};
use super::source::{Cells, Frame, Holds, Source};
use super::{Column, History, Named, Pair, Start, TextColumn, equity_columns, trade_columns};
use crate::columns::schema::{Kind, View};
use crate::export::TableSnapshot;
use crate::numbers::Money;

/// The columns of a curve that are read, and whether they must be there.
const EQUITY: &[(&str, Holds, bool)] = &[
    ("time", Holds::RisingTimes, true),
    ("equity", Holds::Money, true),
    ("gross_exposure", Holds::Money, false),
    ("net_exposure", Holds::Money, false),
];

/// The columns of trades that are read, and whether they must be there.
const TRADES: &[(&str, Holds, bool)] = &[
    ("symbol", Holds::Text(Words::Symbol), false),
    ("side", Holds::Text(Words::Side), false),
    ("size", Holds::Fixed9, false),
    ("entry_time", Holds::Times, true),
    ("entry_price", Holds::Fixed9, false),
    ("exit_time", Holds::Times, true),
    ("gross_pnl", Holds::Money, false),
    ("entry_fee", Holds::Money, false),
    ("exit_fee", Holds::Money, false),
    ("swap", Holds::Money, false),
    ("net_pnl", Holds::Money, true),
    ("cost", Holds::Money, false),
    ("mae", Holds::Money, false),
    ("mfe", Holds::Money, false),
    ("slippage", Holds::Money, false),
    ("stop_loss", Holds::Fixed9, false),
    ("tag", Holds::Text(Words::Note), false),
    ("reason", Holds::Text(Words::Note), false),
];

/// The frames of a history as they were read. A ledger's history has none: the ledger has them.
#[derive(Debug, Clone, Default)]
pub struct Given {
    /// The curve.
    pub equity: GivenTable,
    /// The trades.
    pub trades: GivenTable,
}

/// The columns of a frame that were read.
#[derive(Debug, Clone, Default)]
pub struct GivenTable {
    name: &'static str,
    rows: usize,
    columns: Vec<(&'static str, Kind, Cells)>,
}

impl History {
    /// Reads a curve (`time`, `equity`) and trades (`entry_time`, `exit_time`, `net_pnl`), each
    /// with what else is known of it. With an initial balance the curve starts from there, at the
    /// time of its first row; without one its first point is the start.
    ///
    /// # Errors
    /// [`HistoryError`] for a column that is missing, stands twice or is of a type that cannot be
    /// taken, and for a cell that is null or breaks a rule.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
    /// use portfolio_core::history::{History, Resample};
    ///
    /// let time: ArrayRef = Arc::new(Int64Array::from(vec![0, 60, 120]));
    /// let equity: ArrayRef = Arc::new(Float64Array::from(vec![100.0, 101.5, 99.0]));
    /// let batch = RecordBatch::try_from_iter([("time", time), ("equity", equity)]).unwrap();
    /// let (schema, batches) = (batch.schema(), [batch]);
    /// let history = History::read((&schema, &batches), None, None)?;
    /// assert_eq!(history.curve(Resample::None).values, [100.0, 101.5, 99.0]);
    ///
    /// let unnamed = batches[0].project(&[0]).unwrap();
    /// let (schema, batches) = (unnamed.schema(), [unnamed]);
    /// let refused = History::read((&schema, &batches), None, None).unwrap_err();
    /// assert_eq!(refused.to_string(), "[4030] equity=column equity: is missing; add the column");
    /// # Ok::<(), Box<portfolio_core::history::HistoryError>>(())
    /// ```
    pub fn read(
        equity: Frame<'_>,
        trades: Option<Frame<'_>>,
        initial_balance: Option<Money>,
    ) -> Result<Self, Box<HistoryError>> {
        let equity = GivenTable::read(Source { name: "equity", frame: equity }, EQUITY)?;
        let trades = match trades {
            Some(frame) => GivenTable::read(Source { name: "trades", frame }, TRADES)?,
            None => GivenTable::without_rows("trades", TRADES),
        };
        check_order_of_exits(&trades)?;
        let first = equity.times("time").and_then(|times| times.cells().next());
        let start = first.zip(initial_balance).map(|(time, balance)| Start { time, balance });
        Ok(Self {
            start,
            equity: equity_columns(&equity),
            trades: trade_columns(&trades),
            given: Given { equity, trades },
            ..Self::default()
        })
    }
}

fn check_order_of_exits(trades: &GivenTable) -> Result<(), Box<HistoryError>> {
    let times = |name| trades.times(name).unwrap_or_default();
    let (entries, exits) = (times("entry_time"), times("exit_time"));
    let mut pairs = entries.cells().zip(exits.cells()).enumerate();
    match pairs.find(|(_, (entry, exit))| exit < entry) {
        Some((row, (_, exit))) => {
            let rule = "must not be before the entry_time of its row";
            let bad = BadCell::new(row, exit, rule, "correct one of the two times");
            Err(HistoryError::cell(trades.name, "exit_time", &bad))
        }
        None => Ok(()),
    }
}

impl GivenTable {
    fn read(
        source: Source<'_>,
        known: &[(&'static str, Holds, bool)],
    ) -> Result<Self, Box<HistoryError>> {
        for (name, _, _) in known.iter().filter(|(_, _, needed)| *needed) {
            source.require(name)?;
        }
        let rows = source.frame.1.iter().map(RecordBatch::num_rows).sum();
        let mut table = Self { name: source.name, rows, columns: Vec::new() };
        for &(name, holds, _) in known {
            if let Some(cells) = source.read(name, holds)? {
                table.columns.push((name, holds.kind(), cells));
            }
        }
        Ok(table)
    }

    /// The table of a frame that was not given: nothing but the needed columns.
    fn without_rows(name: &'static str, known: &[(&'static str, Holds, bool)]) -> Self {
        let needed = known.iter().filter(|(_, _, needed)| *needed);
        let columns = needed.map(|&(name, holds, _)| {
            let cells = match holds.kind() {
                Kind::Time | Kind::Count => Cells::Times(Column::default()),
                Kind::Money | Kind::Fixed9 => Cells::Numbers(Pair::default()),
                Kind::Text => Cells::Texts(TextColumn::default()),
            };
            (name, holds.kind(), cells)
        });
        Self { name, rows: 0, columns: columns.collect() }
    }

    fn cells(&self, wanted: &str) -> Option<&Cells> {
        self.columns.iter().find(|(name, _, _)| *name == wanted).map(|(_, _, cells)| cells)
    }

    /// The table in a view, without a copy.
    ///
    /// # Errors
    /// Only when the columns contradict each other, which is a bug.
    pub fn table(&self, view: View) -> Result<TableSnapshot, ArrowError> {
        let fields = self
            .columns
            .iter()
            .map(|(name, kind, _)| Field::new(*name, kind.data_type(view), false));
        let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
        let parts = self.columns.iter().map(|(_, _, cells)| cells.parts()).max().unwrap_or(0);
        let mut batches = Vec::with_capacity(parts);
        for part in 0..parts {
            let arrays = self.columns.iter();
            let arrays = arrays.filter_map(|(_, kind, cells)| cells.array(part, *kind, view));
            batches.push(RecordBatch::try_new(Arc::clone(&schema), arrays.collect())?);
        }
        Ok(TableSnapshot { name: self.name, schema, batches, rows: self.rows })
    }
}

impl Named for GivenTable {
    fn rows(&self) -> usize {
        self.rows
    }

    fn times(&self, name: &str) -> Option<Column<i64>> {
        match self.cells(name) {
            Some(Cells::Times(times)) => Some(times.clone()),
            _ => None,
        }
    }

    fn pair(&self, name: &str) -> Option<Pair> {
        match self.cells(name) {
            Some(Cells::Numbers(pair)) => Some(pair.clone()),
            _ => None,
        }
    }

    fn doubles(&self, name: &str) -> Option<Column<f64>> {
        self.pair(name).map(|pair| pair.double)
    }

    fn text(&self, name: &str) -> Option<TextColumn> {
        match self.cells(name) {
            Some(Cells::Texts(texts)) => Some(texts.clone()),
            _ => None,
        }
    }
}

impl Cells {
    fn parts(&self) -> usize {
        match self {
            Self::Times(times) => times.0.len(),
            Self::Numbers(pair) => pair.exact.0.len(),
            Self::Texts(texts) => texts.0.len(),
        }
    }

    fn array(&self, part: usize, kind: Kind, view: View) -> Option<ArrayRef> {
        Some(match (self, view) {
            (Self::Times(times), _) => {
                let times = TimestampMicrosecondArray::new(times.0.get(part)?.clone(), None);
                Arc::new(times.with_timezone("UTC"))
            }
            (Self::Numbers(pair), View::Exact) => {
                let exact = Decimal128Array::new(pair.exact.0.get(part)?.clone(), None);
                Arc::new(exact.with_data_type(kind.data_type(view)))
            }
            (Self::Numbers(pair), View::Float) => {
                Arc::new(Float64Array::new(pair.double.0.get(part)?.clone(), None))
            }
            (Self::Texts(texts), _) => Arc::new(texts.0.get(part)?.clone()),
        })
    }
}
