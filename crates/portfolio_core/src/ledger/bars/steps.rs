//! The steps of a bar (rules G2, G3 and G5).

use super::fills::Exit;
use super::{PlannedBar, Run};
use crate::columns::text::TextView;
use crate::event::{BreakEven, Path, Side};
use crate::ledger::Ledger;
use crate::ledger::stop::Stop;
use crate::numbers::Price;
use crate::orders::{Reach, takes_within};
use crate::positions::{Position, StopKind};
use crate::protection::Protected;

/// Beyond every price.
const END: i128 = i128::MAX;

impl Ledger {
    /// Orders of a symbol that are too old are gone (steps 0 and 4).
    pub(super) fn expire(&mut self, symbol: u32, time: i64, at_time: bool) -> Result<(), Stop> {
        let Some(triggers) = self.orders.triggers(symbol) else { return Ok(()) };
        let expired =
            if at_time { triggers.expired_until(time) } else { triggers.expired_before(time) };
        for order_id in expired {
            if let Some(order) = self.orders.find(order_id).cloned() {
                self.drop_order(&order, TextView::EXPIRED, TextView::EMPTY, time)?;
            }
        }
        Ok(())
    }

    /// What happens at the first price of a bar, or at a quote: (a) to (e) of rule G2.
    pub(super) fn at_open(&mut self, bar: &PlannedBar, time: i64) -> Result<(), Stop> {
        self.time_exits(bar, time)?;
        self.exits_at_open(bar, time)?;
        self.orders_at_open(bar, time)?;
        self.exits_at_open(bar, time)
    }

    fn time_exits(&mut self, bar: &PlannedBar, time: i64) -> Result<(), Stop> {
        let Some(triggers) = self.orders.triggers(bar.symbol) else { return Ok(()) };
        for position_id in triggers.exits_until(time) {
            let Some(position) = self.position(position_id) else { continue };
            let (reason, reference) = (TextView::TIME_EXIT, bar.open_of(position.side));
            let exit = Exit { reason, size: None, reference, maker: false, slips: true };
            self.exit(&position, &exit, time)?;
        }
        Ok(())
    }

    /// Stops, and then take profits and targets, that the open is at or beyond.
    fn exits_at_open(&mut self, bar: &PlannedBar, time: i64) -> Result<(), Stop> {
        let (bid, ask) = (bar.open.raw(), bar.open_of(Side::Short).raw());
        let beyond = Reach { bid: (bid, END), ask: (0, ask) };
        for position_id in self.stops_within(bar.symbol, &beyond) {
            let Some(position) = self.position(position_id) else { continue };
            self.stop(position_id, bar.open_of(position.side), time)?;
        }
        let beyond = Reach { bid: (0, bid), ask: (ask, END) };
        for position_id in self.takes_within(bar.symbol, &beyond) {
            let Some(position) = self.position(position_id) else { continue };
            let (range, at) = (beyond.closing(position.side), bar.open_of(position.side));
            self.take(position_id, range, Some(at), time)?;
        }
        Ok(())
    }

    fn orders_at_open(&mut self, bar: &PlannedBar, time: i64) -> Result<(), Stop> {
        let Some(triggers) = self.orders.triggers(bar.symbol) else { return Ok(()) };
        let (bid, ask) = (bar.open.raw(), bar.open_of(Side::Short).raw());
        let (buys, sells) = (&triggers.buys, &triggers.sells);
        let levels = buys.limits.within(ask, END).chain(buys.stops.within(0, ask));
        let levels = levels.chain(sells.limits.within(0, bid)).chain(sells.stops.within(bid, END));
        let mut orders: Vec<u64> = levels.map(|(_, order_id)| order_id).collect();
        orders.extend(&triggers.markets);
        orders.sort_unstable();
        for order_id in orders {
            let Some(order) = self.orders.find(order_id) else { continue };
            let at = bar.open_of(order.side.other());
            self.fill(order_id, at, time)?;
        }
        Ok(())
    }

    /// Positions whose stop is within a range, by number.
    fn stops_within(&self, symbol: u32, reach: &Reach) -> Vec<u64> {
        self.positions_within(symbol, reach, true)
    }

    /// Positions whose take profit or a target is within a range, by number.
    fn takes_within(&self, symbol: u32, reach: &Reach) -> Vec<u64> {
        self.positions_within(symbol, reach, false)
    }

    fn positions_within(&self, symbol: u32, reach: &Reach, stops: bool) -> Vec<u64> {
        let Some(triggers) = self.orders.triggers(symbol) else { return Vec::new() };
        let mut numbers: Vec<u64> = Vec::new();
        for side in [Side::Long, Side::Short] {
            let protecting = triggers.protecting(side);
            let levels = if stops { &protecting.stops } else { &protecting.takes };
            let (low, high) = reach.closing(side);
            numbers.extend(levels.within(low, high).map(|(_, position_id)| position_id));
        }
        numbers.sort_unstable();
        numbers.dedup();
        numbers
    }

    /// Step 1: stops, take profits and targets in reach, the worse or the better ones first.
    pub(super) fn exits_in_reach(&mut self, bar: &PlannedBar, run: &Run) -> Result<(), Stop> {
        let reach = bar.reach();
        let stops = self.stops_within(bar.symbol, &reach);
        let takes = self.takes_within(bar.symbol, &reach);
        let both = takes.iter().filter(|id| stops.binary_search(id).is_ok()).count();
        let both = u64::try_from(both).unwrap_or(u64::MAX);
        self.orders.ambiguous = self.orders.ambiguous.saturating_add(both);
        if run.path == Path::Pessimistic {
            self.stop_each(&stops, run.time)?;
            return self.take_each(&takes, &reach, run.time);
        }
        self.take_each(&takes, &reach, run.time)?;
        self.stop_each(&stops, run.time)
    }

