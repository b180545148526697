//! Rows of cash, of costs, of corporate actions, and of instruments.

use super::cells::{Read, RowReader};
use super::words::SWAP_KINDS;
use crate::currency::Currency;
use crate::event::{Cash, ChargeSwap, Convert, Dividend, Event, Rollover, Split};
use crate::import::{CellError, Integers};
use crate::instrument::Instrument;
use crate::ledger::{Ledger, terms_of};
use crate::numbers::{Contract, Overflow, Size};
use crate::refusal::Code;
use crate::terms::{SwapKind, Terms};

const UP_TO_32_BITS: &str = "must be from 0 to 2^32 - 1";

impl<'a> RowReader<'_, 'a> {
    pub(super) fn cash(&self, ledger: &mut Ledger) -> Read<Cash> {
        let time = self.needed_time()?;
        let amount = self.money("amount", &self.columns.amount)?;
        let amount = self.needed("amount", amount)?;
        let code = self.text("currency", &self.columns.currency)?;
        let currency = code.map(|code| self.cash_currency("currency", code, (ledger, time)));
        Ok(Cash { amount, time, currency: currency.transpose()? })
    }

    pub(super) fn convert(&self, ledger: &mut Ledger) -> Read<Convert> {
        let columns = self.columns;
        let time = self.needed_time()?;
        let amount = self.money("amount", &columns.amount)?;
        let amount = self.needed("amount", amount)?;
        let from = self.text("from_currency", &columns.from_currency)?;
        let from = self.needed("from_currency", from)?;
        let to = self.text("to_currency", &columns.to_currency)?;
        let to = self.needed("to_currency", to)?;
        let rate = self.money("rate", &columns.rate)?;
        let from = self.cash_currency("from_currency", from, (ledger, time))?;
        let to = self.cash_currency("to_currency", to, (ledger, time))?;
        Ok(Convert { amount, from, to, time, rate })
    }

    /// The currency of an event of cash. Whether it is known is a rule, which comes after that of
    /// the time (rules W8 and W9).
    fn cash_currency(
        &self,
        column: &'static str,
        code: &str,
        (ledger, time): (&mut Ledger, i64),
    ) -> Read<Currency> {
        self.currency(column, code).map_err(|unknown| match ledger.check_moment(time) {
            Ok(()) => unknown,
            Err(refusal) => self.refused("time", &refusal),
        })
    }

    pub(super) fn swap(&self) -> Read<ChargeSwap<'a>> {
        let columns = self.columns;
        let time = self.needed_time()?;
        let symbol = self.symbol(None)?;
        let rule = "must be 'points', 'rate' or 'funding'";
        let kind = self.word("kind", &columns.kind, &SWAP_KINDS, rule)?;
        let long = self.nine("long", &columns.long)?.unwrap_or(0);
        let short = self.nine("short", &columns.short)?.unwrap_or(0);
        let multiplier = self.whole("multiplier", &columns.multiplier, UP_TO_32_BITS)?;
        let (kind, multiplier) = (kind.unwrap_or(SwapKind::Points), multiplier.unwrap_or(1));
        Ok(ChargeSwap { symbol, time, kind, long, short, multiplier })
    }

    pub(super) fn rollover(&self) -> Read<Rollover<'a>> {
        let time = self.needed_time()?;
        Ok(Rollover { symbol: self.symbol(None)?, time })
    }

    pub(super) fn dividend(&self) -> Read<Dividend<'a>> {
        let time = self.needed_time()?;
        let symbol = self.symbol(None)?;
        let amount = self.price("price", &self.columns.price)?;
        let amount = self.needed("price", amount)?;
        let pay_time = self.moment("pay_time", &self.columns.pay_time)?;
        Ok(Dividend { symbol, amount, time, pay_time })
    }

    pub(super) fn split(&self) -> Read<Split<'a>> {
        let columns = self.columns;
        let time = self.needed_time()?;
        let symbol = self.symbol(None)?;
        let numerator = self.whole("numerator", &columns.numerator, UP_TO_32_BITS)?;
        let numerator = self.needed("numerator", numerator)?;
        let denominator = self.whole("denominator", &columns.denominator, UP_TO_32_BITS)?;
        let denominator = self.needed("denominator", denominator)?;
        Ok(Split { symbol, numerator, denominator, time })
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
        let contract = self.contract()?;
        let leverage = self.nine("leverage", &columns.leverage)?.filter(|&raw| raw != 0);
        let quote = self.text("quote_currency", &columns.quote_currency)?;
        let quote = quote.map(|code| self.currency("quote_currency", code));
        let (terms, unknown_base) = self.terms()?;
        let quote_currency = quote.transpose()?;
        let instrument = Instrument {
            symbol,
            price_decimals,
            size_decimals,
            contract,
            quote_currency,
            leverage,
            terms,
        };
        match unknown_base {
            None => Ok(Event::RegisterInstrument(instrument)),
            Some(code) => Err(self.no_base(instrument, &code)),
        }
    }

    fn contract(&self) -> Read<Contract> {
        let given = self.nine("contract_size", &self.columns.contract_size)?;
        given.map_or(Ok(Contract::ONE), |raw| {
            Contract::new(raw).map_err(|Overflow| {
                let error = CellError::Text {
                    value: crate::numbers::format_fixed(raw, Size::SCALE, 0),
                    code: Code::InvalidInstrument,
                    rule: "must be greater than 0",
                    remedy: "pass the units of the underlying per 1 of size",
                };
                self.fault("contract_size", &error)
            })
        })
    }

    /// The terms of a registration, and the code of their base currency if nobody knows it.
    fn terms(&self) -> Read<(Option<Box<Terms>>, Option<String>)> {
        let Some(text) = self.text("terms", &self.columns.terms)? else { return Ok((None, None)) };
        let (terms, unknown) =
            bytes_of(text).and_then(|bytes| terms_of(&bytes)).ok_or_else(|| {
                let error = CellError::Text {
                    value: format!("{text:?}"),
                    code: Code::InvalidInstrument,
                    rule: "are not the terms of an instrument",
                    remedy: "pass the text that get_events gave",
                };
                self.fault("terms", &error)
            })?;
        let some = terms != Terms::default();
        Ok((some.then(|| Box::new(terms)), unknown))
    }

    /// A base currency that nobody knows is refused where its rule stands: after the grids.
    #[cold]
    fn no_base(&self, instrument: Instrument, code: &str) -> Box<super::error::RowError> {
        let grids = instrument.terms.map(|terms| Terms {
            tick_size: terms.tick_size,
            lot_step: terms.lot_step,
            min_size: terms.min_size,
            max_size: terms.max_size,
            ..Terms::default()
        });
        let before = Instrument { terms: grids.map(Box::new), ..instrument };
        match (before.check(), self.currency("base_currency", code)) {
            (Err(refusal), _) => self.refused(refusal.argument(), &refusal),
            (_, Err(unknown)) => unknown,
            (Ok(()), Ok(_)) => self.fault("base_currency", &CellError::Null),
        }
    }
}

/// The bytes that hexadecimal digits stand for.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let byte = |&[high, low]: &[u8; 2]| Some(digit(high)? << 4 | digit(low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}
