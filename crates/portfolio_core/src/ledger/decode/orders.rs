//! Recorded protection, orders, bars and quotes.

use super::{Known, Recorded, RecordedEvents, SymbolOf, price, side, size};
use crate::codec::{Decoder, Malformed};
use crate::event::{
    Bar, BreakEven, Change, Event, Modify, OrderKind, Path, PlaceOrder, Protection, Target,
};
use crate::ledger::record::mask;
use crate::numbers::Price;

/// A protection whose targets are kept apart.
pub(super) struct Decoded {
    trailing: Option<Price>,
    break_even: Option<BreakEven>,
    exit_time: Option<i64>,
}

impl Decoded {
    /// As an event says it.
    pub(super) fn with(self, targets: &[Target]) -> Protection<'_> {
        let Self { trailing, break_even, exit_time } = self;
        Protection { trailing, break_even, targets, exit_time }
    }
}

/// A price of 0 is none.
fn level(known: &Known, decoder: &mut Decoder<'_>) -> Result<Option<Price>, Malformed> {
    match decoder.unsigned()? {
        0 => Ok(None),
        units => price(known.prices, units).map(Some),
    }
}

fn moment(decoder: &mut Decoder<'_>) -> Result<Option<i64>, Malformed> {
    match decoder.byte()? {
        0 => Ok(None),
        1 => i64::try_from(decoder.signed()?).map(Some).map_err(|_| Malformed),
        _ => Err(Malformed),
    }
}

fn break_even(known: &Known, decoder: &mut Decoder<'_>) -> Result<Option<BreakEven>, Malformed> {
    let (trigger, offset) = (level(known, decoder)?, price(known.prices, decoder.unsigned()?)?);
    Ok(trigger.map(|trigger| BreakEven { trigger, offset }))
}

fn targets(known: &Known, decoder: &mut Decoder<'_>) -> Result<Vec<Target>, Malformed> {
    let count = decoder.number::<u8>()?;
    let mut targets = Vec::new();
    for _ in 0..count {
        let price = price(known.prices, decoder.unsigned()?)?;
        targets.push(Target { price, size: size(known.sizes, decoder.unsigned()?)? });
    }
    Ok(targets)
}

fn change<T>(value: Option<T>) -> Change<T> {
    value.map_or(Change::Remove, Change::Set)
}

impl RecordedEvents {
    /// Reads a protection; its targets are then at hand.
    pub(super) fn decode_protection(
        &mut self,
        decoder: &mut Decoder<'_>,
        symbol: usize,
    ) -> Result<Decoded, Malformed> {
        let known = self.known(symbol)?;
        let trailing = level(known, decoder)?;
        let break_even = break_even(known, decoder)?;
        self.targets = targets(known, decoder)?;
        Ok(Decoded { trailing, break_even, exit_time: moment(decoder)? })
    }

    pub(super) fn decode_modify(
        &mut self,
        decoder: &mut Decoder<'_>,
        time: i64,
        symbol_of: SymbolOf<'_>,
    ) -> Result<Modify<'_>, Malformed> {
        let position_id = decoder.number()?;
        let symbol = self.symbol_of(position_id, symbol_of)?;
        let given = decoder.byte()?;
        let known = self.instruments.get(symbol).ok_or(Malformed)?;
        let mut modify = Modify::new(position_id, time);
        if given & mask::STOP_LOSS != 0 {
            modify.stop_loss = change(level(known, decoder)?);
        }
        if given & mask::TAKE_PROFIT != 0 {
            modify.take_profit = change(level(known, decoder)?);
        }
        if given & mask::TRAILING != 0 {
            modify.trailing = change(level(known, decoder)?);
        }
        if given & mask::BREAK_EVEN != 0 {
            modify.break_even = change(break_even(known, decoder)?);
        }
        if given & mask::TARGETS != 0 {
            self.targets = targets(known, decoder)?;
            let given = (!self.targets.is_empty()).then_some(&self.targets[..]);
            modify.targets = change(given);
        }
        if given & mask::EXIT_TIME != 0 {
            modify.exit_time = change(moment(decoder)?);
        }
        Ok(modify)
    }

    pub(super) fn decode_order<'s, 'd: 's>(
        &'s mut self,
        decoder: &mut Decoder<'d>,
        time: i64,
    ) -> Result<Event<'s>, Malformed> {
        let symbol = decoder.number::<usize>()?;
        let side = side(decoder.byte()?)?;
        let kind = decoder.byte()?;
        let known = self.known(symbol)?;
        let size = size(known.sizes, decoder.unsigned()?)?;
        let price = price(known.prices, decoder.unsigned()?)?;
        let kind = match kind {
            0 => OrderKind::Market,
            1 => OrderKind::Limit(price),
            2 => OrderKind::Stop(price),
            _ => return Err(Malformed),
        };
        let expiry = moment(decoder)?;
        let oco = decoder.text()?;
        let (stop_loss, take_profit) = (level(known, decoder)?, level(known, decoder)?);
        let tag = decoder.text()?;
        let protection = self.decode_protection(decoder, symbol)?.with(&self.targets);
        let symbol = self.known(symbol)?.symbol.as_str();
        Ok(Event::PlaceOrder(PlaceOrder {
            symbol,
            side,
            size,
            time,
            kind,
            expiry,
            oco,
            stop_loss,
            take_profit,
            protection,
            tag,
        }))
    }

    pub(super) fn decode_bars(
        &self,
        decoder: &mut Decoder<'_>,
        time: i64,
    ) -> Result<Recorded<'_>, Malformed> {
        let path = Path::of_byte(decoder.byte()?).ok_or(Malformed)?;
        let count = decoder.number::<usize>()?;
        let mut bars = Vec::new();
        for _ in 0..count {
            let known = self.known(decoder.number()?)?;
            let mut next = || price(known.prices, decoder.unsigned()?);
            let (open, high, low) = (next()?, next()?, next()?);
            let (close, spread) = (next()?, next()?);
            bars.push(Bar { symbol: &known.symbol, open, high, low, close, spread });
        }
        Ok(Recorded::Bars { time, path, bars })
    }
}
