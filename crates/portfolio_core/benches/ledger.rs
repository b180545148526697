//! What an event costs, in Rust alone.
//!
//! `cargo bench --package portfolio_core` runs everything; for a quick look, `DIVAN_MAX_TIME=0.1`
//! limits the seconds of each bench and `DIVAN_SAMPLE_COUNT=1` its samples. The mixed run prints
//! the digest of its end: two machines that print the same one did the same work.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    clippy::indexing_slicing,
    reason = "a bench fails by panicking and says what it did"
)]

#[path = "../tests/random/mod.rs"]
mod random;

use std::cell::RefCell;
use std::hint::black_box;

use divan::Bencher;
use divan::counter::ItemsCount;
use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Cash, Close, Event, Fee, Level, Marks, Modify, Open, Protection, Quote, Side,
};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money, Price, Size, fixed18_to_f64};
use random::Random;

const SYMBOLS: [&str; 5] = ["AAPL", "MSFT", "EURUSD", "DE0005140008", "Zürich Insurance Group AG"];
const SEED: u64 = 1;
const MIXED_EVENTS: usize = 100_000;

fn main() {
    let events = mixed(MIXED_EVENTS);
    let mut ledger = new_ledger();
    apply_all(&mut ledger, &events);
    let (account, digest) = (*ledger.account(), ledger.digest().unwrap());
    println!("mixed: {MIXED_EVENTS} events, seed {SEED}, balance {}", account.balance);
    println!("mixed: digest {digest}");
    drop((ledger, events));
    divan::main();
}

fn index(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
}

/// A price of two decimals from 90 to 110.
fn price(random: &mut Random) -> Price {
    Price::from_raw(i128::from(9_000 + random.below(2_001)) * 10_000_000).unwrap()
}

/// A size of one decimal from 0.1 to 10.
fn size(random: &mut Random) -> Size {
    Size::from_raw(i128::from(1 + random.below(100)) * 100_000_000).unwrap()
}

fn side(random: &mut Random) -> Side {
    if random.below(2) == 0 { Side::Long } else { Side::Short }
}

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn new_ledger() -> Ledger {
    Ledger::new(Configuration {
        leverage: 30_000_000_000,
        ..Configuration::new(money("10000000000"))
    })
    .unwrap()
}

fn open(random: &mut Random) -> Open<'static> {
    Open {
        symbol: SYMBOLS[index(random, 5)],
        side: side(random),
        size: size(random),
        price: price(random),
        time: 0,
        stop_loss: None,
        take_profit: None,
        fee: Some(money("0.35")),
        tag: "signal",
        position_id: None,
        protection: Protection::NONE,
    }
}

fn close(position_id: u64, price: Price) -> Close<'static> {
    Close { position_id, price, time: 0, size: None, fee: Some(money("0.35")), reason: "target" }
}

/// A ledger with so many open positions.
fn opened(positions: usize) -> (Ledger, Random) {
    let (mut ledger, mut random) = (new_ledger(), Random(SEED));
    for _ in 0..positions {
        ledger.apply(&Event::Open(open(&mut random))).unwrap();
    }
    (ledger, random)
}

fn quotes(random: &mut Random, symbols: usize) -> Vec<Quote<'static>> {
    let mut quote = |symbol: &&'static str| {
        let bid = price(random);
        Quote { symbol, bid, ask: bid.checked_add(Price::parse("0.02").unwrap()).unwrap() }
    };
    SYMBOLS.iter().take(symbols).map(&mut quote).collect()
}

