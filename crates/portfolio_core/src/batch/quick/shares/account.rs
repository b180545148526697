//! The account and its positions: at most one a symbol, and what fills do to it (rules O4, P1 to
//! P4 and C2 to C5).
//!
//! Equity is kept as it moves: a fill at the mark changes it by its fee, one at the other side of
//! the spread by the spread, too. What it is without the marks is `flat`: cash as if every fill had
//! been paid for at once.

use super::terms::Symbol;
use super::trades::{Trade, Trades};
use super::{share, wide};
use crate::event::Side;
use crate::numbers::Money;

/// After so many fills it is asked whether all is in range.
const UNASKED: u64 = 32;

/// What is held of a symbol, as far as every fill asks for it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Held {
    pub(super) cost: i128,
    margin: i128,
    /// Negative for a short, 0 for nothing.
    pub(super) size: i64,
    /// What it is worth for each unit of price.
    weight: i64,
}

/// Where it comes from.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Origin {
    /// Of what was added to it and is not closed yet.
    fee: i128,
    id: u64,
    /// The entry price.
    price: i64,
    /// The moment in which it was opened, and the row that opened it.
    pub(super) entry: usize,
    place: usize,
    /// Its row among the open positions.
    row: usize,
}

impl Held {
    const fn long(&self) -> bool {
        self.size > 0
    }
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
    pub(super) fees: i128,
    pub(super) margin: i128,
    /// Balance - cost of the longs + cost of the shorts.
    pub(super) flat: i128,
    /// At the marks of now.
    pub(super) equity: i128,
    ids: u64,
    pub(super) held: Vec<Held>,
    pub(super) origins: Vec<Origin>,
    /// What each unit of price is worth, of the longs and of the shorts.
    pub(super) longs: Vec<i64>,
    pub(super) shorts: Vec<i64>,
    /// The lowest and the highest mark that what is held of each symbol has seen.
    pub(super) seen: Seen,
    /// Symbols that are held, in the order of the table of positions.
    pub(super) open: Vec<usize>,
    /// How many of these are short.
    pub(super) short_count: usize,
    fills: u64,
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
    /// Where prices are short, lows and highs in units of so much.
    pub(super) short_lows: Vec<u32>,
    pub(super) short_highs: Vec<u32>,
    units: Option<(i64, i64)>,
}

impl Seen {
    /// A position is opened that has seen nothing yet.
    fn begin(&mut self, symbol: usize) -> Option<()> {
        if self.units.is_some() {
            *self.short_lows.get_mut(symbol)? = u32::MAX;
            *self.short_highs.get_mut(symbol)? = 0;
        } else {
            (*self.lows.get_mut(symbol)?, *self.highs.get_mut(symbol)?) = (i64::MAX, i64::MIN);
        }
        Some(())
    }

    /// The lowest and the highest of a price and of what a position has seen.
    fn range(&self, symbol: usize, long: bool, price: i64) -> Option<(i64, i64)> {
        let apart = if long { 0 } else { self.apart };
        let (low, high) = match self.units {
            Some((low, high)) => (
                match *self.short_lows.get(symbol)? {
                    // Nothing was seen yet, and this is no price.
                    u32::MAX => i64::MAX,
                    seen => i64::from(seen).saturating_mul(low),
                },
                i64::from(*self.short_highs.get(symbol)?).saturating_mul(high),
            ),
            None => (*self.lows.get(symbol)?, *self.highs.get(symbol)?),
        };
        let seen = (low.saturating_add(apart), high.saturating_add(apart));
        Some((seen.0.min(price), seen.1.max(price)))
    }
}

/// A part of a fill: what closes, or what opens.
#[derive(Debug, Clone, Copy)]
struct Leg {
    symbol: usize,
    /// The side of the position.
    long: bool,
    size: i64,
    weight: i64,
    price: i64,
    fee: i128,
}

impl Account {
    /// Nothing has happened yet.
    pub(super) fn begin(
        &mut self,
        balance: i128,
        symbols: usize,
        (trades, apart, units): (bool, i64, Option<(i64, i64)>),
    ) {
        self.held.clear();
        self.held.resize(symbols, Held::default());
        self.origins.clear();
        self.origins.resize(symbols, Origin::default());
        let seen = &mut self.seen;
        for column in [&mut self.longs, &mut self.shorts, &mut seen.lows, &mut seen.highs] {
            column.clear();
            column.resize(symbols, 0);
        }
        for column in [&mut self.seen.short_lows, &mut self.seen.short_highs] {
            column.clear();
            column.resize(symbols, 0);
        }
        self.open.clear();
        self.trades.clear();
        (self.balance, self.flat, self.equity) = (balance, balance, balance);
        (self.fees, self.margin) = (0, 0);
        (self.ids, self.short_count, self.made, self.fills) = (0, 0, 0, 0);
        (self.keeps_trades, self.seen.apart, self.seen.units) = (trades, apart, units);
    }

