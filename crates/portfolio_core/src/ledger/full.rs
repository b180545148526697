//! Events of every kind of account, step by step inside a scope. Plain books take a shorter way
//! ([`super::open`], [`super::close`], [`super::marks`]) with the same rules and the same numbers.

use super::legs::{CloseLeg, OpenLeg};
use super::marks::{check_quote, put_quote};
use super::open::check_open;
use super::protect::bytes_of;
use super::record::{EVENT_BYTES, QUOTE_BYTES, op};
use super::stop::Stop;
use super::{Ledger, check_price, check_size, not_found};
use crate::book::Book;
use crate::event::{Close, Marks, Open, Side};
use crate::instrument::check_text;
use crate::numbers::{Money, Overflow, Price};
use crate::refusal::{Refusal, Refused};

impl Ledger {
    /// Whether an open position belongs to a general book.
    #[inline]
    pub(super) fn is_general(&self, position_id: u64) -> bool {
        let found = self.positions.find(position_id);
        let book = found.and_then(|(_, position)| self.book_at(position.symbol));
        book.is_some_and(|book| book.general.is_some())
    }

    /// An open, or a fill of a netting account.
    pub(super) fn open_in_full(
        &mut self,
        event: &Open<'_>,
        symbol: Option<u32>,
    ) -> Result<(), Refused> {
        self.scoped(|ledger| {
            let symbol = match symbol {
                Some(symbol) => symbol,
                None => {
                    let book = ledger.default_book(event.symbol)?;
                    ledger.reserve_symbols(1)?;
                    ledger.add_book(book)?
                }
            };
            let Some(book) = ledger.book_at(symbol) else { return Ok(()) };
            let units = check_open(book, event)?;
            let leg = OpenLeg {
                symbol,
                side: event.side,
                size: event.size,
                price: event.price,
                reference: event.price,
                time: event.time,
                stop_loss: event.stop_loss,
                take_profit: event.take_profit,
                protection: event.protection,
                fee: event.fee,
                maker: false,
                tag: ledger.texts.view(event.tag)?,
                position_id: event.position_id,
                order_id: 0,
            };
            let used = ledger.net_position(symbol).map(|held| held.position_id);
            let opened = ledger.open_steps(&leg);
            let position_id = opened.map_err(|stop| match stop {
                Stop::Closing => stop.named("price", &event.price),
                stop => stop.named("size", &event.size),
            })?;
            let protection = bytes_of(event.protection.targets.len());
            ledger.events.reserve(EVENT_BYTES.saturating_add(protection))?;
            // A fill that opens no position has no id to be found again by.
            let opened = if used.is_some_and(|id| id == position_id) { 0 } else { position_id };
            ledger.record_open(event, &units, (symbol, opened, ledger.receipt.fee));
            ledger.account.count(event.time);
            Ok(())
        })
    }

    /// A close (rules C1 to C6).
    pub(super) fn close_in_full(&mut self, event: &Close<'_>) -> Result<(), Refused> {
        check_text("reason", event.reason)?;
        self.check_time(event.time)?;
        let found = self.positions.find(event.position_id);
        let found = found.and_then(|(_, held)| Some((*held, self.book_at(held.symbol)?)));
        let (position, book) = found.ok_or_else(|| not_found(event.position_id))?;
        let size = event.size.unwrap_or(position.size);
        // Whatever is left may be closed whole.
        let size_units = match book.sizes.units(size.raw()) {
            Some(units) if size == position.size => units,
            _ => check_size(book, size)?,
        };
        if size > position.size {
            return Err(Refusal::SizeAboveHeld { size, held: position.size }.into());
        }
        let price_units = check_price(book, "price", event.price)?;
        self.scoped(|ledger| {
            let leg = CloseLeg {
                position_id: event.position_id,
                size: Some(size),
                price: event.price,
                reference: event.price,
                time: event.time,
                fee: event.fee,
                maker: false,
                reason: ledger.texts.view(event.reason)?,
                order_id: 0,
            };
            ledger.close_leg(&leg).map_err(|stop| stop.named("price", &event.price))?;
            ledger.events.reserve(EVENT_BYTES)?;
            let units = (size_units, price_units);
            ledger.record_close(event, units, ledger.receipt.fee);
            ledger.account.count(event.time);
            Ok(())
        })
    }

