//! Protection and orders by the letter of SPEC section 18: every step looks at every position and
//! every order, nothing is kept in order. It knows prices only, no money, and hedging accounts with
//! margin enough; its numbers are raw.

use portfolio_core::event::{Path, Side};

/// What protects a position or an order.
#[derive(Debug, Clone, PartialEq, Default)]
pub(crate) struct Guard {
    /// 0 = none, as all levels here.
    pub(crate) stop: i128,
    pub(crate) take: i128,
    pub(crate) trailing: i128,
    pub(crate) break_even: Option<(i128, i128)>,
    pub(crate) targets: Vec<(i128, i128)>,
    pub(crate) exit: Option<i64>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Held {
    pub(crate) id: u64,
    pub(crate) symbol: usize,
    pub(crate) side: Side,
    pub(crate) size: i128,
    pub(crate) entry: i128,
    pub(crate) reason: &'static str,
    pub(crate) guard: Guard,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Market,
    Limit,
    Stop,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Resting {
    pub(crate) id: u64,
    pub(crate) symbol: usize,
    pub(crate) side: Side,
    pub(crate) kind: Kind,
    pub(crate) price: i128,
    pub(crate) size: i128,
    pub(crate) expiry: Option<i64>,
    pub(crate) group: u8,
    pub(crate) guard: Guard,
}

/// A bar: prices of the bid.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Prices {
    pub(crate) symbol: usize,
    pub(crate) open: i128,
    pub(crate) high: i128,
    pub(crate) low: i128,
    pub(crate) close: i128,
    pub(crate) spread: i128,
}

/// What happened, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Happened {
    Closed(u64, i128, i128, &'static str),
    Filled(u64, u64, i128),
    Gone(u64, &'static str),
}

#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub(crate) positions: Vec<Held>,
    pub(crate) orders: Vec<Resting>,
    pub(crate) happened: Vec<Happened>,
    pub(crate) next_position: u64,
    pub(crate) ambiguous: u64,
    entered: Vec<u64>,
}

fn is_long(side: Side) -> bool {
    side == Side::Long
}

impl Prices {
    /// A price of the bid as a position or the other side's order sees it.
    fn shown(&self, side: Side, bid: i128) -> i128 {
        if is_long(side) { bid } else { bid + self.spread }
    }

    fn reaches(&self, side: Side, level: i128) -> bool {
        level != 0 && self.shown(side, self.low) <= level && level <= self.shown(side, self.high)
    }
}

impl Held {
    /// A stop that a price is at or beyond.
    fn stopped_at(&self, price: i128) -> bool {
        let stop = self.guard.stop;
        stop != 0 && if is_long(self.side) { price <= stop } else { price >= stop }
    }

    fn takes_at(&self, level: i128, price: i128) -> bool {
        level != 0 && if is_long(self.side) { price >= level } else { price <= level }
    }

    fn is_nearer(&self, stop: i128) -> bool {
        let now = self.guard.stop;
        stop > 0 && (now == 0 || if is_long(self.side) { stop > now } else { stop < now })
    }

    pub(crate) fn trail_from(&mut self, price: i128) {
        let distance = self.guard.trailing;
        let stop = if is_long(self.side) { price - distance } else { price + distance };
        if distance != 0 && self.is_nearer(stop) {
            (self.guard.stop, self.reason) = (stop, "trailing_stop");
        }
    }

    /// The targets and then the take profit that hold, nearest first: the place of a target.
    fn takes(&self, holds: impl Fn(i128) -> bool) -> Vec<(i128, Option<usize>)> {
        let targets = self.guard.targets.iter().enumerate();
        let mut takes: Vec<(i128, Option<usize>)> =
            targets.filter(|(_, t)| holds(t.0)).map(|(n, t)| (t.0, Some(n))).collect();
        takes.sort_by_key(|&(level, _)| if is_long(self.side) { level } else { -level });
        if self.guard.take != 0 && holds(self.guard.take) {
            takes.push((self.guard.take, None));
        }
        takes
    }
}

impl Scan {
    fn ids(&self, symbol: usize) -> Vec<u64> {
        let mut ids: Vec<u64> =
            self.positions.iter().filter(|p| p.symbol == symbol).map(|p| p.id).collect();
        ids.sort_unstable();
        ids
    }

    fn held(&self, id: u64) -> Option<Held> {
        self.positions.iter().find(|position| position.id == id).cloned()
    }

    fn close(&mut self, id: u64, size: i128, price: i128, reason: &'static str) {
        let held = self.positions.iter_mut().find(|position| position.id == id).unwrap();
        let size = size.min(held.size);
        held.size -= size;
        self.happened.push(Happened::Closed(id, size, price, reason));
        self.positions.retain(|position| position.size > 0);
    }

    fn stop(&mut self, id: u64, price: i128) {
        if let Some(held) = self.held(id) {
            self.close(id, held.size, price, held.reason);
        }
    }

