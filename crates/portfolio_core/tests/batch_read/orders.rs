//! Orders: what each action takes, and whatever else a row may hold.

use std::sync::Arc;

use arrow_array::types::Int8Type;
use arrow_array::{
    ArrayRef, DictionaryArray, Float64Array, LargeStringArray, NullArray, StringArray,
    TimestampNanosecondArray, UInt8Array,
};
use portfolio_core::batch::orders::{
    Action, LevelGiven, OrderRow, OrderTable, OrderType, RunRows, SizeRule,
};
use portfolio_core::event::{Side, Target};
use portfolio_core::numbers::FloatPolicy;

use super::{bare, cut, frame, price, read_bars, read_orders, size, with};

/// Texts as a column of some layout.
type Layout = dyn Fn(&[Option<&str>]) -> ArrayRef;

const FULL: &str = "time=5 symbol=EURUSD action=open side=sell size=2 size_rule=risk type=limit \
                    price=9 stop_loss=12 take_profit_distance=0.5 trailing_rate=0.01 \
                    break_even=3 break_even_offset=1 targets=8:1;7.5:0.5 exit_time=90 expiry=80 \
                    oco=a tag=b if_flat=true";

#[test]
fn an_open_takes_every_cell() {
    let table = read_orders(&[frame(&[FULL])]).unwrap();
    let targets = [("8", "1"), ("7.5", "0.5")];
    let targets = targets.map(|(at, part)| Target { price: price(at), size: size(part) });
    let wanted = OrderRow {
        symbol: 1,
        side: Some(Side::Short),
        size: Some(size("2")),
        rule: SizeRule::Risk,
        kind: OrderType::Limit,
        price: Some(price("9")),
        stop_loss: LevelGiven::Price(price("12")),
        take_profit: LevelGiven::Distance(price("0.5")),
        trailing: LevelGiven::Rate(10_000_000),
        break_even: Some(price("3")),
        break_even_offset: Some(price("1")),
        targets: &targets,
        exit_time: Some(90),
        expiry: Some(80),
        oco: "a",
        tag: "b",
        if_flat: true,
        ..bare(0, 5, Action::Open)
    };
    assert_eq!(table.row(0), wanted);
    assert_eq!((table.len(), table.is_empty()), (1, false));
    assert_eq!(table.runs(), [RunRows { run_id: None, places: 0..1 }]);
}

#[test]
fn an_open_needs_side_and_size_alone() {
    let rows = "time=5 symbol=ACME action=open side=long size=2";
    let none = "stop_loss=0 take_profit=0 trailing=0 break_even=0 break_even_offset=0 targets=_ \
                exit_time=_ expiry=_ oco=_ tag=_ if_flat=_ type=_ size_rule=_ price=_";
    for row in [rows.to_owned(), format!("{rows} {none}")] {
        let table = read_orders(&[frame(&[&row])]).unwrap();
        let (side, units) = (Some(Side::Long), Some(size("2")));
        assert_eq!(table.row(0), OrderRow { side, size: units, ..bare(0, 5, Action::Open) });
    }
}

