//! Times: `datetime`, `date`, `int`, ISO 8601 text, `numpy.datetime64` (SPEC T2).

use portfolio_core::event::{TIME_MAX, TIME_MIN};
use portfolio_core::refusal::Code;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyDate, PyDateTime, PyDelta, PyInt, PyString};
#[cfg(not(feature = "abi3"))]
use pyo3::types::{PyDateAccess, PyDeltaAccess, PyTimeAccess, PyTzInfoAccess};

use super::{describe, wrong_type};
use crate::fault::Fault;

const MICROSECONDS_PER_SECOND: i64 = 1_000_000;
const SECONDS_PER_DAY: i64 = 86_400;

/// The time, in microseconds since the epoch.
#[inline]
pub(crate) fn time(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<i64> {
    let found = if let Ok(moment) = value.cast::<PyDateTime>() {
        from_datetime(argument, moment)?
    } else if value.is_instance_of::<PyInt>() && !value.is_instance_of::<PyBool>() {
        value.extract::<i64>().ok()
    } else {
        from_other(argument, value)?
    };
    match found {
        Some(time) if (TIME_MIN..=TIME_MAX).contains(&time) => Ok(time),
        _ => Err(invalid(argument, value, "is outside the years 1 to 9999").into()),
    }
}

fn invalid(argument: &'static str, value: &Bound<'_, PyAny>, rule: &'static str) -> Fault {
    let remedy = "pass a datetime, microseconds since 1970, or a text like 2024-01-31T09:30:00Z";
    Fault::new(Code::InvalidTime, argument, describe(value), rule, remedy)
}

#[cold]
fn from_other(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    if let Ok(text) = value.cast::<PyString>() {
        let text = text.to_str().unwrap_or_default();
        return from_text(text).map_err(|rule| invalid(argument, value, rule).into());
    }
    if let Ok(day) = value.cast::<PyDate>() {
        let (year, month, day) = fields_of_date(day)?;
        return Ok(micros(days_from_civil(year, month, day), 0, 0));
    }
    if value.get_type().name()? == "datetime64" {
        return from_numpy(argument, value);
    }
    let rule = "must be a datetime, date, int, str or numpy.datetime64";
    let remedy = "pass a datetime, or microseconds since 1970-01-01 UTC as an int";
    Err(wrong_type(argument, value, rule, remedy).into())
}

/// Days from 1970-01-01 to a day of the proleptic Gregorian calendar, by counting from March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year.wrapping_sub(1) } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let month_from_march = month.wrapping_add(9).rem_euclid(12);
    let day_of_year =
        month_from_march.wrapping_mul(153).wrapping_add(2).div_euclid(5).wrapping_add(day);
    let leap_days = year_of_era.div_euclid(4).wrapping_sub(year_of_era.div_euclid(100));
    era.wrapping_mul(146_097)
        .wrapping_add(year_of_era.wrapping_mul(365))
        .wrapping_add(leap_days)
        .wrapping_add(day_of_year)
        .wrapping_sub(719_469)
}

fn micros(days: i64, seconds: i64, microseconds: i64) -> Option<i64> {
    days.checked_mul(SECONDS_PER_DAY)?
        .checked_add(seconds)?
        .checked_mul(MICROSECONDS_PER_SECOND)?
        .checked_add(microseconds)
}

#[cfg(not(feature = "abi3"))]
#[expect(clippy::unnecessary_wraps, reason = "the abi3 build reads attributes, which can fail")]
fn fields_of_date(day: &Bound<'_, PyDate>) -> PyResult<(i64, i64, i64)> {
    Ok((i64::from(day.get_year()), i64::from(day.get_month()), i64::from(day.get_day())))
}

#[cfg(feature = "abi3")]
fn fields_of_date(day: &Bound<'_, PyDate>) -> PyResult<(i64, i64, i64)> {
    let field = |name| day.getattr(name)?.extract::<i64>();
    Ok((field("year")?, field("month")?, field("day")?))
}

/// Seconds of the day and microseconds.
#[cfg(not(feature = "abi3"))]
#[expect(clippy::unnecessary_wraps, reason = "the abi3 build reads attributes, which can fail")]
fn fields_of_time(moment: &Bound<'_, PyDateTime>) -> PyResult<(i64, i64)> {
    let minutes =
        i64::from(moment.get_hour()).wrapping_mul(60).wrapping_add(moment.get_minute().into());
    let seconds = minutes.wrapping_mul(60).wrapping_add(moment.get_second().into());
    Ok((seconds, moment.get_microsecond().into()))
}

