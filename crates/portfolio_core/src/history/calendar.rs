//! Hours, days, weeks, months and years of UTC.

use chrono::{DateTime, Datelike, NaiveDate};

const HOUR: i64 = 3_600_000_000;
const DAY: i64 = 24 * HOUR;
/// The Monday before the epoch is 3 days before it.
const MONDAY: i64 = 3 * DAY;

/// How a curve is thinned: the last point of each bucket that has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Resample {
    /// Every distinct time is a point.
    #[default]
    None,
    /// Hours.
    Hour,
    /// Days.
    Day,
    /// Weeks from Monday.
    Week,
    /// Calendar months.
    Month,
}

impl Resample {
    /// The way of a word, such as `1d`.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "1h" => Some(Self::Hour),
            "1d" => Some(Self::Day),
            "1w" => Some(Self::Week),
            "1mo" => Some(Self::Month),
            _ => None,
        }
    }

    /// The last microsecond of the bucket that a time lies in.
    #[inline]
    #[must_use]
    pub fn bucket_end(self, time: i64) -> i64 {
        match self {
            Self::None => time,
            Self::Hour => end_of(time, HOUR, 0),
            Self::Day => end_of(time, DAY, 0),
            Self::Week => end_of(time, DAY.saturating_mul(7), MONDAY),
            Self::Month => month_end(time),
        }
    }
}

/// The last microsecond of the span of `width` that holds a time; spans begin at -`shift`.
fn end_of(time: i64, width: i64, shift: i64) -> i64 {
    let into = time.saturating_add(shift).rem_euclid(width);
    time.saturating_sub(into).saturating_add(width.saturating_sub(1))
}

/// The hour of the day, 0 to 23.
#[must_use]
pub fn hour_of(time: i64) -> i32 {
    i32::try_from(time.rem_euclid(DAY) / HOUR).unwrap_or(0)
}

fn date(time: i64) -> NaiveDate {
    DateTime::from_timestamp_micros(time).unwrap_or_default().date_naive()
}

/// Year and month of a time.
#[must_use]
pub fn month_of(time: i64) -> (i32, i32) {
    let date = date(time);
    (date.year(), i32::try_from(date.month()).unwrap_or(0))
}

/// The day of the week, Monday = 1.
#[must_use]
pub fn weekday_of(time: i64) -> i32 {
    i32::try_from(date(time).weekday().number_from_monday()).unwrap_or(0)
}

/// The last microsecond of the calendar month of a time.
#[must_use]
pub fn month_end(time: i64) -> i64 {
    let date = date(time);
    let days = i64::from(date.num_days_in_month()).saturating_sub(i64::from(date.day()));
    end_of(time, DAY, 0).saturating_add(days.saturating_mul(DAY))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_end_where_the_calendar_says() {
        // 2024-02-28T23:30:00Z, a Wednesday before a leap day.
        let time = 1_709_163_000_000_000;
        assert_eq!(Resample::None.bucket_end(time), time);
        assert_eq!(Resample::Hour.bucket_end(time), time + HOUR / 2 - 1);
        assert_eq!(Resample::Day.bucket_end(time), time + HOUR / 2 - 1);
        assert_eq!(Resample::Week.bucket_end(time), time + HOUR / 2 + 4 * DAY - 1);
        assert_eq!(Resample::Month.bucket_end(time), time + HOUR / 2 + DAY - 1);
        assert_eq!((month_of(time), weekday_of(time), hour_of(time)), ((2024, 2), 3, 23));
    }

    #[test]
    fn times_before_the_epoch_are_no_exception() {
        assert_eq!(Resample::Day.bucket_end(-1), -1);
        assert_eq!(Resample::Hour.bucket_end(-HOUR - 1), -HOUR - 1);
        assert_eq!((month_of(-1), weekday_of(-1), hour_of(-1)), ((1969, 12), 3, 23));
        assert_eq!(Resample::Month.bucket_end(-DAY), -1);
        assert_eq!(Resample::Week.bucket_end(-1), 4 * DAY - 1);
    }

    #[test]
    fn words_are_few() {
        assert_eq!(Resample::parse("1mo"), Some(Resample::Month));
        assert_eq!(Resample::parse("1D"), None);
    }
}
