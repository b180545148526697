//! What is refused before anything runs, and in which words.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
};
use portfolio_core::batch::BatchError;

use super::{batch, cut, frame, read_bars, read_orders, read_params, with};

const PRICES: &str = "open=10 high=12 low=8 close=11";

/// The message, which is the same however the frame is cut.
fn refused<T>(
    batch: &RecordBatch,
    read: impl Fn(&[RecordBatch]) -> Result<T, Box<BatchError>>,
) -> String {
    let message = |places: &[usize]| match read(&cut(batch, places)) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    };
    let whole = message(&[]);
    let places: Vec<usize> = (0..batch.num_rows()).collect();
    assert_eq!(message(&places), whole);
    whole
}

fn bars(rows: &[&str]) -> String {
    let rows: Vec<String> =
        rows.iter().map(|row| merged(&format!("time=0 symbol=ACME {PRICES} {row}"))).collect();
    let rows: Vec<&str> = rows.iter().map(String::as_str).collect();
    refused(&frame(&rows), |batches| read_bars(batches, None))
}

/// Later cells replace earlier ones.
fn merged(row: &str) -> String {
    let mut cells: Vec<&str> = Vec::new();
    for cell in row.split(' ').filter(|cell| !cell.is_empty()) {
        let (name, _) = cell.split_once('=').unwrap();
        match cells.iter_mut().find(|other| other.split_once('=').unwrap().0 == name) {
            Some(other) => *other = cell,
            None => cells.push(cell),
        }
    }
    cells.join(" ")
}

#[test]
fn rows_that_are_no_bars() {
    let first = "time=0";
    let cases = [
        (
            "time=-1",
            "row 1, column time: -1: must not be before the row above it; sort the rows by time",
        ),
        ("time=_", "row 1, column time: null: must not be null; fill the cell or drop the row"),
        (
            "time=1 symbol=_",
            "row 1, column symbol: null: must not be null; fill the cell or drop the row",
        ),
        (
            "time=0",
            "row 1, column symbol: \"ACME\": stands twice in its moment; pass each symbol once \
             a time",
        ),
        ("time=1 open=0 low=0", "row 1, column open: 0: must be greater than 0; check the column"),
        ("time=1 high=-1", "row 1, column high: -1: must be greater than 0; check the column"),
        ("time=1 low=0", "row 1, column low: 0: must be greater than 0; check the column"),
        (
            "time=1 close=0 low=8",
            "row 1, column close: 0: must be greater than 0; check the column",
        ),
        (
            "time=1 open=_",
            "row 1, column open: null: must not be null; fill the cell or drop the row",
        ),
        (
            "time=1 low=10.5",
            "row 1, column low: 10.5: must not be above open or close; check the order of the \
             columns",
        ),
        (
            "time=1 low=11.5 open=12",
            "row 1, column low: 11.5: must not be above open or close; check the order of the \
             columns",
        ),
        (
            "time=1 high=10",
            "row 1, column high: 10: must not be below open or close; check the order of the \
             columns",
        ),
        (
            "time=1 high=10 open=10.5",
            "row 1, column high: 10: must not be below open or close; check the order of the \
             columns",
        ),
        (
            "time=1 high=1 low=20",
            "row 1, column low: 20: must not be above open or close; check the order of the \
             columns",
        ),
    ];
    for (row, message) in cases {
        assert_eq!(bars(&[first, row]), format!("[4030] bars={message}"), "{row}");
    }
    let spread = "the spread must not be negative; pass asks that are not below the bids";
    let message = format!("[4030] bars=row 1, column spread: -0.1: {spread}");
    assert_eq!(bars(&["spread=0", "time=1 spread=-0.1 low=20"]), message, "before low");
    let message = format!("[4030] bars=row 1, column ask: -0.5: {spread}");
    assert_eq!(bars(&["bid=1 ask=1", "time=1 bid=2 ask=1.5"]), message);
    let message =
        "[4030] bars=row 0, column ask: null: must not be null; fill the cell or drop the row";
    assert_eq!(bars(&["bid=1 ask=_"]), message);
    let control = with(
        &frame(&[&format!("time=0 {PRICES}")]),
        "symbol",
        Arc::new(StringArray::from(vec!["A\n"])),
    );
    let message = "[4030] bars=row 0, column symbol: \"A\\n\": a symbol has no control \
     characters; \
                   pass the symbol as your data source spells it";
    assert_eq!(refused(&control, |batches| read_bars(batches, None)), message);
    let wide = "99999999999999999999999999999";
    let message = format!(
        "[4030] bars=row 0, column ask: {wide}: has more than 38 digits at its scale; use a \
         smaller number"
    );
    assert_eq!(bars(&[&format!("bid=-{wide} ask={wide}")]), message);
}

