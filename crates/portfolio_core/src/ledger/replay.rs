//! Replaying the recorded events, and holding every column against the result.

use blake2::Digest;

use super::record::{mask, op};
use super::{Configuration, Ledger, Violation};
use crate::book::{Book, Grid};
use crate::codec::{Decoder, Malformed};
use crate::columns::schema::View;
use crate::currency::Currency;
use crate::event::{Cash, Close, Event, Fee, Level, Marks, Modify, Open, Quote, Side};
use crate::export::TableSnapshot;
use crate::instrument::Instrument;
use crate::numbers::{Contract, Money, Price, Size};

/// A ledger that is being built from recorded events.
struct Replayer {
    ledger: Ledger,
    /// Symbols by index, owned apart from the ledger so that events can borrow them while they are
    /// applied.
    names: Vec<String>,
}

impl Ledger {
    /// The canonical bytes of configuration and events (SPEC section 9).
    #[must_use]
    pub fn event_bytes(&self) -> Vec<u8> {
        let mut bytes = self.configuration.canonical_bytes();
        self.events.chunks().for_each(|chunk| bytes.extend_from_slice(chunk));
        bytes
    }

    /// BLAKE2b-256 over configuration, events and state, as hex (SPEC section 9). Events that were
    /// hashed before are not hashed again.
    #[must_use]
    pub fn digest(&mut self) -> String {
        let state = self.state_bytes();
        let hash = self.events.hash().chain_update([0xFF]).chain_update(&state).finalize();
        let nibbles = hash.iter().flat_map(|byte| [byte >> 4, byte & 0xF]);
        nibbles.filter_map(|nibble| char::from_digit(u32::from(nibble), 16)).collect()
    }

    /// A fresh ledger with the same configuration and the same events applied again.
    ///
    /// # Errors
    /// When the recorded bytes are damaged or an event is refused.
    pub fn replay(&self) -> Result<Self, Violation> {
        let broken = |details: String| Violation { name: "events_replay", details };
        let configuration = Configuration { capacity: None, ..self.configuration.clone() };
        let ledger = Self::new(configuration).map_err(|refusal| broken(refusal.to_string()))?;
        let mut replayer = Replayer { ledger, names: Vec::new() };
        for chunk in self.events.chunks() {
            let mut decoder = Decoder(chunk);
            while !decoder.is_empty() {
                let number = replayer.ledger.account.events.wrapping_add(1);
                replayer
                    .apply_next(&mut decoder)
                    .map_err(|reason| broken(format!("event {number}: {reason}")))?;
            }
        }
        Ok(replayer.ledger)
    }

    /// Replays all events, compares account, state and every column of every table, and checks all
    /// invariants.
    ///
    /// # Errors
    /// What differs first, or the first invariant that does not hold.
    pub fn verify(&mut self) -> Result<(), Violation> {
        self.check_invariants()?;
        let mut fresh = self.replay()?;
        fresh.check_invariants()?;
        let differs = |what: &str, details: String| Violation {
            name: "replay_matches",
            details: format!("{what}: {details}"),
        };
        if fresh.account != self.account {
            return Err(differs("account", format!("{:?} != {:?}", self.account, fresh.account)));
        }
        if fresh.state_bytes() != self.state_bytes() {
            return Err(differs("state", "the canonical bytes differ".to_owned()));
        }
        for view in [View::Exact, View::Float] {
            let pairs = [
                (self.equity_curve(view), fresh.equity_curve(view)),
                (self.trades(view), fresh.trades(view)),
                (self.postings(view), fresh.postings(view)),
                (self.open_positions(view), fresh.open_positions(view)),
            ];
            for (kept, again) in pairs {
                let failed = |error| differs("export", format!("{error}"));
                let (kept, again) = (kept.map_err(failed)?, again.map_err(failed)?);
                if let Some(column) = first_difference(&kept, &again) {
                    return Err(differs(kept.name, format!("column {column} differs")));
                }
            }
        }
        Ok(())
    }
}

