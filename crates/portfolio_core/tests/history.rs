//! A user's own frames as a history, and levels to compare it with.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

mod histories;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, Int8Type};
use arrow_array::{
    ArrayRef, BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array,
    Int64Array, NullArray, RecordBatch, StringArray, TimestampNanosecondArray,
};
use arrow_schema::Schema;
use histories::{amounts, column, cut, floats, frame, money, texts, times};
use portfolio_core::columns::schema::View;
use portfolio_core::event::{Close, Event, Marks, Open, Protection, Quote, Side};
use portfolio_core::history::{Benchmark, History, Resample};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{Price, Size};

fn read(equity: &RecordBatch, trades: Option<&RecordBatch>) -> Result<History, String> {
    let trades = trades.map(|batch| (batch.schema(), batch));
    let trades = trades.as_ref().map(|(schema, batch)| {
        let schema: &Schema = schema;
        (schema, std::slice::from_ref(*batch))
    });
    let schema = equity.schema();
    let equity = (&*schema, std::slice::from_ref(equity));
    History::read(equity, trades, None).map_err(|error| error.to_string())
}

fn equity(time: ArrayRef, equity: ArrayRef) -> RecordBatch {
    frame(vec![("time", time), ("equity", equity)])
}

fn some_equity() -> RecordBatch {
    equity(times(&[10, 20]), floats(&[1.0, 2.0]))
}

fn refusal(equity: &RecordBatch) -> String {
    read(equity, None).unwrap_err()
}

