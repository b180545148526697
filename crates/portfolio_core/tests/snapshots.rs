//! Snapshots share the engine's memory: the same addresses again and again, and bytes that stay
//! as they were while the ledger goes on.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod cells;

use arrow_array::{Array, RecordBatch};
use arrow_data::ArrayData;
use cells::{Cell, cell};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{
    Cash, Close, Event, Level, Marks, Modify, Open, Protection, Quote, Side,
};
use portfolio_core::export::TableSnapshot;
use portfolio_core::frozen::ValuedPosition;
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Money, Price, Size};

const VIEWS: [View; 2] = [View::Exact, View::Float];

fn price(text: &str) -> Price {
    Price::parse(text).unwrap()
}

fn new_ledger(capacity: Option<usize>) -> Ledger {
    Ledger::new(Configuration { capacity, ..Configuration::new(Money::parse("1000000").unwrap()) })
        .unwrap()
}

fn open(ledger: &mut Ledger, time: i64, tag: &str) -> u64 {
    let open = Open {
        symbol: "Zürich Insurance Group AG",
        side: if time % 2 == 0 { Side::Long } else { Side::Short },
        size: Size::parse("1.5").unwrap(),
        price: price("100"),
        time,
        stop_loss: None,
        take_profit: None,
        fee: Some(Money::parse("0.25").unwrap()),
        tag,
        position_id: None,
        protection: Protection::NONE,
    };
    ledger.apply(&Event::Open(open)).unwrap().position_id
}

fn update(ledger: &mut Ledger, time: i64) {
    let symbol = "Zürich Insurance Group AG";
    let bid = Price::from_raw(i128::from(time % 1_000 + 1) * 100_000_000).unwrap();
    let quotes = [Quote { symbol, bid, ask: bid }];
    let marks = Marks { time: Some(time), quotes: &quotes };
    ledger.apply(&Event::UpdateEquity(marks)).unwrap();
}

/// Opens and closes a position, and adds a row to the equity history.
fn cycle(ledger: &mut Ledger, time: i64) {
    let position_id = open(ledger, time, &format!("a long tag, number {time}"));
    let close = Close {
        position_id,
        price: price("101.5"),
        time,
        size: None,
        fee: Some(Money::parse("-0.01").unwrap()),
        reason: "the reason of every close",
    };
    ledger.apply(&Event::Close(close)).unwrap();
    update(ledger, time);
}

/// All tables in a view.
fn tables(ledger: &mut Ledger, view: View) -> [TableSnapshot; 4] {
    [
        ledger.equity_curve(view).unwrap(),
        ledger.trades(view).unwrap(),
        ledger.postings(view).unwrap(),
        ledger.open_positions(view).unwrap(),
    ]
}

/// Where the values of a column start, and its text blocks behind them.
fn addresses(data: &ArrayData) -> Vec<usize> {
    data.buffers().iter().map(|buffer| buffer.as_ptr().addr()).collect()
}

fn batch_addresses(batch: &RecordBatch) -> Vec<Vec<usize>> {
    batch.columns().iter().map(|column| addresses(&column.to_data())).collect()
}

/// All bytes that a table shows.
fn bytes(table: &TableSnapshot) -> Vec<u8> {
    let columns = table.batches.iter().flat_map(RecordBatch::columns);
    let data: Vec<ArrayData> = columns.map(arrow_array::Array::to_data).collect();
    let buffers = data.iter().flat_map(ArrayData::buffers);
    buffers.flat_map(|buffer| buffer.as_slice().iter().copied()).collect()
}

#[test]
fn two_snapshots_are_the_same_memory() {
    let mut ledger = new_ledger(None);
    (0..5_000).for_each(|time| cycle(&mut ledger, time));
    open(&mut ledger, 5_000, "a tag that stays open");
    for view in VIEWS {
        let (once, again) = (tables(&mut ledger, view), tables(&mut ledger, view));
        for (one, two) in once.iter().zip(&again) {
            assert!(one.rows > 0 && one.batches.len() == two.batches.len(), "{}", one.name);
            for (left, right) in one.batches.iter().zip(&two.batches) {
                assert_eq!(batch_addresses(left), batch_addresses(right), "{}", one.name);
            }
        }
    }
}