/// The first column in which two snapshots of a table differ; their batches may be cut in different
/// places.
fn first_difference(left: &TableSnapshot, right: &TableSnapshot) -> Option<String> {
    if left.rows != right.rows {
        return Some(format!("(rows: {} and {})", left.rows, right.rows));
    }
    let (mut at, mut ours, mut theirs) = (0_usize, 0_usize, 0_usize);
    let mut rights = right.batches.iter();
    let mut other = rights.next();
    for batch in &left.batches {
        while ours < batch.num_rows() {
            let against = other?;
            let here = batch.num_rows().saturating_sub(ours);
            let rows = here.min(against.num_rows().saturating_sub(theirs));
            let (part, same) = (batch.slice(ours, rows), against.slice(theirs, rows));
            let names = left.schema.fields().iter();
            let mut pairs = names.zip(part.columns().iter().zip(same.columns()));
            if let Some((field, _)) = pairs.find(|(_, (one, two))| one != two) {
                return Some(format!(
                    "{} within rows {at} to {}",
                    field.name(),
                    at.saturating_add(rows)
                ));
            }
            (ours, theirs, at) =
                (ours.saturating_add(rows), theirs.saturating_add(rows), at.saturating_add(rows));
            if theirs == against.num_rows() {
                (other, theirs) = (rights.next(), 0);
            }
        }
        ours = 0;
    }
    None
}

/// What decoding needs to know: the instruments behind the steps, the positions behind the ids.
struct Context<'n, 'l> {
    names: &'n [String],
    ledger: &'l Ledger,
}

impl Replayer {
    fn apply_next(&mut self, decoder: &mut Decoder<'_>) -> Result<(), String> {
        let damaged = |Malformed| "its bytes are damaged".to_owned();
        let op = decoder.byte().map_err(damaged)?;
        if op == op::REGISTER {
            let instrument = decode_instrument(decoder).map_err(damaged)?;
            self.names.push(instrument.symbol.clone());
            return apply(&mut self.ledger, &Event::RegisterInstrument(instrument));
        }
        let moved = decoder.signed().map_err(damaged)?;
        let time = i64::try_from(moved)
            .ok()
            .and_then(|moved| self.ledger.account.last_time.checked_add(moved))
            .ok_or_else(|| damaged(Malformed))?;
        let context = Context { names: &self.names, ledger: &self.ledger };
        if matches!(op, op::MARK | op::UPDATE_EQUITY) {
            let quotes = context.decode_quotes(decoder).map_err(damaged)?;
            let marks = Marks { time: Some(time), quotes: &quotes };
            let event =
                if op == op::MARK { Event::Mark(marks) } else { Event::UpdateEquity(marks) };
            return apply(&mut self.ledger, &event);
        }
        let event = match op {
            op::OPEN => context.decode_open(decoder, time).map(Event::Open),
            op::CLOSE => context.decode_close(decoder, time).map(Event::Close),
            op::MODIFY => context.decode_modify(decoder, time).map(Event::Modify),
            op::FEE => decode_fee(decoder, time).map(Event::Fee),
            op::DEPOSIT => decode_cash(decoder, time).map(Event::Deposit),
            op::WITHDRAW => decode_cash(decoder, time).map(Event::Withdraw),
            _ => Err(Malformed),
        };
        apply(&mut self.ledger, &event.map_err(damaged)?)
    }
}

impl<'n, 'l> Context<'n, 'l> {
    fn book(&self, symbol: usize) -> Result<(&'n str, &'l Book), Malformed> {
        let name = self.names.get(symbol).ok_or(Malformed)?;
        Ok((name.as_str(), self.ledger.books.get(symbol).ok_or(Malformed)?))
    }