    /// A mark or an update of the equity (rules K1 to K3, W4 and M9).
    pub(super) fn marks_in_full(
        &mut self,
        event: &Marks<'_>,
        time: i64,
        op: u8,
    ) -> Result<(), Refused> {
        let mut good = 0;
        let done = self.scoped(|ledger| {
            let mut planned = Vec::new();
            planned.try_reserve(event.quotes.len())?;
            let mut quoted = hashbrown::HashSet::new();
            for quote in event.quotes {
                let index = match ledger.find_symbol(quote.symbol) {
                    Some(index) => index,
                    None => {
                        let book = ledger.default_book(quote.symbol)?;
                        ledger.reserve_symbols(1)?;
                        ledger.add_book(book)?
                    }
                };
                if !quoted.insert(index) {
                    return Err(Refusal::SymbolTwice { symbol: quote.symbol.to_owned() }.into());
                }
                let Some(book) = ledger.book_at(index) else { continue };
                planned.push((index, check_quote(book, quote)?));
                good = planned.len();
            }
            let quotes = planned.iter().zip(event.quotes);
            let quotes: Vec<_> =
                quotes.map(|((index, _), quote)| (*index, quote.bid, quote.ask)).collect();
            if let Err(stop) = ledger.set_quotes(&quotes, true) {
                let Some((place, price)) = ledger.quote_at_fault(&quotes) else {
                    return Err(stop.named("prices", &event.quotes.len()));
                };
                good = place;
                return Err(stop.named("prices", &price));
            }
            let bytes = planned.len().saturating_mul(QUOTE_BYTES);
            ledger.events.reserve(bytes.saturating_add(EVENT_BYTES))?;
            ledger.record(op, time, |encoder| {
                encoder.count(planned.len());
                for (index, units) in &planned {
                    put_quote(encoder, *index, units);
                }
            });
            let called = ledger.look_at_margin_call(time);
            called.map_err(|stop| stop.named("prices", &event.quotes.len()))?;
            if op == op::UPDATE_EQUITY {
                ledger.tables.equity.reserve(1)?;
            }
            let totals = ledger.account.totals();
            ledger.commit_totals(time, &totals, op);
            Ok(())
        });
        self.scratch.set_good(good);
        done
    }

    /// Finds the quote at which its own symbol is out of range, and the price of it that is at
    /// fault; nothing when only all quotes together are. For an event that is taken back.
    #[cold]
    fn quote_at_fault(&mut self, quotes: &[(u32, Price, Price)]) -> Option<(usize, Price)> {
        for &(index, bid, ask) in quotes {
            if let Some(book) = self.book_at_mut(index) {
                (book.bid, book.ask) = (bid, ask);
            }
        }
        self.move_rates().ok()?;
        quotes.iter().enumerate().find_map(|(place, &(index, bid, ask))| {
            let book = self.book_at(index)?;
            self.valuation(book).err()?;
            Some((place, if self.is_of_ask(book) { ask } else { bid }))
        })
    }

    /// Whether the value of the shorts alone is out of range.
    fn is_of_ask(&self, book: &Book) -> bool {
        let Ok(rate) = self.profit_rate(book) else { return false };
        let worth = |side| -> Result<Money, Overflow> {
            let size = book.holding(side).size;
            if size.is_zero() { Ok(Money::ZERO) } else { book.worth(size, book.mark(side)) }
        };
        let Ok(longs) = worth(Side::Long) else { return false };
        let Ok(shorts) = worth(Side::Short) else { return true };
        let gain = |side, worth| book.gain(side, worth, book.holding(side).cost);
        let result = gain(Side::Long, longs)
            .and_then(|long| long.checked_add(gain(Side::Short, shorts)?)?.at_rate(rate));
        let others = [result, longs.at_rate(rate), self.margin_parts(book).map(|it| it.margin)];
        others.iter().all(Result::is_ok) && shorts.at_rate(rate).is_err()
    }
}
