//! The account and its positions: at most one a symbol, and what fills do to it (rules O4, P1 to
//! P4 and C2 to C5).
//!
//! Equity is kept as it moves: a fill at the mark changes it by its fee, one at the other side of
//! the spread by the spread, too. What it is without the marks is `flat`: cash as if every fill had
//! been paid for at once.

use super::terms::{MOST, Symbol};
use super::trades::{Reason, Trade, Trades};
use crate::numbers::{Money, mul_div_half_even};

/// What is held of a symbol.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    /// Negative for a short, 0 for nothing.
    pub(super) size: i64,
    pub(super) cost: i128,
    margin: i128,
    /// Of the entry.
    fee: i128,
    id: u64,
    /// The moment in which it was opened, and the row that opened it.
    pub(super) entry: usize,
    place: usize,
    /// Size and cost behind the last fill that added to it.
    priced: (i64, i128),
    /// Its row among the open positions.
    row: usize,
}

/// A fill of an order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    pub(super) buys: bool,
    pub(super) size: i64,
    pub(super) bid: i64,
    pub(super) ask: i64,
    /// The moment.
    pub(super) at: usize,
    /// The row of the order.
    pub(super) place: usize,
}

/// An account under way.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub(super) balance: i128,
    pub(super) realized: i128,
    pub(super) fees: i128,
    pub(super) margin: i128,
    /// Balance - cost of the longs + cost of the shorts.
    pub(super) flat: i128,
    /// At the marks of now.
    pub(super) equity: i128,
    ids: u64,
    pub(super) held: Vec<Held>,
    /// What each unit of price is worth, of the longs and of the shorts.
    pub(super) longs: Vec<i64>,
    pub(super) shorts: Vec<i64>,
    /// The lowest and the highest mark that what is held of each symbol has seen.
    pub(super) seen: Seen,
    /// Symbols that are held, in the order of the table of positions.
    pub(super) open: Vec<usize>,
    /// How many of these are short.
    pub(super) short_count: usize,
    /// How many trades were made.
    pub(super) made: u64,
    /// The trades, when somebody wants them.
    pub(super) trades: Trades,
    pub(super) keeps_trades: bool,
}

/// Extremes by symbol; of shorts those of the ask without the spread that all bars share.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) lows: Vec<i64>,
    pub(super) highs: Vec<i64>,
    /// This spread.
    pub(super) apart: i64,
}

impl Seen {
    /// A position is opened that has seen nothing yet.
    fn begin(&mut self, symbol: usize) -> Option<()> {
        (*self.lows.get_mut(symbol)?, *self.highs.get_mut(symbol)?) = (i64::MAX, i64::MIN);
        Some(())
    }

    /// The lowest and the highest of a price and of what a position has seen.
    fn range(&self, symbol: usize, long: bool, price: i64) -> Option<(i64, i64)> {
        let apart = if long { 0 } else { self.apart };
        let low = self.lows.get(symbol)?.saturating_add(apart);
        let high = self.highs.get(symbol)?.saturating_add(apart);
        Some((low.min(price), high.max(price)))
    }
}

/// A part of a fill: what closes, or what opens.
#[derive(Debug, Clone, Copy)]
struct Leg {
    symbol: usize,
    long: bool,
    size: i64,
    weight: i64,
    price: i64,
    fee: i128,
}

impl Account {
    /// Nothing has happened yet.
    pub(super) fn begin(&mut self, balance: i128, symbols: usize, (trades, apart): (bool, i64)) {
        self.held.clear();
        self.held.resize(symbols, Held::default());
        let seen = &mut self.seen;
        for column in [&mut self.longs, &mut self.shorts, &mut seen.lows, &mut seen.highs] {
            column.clear();
            column.resize(symbols, 0);
        }
        self.open.clear();
        self.trades.clear();
        (self.balance, self.flat, self.equity) = (balance, balance, balance);
        (self.realized, self.fees, self.margin) = (0, 0, 0);
        (self.ids, self.short_count, self.made) = (0, 0, 0);
        (self.keeps_trades, self.seen.apart) = (trades, apart);
    }

