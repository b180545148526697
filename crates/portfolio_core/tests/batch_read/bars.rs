//! Bars: every type, every way of standing in batches, and what comes of them.

use std::sync::Arc;

use arrow_array::types::{ArrowPrimitiveType, Float16Type, Int8Type, UInt32Type};
use arrow_array::{
    ArrayRef, Date32Array, Date64Array, Decimal32Array, Decimal64Array, Decimal128Array,
    DictionaryArray, Float16Array, Float32Array, Float64Array, Int8Array, Int16Array, Int32Array,
    Int64Array, LargeStringArray, PrimitiveArray, RecordBatch, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray,
    TimestampSecondArray, UInt8Array, UInt16Array, UInt32Array, UInt64Array,
};
use portfolio_core::batch::bars::{BarTable, Prices};
use portfolio_core::numbers::{FloatPolicy, Price};

use super::{batch, cut, frame, price, read_bars, with};
use crate::random::Random;

type Half = <Float16Type as ArrowPrimitiveType>::Native;

const LONG: &str = "Zürich Insurance Group AG";

fn at(place: u32) -> usize {
    usize::try_from(place).unwrap()
}

fn below(random: &mut Random, bound: usize) -> usize {
    usize::try_from(random.below(u64::try_from(bound).unwrap())).unwrap()
}

fn two_symbols() -> RecordBatch {
    let long = "open=20 high=30 low=20 close=30";
    frame(&[
        "time=0 symbol=ACME open=10 high=20 low=10 close=20",
        &format!("time=0 symbol={} {long}", LONG.replace(' ', "-")),
        "time=86400000000 symbol=ACME open=10 high=20 low=10 close=20",
        &format!("time=172800000000 symbol={} {long}", LONG.replace(' ', "-")),
        "time=172800000000 symbol=ACME open=10 high=20 low=10 close=20",
    ])
}

/// Everything that a table says.
pub(super) fn shown(bars: &BarTable) -> String {
    let columns = [&bars.open, &bars.high, &bars.low, &bars.close, &bars.spread];
    let raws = |prices: &Prices| -> Vec<i128> {
        (0..bars.symbol.len()).map(|row| prices.raw(row).unwrap()).collect()
    };
    let prices: Vec<Vec<i128>> = columns.map(raws).into_iter().collect();
    format!(
        "{:?} {:?} {:?} {:?} {prices:?} {:?} {:?}",
        bars.symbols, bars.moments, bars.starts, bars.symbol, bars.rows_of, bars.moment_of
    )
}

#[test]
fn moments_symbols_and_rows_are_told_apart() {
    let bars = read_bars(&[two_symbols()], None).unwrap();
    assert_eq!(bars.symbols, ["ACME", "Zürich-Insurance-Group-AG"]);
    assert_eq!(bars.moments, [0, 86_400_000_000, 172_800_000_000]);
    assert_eq!(bars.starts, [0, 2, 3, 5]);
    assert_eq!(bars.symbol, [0, 1, 0, 1, 0]);
    assert!(bars.rows_of.iter().eq([&[0, 2, 4][..], &[1, 3]]));
    assert_eq!((bars.rows_of.get(1), bars.rows_of.get(2)), (Some(&[1, 3][..]), None));
    assert_eq!(bars.moment_of, [0, 0, 1, 2, 2]);
    assert_eq!([0, 1, 2, 3].map(|moment| bars.rows(moment)), [0..2, 2..3, 3..5, 5..5]);
    assert_eq!((bars.open.get(1), bars.high.get(4)), (Some(price("20")), Some(price("20"))));
    assert_eq!((bars.spread.get(3), bars.close.get(5)), (Some(Price::ZERO), None));
}

#[test]
fn numbers_of_every_type_are_the_same_bars() {
    let bars = two_symbols();
    let wanted = shown(&read_bars(std::slice::from_ref(&bars), None).unwrap());
    let columns: [(&str, [i8; 5]); 4] = [
        ("open", [10, 20, 10, 20, 10]),
        ("high", [20, 30, 20, 30, 20]),
        ("low", [10, 20, 10, 20, 10]),
        ("close", [20, 30, 20, 30, 20]),
    ];
    for kind in 0..19 {
        let of_kind = |bars: RecordBatch, (name, values): (&str, [i8; 5])| {
            with(&bars, name, numbers(kind, values))
        };
        let batch = columns.into_iter().fold(bars.clone(), of_kind);
        let found = read_bars(&cut(&batch, &[1, 3]), None).unwrap();
        let kind = batch.column_by_name("open").unwrap().data_type().clone();
        assert_eq!(shown(&found), wanted, "{kind}");
    }
}

