//! Recorded events, decoded one after the other (SPEC section 9).
//!
//! The bytes count in steps of the grids of instruments, and closes name their position only. So
//! the reader keeps the instruments that were registered and the symbol of each position that was
//! opened. It needs no ledger, but to be told of the positions that orders opened.

mod orders;

use hashbrown::HashMap;

use super::corporate::swap_byte;
use super::record::op;
use super::terms_codec::decode_terms;
use crate::book::{Book, Grid};
use crate::codec::{Decoder, Malformed};
use crate::currency::Currency;
use crate::event::{
    Bar, CancelOrder, Cash, ChargeSwap, Close, CloseBy, Convert, Dividend, Event, Fee, Open, Path,
    Protection, Quote, Rollover, Side, Split, Target,
};
use crate::instrument::Instrument;
use crate::numbers::{Contract, Money, Price, Size};
use crate::terms::SwapKind;

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

/// What is known from the events so far. It stands beside a ledger that has taken them and knows
/// its open positions, unless it stands alone.
#[derive(Debug, Default)]
pub(crate) struct RecordedEvents {
    instruments: Vec<Known>,
    /// The symbol of each position, where there is no ledger.
    symbols: Option<HashMap<u64, usize>>,
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
    /// One without a ledger beside it.
    pub(crate) fn alone() -> Self {
        Self { symbols: Some(HashMap::new()), ..Self::default() }
    }

    /// What is known from the events of a ledger.
    pub(super) fn of(books: &[Book]) -> Self {
        let known = |book: &Book| Known {
            symbol: book.instrument.symbol.clone(),
            prices: book.prices,
            sizes: book.sizes,
        };
        Self { instruments: books.iter().map(known).collect(), ..Self::default() }
    }

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
            op::CLOSE_BY => Event::CloseBy(self.decode_close_by(decoder, time, symbol_of)?),
            _ => self.decode_more(op, decoder, time)?,
        };
        Ok(Recorded::Event(event))
    }

    fn known(&self, symbol: usize) -> Result<&Known, Malformed> {
        self.instruments.get(symbol).ok_or(Malformed)
    }

    fn symbol_of(&self, position_id: u64, symbol_of: SymbolOf<'_>) -> Result<usize, Malformed> {
        let opened = self.symbols.as_ref().and_then(|symbols| symbols.get(&position_id)).copied();
        let filled = || usize::try_from(symbol_of(position_id)?).ok();
        opened.or_else(filled).ok_or(Malformed)
    }

    fn known_of(&self, position_id: u64, symbol_of: SymbolOf<'_>) -> Result<&Known, Malformed> {
        self.known(self.symbol_of(position_id, symbol_of)?)
    }

    /// Events of the account beyond fills and cash.
    fn decode_more<'s>(
        &'s self,
        op: u8,
        decoder: &mut Decoder<'_>,
        time: i64,
    ) -> Result<Event<'s>, Malformed> {
        if op == op::CONVERT {
            let amount = money(decoder.number()?)?;
            let from = Currency::parse(decoder.text()?).ok_or(Malformed)?;
            let to = Currency::parse(decoder.text()?).ok_or(Malformed)?;
            let rate = Some(money(decoder.number()?)?).filter(|rate| !rate.is_zero());
            return Ok(Event::Convert(Convert { amount, from, to, time, rate }));
        }
        let symbol = self.known(decoder.number()?)?.symbol.as_str();
        let event = match op {
            op::CHARGE_SWAP => Event::ChargeSwap(ChargeSwap {
                symbol,
                time,
                kind: swap_kind(decoder.byte()?)?,
                long: decoder.signed()?,
                short: decoder.signed()?,
                multiplier: decoder.number()?,
            }),
            op::ROLLOVER => Event::Rollover(Rollover { symbol, time }),
            op::DIVIDEND => {
                let amount = Price::from_raw(decoder.number()?).map_err(|_| Malformed)?;
                let pay_time = optional_time(decoder)?;
                Event::Dividend(Dividend { symbol, amount, time, pay_time })
            }
            op::SPLIT => {
                let (numerator, denominator) = (decoder.number()?, decoder.number()?);
                Event::Split(Split { symbol, numerator, denominator, time })
            }
            _ => return Err(Malformed),
        };
        Ok(event)
    }

    fn decode_close_by(
        &self,
        decoder: &mut Decoder<'_>,
        time: i64,
        symbol_of: SymbolOf<'_>,
    ) -> Result<CloseBy, Malformed> {
        let (position_id, other_id) = (decoder.number()?, decoder.number()?);
        let known = self.known_of(position_id, symbol_of)?;
        let size = Some(size(known.sizes, decoder.unsigned()?)?);
        let fee = Some(money(decoder.signed()?)?);
        Ok(CloseBy { position_id, other_id, time, size, fee })
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
        if let Some(symbols) = &mut self.symbols
            && position_id != 0
        {
            symbols.insert(position_id, symbol);
        }
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
    let terms = decode_terms(decoder)?.map(Box::new);
    Ok(Instrument {
        symbol,
        price_decimals,
        size_decimals,
        contract,
        quote_currency,
        leverage,
        terms,
    })
}

fn decode_fee(decoder: &mut Decoder<'_>, time: i64) -> Result<Fee, Malformed> {
    let amount = money(decoder.signed()?)?;
    let position_id = Some(decoder.number()?).filter(|&id| id != 0);
    Ok(Fee { amount, time, position_id })
}

fn decode_cash(decoder: &mut Decoder<'_>, time: i64) -> Result<Cash, Malformed> {
    let amount = money(decoder.number()?)?;
    let currency = match decoder.text()? {
        "" => None,
        code => Some(Currency::parse(code).ok_or(Malformed)?),
    };
    Ok(Cash { amount, time, currency })
}

fn swap_kind(byte: u8) -> Result<SwapKind, Malformed> {
    [SwapKind::Points, SwapKind::Rate, SwapKind::Funding]
        .into_iter()
        .find(|&kind| swap_byte(kind) == byte)
        .ok_or(Malformed)
}

fn optional_time(decoder: &mut Decoder<'_>) -> Result<Option<i64>, Malformed> {
    match decoder.byte()? {
        0 => Ok(None),
        1 => i64::try_from(decoder.signed()?).map(Some).map_err(|_| Malformed),
        _ => Err(Malformed),
    }
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
