//! From fill to fill of a plain run (rules R5, R6, R8, G2 and G3).

use super::facts::is_multiple;
use super::terms::{MOST, Terms};
use super::trades::{Reason, Trade, Trades};
use crate::batch::orders::{Action, LevelGiven, OrderRow, OrderType, SizeRule};
use crate::batch::plan::Run;
use crate::event::Side;
use crate::numbers::ratio_half_even;

/// From a moment on the equity is `flat + slope * close`, all in raw units.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: usize,
    pub(super) flat: i128,
    /// Size of the longs and of the shorts.
    pub(super) long: i64,
    pub(super) short: i64,
}

/// An open position.
#[derive(Debug, Clone, Copy)]
pub(super) struct Held {
    id: u64,
    pub(super) long: bool,
    place: usize,
    size: i64,
    pub(super) price: i64,
    pub(super) cost: i128,
    fee: i128,
    /// 0 for none.
    stop: i64,
    target: i64,
    pub(super) entry: usize,
    /// Whether it is closed at the next open.
    exits: bool,
    /// The next moment at which a level is in reach.
    next: usize,
}

/// A market order that waits for the next open.
#[derive(Debug, Clone, Copy)]
struct Waiting {
    long: bool,
    place: usize,
    size: i64,
    stop: i64,
    target: i64,
}

/// Memory that runs need.
#[derive(Debug, Default)]
pub(super) struct Room {
    pub(super) held: Vec<Held>,
    waiting: Vec<Waiting>,
    pub(super) spans: Vec<Span>,
    pub(super) trades: Trades,
    /// Places of the rows that no bar can fill.
    pub(super) unfillable: Vec<usize>,
}

/// What a run is at its end.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct End {
    pub(super) balance: i128,
    pub(super) realized: i128,
    pub(super) fees: i128,
    pub(super) events: u64,
    pub(super) ambiguous: u64,
    /// Money of the run is a multiple of 10 to this power, in raw units.
    pub(super) zeros: u32,
}

/// A run under way.
struct Kernel<'k, 'r> {
    run: &'k Run<'r>,
    terms: &'k Terms<'r>,
    room: &'k mut Room,
    end: End,
    ids: u64,
    /// Zeros at the end of all prices and of all sizes.
    zeros: (u32, u32),
    long: i64,
    short: i64,
    /// Cost of the longs - cost of the shorts, and their sum.
    costs: (i128, i128),
}

/// Carries a run out; nothing when anything happens that is not plain.
pub(super) fn carry_out(run: &Run<'_>, terms: &Terms<'_>, room: &mut Room) -> Option<End> {
    room.held.clear();
    room.waiting.clear();
    room.spans.clear();
    room.trades.clear();
    room.unfillable.clear();
    // The one symbol is registered, by the run or by its first bar.
    let end = End { balance: terms.balance, events: 1, ..End::default() };
    let zeros = (terms.bars.zeros, 9);
    let (long, short, costs) = (0, 0, (0, 0));
    let mut kernel = Kernel { run, terms, room, end, ids: 0, zeros, long, short, costs };
    kernel.push_span(0)?;
    kernel.rows()?;
    kernel.finish()
}

impl Kernel<'_, '_> {
    /// All rows, and the bars between them.
    fn rows(&mut self) -> Option<()> {
        let moments = &self.run.bars.moments;
        let mut at = 0_usize;
        for place in 0..self.run.len() {
            let row = self.run.row(place);
            let passed = self.terms.bars.passed(moments, at, row.time);
            if passed == 0 || passed == moments.len() {
                self.room.unfillable.push(place);
                continue;
            }
            if passed > at {
                self.bars_before(at, passed)?;
                at = passed;
            }
            self.carry_out(&row, place, at)?;
        }
        self.bars_before(at, moments.len())
    }

    /// The bars from one on, of which the first one fills what waits.
    fn bars_before(&mut self, from: usize, to: usize) -> Option<()> {
        let waits = |one: &Held| one.exits;
        if !self.room.waiting.is_empty() || self.room.held.iter().any(waits) {
            self.bar(from)?;
        }
        loop {
            let next = self.room.held.iter().map(|one| one.next).min().unwrap_or(usize::MAX);
            if next >= to {
                return Some(());
            }
            self.bar(next)?;
        }
    }