    /// Fills an order; answers whether there was the margin for it. Nothing when a number is not
    /// surely in range.
    #[inline]
    pub(super) fn fill(&mut self, symbol: usize, terms: &Symbol, fill: &Fill) -> Option<bool> {
        let held = *self.held.get(symbol)?;
        let Fill { buys, size, .. } = *fill;
        let price = if buys { fill.ask } else { fill.bid };
        let weight = terms.weight(size)?;
        let worth = i128::from(weight).checked_mul(i128::from(price))?;
        let same = held.size == 0 || (held.size > 0) == buys;
        let most = held.size.checked_abs()?;
        let fee = match &terms.charge {
            Some(charge) => charge.fee(size, worth, same || most < size, !same)?,
            None => 0,
        };
        let leg = Leg { symbol, long: buys, size, weight, price, fee };
        if same {
            if !self.has_margin(terms, &held, (&leg, worth), (fee, 0))? {
                return Some(false);
            }
            self.add(terms, &leg, worth, fill)?;
        } else if most >= size {
            self.reduce(terms, &Leg { long: !buys, ..leg }, Reason::Reduce, fill.at)?;
        } else {
            let share = mul_div_half_even(fee, i128::from(most), i128::from(size)).ok()?;
            let (closed, size) = (terms.weight(most)?, size.checked_sub(most)?);
            let weight = terms.weight(size)?;
            let rest = Leg { size, weight, fee: fee.checked_sub(share)?, ..leg };
            let worth = i128::from(weight).checked_mul(i128::from(price))?;
            let empty = Held::default();
            if !self.has_margin(terms, &empty, (&rest, worth), (fee, held.margin))? {
                return Some(false);
            }
            let close = Leg { long: !buys, size: most, weight: closed, fee: share, ..leg };
            self.reduce(terms, &close, Reason::Flip, fill.at)?;
            self.add(terms, &rest, worth, fill)?;
        }
        let in_range = self.flat.abs() < MOST && self.equity.abs() < MOST;
        (in_range && self.balance.abs() < MOST && self.realized.abs() < MOST).then_some(true)
    }

    /// Rule O4, when so much is charged and so much margin becomes free before.
    #[inline]
    fn has_margin(
        &self,
        terms: &Symbol,
        held: &Held,
        (leg, worth): (&Leg, i128),
        (fee, freed): (i128, i128),
    ) -> Option<bool> {
        debug_assert!(leg.size > 0, "a size of {}", leg.size);
        let bound = self.margin.checked_sub(freed)?;
        let free = self.equity.checked_sub(fee)?.checked_sub(bound)?;
        let needed = margin(terms, held.cost.checked_add(worth)?)?.checked_sub(held.margin)?;
        Some(free >= needed)
    }

    /// Opens, or adds to what is held.
    #[inline]
    fn add(&mut self, terms: &Symbol, leg: &Leg, worth: i128, fill: &Fill) -> Option<()> {
        let Leg { symbol, long, size, fee, .. } = *leg;
        let held = self.held.get_mut(symbol)?;
        if held.size == 0 {
            self.ids = self.ids.checked_add(1)?;
            let (id, entry, place) = (self.ids, fill.at, fill.place);
            let row = self.open.len();
            *held = Held { id, entry, place, row, ..Held::default() };
            self.open.push(symbol);
            self.seen.begin(symbol)?;
            self.short_count = self.short_count.checked_add(usize::from(!long))?;
        }
        let signed = if long { size } else { size.checked_neg()? };
        held.size = held.size.checked_add(signed)?;
        held.cost = held.cost.checked_add(worth)?;
        held.fee = held.fee.checked_add(fee)?;
        held.priced = (held.size, held.cost);
        let bound = margin(terms, held.cost)?;
        self.margin = self.margin.checked_add(bound)?.checked_sub(held.margin)?;
        held.margin = bound;
        let weight = terms.weight(held.size.checked_abs()?)?;
        let sides = if long { &mut self.longs } else { &mut self.shorts };
        *sides.get_mut(symbol)? = weight;
        let apart = i128::from(fill.ask.checked_sub(fill.bid)?);
        let lost = i128::from(leg.weight).checked_mul(apart)?;
        self.equity = self.equity.checked_sub(lost)?;
        self.pay(fee, if long { worth } else { worth.checked_neg()? })
    }