    /// Takes whatever holds, at its own level or all at one price.
    fn take(&mut self, id: u64, at: Option<i128>, holds: impl Fn(i128) -> bool) {
        while let Some(held) = self.held(id) {
            let Some(&(level, target)) = held.takes(&holds).first() else { return };
            self.take_one(&held, target, at.unwrap_or(level));
        }
    }

    fn take_one(&mut self, held: &Held, target: Option<usize>, price: i128) {
        match target {
            None => self.close(held.id, held.size, price, "take_profit"),
            Some(place) => {
                let own = self.positions.iter_mut().find(|p| p.id == held.id).unwrap();
                let (_, size) = own.guard.targets.remove(place);
                self.close(held.id, size, price, "target");
            }
        }
    }

    fn drop(&mut self, id: u64, why: &'static str) {
        self.orders.retain(|order| order.id != id);
        self.happened.push(Happened::Gone(id, why));
    }

    /// Fills an order, unless it is gone, and answers its position.
    fn fill(&mut self, id: u64, price: i128) -> Option<u64> {
        let order = self.orders.iter().find(|order| order.id == id)?.clone();
        self.next_position += 1;
        let position = self.next_position;
        let guard = order.guard.clone();
        let (symbol, side, size) = (order.symbol, order.side, order.size);
        let reason = "stop_loss";
        let mut held = Held { id: position, symbol, side, size, entry: price, reason, guard };
        held.trail_from(price);
        self.positions.push(held);
        self.orders.retain(|order| order.id != id);
        self.happened.push(Happened::Filled(id, position, price));
        if order.group != 0 {
            let mut group: Vec<u64> =
                self.orders.iter().filter(|o| o.group == order.group).map(|o| o.id).collect();
            group.sort_unstable();
            for id in group {
                self.drop(id, "oco");
            }
        }
        Some(position)
    }

    fn expire(&mut self, bars: &[Prices], old: impl Fn(i64) -> bool) {
        for bar in bars {
            let gone = self.orders.iter().filter(|o| o.symbol == bar.symbol);
            let mut gone: Vec<u64> =
                gone.filter(|o| o.expiry.is_some_and(&old)).map(|o| o.id).collect();
            gone.sort_unstable();
            for id in gone {
                self.drop(id, "expired");
            }
        }
    }

    pub(crate) fn bar(&mut self, time: i64, path: Path, bars: &[Prices]) {
        self.entered.clear();
        self.expire(bars, |expiry| expiry < time);
        for bar in bars {
            self.open(bar, time);
        }
        if matches!(path, Path::Ohlc | Path::Olhc) {
            for bar in bars {
                self.walk(bar, path);
            }
        } else {
            for bar in bars {
                self.step_1(bar, path);
            }
            for bar in bars {
                self.step_2(bar, path);
            }
        }
        for bar in bars {
            self.step_3(bar);
        }
        self.expire(bars, |expiry| expiry <= time);
    }

    pub(crate) fn quotes(&mut self, time: i64, bars: &[Prices]) {
        self.entered.clear();
        self.expire(bars, |expiry| expiry < time);
        for bar in bars {
            self.open(bar, time);
        }
        for bar in bars {
            self.step_3(bar);
        }
        self.expire(bars, |expiry| expiry <= time);
    }

    fn open(&mut self, bar: &Prices, time: i64) {
        for id in self.ids(bar.symbol) {
            let held = self.held(id).unwrap();
            if held.guard.exit.is_some_and(|exit| exit <= time) {
                self.close(id, held.size, bar.shown(held.side, bar.open), "time_exit");
            }
        }
        self.exits_at_open(bar);
        let mut orders: Vec<Resting> =
            self.orders.iter().filter(|order| order.symbol == bar.symbol).cloned().collect();
        orders.sort_by_key(|order| order.id);
        for order in orders {
            let buys = is_long(order.side);
            let price = if buys { bar.open + bar.spread } else { bar.open };
            let filled = match order.kind {
                Kind::Market => true,
                Kind::Limit => {
                    if buys {
                        price <= order.price
                    } else {
                        price >= order.price
                    }
                }
                Kind::Stop => {
                    if buys {
                        price >= order.price
                    } else {
                        price <= order.price
                    }
                }
            };
            if filled {
                self.fill(order.id, price);
            }
        }
        self.exits_at_open(bar);
    }

    fn exits_at_open(&mut self, bar: &Prices) {
        for id in self.ids(bar.symbol) {
            let held = self.held(id).unwrap();
            let price = bar.shown(held.side, bar.open);
            if held.stopped_at(price) {
                self.stop(id, price);
            }
        }
        for id in self.ids(bar.symbol) {
            let held = self.held(id).unwrap();
            let price = bar.shown(held.side, bar.open);
            self.take(id, Some(price), |level| held.takes_at(level, price));
        }
    }

