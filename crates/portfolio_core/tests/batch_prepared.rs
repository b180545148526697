//! Prepared bars: the same results over the same memory, refusals of what is not whole, and no
//! panic whatever the rows hold.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a test fails by panicking, and casts to shorter words are what damages them"
)]

mod draws;
mod prepared;
mod random;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types::{Decimal128Type, Float64Type, Int64Type, UInt32Type};
use arrow_array::{
    Array, ArrayRef, Decimal128Array, Float64Array, Int64Array, LargeListArray, RecordBatch,
    RecordBatchIterator, StringArray, UInt32Array, make_array, new_null_array,
};
use arrow_buffer::OffsetBuffer;
use arrow_data::transform::MutableArrayData;
use arrow_schema::{DataType, Field, Schema};
use draws::{chance, pick};
use portfolio_core::batch::Fill;
use portfolio_core::batch::bars::{BarTable, Prices};
use prepared::{KINDS, Kind, bars, batch, orders, run, shown};
use random::Random;

const SORTS: [&str; 3] = ["trip", "target", "all"];

/// The same table, handed over as between two libraries.
fn handed_over(table: &RecordBatch) -> RecordBatch {
    let reader = RecordBatchIterator::new([Ok(table.clone())], table.schema());
    let stream = FFI_ArrowArrayStream::new(Box::new(reader));
    let mut batches = RecordBatchStreamReader::try_new(stream).unwrap();
    let batch = batches.next().unwrap().unwrap();
    assert!(batches.next().is_none());
    batch
}

/// Where the columns of bars are.
fn addresses(bars: &BarTable) -> Vec<usize> {
    let prices = [&bars.open, &bars.high, &bars.low, &bars.close, &bars.spread];
    let place = |prices: &Prices| match prices {
        Prices::Narrow(raws) => raws.as_ptr().addr(),
        Prices::Wide(raws) => raws.as_ptr().addr(),
        Prices::Same(_) => 0,
    };
    let mut found: Vec<usize> = prices.map(place).to_vec();
    found.push(bars.moments.as_ptr().addr());
    let words = [&bars.starts, &bars.symbol, &bars.moment_of];
    found.extend(words.map(|words| words.as_ptr().addr()));
    found.extend(bars.rows_of.iter().map(|rows| rows.as_ptr().addr()));
    found
}

/// Where the numbers of a prepared table are, by column.
fn places(table: &RecordBatch) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    for (field, column) in table.schema().fields().iter().zip(table.columns()) {
        if let Some(values) = column.as_list_opt::<i64>().map(LargeListArray::values) {
            let data = values.to_data();
            let long = data.len() > 1 && field.name() != "symbols";
            found.extend(long.then(|| (field.name().clone(), data.buffers()[0].as_ptr().addr())));
        }
    }
    found
}

#[test]
fn prepared_bars_are_the_same_bars_over_the_same_memory() {
    for kind in KINDS {
        let mut random = Random(11);
        let one = bars(&kind, &mut random);
        let table = one.prepared().unwrap();
        let handed = handed_over(&table);
        assert_eq!(handed.schema().metadata(), table.schema().metadata());
        assert_eq!(places(&handed), places(&table), "{}", kind.name);
        for table in [&table, &handed] {
            let again = BarTable::of_prepared(table).unwrap();
            if kind.moments > 0 {
                assert_eq!(addresses(&again), addresses(&one), "{}", kind.name);
            }
            assert_eq!((again.symbols.clone(), again.bar(7)), (one.symbols.clone(), one.bar(7)));
            // What was found is not found once more, and is in the same memory, too.
            let written = again.prepared().unwrap();
            assert_eq!(written, *table, "{}", kind.name);
            let copied = ["rows_end", "grid_zeros", "line"];
            let of = |table: &RecordBatch| {
                let mut found = places(table);
                found.retain(|(name, _)| !copied.contains(&name.as_str()) && name != "grid");
                found.retain(|(name, _)| !name.ends_with("_in"));
                found
            };
            assert_eq!(of(&written), of(table), "{}", kind.name);
        }
    }
}

