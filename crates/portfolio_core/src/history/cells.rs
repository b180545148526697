//! The cells of one foreign column of one batch as the engine's own values, all of them at once.
//!
//! A column that already has the engine's layout is checked and shared; another one is converted
//! cell by cell by the readers of [`crate::import`], which also say what is wrong with a cell.

use arrow_array::builder::StringViewBuilder;
use arrow_array::cast::AsArray;
use arrow_array::types::{Decimal128Type, Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, StringViewArray};
use arrow_buffer::ScalarBuffer;
use arrow_schema::{DataType, TimeUnit};

use super::error::BadCell;
use crate::event::{Side, TIME_MAX, TIME_MIN};
use crate::import::{CellError, Numbers, Texts, Times, WrongType};
use crate::instrument::{check_symbol, check_text};
use crate::numbers::{FloatPolicy, LIMIT, Money, fixed9_to_f64, fixed18_to_f64, float_to_fixed};

/// Why a column of a batch cannot be taken.
#[derive(Debug)]
pub(super) enum BadColumn {
    /// It is of another type.
    Type(WrongType),
    /// One of its cells.
    Cell(Box<BadCell>),
}

impl From<WrongType> for BadColumn {
    fn from(wrong: WrongType) -> Self {
        Self::Type(wrong)
    }
}

impl From<Box<BadCell>> for BadColumn {
    fn from(bad: Box<BadCell>) -> Self {
        Self::Cell(bad)
    }
}

/// Raw numbers, and the doubles nearest to them.
pub(super) type Numerals = (ScalarBuffer<i128>, ScalarBuffer<f64>);

/// Microseconds since the epoch.
pub(super) fn times(array: &ArrayRef) -> Result<ScalarBuffer<i64>, BadColumn> {
    let allowed = |time: &i64| (TIME_MIN..=TIME_MAX).contains(time);
    if let DataType::Timestamp(TimeUnit::Microsecond, _) = array.data_type() {
        let values = array.as_primitive::<TimestampMicrosecondType>().values();
        if array.null_count() == 0 && all(values, allowed) {
            return Ok(values.clone());
        }
    }
    let times = Times::read(array)?;
    let cells = (0..array.len()).map(|row| filled(row, times.get(row)));
    Ok(cells.collect::<Result<Vec<_>, _>>()?.into())
}

/// Numbers at a scale; floats mean their shortest decimal, rounded half-even.
pub(super) fn numbers(array: &ArrayRef, scale: u32) -> Result<Numerals, BadColumn> {
    let mirror = if scale == Money::SCALE { fixed18_to_f64 } else { fixed9_to_f64 };
    let plain = array.null_count() == 0;
    match array.data_type() {
        DataType::Decimal128(_, own) if plain && u32::try_from(*own) == Ok(scale) => {
            let values = array.as_primitive::<Decimal128Type>().values();
            if all(values, |&raw| -LIMIT < raw && raw < LIMIT) {
                let doubles = values.iter().map(|&raw| mirror(raw)).collect();
                return Ok((values.clone(), doubles));
            }
        }
        DataType::Float64 if plain => {
            let values = array.as_primitive::<Float64Type>().values();
            let convert = |&value| float_to_fixed(value, scale, FloatPolicy::Nearest);
            if let Ok(exact) = values.iter().map(convert).collect::<Result<Vec<_>, _>>() {
                let doubles = shared_mirror(&exact, values, mirror, scale);
                return Ok((exact.into(), doubles));
            }
        }
        _ => {}
    }
    let numbers = Numbers::read(array, FloatPolicy::Nearest)?;
    let cells = (0..array.len()).map(|row| filled(row, numbers.get(row, scale)));
    let exact = cells.collect::<Result<Vec<_>, _>>()?;
    let doubles = exact.iter().map(|&raw| mirror(raw)).collect();
    Ok((exact.into(), doubles))
}

/// The doubles that numbers came from when they are those nearest to them, as they are unless
/// digits were rounded away or a zero has a sign.
fn shared_mirror(
    exact: &[i128],
    doubles: &ScalarBuffer<f64>,
    mirror: fn(i128) -> f64,
    scale: u32,
) -> ScalarBuffer<f64> {
    // The shortest decimal has at most 17 digits, of which from 1 on at most 16 are decimals.
    if scale > 16 && all(doubles, |value| value.abs() >= 1.0) {
        return doubles.clone();
    }
    let mirrored: ScalarBuffer<f64> = exact.iter().map(|&raw| mirror(raw)).collect();
    let pairs = mirrored.iter().zip(doubles.iter());
    let equal = pairs.filter(|(one, other)| one.to_bits() != other.to_bits()).count() == 0;
    if equal { doubles.clone() } else { mirrored }
}

/// What a column of text holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Words {
    /// Symbols (rule T4).
    Symbol,
    /// `long` or `short`; `buy` and `sell` mean the same.
    Side,
    /// Tags or reasons (rule T5).
    Note,
}

/// Texts; each is checked for what the column holds.
pub(super) fn texts(array: &ArrayRef, words: Words) -> Result<StringViewArray, BadColumn> {
    let texts = Texts::read(array)?;
    let mut known = None;
    for row in 0..array.len() {
        let text = filled(row, texts.get(row))?;
        if known != Some(text) {
            check(text, words, row)?;
            known = Some(text);
        }
    }
    let own = array.as_string_view_opt().filter(|_| array.null_count() == 0);
    let canonical = |text: &str| words != Words::Side || named(text) == text;
    if let Some(array) = own
        && array_texts(&texts, array.len()).all(canonical)
        && let Ok(shared) =
            StringViewArray::try_new(array.views().clone(), array.data_buffers().to_vec(), None)
    {
        return Ok(shared);
    }
    let mut builder = StringViewBuilder::with_capacity(array.len()).with_deduplicate_strings();
    for text in array_texts(&texts, array.len()) {
        builder.append_value(if words == Words::Side { named(text) } else { text });
    }
    Ok(builder.finish())
}

/// The name of a side.
fn named(word: &str) -> &str {
    match Side::parse(word) {
        Some(side) => side.name(),
        None => word,
    }
}

/// All texts of a column that was checked.
fn array_texts<'a>(texts: &Texts<'a>, rows: usize) -> impl Iterator<Item = &'a str> {
    (0..rows).map(|row| texts.get(row).ok().flatten().unwrap_or_default())
}

fn check(text: &str, words: Words, row: usize) -> Result<(), Box<BadCell>> {
    let checked = match words {
        Words::Symbol => check_symbol(text),
        Words::Note => check_text("text", text),
        Words::Side if Side::parse(text).is_some() => Ok(()),
        Words::Side => {
            let rule = "must be 'long', 'buy', 'short' or 'sell'";
            return Err(BadCell::new(row, text, rule, "pass one of these words"));
        }
    };
    checked.map_err(|refusal| {
        let (rule, remedy) = (refusal.rule(), refusal.remedy());
        Box::new(BadCell { row, value: refusal.value(), rule, remedy })
    })
}

/// The value of a cell, which must have one.
#[inline]
fn filled<T>(row: usize, cell: Result<Option<T>, Box<CellError>>) -> Result<T, Box<BadCell>> {
    match cell {
        Ok(Some(value)) => Ok(value),
        Ok(None) => Err(BadCell::of(row, &CellError::Null)),
        Err(error) => Err(BadCell::of(row, &error)),
    }
}

/// Whether all values pass. Counting has no early way out, so several are looked at together.
fn all<T>(values: &[T], pass: impl Fn(&T) -> bool) -> bool {
    values.iter().filter(|value| !pass(value)).count() == 0
}
