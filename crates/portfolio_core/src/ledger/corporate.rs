//! Swaps by hand and dividends (rules Z7, L1 and L2).

use super::Ledger;
use super::flows::Charge;
use super::posting::Entry;
use super::record::{EVENT_BYTES, op};
use super::stop::Stop;
use crate::codec::Encoder;
use crate::columns::text::TextView;
use crate::event::{ChargeSwap, Dividend, Receipt, Rollover, Side};
use crate::numbers::{Money, Overflow};
use crate::refusal::{Refusal, Refused};
use crate::terms::SwapKind;

/// A year of the money market.
const DAY_COUNT: u32 = 360;

/// The byte of the kind of a swap.
pub(super) const fn swap_byte(kind: SwapKind) -> u8 {
    match kind {
        SwapKind::Points => 1,
        SwapKind::Rate => 2,
        SwapKind::Funding => 3,
    }
}

impl Ledger {
    /// A symbol that has to be registered already.
    pub(super) fn registered(&self, symbol: &str) -> Result<u32, Refused> {
        self.find_symbol(symbol)
            .ok_or_else(|| Refusal::SymbolUnknown { symbol: symbol.to_owned() }.into())
    }

    /// Records and counts an event whose changes are made.
    pub(super) fn finish_event(
        &mut self,
        op: u8,
        time: i64,
        write: impl FnOnce(&mut Encoder<'_>),
    ) -> Result<(), Refused> {
        self.events.reserve(EVENT_BYTES)?;
        self.record(op, time, write);
        self.account.count(time);
        self.receipt = Receipt { balance: self.account.balance, ..Receipt::default() };
        Ok(())
    }

    pub(super) fn charge_swap(&mut self, event: &ChargeSwap<'_>) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let index = self.registered(event.symbol)?;
        let ChargeSwap { kind, long, short, multiplier, time, .. } = *event;
        let charge = Charge { kind, long, short, multiplier, day_count: DAY_COUNT };
        self.scoped(|ledger| {
            let charged = ledger.charge_swaps(index, &charge, time);
            charged.map_err(|stop| stop.named("time", &time))?;
            ledger.finish_event(op::CHARGE_SWAP, time, |encoder| {
                encoder.small(u64::from(index));
                encoder.byte(swap_byte(kind));
                encoder.signed(long);
                encoder.signed(short);
                encoder.small(u64::from(multiplier));
            })
        })
    }

    pub(super) fn rollover(&mut self, event: &Rollover<'_>) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let (index, time) = (self.registered(event.symbol)?, event.time);
        let charge = self.rollover_at(index, time).ok_or(Refusal::RolloverOffSession { time })?;
        self.scoped(|ledger| {
            let charged = ledger.charge_swaps(index, &charge, time);
            charged.map_err(|stop| stop.named("time", &time))?;
            ledger.set_last_rollover(index, time);
            ledger.finish_event(op::ROLLOVER, time, |encoder| encoder.small(u64::from(index)))
        })
    }

    pub(super) fn dividend(&mut self, event: &Dividend<'_>) -> Result<(), Refused> {
        self.check_time(event.time)?;
        let (index, time) = (self.registered(event.symbol)?, event.time);
        if !event.amount.is_positive() {
            let amount = Money::from_raw(event.amount.raw().saturating_mul(1_000_000_000));
            let amount = amount.unwrap_or_default();
            return Err(Refusal::AmountMustBePositive { argument: "amount", amount }.into());
        }
        if let Some(pay) = event.pay_time {
            if pay < time {
                let argument = "pay_time";
                let (time, event) = (pay, time);
                return Err(Refusal::TimeBeforeEvent { argument, time, event }.into());
            }
            Self::check_range(pay)?;
        }
        self.scoped(|ledger| {
            let paid = ledger.distribute(event, index);
            paid.map_err(|stop| stop.named("amount", &event.amount))?;
            ledger.finish_event(op::DIVIDEND, time, |encoder| {
                encoder.small(u64::from(index));
                encoder.natural(event.amount.raw());
                encoder.byte(u8::from(event.pay_time.is_some()));
                if let Some(pay) = event.pay_time {
                    encoder.signed(i128::from(pay));
                }
            })?;
            ledger.find_next_due();
            Ok(())
        })
    }

    /// What each open position gets, or pays, by id.
    fn distribute(&mut self, event: &Dividend<'_>, index: u32) -> Result<(), Stop> {
        let later = event.pay_time.filter(|&pay| pay > event.time);
        let number = self.account.events.wrapping_add(1);
        let mut moving = self.moving();
        for position_id in self.ids_of(index) {
            let (symbol, amount) = self.dividend_of(position_id, event)?;
            if amount.is_zero() {
                continue;
            }
            match later {
                Some(pay) => {
                    let key = (pay, index, position_id, number);
                    self.accrued_mut().dividends.insert(key, amount);
                    moving.result(Money::ZERO, amount);
                }
                None => {
                    let (kind, time) = (TextView::DIVIDEND, event.time);
                    let entry = Entry { kind, symbol, position_id, amount, time };
                    self.post(&entry, &mut moving)?;
                }
            }
        }
        self.settle(&moving)?;
        Ok(())
    }

    fn dividend_of(
        &self,
        position_id: u64,
        event: &Dividend<'_>,
    ) -> Result<(TextView, Money), Overflow> {
        let (_, position) = self.positions.find(position_id).ok_or(Overflow)?;
        let book = self.book_at(position.symbol).ok_or(Overflow)?;
        let native = book.underlying_times(position.size, event.amount.raw(), 1)?;
        let amount = native.at_rate(self.profit_rate(book)?)?;
        let signed = if position.side == Side::Long { amount } else { amount.negated() };
        Ok((book.symbol_text, signed))
    }
}
