//! Writing accepted events as canonical bytes (SPEC section 9). Room was reserved before.

use super::Ledger;
use crate::book::Book;
use crate::codec::Encoder;
use crate::event::Side;
use crate::instrument::Instrument;

/// The most bytes that an event without quotes takes, its text of at most 255 bytes included.
pub(super) const EVENT_BYTES: usize = 512;
/// The most bytes that one quote takes.
pub(super) const QUOTE_BYTES: usize = 48;

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
}

/// Masks of a modify.
pub(super) mod mask {
    pub(in crate::ledger) const STOP_LOSS: u8 = 1;
    pub(in crate::ledger) const TAKE_PROFIT: u8 = 2;
}

/// The byte of a side.
pub(super) const fn side_byte(side: Side) -> u8 {
    match side {
        Side::Long => 0,
        Side::Short => 1,
    }
}

impl Ledger {
    /// Starts an event: its op and the time since the event before.
    #[inline]
    pub(super) fn begin_event(&mut self, op: u8, time: i64) -> Encoder<'_> {
        let before = i128::from(self.account.last_time);
        let mut encoder = Encoder(self.events.open());
        encoder.byte(op);
        encoder.signed(i128::from(time).wrapping_sub(before));
        encoder
    }

    pub(super) fn record_registration(&mut self, instrument: &Instrument) {
        let account = self.configuration.currency;
        let quote = instrument.quote_currency.unwrap_or(account);
        let mut encoder = Encoder(self.events.open());
        encoder.byte(op::REGISTER);
        encoder.text(&instrument.symbol);
        encoder.unsigned(u128::from(instrument.price_decimals));
        encoder.unsigned(u128::from(instrument.size_decimals));
        encoder.natural(instrument.contract.raw());
        encoder.text(quote.code());
        encoder.natural(instrument.leverage.unwrap_or(0));
    }

    /// The state's bytes, which the digest ends with.
    pub(crate) fn state_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(256);
        let mut encoder = Encoder(&mut bytes);
        let account = &self.account;
        encoder.unsigned(u128::from(account.events));
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
        encoder.unsigned(u128::from(self.positions.next_id()));
        encoder.count(self.tables.equity.len());
        encoder.count(self.tables.trades.len());
        encoder.count(self.tables.postings.len());
        encoder.count(self.books.len());
        for book in &self.books {
            put_book(&mut encoder, book);
        }
        encoder.count(self.positions.rows().len());
        for position in self.positions.rows() {
            let Some(book) = self.book_at(position.symbol) else { continue };
            let price = |raw| book.prices.units(raw).unwrap_or(i128::MAX);
            encoder.unsigned(u128::from(position.position_id));
            encoder.unsigned(u128::from(position.symbol));
            encoder.byte(side_byte(position.side));
            encoder.natural(book.sizes.units(position.size.raw()).unwrap_or(i128::MAX));
            encoder.natural(price(position.entry_price.raw()));
            encoder.signed(i128::from(position.entry_time));
            encoder.natural(price(position.stop_loss.raw()));
            encoder.natural(price(position.take_profit.raw()));
            encoder.natural(price(position.initial_stop.raw()));
            encoder.signed(position.cost.raw());
            encoder.signed(position.entry_fee.raw());
            encoder.text(&self.text(position.tag));
        }
        bytes
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
