//! Frames of prices of other libraries: their columns, and their cells.

use arrow_array::{Array, ArrayRef, RecordBatch};
use arrow_schema::{DataType, Schema, SchemaRef};
use portfolio_core::event::Quote;
use portfolio_core::import::{CellError, Numbers, Texts, Times, WrongType};
use portfolio_core::numbers::{FloatPolicy, Price};
use pyo3::prelude::*;

use crate::fault::Fault;

const ONE_PRICE: &[&str] = &["symbol", "price"];
const TWO_PRICES: &[&str] = &["symbol", "bid", "ask"];

/// A frame that an argument is.
#[derive(Clone, Copy)]
pub(crate) struct Source {
    /// The argument.
    pub(crate) argument: &'static str,
    /// Which columns to pass.
    pub(crate) remedy: &'static str,
}

impl Source {
    /// A frame of quotes.
    pub(crate) const fn quotes(argument: &'static str) -> Self {
        Self { argument, remedy: "pass symbol and price, or symbol, bid and ask" }
    }

    /// Checks that the columns are there, once, with nothing else.
    pub(crate) fn check_columns(
        self,
        schema: &Schema,
        needed: &[&str],
        taken: &[&str],
    ) -> PyResult<()> {
        let present: Vec<&str> =
            schema.fields().iter().map(|field| field.name().as_str()).collect();
        for name in &present {
            let found = present.iter().filter(|other| *other == name).count();
            let problem = match (found, needed.contains(name) || taken.contains(name)) {
                (1, true) => continue,
                (1, false) => "is not known here",
                _ => "stands twice",
            };
            return Err(self.column_fault(name, problem));
        }
        match needed.iter().find(|name| !present.contains(name)) {
            Some(name) => Err(self.column_fault(name, "is missing")),
            None => Ok(()),
        }
    }

    /// Checks types and nulls column by column, so that what is named does not depend on how the
    /// rows are cut into batches. A frame without rows has types, too.
    pub(crate) fn check_cells(
        self,
        schema: &SchemaRef,
        batches: &[RecordBatch],
        names: &[&'static str],
    ) -> PyResult<()> {
        let none = [RecordBatch::new_empty(SchemaRef::clone(schema))];
        let batches = if batches.is_empty() { &none } else { batches };
        for name in names {
            match schema.field_with_name(name) {
                Ok(field) if *field.data_type() == DataType::Null => {
                    let wrong = WrongType { found: "Null".to_owned(), wanted: "of values" };
                    return Err(self.wrong_type(name, &wrong));
                }
                Ok(_) => {}
                Err(_) => continue,
            }
            let mut before = 0_usize;
            for batch in batches {
                self.check_column(batch, name, before)?;
                before = before.saturating_add(batch.num_rows());
            }
        }
        Ok(())
    }

    fn check_column(self, batch: &RecordBatch, name: &'static str, before: usize) -> PyResult<()> {
        match name {
            "symbol" => self.texts(batch, name, before).map(|_| ()),
            "time" => self.times(batch, name, before).map(|_| ()),
            _ => self.numbers(batch, name, before, FloatPolicy::Nearest).map(|_| ()),
        }
    }

    fn column_fault(self, name: &str, problem: &'static str) -> PyErr {
        Fault::frame(self.argument, format!("column {name}"), problem, self.remedy).into()
    }

    fn column<'a>(self, batch: &'a RecordBatch, name: &str) -> PyResult<&'a ArrayRef> {
        let found = batch.column_by_name(name);
        let array = found.ok_or_else(|| self.column_fault(name, "is missing"))?;
        if array.data_type() == &DataType::Null {
            // Nulls are none of the types of rule N8, also where there is no row.
            return Err(self.column_fault(name, "is of type null"));
        }
        Ok(array)
    }

    /// A column of texts without nulls.
    pub(crate) fn texts<'a>(
        self,
        batch: &'a RecordBatch,
        name: &'static str,
        before: usize,
    ) -> PyResult<Texts<'a>> {
        let array = self.column(batch, name)?;
        let texts = Texts::read(array).map_err(|wrong| self.wrong_type(name, &wrong))?;
        self.check_nulls(array, name, before)?;
        Ok(texts)
    }

    /// A column of times without nulls.
    pub(crate) fn times<'a>(
        self,
        batch: &'a RecordBatch,
        name: &'static str,
        before: usize,
    ) -> PyResult<Times<'a>> {
        let array = self.column(batch, name)?;
        let times = Times::read(array).map_err(|wrong| self.wrong_type(name, &wrong))?;
        self.check_nulls(array, name, before)?;
        Ok(times)
    }

    /// A column of numbers without nulls.
    pub(crate) fn numbers<'a>(
        self,
        batch: &'a RecordBatch,
        name: &'static str,
        before: usize,
        policy: FloatPolicy,
    ) -> PyResult<Numbers<'a>> {
        let array = self.column(batch, name)?;
        let numbers =
            Numbers::read(array, policy).map_err(|wrong| self.wrong_type(name, &wrong))?;
        self.check_nulls(array, name, before)?;
        Ok(numbers)
    }

    /// A price of a column.
    #[inline]
    pub(crate) fn price(
        self,
        numbers: &Numbers<'_>,
        name: &'static str,
        row: usize,
        before: usize,
    ) -> PyResult<Price> {
        match numbers.price(row) {
            Ok(Some(price)) => Ok(price),
            Ok(None) => Err(self.cell(name, before, row, &CellError::Null)),
            Err(error) => Err(self.cell(name, before, row, &error)),
        }
    }

    /// A text of a column.
    pub(crate) fn text<'a>(
        self,
        texts: &Texts<'a>,
        name: &'static str,
        row: usize,
        before: usize,
    ) -> PyResult<&'a str> {
        let text = texts.get(row).map_err(|error| self.cell(name, before, row, &error))?;
        text.ok_or_else(|| self.cell(name, before, row, &CellError::Null))
    }

    /// The first null of a column is named.
    fn check_nulls(self, array: &ArrayRef, name: &'static str, before: usize) -> PyResult<()> {
        match first_null(array) {
            Some(row) => Err(self.cell(name, before, row, &CellError::Null)),
            None => Ok(()),
        }
    }

    fn wrong_type(self, name: &str, wrong: &WrongType) -> PyErr {
        let rule = format!("must be {}", wrong.wanted);
        let value = format!("column {name}: {}", wrong.found);
        Fault::frame(self.argument, value, rule, "cast the column").into()
    }

    /// A cell that cannot be taken; `before` rows came in earlier batches.
    #[cold]
    pub(crate) fn cell(self, name: &str, before: usize, row: usize, error: &CellError) -> PyErr {
        let row = row.saturating_add(before);
        let place = format!("column {name}, row {row}: {}", error.value());
        Fault::new(error.code(), self.argument, place, error.rule(), error.remedy()).into()
    }
}

