//! Recorded events, decoded one after the other (SPEC section 9).
//!
//! The bytes count in steps of the grids of instruments, and closes name their position only. So
//! the reader keeps the instruments that were registered and the symbol of each position that was
//! opened. It needs no ledger, but to be told of the positions that orders opened.

mod orders;

use hashbrown::HashMap;

use super::record::op;
use crate::book::Grid;
use crate::codec::{Decoder, Malformed};
use crate::currency::Currency;
use crate::event::{
    Bar, CancelOrder, Cash, Close, Event, Fee, Open, Path, Protection, Quote, Side, Target,
};
use crate::instrument::Instrument;
use crate::numbers::{Contract, Money, Price, Size};

/// An event as it was recorded; its texts are borrowed.
#[derive(Debug)]
#[expect(clippy::large_enum_variant, reason = "one of them lives at a time, on the stack")]
pub(crate) enum Recorded<'a> {
    /// Anything but quotes and bars.
    Event(Event<'a>),
    /// Bars of one moment.
    Bars {
        /// Microseconds since the epoch.
        time: i64,
        /// The way of the prices.
        path: Path,
        /// The bars.
        bars: Vec<Bar<'a>>,
    },
    /// Quotes of one moment.
    Quotes {
        /// What they are for.
        kind: QuotesKind,
        /// Microseconds since the epoch.
        time: i64,
        /// The quotes.
        quotes: Vec<Quote<'a>>,
    },
}

/// What quotes are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum QuotesKind {
    /// A mark.
    Mark,
    /// An update of the equity.
    Update,
    /// Protection and orders, too.
    Process,
}

/// Who knows the symbol of a position.
pub(crate) type SymbolOf<'a> = &'a dyn Fn(u64) -> Option<u32>;

/// What is known from the events so far.
#[derive(Debug, Default)]
pub(crate) struct RecordedEvents {
    instruments: Vec<Known>,
    /// The symbol of each position.
    symbols: HashMap<u64, usize>,
    /// Those of the last event that has any.
    targets: Vec<Target>,
}

/// An instrument that was registered.
#[derive(Debug)]
struct Known {
    symbol: String,
    prices: Grid,
    sizes: Grid,
}