#[test]
fn facts_of_every_kind_are_handed_on() {
    let length = |table: &RecordBatch, name: &str| {
        table.column_by_name(name).unwrap().as_list::<i64>().values().len()
    };
    let mut seen = [0; 4];
    for kind in KINDS {
        let table = bars(&kind, &mut Random(3)).prepared().unwrap();
        let names = ["line_low_many", "grid_closes", "grid_spreads", "short_lows"];
        for (seen, name) in seen.iter_mut().zip(names) {
            *seen += usize::from(length(&table, name) > 0);
        }
    }
    assert!(seen.iter().all(|&seen| seen > 0), "{seen:?}");
}

#[test]
fn runs_over_prepared_bars_are_the_same() {
    for kind in KINDS {
        for (place, sort) in SORTS.into_iter().enumerate() {
            let mut random = Random(u64::try_from(place).unwrap());
            let one = bars(&kind, &mut random);
            let fill = pick(&mut random, &[Fill::NextOpen, Fill::Close]);
            let table = handed_over(&one.prepared().unwrap());
            let again = BarTable::of_prepared(&table).unwrap();
            let rows = random.next();
            let [one, again] = [one, again].map(|bars| {
                let orders = orders(&kind, sort, &bars, &mut Random(rows)).unwrap();
                batch(bars, orders, sort, fill)
            });
            assert_eq!(one.fingerprint().unwrap(), again.fingerprint().unwrap());
            let (wanted, found) = (run(&one), run(&again));
            assert_eq!(shown(&found), shown(&wanted), "{}, {sort}", kind.name);
            let trades = wanted[0].trades.rows;
            // Of many symbols few are closed that were opened.
            let trades_at_all = kind.moments > 0 && kind.symbols < 40 && sort != "all";
            assert!(!trades_at_all || trades > 0, "{}, {sort}", kind.name);
        }
    }
}

/// The table with another column in place of one.
fn with(table: &RecordBatch, name: &str, column: ArrayRef) -> RecordBatch {
    let schema = table.schema();
    let place = schema.index_of(name).unwrap();
    let mut fields = schema.fields().to_vec();
    fields[place] = Arc::new(Field::new(name, column.data_type().clone(), true));
    let mut columns = table.columns().to_vec();
    columns[place] = column;
    let schema = Schema::new(fields).with_metadata(schema.metadata().clone());
    RecordBatch::try_new(Arc::new(schema), columns).unwrap()
}

/// A list of one cell.
fn list(values: ArrayRef) -> ArrayRef {
    let field = Arc::new(Field::new_list_field(values.data_type().clone(), true));
    Arc::new(LargeListArray::new(field, OffsetBuffer::from_lengths([values.len()]), values, None))
}

fn refusal(table: &RecordBatch) -> String {
    BarTable::of_prepared(table).unwrap_err().to_string()
}

#[test]
fn columns_that_are_not_whole_are_refused() {
    let unchanged = "; pass what prepared_bars() gave, unchanged";
    for kind in KINDS {
        let table = bars(&kind, &mut Random(5)).prepared().unwrap();
        for (place, field) in table.schema().fields().iter().enumerate() {
            let name = field.name();
            let about = format!("[4030] bars=column {name}: ");
            let of = |table: &RecordBatch| match BarTable::of_prepared(table) {
                Ok(_) => panic!("{}: {name} is taken", kind.name),
                Err(error) => error.to_string(),
            };
            let left: Vec<usize> =
                (0..table.num_columns()).filter(|&other| other != place).collect();
            let found = of(&table.project(&left).unwrap());
            assert_eq!(found, format!("{about}is missing{unchanged}"));
            let text: ArrayRef = Arc::new(StringArray::from(vec!["text"]));
            let found = of(&with(&table, name, Arc::clone(&text)));
            assert_eq!(found, format!("{about}Utf8: must be as prepared{unchanged}"));
            let Some(cells) = table.column(place).as_list_opt::<i64>() else { continue };
            let values = cells.values();
            let other = if name == "symbols" { Arc::new(Int64Array::from(vec![1])) } else { text };
            let kind_of = other.data_type().clone();
            let found = of(&with(&table, name, list(other)));
            assert_eq!(found, format!("{about}{kind_of}: must be as prepared{unchanged}"));
            if values.is_empty() {
                continue;
            }
            let nulls: ArrayRef = new_null_array(values.data_type(), values.len());
            let found = of(&with(&table, name, list(nulls)));
            assert_eq!(found, format!("{about}has not as many values as it must have{unchanged}"));
            // It is known by the other columns, one of which may be looked at first.
            for (start, count) in [(1, values.len() - 1), (0, values.len() - 1)] {
                let found = of(&with(&table, name, list(values.slice(start, count))));
                assert!(found.ends_with(unchanged), "{name}: {found}");
            }
        }
    }
}