    fn book_of(&self, position_id: u64) -> Result<&'l Book, Malformed> {
        let (_, position) = self.ledger.positions.find(position_id).ok_or(Malformed)?;
        self.ledger.book_at(position.symbol).ok_or(Malformed)
    }

    fn decode_quotes(&self, decoder: &mut Decoder<'_>) -> Result<Vec<Quote<'n>>, Malformed> {
        let count = decoder.number::<usize>()?;
        let mut quotes = Vec::new();
        for _ in 0..count {
            let (symbol, book) = self.book(decoder.number()?)?;
            let bid = decoder.unsigned()?;
            let ask = bid.checked_add(decoder.unsigned()?).ok_or(Malformed)?;
            let (bid, ask) = (price(book.prices, bid)?, price(book.prices, ask)?);
            quotes.push(Quote { symbol, bid, ask });
        }
        Ok(quotes)
    }

    fn decode_open<'o, 'd: 'o>(
        &self,
        decoder: &mut Decoder<'d>,
        time: i64,
    ) -> Result<Open<'o>, Malformed>
    where
        'n: 'o,
    {
        let (symbol, book) = self.book(decoder.number()?)?;
        let side = match decoder.byte()? {
            0 => Side::Long,
            1 => Side::Short,
            _ => return Err(Malformed),
        };
        let level = |units: u128| {
            if units == 0 { Ok(None) } else { price(book.prices, units).map(Some) }
        };
        Ok(Open {
            symbol,
            side,
            time,
            position_id: Some(decoder.number()?),
            size: size(book.sizes, decoder.unsigned()?)?,
            price: price(book.prices, decoder.unsigned()?)?,
            stop_loss: level(decoder.unsigned()?)?,
            take_profit: level(decoder.unsigned()?)?,
            fee: money(decoder.signed()?)?,
            tag: decoder.text()?,
        })
    }

    fn decode_close<'a>(
        &self,
        decoder: &mut Decoder<'a>,
        time: i64,
    ) -> Result<Close<'a>, Malformed> {
        let position_id = decoder.number()?;
        let book = self.book_of(position_id)?;
        Ok(Close {
            position_id,
            time,
            size: Some(size(book.sizes, decoder.unsigned()?)?),
            price: price(book.prices, decoder.unsigned()?)?,
            fee: money(decoder.signed()?)?,
            reason: decoder.text()?,
        })
    }

    fn decode_modify(&self, decoder: &mut Decoder<'_>, time: i64) -> Result<Modify, Malformed> {
        let position_id = decoder.number()?;
        let book = self.book_of(position_id)?;
        let given = decoder.byte()?;
        let mut level = |bit: u8| {
            if given & bit == 0 {
                return Ok(Level::Keep);
            }
            match decoder.unsigned()? {
                0 => Ok(Level::Remove),
                units => price(book.prices, units).map(Level::Set),
            }
        };
        let (stop_loss, take_profit) = (level(mask::STOP_LOSS)?, level(mask::TAKE_PROFIT)?);
        Ok(Modify { position_id, time, stop_loss, take_profit })
    }
}

fn apply(ledger: &mut Ledger, event: &Event<'_>) -> Result<(), String> {
    ledger.apply(event).map(|_| ()).map_err(|refusal| refusal.to_string())
}

fn decode_instrument(decoder: &mut Decoder<'_>) -> Result<Instrument, Malformed> {
    let symbol = decoder.text()?.to_owned();
    let (price_decimals, size_decimals) = (decoder.number()?, decoder.number()?);
    let contract = Contract::new(decoder.number()?).map_err(|_| Malformed)?;
    let quote = Currency::parse(decoder.text()?).ok_or(Malformed)?;
    let leverage = Some(decoder.number()?).filter(|&leverage| leverage != 0);
    let quote_currency = Some(quote);
    Ok(Instrument { symbol, price_decimals, size_decimals, contract, quote_currency, leverage })
}

fn decode_fee(decoder: &mut Decoder<'_>, time: i64) -> Result<Fee, Malformed> {
    let amount = money(decoder.signed()?)?;
    let position_id = Some(decoder.number()?).filter(|&id| id != 0);
    Ok(Fee { amount, time, position_id })
}

fn decode_cash(decoder: &mut Decoder<'_>, time: i64) -> Result<Cash, Malformed> {
    Ok(Cash { amount: money(decoder.number()?)?, time })
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