    fn step_1(&mut self, bar: &Prices, path: Path) {
        let ids = self.ids(bar.symbol);
        let stops = |held: &Held| bar.reaches(held.side, held.guard.stop);
        let takes = |held: &Held| !held.takes(|level| bar.reaches(held.side, level)).is_empty();
        let all: Vec<Held> = ids.iter().map(|&id| self.held(id).unwrap()).collect();
        let both = all.iter().filter(|held| stops(held) && takes(held)).count();
        self.ambiguous += u64::try_from(both).unwrap();
        for round in [path == Path::Pessimistic, path != Path::Pessimistic] {
            for held in &all {
                if round && stops(held) {
                    self.stop(held.id, held.guard.stop);
                } else if !round {
                    self.take(held.id, None, |level| bar.reaches(held.side, level));
                }
            }
        }
    }

    fn step_2(&mut self, bar: &Prices, path: Path) {
        let other = |side: Side| side.other();
        let reached = self.orders.iter().filter(|order| {
            order.symbol == bar.symbol && bar.reaches(other(order.side), order.price)
        });
        let mut reached: Vec<(i128, u64)> =
            reached.map(|o| ((o.price - bar.shown(other(o.side), bar.open)).abs(), o.id)).collect();
        reached.sort_unstable();
        for (_, id) in reached {
            let Some(order) = self.orders.iter().find(|order| order.id == id) else { continue };
            let price = order.price;
            let Some(position) = self.fill(id, price) else { continue };
            self.entered.push(position);
            let held = self.held(position).unwrap();
            let stop = bar.reaches(held.side, held.guard.stop);
            let take = !held.takes(|level| bar.reaches(held.side, level)).is_empty();
            self.ambiguous += u64::from(stop || take);
            if path == Path::Pessimistic && stop {
                self.stop(position, held.guard.stop);
            } else if path == Path::Optimistic {
                self.take(position, None, |level| bar.reaches(held.side, level));
            }
        }
    }

    fn walk(&mut self, bar: &Prices, path: Path) {
        let ends = if path == Path::Ohlc { [bar.high, bar.low] } else { [bar.low, bar.high] };
        let stations = [bar.open, ends[0], ends[1], bar.close];
        let first = path == Path::Ohlc;
        for (pair, rising) in stations.windows(2).zip([first, !first, first]) {
            let mut at = pair[0];
            while let Some((level, what, id)) = self.next(bar, at, pair[1], rising) {
                at = level;
                let held = self.held(id);
                match (what, held) {
                    (0, Some(held)) => self.stop(id, held.guard.stop),
                    (1, Some(held)) => {
                        let price = bar.shown(held.side, level);
                        let (_, target) = held.takes(|take| take == price)[0];
                        self.take_one(&held, target, price);
                    }
                    _ => {
                        let price = self.orders.iter().find(|o| o.id == id).unwrap().price;
                        let position = self.fill(id, price);
                        self.entered.extend(position);
                    }
                }
            }
        }
    }

    /// The next thing on a leg: its level of the bid, its class, its number.
    fn next(&self, bar: &Prices, from: i128, to: i128, rising: bool) -> Option<(i128, u8, u64)> {
        let mut things: Vec<(i128, u8, u64)> = Vec::new();
        for held in self.positions.iter().filter(|held| held.symbol == bar.symbol) {
            let shift = bar.shown(held.side, 0);
            let gains = is_long(held.side) == rising;
            if !gains && held.guard.stop != 0 {
                things.push((held.guard.stop - shift, 0, held.id));
            }
            let takes = held.takes(|_| gains).into_iter();
            things.extend(takes.map(|(level, _)| (level - shift, 1, held.id)));
        }
        for order in self.orders.iter().filter(|order| order.symbol == bar.symbol) {
            let shift = bar.shown(order.side.other(), 0);
            let class = match order.kind {
                Kind::Stop if is_long(order.side) == rising => 2,
                Kind::Limit if is_long(order.side) != rising => 3,
                _ => continue,
            };
            things.push((order.price - shift, class, order.id));
        }
        let ahead = |level: i128| {
            if rising { (from..=to).contains(&level) } else { (to..=from).contains(&level) }
        };
        things.retain(|&(level, ..)| ahead(level));
        things
            .into_iter()
            .min_by_key(|&(level, class, id)| (if rising { level } else { -level }, class, id))
    }

    fn step_3(&mut self, bar: &Prices) {
        for id in self.ids(bar.symbol) {
            if self.entered.contains(&id) {
                continue;
            }
            let held = self.positions.iter_mut().find(|position| position.id == id).unwrap();
            let long = is_long(held.side);
            let extreme = if long { bar.high } else { bar.low + bar.spread };
            held.trail_from(extreme);
            let Some((trigger, offset)) = held.guard.break_even else { continue };
            let sign = if long { 1 } else { -1 };
            if (extreme - held.entry) * sign >= trigger {
                held.guard.break_even = None;
                let stop = held.entry + sign * offset;
                if held.is_nearer(stop) {
                    (held.guard.stop, held.reason) = (stop, "break_even");
                }
            }
        }
    }
}
