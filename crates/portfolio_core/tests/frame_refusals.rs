//! Good rows with one bad cell each: the refusal names row, column, value, rule and remedy, and
//! the ledger is as it was.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, Decimal32Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int16Array, Int64Array, RecordBatch, StringArray, UInt64Array,
};
use portfolio_core::columns::schema::View;
use portfolio_core::frame::{EventFrame, FrameError, OnError};
use portfolio_core::ledger::{Configuration, Ledger};
use portfolio_core::numbers::{FloatPolicy, Money};

type Row = Vec<(&'static str, ArrayRef)>;

fn text(text: &str) -> ArrayRef {
    Arc::new(StringArray::from(vec![text]))
}

fn no_text() -> ArrayRef {
    Arc::new(StringArray::new_null(1))
}

fn float(value: f64) -> ArrayRef {
    Arc::new(Float64Array::from(vec![value]))
}

fn int(value: i64) -> ArrayRef {
    Arc::new(Int64Array::from(vec![value]))
}

fn decimal(raw: i128, scale: i8) -> ArrayRef {
    Arc::new(Decimal128Array::from(vec![raw]).with_precision_and_scale(38, scale).unwrap())
}

/// A row that is accepted.
fn good(action: &str) -> Row {
    let mut row = vec![("action", text(action)), ("time", int(5))];
    match action {
        "open" => row.extend([
            ("symbol", text("ACME")),
            ("side", text("long")),
            ("size", float(1.0)),
            ("price", float(100.0)),
        ]),
        "close" => row.extend([("position_id", int(1)), ("price", float(101.0))]),
        "modify" => row.extend([("position_id", int(1)), ("stop_loss", float(90.0))]),
        "update" | "mark" => row.extend([("symbol", text("ACME")), ("price", float(99.0))]),
        "fee" => row.push(("fee", float(1.0))),
        "deposit" | "withdraw" => row.push(("amount", float(10.0))),
        _ => row.push(("symbol", text("NEW"))),
    }
    row
}

/// The row with some cells put in the place of what it had.
fn with<const N: usize>(action: &str, cells: [(&'static str, ArrayRef); N]) -> Row {
    let mut row = good(action);
    for (name, cell) in cells {
        match row.iter_mut().find(|(known, _)| *known == name) {
            Some(known) => known.1 = cell,
            None => row.push((name, cell)),
        }
    }
    row
}

fn without(action: &str, column: &str) -> Row {
    good(action).into_iter().filter(|(name, _)| *name != column).collect()
}

/// A ledger with position 1 in ACME.
fn ledger() -> Ledger {
    let mut ledger = Ledger::new(Configuration {
        leverage: 3_000_000_000,
        ..Configuration::new(Money::parse("5000").unwrap())
    })
    .unwrap();
    apply(&mut ledger, good("open")).unwrap();
    ledger
}

fn apply(ledger: &mut Ledger, row: Row) -> Result<(), FrameError> {
    let batch = RecordBatch::try_from_iter_with_nullable(
        row.into_iter().map(|(name, array)| (name, array, true)),
    )
    .unwrap();
    let (schema, batches) = (batch.schema(), [batch]);
    let frame = EventFrame::read(&schema, &batches, FloatPolicy::Nearest).unwrap();
    ledger.apply_frame(&frame, OnError::Raise, View::Exact, &mut || true).map(|_| ())
}

#[test]
fn each_good_row_is_accepted() {
    for action in
        ["open", "close", "modify", "update", "mark", "fee", "deposit", "withdraw", "register"]
    {
        apply(&mut ledger(), good(action)).unwrap_or_else(|error| panic!("{action}: {error}"));
    }
}

#[test]
fn numbers_of_all_widths_are_taken() {
    let halves: [ArrayRef; 3] = [
        Arc::new(Float32Array::from(vec![100.5])),
        Arc::new(Decimal32Array::from(vec![1005]).with_precision_and_scale(9, 1).unwrap()),
        decimal(100_500_000, 6),
    ];
    let wanted = halves.map(|price| {
        let mut ledger = ledger();
        apply(&mut ledger, with("open", [("price", price)])).unwrap();
        ledger.digest().unwrap()
    });
    assert!(wanted.iter().all(|digest| *digest == wanted[0]), "{wanted:?}");
    let small: ArrayRef = Arc::new(Int16Array::from(vec![100]));
    apply(&mut ledger(), with("open", [("price", small), ("position_id", int(7))])).unwrap();
}

#[test]
fn a_word_of_a_dictionary_is_read() {
    let word = |word: &str| -> ArrayRef {
        Arc::new([word].into_iter().collect::<DictionaryArray<Int32Type>>())
    };
    let mut plain = ledger();
    apply(&mut plain, good("open")).unwrap();
    let mut dictionary = ledger();
    let row =
        with("open", [("action", word("open")), ("side", word("buy")), ("symbol", word("ACME"))]);
    apply(&mut dictionary, row).unwrap();
    assert_eq!(plain.digest(), dictionary.digest());
}

#[test]
fn a_bad_cell_is_named() {
    let large = || decimal(10_i128.pow(37), 2);
    let cases: Vec<(Row, &str)> = vec![
        (with("open", [("action", no_text())]), "[4030] events=row 0, column action: null"),
        (with("open", [("action", text("hold"))]), "column action: \"hold\": is no action; pass"),
        (with("open", [("side", text("up"))]), "column side: \"up\": must be 'long'"),
        (with("open", [("side", no_text())]), "column side: null: must not be null; fill"),
        (without("open", "side"), "column side: missing: the column is needed by this row; add"),
        (with("open", [("symbol", no_text())]), "column symbol: null: must not be null"),
        (
            with("open", [("symbol", text(" A"))]),
            "column symbol: \" A\": a symbol has no white space",
        ),
        (with("open", [("price", large())]), "column price: 1"),
        (with("open", [("size", large())]), "column size: 1"),
        (with("open", [("size", decimal(15, 10))]), "column size: 0.0000000015: has digits"),
        (with("open", [("size", float(f64::INFINITY))]), "column size: inf: is not finite"),
        (with("open", [("fee", large())]), "column fee: 1"),
        (with("open", [("price", decimal(3, -40))]), "column price: 3e40"),
        (with("open", [("position_id", int(-1))]), "column position_id: -1"),
        (with("open", [("position_id", int(1))]), "column position_id: 1"),
        (with("open", [("key", text(""))]), "column key: \"\": a key has 1 to 255 bytes"),
        (with("open", [("tag", text("a\0b"))]), "column tag: "),
        (with("open", [("time", int(i64::MAX))]), "column time: 9223372036854775807"),
        (with("open", [("time", int(4))]), "column time: "),
        (with("close", [("key", text("k"))]), "column key: \"k\": stands beside a position_id"),
        (with("close", [("symbol", text("B"))]), "column symbol: \"B\": is not the symbol of"),
        (without("close", "position_id"), "column position_id: missing: the column is needed"),
        (without("close", "price"), "column price: missing"),
        (with("close", [("position_id", int(9))]), "column position_id: 9"),
        (with("close", [("size", float(2.0))]), "column size: 2"),
        (with("close", [("reason", text(&"x".repeat(256)))]), "column reason: "),
        (with("modify", [("stop_loss", float(-1.0))]), "column stop_loss: -1"),
        (with("modify", [("symbol", text("B"))]), "column symbol: \"B\": is not the symbol of"),
        (with("update", [("bid", float(1.0))]), "column price: 99: stands beside a bid or an ask"),
        (without("update", "price"), "column price: missing"),
        (without("update", "time"), "column time: missing"),
        (with("update", [("symbol", no_text()), ("time", int(1))]), "column time: "),
        (with("mark", [("price", float(-1.0))]), "column price: -1"),
        (without("fee", "fee"), "column fee: missing"),
        (with("fee", [("position_id", int(2))]), "column position_id: 2"),
        (without("deposit", "amount"), "column amount: missing"),
        (with("withdraw", [("amount", float(1e9))]), "column amount: 1000000000"),
        (with("register", [("price_decimals", int(10))]), "column price_decimals: 10"),
        (with("register", [("contract_size", float(0.0))]), "column contract_size: 0"),
        (with("register", [("quote_currency", text("XX"))]), "column quote_currency: \"XX\": is"),
        (with("register", [("leverage", float(-1.0))]), "column leverage: -1"),
    ];
    for (row, wanted) in cases {
        let mut ledger = ledger();
        let before = (ledger.digest().unwrap(), ledger.event_bytes().unwrap());
        let shown = format!("{row:?}");
        match apply(&mut ledger, row) {
            Err(FrameError::Row(error)) => {
                let message = error.to_string();
                assert!(message.contains(wanted), "{message:?} does not say {wanted:?}\n{shown}");
                assert!(!error.remedy.is_empty());
            }
            other => panic!("{other:?}, wanted {wanted:?}\n{shown}"),
        }
        assert_eq!((ledger.digest().unwrap(), ledger.event_bytes().unwrap()), before, "{shown}");
    }
}

#[test]
fn one_side_of_a_quote_is_not_enough() {
    for (given, missing) in [("bid", "ask"), ("ask", "bid")] {
        let mut row = without("update", "price");
        row.push((given, float(1.0)));
        let error = apply(&mut ledger(), row).unwrap_err().to_string();
        assert!(error.contains(&format!("column {missing}: missing")), "{error}");
    }
    for (bid, ask, wanted) in
        [(2.0, 1.0, "column bid: ACME: (2, 1): the bid is above"), (1.0, -1.0, "column ask: ")]
    {
        let mut row = without("update", "price");
        row.extend([("bid", float(bid)), ("ask", float(ask))]);
        let error = apply(&mut ledger(), row).unwrap_err().to_string();
        assert!(error.contains(wanted), "{error}");
    }
}

#[test]
fn a_frame_of_another_shape_is_refused_whole() {
    let cases: Vec<(Row, &str)> = vec![
        (without("open", "action"), "column action: is missing; say what each row is"),
        (with("open", [("colour", text("red"))]), "column colour: is not known here; rename"),
        (with("open", [("size", text("1"))]), "column size: Utf8 is not "),
        (with("open", [("symbol", int(1))]), "column symbol: Int64 is not "),
        (with("open", [("position_id", float(1.0))]), "column position_id: Float64 is not "),
        (with("open", [("time", text("today"))]), "column time: Utf8 is not "),
    ];
    for (row, wanted) in cases {
        let batch = RecordBatch::try_from_iter(row).unwrap();
        let (schema, batches) = (batch.schema(), [batch]);
        let error = EventFrame::read(&schema, &batches, FloatPolicy::Nearest).unwrap_err();
        let message = error.to_string();
        assert!(message.starts_with(wanted), "{message:?} does not say {wanted:?}");
    }
}

#[test]
fn the_largest_id_is_an_id_and_zero_is_none() {
    let open = |id| {
        let id: ArrayRef = Arc::new(UInt64Array::from(vec![id]));
        apply(&mut ledger(), with("open", [("position_id", id)]))
    };
    assert_eq!(open(u64::MAX), Ok(()));
    let error = open(0).unwrap_err().to_string();
    assert!(error.contains("column position_id: 0"), "{error}");
}
