//! Writing accepted events as canonical bytes (SPEC section 9). Room was reserved before.

use std::collections::TryReserveError;

use super::Ledger;
use crate::book::Book;
use crate::codec::{Bytes, Encoder};
use crate::event::Side;
use crate::instrument::Instrument;
use crate::positions::Position;

/// The most bytes that an event without quotes takes, its text of at most 255 bytes included.
pub(super) const EVENT_BYTES: usize = 512;
/// The most bytes that one quote takes.
pub(super) const QUOTE_BYTES: usize = 48;
/// The most bytes that one bar takes.
pub(super) const BAR_BYTES: usize = 128;
/// The most bytes that the account, a symbol or a position takes in the state.
pub(super) const STATE_BYTES: usize = 1_024;

/// The first byte of an event.
pub(super) mod op {
    pub(in crate::ledger) const REGISTER: u8 = 1;
    pub(in crate::ledger) const OPEN: u8 = 2;
    pub(in crate::ledger) const CLOSE: u8 = 3;
    pub(in crate::ledger) const MODIFY: u8 = 4;
    pub(in crate::ledger) const MARK: u8 = 5;
    pub(in crate::ledger) const UPDATE_EQUITY: u8 = 6;
    pub(in crate::ledger) const FEE: u8 = 7;
    pub(in crate::ledger) const DEPOSIT: u8 = 8;
    pub(in crate::ledger) const WITHDRAW: u8 = 9;
    pub(in crate::ledger) const OPEN_PROTECTED: u8 = 10;
    pub(in crate::ledger) const PLACE_ORDER: u8 = 12;
    pub(in crate::ledger) const CANCEL_ORDER: u8 = 13;
    pub(in crate::ledger) const BAR: u8 = 14;
    pub(in crate::ledger) const QUOTES: u8 = 15;
}

/// Masks of a modify.
pub(super) mod mask {
    pub(in crate::ledger) const STOP_LOSS: u8 = 1;
    pub(in crate::ledger) const TAKE_PROFIT: u8 = 2;
    pub(in crate::ledger) const TRAILING: u8 = 4;
    pub(in crate::ledger) const BREAK_EVEN: u8 = 8;
    pub(in crate::ledger) const TARGETS: u8 = 16;
    pub(in crate::ledger) const EXIT_TIME: u8 = 32;
}

/// The byte of a side.
pub(super) const fn side_byte(side: Side) -> u8 {
    match side {
        Side::Long => 0,
        Side::Short => 1,
    }
}

impl Ledger {
    /// Records an event that has a time: its op, the time since the event before, its fields.
    #[inline]
    pub(super) fn record(&mut self, op: u8, time: i64, write: impl FnOnce(&mut Encoder<'_>)) {
        let before = self.account.last_time;
        self.events.append(|encoder| {
            encoder.byte(op);
            encoder.difference(time, before);
            write(encoder);
        });
    }

    pub(super) fn record_registration(&mut self, instrument: &Instrument) {
        let account = self.configuration.currency;
        let quote = instrument.quote_currency.unwrap_or(account);
        self.events.append(|encoder| {
            encoder.byte(op::REGISTER);
            encoder.text(&instrument.symbol);
            encoder.small(u64::from(instrument.price_decimals));
            encoder.small(u64::from(instrument.size_decimals));
            encoder.natural(instrument.contract.raw());
            encoder.text(quote.code());
            encoder.natural(instrument.leverage.unwrap_or(0));
        });
    }

    /// The state's bytes, which the digest ends with.
    ///
    /// # Errors
    /// When the allocator refuses.
    pub(crate) fn state_bytes(&self) -> Result<Vec<u8>, TryReserveError> {
        let mut bytes = Bytes::default();
        bytes.reserve(STATE_BYTES)?;
        bytes.append(|encoder| self.put_account(encoder));
        bytes.append(|encoder| encoder.count(self.books.len()));
        for book in &self.books {
            bytes.reserve(STATE_BYTES)?;
            bytes.append(|encoder| put_book(encoder, book));
        }
        bytes.reserve(STATE_BYTES)?;
        bytes.append(|encoder| encoder.count(self.positions.rows().len()));
        for position in self.positions.rows() {
            let Some(book) = self.book_at(position.symbol) else { continue };
            let tag = self.text(position.tag);
            let protection = position.protection;
            bytes.reserve(STATE_BYTES.saturating_add(self.protection_bytes(protection)))?;
            bytes.append(|encoder| {
                put_position(encoder, position, book, &tag);
                self.put_protection(encoder, protection, book);
            });
        }
        self.put_orders(&mut bytes)?;
        Ok(bytes.into())
    }

    fn put_account(&self, encoder: &mut Encoder<'_>) {
        let account = &self.account;
        encoder.small(account.events);
        encoder.signed(i128::from(account.last_time));
        let amounts = [
            account.balance,
            account.equity,
            account.unrealized,
            account.margin_used,
            account.realized,
        ];
        for amount in amounts {
            encoder.signed(amount.raw());
        }
        encoder.small(self.positions.next_id());
        encoder.small(self.orders.next_id());
        encoder.small(self.orders.ambiguous);
        encoder.count(self.tables.equity.len());
        encoder.count(self.tables.trades.len());
        encoder.count(self.tables.postings.len());
    }
}

fn put_book(encoder: &mut Encoder<'_>, book: &Book) {
    let price = |raw| book.prices.units(raw).unwrap_or(i128::MAX);
    let size = |raw| book.sizes.units(raw).unwrap_or(i128::MAX);
    encoder.natural(price(book.bid.raw()));
    encoder.natural(price(book.ask.raw()));
    encoder.natural(size(book.long.size.raw()));
    encoder.signed(book.long.cost.raw());
    encoder.natural(size(book.short.size.raw()));
    encoder.signed(book.short.cost.raw());
}

fn put_position(encoder: &mut Encoder<'_>, position: &Position, book: &Book, tag: &str) {
    let price = |raw| book.prices.units(raw).unwrap_or(i128::MAX);
    encoder.small(position.position_id);
    encoder.small(u64::from(position.symbol));
    encoder.byte(side_byte(position.side));
    encoder.natural(book.sizes.units(position.size.raw()).unwrap_or(i128::MAX));
    encoder.natural(price(position.entry_price.raw()));
    encoder.signed(i128::from(position.entry_time));
    encoder.natural(price(position.stop_loss.raw()));
    encoder.natural(price(position.take_profit.raw()));
    encoder.natural(price(position.initial_stop.raw()));
    encoder.signed(position.cost.raw());
    encoder.signed(position.entry_fee.raw());
    encoder.text(tag);
}