    /// Fills an order; answers whether there was the margin for it. Nothing when a number is not
    /// surely in range.
    #[inline(always)]
    pub(super) fn fill(&mut self, symbol: usize, terms: &Symbol, fill: &Fill) -> Option<bool> {
        let held = self.held.get(symbol)?;
        let Fill { buys, size, .. } = *fill;
        let price = if buys { fill.ask } else { fill.bid };
        let weight = terms.weight(size)?;
        let (same, most) = (held.size == 0 || held.long() == buys, held.size.checked_abs()?);
        let sides = (same || most < size, !same);
        let fee = terms.charge.fee((size, weight, price), sides)?;
        if (fee ^ (fee >> 127)) >> 119 != 0 {
            return None;
        }
        let leg = Leg { symbol, long: buys, size, weight, price, fee };
        let filled = if same {
            self.add(terms, &leg, fill)?
        } else if most >= size {
            self.reduce(terms, &Leg { long: !buys, ..leg }, (false, fill.at))?;
            true
        } else {
            self.turn(terms, &leg, fill)?
        };
        self.fills = self.fills.wrapping_add(1);
        if self.fills.is_multiple_of(UNASKED) {
            self.in_range().then_some(filled)
        } else {
            Some(filled)
        }
    }

    /// Whether no sum comes near the limits. Between two questions nothing gets there, because a
    /// fill moves a sum by less than 2^120.
    pub(super) fn in_range(&self) -> bool {
        let sums = [self.flat, self.equity, self.balance, self.margin, self.fees];
        sums.into_iter().fold(0, |all, sum| all | sum ^ (sum >> 127)) >> 119 == 0
    }

    /// Rule P4: all that is held is closed, and the rest opened, if there is the margin for it.
    #[cold]
    fn turn(&mut self, terms: &Symbol, leg: &Leg, fill: &Fill) -> Option<bool> {
        let held = *self.held.get(leg.symbol)?;
        let most = held.size.checked_abs()?;
        let part = share(leg.fee, most, leg.size)?;
        let size = leg.size.checked_sub(most)?;
        let weight = leg.weight.checked_sub(held.weight)?;
        let rest = Leg { size, weight, fee: leg.fee.wrapping_sub(part), ..*leg };
        let bound = margin(terms, wide(weight, leg.price))?;
        // The account as the close leaves it: a close at the mark costs its fee.
        let (before, used) = (self.equity, self.margin);
        (self.equity, self.margin) = (before.wrapping_sub(part), used.wrapping_sub(held.margin));
        let free = self.has_margin(bound, rest.fee);
        (self.equity, self.margin) = (before, used);
        if !free {
            return Some(false);
        }
        let close = Leg { long: !leg.long, size: most, weight: held.weight, fee: part, ..*leg };
        self.reduce(terms, &close, (true, fill.at))?;
        self.add(terms, &rest, fill)
    }

    /// Rule O4: whether so much more margin may be bound when so much is charged.
    #[inline(always)]
    fn has_margin(&self, needed: i128, fee: i128) -> bool {
        self.equity.wrapping_sub(fee).wrapping_sub(self.margin) >= needed
    }

    /// Opens, or adds to what is held, if there is the margin for it.
    #[inline(always)]
    fn add(&mut self, terms: &Symbol, leg: &Leg, fill: &Fill) -> Option<bool> {
        let Leg { symbol, long, size, weight, price, fee } = *leg;
        let worth = wide(weight, price);
        let held = *self.held.get(symbol)?;
        let cost = held.cost.wrapping_add(worth);
        let bound = margin(terms, cost)?;
        let more = bound.wrapping_sub(held.margin);
        if !self.has_margin(more, fee) {
            return Some(false);
        }
        let now = self.held.get_mut(symbol)?;
        now.size = held.size.checked_add(if long { size } else { size.wrapping_neg() })?;
        now.weight = held.weight.checked_add(weight).filter(|weight| *weight <= terms.most)?;
        (now.cost, now.margin) = (cost, bound);
        if held.size == 0 {
            self.ids = self.ids.wrapping_add(1);
            let (id, entry, place) = (self.ids, fill.at, fill.place);
            let row = self.open.len();
            *self.origins.get_mut(symbol)? = Origin { fee, id, price, entry, place, row };
            self.open.push(symbol);
            self.seen.begin(symbol)?;
            self.short_count = self.short_count.wrapping_add(usize::from(!long));
        } else {
            let origin = self.origins.get_mut(symbol)?;
            origin.fee = Money::from_raw(origin.fee.wrapping_add(fee)).ok()?.raw();
            if self.keeps_trades {
                origin.price = terms.average(now.size, cost)?;
            }
        }
        let sides = if long { &mut self.longs } else { &mut self.shorts };
        *sides.get_mut(symbol)? = now.weight;
        self.margin = self.margin.wrapping_add(more);
        let lost = wide(weight, fill.ask.wrapping_sub(fill.bid));
        self.equity = self.equity.wrapping_sub(lost);
        self.pay(fee, if long { worth } else { worth.wrapping_neg() });
        Some(true)
    }