/// What an event of the mixed run is; quotes are kept apart so that events can borrow them.
#[expect(clippy::large_enum_variant, reason = "kept as they are applied, without a pointer")]
enum Kept {
    Plain(Event<'static>),
    Quotes(Vec<Quote<'static>>),
}

/// Events as an account sees them: every one is accepted.
fn mixed(count: usize) -> Vec<Kept> {
    let mut random = Random(SEED);
    let (mut held, mut next) = (Vec::new(), 1_u64);
    let mut events = Vec::with_capacity(count);
    while events.len() < count {
        let drawn = index(&mut random, 100);
        let picked = if held.is_empty() { 0 } else { index(&mut random, held.len()) };
        events.push(Kept::Plain(match drawn {
            _ if held.is_empty() || drawn < 34 && held.len() < 1_000 => {
                held.push(next);
                next += 1;
                Event::Open(open(&mut random))
            }
            0..64 => Event::Close(close(held.swap_remove(picked), price(&mut random))),
            64..70 => {
                let size = Some(Size::from_raw(1_000).unwrap());
                Event::Close(Close { size, ..close(held[picked], price(&mut random)) })
            }
            70..76 => Event::Modify(Modify {
                stop_loss: Level::Remove,
                take_profit: Level::Remove,
                ..Modify::new(held[picked], 0)
            }),
            76..78 => Event::Fee(Fee { amount: money("0.01"), time: 0, position_id: None }),
            78..79 => Event::Deposit(Cash { amount: money("10"), time: 0, currency: None }),
            _ => {
                let symbols = 1 + index(&mut random, 5);
                events.push(Kept::Quotes(quotes(&mut random, symbols)));
                continue;
            }
        }));
    }
    events
}

fn apply_all(ledger: &mut Ledger, events: &[Kept]) {
    for event in events {
        match event {
            Kept::Plain(event) => ledger.apply(event),
            Kept::Quotes(quotes) => {
                ledger.apply(&Event::UpdateEquity(Marks { time: None, quotes }))
            }
        }
        .unwrap();
    }
}

/// All kinds of events in turn, with up to 1,000 open positions; items are events.
#[divan::bench]
fn mixed_events(bencher: Bencher<'_, '_>) {
    let events = mixed(MIXED_EVENTS);
    bencher.counter(ItemsCount::new(MIXED_EVENTS)).with_inputs(new_ledger).bench_local_values(
        |mut ledger| {
            apply_all(&mut ledger, &events);
            ledger
        },
    );
}

/// Opens a position and closes it.
#[divan::bench(args = [10, 100_000], sample_size = 1_000)]
fn open_and_close(bencher: Bencher<'_, '_>, positions: usize) {
    let (mut ledger, mut random) = opened(positions);
    let (open, price) = (open(&mut random), price(&mut random));
    bencher.bench_local(|| {
        let opened = ledger.apply(&Event::Open(black_box(open))).unwrap();
        ledger.apply(&Event::Close(close(opened.position_id, price))).unwrap()
    });
}

/// Closes any one of the open positions; the 10 of a sample are opened before it is measured.
#[divan::bench(args = [10, 100_000], sample_size = 10)]
fn close_one(bencher: Bencher<'_, '_>, positions: usize) {
    let (ledger, mut random) = opened(positions);
    let mut held: Vec<u64> = ledger.positions().rows().iter().map(|row| row.position_id).collect();
    let ledger = RefCell::new(ledger);
    let draw = || {
        let event = Event::Open(open(&mut random));
        held.push(ledger.borrow_mut().apply(&event).unwrap().position_id);
        let picked = index(&mut random, held.len());
        Event::Close(close(held.swap_remove(picked), price(&mut random)))
    };
    bencher
        .with_inputs(draw)
        .bench_local_values(|event| ledger.borrow_mut().apply(&event).unwrap());
}

/// Marks so many symbols and appends a row, with so many open positions.
#[divan::bench(args = [(1, 10), (5, 10), (1, 100_000), (5, 100_000)], sample_size = 1_000)]
fn update_equity(bencher: Bencher<'_, '_>, (symbols, positions): (usize, usize)) {
    let (mut ledger, mut random) = opened(positions);
    let both = [quotes(&mut random, symbols), quotes(&mut random, symbols)];
    let mut turn = both.iter().cycle();
    bencher.bench_local(|| {
        let quotes = turn.next().unwrap();
        ledger.apply(&Event::UpdateEquity(Marks { time: None, quotes })).unwrap()
    });
}

/// Changes the stop loss of one of 10 open positions.
#[divan::bench(sample_size = 1_000)]
fn modify_position(bencher: Bencher<'_, '_>) {
    let (mut ledger, _) = opened(10);
    let modify = Modify { stop_loss: Level::Remove, ..Modify::new(5, 0) };
    bencher.bench_local(|| ledger.apply(&Event::Modify(black_box(modify))).unwrap());
}

/// The table of the open positions after all marks have changed. Each look is a sample of its own,
/// because a second one without an event between them has nothing to do.
#[divan::bench(args = [10, 1_000, 100_000], sample_size = 1)]
fn positions_table(bencher: Bencher<'_, '_>, positions: usize) {
    let (mut ledger, mut random) = opened(positions);
    let both = [quotes(&mut random, 5), quotes(&mut random, 5)];
    let mut turn = both.iter().cycle();
    let ledger = RefCell::new(&mut ledger);
    let mark = || {
        let quotes = turn.next().unwrap();
        ledger.borrow_mut().apply(&Event::Mark(Marks { time: None, quotes })).unwrap();
    };
    let look = |()| ledger.borrow_mut().open_positions(View::Float).unwrap();
    bencher.with_inputs(mark).bench_local_values(look);
}

/// The equity history as a table, whatever its length.
#[divan::bench(args = [1_000, 1_000_000])]
fn equity_table(bencher: Bencher<'_, '_>, rows: usize) {
    let (mut ledger, _) = opened(1);
    for _ in 0..rows {
        ledger.apply(&Event::UpdateEquity(Marks { time: None, quotes: &[] })).unwrap();
    }
    bencher.bench_local(|| ledger.equity_curve(View::Float).unwrap());
}

/// The double nearest to an amount; items are amounts.
#[divan::bench]
fn mirror(bencher: Bencher<'_, '_>) {
    let mut random = Random(SEED);
    let mut draw = || i128::from(random.next()) * i128::from(random.next() % 1_000);
    let amounts: Vec<i128> = std::iter::repeat_with(&mut draw).take(1_000).collect();
    bencher
        .counter(ItemsCount::new(amounts.len()))
        .bench_local(|| amounts.iter().map(|raw| fixed18_to_f64(*raw)).fold(0.0, f64::max));
}

/// Reads prices written as text; items are texts.
#[divan::bench]
fn parse_text(bencher: Bencher<'_, '_>) {
    let mut random = Random(SEED);
    let texts: Vec<String> =
        std::iter::repeat_with(|| price(&mut random).to_string()).take(1_000).collect();
    bencher
        .counter(ItemsCount::new(texts.len()))
        .bench_local(|| texts.iter().map(|text| Price::parse(text).unwrap()).max());
}

/// Reads prices given as doubles; items are doubles.
#[divan::bench]
fn parse_double(bencher: Bencher<'_, '_>) {
    let mut random = Random(SEED);
    let doubles: Vec<f64> =
        std::iter::repeat_with(|| price(&mut random).to_f64()).take(1_000).collect();
    let read = |double: &f64| Price::from_f64(*double, FloatPolicy::Nearest).unwrap();
    bencher.counter(ItemsCount::new(doubles.len())).bench_local(|| doubles.iter().map(read).max());
}