#[test]
fn symbols_are_looked_at() {
    let table = bars(&KINDS[5], &mut Random(5)).prepared().unwrap();
    let names = |first: &str| -> String {
        let others = (1..5).map(prepared::symbol);
        let names: Vec<String> = [first.to_owned()].into_iter().chain(others).collect();
        refusal(&with(&table, "symbols", list(Arc::new(StringArray::from(names)))))
    };
    let unchanged = "; pass what prepared_bars() gave, unchanged";
    for (name, rule) in [
        (prepared::symbol(3), "column symbols: names a symbol twice"),
        (String::new(), "column symbols: \"\": a symbol has 1 to 255 bytes of UTF-8"),
        (" A".to_owned(), "column symbols: \" A\": a symbol has no white space at its ends"),
    ] {
        assert_eq!(names(&name), format!("[4030] bars={rule}{unchanged}"));
    }
}

#[test]
fn tables_of_others_are_refused() {
    let table = bars(&KINDS[1], &mut Random(5)).prepared().unwrap();
    let said = |key: &str, value: Option<&str>| {
        let mut schema = table.schema().as_ref().clone();
        schema.metadata.remove(key).unwrap();
        schema.metadata.extend(value.map(|value| (key.to_owned(), value.to_owned())));
        refusal(&RecordBatch::try_new(Arc::new(schema), table.columns().to_vec()).unwrap())
    };
    let version =
        "was prepared by another version; prepare the bars with the version that runs them";
    for key in ["omega_portfolio.prepared_bars", "omega_portfolio.version"] {
        let about = format!("[4030] bars=column {key}: ");
        let missing = "is missing in the metadata; pass what prepared_bars() gave, unchanged";
        assert_eq!(said(key, None), format!("{about}{missing}"));
        assert_eq!(said(key, Some("0.0.9")), format!("{about}0.0.9: {version}"));
    }
    let rule = "[4030] bars=column omega_portfolio.prepared_bars: must be a table of one row; pass \
                what prepared_bars() gave, unchanged";
    assert_eq!(refusal(&table.slice(0, 0)), rule);
    let twice = concat_twice(&table);
    assert_eq!(refusal(&twice), rule);
}

/// Two rows of one.
fn concat_twice(table: &RecordBatch) -> RecordBatch {
    let column = |column: &ArrayRef| {
        let data = column.to_data();
        let mut twice = MutableArrayData::new(vec![&data], false, 2);
        twice.try_extend(0, 0, 1).unwrap();
        twice.try_extend(0, 0, 1).unwrap();
        make_array(twice.freeze())
    };
    let columns = table.columns().iter().map(column).collect();
    RecordBatch::try_new(table.schema(), columns).unwrap()
}

/// A number that is near what it was, or anywhere.
fn damaged(random: &mut Random, value: u64) -> u64 {
    match random.below(6) {
        0 => random.next(),
        1 => random.next() >> random.below(64),
        2 => value ^ (1 << random.below(64)),
        3 => value.wrapping_add(random.below(7)).wrapping_sub(3),
        4 => pick(random, &[0, 1, u64::MAX, 1 << 63, (1 << 63) - 1, 1 << 31, (1 << 32) - 1]),
        _ => value,
    }
}