/// Later rows come behind the ones that were handed out, in the same allocation.
#[test]
fn a_later_snapshot_goes_on_in_the_same_memory() {
    let mut ledger = new_ledger(None);
    (0..600).for_each(|time| cycle(&mut ledger, time));
    for view in VIEWS {
        let before = tables(&mut ledger, view);
        let last = ledger.account().last_time;
        (1..=300).for_each(|more| cycle(&mut ledger, last + more));
        let after = tables(&mut ledger, view);
        for (one, two) in before.iter().zip(&after).take(3) {
            assert!(one.rows < two.rows && two.batches.len() == 1);
            let pairs = batch_addresses(&one.batches[0]);
            let pairs = pairs.iter().zip(batch_addresses(&two.batches[0]));
            pairs.for_each(|(left, right)| assert_eq!(left[0], right[0], "{}", one.name));
        }
    }
}

/// The double lies behind its exact number, so that both views are of one allocation.
#[test]
fn both_views_are_of_one_allocation() {
    let mut ledger = new_ledger(Some(64));
    (0..64).for_each(|time| update(&mut ledger, time));
    let [exact, float] = VIEWS.map(|view| ledger.equity_curve(view).unwrap());
    let [exact, float] = [exact, float].map(|table| batch_addresses(&table.batches[0]));
    assert_eq!(exact[0], float[0], "times are in both views");
    for (exact, float) in exact.iter().zip(&float).skip(1) {
        assert_eq!(exact[0] + 64 * 16, float[0]);
        assert_eq!(exact[0] % 64, 0, "aligned");
    }
}

#[test]
fn a_snapshot_stays_while_the_ledger_grows() {
    let mut ledger = new_ledger(None);
    let mut kept: Vec<(TableSnapshot, Vec<u8>, RecordBatch)> = Vec::new();
    for time in 0..30_000 {
        cycle(&mut ledger, time);
        if [0, 100, 4_095, 4_096, 12_288, 29_000].contains(&time) {
            open(&mut ledger, time, "a tag of an open position");
            for view in VIEWS {
                let tables = tables(&mut ledger, view);
                kept.extend(tables.into_iter().map(|table| {
                    let seen = table.batches.last().unwrap().clone();
                    (table.clone(), bytes(&table), seen)
                }));
            }
        }
    }
    let [equity, trades, postings, _] = tables(&mut ledger, View::Float);
    assert_eq!([equity.rows, trades.rows], [30_000, 30_000]);
    assert_eq!(postings.rows, 90_006);
    assert!(equity.batches.len() > 3, "the ledger grew over several segments");
    assert!(!kept.is_empty());
    for (table, before, seen) in &kept {
        assert!(bytes(table) == *before, "{} with {} rows changed", table.name, table.rows);
        let rows: usize = table.batches.iter().map(RecordBatch::num_rows).sum();
        assert_eq!(rows, table.rows);
        for column in seen.columns() {
            column.to_data().validate_full().unwrap();
        }
    }
    ledger.verify().unwrap();
}

#[test]
fn a_snapshot_outlives_its_ledger() {
    let mut ledger = new_ledger(None);
    (0..200).for_each(|time| cycle(&mut ledger, time));
    open(&mut ledger, 200, "a tag of an open position");
    let kept = tables(&mut ledger, View::Exact);
    let before = kept.each_ref().map(bytes);
    drop(ledger);
    assert!(kept.each_ref().map(bytes) == before);
}

#[test]
fn a_capacity_hint_gives_one_batch() {
    for (capacity, batches) in [(None, 3), (Some(20_000), 1), (Some(0), 4)] {
        let mut ledger = new_ledger(capacity);
        (0..20_000).for_each(|time| update(&mut ledger, time));
        let equity = ledger.equity_curve(View::Exact).unwrap();
        assert_eq!((equity.rows, equity.batches.len()), (20_000, batches), "{capacity:?}");
    }
    let mut ledger = new_ledger(Some(100));
    (0..200).for_each(|time| update(&mut ledger, time));
    assert_eq!(ledger.equity_curve(View::Exact).unwrap().batches.len(), 2, "a hint is no bound");
    assert_eq!(new_ledger(Some(usize::MAX)).equity_curve(View::Exact).unwrap().rows, 0);
}

