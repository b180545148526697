//! From a row to an event (rules E3 to E6): cells in the order of the columns, then what the row
//! as a whole has to be.

use hashbrown::HashMap;

use super::action::{LONG, SHORT};
use super::columns::Columns;
use super::error::RowError;
use crate::columns::text::ShortText;
use crate::currency::Currency;
use crate::event::{Cash, Close, Event, Fee, Level, Modify, Open, Protection, Side};
use crate::import::{CellError, Integers, Numbers, Quick, Texts};
use crate::instrument::{Instrument, check_text};
use crate::ledger::Ledger;
use crate::numbers::{Contract, Money, Overflow, Price, Size};
use crate::refusal::{Code, Refusal};

/// The positions that rows of this call have named by key.
pub(super) type Keys<'a> = HashMap<&'a str, u64>;

/// How a row names its position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named<'a> {
    Id(u64),
    Key(&'a str, u64),
    Nothing,
}

impl Named<'_> {
    /// The column that names it.
    pub(super) const fn column(self) -> &'static str {
        match self {
            Self::Key(..) => "key",
            Self::Id(_) | Self::Nothing => "position_id",
        }
    }
}

type Read<T> = Result<T, Box<RowError>>;

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
    fn needed<T>(&self, column: &'static str, cell: Option<T>) -> Read<T> {
        cell.ok_or_else(|| self.fault(column, &CellError::Null))
    }

    /// Reads a number at a scale into `raw` and answers whether there is one. It comes back in
    /// its place and not in the answer: moving 128 bits through an `Option` costs a wait for
    /// their store, which is longer than the rest of the reading.
    #[inline(never)]
    fn raw(
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
    fn money(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<Money>> {
        self.fixed((column, cells), Money::SCALE, Money::from_nine_decimals, Money::from_raw)
    }

    #[inline(always)]
    fn size(&self) -> Read<Option<Size>> {
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
    fn note(&self, column: &'static str, cells: &Texts<'a>) -> Read<&'a str> {
        if cells.view(self.row) == Some(0) || cells.is_absent() {
            return Ok("");
        }
        let Some(note) = self.text(column, cells)? else { return Ok("") };
        check_text(column, note).map_err(|refusal| self.refused(column, &refusal))?;
        Ok(note)
    }

    #[cold]
    fn refused(&self, column: &'static str, refusal: &Refusal) -> Box<RowError> {
        RowError::refused(self.number, column, refusal)
    }

    #[inline(always)]
    pub(super) fn time(&self) -> Read<Option<i64>> {
        self.columns.time.get(self.row).map_err(|error| self.fault("time", &error))
    }

    #[inline(always)]
    fn id(&self) -> Read<Option<u64>> {
        self.columns.position_id.id(self.row).map_err(|error| self.fault("position_id", &error))
    }

    #[inline(always)]
    fn side(&self) -> Read<Side> {
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
    fn level(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Option<Price>> {
        Ok(self.price(column, cells)?.filter(|level| !level.is_zero()))
    }

    /// A level that stays when it is null, and is removed when it is 0.
    #[inline]
    fn change(&self, column: &'static str, cells: &Numbers<'_>) -> Read<Level> {
        Ok(match self.price(column, cells)? {
            None => Level::Keep,
            Some(level) if level.is_zero() => Level::Remove,
            Some(level) => Level::Set(level),
        })
    }

    /// The symbol of a row that needs one. Where its index is known its text is not looked at.
    #[inline(always)]
    fn symbol(&self, known: Option<u32>) -> Read<&'a str> {
        if known.is_some() {
            return Ok("");
        }
        let text = self.text("symbol", &self.columns.symbol)?;
        self.needed("symbol", text)
    }

    /// An open, and the key that it gives to its position.
    #[inline(always)]
    pub(super) fn open(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Open<'a>, Option<&'a str>)> {
        let columns = self.columns;
        let time = self.time()?;
        let time = self.needed("time", time)?;
        let symbol = self.symbol(known)?;
        let side = self.side()?;
        let size = self.size()?;
        let size = self.needed("size", size)?;
        let price = self.price("price", &columns.price)?;
        let price = self.needed("price", price)?;
        let stop_loss = self.level("stop_loss", &columns.stop_loss)?;
        let take_profit = self.level("take_profit", &columns.take_profit)?;
        let position_id = self.id()?;
        let key = self.new_key(ledger, keys)?;
        let fee = self.money("fee", &columns.fee)?;
        let tag = self.note("tag", &columns.tag)?;
        let protection = Protection::NONE;
        let open = Open {
            symbol,
            side,
            size,
            price,
            time,
            stop_loss,
            take_profit,
            fee,
            tag,
            position_id,
            protection,
        };
        Ok((open, key))
    }

    /// Rule E4 for an open.
    #[inline]
    fn new_key(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<Option<&'a str>> {
        if self.columns.key.is_absent() {
            return Ok(None);
        }
        let Some(key) = self.key()? else { return Ok(None) };
        match keys.get(key) {
            Some(&id) if ledger.positions().find(id).is_some() => {
                let error = CellError::Text {
                    value: format!("{key:?}"),
                    code: Code::DuplicatePositionId,
                    rule: "belongs to a position that is open",
                    remedy: "choose another key, or close the position first",
                };
                Err(self.fault("key", &error))
            }
            _ => Ok(Some(key)),
        }
    }

    #[inline]
    fn key(&self) -> Read<Option<&'a str>> {
        let Some(key) = self.text("key", &self.columns.key)? else { return Ok(None) };
        if key.is_empty() {
            let refusal = Refusal::TextNotAllowed {
                argument: "key",
                text: String::new(),
                rule: "a key has 1 to 255 bytes of UTF-8",
            };
            return Err(self.refused("key", &refusal));
        }
        check_text("key", key).map_err(|refusal| self.refused("key", &refusal))?;
        Ok(Some(key))
    }

    /// Rule E4: which position the row means.
    #[inline(always)]
    fn named(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<Named<'a>> {
        let id = self.id()?;
        if self.columns.key.is_absent() {
            return Ok(id.map_or(Named::Nothing, Named::Id));
        }
        let key = self.text("key", &self.columns.key)?;
        let Some(key) = key else { return Ok(id.map_or(Named::Nothing, Named::Id)) };
        let value = || format!("{key:?}");
        if id.is_some() {
            let error = CellError::Text {
                value: value(),
                code: Code::InvalidArgument,
                rule: "stands beside a position_id",
                remedy: "name the position by one of the two",
            };
            return Err(self.fault("key", &error));
        }
        match keys.get(key) {
            Some(&id) if ledger.positions().find(id).is_some() => Ok(Named::Key(key, id)),
            _ => {
                let error = CellError::Text {
                    value: value(),
                    code: Code::PositionNotFound,
                    rule: "no open position of this call has this key",
                    remedy: "give the key to an open of the same call, or pass the position_id",
                };
                Err(self.fault("key", &error))
            }
        }
    }

    #[inline(always)]
    fn position(&self, ledger: &Ledger, keys: &Keys<'a>) -> Read<(u64, Named<'a>)> {
        let named = self.named(ledger, keys)?;
        match named {
            Named::Id(id) | Named::Key(_, id) => Ok((id, named)),
            Named::Nothing => Err(self.fault("position_id", &CellError::Null)),
        }
    }

    /// Rule E5: the symbol of a row, when it says one, is that of its position. `known` is the
    /// index of the symbol where the ledger knows it.
    #[inline]
    fn same_symbol(&self, id: u64, known: Option<u32>, ledger: &Ledger) -> Read<()> {
        let Some((_, position)) = ledger.positions().find(id) else { return Ok(()) };
        if known == Some(position.symbol) {
            return Ok(());
        }
        let Some(symbol) = self.text("symbol", &self.columns.symbol)? else { return Ok(()) };
        let error = CellError::Text {
            value: format!("{symbol:?}"),
            code: Code::InvalidArgument,
            rule: "is not the symbol of the position",
            remedy: "check position_id and key, or leave the symbol out",
        };
        Err(self.fault("symbol", &error))
    }

    #[inline(always)]
    pub(super) fn close(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Close<'a>, Named<'a>)> {
        let columns = self.columns;
        let time = self.time()?;
        let time = self.needed("time", time)?;
        let size = self.size()?;
        let price = self.price("price", &columns.price)?;
        let price = self.needed("price", price)?;
        let (position_id, named) = self.position(ledger, keys)?;
        let fee = self.money("fee", &columns.fee)?;
        let reason = self.note("reason", &columns.reason)?;
        self.same_symbol(position_id, known, ledger)?;
        Ok((Close { position_id, price, time, size, fee, reason }, named))
    }

    pub(super) fn modify(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Modify<'a>, Named<'a>)> {
        let time = self.time()?;
        let time = self.needed("time", time)?;
        let stop_loss = self.change("stop_loss", &self.columns.stop_loss)?;
        let take_profit = self.change("take_profit", &self.columns.take_profit)?;
        let (position_id, named) = self.position(ledger, keys)?;
        self.same_symbol(position_id, known, ledger)?;
        let modify = Modify { stop_loss, take_profit, ..Modify::new(position_id, time) };
        Ok((modify, named))
    }

    pub(super) fn fee(
        &self,
        known: Option<u32>,
        ledger: &Ledger,
        keys: &Keys<'a>,
    ) -> Read<(Fee, Named<'a>)> {
        let time = self.time()?;
        let time = self.needed("time", time)?;
        let named = self.named(ledger, keys)?;
        let amount = self.money("fee", &self.columns.fee)?;
        let amount = self.needed("fee", amount)?;
        let position_id = match named {
            Named::Id(id) | Named::Key(_, id) => Some(id),
            Named::Nothing => None,
        };
        if let Some(id) = position_id {
            self.same_symbol(id, known, ledger)?;
        }
        Ok((Fee { amount, time, position_id }, named))
    }

    pub(super) fn cash(&self) -> Read<Cash> {
        let time = self.time()?;
        let time = self.needed("time", time)?;
        let amount = self.money("amount", &self.columns.amount)?;
        Ok(Cash::new(self.needed("amount", amount)?, time))
    }

    pub(super) fn register(&self) -> Read<Event<'a>> {
        let columns = self.columns;
        let symbol = self.symbol(None)?.to_owned();
        let digits = |column: &'static str, cells: &Integers<'_>| {
            let read = cells.digits(self.row).map_err(|error| self.fault(column, &error));
            read.map(|digits| digits.unwrap_or(9))
        };
        let price_decimals = digits("price_decimals", &columns.price_decimals)?;
        let size_decimals = digits("size_decimals", &columns.size_decimals)?;
        let mut raw = 0;
        let given = self.raw(("contract_size", &columns.contract_size), Size::SCALE, &mut raw)?;
        let contract = if given {
            Contract::new(raw).map_err(|Overflow| {
                let error = CellError::Text {
                    value: crate::numbers::format_fixed(raw, Size::SCALE, 0),
                    code: Code::InvalidInstrument,
                    rule: "must be greater than 0",
                    remedy: "pass the units of the underlying per 1 of size",
                };
                self.fault("contract_size", &error)
            })?
        } else {
            Contract::ONE
        };
        let mut leverage = 0;
        self.raw(("leverage", &columns.leverage), Size::SCALE, &mut leverage)?;
        let leverage = Some(leverage).filter(|&leverage| leverage != 0);
        let quote_currency = self.currency()?;
        Ok(Event::RegisterInstrument(Instrument {
            symbol,
            price_decimals,
            size_decimals,
            contract,
            quote_currency,
            leverage,
            terms: None,
        }))
    }

    fn currency(&self) -> Read<Option<Currency>> {
        let text = self.text("quote_currency", &self.columns.quote_currency)?;
        let Some(code) = text else { return Ok(None) };
        Currency::parse(code).map(Some).ok_or_else(|| {
            let error = CellError::Text {
                value: format!("{code:?}"),
                code: Code::InvalidCurrency,
                rule: "is not a known currency",
                remedy: "pass an ISO 4217 code such as 'USD'",
            };
            self.fault("quote_currency", &error)
        })
    }
}
