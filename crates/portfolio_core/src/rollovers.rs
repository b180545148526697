//! When swaps are charged: local times of a zone, as moments in UTC (rule Z5).

use std::str::FromStr;

use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone};
use chrono_tz::Tz;

use crate::terms::Swap;

/// Hours of the longest gap in local time: a day that a place skipped.
const GAP_HOURS: i64 = 26;

/// A moment of a calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment {
    /// Microseconds since the epoch.
    pub(crate) time: i64,
    /// How many days it counts for.
    pub(crate) multiplier: u32,
}

/// Whether a text is the name of a zone.
pub(crate) fn is_zone(name: &str) -> bool {
    Tz::from_str(name).is_ok()
}

/// The first moment later than a time, if there is one.
pub(crate) fn next_after(swap: &Swap, time: i64) -> Option<Moment> {
    let days = days_around(swap, time)?;
    days.into_iter().filter(|moment| moment.time > time).min()
}

/// The moment at exactly this time, if it is one.
pub(crate) fn at(swap: &Swap, time: i64) -> Option<Moment> {
    days_around(swap, time)?.into_iter().find(|moment| moment.time == time)
}

/// The moments of the days around a time.
fn days_around(swap: &Swap, time: i64) -> Option<Vec<Moment>> {
    let zone = Tz::from_str(&swap.zone).ok()?;
    let today = local_date(zone, time)?;
    let mut moments = Vec::new();
    // A gap of a day may move a moment past the next one.
    let mut day = today.checked_sub_days(Days::new(2))?;
    for _ in 0..5 {
        add_day(swap, zone, day, &mut moments);
        day = day.succ_opt()?;
    }
    Some(moments)
}

fn local_date(zone: Tz, time: i64) -> Option<NaiveDate> {
    Some(DateTime::from_timestamp_micros(time)?.with_timezone(&zone).date_naive())
}

fn add_day(swap: &Swap, zone: Tz, day: NaiveDate, moments: &mut Vec<Moment>) {
    let weekday = usize::try_from(day.weekday().num_days_from_monday()).unwrap_or(0);
    let multiplier = swap.multipliers.get(weekday).copied().unwrap_or(0);
    for &minutes in &swap.rollovers {
        let local = day.and_time(chrono::NaiveTime::MIN);
        let local = local.checked_add_signed(TimeDelta::minutes(i64::from(minutes)));
        if let Some(time) = local.and_then(|local| to_utc(zone, local)) {
            moments.push(Moment { time, multiplier });
        }
    }
}

/// A local time in UTC. One that does not exist, or comes twice, has the offset before the change.
fn to_utc(zone: Tz, local: NaiveDateTime) -> Option<i64> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return Some(found.timestamp_micros());
    }
    let before = (1..=GAP_HOURS).find_map(|hours| {
        let earlier = local.checked_sub_signed(TimeDelta::hours(hours))?;
        zone.from_local_datetime(&earlier).latest()
    })?;
    let offset = i64::from(before.offset().fix().local_minus_utc());
    Some(local.checked_sub_signed(TimeDelta::seconds(offset))?.and_utc().timestamp_micros())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::SwapKind;

    fn swap(zone: &str, rollovers: &[u16]) -> Swap {
        Swap {
            kind: SwapKind::Points,
            long: 0,
            short: 0,
            rollovers: rollovers.to_vec(),
            zone: zone.to_owned(),
            multipliers: [1, 1, 3, 1, 1, 0, 0],
            day_count: 360,
        }
    }

    fn micros(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_micros()
    }

    #[test]
    fn moments_follow_local_time() {
        let swap = swap("America/New_York", &[17 * 60]);
        let next = next_after(&swap, micros("2024-03-08T12:00:00Z")).unwrap();
        assert_eq!(next, Moment { time: micros("2024-03-08T22:00:00Z"), multiplier: 1 });
        let weekend = next_after(&swap, next.time).unwrap();
        assert_eq!(weekend, Moment { time: micros("2024-03-09T22:00:00Z"), multiplier: 0 });
        let summer = next_after(&swap, weekend.time).unwrap();
        assert_eq!(summer.time, micros("2024-03-10T21:00:00Z"));
        let wednesday = micros("2024-03-13T21:00:00Z");
        assert_eq!(at(&swap, wednesday).map(|moment| moment.multiplier), Some(3));
        assert_eq!(at(&swap, wednesday + 1), None);
    }

    #[test]
    fn missing_and_doubled_times_have_the_offset_before() {
        let swap = swap("America/New_York", &[90, 150]);
        let missing = next_after(&swap, micros("2024-03-10T06:30:00Z")).unwrap();
        assert_eq!(missing.time, micros("2024-03-10T07:30:00Z"), "2:30 with the offset of winter");
        let doubled = next_after(&swap, micros("2024-11-03T05:00:00Z")).unwrap();
        assert_eq!(doubled.time, micros("2024-11-03T05:30:00Z"), "1:30 with the offset of summer");
        let apia = super::tests::swap("Pacific/Apia", &[17 * 60]);
        let skipped = next_after(&apia, micros("2011-12-30T04:00:00Z")).unwrap();
        assert_eq!(skipped.time, micros("2011-12-31T03:00:00Z"));
        assert!(is_zone("Europe/Zurich") && is_zone("UTC") && !is_zone("Mars/Olympus"));
    }

    #[test]
    fn several_times_a_day_come_in_order() {
        let swap = swap("UTC", &[0, 480, 960]);
        let mut time = micros("2024-01-01T00:00:00Z");
        let mut hours = Vec::new();
        for _ in 0..4 {
            time = next_after(&swap, time).unwrap().time;
            hours.push(time / 3_600_000_000 % 24);
        }
        assert_eq!(hours, [8, 16, 0, 8]);
    }
}
