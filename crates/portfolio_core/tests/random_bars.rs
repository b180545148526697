//! Random protection, orders, bars and quotes: the ledger, which finds what is in reach by an
//! index, against a scan of everything.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod cells;
#[expect(dead_code, reason = "each test uses its part")]
mod example;
mod full_disk;
#[expect(dead_code, reason = "each test uses its part")]
mod market;
mod random;
mod scan;

use std::collections::BTreeMap;

use full_disk::apply_after_a_full_disk;
use market::{account, activity};
use portfolio_core::event::{
    Bar, Bars, BreakEven, CancelOrder, Event, Marks, Open, OrderKind, Path, PlaceOrder, Protection,
    Quote, Side, Target,
};
use portfolio_core::ledger::Ledger;
use portfolio_core::numbers::{Price, Size};
use random::Random;
use scan::{Guard, Happened, Held, Kind, Prices, Resting, Scan};

const SYMBOLS: [&str; 2] = ["ACME", "BETA"];
const PATHS: [Path; 4] = [Path::Pessimistic, Path::Optimistic, Path::Ohlc, Path::Olhc];
const CENT: i128 = 10_000_000;
const TENTH: i128 = 100_000_000;

/// Applies an event, once a journal has refused it.
fn apply(ledger: &mut Ledger, event: &Event<'_>) {
    apply_after_a_full_disk(ledger, event).unwrap();
}

fn price(raw: i128) -> Price {
    Price::from_raw(raw).unwrap()
}

fn level(raw: i128) -> Option<Price> {
    (raw != 0).then(|| price(raw))
}

/// A run of one ledger and one scan.
struct Trial {
    random: Random,
    ledger: Ledger,
    scan: Scan,
    /// The last price of each symbol.
    last: [i128; 2],
    time: i64,
    /// Rows that were compared already.
    compared: usize,
}

impl Trial {
    fn new(seed: u64) -> Self {
        let (ledger, scan) = (account(), Scan::default());
        let last = [10_000 * CENT; 2];
        Self { random: Random(seed), ledger, scan, last, time: 10, compared: 0 }
    }

    fn below(&mut self, bound: u64) -> i128 {
        i128::from(self.random.below(bound))
    }

    fn one_in(&mut self, many: u64) -> bool {
        self.random.below(many) == 0
    }

    /// Protection of an entry at a price, in steps of a quarter so that levels meet.
    fn guard(&mut self, side: Side, entry: i128, size: i128) -> Guard {
        let sign = if side == Side::Long { 1 } else { -1 };
        let step = |trial: &mut Self, most: u64| (1 + trial.below(most)) * 25 * CENT;
        let mut guard = Guard::default();
        if !self.one_in(3) {
            guard.stop = entry - sign * step(self, 12);
        }
        let mut far = 0;
        if self.one_in(3) {
            let count = 1 + self.below(3);
            for _ in 0..count {
                let away = step(self, 12);
                far = far.max(away);
                guard.targets.push((entry + sign * away, size / 4 / TENTH * TENTH));
            }
            guard.targets.retain(|&(_, part)| part > 0);
        }
        if self.one_in(2) {
            guard.take = entry + sign * (far + step(self, 12));
        }
        if self.one_in(4) {
            guard.trailing = step(self, 12);
        }
        if self.one_in(4) {
            let trigger = step(self, 8);
            guard.break_even = Some((trigger, trigger - 25 * CENT));
        }
        if self.one_in(8) {
            guard.exit = Some(self.time + i64::try_from(self.below(10)).unwrap());
        }
        guard
    }

