//! What is charged and paid as time goes by: swaps at their rollovers, dividends on their pay dates
//! (rules Z5 to Z8 and L2).

use std::collections::BTreeMap;

use super::Ledger;
use super::posting::Entry;
use super::stop::Stop;
use crate::book::Book;
use crate::columns::text::TextView;
use crate::event::{Event, Side};
use crate::numbers::{Money, Overflow, ratio_half_even};
use crate::positions::Position;
use crate::refusal::Refused;
use crate::rollovers::{self, Moment};
use crate::terms::{Swap, SwapKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// Nothing will ever be due.
pub(super) const NEVER: i64 = i64::MAX;

/// What will be charged or paid.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Accrued {
    /// Dividends by pay time, symbol, position and number.
    pub(crate) dividends: BTreeMap<(i64, u32, u64, u64), Money>,
    /// The books that have a swap.
    pub(super) swaps: Vec<u32>,
}

/// A swap as it is charged: what the values are of, those of longs and shorts, for how many days of
/// what a year has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub(super) kind: SwapKind,
    pub(super) long: i128,
    pub(super) short: i128,
    pub(super) multiplier: u32,
    pub(super) day_count: u32,
}

impl Charge {
    fn of(swap: &Swap, multiplier: u32) -> Self {
        let Swap { kind, long, short, day_count, .. } = *swap;
        Self { kind, long, short, multiplier, day_count }
    }

    /// What a position gets, native (rule Z5).
    fn native(&self, book: &Book, position: &Position) -> Result<Money, Overflow> {
        let value = if position.side == Side::Long { self.long } else { self.short };
        let times = i128::from(self.multiplier);
        let worth = || book.worth(position.size, book.mark(position.side));
        let raw = match self.kind {
            SwapKind::Points => return book.underlying_times(position.size, value, times),
            SwapKind::Rate => {
                let divisor = ONE9.saturating_mul(i128::from(self.day_count.max(1)));
                ratio_half_even(&[worth()?.raw(), value, times], divisor)?
            }
            SwapKind::Funding => ratio_half_even(&[worth()?.raw(), value, times], ONE9)?,
        };
        Money::from_raw(raw)
    }
}

impl Ledger {
    /// Whether something is due before an event.
    #[inline]
    pub(super) fn has_due(&self, event: &Event<'_>) -> bool {
        self.next_due != NEVER
            && event.time(self.account.last_time).is_some_and(|time| time >= self.next_due)
    }

    /// An event before which something is due (rule Z8).
    #[cold]
    pub(super) fn apply_after_flows(
        &mut self,
        event: &Event<'_>,
        symbol: Option<u32>,
    ) -> Result<(), Refused> {
        self.scoped(|ledger| {
            let time = event.time(ledger.account.last_time).unwrap_or(ledger.account.last_time);
            // An event that is refused for its time must not make the clock run.
            ledger.check_time(time)?;
            if symbol.is_none() {
                ledger.register_first_uses(event)?;
            }
            let by_hand = match event {
                Event::Rollover(rollover) => ledger.find_symbol(rollover.symbol),
                _ => None,
            };
            ledger.run_flows(time, by_hand.map(|index| (index, time)))?;
            ledger.dispatch(event, symbol)
        })
    }

    /// Charges and pays what is due up to a time, in its order, but for a rollover by hand.
    pub(super) fn run_flows(
        &mut self,
        time: i64,
        by_hand: Option<(u32, i64)>,
    ) -> Result<(), Refused> {
        if time < self.next_due {
            return Ok(());
        }
        if self.account.has_time {
            self.charge_due(time, by_hand).map_err(|stop| stop.named("time", &time))?;
        } else {
            for place in 0..self.accrued.swaps.len() {
                let Some(&index) = self.accrued.swaps.get(place) else { continue };
                self.set_clock(index, time);
            }
        }
        self.find_next_due();
        Ok(())
    }

    /// The next rollover of a book after a time at which its clock starts.
    pub(super) fn set_clock(&mut self, index: u32, time: i64) {
        let Some(swap) = self.book_at(index).and_then(swap_of) else { return };
        let next = rollovers::next_after(swap, time).map_or(NEVER, |moment| moment.time);
        if let Some(general) = self.book_at_mut(index).and_then(|book| book.general.as_mut()) {
            general.next_rollover = next;
        }
    }

    /// When the next flow is due.
    pub(super) fn find_next_due(&mut self) {
        let next = |&index: &u32| {
            let general = self.book_at(index).and_then(|book| book.general.as_ref());
            general.map(|general| general.next_rollover)
        };
        let swap = self.accrued.swaps.iter().filter_map(next).min().unwrap_or(NEVER);
        let paid = self.accrued.dividends.first_key_value().map_or(NEVER, |((time, ..), _)| *time);
        self.next_due = swap.min(paid);
    }

