//! What waits for the market of one symbol, in the order in which the market reaches it.
//!
//! The index is a function of positions and orders: it is built at the first bar or quote of a
//! symbol and then follows each change. A bar asks four numbers whether anything is in reach, and
//! finds what is by its level; what is out of reach costs nothing.

use std::collections::BTreeSet;

use hashbrown::HashMap;

use super::Order;
use super::levels::Levels;
use crate::event::{OrderKind, Side};
use crate::numbers::{Price, Size};
use crate::positions::Position;
use crate::protection::Protected;

/// What a position waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Waiting {
    side: Side,
    /// Raw; nothing without.
    stop: Option<i128>,
    take_profit: Option<i128>,
    targets: Vec<i128>,
    /// The extreme beyond which the stop follows.
    follows: Option<i128>,
    /// The extreme at which the stop moves to the entry.
    breaks_even: Option<i128>,
    exit: Option<i64>,
}

impl Waiting {
    /// What a position waits for; nothing when it has no level at all.
    fn of(position: &Position, protected: Option<&Protected>) -> Option<Self> {
        let level = |price: Price| Some(price.raw()).filter(|&raw| raw != 0);
        let (stop, take_profit) = (level(position.stop_loss), level(position.take_profit));
        let side = position.side;
        let mut waiting = Self {
            side,
            stop,
            take_profit,
            targets: Vec::new(),
            follows: None,
            breaks_even: None,
            exit: None,
        };
        if let Some(protected) = protected {
            waiting.targets = protected.targets.iter().map(|target| target.price.raw()).collect();
            waiting.exit = protected.exit_time;
            waiting.follows = protected.trailing.map(|distance| match (stop, side) {
                (Some(stop), Side::Long) => stop.saturating_add(distance.raw()),
                (Some(stop), Side::Short) => stop.saturating_sub(distance.raw()),
                (None, Side::Long) => i128::MIN,
                (None, Side::Short) => i128::MAX,
            });
            let entry = position.entry_price.raw();
            waiting.breaks_even = protected.break_even.map(|break_even| match side {
                Side::Long => entry.saturating_add(break_even.trigger.raw()),
                Side::Short => entry.saturating_sub(break_even.trigger.raw()),
            });
        }
        (stop.is_some() || take_profit.is_some() || protected.is_some()).then_some(waiting)
    }
}

/// What positions of one side wait for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Protecting {
    /// Stops.
    pub(crate) stops: Levels,
    /// Take profits and targets.
    pub(crate) takes: Levels,
    /// Extremes beyond which a stop follows.
    pub(crate) follows: Levels,
    /// Extremes at which a stop moves to the entry.
    pub(crate) breaks_even: Levels,
}

/// Orders of one side.
#[derive(Debug, Clone, Default)]
pub(crate) struct Entering {
    /// Limit orders.
    pub(crate) limits: Levels,
    /// Stop orders.
    pub(crate) stops: Levels,
}

/// The nearest of everything.
#[derive(Debug, Clone, Copy)]
struct Nearest {
    /// The highest level that a falling bid reaches, and so on.
    bid_below: i128,
    bid_above: i128,
    ask_below: i128,
    ask_above: i128,
    /// The first moment at which something happens whatever the market does.
    time: i64,
}

/// What a bar may reach, raw: bid and ask from their lowest to their highest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reach {
    /// Lowest and highest bid.
    pub(crate) bid: (i128, i128),
    /// Lowest and highest ask.
    pub(crate) ask: (i128, i128),
}

impl Reach {
    /// The range of the price at which a position of a side is closed.
    pub(crate) const fn closing(&self, side: Side) -> (i128, i128) {
        match side {
            Side::Long => self.bid,
            Side::Short => self.ask,
        }
    }

    /// The range of the price at which an order of a side is filled.
    pub(crate) const fn opening(&self, side: Side) -> (i128, i128) {
        self.closing(side.other())
    }
}

/// The index of one symbol.
#[derive(Debug, Clone)]
pub(crate) struct Triggers {
    pub(crate) longs: Protecting,
    pub(crate) shorts: Protecting,
    pub(crate) buys: Entering,
    pub(crate) sells: Entering,
    /// Market orders.
    pub(crate) markets: BTreeSet<u64>,
    /// All resting orders.
    pub(crate) resting: BTreeSet<u64>,
    /// All open positions, whether they wait for something or not.
    pub(crate) held: BTreeSet<u64>,
    /// Positions by exit time.
    exits: BTreeSet<(i64, u64)>,
    /// Orders by expiry.
    expiries: BTreeSet<(i64, u64)>,
    waiting: HashMap<u64, Waiting>,
    /// Nothing after a change.
    nearest: Option<Nearest>,
}

