//! When swaps are charged: local times of a zone, as moments in UTC (rule Z5).

use jiff::Span;
use jiff::civil::{Date, Time};
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};

use crate::terms::Swap;

const SECOND: i64 = 1_000_000;
const MINUTE: i64 = 60 * SECOND;
const DAY: i64 = 24 * 60 * MINUTE;
/// Local days are those of the years 1 to 9999, counted from the epoch.
const FIRST_DAY: i64 = -719_162;
const LAST_DAY: i64 = 2_932_896;

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
    find_zone(name).is_some()
}

/// The first moment later than a time, if there is one.
pub(crate) fn next_after(swap: &Swap, time: i64) -> Option<Moment> {
    let mut next: Option<Moment> = None;
    visit_around(swap, time, |moment| {
        if moment.time > time && next.is_none_or(|next| moment.time < next.time) {
            next = Some(moment);
        }
    })?;
    next
}

/// The moment at exactly this time, if it is one.
pub(crate) fn at(swap: &Swap, time: i64) -> Option<Moment> {
    let mut found = None;
    visit_around(swap, time, |moment| {
        if moment.time == time && found.is_none() {
            found = Some(moment);
        }
    })?;
    found
}

/// A zone of the bundled database, which keeps each one that was read: a name with an area, or UTC.
fn find_zone(name: &str) -> Option<TimeZone> {
    if name != "UTC" && !name.contains('/') {
        return None;
    }
    let zone = TimeZoneDatabase::bundled().get(name).ok()?;
    // The database takes a name in any case, and one for a zone that is not known.
    (zone.iana_name() == Some(name)).then_some(zone)
}

/// Shows the moments of the local days around a time, day by day.
///
/// Local time is less than a day from UTC. A day more is looked at, as the moments of today may be
/// over.
fn visit_around(swap: &Swap, time: i64, mut visit: impl FnMut(Moment)) -> Option<()> {
    let zone = find_zone(&swap.zone)?;
    let today = time.div_euclid(DAY);
    for ahead in -1..=2 {
        let day = today.checked_add(ahead)?;
        if (FIRST_DAY..=LAST_DAY).contains(&day) {
            visit_day(swap, &zone, day, &mut visit)?;
        }
    }
    Some(())
}