    /// A fee, and what was bought.
    #[inline(always)]
    fn pay(&mut self, fee: i128, bought: i128) {
        self.fees = self.fees.wrapping_add(fee);
        self.balance = self.balance.wrapping_sub(fee);
        self.equity = self.equity.wrapping_sub(fee);
        self.flat = self.flat.wrapping_sub(fee).wrapping_sub(bought);
    }

    /// Closes what is held, or a part of it.
    #[inline(always)]
    fn reduce(&mut self, terms: &Symbol, leg: &Leg, (flip, at): (bool, usize)) -> Option<()> {
        let Leg { symbol, long, size, weight, price, fee } = *leg;
        let held = *self.held.get(symbol)?;
        let all = held.size.checked_abs()?;
        let relieved = share(held.cost, size, all)?;
        let proceeds = wide(weight, price);
        let gained = proceeds.wrapping_sub(relieved);
        let gross = if long { gained } else { gained.wrapping_neg() };
        let cost = held.cost.wrapping_sub(relieved);
        let bound = margin(terms, cost)?;
        self.margin = self.margin.wrapping_add(bound).wrapping_sub(held.margin);
        let now = self.held.get_mut(symbol)?;
        now.size = held.size.wrapping_sub(if long { size } else { size.wrapping_neg() });
        now.weight = held.weight.wrapping_sub(weight);
        (now.cost, now.margin) = (cost, bound);
        let sides = if long { &mut self.longs } else { &mut self.shorts };
        *sides.get_mut(symbol)? = now.weight;
        self.made = self.made.wrapping_add(1);
        if self.keeps_trades {
            let origin = self.origins.get_mut(symbol)?;
            let entry_fee = share(origin.fee, size, all)?;
            let before = *origin;
            origin.fee = before.fee.wrapping_sub(entry_fee);
            self.note(leg, &before, (flip, at), (gross, relieved, entry_fee))?;
        }
        if size == all {
            self.leave(symbol, long)?;
        }
        self.balance = self.balance.wrapping_add(gross);
        self.pay(fee, if long { proceeds.wrapping_neg() } else { proceeds });
        Some(())
    }

    /// The row of a trade (rules C5 and X1).
    #[inline(always)]
    fn note(
        &mut self,
        leg: &Leg,
        origin: &Origin,
        (flip, at): (bool, usize),
        (gross, relieved, entry_fee): (i128, i128, i128),
    ) -> Option<()> {
        let Leg { symbol, long, size, weight, price, fee } = *leg;
        let (low, high) = self.seen.range(symbol, long, price)?;
        let gained = |price: i64| wide(weight, price).wrapping_sub(relieved);
        let (worst, best) = if long {
            (gained(low), gained(high))
        } else {
            (gained(high).wrapping_neg(), gained(low).wrapping_neg())
        };
        let net = gross.wrapping_sub(entry_fee).wrapping_sub(fee);
        let (mae, mfe) = (worst.min(0), best.max(0));
        self.trades.push(&Trade {
            position_id: origin.id,
            symbol,
            side: if long { Side::Long } else { Side::Short },
            place: origin.place,
            size,
            entry: origin.entry,
            exit: at,
            entry_price: origin.price,
            exit_price: price,
            flip,
            money: [gross, entry_fee, fee, net, relieved, mae, mfe],
        });
        Some(())
    }

    /// The last row of the positions moves into the place of one that is gone (rule C6).
    fn leave(&mut self, symbol: usize, long: bool) -> Option<()> {
        let (row, last) = (self.origins.get(symbol)?.row, self.open.pop()?);
        if let Some(place) = self.open.get_mut(row) {
            *place = last;
            self.origins.get_mut(last)?.row = row;
        }
        self.short_count = self.short_count.checked_sub(usize::from(!long))?;
        Some(())
    }
}

/// Rule M1.
#[inline(always)]
fn margin(terms: &Symbol, cost: i128) -> Option<i128> {
    let Some(leverage) = &terms.leverage else { return Some(cost) };
    let bound = leverage.margin(Money::from_raw(cost).ok()?).ok()?.raw();
    (bound >> 119 == 0).then_some(bound)
}
