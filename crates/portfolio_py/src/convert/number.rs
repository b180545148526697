//! Numbers: `int`, `str`, `Decimal`, `float` (SPEC N4, N5).

use portfolio_core::import::CellError;
use portfolio_core::numbers::{
    FloatPolicy, Money, NumberError, Price, Size, float_to_fixed, parse_decimal,
};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyType};

use super::{describe, wrong_type};
use crate::fault::Fault;

/// Scale of prices, sizes, contract sizes and leverages.
pub(crate) const SCALE: u32 = 9;
/// Scale of money.
const MONEY_SCALE: u32 = 18;
/// Exponents of more digits cannot matter: no stored number has so many.
const EXPONENT_MAX: i64 = 9_999;

/// A price.
#[inline]
pub(crate) fn price(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    policy: FloatPolicy,
) -> PyResult<Price> {
    Ok(Price::from_raw(fixed(argument, value, SCALE, policy)?).unwrap_or_default())
}

/// A protective level, if there is one.
#[inline]
pub(crate) fn level(
    argument: &'static str,
    value: Option<&Bound<'_, PyAny>>,
    policy: FloatPolicy,
) -> PyResult<Option<Price>> {
    value.map(|level| price(argument, level, policy)).transpose()
}

/// A size.
#[inline]
pub(crate) fn size(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    policy: FloatPolicy,
) -> PyResult<Size> {
    Ok(Size::from_raw(fixed(argument, value, SCALE, policy)?).unwrap_or_default())
}

/// Money.
#[inline]
pub(crate) fn money(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    policy: FloatPolicy,
) -> PyResult<Money> {
    Ok(Money::from_raw(fixed(argument, value, MONEY_SCALE, policy)?).unwrap_or_default())
}

/// A raw number at a scale, below 10^38.
#[inline]
pub(crate) fn fixed(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    scale: u32,
    policy: FloatPolicy,
) -> PyResult<i128> {
    let number = if let Ok(float) = value.cast::<PyFloat>() {
        float_to_fixed(float.value(), scale, policy)
    } else if let Ok(text) = value.cast::<PyString>() {
        text.to_str().map_or(Err(NumberError::Syntax), |text| parse_decimal(text, scale))
    } else if is_whole(value) {
        whole(value, scale)
    } else {
        return other(argument, value, scale);
    };
    number.map_err(|error| fault(argument, describe(value), error, scale).into())
}

fn is_whole(value: &Bound<'_, PyAny>) -> bool {
    value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>()
}

fn whole(value: &Bound<'_, PyAny>, scale: u32) -> Result<i128, NumberError> {
    let out_of_range = Err(NumberError::OutOfRange);
    let Ok(whole) = value.extract::<i128>() else { return out_of_range };
    let raw = 10_i128.checked_pow(scale).and_then(|one| whole.checked_mul(one));
    match raw {
        Some(raw) if raw.abs() < portfolio_core::numbers::LIMIT => Ok(raw),
        _ => out_of_range,
    }
}

/// `Decimal`, or a type that is no number here.
#[cold]
fn other(argument: &'static str, value: &Bound<'_, PyAny>, scale: u32) -> PyResult<i128> {
    if !is_decimal(value)? {
        return Err(no_number(argument, value).into());
    }
    let text = value.str()?.to_str()?.to_owned();
    let number = decimal_text(&text, scale);
    number.map_err(|error| fault(argument, describe(value), error, scale).into())
}

fn no_number(argument: &'static str, value: &Bound<'_, PyAny>) -> Fault {
    let rule = "must be an int, str, Decimal or float";
    wrong_type(argument, value, rule, "pass the number in one of these types")
}

fn is_decimal(value: &Bound<'_, PyAny>) -> PyResult<bool> {
    static DECIMAL: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    value.is_instance(DECIMAL.import(value.py(), "decimal", "Decimal")?)
}

