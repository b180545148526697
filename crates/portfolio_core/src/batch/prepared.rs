//! Bars as a table of one row, which other processes hold without a copy.
//!
//! Each column is a list over the very memory of the bars, and so are the columns of the bars that
//! are made of it again: a worker that maps the table from a file reads the pages of that file, and
//! opens millions of rows in no more time than few. So nothing is looked at row by row. Lengths,
//! names and versions are checked; what the rows hold is believed, and where somebody has changed
//! it, runs have other results, but they read nothing outside of the table.

use std::collections::HashMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{ArrowPrimitiveType, Decimal128Type, Float64Type, Int64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, LargeListArray, LargeStringArray, PrimitiveArray, RecordBatch,
};
use arrow_buffer::{OffsetBuffer, ScalarBuffer};
use arrow_schema::{ArrowError, DataType, Field, Schema};

use super::bars::{BarTable, FRAME, index};
use super::error::BatchError;
use super::prices::Prices;
use super::quick::Facts;
use super::symbols::{RowsOf, refused};
use crate::import::{CellError, Texts, WrongType};
use crate::instrument::check_symbol;
use crate::numbers::Price;

/// Metadata that says that a table is one of these, and how its columns are laid out.
const LAYOUT: (&str, &str) = ("omega_portfolio.prepared_bars", "1");
/// Metadata that says who has made it: facts are what one version has found, for itself.
const VERSION: (&str, &str) = ("omega_portfolio.version", env!("CARGO_PKG_VERSION"));

const REMEDY: &str = "pass what prepared_bars() gave, unchanged";
/// Raw prices as decimals.
const WIDE: DataType = DataType::Decimal128(38, 9);

/// The columns of a table under way.
#[derive(Debug, Default)]
pub(super) struct Columns {
    fields: Vec<Field>,
    arrays: Vec<ArrayRef>,
}

/// A table that may be one of prepared bars.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    batch: &'a RecordBatch,
}

impl BarTable {
    /// The bars, and what runs ask of them all, as a table of one row over the same memory.
    ///
    /// # Errors
    /// Those of Arrow for columns that do not go together, which these do.
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
    ///
    /// let prepared = bars.prepared().unwrap();
    /// assert_eq!(prepared.num_rows(), 1);
    /// let again = BarTable::of_prepared(&prepared)?;
    /// assert_eq!(again.bar(1), bars.bar(1));
    /// assert_eq!(again.moments.as_ptr(), bars.moments.as_ptr(), "not a copy");
    ///
    /// let refused = BarTable::of_prepared(&batches[0]).unwrap_err();
    /// assert_eq!(
    ///     refused.to_string(),
    ///     "[4030] bars=column omega_portfolio.prepared_bars: is missing in the metadata; \
    ///      pass what prepared_bars() gave, unchanged"
    /// );
    /// # Ok::<(), Box<portfolio_core::batch::BatchError>>(())
    /// ```
    pub fn prepared(&self) -> Result<RecordBatch, ArrowError> {
        let mut columns = Columns::default();
        let symbols = LargeStringArray::from_iter_values(&self.symbols);
        columns.list("symbols", Arc::new(symbols))?;
        columns.numbers::<Int64Type>("moments", &self.moments)?;
        columns.numbers::<UInt32Type>("starts", &self.starts)?;
        columns.numbers::<UInt32Type>("symbol", &self.symbol)?;
        for (name, prices) in self.prices() {
            columns.prices(name, prices)?;
        }
        columns.numbers::<UInt32Type>("rows_of", &self.rows_of.rows)?;
        columns.numbers::<UInt32Type>("rows_end", &self.rows_of.ends.clone().into())?;
        columns.numbers::<UInt32Type>("moment_of", &self.moment_of)?;
        self.facts.write(self, &mut columns)?;
        let metadata = [LAYOUT, VERSION].map(|(key, value)| (key.to_owned(), value.to_owned()));
        let schema = Schema::new(columns.fields).with_metadata(HashMap::from(metadata));
        RecordBatch::try_new(Arc::new(schema), columns.arrays)
    }

    /// The bars of a table that [`BarTable::prepared`] has made, over the memory of the table.
    ///
    /// # Errors
    /// [`BatchError`] for a table that was not made by this version, and for one whose columns are
    /// missing, of another type, or not as long as they must be.
    pub fn of_prepared(batch: &RecordBatch) -> Result<Self, Box<BatchError>> {
        let given = Given::of(batch)?;
        let symbols = given.symbols()?;
        let symbol = given.numbers::<UInt32Type>("symbol")?;
        let rows = symbol.len();
        let moments = given.numbers::<Int64Type>("moments")?;
        let starts = given.numbers::<UInt32Type>("starts")?;
        let [open, high, low, close, spread] =
            ["open", "high", "low", "close", "spread"].map(|name| given.prices(name, rows));
        let rows_of = RowsOf {
            rows: given.numbers::<UInt32Type>("rows_of")?,
            ends: given.numbers::<UInt32Type>("rows_end")?.to_vec(),
        };
        let moment_of = given.numbers::<UInt32Type>("moment_of")?;
        let mut bars = Self {
            symbols,
            moments,
            starts,
            symbol,
            open: open?,
            high: high?,
            low: low?,
            close: close?,
            spread: spread?,
            rows_of,
            moment_of,
            facts: Facts::default(),
        };
        bars.check_shape()?;
        bars.facts = Facts::read(&bars, given)?;
        Ok(bars)
    }