fn numbers(kind: usize, values: [i8; 5]) -> ArrayRef {
    let whole = values.iter().copied();
    let wide = || values.iter().map(|value| i128::from(*value));
    let decimals = |scale: i8, digits: u32| -> ArrayRef {
        let raws: Decimal128Array = wide().map(|value| Some(value * 10_i128.pow(digits))).collect();
        Arc::new(raws.with_precision_and_scale(38, scale).unwrap())
    };
    match kind {
        0 => Arc::new(whole.map(|value| Some(f64::from(value))).collect::<Float64Array>()),
        1 => Arc::new(whole.map(|value| Some(f32::from(value))).collect::<Float32Array>()),
        2 => Arc::new(
            whole.map(|value| Some(Half::from_f32(f32::from(value)))).collect::<Float16Array>(),
        ),
        3 => Arc::new(Int8Array::from_iter_values(whole)),
        4 => Arc::new(Int16Array::from_iter_values(whole.map(i16::from))),
        5 => Arc::new(Int32Array::from_iter_values(whole.map(i32::from))),
        6 => Arc::new(Int64Array::from_iter_values(whole.map(i64::from))),
        7 => Arc::new(UInt8Array::from_iter_values(whole.map(i8::unsigned_abs))),
        8 => {
            Arc::new(UInt16Array::from_iter_values(whole.map(|value| value.unsigned_abs().into())))
        }
        9 => {
            Arc::new(UInt32Array::from_iter_values(whole.map(|value| value.unsigned_abs().into())))
        }
        10 => {
            Arc::new(UInt64Array::from_iter_values(whole.map(|value| value.unsigned_abs().into())))
        }
        11 => {
            let raws = Decimal32Array::from_iter_values(whole.map(|value| i32::from(value) * 100));
            Arc::new(raws.with_precision_and_scale(9, 2).unwrap())
        }
        12 => {
            let raws = Decimal64Array::from_iter_values(whole.map(|value| i64::from(value) * 100));
            Arc::new(raws.with_precision_and_scale(18, 2).unwrap())
        }
        13 => {
            let raws: Decimal128Array = wide().map(|value| Some(value / 10)).collect();
            Arc::new(raws.with_precision_and_scale(38, -1).unwrap())
        }
        14 => decimals(0, 0),
        15 => decimals(2, 2),
        16 => decimals(9, 9),
        17 => decimals(18, 18),
        _ => decimals(30, 30),
    }
}

#[test]
fn times_of_every_unit_and_zone_are_the_same_bars() {
    let bars = two_symbols();
    let wanted = shown(&read_bars(std::slice::from_ref(&bars), None).unwrap());
    let day = 86_400_i64;
    let days = [0, 0, 1, 2, 2];
    let times = |unit: i64| days.map(|count| count * day * unit);
    let arrays: [ArrayRef; 9] = [
        Arc::new(TimestampSecondArray::from_iter_values(times(1))),
        Arc::new(TimestampMillisecondArray::from_iter_values(times(1_000)).with_timezone("UTC")),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times(1_000_000))),
        Arc::new(
            TimestampMicrosecondArray::from_iter_values(times(1_000_000))
                .with_timezone("Europe/Berlin"),
        ),
        Arc::new(
            TimestampNanosecondArray::from_iter_values(times(1_000_000_000))
                .with_timezone("-05:00"),
        ),
        Arc::new(Date32Array::from_iter_values([0, 0, 1, 2, 2])),
        Arc::new(Date64Array::from_iter_values(times(1_000))),
        Arc::new(Int64Array::from_iter_values(times(1_000_000))),
        Arc::new(UInt64Array::from_iter_values(
            times(1_000_000).map(|time| u64::try_from(time).unwrap()),
        )),
    ];
    for array in arrays {
        let batch = with(&bars, "time", array);
        let found = read_bars(&cut(&batch, &[2, 4]), None).unwrap();
        assert_eq!(shown(&found), wanted, "{:?}", batch.column_by_name("time"));
    }
}