    /// A fee, and what was bought.
    #[inline]
    fn pay(&mut self, fee: i128, bought: i128) -> Option<()> {
        self.fees = self.fees.checked_add(fee)?;
        self.balance = self.balance.checked_sub(fee)?;
        self.equity = self.equity.checked_sub(fee)?;
        self.flat = self.flat.checked_sub(fee)?.checked_sub(bought)?;
        Some(())
    }

    /// Closes what is held, or a part of it.
    #[inline]
    fn reduce(&mut self, terms: &Symbol, leg: &Leg, reason: Reason, at: usize) -> Option<()> {
        let Leg { symbol, long, size, weight, price, fee } = *leg;
        let held = self.held.get_mut(symbol)?;
        let before = *held;
        let all = held.size.checked_abs()?;
        let share = |amount: i128| {
            if size == all || amount == 0 {
                return Some(amount);
            }
            mul_div_half_even(amount, i128::from(size), i128::from(all)).ok()
        };
        let worth = |price: i64| i128::from(weight).checked_mul(i128::from(price));
        let relieved = share(held.cost)?;
        let result = |worth: i128| {
            if long { worth.checked_sub(relieved) } else { relieved.checked_sub(worth) }
        };
        let proceeds = worth(price)?;
        let gross = result(proceeds)?;
        let signed = if long { size } else { size.checked_neg()? };
        held.size = held.size.checked_sub(signed)?;
        held.cost = held.cost.checked_sub(relieved)?;
        let bound = margin(terms, held.cost)?;
        self.margin = self.margin.checked_add(bound)?.checked_sub(held.margin)?;
        held.margin = bound;
        if self.keeps_trades {
            let entry_fee = share(held.fee)?;
            held.fee = held.fee.checked_sub(entry_fee)?;
            let (low, high) = self.seen.range(symbol, long, price)?;
            let (worst, best) = if long { (low, high) } else { (high, low) };
            self.trades.rows.push(Trade {
                position_id: before.id,
                symbol,
                long,
                place: before.place,
                size,
                entry: before.entry,
                exit: at,
                entry_price: terms.average(before.priced)?,
                exit_price: price,
                reason,
            });
            self.trades.money.push([
                gross,
                entry_fee,
                fee,
                gross.checked_sub(entry_fee)?.checked_sub(fee)?,
                relieved,
                result(worth(worst)?)?.min(0),
                result(worth(best)?)?.max(0),
            ]);
        }
        self.made = self.made.checked_add(1)?;
        let left = terms.weight(held.size.checked_abs()?)?;
        let sides = if long { &mut self.longs } else { &mut self.shorts };
        *sides.get_mut(symbol)? = left;
        if size == all {
            self.leave(before.row, long)?;
        }
        self.realized = self.realized.checked_add(gross)?;
        self.balance = self.balance.checked_add(gross)?;
        self.pay(fee, if long { proceeds.checked_neg()? } else { proceeds })
    }

    /// The last row of the positions moves into the place of one that is gone (rule C6).
    fn leave(&mut self, row: usize, long: bool) -> Option<()> {
        let last = self.open.pop()?;
        if let Some(symbol) = self.open.get_mut(row) {
            *symbol = last;
            self.held.get_mut(last)?.row = row;
        }
        self.short_count = self.short_count.checked_sub(usize::from(!long))?;
        Some(())
    }
}

/// Rule M1.
#[inline]
fn margin(terms: &Symbol, cost: i128) -> Option<i128> {
    terms.leverage.margin(Money::from_raw(cost).ok()?).ok().map(Money::raw)
}
