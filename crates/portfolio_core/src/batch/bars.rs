//! The bars that all runs share.

use std::ops::Range;

use arrow_array::RecordBatch;
use arrow_buffer::ScalarBuffer;
use arrow_schema::Schema;

use super::error::BatchError;
use super::moments::Moments;
use super::prices::{difference, prices};
use super::quick::Facts;
use super::rules::{Broken, check_prices};
use super::source::{Faults, Holds, Source};
use super::symbols::Symbols;
use crate::import::{CellError, Numbers, Texts, Times};
use crate::numbers::{FloatPolicy, Price};
use crate::refusal::Code;

pub use super::prices::Prices;
pub use super::symbols::RowsOf;

/// Bars of all symbols, by time, imported once (rule R1). All that is long is in buffers that other
/// processes can share (`prepared`).
#[derive(Debug, Clone)]
pub struct BarTable {
    /// Symbols in order of first appearance.
    pub symbols: Vec<String>,
    /// The times, strictly increasing; the tables of runs have the same memory.
    pub moments: ScalarBuffer<i64>,
    /// First row of each moment, and the number of rows behind the last.
    pub starts: ScalarBuffer<u32>,
    /// Symbol of each row, a place in `symbols`.
    pub symbol: ScalarBuffer<u32>,
    /// First bid.
    pub open: Prices,
    /// Highest bid.
    pub high: Prices,
    /// Lowest bid.
    pub low: Prices,
    /// Last bid.
    pub close: Prices,
    /// Ask - bid.
    pub spread: Prices,
    /// The rows of each symbol, ascending.
    pub rows_of: RowsOf,
    /// The moment of each row.
    pub moment_of: ScalarBuffer<u32>,
    /// What runs ask of them all, found once.
    pub(super) facts: Facts,
}

pub(super) const FRAME: &str = "bars";

/// The columns that are read, in the order in which they are looked at.
const COLUMNS: [(&str, Holds); 9] = [
    ("time", Holds::Times),
    ("symbol", Holds::Texts),
    ("open", Holds::Numbers),
    ("high", Holds::Numbers),
    ("low", Holds::Numbers),
    ("close", Holds::Numbers),
    ("spread", Holds::Numbers),
    ("bid", Holds::Numbers),
    ("ask", Holds::Numbers),
];

impl BarTable {
    /// Reads the bars of batches of one schema; floats are taken under a policy. `only` is the
    /// symbol of all of them when there is no column that says it.
    ///
    /// # Errors
    /// [`BatchError`] for a column that is missing, comes twice or is of a type that cannot be
    /// taken, and for the first row that is no bar.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch};
    /// use portfolio_core::batch::bars::BarTable;
    /// use portfolio_core::numbers::FloatPolicy;
    ///
    /// let time: ArrayRef = Arc::new(Int64Array::from(vec![0, 60]));
    /// let price: ArrayRef = Arc::new(Float64Array::from(vec![1.5, 1.25]));
    /// let columns = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&price)));
    /// let columns = [("time", time)].into_iter().chain(columns);
    /// let batch = RecordBatch::try_from_iter(columns).unwrap();
    /// let (schema, batches) = (batch.schema(), [batch]);
    /// let bars = BarTable::read(&schema, &batches, FloatPolicy::Nearest, Some("EURUSD"))?;
    /// assert_eq!((bars.moments.len(), bars.symbols.len()), (2, 1));
    ///
    /// let refused = BarTable::read(&schema, &batches, FloatPolicy::Nearest, None).unwrap_err();
    /// assert_eq!(refused.to_string(), "[4030] bars=column symbol: is missing; add the column");
    /// # Ok::<(), Box<portfolio_core::batch::BatchError>>(())
    /// ```
    pub fn read(
        schema: &Schema,
        batches: &[RecordBatch],
        floats: FloatPolicy,
        only: Option<&str>,
    ) -> Result<Self, Box<BatchError>> {
        let source = Source { name: FRAME, schema, batches };
        check_columns(&source, only.is_none())?;
        let mut faults = source.faults();
        let bars = Self::read_cells(&source, floats, only, &mut faults)?;
        // Whatever is wrong with the bars, it is the frame that is refused.
        faults.check().map_err(|error| error.of_frame())?;
        Ok(bars)
    }