#[test]
fn floats_that_are_no_prices() {
    let whole =
        frame(&[&format!("time=0 symbol=ACME {PRICES}"), &format!("time=1 symbol=ACME {PRICES}")]);
    let read = |value: f64| {
        let floats: ArrayRef = Arc::new(Float64Array::from(vec![12.0, value]));
        refused(&with(&whole, "high", floats), |batches| read_bars(batches, None))
    };
    let place = "[4030] bars=row 1, column high";
    assert!(read(f64::NAN).starts_with(&format!("{place}: NaN: ")), "{}", read(f64::NAN));
    assert!(read(f64::INFINITY).starts_with(&format!("{place}: inf: ")));
    assert!(read(1e40).starts_with(&format!("{place}: 1e40: ")));
    assert!(read(1e-12).starts_with(&format!("{place}: 1e-12: ")));
    assert!(
        read(-0.0).starts_with(&format!("{place}: 0: must be greater than 0")),
        "{}",
        read(-0.0)
    );
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![Some(12.0), None]));
    let message = refused(&with(&whole, "close", floats), |batches| read_bars(batches, None));
    assert!(message.starts_with("[4030] bars=row 1, column close: null: "), "{message}");
}

#[test]
fn the_first_row_at_fault_is_named_and_its_first_cell() {
    let message = bars(&["", "time=1 close=0", "time=2 open=_", "time=0"]);
    assert!(message.contains("row 1, column close: 0"), "{message}");
    let message = bars(&["", "time=1", "time=2 close=_ open=_", "time=_"]);
    assert!(message.contains("row 2, column open: null"), "{message}");
    let message = bars(&["", "time=1", "time=0 close=_", "time=0"]);
    assert!(
        message.contains("row 2, column close: null"),
        "a cell comes before a rule: \
     {message}"
    );
    let message = bars(&["", "time=0 open=0", "time=-1"]);
    assert!(message.contains("row 1, column symbol: \"ACME\""), "{message}");
}