    /// Rule R8 for a row before the bar that fills it.
    fn carry_out(&mut self, row: &OrderRow<'_>, place: usize, at: usize) -> Option<()> {
        match row.action {
            Action::Open => self.open(row, place, at),
            Action::Close => self.close(row),
            Action::Modify | Action::Cancel | Action::Target => None,
        }
    }

    fn close(&mut self, row: &OrderRow<'_>) -> Option<()> {
        if row.size.is_some() {
            return None;
        }
        for held in &mut self.room.held {
            let side = if held.long { Side::Long } else { Side::Short };
            let tagged = || self.run.tag(held.place) == row.tag;
            if row.side.is_none_or(|wanted| wanted == side) && (row.tag.is_empty() || tagged()) {
                held.exits = true;
                self.end.events = self.end.events.checked_add(1)?;
            }
        }
        Some(())
    }

    fn open(&mut self, row: &OrderRow<'_>, place: usize, at: usize) -> Option<()> {
        let stays = |held: &Held| !held.exits;
        let taken = !self.room.waiting.is_empty() || self.room.held.iter().any(stays);
        if row.if_flat && taken {
            return Some(());
        }
        let plain = row.kind == OrderType::Market
            && row.rule == SizeRule::Units
            && row.trailing == LevelGiven::Nothing
            && row.break_even.is_none()
            && row.break_even_offset.is_none()
            && row.targets.is_empty()
            && row.exit_time.is_none()
            && row.expiry.is_none()
            && row.oco.is_empty();
        if !plain {
            return None;
        }
        let long = row.side? == Side::Long;
        let size = i64::try_from(row.size?.raw()).ok()?;
        if size <= 0 || size.checked_rem(self.terms.lot)? != 0 {
            return None;
        }
        let open = *self.terms.raw.open.get(at)?;
        let anchor = if long { open.checked_add(self.terms.bars.spread)? } else { open };
        let stop = self.level(row.stop_loss, anchor, long)?;
        let target = self.level(row.take_profit, anchor, !long)?;
        if stop != 0 && target != 0 && (stop < target) != long {
            return None;
        }
        self.zeros.1 = fewer_zeros(size, self.zeros.1);
        self.end.events = self.end.events.checked_add(1)?;
        self.room.waiting.push(Waiting { long, place, size, stop, target });
        Some(())
    }

    /// A level; 0 for none.
    fn level(&mut self, given: LevelGiven, anchor: i64, below: bool) -> Option<i64> {
        let tick = self.terms.tick;
        let distance = match given {
            LevelGiven::Nothing => return Some(0),
            LevelGiven::Twice(_) => return None,
            LevelGiven::Price(price) => {
                let price = i64::try_from(price.raw()).ok()?;
                return self.checked_level(price);
            }
            LevelGiven::Distance(distance) => i64::try_from(distance.raw()).ok()?,
            LevelGiven::Rate(rate) => {
                let divisor = i128::from(tick).checked_mul(1_000_000_000)?;
                let ticks = ratio_half_even(&[i128::from(anchor), rate], divisor).ok()?;
                i64::try_from(ticks).ok()?.checked_mul(tick)?
            }
        };
        let level = if below { anchor.checked_sub(distance) } else { anchor.checked_add(distance) };
        self.checked_level(level?)
    }

    fn checked_level(&mut self, level: i64) -> Option<i64> {
        if level <= 0 || level.checked_rem(self.terms.tick)? != 0 {
            return None;
        }
        self.zeros.0 = fewer_zeros(level, self.zeros.0);
        Some(level)
    }

    /// One bar in which something is filled.
    fn bar(&mut self, at: usize) -> Option<()> {
        let bid = *self.terms.raw.open.get(at)?;
        let ask = bid.checked_add(self.terms.bars.spread)?;
        self.take_out(at, |held| {
            let price = if held.long { bid } else { ask };
            held.exits.then_some((price, Reason::TimeExit))
        })?;
        self.levels_at_open(at, (bid, ask), 0)?;
        let before = self.ids;
        let waiting = std::mem::take(&mut self.room.waiting);
        for order in &waiting {
            self.fill(order, at, (bid, ask))?;
        }
        self.room.waiting = waiting;
        self.room.waiting.clear();
        self.levels_at_open(at, (bid, ask), before)?;
        self.levels_in_reach(at)?;
        for place in 0..self.room.held.len() {
            let held = *self.room.held.get(place)?;
            if held.next <= at {
                let next = self.next_level(&held, at.checked_add(1)?)?;
                self.room.held.get_mut(place)?.next = next;
            }
        }
        self.push_span(at)
    }