#[cfg(feature = "abi3")]
fn fields_of_time(moment: &Bound<'_, PyDateTime>) -> PyResult<(i64, i64)> {
    let field = |name| moment.getattr(name)?.extract::<i64>();
    let minutes = field("hour")?.wrapping_mul(60).wrapping_add(field("minute")?);
    Ok((minutes.wrapping_mul(60).wrapping_add(field("second")?), field("microsecond")?))
}

#[inline]
fn from_datetime(argument: &'static str, moment: &Bound<'_, PyDateTime>) -> PyResult<Option<i64>> {
    if !moment.is_exact_instance_of::<PyDateTime>() {
        check_subclass(argument, moment)?;
    }
    let (year, month, day) = fields_of_date(moment.cast::<PyDate>()?)?;
    let (seconds, microseconds) = fields_of_time(moment)?;
    let local = micros(days_from_civil(year, month, day), seconds, microseconds);
    let offset = offset_micros(moment)?;
    Ok(local.and_then(|local| local.checked_sub(offset)))
}

/// pandas: `NaT` is a datetime without fields, `Timestamp` one with nanoseconds.
#[cold]
fn check_subclass(argument: &'static str, moment: &Bound<'_, PyDateTime>) -> PyResult<()> {
    if moment.getattr("year")?.extract::<i64>().is_err() {
        return Err(invalid(argument, moment, "is not a time").into());
    }
    let nanosecond = moment.getattr_opt("nanosecond")?;
    if nanosecond.is_some_and(|rest| rest.extract::<i64>().is_ok_and(|rest| rest != 0)) {
        return Err(invalid(argument, moment, "has a remainder below one microsecond").into());
    }
    Ok(())
}

/// How far the local time is ahead of UTC. A zone answers for the `fold` of the value itself; no
/// zone means UTC.
#[inline]
fn offset_micros(moment: &Bound<'_, PyDateTime>) -> PyResult<i64> {
    static UTC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = moment.py();
    #[cfg(not(feature = "abi3"))]
    let zone = moment.get_tzinfo().map(Bound::into_any);
    #[cfg(feature = "abi3")]
    let zone = Some(moment.getattr("tzinfo")?).filter(|zone| !zone.is_none());
    let Some(zone) = zone else { return Ok(0) };
    let utc = UTC.get_or_try_init(py, || {
        py.import("datetime")?.getattr("timezone")?.getattr("utc").map(Bound::unbind)
    })?;
    if zone.is(utc) {
        return Ok(0);
    }
    let offset = moment.call_method0("utcoffset")?;
    if offset.is_none() {
        return Ok(0);
    }
    delta_micros(offset.cast::<PyDelta>()?)
}

#[cfg(not(feature = "abi3"))]
#[expect(clippy::unnecessary_wraps, reason = "the abi3 build reads attributes, which can fail")]
fn delta_micros(delta: &Bound<'_, PyDelta>) -> PyResult<i64> {
    let (days, seconds) = (i64::from(delta.get_days()), i64::from(delta.get_seconds()));
    Ok(micros(days, seconds, delta.get_microseconds().into()).unwrap_or(0))
}

#[cfg(feature = "abi3")]
fn delta_micros(delta: &Bound<'_, PyDelta>) -> PyResult<i64> {
    let field = |name| delta.getattr(name)?.extract::<i64>();
    Ok(micros(field("days")?, field("seconds")?, field("microseconds")?).unwrap_or(0))
}

fn from_numpy(argument: &'static str, value: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let numpy = value.py().import("numpy")?;
    if numpy.call_method1("isnat", (value,))?.is_truthy()? {
        return Err(invalid(argument, value, "is not a time").into());
    }
    let (unit, step) = numpy
        .call_method1("datetime_data", (value.getattr("dtype")?,))?
        .extract::<(String, i128)>()?;
    let count = value.call_method1("astype", ("int64",))?.extract::<i128>()?;
    let count = count.wrapping_mul(step);
    let day = 86_400_000_000;
    let (micros_per_unit, units_per_step): (i128, i128) = match unit.as_str() {
        "Y" => return Ok(from_months(count.wrapping_mul(12))),
        "M" => return Ok(from_months(count)),
        "W" => (7 * day, 1),
        "D" => (day, 1),
        "h" => (day / 24, 1),
        "m" => (60_000_000, 1),
        "s" => (1_000_000, 1),
        "ms" => (1_000, 1),
        "us" => (1, 1),
        "ns" => (1, 1_000),
        "ps" => (1, 1_000_000),
        "fs" => (1, 1_000_000_000),
        _ => (1, 1_000_000_000_000),
    };
    let product = count.saturating_mul(micros_per_unit);
    if product.rem_euclid(units_per_step) != 0 {
        return Err(invalid(argument, value, "has a remainder below one microsecond").into());
    }
    Ok(i64::try_from(product.div_euclid(units_per_step)).ok())
}