/// Trades with these columns in place of, or beside, the needed ones.
fn some_trades(columns: Vec<(&'static str, ArrayRef)>) -> RecordBatch {
    let mut all = vec![
        ("entry_time", times(&[1, 2])),
        ("exit_time", times(&[3, 2])),
        ("net_pnl", floats(&[5.0, -0.25])),
    ];
    all.retain(|(name, _)| columns.iter().all(|(other, _)| name != other));
    frame(all.into_iter().chain(columns).collect())
}

fn trades_refusal(columns: Vec<(&'static str, ArrayRef)>) -> String {
    read(&some_equity(), Some(&some_trades(columns))).unwrap_err()
}

#[test]
fn columns_of_our_own_layout_are_shared() {
    let exact = amounts(&["100.5", "-0.000000000000000001"]);
    let batch = equity(times(&[10, 20]), Arc::clone(&exact));
    let history = read(&batch, None).unwrap();
    let part = history.equity.equity.exact.parts().next().unwrap();
    assert_eq!(part.as_ptr(), exact.as_primitive::<Decimal128Type>().values().as_ptr());
    assert_eq!(history.equity.equity.double.cells().collect::<Vec<_>>(), [100.5, -1e-18]);

    let values = floats(&[100.5, 0.1 + 0.2]);
    let history = read(&equity(times(&[10, 20]), Arc::clone(&values)), None).unwrap();
    let part = history.equity.equity.double.parts().next().unwrap();
    assert_eq!(part.as_ptr(), values.as_primitive::<Float64Type>().values().as_ptr());
    let exact = history.equity.equity.exact.cells().collect::<Vec<_>>();
    assert_eq!(exact, [money("100.5").raw(), money("0.30000000000000004").raw()]);
}

#[test]
fn doubles_follow_the_exact_numbers_where_digits_are_rounded_away() {
    let odd = 0.012_345_678_901_234_567;
    let history = read(&equity(times(&[1, 2, 3]), floats(&[odd, -0.0, 7.0])), None).unwrap();
    let pair = &history.equity.equity;
    let exact = pair.exact.cells().collect::<Vec<_>>();
    assert_eq!(exact, [12_345_678_901_234_567, 0, money("7").raw()]);
    let doubles = pair.double.cells().map(f64::to_bits).collect::<Vec<_>>();
    assert_eq!(doubles, [0.012_345_678_901_234_567_f64, 0.0, 7.0].map(f64::to_bits));
}

#[test]
fn foreign_types_come_in() {
    let days: ArrayRef = Arc::new(Date32Array::from(vec![0, 1]));
    let whole: ArrayRef = Arc::new(Int64Array::from(vec![3, -4]));
    let curve = read(&equity(days, whole), None).unwrap().curve(Resample::None);
    assert_eq!((curve.times, curve.values), (vec![0, 86_400_000_000], vec![3.0, -4.0]));

    let stamps: ArrayRef = Arc::new(TimestampNanosecondArray::from(vec![1_000, 2_000]));
    let cents: ArrayRef =
        Arc::new(Decimal128Array::from(vec![150, 25]).with_precision_and_scale(10, 2).unwrap());
    let curve = read(&equity(stamps, cents), None).unwrap().curve(Resample::None);
    assert_eq!((curve.times, curve.values), (vec![1, 2], vec![1.5, 0.25]));
}

#[test]
fn what_is_wrong_is_named() {
    let two = || times(&[10, 20]);
    let ones = || floats(&[1.0, 1.0]);
    let cells: [(ArrayRef, ArrayRef, &str); 7] = [
        (
            Arc::new(Int64Array::from(vec![Some(10), None])),
            ones(),
            "column time, row 1: null: must not be null; fill the cell or drop the row",
        ),
        (
            times(&[20, 10]),
            ones(),
            "column time, row 1: 10: must not be before the row above it; sort the rows by time",
        ),
        (
            Arc::new(TimestampNanosecondArray::from(vec![1_000, 1_001])),
            ones(),
            "column time, row 1: 1001: has a remainder below one microsecond; pass timestamps of \
             whole microseconds in the years 1 to 9999",
        ),
        (
            two(),
            floats(&[1.0, f64::NAN]),
            "column equity, row 1: NaN: is not finite; pass a finite number",
        ),
        (
            two(),
            Arc::new(Float64Array::from(vec![None, Some(1.0)])),
            "column equity, row 0: null: must not be null; fill the cell or drop the row",
        ),
        (
            two(),
            floats(&[1e20, 1.0]),
            "column equity, row 0: 1e20: has more than 38 digits at its scale; use a smaller \
             number",
        ),
        (
            two(),
            Arc::new(BooleanArray::from(vec![true, false])),
            "column equity: Boolean: must be an integer, float or decimal column of at most 128 \
             bits; cast the column",
        ),
    ];
    for (time, values, message) in cells {
        assert_eq!(refusal(&equity(time, values)), format!("[4030] equity={message}"));
    }
}

#[test]
fn needed_columns_come_once_and_others_are_left_alone() {
    let empty: ArrayRef = Arc::new(NullArray::new(2));
    let batch = frame(vec![("time", times(&[1, 2])), ("close", floats(&[1.0, 2.0]))]);
    let missing = "[4030] equity=column equity: is missing; add the column";
    assert_eq!(refusal(&batch), missing);
    assert_eq!(refusal(&equity(times(&[1, 2]), Arc::clone(&empty))), missing, "null throughout");

    let twice = [("time", times(&[1, 2])), ("equity", floats(&[1.0, 2.0]))];
    let batch = frame(twice.iter().cloned().chain([twice[1].clone()]).collect());
    let message = "[4030] equity=column equity: stands twice; pass each column once";
    assert_eq!(refusal(&batch), message);

    let more =
        [("note", texts(&["x", "y"])), ("note", texts(&["x", "y"])), ("net_exposure", empty)];
    let batch = frame(twice.into_iter().chain(more).collect());
    assert!(read(&batch, None).unwrap().equity.net_exposure.is_none());
}

#[test]
fn types_are_checked_without_a_row() {
    let batch = equity(times(&[]), Arc::new(BooleanArray::from(Vec::<bool>::new())));
    let schema = batch.schema();
    let refused = History::read((&schema, &[]), None, None).unwrap_err();
    assert_eq!(
        (refused.column.as_str(), refused.row, refused.code().number()),
        ("equity", None, 4030)
    );
    let batch = equity(times(&[]), floats(&[]));
    let schema = batch.schema();
    for batches in [&[][..], &[batch]] {
        let history = History::read((&schema, batches), None, Some(money("7"))).unwrap();
        assert_eq!((history.start, history.equity.rows), (None, 0), "no time, no start");
        assert_eq!(history.given.equity.table(View::Exact).unwrap().rows, 0);
        let trades = history.given.trades.table(View::Float).unwrap();
        let names = trades.schema.fields().iter().map(|field| field.name().as_str());
        assert_eq!(names.collect::<Vec<_>>(), ["entry_time", "exit_time", "net_pnl"]);
    }
}

#[test]
fn batches_may_be_cut_anywhere() {
    let stamps = [1, 1, 2, 5, 5, 9];
    let values = [1.0, 2.0, 3.0, 4.5, 5.0, 6.25];
    let batch = frame(vec![
        ("equity", floats(&values)),
        ("time", times(&stamps)),
        ("gross_exposure", floats(&[0.0, 1.0, 1.0, 2.0, 2.0, 0.5])),
    ]);
    for ends in [&[][..], &[1], &[0, 3, 3, 5], &[1, 2, 3, 4, 5]] {
        let (schema, batches) = cut(&batch, ends);
        let history = History::read((&schema, &batches), None, Some(money("0.5"))).unwrap();
        let curve = history.curve(Resample::None);
        assert_eq!(curve.times, [1, 1, 2, 5, 9], "{ends:?}");
        assert_eq!(curve.values, [0.5, 2.0, 3.0, 5.0, 6.25]);
        let table = history.given.equity.table(View::Exact).unwrap();
        assert_eq!(table.schema.fields().len(), 3);
        assert_eq!(column(&table, "equity")[3], "4.500000000000000000");
        assert_eq!(column(&table, "gross_exposure").len(), 6);
    }
    let late = equity(times(&[1, 2, 3, 2]), floats(&[1.0; 4]));
    for ends in [&[][..], &[3], &[1, 2]] {
        let (schema, batches) = cut(&late, ends);
        let refused = History::read((&schema, &batches), None, None).unwrap_err();
        assert_eq!((refused.row, refused.place()), (Some(3), "column time, row 3: 2".to_owned()));
    }
    let broken = equity(times(&[1, 2, 3]), floats(&[1.0, 1.0, f64::INFINITY]));
    let (schema, batches) = cut(&broken, &[1, 2]);
    let refused = History::read((&schema, &batches), None, None).unwrap_err();
    assert_eq!(refused.place(), "column equity, row 2: inf");
}

#[test]
fn trades_come_with_what_is_known_of_them() {
    let side: DictionaryArray<Int8Type> = ["buy", "short"].into_iter().collect();
    let trades = some_trades(vec![
        ("tag", Arc::new(StringArray::from(vec!["a longer tag than twelve", ""]))),
        ("side", Arc::new(side)),
        ("symbol", texts(&["EURUSD", "an index of many names"])),
        ("entry_price", floats(&[1.08123, 2.0])),
        ("exit_fee", amounts(&["0.1", "0.2"])),
        ("exit_price", texts(&["not", "read"])),
    ]);
    let history = read(&some_equity(), Some(&trades)).unwrap();
    let known = &history.trades;
    assert_eq!((known.rows, known.entry_fee.is_none(), known.reason.is_none()), (2, true, true));
    let sides = known.side.as_ref().unwrap();
    assert_eq!(sides.iter().collect::<Vec<_>>(), ["long", "short"]);
    let table = history.given.trades.table(View::Exact).unwrap();
    let names = table.schema.fields().iter().map(|field| field.name().as_str());
    let wanted =
        ["symbol", "side", "entry_time", "entry_price", "exit_time", "exit_fee", "net_pnl", "tag"];
    assert_eq!(names.collect::<Vec<_>>(), wanted);
    assert_eq!(column(&table, "symbol"), ["EURUSD", "an index of many names"]);
    assert_eq!(column(&table, "tag"), ["a longer tag than twelve", ""]);
    assert_eq!(column(&table, "entry_price"), ["1.081230000", "2.000000000"]);
    let table = history.given.trades.table(View::Float).unwrap();
    assert_eq!(column(&table, "exit_fee"), ["0.1", "0.2"]);
}

#[test]
fn trades_follow_the_rules_of_events() {
    let cases: [(Vec<(&str, ArrayRef)>, &str); 6] = [
        (
            vec![("exit_time", times(&[3, 1]))],
            "column exit_time, row 1: 1: must not be before the entry_time of its row; correct \
             one of the two times",
        ),
        (
            vec![("side", texts(&["long", "up"]))],
            "column side, row 1: up: must be 'long', 'buy', 'short' or 'sell'; pass one of these \
             words",
        ),
        (
            vec![("symbol", texts(&["A", ""]))],
            "column symbol, row 1: \"\": a symbol has 1 to 255 bytes of UTF-8; pass the symbol as \
             your data source spells it",
        ),
        (
            vec![("tag", texts(&["a\0b", ""]))],
            "column tag, row 0: \"a\\0b\": holds a NUL; pass a shorter plain text",
        ),
        (
            vec![("reason", Arc::new(StringArray::from(vec![None, Some("x")])))],
            "column reason, row 0: null: must not be null; fill the cell or drop the row",
        ),
        (
            vec![("net_pnl", Arc::new(NullArray::new(2)))],
            "column net_pnl: is missing; add the column",
        ),
    ];
    for (columns, message) in cases {
        assert_eq!(trades_refusal(columns), format!("[4030] trades={message}"));
    }
}

/// A ledger with some rows of equity and a trade.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(Configuration {
        leverage: 1_000_000_000_000,
        ..Configuration::new(money("1000"))
    })
    .unwrap();
    let price = |text| Price::parse(text).unwrap();
    let open = Open {
        symbol: "a symbol of many bytes",
        side: Side::Short,
        size: Size::parse("1.5").unwrap(),
        price: price("100.123456789"),
        time: 5,
        stop_loss: Some(price("120")),
        take_profit: None,
        fee: Some(money("0.35")),
        tag: "t",
        position_id: None,
        protection: Protection::NONE,
    };
    let position_id = ledger.apply(&Event::Open(open)).unwrap().position_id;
    for (time, mark) in [(10, "99"), (10, "98.7"), (20, "101.000000001")] {
        let quotes = [Quote { symbol: open.symbol, bid: price(mark), ask: price(mark) }];
        let marks = Marks { time: Some(time), quotes: &quotes };
        ledger.apply(&Event::UpdateEquity(marks)).unwrap();
    }
    let close = Close {
        position_id,
        price: price("97"),
        time: 30,
        size: None,
        fee: Some(money("0.1")),
        reason: "target",
    };
    ledger.apply(&Event::Close(close)).unwrap();
    ledger
}