#[test]
fn symbols_of_every_layout_are_the_same_bars() {
    let names = ["ACME", LONG, "ACME", LONG, "ACME"];
    let view = || -> ArrayRef { Arc::new(StringViewArray::from_iter_values(names)) };
    let bars = with(&two_symbols(), "symbol", view());
    let wanted = shown(&read_bars(std::slice::from_ref(&bars), None).unwrap());
    let small: DictionaryArray<Int8Type> = names.into_iter().collect();
    let keys = PrimitiveArray::<UInt32Type>::from_iter_values([1, 0, 1, 0, 2]);
    let values: ArrayRef = Arc::new(StringViewArray::from_iter_values([LONG, "ACME", "ACME"]));
    let large: ArrayRef = Arc::new(LargeStringArray::from_iter_values([LONG, "ACME", "ACME"]));
    let arrays: [ArrayRef; 6] = [
        view(),
        Arc::new(StringArray::from_iter_values(names)),
        Arc::new(LargeStringArray::from_iter_values(names)),
        Arc::new(small),
        Arc::new(DictionaryArray::new(keys.clone(), values)),
        Arc::new(DictionaryArray::new(keys, large)),
    ];
    for array in arrays {
        let kind = array.data_type().clone();
        let batch = with(&bars, "symbol", array);
        for places in [&[][..], &[1], &[1, 2, 3, 4], &[2, 2]] {
            let found = read_bars(&cut(&batch, places), None).unwrap();
            assert_eq!(shown(&found), wanted, "{kind} {places:?}");
        }
    }
}

#[test]
fn a_spread_comes_as_it_is_or_as_bid_and_ask() {
    let plain = "open=10 high=20 low=10 close=20";
    let rows = |more: &str| format!("time=0 symbol=ACME {plain} {more}");
    let read = |more: &str| read_bars(&[frame(&[&rows(more)])], None).unwrap().spread.get(0);
    assert_eq!(read(""), Some(Price::ZERO));
    assert_eq!(read("spread=0.25"), Some(price("0.25")));
    assert_eq!(read("bid=9.75 ask=10.25"), Some(price("0.5")));
    assert_eq!(read("bid=-1 ask=0"), Some(price("1")), "only their difference is asked for");
    let huge = "99999999999999999999999999999";
    assert_eq!(read(&format!("bid=0 ask={huge}")), Some(price(huge)));
}

#[test]
fn other_columns_are_not_read() {
    let bars = two_symbols();
    let volume: ArrayRef = Arc::new(StringArray::from(vec![None::<&str>; 5]));
    let names = bars.schema();
    let names = names.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>();
    let mut columns: Vec<(&str, ArrayRef)> =
        names.iter().map(String::as_str).zip(bars.columns().iter().cloned()).collect();
    columns.insert(0, ("volume", Arc::clone(&volume)));
    columns.push(("volume", volume));
    columns.reverse();
    let found = read_bars(&[batch(&columns)], None).unwrap();
    assert_eq!(shown(&found), shown(&read_bars(&[bars], None).unwrap()));
}

#[test]
fn one_symbol_needs_no_column() {
    let rows = ["time=0 open=1 high=1 low=1 close=1", "time=1 open=1 high=1 low=1 close=1"];
    let bars = read_bars(&[frame(&rows)], Some("ACME")).unwrap();
    assert_eq!(bars.symbols, ["ACME"]);
    assert!(bars.rows_of.iter().eq([&[0, 1][..]]));
    let bars = read_bars(&[two_symbols()], Some("OTHER")).unwrap();
    assert_eq!(bars.symbols.len(), 2, "the column says it");
}

#[test]
fn no_rows_are_no_moments() {
    let empty = two_symbols().slice(0, 0);
    let bars = read_bars(std::slice::from_ref(&empty), None).unwrap();
    assert_eq!((bars.moments.len(), bars.symbols.len(), bars.rows(0)), (0, 0, 0..0));
    let none = BarTable::read(&empty.schema(), &[], FloatPolicy::Strict, None).unwrap();
    assert_eq!(shown(&none), shown(&bars));
}

#[test]
fn prices_are_as_wide_as_they_must_be() {
    let row = |high: &str| format!("time=0 symbol=ACME open=1 high={high} low=1 close=1");
    let high = |text: &str| read_bars(&[frame(&[&row(text)])], None).unwrap().high;
    assert!(matches!(high("9223372036.854775807"), Prices::Narrow(_)));
    let wide = high("9223372036.854775808");
    assert!(matches!(wide, Prices::Wide(_)));
    assert_eq!(wide.get(0), Some(price("9223372036.854775808")));
    // A float of many digits comes by its shortest text, one of too many is rounded or refused.
    let bars = two_symbols();
    let floats: ArrayRef = Arc::new(Float64Array::from(vec![20.000_000_000_1; 5]));
    let bars = with(&bars, "high", Arc::clone(&floats));
    let bars = with(&with(&bars, "close", Arc::clone(&floats)), "open", floats);
    let bars = with(&bars, "low", Arc::new(Float64Array::from(vec![20.0; 5])));
    let found = read_bars(std::slice::from_ref(&bars), None).unwrap();
    assert_eq!(found.close.get(4), Some(price("20")));
    let refused = BarTable::read(&bars.schema(), &[bars], FloatPolicy::Strict, None).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "[4030] bars=row 0, column open: 20.0000000001: has digits beyond 9 decimals; round it to \
         the scale first"
    );
}

