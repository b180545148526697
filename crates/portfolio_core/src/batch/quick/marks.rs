//! What a price does in a plain run: exits, levels and fills (rules G2, G3, G7 and G8).

use super::events::{Held, Kernel, Waiting};
use super::trades::{Reason, Trade};

/// A moment, and whether it is its close that fills.
type Moment = (usize, bool);

impl Kernel<'_, '_> {
    /// The first of some bars that reaches a level.
    pub(super) fn next_reach(&self, (from, mut to): (usize, usize)) -> Option<usize> {
        let (bars, raw) = (self.terms.bars, &self.terms.raw);
        // A level of an account is far from the limits of 64 bits, or nothing reaches it.
        let raw_of = |price: i64| price.saturating_mul(self.units.price);
        let mut found = None;
        for held in &self.room.held {
            let (below, above) =
                if held.long { (held.stop, held.target) } else { (held.target, held.stop) };
            let side = if held.long { 0 } else { self.spread() };
            if below != 0
                && let price = raw_of(below.saturating_sub(side))
                && let Some(row) = bars.first_low(raw, (from, to), price)
            {
                (found, to) = (Some(row), row);
            }
            if above != 0
                && let price = raw_of(above.saturating_sub(side))
                && let Some(row) = bars.first_high(raw, (from, to), price)
            {
                (found, to) = (Some(row), row);
            }
        }
        found
    }

    /// One bar in which something is filled.
    pub(super) fn bar(&mut self, at: usize) -> Option<()> {
        let bid = self.price(self.terms.raw.open, at)?;
        self.marks((at, false), bid)?;
        if self.guarded > 0 {
            self.levels_in_reach(at)?;
        }
        self.push_span(at)
    }

    /// The close of a bar, where it fills something.
    pub(super) fn quote(&mut self, at: usize) -> Option<()> {
        let bid = self.price(self.terms.raw.close, at)?;
        self.marks((at, true), bid)?;
        self.push_span(at)
    }

    /// Exits, levels, and orders at one price.
    fn marks(&mut self, moment: Moment, bid: i64) -> Option<()> {
        let marks = (bid, bid.checked_add(self.spread())?);
        let exit = |held: &Held| if held.long { marks.0 } else { marks.1 };
        if self.exits == self.room.held.len() {
            // All of them, mostly one.
            for place in 0..self.exits {
                let held = *self.room.held.get(place)?;
                self.leave(&held, moment, exit(&held), Reason::TimeExit)?;
            }
            self.room.held.clear();
        } else if self.exits > 0 {
            self.take_out(moment, |held| held.exits.then_some((exit(held), Reason::TimeExit)))?;
        }
        if self.guarded > 0 {
            self.levels_at(moment, marks, 0)?;
        }
        if self.room.waiting.is_empty() {
            return Some(());
        }
        let before = self.ids;
        let waiting = std::mem::take(&mut self.room.waiting);
        for order in &waiting {
            self.fill(order, moment, marks)?;
        }
        self.room.waiting = waiting;
        self.room.waiting.clear();
        if self.guarded > 0 {
            self.levels_at(moment, marks, before)?;
        }
        Some(())
    }

    /// Stops, then take profits, that the price is beyond or at; of positions above a number.
    fn levels_at(&mut self, moment: Moment, (bid, ask): (i64, i64), above: u64) -> Option<()> {
        self.take_out(moment, |held| {
            let beyond = if held.long { bid <= held.stop } else { ask >= held.stop };
            let price = if held.long { bid } else { ask };
            let due = held.id > above && held.stop != 0 && beyond;
            due.then_some((price, Reason::StopLoss))
        })?;
        self.take_out(moment, |held| {
            let beyond = if held.long { bid >= held.target } else { ask <= held.target };
            let price = if held.long { bid } else { ask };
            let due = held.id > above && held.target != 0 && beyond;
            due.then_some((price, Reason::TakeProfit))
        })
    }

    /// Step 1 of a bar.
    fn levels_in_reach(&mut self, at: usize) -> Option<()> {
        let (raw, spread) = (&self.terms.raw, self.spread());
        let (low, high) = (self.price(raw.low, at)?, self.price(raw.high, at)?);
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
        let moment = (at, false);
        if self.terms.optimistic {
            self.take_out(moment, target)?;
            self.take_out(moment, stop)
        } else {
            self.take_out(moment, stop)?;
            self.take_out(moment, target)
        }
    }