    /// Stops, then take profits, that the open is beyond or at; of positions above a number.
    fn levels_at_open(&mut self, at: usize, marks: (i64, i64), above: u64) -> Option<()> {
        let (bid, ask) = marks;
        self.take_out(at, |held| {
            let beyond = if held.long { bid <= held.stop } else { ask >= held.stop };
            let price = if held.long { bid } else { ask };
            let due = held.id > above && held.stop != 0 && beyond;
            due.then_some((price, Reason::StopLoss))
        })?;
        self.take_out(at, |held| {
            let beyond = if held.long { bid >= held.target } else { ask <= held.target };
            let price = if held.long { bid } else { ask };
            let due = held.id > above && held.target != 0 && beyond;
            due.then_some((price, Reason::TakeProfit))
        })
    }

    /// Step 1 of a bar.
    fn levels_in_reach(&mut self, at: usize) -> Option<()> {
        let (low, high) = (*self.terms.raw.low.get(at)?, *self.terms.raw.high.get(at)?);
        let spread = self.terms.bars.spread;
        let within = |held: &Held, level: i64| {
            let side = if held.long { 0 } else { spread };
            let (low, high) = (low.saturating_add(side), high.saturating_add(side));
            level != 0 && low <= level && level <= high
        };
        let both = |held: &&Held| within(held, held.stop) && within(held, held.target);
        let both = self.room.held.iter().filter(both).count();
        self.end.ambiguous = self.end.ambiguous.checked_add(u64::try_from(both).ok()?)?;
        let stop = |held: &Held| within(held, held.stop).then_some((held.stop, Reason::StopLoss));
        let target =
            |held: &Held| within(held, held.target).then_some((held.target, Reason::TakeProfit));
        if self.terms.optimistic {
            self.take_out(at, target)?;
            self.take_out(at, stop)
        } else {
            self.take_out(at, stop)?;
            self.take_out(at, target)
        }
    }

    /// Closes the positions that a rule has a price for, by number.
    fn take_out(&mut self, at: usize, rule: impl Fn(&Held) -> Option<(i64, Reason)>) -> Option<()> {
        let mut place = 0;
        while let Some(&held) = self.room.held.get(place) {
            match rule(&held) {
                None => place = place.checked_add(1)?,
                Some((price, reason)) => {
                    self.room.held.remove(place);
                    self.leave(&held, (at, price), reason)?;
                }
            }
        }
        Some(())
    }

    /// A market order at the open.
    fn fill(&mut self, order: &Waiting, at: usize, (bid, ask): (i64, i64)) -> Option<()> {
        if self.terms.netting && !self.room.held.is_empty() {
            return None;
        }
        let Waiting { long, place, size, stop, target } = *order;
        let price = if long { ask } else { bid };
        let cost = self.terms.worth(size, price)?;
        let fee = self.terms.fee(size, cost, false, true)?;
        let before = self.terms.margin(self.costs.1)?;
        let added = self.terms.margin(self.costs.1.checked_add(cost)?)?;
        let equity = self.equity_at(bid)?;
        let needed = added.raw().checked_sub(before.raw())?;
        let free = equity.checked_sub(fee)?.checked_sub(before.raw())?;
        if free < needed {
            return None;
        }
        self.ids = self.ids.checked_add(1)?;
        self.charge(fee)?;
        self.add(long, size, cost)?;
        let (id, entry) = (self.ids, at);
        let (exits, next) = (false, at);
        self.room.held.push(Held {
            id,
            long,
            place,
            size,
            price,
            cost,
            fee,
            stop,
            target,
            entry,
            exits,
            next,
        });
        Some(())
    }

    fn charge(&mut self, fee: i128) -> Option<()> {
        self.end.fees = self.end.fees.checked_add(fee)?;
        self.end.balance = self.end.balance.checked_sub(fee)?;
        (self.end.balance.abs() < MOST).then_some(())
    }

    fn add(&mut self, long: bool, size: i64, cost: i128) -> Option<()> {
        let (net, all) = self.costs;
        if long {
            self.long = self.long.checked_add(size)?;
            self.costs = (net.checked_add(cost)?, all.checked_add(cost)?);
        } else {
            self.short = self.short.checked_add(size)?;
            self.costs = (net.checked_sub(cost)?, all.checked_add(cost)?);
        }
        Some(())
    }