#[test]
fn columns_that_bars_cannot_have() {
    let whole = frame(&[&format!("time=0 symbol=ACME {PRICES} spread=1")]);
    let named =
        |name: &str| whole.column_by_name(name).map(|array| (name.to_owned(), Arc::clone(array)));
    let told = |names: &[&str]| {
        let columns: Vec<(String, ArrayRef)> = names
            .iter()
            .map(|name| {
                named(name).unwrap_or_else(|| ((*name).to_owned(), Arc::clone(whole.column(2))))
            })
            .collect();
        let columns: Vec<(&str, ArrayRef)> =
            columns.iter().map(|(name, array)| (name.as_str(), Arc::clone(array))).collect();
        refused(&batch(&columns), |batches| read_bars(batches, None))
    };
    let ohlc = ["time", "symbol", "open", "high", "low", "close"];
    for name in ohlc {
        let left: Vec<&str> = ohlc.into_iter().filter(|other| *other != name).collect();
        assert_eq!(told(&left), format!("[4030] bars=column {name}: is missing; add the column"));
        let twice: Vec<&str> = ohlc.into_iter().chain([name]).collect();
        let message = format!("[4030] bars=column {name}: stands twice; pass each column once");
        assert_eq!(told(&twice), message);
    }
    let more = |names: &[&'static str]| told(&[&ohlc, names].concat());
    assert_eq!(more(&["bid"]), "[4030] bars=column ask: is missing; add the column");
    assert_eq!(more(&["ask", "spread"]), "[4030] bars=column bid: is missing; add the column");
    let message = "[4030] bars=column spread: stands beside bid and ask; pass one or the other";
    assert_eq!(more(&["ask", "spread", "bid"]), message);
    for (name, found, wanted) in [
        ("time", "Boolean", "a timestamp, date or integer column"),
        ("symbol", "Boolean", "a text column"),
        ("low", "Boolean", "an integer, float or decimal column of at most 128 bits"),
        ("spread", "Boolean", "an integer, float or decimal column of at most 128 bits"),
    ] {
        let flags = with(&whole, name, Arc::new(BooleanArray::from(vec![true])));
        for flags in [flags.clone(), flags.slice(0, 0)] {
            let message = refused(&flags, |batches| read_bars(batches, None));
            assert_eq!(
                message,
                format!("[4030] bars=column {name}: {found}: must be {wanted}; cast the column")
            );
        }
        let nulls = with(&whole, name, Arc::new(NullArray::new(1)));
        let message = refused(&nulls, |batches| read_bars(batches, None));
        assert_eq!(
            message,
            format!("[4030] bars=column {name}: Null: must be of values; cast the column")
        );
    }
}

fn orders(rows: &[&str]) -> String {
    let rows: Vec<String> = rows
        .iter()
        .map(|row| {
            merged(&format!(
                "time=1 symbol=ACME action=cancel \
         {row}"
            ))
        })
        .collect();
    refused(&frame(&rows.iter().map(String::as_str).collect::<Vec<_>>()), read_orders)
}

#[test]
fn rows_that_are_no_orders() {
    let open = "action=open side=buy size=1";
    let null = "must not be null; fill the cell or drop the row";
    let word = "pass one of these words";
    let cases = [
        ("time=_".to_owned(), format!("[4030] orders=row 1, column time: null: {null}")),
        ("symbol=_".to_owned(), format!("[4030] orders=row 1, column symbol: null: {null}")),
        (
            "symbol=acme".to_owned(),
            "[4012] orders=row 1, column symbol: \"acme\": no bar has \
         this symbol; pass bars of it, or drop the row"
                .to_owned(),
        ),
        ("action=_".to_owned(), format!("[4030] orders=row 1, column action: null: {null}")),
        (
            "action=buy".to_owned(),
            "[4024] orders=row 1, column action: \"buy\": is no action; \
         pass open, close, modify, cancel or target"
                .to_owned(),
        ),
        (format!("{open} side=_"), format!("[4030] orders=row 1, column side: null: {null}")),
        (
            "action=open size=1".to_owned(),
            format!(
                "[4030] orders=row 1, column side: null: \
         {null}"
            ),
        ),
        (
            format!("{open} side=up"),
            format!(
                "[4019] orders=row 1, column side: \"up\": must be \
         'long', 'buy', 'short' or 'sell'; {word}"
            ),
        ),
        (
            "side=up".to_owned(),
            format!(
                "[4019] orders=row 1, column side: \"up\": must be \
         'long', 'buy', 'short' or 'sell'; {word}"
            ),
        ),
        (format!("{open} size=_"), format!("[4030] orders=row 1, column size: null: {null}")),
        ("action=target".to_owned(), format!("[4030] orders=row 1, column size: null: {null}")),
        (
            format!("{open} size_rule=lots"),
            format!(
                "[4024] orders=row 1, column size_rule: \
         \"lots\": must be 'units', 'value', 'equity' or 'risk'; {word}"
            ),
        ),
        (
            "action=target size=1 size_rule=risk".to_owned(),
            "[4024] orders=row 1, column \
         size_rule: \"risk\": a target has no stop loss that says the risk; \
         pass units, value or equity"
                .to_owned(),
        ),
        (
            format!("{open} type=market_if"),
            format!(
                "[4024] orders=row 1, column type: \
         \"market_if\": must be 'market', 'limit' or 'stop'; {word}"
            ),
        ),
        (
            format!("{open} targets=1"),
            "[4024] orders=row 1, column targets: \"1\": is no pair \
         of a price and a size; write targets as price:size, with ; between them"
                .to_owned(),
        ),
        (
            format!("{open} targets=1:x"),
            "[4011] orders=row 1, column targets: \"x\": is not a \
         decimal number; write digits with at most one point, like 1.08123, and no \
         blanks or separators"
                .to_owned(),
        ),
        (
            "run_id=4294967295".to_owned(),
            "[4024] orders=row 1, column run_id: 4294967295: a \
         run_id is a whole number from 0 to 2^32 - 2; number the runs from 0"
                .to_owned(),
        ),
        (
            "run_id=-1".to_owned(),
            "[4024] orders=row 1, column run_id: -1: a run_id is a whole \
         number from 0 to 2^32 - 2; number the runs from 0"
                .to_owned(),
        ),
        ("run_id=_".to_owned(), format!("[4030] orders=row 1, column run_id: null: {null}")),
        (
            "run_id=3 action=open side=x size=1".to_owned(),
            format!(
                "[4019] orders=run 3, row 1, \
         column side: \"x\": must be 'long', 'buy', 'short' or 'sell'; {word}"
            ),
        ),
    ];
    for (row, message) in cases {
        let first = if row.contains("run_id") { "run_id=1" } else { "" };
        assert_eq!(orders(&[first, &row]), message, "{row}");
    }
    let long = "x".repeat(256);
    for column in ["oco", "tag"] {
        let message = orders(&[&format!("{open} {column}={long}")]);
        assert!(
            message.starts_with(&format!("[4013] orders=row 0, column {column}: ")),
            "{message}"
        );
        assert!(message.contains("has more than 255 bytes of UTF-8"), "{message}");
    }
    for column in ["tag", "time", "size"] {
        let message =
            orders(&[&format!("{open} {column}=_"), &format!("{open} size=_ time=_ run_id=1")]);
        let first = if column == "tag" { "column run_id" } else { "row 0, column" };
        assert!(message.contains(first), "{message}");
    }
}

#[test]
fn columns_that_orders_cannot_have() {
    let whole = frame(&["time=1 symbol=ACME action=cancel"]);
    let told = |batch: &RecordBatch| refused(batch, read_orders);
    let one: ArrayRef = Arc::new(Int64Array::from(vec![1]));
    let message = "[4030] orders=column bid: is not known here; rename or drop the column";
    assert_eq!(told(&with(&whole, "bid", Arc::clone(&one))), message);
    let nulls = with(&whole, "bid", Arc::new(NullArray::new(1)));
    assert_eq!(told(&nulls), "accepted", "as if it were absent");
    for name in ["time", "action", "symbol"] {
        let nulls = with(&whole, name, Arc::new(NullArray::new(1)));
        let message = format!("[4030] orders=column {name}: is missing; add the column");
        assert_eq!(told(&nulls), message);
    }
    let columns = [("time", Arc::clone(&one)), ("time", Arc::clone(&one))];
    let message = "[4030] orders=column time: stands twice; pass each column once";
    assert_eq!(told(&batch(&columns)), message);
    for (name, wanted) in [("tag", "a text column"), ("if_flat", "a boolean column")] {
        let wrong = with(&whole, name, Arc::clone(&one));
        let message =
            format!("[4030] orders=column {name}: Int64: must be {wanted}; cast the column");
        assert_eq!(told(&wrong), message);
        assert_eq!(told(&wrong.slice(0, 0)), message);
    }
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![1.0]));
    let message =
        "[4030] orders=column run_id: Float64: must be a column of integers; cast the column";
    assert_eq!(told(&with(&whole, "run_id", floats)), message);
}

