//! What is refused in the rows of a frame (rules E3 to E8): code, row and column, in both ways to
//! treat errors, and nothing of it is left.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking"
)]

#[expect(dead_code, reason = "each test uses its part")]
mod frame_rows;

use frame_rows::told;
use frame_rows::{account, apply, apply_batches, batch, comes_back, configuration, picture, shown};
use portfolio_core::frame::{FrameError, OnError};
use portfolio_core::ledger::{Configuration, Ledger};

const LONG: &str = "open time=1 symbol=ACME side=long size=1 price=100";
const SHORT: &str = "open time=1 symbol=ACME side=short size=1 price=100";
const BAR: &str = "bar time=1 symbol=ACME open=100 high=110 low=90 close=105";
const ORDER: &str = "order time=1 symbol=ACME side=long size=1 price=90";
const SPLIT: &str = "split time=1 symbol=ACME numerator=2 denominator=1";
const PAIR: &str = "register symbol=EURUSD terms=00000000034555520000000000";
const RATE: &str = "mark time=0 symbol=EURUSD price=1";

/// The code, the place, the rows, and how many of the last ones are refused.
struct Case(u16, &'static str, Vec<String>, usize);

/// One row that is refused, after others; what is given later stands instead of what is there.
fn bad(code: u16, place: &'static str, rows: &[&str]) -> Case {
    group(code, place, rows, 1)
}

fn group(code: u16, place: &'static str, rows: &[&str], refused: usize) -> Case {
    Case(code, place, rows.iter().map(|row| merged(row)).collect(), refused)
}

/// Later cells replace earlier ones; one with `-` alone is dropped.
fn merged(row: &str) -> String {
    let mut words: Vec<&str> = Vec::new();
    for word in row.split(' ').filter(|word| !word.is_empty()) {
        let name = word.split('=').next().unwrap();
        words.retain(|known| known.split('=').next() != Some(name) || !known.contains('='));
        words.push(word);
    }
    words.retain(|word| !word.ends_with("=-"));
    words.join(" ")
}

fn with(row: &str, cells: &str) -> String {
    format!("{row} {cells}")
}

const HUGE: &str = "1000000000000000000000";

fn needed() -> Vec<Case> {
    let convert = "convert time=1 amount=1 from_currency=USD";
    vec![
        bad(4030, "1 position_id", &[LONG, "close_by time=1 other_id=1"]),
        bad(4030, "1 other_id", &[LONG, "close_by time=1 position_id=1"]),
        bad(4030, "0 side", &[&with(ORDER, "side=-")]),
        bad(4030, "0 size", &[&with(ORDER, "size=-")]),
        bad(4030, "0 symbol", &[&with(ORDER, "symbol=-")]),
        bad(4030, "0 order_id", &["cancel time=1"]),
        bad(4030, "0 time", &[&with(BAR, "time=-")]),
        bad(4030, "0 time", &["quotes symbol=ACME price=1"]),
        bad(4030, "0 to_currency", &[convert]),
        bad(4030, "0 symbol", &["swap time=1"]),
        bad(4030, "0 symbol", &["rollover time=1"]),
        bad(4030, "0 price", &["dividend time=1 symbol=ACME"]),
        bad(4030, "0 denominator", &[&with(SPLIT, "denominator=-")]),
        bad(4030, "0 numerator", &[&with(SPLIT, "numerator=-")]),
    ]
}

fn converted() -> Vec<Case> {
    let far = "time=1 symbol=A price=1 pay_time=4611686018427387904";
    vec![
        bad(4024, "0 break_even_offset", &[&with(LONG, "break_even_offset=1 targets=?")]),
        bad(
            4024,
            "1 break_even_offset",
            &[LONG, "modify time=1 position_id=1 break_even=0 break_even_offset=1"],
        ),
        bad(4024, "0 targets", &[&with(LONG, "targets=105 exit_time=4611686018427387904")]),
        bad(4024, "0 targets", &[&with(LONG, "targets=105:1;")]),
        bad(4024, "0 targets", &[&with(LONG, "targets=105:1:1")]),
        bad(4011, "0 targets", &[&with(LONG, "targets=105:_1")]),
        bad(4011, "0 targets", &[&with(LONG, "targets=105:0.0000000001")]),
        bad(4010, "0 targets", &[&with(LONG, "targets=1e99:1")]),
        bad(4006, "0 exit_time", &[&with(ORDER, "exit_time=4611686018427387904 type=?")]),
        bad(4024, "0 type", &[&with(ORDER, "type=Limit price=-")]),
        bad(4013, "0 oco", &[&with(ORDER, &format!("price=- oco={}", "x".repeat(256)))]),
        bad(4013, "0 tag", &[&with(ORDER, "tag=\0 targets=?")]),
        bad(4024, "0 order_id", &["cancel time=1 order_id=0"]),
        bad(4024, "0 order_id", &["cancel time=1 order_id=-1"]),
        bad(4014, "0 other_id", &["close_by time=1 position_id=1 other_id=-1"]),
        bad(4024, "0 path", &[&with(BAR, "open=- path=high")]),
        bad(4024, "0 kind", &["swap time=1 symbol=ACME kind= multiplier=-1"]),
        bad(4024, "0 multiplier", &["swap time=1 symbol=ACME multiplier=4294967296"]),
        bad(4006, "0 pay_time", &[&format!("dividend {far}")]),
        bad(4024, "0 numerator", &[&with(SPLIT, "numerator=-1 denominator=-1")]),
        // What is asked when all cells are read
        bad(4024, "0 price", &[&with(ORDER, "time=-9 price=-")]),
        bad(4024, "0 price", &[&with(ORDER, "type=stop price=-")]),
        bad(4024, "0 price", &[&with(ORDER, "type=market price=0")]),
        bad(4024, "1 stop_loss", &[LONG, "modify time=0 position_id=1"]),
        bad(4024, "1 symbol", &[LONG, "modify time=0 position_id=1 symbol=B trailing=1"]),
        bad(4022, "0 currency", &["deposit time=1 amount=1 currency=?"]),
        bad(4022, "0 currency", &["deposit time=1 amount=1 currency="]),
        bad(4006, "1 time", &["deposit time=2 amount=1", "withdraw time=1 amount=0 currency=?"]),
        bad(
            4006,
            "1 time",
            &["deposit time=2 amount=1", "convert time=1 amount=1 from_currency=? to_currency=?"],
        ),
        bad(4022, "0 to_currency", &["convert time=1 amount=0 from_currency=USD to_currency=?"]),
    ]
}

fn together() -> Vec<Case> {
    let event = |cells: &str| with(BAR, &format!("event=1 {cells}"));
    vec![
        group(4030, "1 path", &[&event(""), &event("path=ohlc open=-")], 2),
        group(4030, "1 path", &[&event("path=ohlc"), &event("")], 2),
        group(4030, "1 time", &[&event(""), &event("time=2 path=ohlc")], 2),
        bad(4030, "0 open", &[&with(BAR, "open=- low=- spread=-1")]),
        bad(4030, "0 low", &[&with(BAR, "low=- close=-")]),
        bad(4030, "0 ask", &["quotes time=1 symbol=A bid=1"]),
        bad(4024, "0 price", &["quotes time=1 symbol=A bid=1 price=1"]),
        bad(4029, "0 high", &[&with(BAR, "high=101")]),
        bad(4029, "0 low", &[&with(BAR, "low=101")]),
        group(4005, "1 spread", &[&event(""), &event("symbol=B spread=-1")], 2),
        group(4024, "1 symbol", &[&event(""), &event("")], 2),
        group(4012, "1 symbol", &[&event(""), &event("symbol=_")], 2),
        group(4006, "1 time", &[BAR, &event(""), &event("symbol=B")], 2),
        group(4006, "1 time", &[BAR, &event("symbol=B"), &event("")], 2),
        bad(4015, "0 bid", &["quotes time=1 symbol=A bid=2 ask=1"]),
        bad(4005, "0 ask", &["quotes time=1 symbol=A bid=2 ask=-1"]),
        bad(4006, "1 time", &["deposit time=2 amount=1", "quotes time=1 symbol=A price=0"]),
        // Only all of them together are out of range
        group(
            4010,
            "2 bars",
            &[
                LONG,
                &event(&format!("open={HUGE} high={HUGE} low={HUGE} close={HUGE}")),
                &event("symbol=B"),
            ],
            2,
        ),
        group(
            4010,
            "2 bid",
            &[
                LONG,
                &format!("quotes time=1 symbol=ACME price={HUGE} event=1"),
                "quotes time=1 symbol=B bid=1 ask=1 event=1",
            ],
            2,
        ),
    ]
}

fn rules() -> Vec<Case> {
    let convert = "convert time=1 amount=1 from_currency=USD to_currency=EUR";
    let dividend = "dividend time=1 symbol=ACME";
    vec![
        bad(4026, "0 trailing", &[&with(LONG, "trailing=100")]),
        bad(4026, "0 break_even", &[&with(LONG, "break_even=1 break_even_offset=1")]),
        bad(4026, "0 targets", &[&with(LONG, "targets=105:2")]),
        bad(4006, "0 exit_time", &[&with(LONG, "exit_time=0")]),
        bad(4005, "0 price", &[&with(ORDER, "price=0")]),
        bad(4005, "1 price", &[LONG, &with(ORDER, "price=101")]),
        bad(4007, "0 stop_loss", &[&with(ORDER, "stop_loss=91")]),
        bad(4006, "0 expiry", &[&with(ORDER, "expiry=0")]),
        bad(4027, "0 order_id", &["cancel time=1 order_id=1"]),
        bad(4001, "1 other_id", &[LONG, "close_by time=1 position_id=1 other_id=2"]),
        bad(4024, "1 other_id", &[LONG, "close_by time=1 position_id=1 other_id=1"]),
        bad(4003, "2 size", &[LONG, SHORT, "close_by time=1 position_id=1 other_id=2 size=2"]),
        bad(4025, "0 currency", &["deposit time=1 amount=1 currency=EUR"]),
        bad(4016, "2 amount", &[PAIR, RATE, &with(convert, "amount=1000000")]),
        bad(4005, "2 rate", &[PAIR, RATE, &with(convert, "rate=0")]),
        bad(4025, "0 to_currency", &[convert]),
        bad(4012, "0 symbol", &["swap time=1 symbol=ACME"]),
        bad(4028, "1 time", &[LONG, "rollover time=1 symbol=ACME"]),
        bad(4009, "1 price", &[LONG, &with(dividend, "price=0")]),
        bad(4006, "1 pay_time", &[LONG, &with(dividend, "price=1 pay_time=0")]),
        bad(4024, "1 numerator", &[LONG, &with(SPLIT, "numerator=0")]),
        bad(4024, "1 denominator", &[LONG, &with(SPLIT, "denominator=0")]),
        // The rules of a registration name what its terms hold: a tick of 0.01
        bad(
            4017,
            "0 tick_size",
            &["register symbol=A price_decimals=1 terms=80ade204000000000000000000"],
        ),
        bad(4017, "0 inverse", &["register symbol=A terms=00000000000100000000"]),
        bad(4022, "0 base_currency", &["register symbol=A terms=00000000023f3f0000000000"]),
        bad(
            4017,
            "0 tick_size",
            &["register symbol=A price_decimals=1 terms=80ade204000000023f3f0000000000"],
        ),
        bad(4017, "0 terms", &["register symbol=A quote_currency=? terms=000000000001000000"]),
        bad(4018, "1 symbol", &["register symbol=EURUSD", PAIR]),
    ]
}

#[test]
fn a_refused_row_has_its_place_and_leaves_nothing() {
    let cases = [needed(), converted(), together(), rules()].into_iter().flatten();
    let mut count = 0;
    for Case(code, place, mut rows, refused) in cases {
        let first = rows.len() - refused;
        rows.push("deposit time=9 amount=1".to_owned());
        let about = format!("{code} {place}: {rows:?}");
        let mut ledger = account();
        apply(&mut ledger, &["deposit time=0 amount=0.5"], OnError::Raise).unwrap();
        let before = picture(&mut ledger);
        let Err(FrameError::Row(error)) = apply(&mut ledger, &rows, OnError::Raise) else {
            panic!("{about}: not refused")
        };
        let found = format!("{} {} {}", error.code.number(), error.row, error.column);
        assert_eq!(found, format!("{code} {place}"), "{about}: {error}");
        assert_eq!(picture(&mut ledger), before, "{about}");

        let applied = apply(&mut ledger, &rows, OnError::Record).unwrap();
        let listed: Vec<_> = shown(&applied.refused);
        let message = error.to_string().replace(' ', "_");
        let wanted = (first..first + refused)
            .map(|row| format!("row={row} code={code} message={message}"))
            .collect::<Vec<_>>();
        assert_eq!(listed, wanted, "{about}");
        assert_eq!(applied.receipts.rows, first + 1, "{about}");
        ledger.verify().unwrap();
        count += 1;
    }
    assert!(count > 80, "{count} cases");
}

/// Terms with some of their models.
fn models(margin: &str, commission: &str, slippage: &str, swap: &str) -> String {
    format!("000000000000{margin}{commission}{slippage}{swap}")
}

fn apply_terms(terms: &str) -> Result<String, String> {
    let mut ledger = account();
    let rows = ["deposit time=0 amount=1".to_owned(), format!("register symbol=A terms={terms}")];
    match apply(&mut ledger, &rows, OnError::Raise) {
        Ok(_) => Ok(told(&ledger)[1].split("terms=").nth(1).unwrap_or("").to_owned()),
        Err(FrameError::Row(error)) => {
            Err(format!("{} {} {}", error.code.number(), error.row, error.column))
        }
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_text_that_is_no_terms_is_no_instrument() {
    let none = "00".repeat(10);
    let margin = |text: &str| models(text, "00", "00", "00");
    let commission = |text: &str| models("00", text, "00", "00");
    let slippage = |text: &str| models("00", "00", text, "00");
    let swap = |text: &str| models("00", "00", "00", text);
    // -(10^38)
    let long = "ffffffffff8f918a93e8a3ecd096d4ccf6ac02";
    let texts = [
        String::new(),
        "xy".repeat(10),
        format!("_{none}"),
        format!("{none}0"),
        none[2..].to_owned(),
        format!("{none}00"),
        format!("8000{}", &none[2..]),
        "00000000000200000000".to_owned(),
        "0000000001ff0000000000".to_owned(),
        format!("{}02{}", "80".repeat(18), &none[2..]),
        margin("0501000000"),
        margin("0100000000"),
        margin("0101020000"),
        margin("0101000002"),
        margin("0101008294ebdc0300"),
        margin("0400000000"),
        margin("04010101000000"),
        margin("0403020101010001000000"),
        commission("05000000000000"),
        commission("01000000000003"),
        commission("01000100000000"),
        commission("01010000000000"),
        commission("01000001000100"),
        slippage("050000"),
        slippage(&format!("0400{}02", "80".repeat(9))),
        swap("04000001000355544301010101010101e802"),
        swap("01000000035554430101010101010 1e802".replace(' ', "").as_str()),
        swap("0100000205050355544301010101010101e802"),
        swap("01000001a00b0355544301010101010101e802"),
        swap("01000001000375746301010101010101e802"),
        swap("01000001000355544301010101010101e902"),
        swap("010000010003555443808080801001010101 0101e802".replace(' ', "").as_str()),
        swap(&format!("01{long}0001000355544301010101010101e802")),
    ];
    for text in texts {
        assert_eq!(apply_terms(&text), Err("4017 1 terms".to_owned()), "{text}");
    }
}

#[test]
fn texts_beside_those_are_terms() {
    assert_eq!(apply_terms(&"00".repeat(10)), Ok(String::new()));
    let texts = [
        models("0101000000", "00", "00", "00"),
        models("0101008194ebdc0300", "00", "00", "00"),
        models("0403010102010001000000", "00", "00", "00"),
        models("00", "01000000000000", "00", "00"),
        models("00", "01000000000002", "00", "00"),
        models("00", "01000001000000", "00", "00"),
        models("00", "00", &format!("0400{}01", "ff".repeat(9)), "00"),
        models("00", "00", "00", "01000001000355544301010101010101e802"),
        models("00", "00", "00", "03000002059f0b0d4575726f70652f4265726c696e01010101010101ed02"),
        models("00", "00", "00", "010000010003555443ffffffff0f000000000000e802"),
        models(
            "00",
            "00",
            "00",
            "01fdffffffff8f918a93e8a3ecd096d4ccf6ac020001000355544301010101010101e802",
        ),
    ];
    for text in texts {
        assert_eq!(apply_terms(&text), Ok(text.clone()));
        assert_eq!(apply_terms(&text.to_uppercase()), Ok(text));
    }
}

#[test]
fn a_refusal_in_the_middle_takes_everything_back() {
    let stop_out = Some(50_000_000_000);
    for refused in
        [vec![SPLIT], vec![LONG, "bar time=4 event=1 symbol=A open=1 high=1 low=2 close=1"]]
    {
        let mut ledger = Ledger::new(Configuration { stop_out, ..configuration() }).unwrap();
        let grouped = [with(ORDER, "oco=g"), with(ORDER, "price=80 oco=g")].map(|row| merged(&row));
        apply(&mut ledger, &[PAIR, RATE, LONG, &grouped[0], &grouped[1]], OnError::Raise).unwrap();
        let before = picture(&mut ledger);
        let bars = merged(&with(BAR, "time=3 low=89"));
        let mut rows = vec![
            "deposit time=2 amount=50 currency=EUR",
            &bars,
            "quotes time=4 symbol=ACME price=70",
            "dividend time=4 symbol=ACME price=1 pay_time=172800000000",
            "split time=4 symbol=ACME numerator=3 denominator=2",
        ];
        let good = rows.len();
        rows.extend(refused);
        let batches = [batch(&rows)];
        assert!(apply_batches(&mut ledger, &batches, OnError::Raise).is_err());
        assert_eq!(picture(&mut ledger), before);
        ledger.verify().unwrap();
        apply(&mut ledger, &rows[..good], OnError::Raise).unwrap();
        comes_back(&mut ledger, "after");
    }
}