#[test]
fn blocks_of_floats_come_as_single_ones_do() {
    let mut random = Random(7);
    for count in [1, 15, 16, 17, 31, 32, 33, 100] {
        let odd = below(&mut random, count);
        let mut values: Vec<f64> =
            (1..=count).map(|row| f64::from(u32::try_from(row).unwrap())).collect();
        values[odd] = 1_234_567.123_456_789;
        let column: ArrayRef = Arc::new(Float64Array::from(values.clone()));
        let times: ArrayRef =
            Arc::new(Int64Array::from_iter_values(0..i64::try_from(count).unwrap()));
        let prices = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&column)));
        let columns: Vec<_> = [("time", times)].into_iter().chain(prices).collect();
        let bars = read_bars(&[batch(&columns)], Some("ACME")).unwrap();
        for (row, value) in values.iter().enumerate() {
            let wanted = Price::from_f64(*value, FloatPolicy::Nearest).unwrap();
            assert_eq!(bars.open.get(row), Some(wanted), "{row} of {count}");
        }
    }
}

/// Symbols that come and go, in any order of each moment, and batches cut anywhere.
#[test]
fn random_bars_are_what_a_plain_reading_makes_of_them() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let names: Vec<String> = (0..=random.below(12))
            .map(
                |place| {
                    if place % 3 == 0 { format!("{LONG} {place}") } else { format!("S{place}") }
                },
            )
            .collect();
        let (mut times, mut symbols) = (Vec::new(), Vec::new());
        for time in 0..40_i64 {
            let mut left: Vec<&String> = names.iter().collect();
            if random.below(3) == 0 {
                left.rotate_left(below(&mut random, names.len()));
            }
            for name in left.into_iter().filter(|_| random.below(5) > 0) {
                times.push(time);
                symbols.push(name.as_str());
            }
        }
        let text: ArrayRef = if random.below(2) == 0 {
            Arc::new(StringViewArray::from_iter_values(&symbols))
        } else {
            Arc::new(symbols.iter().copied().collect::<DictionaryArray<Int8Type>>())
        };
        let one: ArrayRef = Arc::new(Float64Array::from(vec![1.5; times.len()]));
        let time: ArrayRef = Arc::new(Int64Array::from(times.clone()));
        let prices = ["open", "high", "low", "close"].map(|name| (name, Arc::clone(&one)));
        let columns: Vec<_> =
            [("time", time), ("symbol", text)].into_iter().chain(prices).collect();
        let whole = batch(&columns);
        let mut places: Vec<usize> =
            (0..random.below(6)).map(|_| below(&mut random, 1 + times.len())).collect();
        places.sort_unstable();
        let bars = read_bars(&cut(&whole, &places), None).unwrap();

        let read: Vec<&str> =
            bars.symbol.iter().map(|code| bars.symbols[at(*code)].as_str()).collect();
        assert_eq!(read, symbols, "seed {seed}");
        let moment_of: Vec<i64> =
            bars.moment_of.iter().map(|place| bars.moments[at(*place)]).collect();
        assert_eq!(moment_of, times, "seed {seed}");
        assert!(bars.moments.is_sorted_by(|time, next| time < next), "seed {seed}");
        for (moment, time) in bars.moments.iter().enumerate() {
            assert!(bars.rows(moment).all(|row| times[row] == *time), "seed {seed}");
        }
        for (code, rows) in bars.rows_of.iter().enumerate() {
            let wanted: Vec<u32> = (0..u32::try_from(symbols.len()).unwrap())
                .filter(|row| symbols[at(*row)] == bars.symbols[code])
                .collect();
            assert_eq!(rows, wanted, "seed {seed}");
        }
        let first = |name: &String| symbols.iter().position(|other| other == name);
        assert!(bars.symbols.is_sorted_by_key(first), "seed {seed}");
    }
}
