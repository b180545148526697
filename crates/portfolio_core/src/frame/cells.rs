//! The cells of a row (rule E3): read as the arguments of the same names would be.

use super::action::{LONG, SHORT};
use super::columns::Columns;
use super::error::RowError;
use crate::columns::text::ShortText;
use crate::currency::Currency;
use crate::event::{Level, Side};
use crate::import::{CellError, Integers, Numbers, Quick, Texts, Times};
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Price, Size};
use crate::refusal::{Code, Refusal};

pub(super) type Read<T> = Result<T, Box<RowError>>;

/// A row that is being read.
#[derive(Clone, Copy)]
pub(super) struct RowReader<'r, 'a> {
    pub(super) columns: &'r Columns<'a>,
    /// The row in its batch, and over all batches.
    pub(super) row: usize,
    pub(super) number: usize,
}

impl<'a> RowReader<'_, 'a> {
    #[cold]
    pub(super) fn fault(&self, column: &'static str, error: &CellError) -> Box<RowError> {
        RowError::cell(self.number, column, error)
    }

    #[inline(always)]
    pub(super) fn needed<T>(&self, column: &'static str, cell: Option<T>) -> Read<T> {
        cell.ok_or_else(|| self.fault(column, &CellError::Null))
    }

    /// Reads a number at a scale into `raw` and answers whether there is one. It comes back in
    /// its place and not in the answer: moving 128 bits through an `Option` costs a wait for
    /// their store, which is longer than the rest of the reading.
    #[inline(never)]
    pub(super) fn raw(
        &self,
        (column, cells): (&'static str, &Numbers<'_>),
        scale: u32,
        raw: &mut i128,
    ) -> Read<bool> {
        let found = cells.get(self.row, scale).map_err(|error| self.fault(column, &error))?;
        *raw = found.unwrap_or(0);
        Ok(found.is_some())
    }

    /// A number of one of the three kinds; nothing for a null.
    #[inline(always)]
    fn fixed<T>(
        &self,
        (column, cells): (&'static str, &Numbers<'_>),
        scale: u32,
        from_nine_decimals: impl FnOnce(i64) -> T,
        from_raw: impl FnOnce(i128) -> Result<T, Overflow>,
    ) -> Read<Option<T>> {
        match cells.quick(self.row) {
            Quick::Null => Ok(None),
            Quick::Short(raw) => Ok(Some(from_nine_decimals(raw))),
            Quick::Ask => {
                let mut raw = 0;
                if !self.raw((column, cells), scale, &mut raw)? {
                    return Ok(None);
                }
                from_raw(raw).map(Some).map_err(|error| self.too_large(column, error))
            }
        }
    }

    #[inline(always)]
    pub(super) fn price(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<Price>> {
        self.fixed((column, cells), Price::SCALE, Price::from_nine_decimals, Price::from_raw)
    }

    #[inline(always)]
    pub(super) fn money(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<Money>> {
        self.fixed((column, cells), Money::SCALE, Money::from_nine_decimals, Money::from_raw)
    }

    #[inline(always)]
    pub(super) fn size(&self) -> Read<Option<Size>> {
        let cells = ("size", &self.columns.size);
        self.fixed(cells, Size::SCALE, Size::from_nine_decimals, Size::from_raw)
    }

    #[cold]
    fn too_large(&self, column: &'static str, overflow: Overflow) -> Box<RowError> {
        let (scale, error) = (Price::SCALE, overflow.into());
        self.fault(column, &CellError::Number { value: "too large".to_owned(), scale, error })
    }

    #[inline]
    pub(super) fn text(&self, column: &'static str, cells: &Texts<'a>) -> Read<Option<&'a str>> {
        cells.get(self.row).map_err(|error| self.fault(column, &error))
    }

    /// A tag or a reason (rule T5); empty when it is not given.
    #[inline(always)]
    pub(super) fn note(&self, column: &'static str, cells: &Texts<'a>) -> Read<&'a str> {
        if cells.view(self.row) == Some(0) || cells.is_absent() {
            return Ok("");
        }
        let Some(note) = self.text(column, cells)? else { return Ok("") };
        check_text(column, note).map_err(|refusal| self.refused(column, &refusal))?;
        Ok(note)
    }

    #[cold]
    pub(super) fn refused(&self, column: &'static str, refusal: &Refusal) -> Box<RowError> {
        RowError::refused(self.number, column, refusal)
    }

    #[inline(always)]
    pub(super) fn time(&self) -> Read<Option<i64>> {
        self.moment("time", &self.columns.time)
    }

    #[inline(always)]
    pub(super) fn moment(&self, column: &'static str, cells: &Times<'_>) -> Read<Option<i64>> {
        cells.get(self.row).map_err(|error| self.fault(column, &error))
    }

    /// The time of a row that needs one.
    #[inline(always)]
    pub(super) fn needed_time(&self) -> Read<i64> {
        let time = self.time()?;
        self.needed("time", time)
    }

    #[inline(always)]
    pub(super) fn id(&self) -> Read<Option<u64>> {
        self.id_of("position_id", &self.columns.position_id)
    }

    #[inline(always)]
    pub(super) fn id_of(&self, column: &'static str, cells: &Integers<'_>) -> Read<Option<u64>> {
        cells.id(self.row).map_err(|error| self.fault(column, &error))
    }

    /// A whole number of up to 32 bits.
    pub(super) fn whole<T: TryFrom<i128>>(
        &self,
        column: &'static str,
        cells: &Integers<'_>,
        rule: &'static str,
    ) -> Read<Option<T>> {
        let Some(value) = cells.get(self.row) else { return Ok(None) };
        T::try_from(value).map(Some).map_err(|_| {
            let (value, code) = (value.to_string(), Code::InvalidArgument);
            let remedy = "pass a whole number of this range";
            self.fault(column, &CellError::Whole { value, code, rule, remedy })
        })
    }

    /// A number at scale 9 without a meaning of its own.
    pub(super) fn nine(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<i128>> {
        let mut raw = 0;
        let found = self.raw((column, cells), Price::SCALE, &mut raw)?;
        Ok(found.then_some(raw))
    }

    /// One of some words; nothing for a null.
    pub(super) fn word<T: Copy>(
        &self,
        column: &'static str,
        cells: &Texts<'a>,
        words: &[(&str, T)],
        rule: &'static str,
    ) -> Read<Option<T>> {
        let Some(word) = self.text(column, cells)? else { return Ok(None) };
        match words.iter().find(|(known, _)| *known == word) {
            Some((_, meaning)) => Ok(Some(*meaning)),
            None => {
                let (value, code) = (format!("{word:?}"), Code::InvalidArgument);
                let remedy = "pass one of these words";
                Err(self.fault(column, &CellError::Text { value, code, rule, remedy }))
            }
        }
    }

    /// A currency of a text.
    pub(super) fn currency(&self, column: &'static str, code: &str) -> Read<Currency> {
        Currency::parse(code).ok_or_else(|| {
            let error = CellError::Text {
                value: format!("{code:?}"),
                code: Code::InvalidCurrency,
                rule: "is not a known currency",
                remedy: "pass an ISO 4217 code such as 'USD'",
            };
            self.fault(column, &error)
        })
    }

    #[inline(always)]
    pub(super) fn side(&self) -> Read<Side> {
        match self.columns.side.view(self.row) {
            Some(LONG) => Ok(Side::Long),
            Some(SHORT) => Ok(Side::Short),
            _ => self.side_any(),
        }
    }

    #[inline(never)]
    fn side_any(&self) -> Read<Side> {
        let cells = &self.columns.side;
        match cells.short(self.row).map(ShortText::bits) {
            Some(LONG) => return Ok(Side::Long),
            Some(SHORT) => return Ok(Side::Short),
            _ => {}
        }
        let text = self.text("side", cells)?;
        let word = self.needed("side", text)?;
        Side::parse(word).ok_or_else(|| {
            let error = CellError::Text {
                value: format!("{word:?}"),
                code: Code::InvalidSide,
                rule: "must be 'long', 'buy', 'short' or 'sell'",
                remedy: "pass one of these words",
            };
            self.fault("side", &error)
        })
    }

    /// A level that is not set when it is null or 0.
    #[inline(always)]
    pub(super) fn level(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<Price>> {
        Ok(self.price(column, cells)?.filter(|level| !level.is_zero()))
    }

    /// A level that stays when it is null, and is removed when it is 0.
    #[inline]
    pub(super) fn change(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Level> {
        Ok(match self.price(column, cells)? {
            None => Level::Keep,
            Some(level) if level.is_zero() => Level::Remove,
            Some(level) => Level::Set(level),
        })
    }

    /// The symbol of a row that needs one. Where its index is known its text is not looked at.
    #[inline(always)]
    pub(super) fn symbol(&self, known: Option<u32>) -> Read<&'a str> {
        if known.is_some() {
            return Ok("");
        }
        let text = self.text("symbol", &self.columns.symbol)?;
        self.needed("symbol", text)
    }
}
