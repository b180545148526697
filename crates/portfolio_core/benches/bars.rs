//! What a bar costs: one symbol, a thousand resting orders, bars that trigger few of them; items
//! are bars.
//!
//! The digest of the end of a run is printed: two machines that print the same one did the same
//! work.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking and says what it did"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::event::{
    Bar, Bars, Event, Marks, Open, OrderKind, Path, PlaceOrder, Protection, Quote, Side,
};
use portfolio_core::instrument::Instrument;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};
use random::Random;

const BARS: usize = 100_000;
const ORDERS: u64 = 1_000;
const SEED: u64 = 1;
const CENT: i128 = 10_000_000;

fn main() {
    for path in [Path::Pessimistic, Path::Ohlc] {
        let mut ledger = ordered(ORDERS);
        run(&mut ledger, &bars(), path);
        let (fills, digest) = (ledger.positions().rows().len(), ledger.digest().unwrap());
        println!("{path:?}: {BARS} bars, {fills} positions, seed {SEED}, digest {digest}");
    }
    divan::main();
}

fn price(cents: i128) -> Price {
    Price::from_raw(cents * CENT).unwrap()
}

fn order(side: Side, cents: i128) -> PlaceOrder<'static> {
    PlaceOrder {
        symbol: "ACME",
        side,
        size: Size::parse("1").unwrap(),
        time: 0,
        kind: OrderKind::Limit(price(cents)),
        expiry: None,
        oco: "",
        stop_loss: None,
        take_profit: None,
        protection: Protection::NONE,
        tag: "",
    }
}

/// A ledger with a position and so many orders, most of them far from the market at 1,000.
fn ordered(orders: u64) -> Ledger {
    let mut ledger = Ledger::new(Configuration {
        leverage: 30_000_000_000,
        ..Configuration::new(Money::parse("10000000000").unwrap())
    })
    .unwrap();
    let acme =
        Instrument { price_decimals: 2, size_decimals: 1, ..Instrument::default_for("ACME") };
    ledger.apply(&Event::RegisterInstrument(acme)).unwrap();
    let position = Open {
        symbol: "ACME",
        side: Side::Long,
        size: Size::parse("1").unwrap(),
        price: price(100_000),
        time: 0,
        stop_loss: Some(price(50_000)),
        take_profit: Some(price(150_000)),
        fee: Some(Money::ZERO),
        tag: "",
        position_id: None,
        protection: Protection::NONE,
    };
    ledger.apply(&Event::Open(position)).unwrap();
    for number in 0..orders {
        let away = 600 + i128::from(number) * 9;
        let (side, at) = if number % 2 == 0 {
            (Side::Long, 100_000 - away)
        } else {
            (Side::Short, 100_000 + away)
        };
        ledger.apply(&Event::PlaceOrder(order(side, at))).unwrap();
    }
    ledger
}

/// Bars around 1,000 that reach about one order in a thousand of them.
fn bars() -> Vec<Bar<'static>> {
    let mut random = Random(SEED);
    let mut last = 100_000;
    let mut step = |bound: u64| i128::from(random.below(bound));
    let mut bars = Vec::with_capacity(BARS);
    for _ in 0..BARS {
        let open = last;
        let close = open + step(201) - 100 + (100_000 - open) / 20;
        let high = open.max(close) + step(40);
        let low = open.min(close) - step(40);
        let [open, high, low, close] = [open, high, low, close].map(price);
        bars.push(Bar { symbol: "ACME", open, high, low, close, spread: price(2) });
        last = close.raw() / CENT;
    }
    bars
}

fn run(ledger: &mut Ledger, bars: &[Bar<'static>], path: Path) {
    for (time, bar) in (1..).zip(bars) {
        let bars = std::slice::from_ref(bar);
        ledger.apply(&Event::Bar(Bars { time, path: Some(path), bars })).unwrap();
    }
}

/// Bars of a symbol with so many resting orders.
#[divan::bench(args = [0, 1_000, 10_000], sample_size = 1)]
fn process_bar(bencher: Bencher<'_, '_>, orders: u64) {
    let bars = bars();
    bencher.counter(ItemsCount::new(BARS)).with_inputs(|| ordered(orders)).bench_local_values(
        |mut ledger| {
            run(&mut ledger, &bars, Path::Pessimistic);
            ledger
        },
    );
}

/// Quotes of such a symbol.
#[divan::bench(sample_size = 1)]
fn process_quotes(bencher: Bencher<'_, '_>) {
    let bars = bars();
    bencher.counter(ItemsCount::new(BARS)).with_inputs(|| ordered(ORDERS)).bench_local_values(
        |mut ledger| {
            for (time, bar) in (1..).zip(&bars) {
                let ask = bar.open.checked_add(bar.spread).unwrap();
                let quotes = &[Quote { symbol: "ACME", bid: bar.open, ask }];
                ledger.apply(&Event::Quotes(Marks { time: Some(time), quotes })).unwrap();
            }
            ledger
        },
    );
}

/// Placing an order and taking it back, among a thousand.
#[divan::bench]
fn place_and_cancel(bencher: Bencher<'_, '_>) {
    let mut ledger = ordered(ORDERS);
    run(&mut ledger, &bars()[..1], Path::Pessimistic);
    let placed = PlaceOrder { time: 1, ..order(Side::Long, 50_000) };
    bencher.counter(ItemsCount::new(1_usize)).bench_local(|| {
        let order_id = ledger.apply(&Event::PlaceOrder(placed)).unwrap().order_id;
        let cancel = portfolio_core::event::CancelOrder { order_id, time: 1 };
        ledger.apply(&Event::CancelOrder(cancel)).unwrap()
    });
}