    /// The columns of prices.
    fn prices(&self) -> [(&'static str, &Prices); 5] {
        let Self { open, high, low, close, spread, .. } = self;
        [("open", open), ("high", high), ("low", low), ("close", close), ("spread", spread)]
    }

    /// The columns are as long as they must be for each other.
    fn check_shape(&self) -> Result<(), Box<BatchError>> {
        let (rows, moments) = (self.symbol.len(), self.moments.len());
        // What is counted in 32 bits has a number for each row, and one that is none.
        check("symbol", u32::try_from(rows).is_ok_and(|rows| rows < u32::MAX))?;
        check("symbols", self.symbols.len() <= rows && self.symbols.is_empty() == (rows == 0))?;
        check("moments", moments <= rows && (moments == 0) == (rows == 0))?;
        // One symbol has one row in each moment.
        check("moments", self.symbols.len() != 1 || moments == rows)?;
        let ends = (self.starts.first(), self.starts.last());
        let whole = matches!(ends, (Some(0), Some(&last)) if index(last) == rows);
        check("starts", whole && self.starts.len() == moments.saturating_add(1))?;
        check("moment_of", self.moment_of.len() == rows)?;
        check("rows_of", self.rows_of.rows.len() == rows)?;
        let RowsOf { ends, .. } = &self.rows_of;
        let rising = ends.first().is_none_or(|&end| end > 0) && ends.is_sorted_by(|a, b| a < b);
        let last = ends.last().map_or(0, |&end| index(end));
        check("rows_end", ends.len() == self.symbols.len() && rising && last == rows)
    }
}

impl Columns {
    /// A column of one cell, which is a list of all of these.
    fn list(&mut self, name: &str, values: ArrayRef) -> Result<(), ArrowError> {
        let field = Arc::new(Field::new_list_field(values.data_type().clone(), false));
        let offsets = OffsetBuffer::from_lengths([values.len()]);
        let list = LargeListArray::try_new(field, offsets, values, None)?;
        self.cell(name, Arc::new(list));
        Ok(())
    }

    fn cell(&mut self, name: &str, array: ArrayRef) {
        self.fields.push(Field::new(name, array.data_type().clone(), false));
        self.arrays.push(array);
    }

    /// A list over a buffer.
    pub(super) fn numbers<T: ArrowPrimitiveType>(
        &mut self,
        name: &str,
        values: &ScalarBuffer<T::Native>,
    ) -> Result<(), ArrowError> {
        self.list(name, Arc::new(PrimitiveArray::<T>::try_new(values.clone(), None)?))
    }

    /// A few numbers; none of them when there is nothing that they say.
    pub(super) fn few<const N: usize>(
        &mut self,
        name: &str,
        values: Option<[i64; N]>,
    ) -> Result<(), ArrowError> {
        let values: Vec<i64> = values.into_iter().flatten().collect();
        self.numbers::<Int64Type>(name, &values.into())
    }

    /// Doubles.
    pub(super) fn doubles(
        &mut self,
        name: &str,
        values: &ScalarBuffer<f64>,
    ) -> Result<(), ArrowError> {
        self.numbers::<Float64Type>(name, values)
    }

    /// One price for all rows is no list.
    fn prices(&mut self, name: &str, prices: &Prices) -> Result<(), ArrowError> {
        let decimals = |raws: &ScalarBuffer<i128>| {
            let array = Decimal128Array::try_new(raws.clone(), None)?;
            Ok::<ArrayRef, ArrowError>(Arc::new(array.with_data_type(WIDE)))
        };
        match prices {
            Prices::Narrow(raws) => self.numbers::<Int64Type>(name, raws),
            Prices::Wide(raws) => self.list(name, decimals(raws)?),
            Prices::Same(price) => {
                self.cell(name, decimals(&vec![price.raw()].into())?);
                Ok(())
            }
        }
    }
}

impl<'a> Given<'a> {
    /// The table, if it says that it is one of these.
    fn of(batch: &'a RecordBatch) -> Result<Self, Box<BatchError>> {
        let (schema, (layout, _)) = (batch.schema_ref(), LAYOUT);
        for (key, wanted) in [LAYOUT, VERSION] {
            let Some(found) = schema.metadata().get(key) else {
                return Err(fault(key, "is missing in the metadata"));
            };
            if found != wanted {
                let error = BatchError::column(
                    FRAME,
                    key,
                    "was prepared by another version",
                    "prepare the bars with the version that runs them",
                );
                return Err(Box::new(BatchError { value: found.clone(), ..*error }));
            }
        }
        if batch.num_rows() == 1 {
            return Ok(Self { batch });
        }
        Err(fault(layout, "must be a table of one row"))
    }