/// The cells that an action does not take hold what could not be read.
#[test]
fn cells_that_an_action_does_not_take_are_not_looked_at() {
    let row = |words: &str| format!("time=5 symbol=ACME {words}");
    let noise = "size_rule=x type=x targets=x oco=\0 side=x tag=t";
    let levels = "stop_loss=0 take_profit_rate=0.1 trailing=2 break_even=0 break_even_offset=0 \
                  price=1 exit_time=1 expiry=1 if_flat=true size=3";
    let rows = [
        row(&format!("action=target {noise} {levels}").replace("size_rule=x", "size_rule=value")),
        row(&format!("action=close {noise} {levels}").replace("side=x", "side=buy")),
        row(&format!("action=modify {noise} {levels}").replace("side=x", "side=short")),
        row(&format!("action=cancel {noise} {levels}").replace("side=x", "side=_")),
    ];
    let table = read_orders(&[frame(&rows.each_ref().map(String::as_str))]).unwrap();
    let units = Some(size("3"));
    let tagged = |row, action| OrderRow { tag: "t", ..bare(row, 5, action) };
    let wanted = OrderRow { size: units, rule: SizeRule::Value, ..tagged(0, Action::Target) };
    assert_eq!(table.row(0), wanted);
    let wanted = OrderRow { size: units, side: Some(Side::Long), ..tagged(1, Action::Close) };
    assert_eq!(table.row(1), wanted);
    let wanted = OrderRow {
        side: Some(Side::Short),
        stop_loss: LevelGiven::Price(price("0")),
        take_profit: LevelGiven::Rate(100_000_000),
        trailing: LevelGiven::Distance(price("2")),
        break_even: Some(price("0")),
        break_even_offset: Some(price("0")),
        ..tagged(2, Action::Modify)
    };
    assert_eq!(table.row(2), wanted, "0 removes, so that it stays");
    assert_eq!(table.row(3), tagged(3, Action::Cancel));

    // Of a market order the price is not looked at either, whatever it is.
    let rows = ["time=1 action=open symbol=ACME side=buy size=1 type=market"];
    let batch = with(&frame(&rows), "price", Arc::new(Float64Array::from(vec![f64::NAN])));
    assert_eq!(read_orders(&[batch]).unwrap().row(0).price, None);
}

#[test]
fn levels_of_a_group_stand_alone() {
    let level = |action: &str, cells: &str| {
        let row = format!("time=1 symbol=ACME action={action} side=long size=1 {cells}");
        let table = read_orders(&[frame(&[&row])]).unwrap();
        let row = table.row(0);
        (row.stop_loss, row.take_profit, row.trailing)
    };
    let nothing = LevelGiven::Nothing;
    let twice = LevelGiven::Twice;
    for action in ["open", "modify"] {
        let found =
            level(action, "stop_loss=1 stop_loss_distance=1 take_profit_rate=0 trailing_rate=0");
        let zero = LevelGiven::Rate(0);
        assert_eq!(found, (twice("stop_loss_distance"), zero, zero), "{action}");
        let found = level(action, "take_profit=1 take_profit_rate=1 trailing=1 trailing_rate=1");
        assert_eq!(found, (nothing, twice("take_profit_rate"), twice("trailing_rate")), "{action}");
        let found = level(action, "stop_loss_distance=1 stop_loss_rate=1 take_profit_distance=0");
        let zero = LevelGiven::Distance(price("0"));
        assert_eq!(found, (twice("stop_loss_rate"), zero, nothing), "{action}");
    }
    let cells = "stop_loss=0 stop_loss_distance=1 trailing=0 trailing_rate=1";
    let (one, rate) = (LevelGiven::Distance(price("1")), LevelGiven::Rate(1_000_000_000));
    assert_eq!(level("open", cells), (one, nothing, rate), "0 is none in an open");
    let removed_twice = (twice("stop_loss_distance"), nothing, twice("trailing_rate"));
    assert_eq!(level("modify", cells), removed_twice);
}