impl RecordedEvents {
    /// The next event; `before` is the time of the last one that had a time, 0 at first, and
    /// `symbol_of` knows the symbol of positions that no recorded open names.
    ///
    /// # Errors
    /// [`Malformed`] when the bytes are no event.
    pub(crate) fn next<'s, 'd: 's>(
        &'s mut self,
        decoder: &mut Decoder<'d>,
        before: i64,
        symbol_of: SymbolOf<'_>,
    ) -> Result<Recorded<'s>, Malformed> {
        let op = decoder.byte()?;
        if op == op::REGISTER {
            let instrument = decode_instrument(decoder)?;
            self.instruments.push(Known {
                symbol: instrument.symbol.clone(),
                prices: Grid::new(instrument.price_decimals),
                sizes: Grid::new(instrument.size_decimals),
            });
            return Ok(Recorded::Event(Event::RegisterInstrument(instrument)));
        }
        let moved = i64::try_from(decoder.signed()?).map_err(|_| Malformed)?;
        let time = before.checked_add(moved).ok_or(Malformed)?;
        if matches!(op, op::MARK | op::UPDATE_EQUITY | op::QUOTES) {
            let quotes = self.decode_quotes(decoder)?;
            let kind = match op {
                op::MARK => QuotesKind::Mark,
                op::UPDATE_EQUITY => QuotesKind::Update,
                _ => QuotesKind::Process,
            };
            return Ok(Recorded::Quotes { kind, time, quotes });
        }
        if op == op::BAR {
            return self.decode_bars(decoder, time);
        }
        let event = match op {
            op::OPEN => Event::Open(self.decode_open(decoder, time, false)?),
            op::OPEN_PROTECTED => Event::Open(self.decode_open(decoder, time, true)?),
            op::PLACE_ORDER => self.decode_order(decoder, time)?,
            op::CANCEL_ORDER => {
                Event::CancelOrder(CancelOrder { order_id: decoder.number()?, time })
            }
            op::CLOSE => Event::Close(self.decode_close(decoder, time, symbol_of)?),
            op::MODIFY => Event::Modify(self.decode_modify(decoder, time, symbol_of)?),
            op::FEE => Event::Fee(decode_fee(decoder, time)?),
            op::DEPOSIT => Event::Deposit(decode_cash(decoder, time)?),
            op::WITHDRAW => Event::Withdraw(decode_cash(decoder, time)?),
            _ => return Err(Malformed),
        };
        Ok(Recorded::Event(event))
    }

    fn known(&self, symbol: usize) -> Result<&Known, Malformed> {
        self.instruments.get(symbol).ok_or(Malformed)
    }

    fn symbol_of(&self, position_id: u64, symbol_of: SymbolOf<'_>) -> Result<usize, Malformed> {
        let opened = self.symbols.get(&position_id).copied();
        let filled = || usize::try_from(symbol_of(position_id)?).ok();
        opened.or_else(filled).ok_or(Malformed)
    }

    fn known_of(&self, position_id: u64, symbol_of: SymbolOf<'_>) -> Result<&Known, Malformed> {
        self.known(self.symbol_of(position_id, symbol_of)?)
    }

    fn decode_quotes(&self, decoder: &mut Decoder<'_>) -> Result<Vec<Quote<'_>>, Malformed> {
        let count = decoder.number::<usize>()?;
        let mut quotes = Vec::new();
        for _ in 0..count {
            let known = self.known(decoder.number()?)?;
            let bid = decoder.unsigned()?;
            let ask = bid.checked_add(decoder.unsigned()?).ok_or(Malformed)?;
            let (bid, ask) = (price(known.prices, bid)?, price(known.prices, ask)?);
            quotes.push(Quote { symbol: known.symbol.as_str(), bid, ask });
        }
        Ok(quotes)
    }

    fn decode_open<'s, 'd: 's>(
        &'s mut self,
        decoder: &mut Decoder<'d>,
        time: i64,
        protected: bool,
    ) -> Result<Open<'s>, Malformed> {
        let symbol = decoder.number::<usize>()?;
        let (prices, sizes) = self.known(symbol).map(|known| (known.prices, known.sizes))?;
        let side = side(decoder.byte()?)?;
        let level = |units: u128| {
            if units == 0 { Ok(None) } else { price(prices, units).map(Some) }
        };
        let position_id = decoder.number()?;
        let open = Open {
            symbol: "",
            side,
            time,
            position_id: Some(position_id),
            size: size(sizes, decoder.unsigned()?)?,
            price: price(prices, decoder.unsigned()?)?,
            stop_loss: level(decoder.unsigned()?)?,
            take_profit: level(decoder.unsigned()?)?,
            fee: Some(money(decoder.signed()?)?),
            tag: decoder.text()?,
            protection: Protection::NONE,
        };
        self.symbols.insert(position_id, symbol);
        let protection = if protected {
            self.decode_protection(decoder, symbol)?.with(&self.targets)
        } else {
            Protection::NONE
        };
        Ok(Open { symbol: self.known(symbol)?.symbol.as_str(), protection, ..open })
    }

    fn decode_close<'a>(
        &self,
        decoder: &mut Decoder<'a>,
        time: i64,
        symbol_of: SymbolOf<'_>,
    ) -> Result<Close<'a>, Malformed> {
        let position_id = decoder.number()?;
        let known = self.known_of(position_id, symbol_of)?;
        Ok(Close {
            position_id,
            time,
            size: Some(size(known.sizes, decoder.unsigned()?)?),
            price: price(known.prices, decoder.unsigned()?)?,
            fee: Some(money(decoder.signed()?)?),
            reason: decoder.text()?,
        })
    }
}

fn side(byte: u8) -> Result<Side, Malformed> {
    match byte {
        0 => Ok(Side::Long),
        1 => Ok(Side::Short),
        _ => Err(Malformed),
    }
}

fn decode_instrument(decoder: &mut Decoder<'_>) -> Result<Instrument, Malformed> {
    let symbol = decoder.text()?.to_owned();
    let (price_decimals, size_decimals) = (decoder.number()?, decoder.number()?);
    let contract = Contract::new(decoder.number()?).map_err(|_| Malformed)?;
    let quote = Currency::parse(decoder.text()?).ok_or(Malformed)?;
    let leverage = Some(decoder.number()?).filter(|&leverage| leverage != 0);
    let quote_currency = Some(quote);
    Ok(Instrument {
        symbol,
        price_decimals,
        size_decimals,
        contract,
        quote_currency,
        leverage,
        terms: None,
    })
}

fn decode_fee(decoder: &mut Decoder<'_>, time: i64) -> Result<Fee, Malformed> {
    let amount = money(decoder.signed()?)?;
    let position_id = Some(decoder.number()?).filter(|&id| id != 0);
    Ok(Fee { amount, time, position_id })
}

fn decode_cash(decoder: &mut Decoder<'_>, time: i64) -> Result<Cash, Malformed> {
    Ok(Cash::new(money(decoder.number()?)?, time))
}

fn price(grid: Grid, units: u128) -> Result<Price, Malformed> {
    Price::from_raw(grid.raw(units).ok_or(Malformed)?).map_err(|_| Malformed)
}

fn size(grid: Grid, units: u128) -> Result<Size, Malformed> {
    Size::from_raw(grid.raw(units).ok_or(Malformed)?).map_err(|_| Malformed)
}

fn money(raw: i128) -> Result<Money, Malformed> {
    Money::from_raw(raw).map_err(|_| Malformed)
}