impl Triggers {
    pub(super) fn new() -> Self {
        Self {
            longs: Protecting::default(),
            shorts: Protecting::default(),
            buys: Entering::default(),
            sells: Entering::default(),
            markets: BTreeSet::new(),
            resting: BTreeSet::new(),
            held: BTreeSet::new(),
            exits: BTreeSet::new(),
            expiries: BTreeSet::new(),
            waiting: HashMap::new(),
            nearest: None,
        }
    }

    /// What positions of a side wait for.
    pub(crate) const fn protecting(&self, side: Side) -> &Protecting {
        match side {
            Side::Long => &self.longs,
            Side::Short => &self.shorts,
        }
    }

    /// Orders of a side.
    pub(crate) const fn entering(&self, side: Side) -> &Entering {
        match side {
            Side::Long => &self.buys,
            Side::Short => &self.sells,
        }
    }

    /// Whether nothing happens in a bar at all.
    #[inline]
    pub(crate) fn is_quiet(&mut self, reach: &Reach, time: i64) -> bool {
        let nearest = match &self.nearest {
            Some(nearest) => nearest,
            None => self.nearest.insert(self.find_nearest()),
        };
        reach.bid.0 > nearest.bid_below
            && reach.bid.1 < nearest.bid_above
            && reach.ask.0 > nearest.ask_below
            && reach.ask.1 < nearest.ask_above
            && time < nearest.time
    }

    fn find_nearest(&self) -> Nearest {
        let below = |levels: [&Levels; 2]| {
            levels.into_iter().filter_map(Levels::highest).max().unwrap_or(i128::MIN)
        };
        let above = |levels: [&Levels; 2]| {
            levels.into_iter().filter_map(Levels::lowest).min().unwrap_or(i128::MAX)
        };
        // A stop follows beyond its level, everything else happens at it.
        let (longs, shorts) = (&self.longs, &self.shorts);
        let rises = longs.follows.lowest().map_or(i128::MAX, |level| level.saturating_add(1));
        let falls = shorts.follows.highest().map_or(i128::MIN, |level| level.saturating_sub(1));
        let rises = longs.breaks_even.lowest().map_or(rises, |level| level.min(rises));
        let falls = shorts.breaks_even.highest().map_or(falls, |level| level.max(falls));
        let exit = self.exits.first().map_or(i64::MAX, |&(time, _)| time);
        let expiry = self.expiries.first().map_or(i64::MAX, |&(time, _)| time);
        let time = if self.markets.is_empty() { exit.min(expiry) } else { i64::MIN };
        Nearest {
            bid_below: below([&longs.stops, &self.sells.stops]),
            bid_above: above([&longs.takes, &self.sells.limits]).min(rises),
            ask_below: below([&shorts.takes, &self.buys.limits]).max(falls),
            ask_above: above([&shorts.stops, &self.buys.stops]),
            time,
        }
    }

    /// Positions with an exit time up to a moment, by number.
    pub(crate) fn exits_until(&self, time: i64) -> Vec<u64> {
        by_number(self.exits.range(..=(time, u64::MAX)))
    }

    /// Orders with an expiry before a moment, by number.
    pub(crate) fn expired_before(&self, time: i64) -> Vec<u64> {
        by_number(self.expiries.range(..(time, 0)))
    }

    /// Orders with an expiry up to a moment, by number.
    pub(crate) fn expired_until(&self, time: i64) -> Vec<u64> {
        by_number(self.expiries.range(..=(time, u64::MAX)))
    }

    /// Brings up to date what a position waits for; nothing when it is no longer open.
    pub(super) fn follow(&mut self, id: u64, position: Option<(&Position, Option<&Protected>)>) {
        if position.is_some() {
            self.held.insert(id);
        } else {
            self.held.remove(&id);
        }
        let now = position.and_then(|(position, protected)| Waiting::of(position, protected));
        if self.waiting.get(&id) == now.as_ref() {
            return;
        }
        self.nearest = None;
        if let Some(before) = self.waiting.remove(&id) {
            self.each(&before, id, Levels::remove);
            if let Some(exit) = before.exit {
                self.exits.remove(&(exit, id));
            }
        }
        if let Some(now) = now {
            self.each(&now, id, Levels::insert);
            if let Some(exit) = now.exit {
                self.exits.insert((exit, id));
            }
            self.waiting.insert(id, now);
        }
    }