fn from_months(months: i128) -> Option<i64> {
    let year = i64::try_from(months.div_euclid(12)).ok()?.checked_add(1970)?;
    let month = i64::try_from(months.rem_euclid(12)).ok()?.checked_add(1)?;
    let known = (1..=9_999).contains(&year);
    if known { micros(days_from_civil(year, month, 1), 0, 0) } else { None }
}

/// Reads `YYYY-MM-DD[(T| )HH:MM[:SS[.f]]][Z|+HH:MM|-HH:MM]`.
fn from_text(text: &str) -> Result<Option<i64>, &'static str> {
    let no_time = "is not an ISO 8601 time";
    let mut rest = Cursor(text.as_bytes());
    let (year, month, day) = rest.date().ok_or(no_time)?;
    let (mut seconds, mut fraction) = (0, 0);
    if rest.skip(b'T') || rest.skip(b' ') {
        (seconds, fraction) = rest.clock().ok_or(no_time)??;
    }
    let offset = rest.zone().ok_or(no_time)??;
    if !rest.0.is_empty() {
        return Err(no_time);
    }
    if !(1..=12).contains(&month) || day < 1 || day > days_of_month(year, month) || year < 1 {
        return Err("is not a day of the calendar");
    }
    Ok(micros(days_from_civil(year, month, day), seconds.wrapping_sub(offset), fraction))
}

fn days_of_month(year: i64, month: i64) -> i64 {
    let next = if month == 12 { (year.wrapping_add(1), 1) } else { (year, month.wrapping_add(1)) };
    days_from_civil(next.0, next.1, 1).wrapping_sub(days_from_civil(year, month, 1))
}

/// What is left of a text.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn skip(&mut self, wanted: u8) -> bool {
        match self.0.split_first() {
            Some((&found, rest)) if found == wanted => {
                self.0 = rest;
                true
            }
            _ => false,
        }
    }

    fn digits(&mut self, count: usize) -> Option<i64> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        self.0 = rest;
        std::str::from_utf8(digits).ok()?.parse().ok()
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        self.skip(wanted).then_some(())
    }

    fn date(&mut self) -> Option<(i64, i64, i64)> {
        let year = self.digits(4)?;
        self.expect(b'-')?;
        let month = self.digits(2)?;
        self.expect(b'-')?;
        Some((year, month, self.digits(2)?))
    }

    /// Seconds of the day and microseconds.
    fn clock(&mut self) -> Option<Result<(i64, i64), &'static str>> {
        let hour = self.digits(2)?;
        self.expect(b':')?;
        let minute = self.digits(2)?;
        let (mut second, mut fraction) = (0, 0);
        if self.skip(b':') {
            second = self.digits(2)?;
            if self.skip(b'.') {
                fraction = self.fraction()?;
            }
        }
        if hour > 23 || minute > 59 || second > 59 {
            return Some(Err("is not a time of day"));
        }
        let minutes = hour.wrapping_mul(60).wrapping_add(minute);
        Some(Ok((minutes.wrapping_mul(60).wrapping_add(second), fraction)))
    }

    /// One to six digits as microseconds.
    fn fraction(&mut self) -> Option<i64> {
        let count = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let missing = u32::try_from(6_usize.checked_sub(count)?).ok()?;
        if count == 0 {
            return None;
        }
        self.digits(count)?.checked_mul(10_i64.checked_pow(missing)?)
    }

    /// Seconds ahead of UTC.
    fn zone(&mut self) -> Option<Result<i64, &'static str>> {
        if self.0.is_empty() || self.skip(b'Z') {
            return Some(Ok(0));
        }
        let behind = self.skip(b'-');
        if !behind && !self.skip(b'+') {
            return None;
        }
        let hours = self.digits(2)?;
        self.expect(b':')?;
        let minutes = self.digits(2)?;
        if hours > 23 || minutes > 59 {
            return Some(Err("has an offset of a day or more"));
        }
        let seconds = hours.wrapping_mul(60).wrapping_add(minutes).wrapping_mul(60);
        Some(Ok(if behind { seconds.wrapping_neg() } else { seconds }))
    }
}
