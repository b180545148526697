//! Writing accepted events as canonical bytes (SPEC section 9). Room was reserved before.

use super::Ledger;
use super::terms_codec::put_terms;
use crate::codec::Encoder;
use crate::event::Side;
use crate::instrument::Instrument;

/// The most bytes that an event without quotes takes, its text of at most 255 bytes included.
pub(super) const EVENT_BYTES: usize = 512;
/// The most bytes that one quote takes.
pub(super) const QUOTE_BYTES: usize = 48;
/// The most bytes that one bar takes.
pub(super) const BAR_BYTES: usize = 128;

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
    pub(in crate::ledger) const CLOSE_BY: u8 = 11;
    pub(in crate::ledger) const PLACE_ORDER: u8 = 12;
    pub(in crate::ledger) const CANCEL_ORDER: u8 = 13;
    pub(in crate::ledger) const BAR: u8 = 14;
    pub(in crate::ledger) const QUOTES: u8 = 15;
    pub(in crate::ledger) const CONVERT: u8 = 16;
    pub(in crate::ledger) const CHARGE_SWAP: u8 = 17;
    pub(in crate::ledger) const ROLLOVER: u8 = 18;
    pub(in crate::ledger) const DIVIDEND: u8 = 19;
    pub(in crate::ledger) const SPLIT: u8 = 20;
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
            put_terms(encoder, instrument.terms.as_deref());
        });
    }
}