#[test]
fn the_tables_of_a_ledger_read_back_as_its_history() {
    let ledger = ledger();
    let own = ledger.history();
    for view in [View::Exact, View::Float] {
        let (equity, trades) = (ledger.equity_curve(view).unwrap(), ledger.trades(view).unwrap());
        let frames = ((&*equity.schema, &*equity.batches), (&*trades.schema, &*trades.batches));
        let history = History::read(frames.0, Some(frames.1), Some(money("1000"))).unwrap();
        assert_eq!(history.start.unwrap().time, 10, "there are no events, so the first row it is");
        let (left, right) = (history.curve(Resample::None), own.curve(Resample::None));
        assert_eq!((left.exact, left.values), (right.exact, right.values));
        let symbols = |history: &History| {
            history.trades.symbol.as_ref().unwrap().iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(symbols(&history), symbols(&own));
        let given = history.given.trades.table(View::Exact).unwrap();
        let wanted = ledger.trades(View::Exact).unwrap();
        for name in ["symbol", "side", "size", "entry_price", "net_pnl", "stop_loss", "reason"] {
            assert_eq!(column(&given, name), column(&wanted, name), "{name} {view:?}");
        }
    }
    assert_eq!(own.given.equity.table(View::Exact).unwrap().rows, 0, "the ledger has its tables");
}

fn benchmark(columns: Vec<(&str, ArrayRef)>) -> Result<Benchmark, String> {
    let batch = frame(columns);
    let schema = batch.schema();
    Benchmark::read((&schema, &[batch])).map_err(|error| error.to_string())
}

#[test]
fn the_column_of_levels_is_found() {
    let time = || ("time", times(&[1, 2]));
    let low = || floats(&[1.0, 2.0]);
    let high = || floats(&[8.0, 9.0]);
    let found = |columns| benchmark(columns).unwrap().values;
    assert_eq!(found(vec![time(), ("index", low())]), [1.0, 2.0]);
    assert_eq!(found(vec![("open", low()), ("close", high()), time()]), [8.0, 9.0]);
    assert_eq!(found(vec![time(), ("value", high()), ("note", texts(&["", ""]))]), [8.0, 9.0]);
    let cases: [(Vec<(&str, ArrayRef)>, &str); 6] = [
        (vec![time()], "column value: is missing; add the column"),
        (vec![("close", low())], "column time: is missing; add the column"),
        (
            vec![time(), ("open", low()), ("low", low())],
            "column open, low: cannot be told from the others; pass time and one of equity, close, \
             price, value",
        ),
        (
            vec![time(), ("close", low()), ("price", low())],
            "column close, price: cannot be told from the others; pass time and one of equity, \
             close, price, value",
        ),
        (
            vec![time(), ("close", low()), ("close", low())],
            "column close: stands twice; pass each column once",
        ),
        (
            vec![time(), ("close", floats(&[1.0, -2.5]))],
            "column close, row 1: -2.5: must be greater than 0; correct the level",
        ),
    ];
    for (columns, message) in cases {
        assert_eq!(benchmark(columns).unwrap_err(), format!("[4030] benchmark={message}"));
    }
}

#[test]
fn a_level_holds_until_the_next() {
    let columns =
        vec![("time", times(&[10, 10, 20, 30])), ("close", floats(&[1.0, 1.5, 2.0, 3.0]))];
    let levels = benchmark(columns.clone()).unwrap();
    assert_eq!(
        (levels.times.as_slice(), levels.values.as_slice()),
        (&[10, 20, 30][..], &[1.5, 2.0, 3.0][..])
    );
    let mut cursor = levels.cursor();
    let asked = [i64::MIN, 9, 10, 10, 19, 20, 29, 1_000, 1_000].map(|time| cursor.at(time));
    let wanted =
        [None, None, Some(1.5), Some(1.5), Some(1.5), Some(2.0), Some(2.0), Some(3.0), Some(3.0)];
    assert_eq!(asked, wanted);
    let (schema, batches) = cut(&frame(columns), &[1, 1, 3]);
    assert_eq!(Benchmark::read((&schema, &batches)).unwrap(), levels);
    assert_eq!(Benchmark::read((&schema, &[])).unwrap().cursor().at(0), None);
}
