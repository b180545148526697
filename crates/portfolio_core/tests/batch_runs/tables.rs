//! What is kept of the runs (rules R10 and R11).

use std::fmt::Write as _;

use arrow_array::cast::AsArray;
use arrow_array::types::TimestampMicrosecondType;
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use portfolio_core::batch::outcome::{EquityColumns, Keep, Record};
use portfolio_core::batch::pool::{Control, Stopped, Tables};
use portfolio_core::event::{Bar, Bars, Change, Event, Modify, OrderKind, PlaceOrder};
use portfolio_core::event::{Protection, Side};
use portfolio_core::ledger::Ledger;
use portfolio_core::metrics::{Kind, Metrics, Options};
use portfolio_core::numbers::{Price, Size};

use crate::made::{Made, everything};
use crate::shown::shown;

const BARS: &str = "
    time open high low close
    10   100  104  99  103
    20   103  108  102 107
    30   107  110  105 106
    40   106  107  101 102
";

const ORDERS: &str = "
    run_id time action side  size tag
    1      10   open   long  2    a_tag_of_more_than_twelve_bytes
    1      25   close  -     -    -
    2      10   open   short 1    -
    2      20   open   short 0    -
    2      30   close  -     -    -
";

fn run(made: &Made, keep: &Keep) -> Tables {
    let batch = made.batch();
    batch.run_many(0..batch.len(), 1, &Control::new(), keep).unwrap()
}

#[test]
fn only_what_is_asked_for_is_kept() {
    let made = Made::new(BARS, ORDERS);
    let tables = run(&made, &Keep::default());
    let names = |batch: &RecordBatch| -> Vec<String> {
        batch.schema().fields().iter().map(|field| field.name().clone()).collect()
    };
    assert_eq!(names(&tables.equity.batches[0]), ["run_id", "time", "equity"]);
    assert_eq!(tables.equity.schema.field(2).data_type(), &DataType::Float64);
    assert_eq!(tables.trades.schema.fields().len(), 24);
    assert_eq!(tables.metrics.schema.fields().len(), Metrics::names().count() + 1);
    assert_eq!(shown(&tables.finals, "run_id status digest"), ["1 ok -", "2 ok -"]);
    assert_eq!(
        names(&tables.rejected.batches[0]),
        ["run_id", "row", "time", "symbol", "action", "code", "error", "argument", "message"]
    );
    let keep = Keep { record: Record::None, trades: false, metrics: false, ..Keep::default() };
    let tables = run(&made, &keep);
    let rows = [&tables.equity, &tables.trades, &tables.metrics].map(|table| table.rows);
    assert_eq!((rows, tables.finals.rows, tables.done), ([0; 3], 2, 2));
    assert_eq!(tables.equity.schema.fields().len(), 3, "a table without rows has columns");
    let keep = Keep { equity_columns: EquityColumns::All, exact: true, ..Keep::default() };
    let schema = run(&made, &keep).equity.schema;
    assert_eq!(schema.fields().len(), 8);
    assert_eq!(schema.field(7).data_type(), &DataType::Decimal128(38, 18));
}

#[test]
fn of_a_day_the_last_moment_is_kept() {
    let day = 86_400_000_000_i64;
    let bar = |time: i64, price: i64| format!("{time} {price} {price} {price} {price}\n");
    let bars: String = [(-1, 100), (0, 101), (5, 102), (day, 103), (2 * day + 7, 104)]
        .into_iter()
        .map(|(time, price)| bar(time, price))
        .collect();
    let bars = format!("time open high low close\n{bars}");
    let made = Made::new(&bars, "time action side size\n-1 open long 1");
    let keep = Keep { record: Record::Day, exact: true, ..everything() };
    let tables = run(&made, &keep);
    let rows = shown(&tables.equity, "time equity");
    assert_eq!(rows, ["-1 10000", "5 10001", "86400000000 10002", "172800000007 10003"]);
    assert_eq!(shown(&tables.metrics, "period_count"), ["5"], "of the whole curve");
}

#[test]
fn metrics_are_those_of_the_account() {
    let made = Made::new(BARS, ORDERS);
    let batch = made.batch();
    let tables = run(&made, &everything());
    for (place, row) in [(0, 0), (1, 1)] {
        let ledger = batch.ledger(place).unwrap().unwrap();
        let metrics = ledger.metrics(&Options::default(), None);
        for (name, value) in metrics.entries() {
            let cell = shown(&tables.metrics, name)[row].clone();
            assert_eq!(cell == "-", value.is_none(), "{name}: {cell} for {value:?}");
            if let Some(value) = value {
                assert_eq!(value.kind(), Kind::of(name), "{name}");
            }
        }
    }
    let field = |name: &str| tables.metrics.schema.field_with_name(name).unwrap().clone();
    let utc = DataType::Timestamp(TimeUnit::Microsecond, Some("UTC".into()));
    let types = [
        ("net_profit", DataType::Decimal128(38, 18)),
        ("sharpe_ratio", DataType::Float64),
        ("trade_count", DataType::UInt64),
        ("ruined", DataType::Boolean),
        ("start_time", utc),
        ("max_trade_duration", DataType::Duration(TimeUnit::Microsecond)),
        ("exposure_time", DataType::Float64),
    ];
    for (name, data_type) in types {
        assert_eq!((field(name).data_type(), field(name).is_nullable()), (&data_type, true));
    }
}