/// The numbers of a column, one in so many of them damaged.
fn damaged_list(random: &mut Random, values: &ArrayRef, one_in: u64) -> ArrayRef {
    let mut of = |value: u64| if chance(random, one_in) { damaged(random, value) } else { value };
    match values.data_type() {
        DataType::Int64 => {
            let values = values.as_primitive::<Int64Type>().values();
            let values = values.iter().map(|value| of(value.cast_unsigned()).cast_signed());
            Arc::new(Int64Array::from_iter_values(values))
        }
        DataType::UInt32 => {
            let values = values.as_primitive::<UInt32Type>().values();
            let values = values.iter().map(|value| of(u64::from(*value)) as u32);
            Arc::new(UInt32Array::from_iter_values(values))
        }
        DataType::Float64 => {
            let values = values.as_primitive::<Float64Type>().values();
            let values = values.iter().map(|value| f64::from_bits(of(value.to_bits())));
            Arc::new(Float64Array::from_iter_values(values))
        }
        DataType::Decimal128(..) => {
            let values = values.as_primitive::<Decimal128Type>().values();
            let values = values.iter().map(|value| {
                let high = of((value >> 64) as u64);
                i128::from(high.cast_signed()) << 64 | i128::from(of(*value as u64))
            });
            let array = Decimal128Array::from_iter_values(values);
            Arc::new(array.with_precision_and_scale(38, 9).unwrap())
        }
        _ => Arc::clone(values),
    }
}

/// Debug builds add up once more what facts and bars say together, which is one sum no longer.
fn is_self_check(broken: &(dyn Any + Send)) -> bool {
    let text = broken.downcast_ref::<String>().is_some_and(|text| text.contains("one equity"));
    cfg!(debug_assertions) && text
}

/// Wrong numbers are fine, and so are refusals.
#[test]
fn whatever_the_rows_hold_nothing_panics() {
    let cases = std::env::var("BATCH_CASES").map_or(400, |cases| cases.parse().unwrap());
    let (mut taken, mut run_through) = (0, 0);
    for seed in 0..cases {
        let mut random = Random(seed * 7_919 + 5);
        let kind = Kind { moments: 300, ..pick(&mut random, &KINDS) };
        let mut table = bars(&kind, &mut random).prepared().unwrap();
        let one_in = pick(&mut random, &[1, 2, 30, 300]);
        let all = chance(&mut random, 3);
        for name in table.schema().fields().iter().map(|field| field.name().clone()) {
            let column = table.column_by_name(&name).unwrap();
            let few = name == "line" || name == "grid" || name.ends_with("_in");
            if let Some(cells) =
                column.as_list_opt::<i64>().filter(|_| all || chance(&mut random, 5))
            {
                let one_in = if few { 3 } else { one_in };
                table =
                    with(&table, &name, list(damaged_list(&mut random, cells.values(), one_in)));
            }
        }
        let Ok(bars) = BarTable::of_prepared(&handed_over(&table)) else { continue };
        taken += 1;
        let sort = pick(&mut random, &SORTS);
        let fill = pick(&mut random, &[Fill::NextOpen, Fill::Close]);
        let Ok(orders) = orders(&kind, sort, &bars, &mut random) else { continue };
        let batch = batch(bars, orders, sort, fill);
        batch.fingerprint().unwrap();
        batch.bars().prepared().unwrap();
        match catch_unwind(AssertUnwindSafe(|| run(&batch))) {
            Ok([quick, _]) => run_through += u64::from(quick.trades.rows > 0),
            Err(broken) => assert!(is_self_check(broken.as_ref()), "seed {seed}"),
        }
    }
    assert!(taken * 4 > cases && run_through * 20 > cases, "{taken}, {run_through} of {cases}");
}
