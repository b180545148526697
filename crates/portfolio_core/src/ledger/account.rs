//! The account's totals.

use crate::columns::text::TextView;
use crate::numbers::{Money, Sum, mul_div_half_even, product_is_less};

/// The account's totals after some event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Account {
    /// Cash: initial balance and all postings.
    pub balance: Money,
    /// Balance + unrealized, carried forward from flows and price moves.
    pub equity: Money,
    /// The open positions' result at the marks.
    pub unrealized: Money,
    /// Margin bound by the open positions.
    pub margin_used: Money,
    /// Gross results of all closes.
    pub realized: Money,
    /// What the open longs are worth at the bids, carried forward like equity.
    pub long_value: Money,
    /// What it would cost to buy back the open shorts at the asks, carried forward like equity.
    pub short_value: Money,
    /// What is left over of postings that were rounded to cents.
    pub residue: Money,
    /// Whether it was below the margin call's level when that was last asked.
    pub in_margin_call: bool,
    /// All fees charged; rebates are negative.
    pub fees: Sum,
    /// All swaps; negative is paid.
    pub swaps: Sum,
    /// Withdrawals - deposits, without the initial balance.
    pub net_withdrawals: Sum,
    /// Time of the first event that had one.
    pub first_time: i64,
    /// Whether such an event has come. A mark at time 0 is none, because that is the time of a mark
    /// without one before any other event.
    pub has_start: bool,
    /// Time of the last event that had one; 0 before it.
    pub last_time: i64,
    /// Whether an event with a time has come.
    pub has_time: bool,
    /// Accepted events.
    pub events: u64,
}

/// The totals that fills and marks change, about to be stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Totals {
    pub(super) balance: Money,
    pub(super) equity: Money,
    pub(super) unrealized: Money,
    pub(super) margin_used: Money,
    pub(super) long_value: Money,
    pub(super) short_value: Money,
}

impl Totals {
    /// The identity that every commit rests on.
    #[inline]
    pub(super) fn assert_identity(&self) {
        if self.balance.checked_add(self.unrealized) != Ok(self.equity) {
            self.identity_broken();
        }
    }

    #[inline]
    pub(super) fn gross_exposure(&self) -> Money {
        Sum::of(&[self.long_value, self.short_value]).saturated()
    }

    /// Neither value is negative, so the difference is in range.
    #[inline]
    pub(super) fn net_exposure(&self) -> Money {
        Sum::of(&[self.long_value]).minus(self.short_value).saturated()
    }

    #[cold]
    #[inline(never)]
    #[expect(clippy::panic, reason = "a broken invariant stops loudly, with its numbers")]
    fn identity_broken(&self) {
        panic!(
            "equity identity broken: balance {} + unrealized {} != equity {}",
            self.balance, self.unrealized, self.equity
        );
    }
}

impl Account {
    pub(crate) const fn new(initial_balance: Money) -> Self {
        Self {
            balance: initial_balance,
            equity: initial_balance,
            unrealized: Money::ZERO,
            margin_used: Money::ZERO,
            realized: Money::ZERO,
            long_value: Money::ZERO,
            short_value: Money::ZERO,
            residue: Money::ZERO,
            in_margin_call: false,
            fees: Sum::ZERO,
            swaps: Sum::ZERO,
            net_withdrawals: Sum::ZERO,
            first_time: 0,
            last_time: 0,
            has_start: false,
            has_time: false,
            events: 0,
        }
    }

    /// Equity - margin used; the lowest amount there is when it is lower still.
    #[must_use]
    pub fn free_margin(&self) -> Money {
        Sum::of(&[self.equity]).minus(self.margin_used).saturated()
    }

    /// What longs and shorts are worth together (rule A6). The ledger keeps it in range.
    #[must_use]
    pub fn gross_exposure(&self) -> Money {
        self.totals().gross_exposure()
    }

    /// Longs - shorts (rule A6).
    #[must_use]
    pub fn net_exposure(&self) -> Money {
        self.totals().net_exposure()
    }

    /// 100 * equity / margin used, rounded half-even to 18 decimals; `None` without margin, or when
    /// so little margin is used that the level has more than 38 digits.
    #[must_use]
    pub fn margin_level(&self) -> Option<Money> {
        if !self.margin_used.is_positive() {
            return None;
        }
        let hundred = 100_000_000_000_000_000_000;
        let level = mul_div_half_even(self.equity.raw(), hundred, self.margin_used.raw()).ok()?;
        Money::from_raw(level).ok()
    }

    /// Whether the margin level is below so many percent at scale 9 (rule M9).
    #[must_use]
    pub(super) fn is_below(&self, level: i128) -> bool {
        // 100 percent at scale 9.
        const HUNDRED: i128 = 100_000_000_000;
        let (equity, margin) = (self.equity.raw(), self.margin_used.raw());
        margin > 0 && product_is_less(equity, HUNDRED, level, margin)
    }

    #[inline]
    pub(super) const fn totals(&self) -> Totals {
        Totals {
            balance: self.balance,
            equity: self.equity,
            unrealized: self.unrealized,
            margin_used: self.margin_used,
            long_value: self.long_value,
            short_value: self.short_value,
        }
    }

    /// Stores the totals after an event, and counts it.
    #[inline]
    pub(super) fn store(&mut self, totals: &Totals, time: i64) {
        self.put(totals);
        self.count(time);
    }

    /// Stores totals.
    #[inline]
    pub(super) fn put(&mut self, totals: &Totals) {
        self.balance = totals.balance;
        self.equity = totals.equity;
        self.unrealized = totals.unrealized;
        self.margin_used = totals.margin_used;
        self.long_value = totals.long_value;
        self.short_value = totals.short_value;
    }

    /// Counts what a deposit or a withdrawal has booked.
    #[inline]
    pub(super) fn count_flow(&mut self, kind: TextView, booked: Money) {
        if kind == TextView::DEPOSIT || kind == TextView::WITHDRAWAL {
            self.net_withdrawals = self.net_withdrawals.minus(booked);
        }
    }

    /// Counts an event and its time.
    #[inline]
    pub(super) fn count(&mut self, time: i64) {
        if !self.has_start {
            self.first_time = time;
            self.has_start = true;
        }
        self.has_time = true;
        self.last_time = time;
        self.events = self.events.wrapping_add(1);
    }
}
