//! The state as canonical bytes, which the digest ends with (SPEC section 9).

use std::collections::TryReserveError;

use super::Ledger;
use super::record::side_byte;
use crate::book::Book;
use crate::codec::{Bytes, Encoder};
use crate::general::General;
use crate::positions::{Position, StopKind};

/// The most bytes that the account, a symbol, a currency or a position takes.
const STATE_BYTES: usize = 1_024;

impl Ledger {
    /// The state's bytes.
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
        self.put_foreign(&mut bytes)?;
        bytes.reserve(STATE_BYTES)?;
        bytes.append(|encoder| encoder.count(self.positions.rows().len()));
        for position in self.positions.rows() {
            let Some(book) = self.book_at(position.symbol) else { continue };
            let tag = self.text(position.tag);
            bytes.reserve(STATE_BYTES)?;
            bytes.append(|encoder| put_position(encoder, position, book, &tag));
            self.put_state_protection(&mut bytes, position)?;
        }
        self.put_state_orders(&mut bytes)?;
        bytes.reserve(STATE_BYTES)?;
        bytes.append(|encoder| encoder.count(self.accrued.dividends.len()));
        for (&(pay, symbol, position_id, _), amount) in &self.accrued.dividends {
            bytes.reserve(STATE_BYTES)?;
            bytes.append(|encoder| {
                encoder.signed(i128::from(pay));
                encoder.small(u64::from(symbol));
                encoder.small(position_id);
                encoder.signed(amount.raw());
            });
        }
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
            account.residue,
        ];
        for amount in amounts {
            encoder.signed(amount.raw());
        }
        encoder.small(self.positions.next_id());
        let (next_order, ambiguous) = self.order_counts();
        encoder.small(next_order);
        encoder.small(ambiguous);
        encoder.byte(u8::from(account.in_margin_call));
        encoder.count(self.tables.equity.len());
        encoder.count(self.tables.trades.len());
        encoder.count(self.tables.postings.len());
        encoder.count(self.tables.cash.len());
        encoder.count(self.tables.activity.len());
    }

    /// The currencies with a path or cash.
    fn put_foreign(&self, bytes: &mut Bytes) -> Result<(), TryReserveError> {
        let shown = || self.foreign.list.iter().filter(|holding| holding.is_shown());
        bytes.reserve(STATE_BYTES)?;
        bytes.append(|encoder| encoder.count(shown().count()));
        for holding in shown() {
            let path = self.path_text(holding);
            bytes.reserve(STATE_BYTES)?;
            bytes.append(|encoder| {
                encoder.text(holding.code.code());
                encoder.natural(holding.rate.raw());
                encoder.text(&path);
                encoder.signed(holding.cash.raw());
                encoder.signed(holding.cost.raw());
            });
        }
        Ok(())
    }
}

fn put_time(encoder: &mut Encoder<'_>, time: Option<i64>) {
    encoder.byte(u8::from(time.is_some()));
    if let Some(time) = time {
        encoder.signed(i128::from(time));
    }
}

fn put_book(encoder: &mut Encoder<'_>, book: &Book) {
    let size = |raw| book.sizes.units(raw).unwrap_or(i128::MAX);
    encoder.natural(book.bid.raw());
    encoder.natural(book.ask.raw());
    encoder.natural(size(book.long.size.raw()));
    encoder.signed(book.long.cost.raw());
    encoder.natural(size(book.short.size.raw()));
    encoder.signed(book.short.cost.raw());
    let general = |value: fn(&General) -> i128| book.general.as_deref().map_or(0, value);
    encoder.natural(general(|general| general.traded.raw()));
    encoder.natural(general(|general| i128::from(general.slipped)));
    put_time(encoder, book.last_bar);
    put_time(encoder, book.general.as_ref().and_then(|general| general.last_rollover));
}

fn put_position(encoder: &mut Encoder<'_>, position: &Position, book: &Book, tag: &str) {
    encoder.small(position.position_id);
    encoder.small(u64::from(position.symbol));
    encoder.byte(side_byte(position.side));
    encoder.natural(book.sizes.units(position.size.raw()).unwrap_or(i128::MAX));
    encoder.natural(position.entry_price.raw());
    encoder.signed(i128::from(position.entry_time));
    encoder.natural(position.stop_loss.raw());
    encoder.natural(position.take_profit.raw());
    encoder.natural(position.initial_stop.raw());
    encoder.byte(match position.stop_kind {
        StopKind::Own => 0,
        StopKind::Trailing => 1,
        StopKind::BreakEven => 2,
    });
    let Position { cost, entry_fee, swap, slippage, entry_rate, .. } = *position;
    for amount in [cost, entry_fee, swap, slippage] {
        encoder.signed(amount.raw());
    }
    encoder.natural(entry_rate.raw());
    encoder.text(tag);
}