    fn column(self, name: &str) -> Result<&'a ArrayRef, Box<BatchError>> {
        self.batch.column_by_name(name).ok_or_else(|| fault(name, "is missing"))
    }

    /// What is in the list of a column, and which of it.
    fn list(self, name: &str) -> Result<(&'a ArrayRef, usize, usize), Box<BatchError>> {
        let array = self.column(name)?;
        let list = array.as_list_opt::<i64>().ok_or_else(|| wrong_type(name, array))?;
        let values = list.values();
        let (start, end) = match list.value_offsets() {
            &[start, end] => (usize::try_from(start), usize::try_from(end)),
            _ => return Err(fault(name, "must be one list")),
        };
        let (Ok(start), Ok(end)) = (start, end) else {
            return Err(fault(name, "points outside of its column"));
        };
        check(name, start <= end && end <= values.len())?;
        check(name, list.null_count() == 0 && values.null_count() == 0)?;
        Ok((values, start, end))
    }

    /// The numbers of a column, where they are.
    pub(super) fn numbers<T: ArrowPrimitiveType>(
        self,
        name: &str,
    ) -> Result<ScalarBuffer<T::Native>, Box<BatchError>> {
        let (values, start, end) = self.list(name)?;
        let numbers = values.as_primitive_opt::<T>().ok_or_else(|| wrong_type(name, values))?;
        Ok(numbers.values().slice(start, end.saturating_sub(start)))
    }

    /// Columns that have nothing to say.
    pub(super) fn none<T: ArrowPrimitiveType>(self, names: &[&str]) -> Result<(), Box<BatchError>> {
        let empty = |name: &&str| check(name, self.numbers::<T>(name)?.is_empty());
        names.iter().try_for_each(empty)
    }

    /// So many numbers, or none.
    pub(super) fn few<const N: usize>(
        self,
        name: &str,
    ) -> Result<Option<[i64; N]>, Box<BatchError>> {
        let values = self.numbers::<Int64Type>(name)?;
        if values.is_empty() {
            return Ok(None);
        }
        <[i64; N]>::try_from(values.as_ref()).map(Some).map_err(|_| wrong_length(name))
    }

    /// Doubles.
    pub(super) fn doubles(self, name: &str) -> Result<ScalarBuffer<f64>, Box<BatchError>> {
        self.numbers::<Float64Type>(name)
    }

    fn prices(self, name: &str, rows: usize) -> Result<Prices, Box<BatchError>> {
        let array = self.column(name)?;
        if *array.data_type() == WIDE {
            check(name, array.null_count() == 0)?;
            let price = array.as_primitive::<Decimal128Type>().values().first().copied();
            let price = price.and_then(|raw| Price::from_raw(raw).ok());
            return price.map(Prices::Same).ok_or_else(|| fault(name, "is out of range"));
        }
        let (values, ..) = self.list(name)?;
        let (prices, count) = if *values.data_type() == WIDE {
            let raws = self.numbers::<Decimal128Type>(name)?;
            let count = raws.len();
            (Prices::Wide(raws), count)
        } else {
            let raws = self.numbers::<Int64Type>(name)?;
            let count = raws.len();
            (Prices::Narrow(raws), count)
        };
        check(name, count == rows)?;
        Ok(prices)
    }

    /// The names, which are few; each must be one that a reader of bars takes.
    fn symbols(self) -> Result<Vec<String>, Box<BatchError>> {
        let (values, start, end) = self.list("symbols")?;
        let texts = Texts::read(values).map_err(|_| wrong_type("symbols", values))?;
        let of_cell = |error: Box<CellError>| {
            let found = fault("symbols", "");
            Box::new(BatchError { value: error.value().to_owned(), rule: error.rule(), ..*found })
        };
        let mut known = hashbrown::HashSet::new();
        let mut symbols = Vec::new();
        for place in start..end {
            let text = texts.get(place).and_then(|text| text.ok_or(CellError::Null.into()));
            let text = text.map_err(of_cell)?;
            check_symbol(text).map_err(|refusal| of_cell(refused(&refusal)))?;
            if !known.insert(text) {
                return Err(fault("symbols", "names a symbol twice"));
            }
            symbols.push(text.to_owned());
        }
        Ok(symbols)
    }
}

/// A column is as long as it must be, and of values only.
pub(super) fn check(name: &str, holds: bool) -> Result<(), Box<BatchError>> {
    if holds { Ok(()) } else { Err(wrong_length(name)) }
}

#[cold]
fn wrong_length(name: &str) -> Box<BatchError> {
    fault(name, "has not as many values as it must have")
}

#[cold]
fn wrong_type(name: &str, array: &dyn Array) -> Box<BatchError> {
    let found = array.data_type().to_string();
    let error = BatchError::wrong_type(FRAME, name, WrongType { found, wanted: "as prepared" });
    Box::new(BatchError { remedy: REMEDY, ..*error })
}

#[cold]
pub(super) fn fault(name: &str, rule: &'static str) -> Box<BatchError> {
    BatchError::column(FRAME, name, rule, REMEDY)
}