    fn with(guard: &Guard, act: impl FnOnce(Protection<'_>)) {
        let target = |&(at, part): &(i128, i128)| Target {
            price: price(at),
            size: Size::from_raw(part).unwrap(),
        };
        let targets: Vec<Target> = guard.targets.iter().map(target).collect();
        let even = |(trigger, offset)| BreakEven { trigger: price(trigger), offset: price(offset) };
        act(Protection {
            trailing: level(guard.trailing),
            break_even: guard.break_even.map(even),
            targets: &targets,
            exit_time: guard.exit,
        });
    }

    fn side(&mut self) -> Side {
        if self.one_in(2) { Side::Long } else { Side::Short }
    }

    fn open(&mut self) {
        let (symbol, side) = (usize::try_from(self.below(2)).unwrap(), self.side());
        let size = (1 + self.below(20)) * TENTH;
        let entry = self.last[symbol];
        let guard = self.guard(side, entry, size);
        let (ledger, time) = (&mut self.ledger, self.time);
        Self::with(&guard, |protection| {
            let open = Open {
                symbol: SYMBOLS[symbol],
                side,
                size: Size::from_raw(size).unwrap(),
                price: price(entry),
                time,
                stop_loss: level(guard.stop),
                take_profit: level(guard.take),
                protection,
                ..example::open()
            };
            apply(ledger, &Event::Open(open));
        });
        self.scan.next_position += 1;
        let id = self.scan.next_position;
        let reason = "stop_loss";
        let mut held = Held { id, symbol, side, size, entry, reason, guard };
        held.trail_from(entry);
        self.scan.positions.push(held);
    }

    fn place(&mut self) {
        let (symbol, side) = (usize::try_from(self.below(2)).unwrap(), self.side());
        let size = (1 + self.below(20)) * TENTH;
        let away = self.below(12) * 25 * CENT;
        let (kind, up) = match self.below(5) {
            0 => (Kind::Market, false),
            1 | 2 => (Kind::Limit, side == Side::Short),
            _ => (Kind::Stop, side == Side::Long),
        };
        let quoted = self.ledger.book(SYMBOLS[symbol]).unwrap();
        let market = if side == Side::Long { quoted.ask.raw() } else { quoted.bid.raw() };
        let market = if market == 0 { self.last[symbol] } else { market };
        let at = if up { market + away } else { market - away };
        let guard = self.guard(side, at, size);
        let expiry = self.one_in(4).then(|| self.time + i64::try_from(self.below(8)).unwrap());
        let group = if self.one_in(3) { u8::try_from(1 + self.below(3)).unwrap() } else { 0 };
        let kind_of = match kind {
            Kind::Market => OrderKind::Market,
            Kind::Limit => OrderKind::Limit(price(at)),
            Kind::Stop => OrderKind::Stop(price(at)),
        };
        let (oco, time) = (["", "a", "b", "a longer name"][usize::from(group)], self.time);
        let ledger = &mut self.ledger;
        Self::with(&guard, |protection| {
            let order = PlaceOrder {
                symbol: SYMBOLS[symbol],
                side,
                size: Size::from_raw(size).unwrap(),
                time,
                kind: kind_of,
                expiry,
                oco,
                stop_loss: level(guard.stop),
                take_profit: level(guard.take),
                protection,
                tag: "",
            };
            apply(ledger, &Event::PlaceOrder(order));
        });
        let id = self.ledger.orders_resting().last().unwrap().order_id;
        let price = if kind == Kind::Market { 0 } else { at };
        self.scan.orders.push(Resting {
            id,
            symbol,
            side,
            kind,
            price,
            size,
            expiry,
            group,
            guard,
        });
    }

    fn cancel(&mut self) {
        let count = u64::try_from(self.scan.orders.len()).unwrap();
        if count > 0 {
            let place = usize::try_from(self.below(count)).unwrap();
            let order = self.scan.orders.remove(place);
            let cancel = CancelOrder { order_id: order.id, time: self.time };
            apply(&mut self.ledger, &Event::CancelOrder(cancel));
        }
    }

    fn prices(&mut self, symbol: usize) -> Prices {
        let step = |trial: &mut Self, most: u64| trial.below(most) * 25 * CENT;
        let gap = step(self, 5) - 50 * CENT;
        let open = self.last[symbol] + gap;
        let high = open + step(self, 10);
        let low = open - step(self, 10);
        let close = low + self.below(u64::try_from((high - low) / CENT + 1).unwrap()) * CENT;
        let spread = self.below(3) * 25 * CENT;
        // The market does not leave the place where the levels are.
        let home = (10_000 * CENT - close) / 8 / CENT * CENT;
        self.last[symbol] = close + home;
        Prices { symbol, open, high, low, close, spread }
    }

    fn bar(&mut self) {
        self.time += 1;
        let path = PATHS[usize::try_from(self.below(4)).unwrap()];
        let mut symbols = vec![usize::try_from(self.below(2)).unwrap()];
        if self.one_in(3) {
            symbols.push(1 - symbols[0]);
        }
        let bars: Vec<Prices> = symbols.into_iter().map(|symbol| self.prices(symbol)).collect();
        if self.one_in(4) {
            return self.quotes(&bars);
        }
        let shown: Vec<Bar<'_>> = bars
            .iter()
            .map(|bar| Bar {
                symbol: SYMBOLS[bar.symbol],
                open: price(bar.open),
                high: price(bar.high),
                low: price(bar.low),
                close: price(bar.close),
                spread: price(bar.spread),
            })
            .collect();
        let event = Bars { time: self.time, path: Some(path), bars: &shown };
        apply(&mut self.ledger, &Event::Bar(event));
        self.scan.bar(self.time, path, &bars);
    }

    fn quotes(&mut self, bars: &[Prices]) {
        let flat = |bar: &Prices| Prices { high: bar.open, low: bar.open, close: bar.open, ..*bar };
        let flat: Vec<Prices> = bars.iter().map(flat).collect();
        let quotes: Vec<Quote<'_>> = flat
            .iter()
            .map(|bar| Quote {
                symbol: SYMBOLS[bar.symbol],
                bid: price(bar.open),
                ask: price(bar.open + bar.spread),
            })
            .collect();
        let event = Marks { time: Some(self.time), quotes: &quotes };
        apply(&mut self.ledger, &Event::Quotes(event));
        self.scan.quotes(self.time, &flat);
    }

    fn compare(&mut self) {
        let closed = market::trades(&self.ledger);
        let mut expected = Vec::new();
        for happened in &self.scan.happened {
            if let Happened::Closed(id, size, at, reason) = happened {
                let size = Size::from_raw(*size).unwrap();
                expected.push(format!("{id} {size} {} {reason}", price(*at)));
            }
        }
        assert_eq!(closed, expected);
        self.compared = closed.len();
        let held: BTreeMap<u64, (i128, i128, i128)> = self
            .ledger
            .positions()
            .rows()
            .iter()
            .map(|row| {
                (row.position_id, (row.size.raw(), row.stop_loss.raw(), row.take_profit.raw()))
            })
            .collect();
        let scanned: BTreeMap<u64, (i128, i128, i128)> = self
            .scan
            .positions
            .iter()
            .map(|held| (held.id, (held.size, held.guard.stop, held.guard.take)))
            .collect();
        assert_eq!(held, scanned);
        let mut resting: Vec<u64> = self.scan.orders.iter().map(|order| order.id).collect();
        resting.sort_unstable();
        let ours: Vec<u64> = self.ledger.orders_resting().map(|order| order.order_id).collect();
        assert_eq!(ours, resting);
        assert_eq!(self.ledger.ambiguous_count(), self.scan.ambiguous);
    }

    /// What became of the orders, in order.
    fn compare_orders(&self) {
        let ours: Vec<String> = activity(&self.ledger)
            .into_iter()
            .filter_map(|line| {
                let words: Vec<&str> = line.split(' ').collect();
                match words[..] {
                    ["filled", order, position, _, at] => {
                        Some(format!("filled {order} {position} {at}"))
                    }
                    ["expired", order, ..] => Some(format!("expired {order}")),
                    ["cancelled", order, .., "oco"] => Some(format!("oco {order}")),
                    _ => None,
                }
            })
            .collect();
        let scanned: Vec<String> = self
            .scan
            .happened
            .iter()
            .filter_map(|happened| match happened {
                Happened::Closed(..) => None,
                Happened::Filled(order, position, at) => {
                    Some(format!("filled {order} {position} {}", price(*at)))
                }
                Happened::Gone(order, why) => Some(format!("{why} {order}")),
            })
            .collect();
        assert_eq!(ours, scanned);
    }
}

#[test]
fn the_index_finds_what_a_scan_finds() {
    let mut closed = 0;
    for seed in 0..60 {
        let mut trial = Trial::new(seed);
        for _ in 0..120 {
            match trial.random.below(10) {
                0..=1 => trial.open(),
                2..=4 => trial.place(),
                5 => trial.cancel(),
                _ => trial.bar(),
            }
            trial.compare();
        }
        trial.compare_orders();
        closed += trial.compared;
        if seed % 10 == 0 {
            trial.ledger.verify().unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
            // The general way of every step leads to the same account.
            let general = trial.ledger.verify_in_full();
            general.unwrap_or_else(|violation| panic!("seed {seed}: {violation}"));
        }
    }
    assert!(closed > 1_500, "{closed} trades are enough to see something");
}