#[test]
fn parameters_that_cannot_be() {
    let told = |rows: &[&str]| {
        refused(&frame(rows), |batches| {
            let schema = batches[0].schema();
            portfolio_core::batch::params::ParamTable::read(
                &schema,
                batches,
                &[],
                portfolio_core::numbers::FloatPolicy::Nearest,
            )
        })
    };
    let one = "leave all but one of them empty";
    let group = "stands beside another of its group";
    let word = "pass one of these words";
    let cases = [
        (
            "run_id=1",
            "run_id=1",
            "[4030] params=row 1, column run_id: 1: stands twice; give \
         each run an id of its own"
                .to_owned(),
        ),
        (
            "run_id=1",
            "run_id=_",
            "[4030] params=row 1, column run_id: null: must not be null; \
         fill the cell or drop the row"
                .to_owned(),
        ),
        (
            "",
            "stop_loss=1 stop_loss_rate=2",
            format!(
                "[4030] params=row 1, column \
         stop_loss_rate: 2: {group}; {one}"
            ),
        ),
        (
            "",
            "stop_loss_rate=2 stop_loss_distance=1 stop_loss=3",
            format!(
                "[4030] params=row 1, \
         column stop_loss_distance: 1: {group}; {one}"
            ),
        ),
        (
            "",
            "take_profit_distance=1 take_profit_rate=2",
            format!(
                "[4030] params=row 1, column \
         take_profit_rate: 2: {group}; {one}"
            ),
        ),
        (
            "",
            "trailing_rate=1 trailing=2",
            format!(
                "[4030] params=row 1, column trailing_rate: \
         1: {group}; {one}"
            ),
        ),
        (
            "",
            "commission_rate=1 commission_per_trade=2.5",
            format!(
                "[4030] params=row 1, column \
         commission_per_trade: 2.5: {group}; {one}"
            ),
        ),
        (
            "",
            "slippage_rate=1 slippage_points=2",
            format!(
                "[4030] params=row 1, column \
         slippage_rate: 1: {group}; {one}"
            ),
        ),
        (
            "",
            "initial_balance=-1",
            "[4009] params=row 1, column initial_balance: -1: must not \
         be negative; pass 0 or more"
                .to_owned(),
        ),
        (
            "",
            "leverage=0",
            "[4020] params=row 1, column leverage: 0: must be greater than 0; \
         pass more than 0, or null"
                .to_owned(),
        ),
        (
            "",
            "margin_call=0",
            "[4020] params=row 1, column margin_call: 0: must be greater than \
         0; pass more than 0, or null"
                .to_owned(),
        ),
        (
            "",
            "stop_out=-5",
            "[4020] params=row 1, column stop_out: -5: must be greater than 0; \
         pass more than 0, or null"
                .to_owned(),
        ),
        (
            "",
            "slippage_points=-1",
            "[4017] params=row 1, column slippage_points: -1: must not \
         be negative; pass 0 or more"
                .to_owned(),
        ),
        (
            "",
            "mode=x",
            format!(
                "[4020] params=row 1, column mode: \"x\": must be 'hedging' or \
         'netting'; {word}"
            ),
        ),
        (
            "",
            "path=both",
            format!(
                "[4020] params=row 1, column path: \"both\": must be \
         'pessimistic', 'optimistic', 'ohlc' or 'olhc'; {word}"
            ),
        ),
        (
            "",
            "fill=now",
            format!(
                "[4024] params=row 1, column fill: \"now\": must be \
         'next_open' or 'close'; {word}"
            ),
        ),
        (
            "",
            "side=x",
            format!(
                "[4019] params=row 1, column side: \"x\": must be 'long', 'buy', \
         'short' or 'sell'; {word}"
            ),
        ),
        (
            "",
            "size_rule=x",
            format!(
                "[4024] params=row 1, column size_rule: \"x\": must be \
         'units', 'value', 'equity' or 'risk'; {word}"
            ),
        ),
    ];
    for (first, row, message) in cases {
        assert_eq!(told(&[first, row]), message, "{row}");
    }
    let message = "[4030] params=column fast: is not known here; rename or drop the column";
    assert_eq!(told(&["fast=1"]), message);
    let missing = read_params(&frame(&["size=1"]), &["fast"]).unwrap_err().to_string();
    assert_eq!(
        missing,
        "[4030] params=column fast: is missing; add the column, or drop the \
     label"
    );
    let wrong = with(&frame(&["size=1"]), "mode", Arc::new(Int64Array::from(vec![1])));
    let wrong = read_params(&wrong, &[]).unwrap_err();
    assert_eq!(wrong.place(), "column mode: Int64");
}