    fn read_cells(
        source: &Source<'_>,
        floats: FloatPolicy,
        only: Option<&str>,
        faults: &mut Faults,
    ) -> Result<Self, Box<BatchError>> {
        let times = times(source, faults)?;
        let (moments, back) = Moments::of(&times);
        let texts = source.read("symbol", Texts::read)?;
        let symbols = match (&texts, only) {
            (Some(texts), _) => Symbols::read(texts, &moments, faults),
            (None, only) => Symbols::same(only.unwrap_or_default(), &times),
        };
        let mut read = |column: &'static str| {
            let parts = source.read(column, |array| Numbers::read(array, floats))?;
            Ok::<_, Box<BatchError>>(parts.map(|parts| prices(&parts, faults)))
        };
        let mut needed =
            |column| Ok::<_, Box<BatchError>>(read(column)?.unwrap_or(Prices::Same(Price::ZERO)));
        let (open, high) = (needed("open")?, needed("high")?);
        let (low, close) = (needed("low")?, needed("close")?);
        let given = needed("spread")?;
        let sides = read("bid")?.zip(read("ask")?);
        if let Some(row) = back {
            let value = times.get(row).map_or_else(String::new, i64::to_string);
            let rule = "must not be before the row above it";
            faults.cell(row, "time", &broken(value, rule, "sort the rows by time"));
        }
        if let Some((row, symbol)) = symbols.twice {
            let (value, rule) = (format!("{symbol:?}"), "stands twice in its moment");
            faults.cell(row, "symbol", &broken(value, rule, "pass each symbol once a time"));
        }
        let (spread, spread_column) = match &sides {
            Some((bid, ask)) => (difference(bid, ask, faults), "ask"),
            None => (given, "spread"),
        };
        let found = check_prices([&open, &high, &low, &close, &spread], faults.limit);
        if let Some((row, Broken { column, value, rule, remedy })) = found {
            let column = if column == "spread" { spread_column } else { column };
            faults.cell(row, column, &broken(value.to_string(), rule, remedy));
        }
        let Moments { times: moments, starts, moment_of } = moments;
        let (symbols, symbol, rows_of) = (symbols.names, symbols.codes, symbols.rows_of);
        Ok(Self {
            symbols,
            moments: moments.into(),
            starts: starts.into(),
            symbol: symbol.into(),
            open,
            high,
            low,
            close,
            spread,
            rows_of,
            moment_of: moment_of.into(),
            facts: Facts::default(),
        })
    }

    /// The rows of a moment.
    #[must_use]
    pub fn rows(&self, moment: usize) -> Range<usize> {
        let rows = self.symbol.len();
        let at = |place: usize| self.starts.get(place).map_or(rows, |&row| index(row).min(rows));
        at(moment)..at(moment.saturating_add(1))
    }
}

/// A number of 32 bits as a place.
#[inline(always)]
pub(super) fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

/// The columns are there, once, and of types that can be taken.
fn check_columns(source: &Source<'_>, needs_symbol: bool) -> Result<(), Box<BatchError>> {
    let fields = || source.schema.fields().iter().map(|field| field.name().as_str());
    let count = |name: &str| fields().filter(|other| *other == name).count();
    let (bid, ask) = (count("bid") > 0, count("ask") > 0);
    for (name, _) in COLUMNS {
        let needed = match name {
            "symbol" => needs_symbol,
            "spread" => false,
            "bid" => ask,
            "ask" => bid,
            _ => true,
        };
        match count(name) {
            0 if needed => return source.fault(name, "is missing", "add the column"),
            0 | 1 => {}
            _ => return source.fault(name, "stands twice", "pass each column once"),
        }
    }
    if count("spread") > 0 && bid {
        return source.fault("spread", "stands beside bid and ask", "pass one or the other");
    }
    for (name, holds) in COLUMNS {
        source.check_values(name)?;
        source.check_type(name, holds)?;
    }
    if u32::try_from(source.rows()).is_ok_and(|rows| rows < u32::MAX) {
        return Ok(());
    }
    source.fault("time", "has 2^32 - 1 rows or more", "run fewer bars at once")
}

fn times(source: &Source<'_>, faults: &mut Faults) -> Result<Vec<i64>, Box<BatchError>> {
    let mut times = Vec::with_capacity(source.rows());
    if let Some(parts) = source.read("time", Times::read)? {
        parts.each(faults, |cells, row, _| {
            times.push(cells.get(row)?.ok_or(CellError::Null)?);
            Ok(())
        });
    }
    Ok(times)
}

#[cold]
fn broken(value: String, rule: &'static str, remedy: &'static str) -> CellError {
    CellError::Text { value, code: Code::InvalidFrame, rule, remedy }
}