    /// Closes the positions that a rule has a price for, by number.
    #[inline]
    fn take_out(
        &mut self,
        moment: Moment,
        rule: impl Fn(&Held) -> Option<(i64, Reason)>,
    ) -> Option<()> {
        let mut place = 0;
        while let Some(held) = self.room.held.get(place) {
            match rule(held) {
                None => place = place.checked_add(1)?,
                Some((price, reason)) => {
                    let held = *held;
                    // Mostly it is the only one, and nothing moves up.
                    if place.checked_add(1)? == self.room.held.len() {
                        self.room.held.pop();
                    } else {
                        self.room.held.remove(place);
                    }
                    self.leave(&held, moment, price, reason)?;
                }
            }
        }
        Some(())
    }

    /// A market order.
    fn fill(&mut self, order: &Waiting, (at, _): Moment, (bid, ask): (i64, i64)) -> Option<()> {
        if self.terms.netting && !self.room.held.is_empty() {
            return None;
        }
        let Waiting { long, place, size, stop, target } = *order;
        let price = if long { ask } else { bid };
        let cost = self.units.worth(size, price)?;
        let fee = self.units.fee((size, price), false, true)?;
        let after = self.costs.1.checked_add(cost)?;
        let free = self.equity_at(bid)?.checked_sub(fee)?;
        // With leverage the margin is less than the cost; so mostly nothing has to be divided.
        let surely = self.terms.leverage.is_at_least_one() && free >= after;
        if !surely && self.units.raw(free) < self.terms.margin(self.units.raw(after))?.raw() {
            return None;
        }
        self.ids = self.ids.checked_add(1)?;
        self.end.largest = self.end.largest.max(size);
        self.charge(fee)?;
        self.add(long, size, cost)?;
        self.guarded = self.guarded.checked_add(usize::from(stop != 0 || target != 0))?;
        let (id, entry, exits) = (self.ids, at, false);
        let held = Held { id, long, place, size, price, cost, fee, stop, target, entry, exits };
        self.room.held.push(held);
        Some(())
    }

    fn charge(&mut self, fee: i128) -> Option<()> {
        self.end.fees = self.units.sure(self.end.fees.checked_add(fee)?)?;
        self.end.balance = self.units.sure(self.end.balance.checked_sub(fee)?)?;
        Some(())
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

    /// A position is closed.
    fn leave(&mut self, held: &Held, moment: Moment, price: i64, reason: Reason) -> Option<()> {
        let Held { long, size, cost, fee, .. } = *held;
        let worth = self.units.worth(size, price)?;
        let made = reason == Reason::TakeProfit;
        let exit_fee = self.units.fee((size, price), made, false)?;
        let result =
            |worth: i128| if long { worth.checked_sub(cost) } else { cost.checked_sub(worth) };
        let gross = result(worth)?;
        self.end.balance = self.end.balance.checked_add(gross)?;
        self.end.realized = self.units.sure(self.end.realized.checked_add(gross)?)?;
        self.charge(exit_fee)?;
        self.add(long, size.checked_neg()?, cost.checked_neg()?)?;
        self.guarded = self.guarded.checked_sub(usize::from(held.stop != 0 || held.target != 0))?;
        self.exits = self.exits.checked_sub(usize::from(held.exits))?;
        self.end.trades = self.end.trades.checked_add(1)?;
        if !self.tells {
            return Some(());
        }
        let (low, high) = self.extremes(held, moment, price)?;
        let (low, high) = (self.units.worth(size, low)?, self.units.worth(size, high)?);
        let (worst, best) = if long { (low, high) } else { (high, low) };
        self.room.trades.push(Trade {
            position_id: held.id,
            long,
            place: held.place,
            size,
            entry: held.entry,
            exit: moment.0,
            entry_price: held.price,
            exit_price: price,
            stop: held.stop,
            target: held.target,
            reason,
            gross,
            entry_fee: fee,
            exit_fee,
            cost,
            mae: result(worst)?.min(0),
            mfe: result(best)?.max(0),
        });
        Some(())
    }

    /// The lowest and highest price that a position has seen at its close (rules X1 and G8).
    fn extremes(&self, held: &Held, (at, closes): Moment, price: i64) -> Option<(i64, i64)> {
        let (bars, raw) = (self.terms.bars, &self.terms.raw);
        // What is filled at a close sees the next bar first.
        let from = if self.terms.at_close { held.entry.checked_add(1)? } else { held.entry };
        let to = if closes { at.checked_add(1)? } else { at };
        let mut seen = bars.extremes(raw, (from, to));
        if !closes && at > held.entry {
            let open = *raw.open.get(at)?;
            let (low, high) = seen.unwrap_or((open, open));
            seen = Some((low.min(open), high.max(open)));
        }
        let Some((low, high)) = seen else { return Some((price, price)) };
        let side = if held.long { 0 } else { self.spread() };
        let of = |raw: i64| self.in_units(raw).checked_add(side);
        Some((of(low)?.min(price), of(high)?.max(price)))
    }
}
