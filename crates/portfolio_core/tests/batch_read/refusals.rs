//! What is refused before anything runs, and in which words.

use std::sync::Arc;

use arrow_array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, NullArray, RecordBatch, StringArray,
};
use portfolio_core::batch::BatchError;
use portfolio_core::batch::params::ParamTable;
use portfolio_core::numbers::FloatPolicy;

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
fn spreads_and_symbols_that_no_bar_has() {
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
fn texts_of_orders_are_short() {
    let open = "action=open side=buy size=1";
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
fn columns_that_parameters_cannot_have() {
    let message = "[4030] params=column fast: is not known here; rename or drop the column";
    assert_eq!(params(&["fast=1"]), message);
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

fn params(rows: &[&str]) -> String {
    refused(&frame(rows), |batches| {
        ParamTable::read(&batches[0].schema(), batches, &[], FloatPolicy::Nearest)
    })
}

#[test]
fn rows_that_are_refused() {
    let (mut section, mut first, mut seen) = ("", "", 0);
    for line in include_str!("refused.txt").lines() {
        if let Some((name, row)) = line.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            (section, first) = (name, row);
            continue;
        }
        let Some((row, message)) = line.split_once(" => ") else { continue };
        let told = match section {
            "bars" => bars(&[first, row]),
            "orders" => orders(&[first, row]),
            _ => params(&[first, row]),
        };
        assert_eq!(told, message, "{row}");
        seen += 1;
    }
    assert!(seen > 50, "{seen} rows");
}