#[test]
fn columns_of_every_type_are_the_same_orders() {
    let rows = [
        FULL,
        "time=6 symbol=ACME action=close side=long",
        FULL,
        "time=7 action=cancel symbol=ACME",
    ];
    let orders = with(&frame(&rows), "run_id", Arc::new(UInt8Array::from(vec![1, 1, 2, 2])));
    let wanted = read_orders(std::slice::from_ref(&orders)).unwrap();
    let shown = |table: &portfolio_core::batch::orders::OrderTable| -> Vec<String> {
        (0..table.len()).map(|place| format!("{:?}", table.row(place))).collect()
    };
    let columns = orders.schema();
    let small =
        |texts: &[Option<&str>]| -> ArrayRef { Arc::new(StringArray::from(texts.to_vec())) };
    let large =
        |texts: &[Option<&str>]| -> ArrayRef { Arc::new(LargeStringArray::from(texts.to_vec())) };
    let coded = |texts: &[Option<&str>]| -> ArrayRef {
        Arc::new(texts.iter().copied().collect::<DictionaryArray<Int8Type>>())
    };
    let layouts: [&Layout; 3] = [&small, &large, &coded];
    for layout in layouts {
        let mut batch = orders.clone();
        for field in columns.fields() {
            let column = orders.column_by_name(field.name()).unwrap();
            if let Some(texts) = column.as_any().downcast_ref::<arrow_array::StringViewArray>() {
                batch = with(&batch, field.name(), layout(&texts.iter().collect::<Vec<_>>()));
            }
        }
        let times = TimestampNanosecondArray::from(vec![5_000, 6_000, 5_000, 7_000]);
        let batch = with(&batch, "time", Arc::new(times.with_timezone("Asia/Tokyo")));
        let batch = with(
            &batch,
            "size",
            Arc::new(Float64Array::from(vec![Some(2.0), None, Some(2.0), None])),
        );
        for places in [&[][..], &[1], &[2, 3]] {
            let table = read_orders(&cut(&batch, places)).unwrap();
            assert_eq!((shown(&table), table.runs()), (shown(&wanted), wanted.runs()));
        }
    }
    let nothing = with(&orders, "price", Arc::new(NullArray::new(4)));
    assert_eq!(read_orders(&[nothing]).unwrap().row(0).price, None, "as if it were absent");
}

#[test]
fn runs_are_found_by_id_and_time() {
    let row = |run: u32, time: i64| {
        format!("run_id={run} time={time} symbol=ACME action=cancel tag=r{run}t{time}")
    };
    let given = [(7, 3), (4_294_967_294, 1), (7, 1), (0, 9), (7, 3), (0, 2)];
    let rows = given.map(|(run, time)| row(run, time));
    let table = read_orders(&[frame(&rows.each_ref().map(String::as_str))]).unwrap();
    let runs: Vec<_> = table.runs().iter().map(|run| (run.run_id, run.places.clone())).collect();
    assert_eq!(runs, [(Some(0), 0..2), (Some(7), 2..5), (Some(4_294_967_294), 5..6)]);
    let order: Vec<u64> = (0..6).map(|place| table.row(place).row).collect();
    assert_eq!(order, [5, 3, 2, 0, 4, 1]);
    assert_eq!(table.row(2).tag, "r7t1");
}

#[test]
fn one_symbol_need_not_be_said() {
    let bars = ["time=0 symbol=ACME open=10 high=12 low=8 close=11"];
    let bars = read_bars(&[frame(&bars)], None).unwrap();
    let read = |rows: &[&str]| {
        let batch = frame(rows);
        let schema = batch.schema();
        OrderTable::read(&schema, &[batch], &bars, FloatPolicy::Nearest)
    };
    for row in ["time=1 action=cancel", "time=1 action=cancel symbol=_"] {
        assert_eq!(read(&[row]).unwrap().row(0), bare(0, 1, Action::Cancel), "{row}");
    }
    let place = read(&["time=1 action=cancel symbol=X"]).unwrap_err().place();
    assert_eq!(place, "row 0, column symbol: \"X\"");
}

#[test]
fn no_rows_are_no_orders() {
    let empty = frame(&[FULL]).slice(0, 0);
    let table = read_orders(std::slice::from_ref(&empty)).unwrap();
    assert_eq!(table.runs(), [RunRows { run_id: None, places: 0..0 }]);
    assert!(table.is_empty());
    let empty = frame(&["run_id=0 time=1 symbol=ACME action=cancel"]).slice(0, 0);
    assert_eq!(read_orders(&[empty]).unwrap().runs(), []);
}