fn visit_day(swap: &Swap, zone: &TimeZone, day: i64, visit: &mut impl FnMut(Moment)) -> Option<()> {
    let date = Date::constant(1970, 1, 1).checked_add(Span::new().try_days(day).ok()?).ok()?;
    let weekday = usize::try_from(date.weekday().to_monday_zero_offset()).ok()?;
    let multiplier = swap.multipliers.get(weekday).copied()?;
    let midnight = day.checked_mul(DAY)?;
    for &minutes in &swap.rollovers {
        let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
        let local = date.to_datetime(Time::new(hour, minute, 0, 0).ok()?);
        // A local time that does not exist, or comes twice, has the offset before the change.
        let (AmbiguousOffset::Unambiguous { offset }
        | AmbiguousOffset::Gap { before: offset, .. }
        | AmbiguousOffset::Fold { before: offset, .. }) =
            zone.to_ambiguous_timestamp(local).offset();
        let ahead = i64::from(offset.seconds()).checked_mul(SECOND)?;
        let local = midnight.checked_add(i64::from(minutes).checked_mul(MINUTE)?)?;
        visit(Moment { time: local.checked_sub(ahead)?, multiplier });
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

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

    #[test]
    fn a_name_is_exact_and_has_an_area() {
        for name in ["UTC", "Europe/Zurich", "US/Eastern", "Etc/GMT+5", "America/Indiana/Knox"] {
            assert!(is_zone(name), "{name}");
        }
        let odd = "utc,GMT,EST,Japan,localtime,Factory,posix/UTC,posix/Europe/Zurich,Etc/Unknown,\
                   europe/zurich,Europe/Zurich ,/Europe/Zurich,Europe/,/,Mars/Olympus,";
        for name in odd.split(',') {
            assert!(!is_zone(name), "{name}");
        }
        assert_eq!(next_after(&swap("Mars/Olympus", &[0]), 0), None);
        assert_eq!(at(&swap("Mars/Olympus", &[0]), 0), None);
    }

    /// The moment after a time, which is the one at that moment, too.
    fn after(zone: &str, rollover: u16, time: &str) -> String {
        let swap = swap(zone, &[rollover]);
        let next = next_after(&swap, micros(time)).unwrap();
        assert_eq!(at(&swap, next.time), Some(next));
        DateTime::from_timestamp_micros(next.time).unwrap().to_rfc3339()
    }

    #[test]
    fn rules_hold_in_every_century() {
        let cases = [
            // The rule of the last years goes on.
            ("Europe/London", 22 * 60, "9996-07-03T00:00:00Z", "9996-07-03T21:00:00+00:00"),
            ("Europe/London", 22 * 60, "9996-12-03T00:00:00Z", "9996-12-03T22:00:00+00:00"),
            ("America/New_York", 17 * 60, "2500-07-01T00:00:00Z", "2500-07-01T21:00:00+00:00"),
            ("Australia/Sydney", 17 * 60, "9999-12-01T08:00:00Z", "9999-12-02T06:00:00+00:00"),
            // The sun of New York was 4:56:02 late, until the railways agreed.
            ("America/New_York", 17 * 60, "1883-11-17T00:00:00Z", "1883-11-17T21:56:02+00:00"),
            ("America/New_York", 17 * 60, "1883-11-18T00:00:00Z", "1883-11-18T22:00:00+00:00"),
            ("America/New_York", 17 * 60, "0001-01-03T00:00:00Z", "0001-01-03T21:56:02+00:00"),
            // Before the epoch, in winter and in summer.
            ("America/New_York", 17 * 60, "1967-01-03T00:00:00Z", "1967-01-03T22:00:00+00:00"),
            ("America/New_York", 17 * 60, "1967-07-03T00:00:00Z", "1967-07-03T21:00:00+00:00"),
        ];
        for (zone, rollover, time, expected) in cases {
            assert_eq!(after(zone, rollover, time), expected, "{zone} after {time}");
        }
    }

    #[test]
    fn gaps_and_folds_have_the_offset_before() {
        let cases = [
            // Half an hour, in 2024 and by the rule.
            ("Australia/Lord_Howe", 135, "2024-10-05T12:00:00Z", "2024-10-05T15:45:00+00:00"),
            ("Australia/Lord_Howe", 105, "2024-04-06T12:00:00Z", "2024-04-06T14:45:00+00:00"),
            ("Europe/London", 90, "9996-03-31T00:00:00Z", "9996-03-31T01:30:00+00:00"),
            ("Europe/London", 90, "9996-10-26T12:00:00Z", "9996-10-27T00:30:00+00:00"),
            // The railways set the clocks back by 3:58: noon came twice.
            ("America/New_York", 12 * 60, "1883-11-18T00:00:00Z", "1883-11-18T16:56:02+00:00"),
            // A day that comes twice: Alaska is bought.
            ("America/Juneau", 12 * 60, "1867-10-18T00:00:00Z", "1867-10-18T20:57:41+00:00"),
        ];
        for (zone, rollover, time, expected) in cases {
            assert_eq!(after(zone, rollover, time), expected, "{zone} after {time}");
        }
    }

    #[test]
    fn a_day_that_a_place_skipped_falls_on_the_next() {
        // Friday the 30th of December 2011: 17:00 of it is 17:00 of Saturday.
        let apia = swap("Pacific/Apia", &[17 * 60]);
        let thursday = Moment { time: micros("2011-12-30T03:00:00Z"), multiplier: 1 };
        let friday = Moment { time: micros("2011-12-31T03:00:00Z"), multiplier: 1 };
        let sunday = Moment { time: micros("2012-01-01T03:00:00Z"), multiplier: 0 };
        assert_eq!(at(&apia, thursday.time), Some(thursday));
        assert_eq!(next_after(&apia, thursday.time), Some(friday), "the first of two");
        assert_eq!(at(&apia, friday.time), Some(friday));
        assert_eq!(next_after(&apia, friday.time), Some(sunday));
    }

    #[test]
    fn days_are_those_of_the_years_1_to_9999() {
        let first = micros("0001-01-01T00:00:00Z");
        let last = micros("9999-12-31T23:59:59.999999Z");
        for zone in ["UTC", "America/New_York", "Asia/Tokyo", "Pacific/Kiritimati", "Etc/GMT+12"] {
            let swap = swap(zone, &[0, 23 * 60 + 59]);
            for time in [i64::MIN, i64::MAX, last + 1_000_000 * 86_400] {
                assert_eq!(next_after(&swap, time), None, "{zone} after {time}");
                assert_eq!(at(&swap, time), None);
            }
            let next = next_after(&swap, first - 1).unwrap().time;
            assert!(next >= first && next < first + DAY, "{zone} begins at {next}");
            let next = next_after(&swap, last - 2 * DAY).unwrap().time;
            assert!(next < last, "{zone} ends at {next}");
        }
        assert_eq!(next_after(&swap("UTC", &[0]), last), None);
        // The first midnight of Tokyo's 10000 is within the years of UTC, and no rollover.
        assert_eq!(next_after(&swap("Asia/Tokyo", &[0]), micros("9999-12-30T15:00:00Z")), None);
        // The evening of the last day in New York is not, and never comes.
        let evening = next_after(&swap("America/New_York", &[22 * 60]), last);
        assert_eq!(evening.map(|moment| moment.time - last), Some(3 * 3_600_000_000 + 1));
    }
}