/// The columns of the open positions that a snapshot still holds are copied when they change, and
/// only these.
#[test]
fn only_changed_columns_are_copied() {
    let mut ledger = new_ledger(None);
    for time in 0..100 {
        open(&mut ledger, time, "");
    }
    let held = ledger.open_positions(View::Exact).unwrap();
    let before = bytes(&held);
    let modify = Modify { stop_loss: Level::Set(price("99")), ..Modify::new(1, 100) };
    ledger.apply(&Event::Modify(modify)).unwrap();
    let after = ledger.open_positions(View::Exact).unwrap();
    let old = batch_addresses(&held.batches[0]);
    let new = batch_addresses(&after.batches[0]);
    let names = held.schema.fields().iter().map(|field| field.name().as_str());
    let moved: Vec<&str> = names
        .zip(old.iter().zip(&new))
        .filter(|(_, (a, b))| a != b)
        .map(|(name, _)| name)
        .collect();
    assert_eq!(moved, ["stop_loss", "mark_price", "unrealized_pnl"], "marks are computed anew");
    assert!(bytes(&held) == before);
    // Nobody holds the new snapshot's columns, so the next change writes in place.
    drop((held, after));
    let modify = Modify { stop_loss: Level::Remove, ..modify };
    ledger.apply(&Event::Modify(modify)).unwrap();
    let last = ledger.open_positions(View::Exact).unwrap();
    let last = batch_addresses(&last.batches[0]);
    for column in [0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 12, 13] {
        assert_eq!(new[column], last[column], "column {column}");
    }
}

/// Whatever happened between two looks, the columns are those of the open positions.
#[test]
fn positions_are_brought_up_to_date() {
    let mut ledger = new_ledger(None);
    let mut keep = Vec::new();
    for time in 0..3_000 {
        let id = open(&mut ledger, time, "");
        if time % 3 == 0 {
            let close = Close {
                position_id: id / 2 + 1,
                price: price("100"),
                time,
                size: (time % 2 == 0).then(|| Size::parse("0.5").unwrap()),
                fee: Some(Money::ZERO),
                reason: "",
            };
            // A position that is closed already is refused, which changes nothing.
            let _ = ledger.apply(&Event::Close(close)).is_ok();
        }
        // Now after every event, now after so many that all rows are written again.
        if time < 50 || time % 1_400 == 0 {
            keep.push(ledger.open_positions(View::Exact).unwrap());
        }
        keep.truncate(3);
    }
    let mut fresh = ledger.replay().unwrap();
    let [mine, other] = [&mut ledger, &mut fresh].map(|l| l.open_positions(View::Exact).unwrap());
    assert_eq!(mine.batches, other.batches);
    assert_eq!(mine.rows, ledger.positions().rows().len());
    assert!(keep.iter().all(|table| table.batches[0].num_rows() == table.rows));
}

/// The list of valued positions says the same as the table.
#[test]
fn valued_positions_are_those_of_the_table() {
    let mut ledger = new_ledger(None);
    for time in 0..5 {
        open(&mut ledger, time, "");
    }
    update(&mut ledger, 700);
    let table = ledger.open_positions(View::Exact).unwrap();
    let valued = ledger.valued_positions().unwrap();
    assert_eq!(valued.len(), table.rows);
    for (row, valued) in valued.into_iter().enumerate() {
        let ValuedPosition { position, symbol, mark_price: mark, unrealized, cost, margin } =
            valued;
        let wanted = [
            ("position_id", Cell::Whole(position.position_id.into())),
            ("symbol", Cell::Text(symbol.to_owned())),
            ("side", Cell::Text(position.side.name().to_owned())),
            ("mark_price", Cell::Fixed(mark.raw(), 9)),
            ("unrealized_pnl", Cell::Fixed(unrealized.raw(), 18)),
            ("cost", Cell::Fixed(cost.raw(), 18)),
            ("margin", Cell::Fixed(margin.raw(), 18)),
        ];
        for (column, value) in wanted {
            assert_eq!(cell(&table, row, column), Some(value), "{column}");
        }
        let opened = position.entry_price.checked_sub(mark).unwrap().raw().signum();
        let sign = if position.side == Side::Long { -opened } else { opened };
        assert_eq!(unrealized.raw().signum(), sign);
    }
}

/// A question asked again after no event is answered with what was made for it before.
#[test]
fn no_event_no_work() {
    let mut ledger = new_ledger(None);
    open(&mut ledger, 0, "");
    let [one, two] = [View::Float; 2].map(|view| ledger.open_positions(view).unwrap());
    assert_eq!(batch_addresses(&one.batches[0]), batch_addresses(&two.batches[0]));
    let deposit = Cash { amount: Money::parse("1").unwrap(), time: 0, currency: None };
    ledger.apply(&Event::Deposit(deposit)).unwrap();
    let three = ledger.open_positions(View::Float).unwrap();
    assert_eq!(one.batches, three.batches);
}