    fn charge_due(&mut self, time: i64, by_hand: Option<(u32, i64)>) -> Result<(), Stop> {
        for place in 0..self.accrued.swaps.len() {
            if let Some(&index) = self.accrued.swaps.get(place) {
                self.pass_over(index, time);
            }
        }
        loop {
            self.find_next_due();
            if self.next_due > time {
                return Ok(());
            }
            let due = self.next_due;
            let mut swaps = self.accrued.swaps.clone();
            swaps.retain(|&index| {
                let general = self.book_at(index).and_then(|book| book.general.as_ref());
                general.is_some_and(|general| general.next_rollover == due)
            });
            for index in swaps {
                self.charge_rollover(index, due, by_hand)?;
            }
            self.pay_dividends(due)?;
        }
    }

    /// A symbol without positions needs no steps: its clock is set to the end.
    fn pass_over(&mut self, index: u32, time: i64) {
        let Some(book) = self.book_at(index).filter(|book| !book.holds_any()) else { return };
        let Some(swap) = swap_of(book) else { return };
        let next = rollovers::next_after(swap, time).map_or(NEVER, |moment| moment.time);
        if let Some(general) = self.book_at_mut(index).and_then(|book| book.general.as_mut()) {
            general.next_rollover = next;
        }
    }

    fn charge_rollover(
        &mut self,
        index: u32,
        time: i64,
        by_hand: Option<(u32, i64)>,
    ) -> Result<(), Stop> {
        let Some(swap) = self.book_at(index).and_then(swap_of) else { return Ok(()) };
        let multiplier =
            rollovers::at(swap, time).map_or(0, |Moment { multiplier, .. }| multiplier);
        let charge = Charge::of(swap, multiplier);
        let open = self.book_at(index).is_some_and(Book::holds_any);
        // A rollover by hand charges its own moment.
        if multiplier > 0 && open && by_hand != Some((index, time)) {
            self.charge_swaps(index, &charge, time)?;
            self.set_last_rollover(index, time);
        }
        self.set_clock(index, time);
        Ok(())
    }

    pub(super) fn set_last_rollover(&mut self, index: u32, time: i64) {
        if let Some(general) = self.book_at_mut(index).and_then(|book| book.general.as_mut()) {
            general.last_rollover = Some(time);
        }
    }

    /// The swap that a rollover by hand asks for, if there is one at this time that was not charged
    /// (rule Z7).
    pub(super) fn rollover_at(&self, index: u32, time: i64) -> Option<Charge> {
        let book = self.book_at(index)?;
        let swap = swap_of(book)?;
        let moment = rollovers::at(swap, time).filter(|moment| moment.multiplier > 0)?;
        let last = book.general.as_ref().and_then(|general| general.last_rollover);
        last.is_none_or(|last| last < time).then(|| Charge::of(swap, moment.multiplier))
    }

    /// Charges a swap to each open position of a symbol, by id.
    pub(super) fn charge_swaps(
        &mut self,
        index: u32,
        charge: &Charge,
        time: i64,
    ) -> Result<(), Stop> {
        // Closes of positions with swaps take the general way.
        self.make_general(index)?;
        for position_id in self.ids_of(index) {
            let Some((row, position)) = self.positions.find(position_id) else { continue };
            let position = *position;
            let Some(book) = self.book_at(index) else { continue };
            let (symbol, rate) = (book.symbol_text, self.profit_rate(book)?);
            let amount = charge.native(book, &position)?.at_rate(rate)?;
            if amount.is_zero() {
                continue;
            }
            self.positions.reserve_steps()?;
            let swap = position.swap.checked_add(amount)?;
            self.positions.update(row, &Position { swap, ..position });
            let entry = Entry { kind: TextView::SWAP, symbol, position_id, amount, time };
            self.post_alone(&entry)?;
        }
        Ok(())
    }

    /// The open positions of a symbol, by id.
    pub(super) fn ids_of(&self, index: u32) -> Vec<u64> {
        let rows = self.positions.rows().iter().filter(|position| position.symbol == index);
        let mut ids: Vec<u64> = rows.map(|position| position.position_id).collect();
        ids.sort_unstable();
        ids
    }

    /// Posts an amount and lets the totals follow.
    pub(super) fn post_alone(&mut self, entry: &Entry) -> Result<(), Stop> {
        let mut moving = self.moving();
        self.post(entry, &mut moving)?;
        self.settle(&moving)?;
        Ok(())
    }

    fn pay_dividends(&mut self, due: i64) -> Result<(), Stop> {
        while let Some((&key, &amount)) = self.accrued.dividends.first_key_value() {
            let (time, index, position_id, _) = key;
            if time > due {
                break;
            }
            self.accrued_mut().dividends.remove(&key);
            let symbol = self.book_at(index).map_or(TextView::EMPTY, |book| book.symbol_text);
            let mut moving = self.moving();
            moving.result(amount, Money::ZERO);
            let entry = Entry { kind: TextView::DIVIDEND, symbol, position_id, amount, time };
            self.post(&entry, &mut moving)?;
            self.settle(&moving)?;
        }
        Ok(())
    }

    /// What is accrued, to be changed; scopes keep what it was.
    pub(super) fn accrued_mut(&mut self) -> &mut Accrued {
        if let Some(scope) = self.undo.as_mut().and_then(|undo| undo.scopes.last_mut()) {
            scope.keep_accrued(&self.accrued);
        }
        &mut self.accrued
    }
}

fn swap_of(book: &Book) -> Option<&Swap> {
    book.terms().and_then(|terms| terms.swap.as_ref())
}
