//! Readers look at snapshots while one writer goes on, by single events and by frames that succeed
//! or are taken back. `make tsan` runs this under `ThreadSanitizer`, which sees only what is
//! compiled with it; the locks of the standard library are not, hence the other kind.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray};
use parking_lot::Mutex;
use portfolio_core::columns::schema::View;
use portfolio_core::event::{Cash, Close, Event, Marks, Open, Protection, Side};
use portfolio_core::export::TableSnapshot;
use portfolio_core::frame::{EventFrame, OnError};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money, Price, Size};

const READERS: usize = 4;
const ROUNDS: i64 = if cfg!(miri) { 20 } else { 600 };
const TAG: &str = "a tag that does not stand in its view";

fn money(text: &str) -> Money {
    Money::parse(text).unwrap()
}

fn open(time: i64, tag: &str) -> Open<'_> {
    Open {
        symbol: "ACME",
        side: Side::Long,
        size: Size::parse("1").unwrap(),
        price: Price::parse("100").unwrap(),
        time,
        stop_loss: None,
        take_profit: None,
        fee: Some(Money::ZERO),
        tag,
        position_id: None,
        protection: Protection::NONE,
    }
}

/// Equity counts up with time: row n has time n and an equity of 1000 + n.
fn check_equity(table: &TableSnapshot) {
    let mut row = 0_i64;
    for batch in &table.batches {
        let times = batch.column(0).as_primitive::<TimestampMicrosecondType>();
        let equity = batch.column(1).as_primitive::<Decimal128Type>();
        for (time, equity) in times.values().iter().zip(equity.values()) {
            assert_eq!(*time, row);
            assert_eq!(*equity, (1_000 + i128::from(row) + 1) * 10_i128.pow(18));
            row += 1;
        }
    }
    assert_eq!(usize::try_from(row).unwrap(), table.rows);
}

fn check_trades(table: &TableSnapshot) {
    let mut number = 0_u64;
    for batch in &table.batches {
        let ids = batch.column(0).as_primitive::<arrow_array::types::UInt64Type>();
        let sizes = batch.column(4).as_primitive::<Float64Type>();
        let tags = batch.column(21).as_string_view();
        for row in 0..batch.num_rows() {
            number += 1;
            assert_eq!((ids.value(row), tags.value(row)), (number, TAG));
            assert_eq!(sizes.value(row).to_bits(), 1.0_f64.to_bits());
        }
    }
}

fn look(ledger: &Mutex<Ledger>) -> [TableSnapshot; 3] {
    let mut ledger = ledger.lock();
    [
        ledger.equity_curve(View::Exact).unwrap(),
        ledger.trades(View::Float).unwrap(),
        ledger.open_positions(View::Exact).unwrap(),
    ]
}

fn read(ledger: &Mutex<Ledger>, done: &AtomicBool) -> usize {
    let mut looks = 0;
    while !done.load(Ordering::Relaxed) || looks == 0 {
        let [equity, trades, positions] = look(ledger);
        // The lock is free again: the writer goes on while these are read.
        check_equity(&equity);
        check_trades(&trades);
        for batch in &positions.batches {
            batch.columns().iter().for_each(|column| {
                column.to_data().validate_full().unwrap();
            });
        }
        looks += 1;
        thread::yield_now();
    }
    looks
}

/// One round: a deposit of 1, an open and a close at the same price, an update.
fn by_events(ledger: &mut Ledger, time: i64) {
    let one = money("1");
    let cash = Cash { amount: one, time, currency: None };
    ledger.apply(&Event::Deposit(cash)).unwrap();
    let open = open(time, TAG);
    let position_id = ledger.apply(&Event::Open(open)).unwrap().position_id;
    let (price, fee) = (open.price, Money::ZERO);
    let close = Close { position_id, price, time, size: None, fee: Some(fee), reason: TAG };
    ledger.apply(&Event::Close(close)).unwrap();
    ledger.apply(&Event::UpdateEquity(Marks { time: Some(time), quotes: &[] })).unwrap();
}

fn shared(array: impl Array + 'static) -> ArrayRef {
    Arc::new(array)
}

/// The same round as a frame; with `bad`, one row more that is refused.
fn frame(time: i64, bad: bool) -> RecordBatch {
    let words = ["deposit", "open", "close", "update", "withdraw"];
    let rows = if bad { 5 } else { 4 };
    let text = |cells: [Option<&str>; 5]| {
        let cells: Vec<Option<&str>> = cells.into_iter().take(rows).collect();
        shared(StringViewArray::from(cells))
    };
    let number = |cells: [Option<f64>; 5]| {
        let cells: Vec<Option<f64>> = cells.into_iter().take(rows).collect();
        shared(Float64Array::from(cells))
    };
    RecordBatch::try_from_iter_with_nullable([
        ("action", text(words.map(Some)), true),
        ("time", shared(Int64Array::from(vec![time; rows])), true),
        ("symbol", text([None, Some("ACME"), None, None, None]), true),
        ("side", text([None, Some("long"), None, None, None]), true),
        ("size", number([None, Some(1.0), None, None, None]), true),
        ("price", number([None, Some(100.0), Some(100.0), None, None]), true),
        ("key", text([None, Some("k"), Some("k"), None, None]), true),
        ("amount", number([Some(1.0), None, None, None, Some(1e12)]), true),
        ("tag", text([None, Some(TAG), None, None, None]), true),
    ])
    .unwrap()
}

fn by_frame(ledger: &mut Ledger, batch: RecordBatch) -> bool {
    let (schema, batches) = (batch.schema(), [batch]);
    let frame = EventFrame::read(&schema, &batches, FloatPolicy::Strict).unwrap();
    ledger.apply_frame(&frame, OnError::Raise, View::Float, &mut || true).is_ok()
}

#[test]
fn readers_see_whole_rows_of_what_was_accepted() {
    let configuration = Configuration::new(money("1000"));
    let ledger = Mutex::new(Ledger::new(configuration).unwrap());
    // An open position for the readers to look at; it has no mark but its own fill.
    ledger.lock().apply(&Event::Open(open(0, ""))).unwrap();
    // What the process makes once, such as schemas, is made before there are threads.
    look(&ledger);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let readers = [(); READERS].map(|()| scope.spawn(|| read(&ledger, &done)));
        for time in 0..ROUNDS {
            let mut ledger = ledger.lock();
            if time % 2 == 0 {
                by_events(&mut ledger, time);
            } else {
                assert!(!by_frame(&mut ledger, frame(time, true)), "one row is refused");
                assert!(by_frame(&mut ledger, frame(time, false)));
            }
            drop(ledger);
            thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        let looks: usize = readers.into_iter().map(|reader| reader.join().unwrap()).sum();
        assert!(looks >= READERS, "every reader looked");
    });
    let mut ledger = ledger.into_inner();
    assert_eq!(ledger.verify(), Ok(()));
    assert_eq!(ledger.equity_curve(View::Exact).unwrap().rows, usize::try_from(ROUNDS).unwrap());
    let side = ledger.positions().rows().iter().map(|row| row.side).collect::<Vec<_>>();
    assert_eq!(side, [Side::Long]);
}