#[test]
fn every_cell_is_what_the_exact_one_says() {
    let made = Made::new(BARS, ORDERS);
    let exact = run(&made, &Keep { exact: true, ..everything() });
    let float = run(&made, &Keep { exact: false, ..everything() });
    for (exact, float) in [(&exact.trades, &float.trades), (&exact.equity, &float.equity)] {
        for field in exact.schema.fields() {
            let (exact, float) = (shown(exact, field.name()), shown(float, field.name()));
            // Small numbers without an end are written alike.
            assert_eq!(exact, float, "{}", field.name());
        }
    }
    assert_eq!(
        shown(&exact.trades, "run_id trade_id tag"),
        ["1 1 a_tag_of_more_than_twelve_bytes", "2 1 ''"]
    );
}

#[test]
fn a_run_is_the_account_that_gets_its_events() {
    let made = Made::new(BARS, ORDERS);
    let mut ledger = Ledger::new(made.settings.configuration.clone()).unwrap();
    let price = |text: &str| Price::parse(text).unwrap();
    let bar = |time, [open, high, low, close]: [&str; 4]| {
        let [open, high, low, close] = [open, high, low, close].map(price);
        (time, [Bar { symbol: "X", open, high, low, close, spread: Price::ZERO }])
    };
    let bars = [
        bar(10, ["100", "104", "99", "103"]),
        bar(20, ["103", "108", "102", "107"]),
        bar(30, ["107", "110", "105", "106"]),
        bar(40, ["106", "107", "101", "102"]),
    ];
    let order = PlaceOrder {
        symbol: "X",
        side: Side::Long,
        size: Size::parse("2").unwrap(),
        time: 10,
        kind: OrderKind::Market,
        expiry: None,
        oco: "",
        stop_loss: None,
        take_profit: None,
        protection: Protection::NONE,
        tag: "a_tag_of_more_than_twelve_bytes",
    };
    let exit = Modify { exit_time: Change::Set(25), ..Modify::new(1, 25) };
    for (place, (time, bars)) in bars.iter().enumerate() {
        ledger.apply(&Event::Bar(Bars { time: *time, path: None, bars })).unwrap();
        if place == 0 {
            ledger.apply(&Event::PlaceOrder(order)).unwrap();
        }
        if place == 1 {
            ledger.apply(&Event::Modify(exit)).unwrap();
        }
    }
    let digest = ledger.digest().unwrap();
    assert_eq!(shown(&run(&made, &everything()).finals, "digest")[0], digest);
    let mut replayed = made.batch().ledger(0).unwrap().unwrap();
    assert_eq!(replayed.digest().unwrap(), digest);
    replayed.verify_in_full().unwrap();
    assert!(made.batch().ledger(2).unwrap().is_none());
}

#[test]
fn the_first_rejected_row_can_end_everything() {
    let made = Made::new(
        BARS,
        "
        run_id time action side size
        1      10   open   long 1
        2      10   open   long 1000
        2      20   modify -    -
        3      30   open   long 0
        3      20   open   long 0
        4      10   open   long 0
    ",
    );
    let keep = Keep { stop_at_rejected: true, ..everything() };
    let batch = made.batch();
    for threads in [1, 2, 4] {
        let stopped = batch.run_many(0..batch.len(), threads, &Control::new(), &keep).unwrap_err();
        let Stopped::Rejected(failure) = stopped else { panic!("{stopped}") };
        // Want of margin of run 2 is none, and its modify has no position to change.
        assert_eq!(
            (failure.place().as_str(), failure.rejected.argument),
            ("run 3, row 4: 0", "size")
        );
    }
    let tables = batch.run_many(0..2, 1, &Control::new(), &keep).unwrap();
    assert_eq!((tables.done, tables.rejected.rows), (2, 1));
}

#[test]
fn long_runs_share_their_times_and_are_chunks_of_their_own() {
    let mut bars = "time open high low close\n".to_owned();
    for time in 0..5_000 {
        writeln!(bars, "{time} 100 101 99 100").unwrap();
    }
    let orders = "
        run_id time action side size
        1      10   open   long 1
        2      10   open   long 2
        3      10   open   long 3
    ";
    let tables = run(&Made::new(&bars, orders), &Keep::default());
    assert_eq!(tables.equity.batches.len(), 3);
    let times = |batch: &RecordBatch| {
        let times = batch.column(1).as_primitive::<TimestampMicrosecondType>();
        assert_eq!(times.len(), 5_000);
        times.values().inner().as_ptr()
    };
    let first = times(&tables.equity.batches[0]);
    assert!(tables.equity.batches.iter().all(|batch| times(batch) == first));
    assert_eq!(tables.metrics.batches.len(), 1);
    for batch in tables.equity.batches.iter().chain(&tables.trades.batches) {
        for column in batch.columns() {
            column.to_data().validate_full().unwrap();
        }
    }
}