    fn stop_each(&mut self, positions: &[u64], time: i64) -> Result<(), Stop> {
        for &position_id in positions {
            let Some(position) = self.position(position_id) else { continue };
            self.stop(position_id, position.stop_loss, time)?;
        }
        Ok(())
    }

    fn take_each(&mut self, positions: &[u64], reach: &Reach, time: i64) -> Result<(), Stop> {
        for &position_id in positions {
            let Some(position) = self.position(position_id) else { continue };
            self.take(position_id, reach.closing(position.side), None, time)?;
        }
        Ok(())
    }

    /// Step 2: orders in reach, the nearest to the open first.
    pub(super) fn orders_in_reach(&mut self, bar: &PlannedBar, run: &mut Run) -> Result<(), Stop> {
        let Some(triggers) = self.orders.triggers(bar.symbol) else { return Ok(()) };
        let reach = bar.reach();
        let mut orders: Vec<(u128, u64)> = Vec::new();
        for side in [Side::Long, Side::Short] {
            let (low, high) = reach.opening(side);
            let open = bar.open_of(side.other()).raw();
            let entering = triggers.entering(side);
            let levels = entering.limits.within(low, high);
            let levels = levels.chain(entering.stops.within(low, high));
            orders.extend(levels.map(|(level, id)| (level.abs_diff(open), id)));
        }
        orders.sort_unstable();
        for (_, order_id) in orders {
            let Some(order) = self.orders.find(order_id) else { continue };
            let at = order.price();
            if let Some(position_id) = self.enter_at(order_id, at, run)? {
                self.protect_at_once(position_id, &reach, run)?;
            }
        }
        Ok(())
    }

    /// Fills an order within the bar, and notes a position that is new: its stop does not follow
    /// prices that may have come before it.
    pub(super) fn enter_at(
        &mut self,
        order_id: u64,
        at: Price,
        run: &mut Run,
    ) -> Result<Option<u64>, Stop> {
        let next = self.positions.next_id();
        let filled = self.fill(order_id, at, run.time)?;
        run.entered.extend(filled.filter(|&position_id| position_id == next));
        Ok(filled)
    }

    /// What may happen in its bar to a position that an order has just opened or increased.
    fn protect_at_once(&mut self, position_id: u64, reach: &Reach, run: &Run) -> Result<(), Stop> {
        let Some(position) = self.position(position_id) else { return Ok(()) };
        let range = reach.closing(position.side);
        let stop = position.stop_loss;
        let stopped = stop.is_positive() && (range.0..=range.1).contains(&stop.raw());
        let protected = self.protections.get(position.protection);
        let takes = !takes_within(&position, protected, range).is_empty();
        if stopped || takes {
            self.orders.ambiguous = self.orders.ambiguous.saturating_add(1);
        }
        match run.path {
            Path::Pessimistic if stopped => self.stop(position_id, stop, run.time),
            Path::Optimistic if takes => self.take(position_id, range, None, run.time),
            _ => Ok(()),
        }
    }

    /// Step 3: stops follow the market, and move to the entry.
    pub(super) fn move_stops(&mut self, bar: &PlannedBar, run: &Run) {
        let Some(triggers) = self.orders.triggers(bar.symbol) else { return };
        let (high, low) = (bar.high.raw(), bar.low_ask().raw());
        let (longs, shorts) = (&triggers.longs, &triggers.shorts);
        let follows = longs.follows.within(i128::MIN, high.saturating_sub(1));
        let breaks_even = longs.breaks_even.within(i128::MIN, high);
        let levels = follows.chain(breaks_even);
        let levels = levels.chain(shorts.follows.within(low.saturating_add(1), END));
        let levels = levels.chain(shorts.breaks_even.within(low, END));
        let mut positions: Vec<u64> = levels.map(|(_, position_id)| position_id).collect();
        positions.sort_unstable();
        positions.dedup();
        for position_id in positions {
            if run.entered.binary_search(&position_id).is_err() {
                self.move_stop(position_id, (bar.high, bar.low_ask()));
            }
        }
    }

    fn move_stop(&mut self, position_id: u64, (high, low): (Price, Price)) {
        let Some((row, position)) = self.positions.find(position_id) else { return };
        let Some(protected) = self.protections.get(position.protection) else { return };
        let mut moved = *position;
        let extreme = if moved.side == Side::Long { high } else { low };
        if let Some(distance) = protected.trailing {
            moved.tighten(moved.stop_at(extreme, distance), StopKind::Trailing);
        }
        let reached = protected.break_even.filter(|even| is_reached(even, &moved, extreme));
        if let Some(even) = reached {
            let stop = moved.stop_at(moved.entry_price, even.offset.negated());
            let book = self.book_at(moved.symbol);
            let stop = stop.and_then(|stop| book.map_or(Ok(stop), |book| book.on_tick(stop)));
            moved.tighten(stop, StopKind::BreakEven);
            let left = Protected { break_even: None, ..protected.clone() };
            moved.protection = self.protections.replace(moved.protection, left);
        }
        self.positions.update(row, &moved);
        self.follow(moved.symbol, position_id);
    }
}

/// Whether the market went so far that the stop of a position moves to its entry.
fn is_reached(even: &BreakEven, position: &Position, extreme: Price) -> bool {
    let at = position.stop_at(position.entry_price, even.trigger.negated());
    at.is_ok_and(|at| match position.side {
        Side::Long => extreme >= at,
        Side::Short => extreme <= at,
    })
}