    /// Equity at a bid.
    fn equity_at(&self, bid: i64) -> Option<i128> {
        let ask = bid.checked_add(self.terms.bars.spread)?;
        let longs = self.terms.worth(self.long, bid)?;
        let shorts = self.terms.worth(self.short, ask)?;
        self.end.balance.checked_add(longs)?.checked_sub(shorts)?.checked_sub(self.costs.0)
    }

    /// A position is closed.
    fn leave(&mut self, held: &Held, (at, price): (usize, i64), reason: Reason) -> Option<()> {
        let Held { long, size, cost, fee, .. } = *held;
        let worth = self.terms.worth(size, price)?;
        let exit_fee = self.terms.fee(size, worth, reason == Reason::TakeProfit, false)?;
        let result = |worth: i128| {
            if long { worth.checked_sub(cost) } else { cost.checked_sub(worth) }
        };
        let gross = result(worth)?;
        let (low, high) = self.extremes(held, (at, price))?;
        let (low, high) = (self.terms.worth(size, low)?, self.terms.worth(size, high)?);
        let (worst, best) = if long { (low, high) } else { (high, low) };
        self.end.balance = self.end.balance.checked_add(gross)?;
        self.end.realized = self.end.realized.checked_add(gross)?;
        self.charge(exit_fee)?;
        self.add(long, size.checked_neg()?, cost.checked_neg()?)?;
        let trades = &mut self.room.trades;
        trades.rows.push(Trade {
            position_id: held.id,
            long,
            place: held.place,
            size,
            entry: held.entry,
            exit: at,
            entry_price: held.price,
            exit_price: price,
            stop: held.stop,
            target: held.target,
            reason,
        });
        trades.gross.push(gross);
        trades.entry_fee.push(fee);
        trades.exit_fee.push(exit_fee);
        trades.net.push(gross.checked_sub(fee)?.checked_sub(exit_fee)?);
        trades.cost.push(cost);
        trades.mae.push(result(worst)?.min(0));
        trades.mfe.push(result(best)?.max(0));
        Some(())
    }

    /// The lowest and highest price that a position has seen at its close (rules X1 and G8).
    fn extremes(&self, held: &Held, (at, price): (usize, i64)) -> Option<(i64, i64)> {
        if at == held.entry {
            return Some((price, price));
        }
        let side = if held.long { 0 } else { self.terms.bars.spread };
        let (bars, raw) = (self.terms.bars, &self.terms.raw);
        let open = *raw.open.get(at)?;
        let low = bars.lowest(raw, (held.entry, at))?.min(open).checked_add(side)?;
        let high = bars.highest(raw, (held.entry, at))?.max(open).checked_add(side)?;
        Some((low.min(price), high.max(price)))
    }

    /// The first moment from one on at which a level is in reach.
    fn next_level(&self, held: &Held, from: usize) -> Option<usize> {
        let (bars, raw) = (self.terms.bars, &self.terms.raw);
        let (below, above) =
            if held.long { (held.stop, held.target) } else { (held.target, held.stop) };
        let side = if held.long { 0 } else { bars.spread };
        let low = match below {
            0 => None,
            level => bars.first_low(raw, from, level.checked_sub(side)?),
        };
        let high = match above {
            0 => None,
            level => bars.first_high(raw, from, level.checked_sub(side)?),
        };
        Some(low.unwrap_or(usize::MAX).min(high.unwrap_or(usize::MAX)))
    }

    /// The equity from a moment on.
    fn push_span(&mut self, from: usize) -> Option<()> {
        let spread = self.terms.worth(self.short, self.terms.bars.spread)?;
        let flat = self.end.balance.checked_sub(self.costs.0)?.checked_sub(spread)?;
        self.room.spans.push(Span { from, flat, long: self.long, short: self.short });
        Some(())
    }

    fn finish(mut self) -> Option<End> {
        let bars = u64::try_from(self.run.bars.moments.len()).ok()?;
        self.end.events = self.end.events.checked_add(bars)?;
        self.end.zeros = self.terms.money_zeros(self.zeros)?;
        Some(self.end)
    }
}

/// Zeros at the end of a number and of all before it.
fn fewer_zeros(raw: i64, mut zeros: u32) -> u32 {
    while zeros > 0 && !is_multiple(raw, zeros) {
        zeros = zeros.saturating_sub(1);
    }
    zeros
}