    fn each(&mut self, waiting: &Waiting, id: u64, act: fn(&mut Levels, i128, u64)) {
        let side = match waiting.side {
            Side::Long => &mut self.longs,
            Side::Short => &mut self.shorts,
        };
        waiting.stop.into_iter().for_each(|level| act(&mut side.stops, level, id));
        let takes = waiting.take_profit.iter().chain(&waiting.targets);
        takes.for_each(|&level| act(&mut side.takes, level, id));
        waiting.follows.into_iter().for_each(|level| act(&mut side.follows, level, id));
        waiting.breaks_even.into_iter().for_each(|level| act(&mut side.breaks_even, level, id));
    }

    /// An order rests.
    pub(super) fn enter(&mut self, order: &Order) {
        self.nearest = None;
        self.resting.insert(order.order_id);
        if let Some(expiry) = order.expiry {
            self.expiries.insert((expiry, order.order_id));
        }
        match self.levels_of(order) {
            Some((levels, level)) => levels.insert(level, order.order_id),
            None => {
                self.markets.insert(order.order_id);
            }
        }
    }

    /// An order is gone.
    pub(super) fn leave(&mut self, order: &Order) {
        self.nearest = None;
        self.resting.remove(&order.order_id);
        if let Some(expiry) = order.expiry {
            self.expiries.remove(&(expiry, order.order_id));
        }
        match self.levels_of(order) {
            Some((levels, level)) => levels.remove(level, order.order_id),
            None => {
                self.markets.remove(&order.order_id);
            }
        }
    }

    fn levels_of(&mut self, order: &Order) -> Option<(&mut Levels, i128)> {
        let side = match order.side {
            Side::Long => &mut self.buys,
            Side::Short => &mut self.sells,
        };
        match order.kind {
            OrderKind::Market => None,
            OrderKind::Limit(price) => Some((&mut side.limits, price.raw())),
            OrderKind::Stop(price) => Some((&mut side.stops, price.raw())),
        }
    }
}

#[cfg(test)]
impl Triggers {
    /// All levels in order, to compare two.
    pub(super) fn keys(&self) -> String {
        let (longs, shorts, buys, sells) = (&self.longs, &self.shorts, &self.buys, &self.sells);
        let rest = (&self.markets, &self.exits, &self.expiries, &self.resting, &self.held);
        format!("{longs:?} {shorts:?} {buys:?} {sells:?} {rest:?}")
    }
}

fn by_number<'a>(keys: impl Iterator<Item = &'a (i64, u64)>) -> Vec<u64> {
    let mut numbers: Vec<u64> = keys.map(|&(_, number)| number).collect();
    numbers.sort_unstable();
    numbers
}

/// A part of a position to be closed at a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Take {
    /// Where.
    pub(crate) price: Price,
    /// How much; everything at the take profit.
    pub(crate) size: Option<Size>,
    /// Which of the targets.
    pub(crate) target: Option<usize>,
}

/// The targets and the take profit of a position within a range of prices, the nearest first; of
/// equal prices targets in their order, then the take profit.
pub(crate) fn takes_within(
    position: &Position,
    protected: Option<&Protected>,
    (low, high): (i128, i128),
) -> Vec<Take> {
    let reached = |price: Price| !price.is_zero() && (low..=high).contains(&price.raw());
    let targets = protected.map_or(&[][..], |protected| &protected.targets);
    let take = |(place, target): (usize, &crate::event::Target)| Take {
        price: target.price,
        size: Some(target.size),
        target: Some(place),
    };
    let reached_targets = targets.iter().enumerate().filter(|(_, target)| reached(target.price));
    let mut takes: Vec<Take> = reached_targets.map(take).collect();
    if reached(position.take_profit) {
        takes.push(Take { price: position.take_profit, size: None, target: None });
    }
    match position.side {
        Side::Long => takes.sort_by_key(|take| take.price),
        Side::Short => takes.sort_by_key(|take| std::cmp::Reverse(take.price)),
    }
    takes
}