/// What `Decimal` prints, whose exponent may have any number of digits.
fn decimal_text(text: &str, scale: u32) -> Result<i128, NumberError> {
    if text.contains(['N', 'n']) {
        return Err(NumberError::NotFinite);
    }
    let Some((digits, exponent)) = text.split_once('E') else {
        return parse_decimal(text, scale);
    };
    let power = exponent.parse::<i64>().unwrap_or(i64::MAX);
    if power.abs() <= EXPONENT_MAX {
        return parse_decimal(text, scale);
    }
    if digits.bytes().all(|byte| matches!(byte, b'0' | b'.' | b'+' | b'-')) {
        return Ok(0);
    }
    let small = exponent.starts_with('-');
    Err(if small { NumberError::TooManyDigits } else { NumberError::OutOfRange })
}

/// The exception for a number that cannot be taken.
fn fault(argument: &'static str, value: String, error: NumberError, scale: u32) -> Fault {
    let cell = CellError::Number { value, scale, error };
    Fault::new(cell.code(), argument, cell.value().to_owned(), cell.rule(), cell.remedy())
}

/// A count that is optional, such as `capacity`; 0 is no hint.
pub(crate) fn capacity(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<usize>> {
    let Some(value) = value else { return Ok(None) };
    rows(value, "must be None or an int of at least 0").map(|rows| Some(rows).filter(|&n| n > 0))
}

/// A number of rows to make room for.
pub(crate) fn rows(value: &Bound<'_, PyAny>, rule: &'static str) -> PyResult<usize> {
    if is_whole(value) && value.ge(0)? {
        // More rows than can be addressed are a hint like any other.
        return Ok(value.extract::<usize>().unwrap_or(usize::MAX));
    }
    let remedy = "pass the number of rows you expect";
    Err(wrong_type("capacity", value, rule, remedy).into())
}

/// A text of the grammar of numbers as the nearest double: Rust's own parser reads "inf" and "nan"
/// too.
fn statistic(text: &str) -> Option<f64> {
    match parse_decimal(text, MONEY_SCALE) {
        Err(NumberError::Syntax) => None,
        _ => text.parse().ok(),
    }
}

/// Between which numbers a statistic's parameter lies, both left out, and how to say it.
pub(crate) struct Bounds {
    above: f64,
    below: f64,
    rule: &'static str,
    remedy: &'static str,
}

const RATE_OR_PERIODS: &str = "pass an annual rate as a fraction, or periods such as 252";

impl Bounds {
    /// Periods of a year.
    pub(crate) const PERIODS: Self = Self {
        above: 0.0,
        below: f64::INFINITY,
        rule: "must be a finite number above 0",
        remedy: RATE_OR_PERIODS,
    };
    /// An annual rate.
    pub(crate) const RATE: Self = Self {
        above: -1.0,
        below: f64::INFINITY,
        rule: "must be a finite number above -1",
        remedy: RATE_OR_PERIODS,
    };
    /// A share of the worst.
    pub(crate) const SHARE: Self = Self {
        above: 0.0,
        below: 1.0,
        rule: "must be above 0 and below 1",
        remedy: "pass the share of the worst, such as 0.05",
    };
    /// A ratio of any size.
    pub(crate) const RATIO: Self = Self {
        above: f64::NEG_INFINITY,
        below: f64::INFINITY,
        rule: "must be finite",
        remedy: "pass annualised Sharpe ratios",
    };
}

/// A finite parameter of a statistic, such as `periods_per_year`.
pub(crate) fn parameter(
    argument: &'static str,
    value: &Bound<'_, PyAny>,
    bounds: &Bounds,
) -> PyResult<f64> {
    let number = if let Ok(float) = value.cast::<PyFloat>() {
        Some(float.value())
    } else if let Ok(text) = value.cast::<PyString>() {
        text.to_str().ok().and_then(statistic)
    } else if is_whole(value) || is_decimal(value)? {
        // Of any number of digits: a statistic is a double, whatever money could hold.
        value.extract::<f64>().ok()
    } else {
        return Err(no_number(argument, value).into());
    };
    match number {
        // Both comparisons fail for NaN.
        Some(number) if number > bounds.above && number < bounds.below => Ok(number),
        _ => {
            let (rule, remedy) = (bounds.rule, bounds.remedy);
            Err(Fault::new(Code::InvalidNumber, argument, describe(value), rule, remedy).into())
        }
    }
}