/// The first row without a value. A key of a dictionary may point to a null, or nowhere: that is
/// no null, and an error of the cell when it is read.
fn first_null(array: &ArrayRef) -> Option<usize> {
    let mut rows = 0..array.len();
    match array.data_type() {
        DataType::Null => rows.next(),
        DataType::Dictionary(..) => {
            let texts = Texts::read(array).ok()?;
            rows.find(|&row| matches!(texts.bytes(row), Ok(None)))
        }
        _ if array.null_count() == 0 => None,
        _ => rows.find(|&row| array.is_null(row)),
    }
}

/// The columns of quotes to read, after checking that they are there, once, with nothing else, and
/// of which types they are.
pub(crate) fn check_quotes(
    source: Source,
    schema: &SchemaRef,
    batches: &[RecordBatch],
) -> PyResult<&'static [&'static str]> {
    let two = schema.fields().iter().any(|field| matches!(field.name().as_str(), "bid" | "ask"));
    let names = if two { TWO_PRICES } else { ONE_PRICE };
    source.check_columns(schema, names, &[])?;
    source.check_cells(schema, batches, names)?;
    Ok(names)
}

/// Reads the quotes of a batch, row by row; `before` rows came in earlier batches.
pub(crate) fn read_batch<'a>(
    source: Source,
    batch: &'a RecordBatch,
    names: &[&'static str],
    before: usize,
    policy: FloatPolicy,
) -> PyResult<Vec<Quote<'a>>> {
    let symbols = source.texts(batch, "symbol", before)?;
    let prices = |name| Ok::<_, PyErr>((source.numbers(batch, name, before, policy)?, name));
    let (bid, ask) = match names {
        [_, "bid", "ask"] => (prices("bid")?, Some(prices("ask")?)),
        _ => (prices("price")?, None),
    };
    let mut quotes = Vec::with_capacity(batch.num_rows());
    for row in 0..batch.num_rows() {
        let symbol = source.text(&symbols, "symbol", row, before)?;
        let first = source.price(&bid.0, bid.1, row, before)?;
        let second = match &ask {
            Some((numbers, name)) => source.price(numbers, name, row, before)?,
            None => first,
        };
        quotes.push(Quote { symbol, bid: first, ask: second });
    }
    Ok(quotes)
}
