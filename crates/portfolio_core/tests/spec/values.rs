//! Values of a case file: texts, times, groups of numbers, and the terms of an instrument.
//!
//! Numbers stay text here, so that a case can show one that is refused.

use std::collections::BTreeMap;

/// Groups of numbers, `A/B|C/D`; `None` is a lone `-`.
pub(crate) type Groups<'a> = Vec<Vec<Option<&'a str>>>;

/// The parts that may stand in a term beside the kind that comes first.
const PARTS: [(&str, &[&str]); 4] = [
    ("margin", &["leverage", "rate", "per_lot", "tiers", "base", "hedged", "currency"]),
    ("commission", &["maker", "min", "tiers", "on"]),
    ("slippage", &["seed"]),
    ("swap", &["long", "short", "rollover", "zone", "multipliers", "day_count"]),
];

/// A term as its file has it: `KIND:VALUE,KEY:VALUE,...`.
#[derive(Debug, Default)]
pub(crate) struct Term<'a> {
    pub(crate) kind: &'a str,
    /// What stands behind the kind.
    pub(crate) value: Option<&'a str>,
    parts: BTreeMap<&'a str, &'a str>,
}

impl<'a> Term<'a> {
    pub(crate) fn parse(term: &str, word: &'a str) -> Result<Self, String> {
        let known = PARTS.iter().find(|(name, _)| *name == term).map(|(_, parts)| *parts);
        let known = known.ok_or("no such term")?;
        let mut found = Self::default();
        for (place, part) in word.split(',').enumerate() {
            let (key, value) = match part.split_once(':') {
                Some((key, value)) => (key, Some(value)),
                None => (part, None),
            };
            if key.is_empty() || value == Some("") {
                return Err(format!("{part:?} is no part of {term}"));
            }
            if place == 0 && term != "margin" {
                (found.kind, found.value) = (key, value);
                continue;
            }
            let value = value.filter(|_| known.contains(&key));
            let value = value.ok_or_else(|| format!("{part:?} is no part of {term}"))?;
            check_part(key, value)?;
            if found.parts.insert(key, value).is_some() {
                return Err(format!("{key} is given twice"));
            }
        }
        match (term, found.value) {
            ("swap", Some(_)) => Err("a swap has a long and a short value".to_owned()),
            ("slippage", None) => Err("a slippage has a value".to_owned()),
            _ => Ok(found),
        }
    }

    pub(crate) fn part(&self, key: &str) -> Option<&'a str> {
        self.parts.get(key).copied()
    }
}

fn check_part(key: &str, value: &str) -> Result<(), String> {
    let fits = match key {
        "tiers" => return groups(value, None).map(|_| ()),
        "multipliers" => value.split('|').all(is_integer),
        "seed" | "day_count" => is_integer(value),
        _ => true,
    };
    if fits { Ok(()) } else { Err(format!("{key}:{value} is no integer")) }
}

/// The groups of a value, each of so many numbers.
pub(crate) fn groups(word: &str, count: Option<usize>) -> Result<Groups<'_>, String> {
    let number = |part| (part != "-").then_some(part);
    let read: Groups<'_> =
        word.split('|').map(|group| group.split('/').map(number).collect()).collect();
    let fits = |group: &Vec<Option<&str>>| {
        !group.contains(&Some("")) && count.is_none_or(|count| group.len() == count)
    };
    if read.iter().all(fits) { Ok(read) } else { Err(format!("{word} is not of such groups")) }
}

/// The microseconds of a time: an integer, or a date with hours and minutes of UTC.
pub(crate) fn time(word: &str) -> Result<String, String> {
    if is_integer(word) {
        return Ok(word.to_owned());
    }
    calendar(word).map(|micros| micros.to_string()).ok_or_else(|| format!("{word} is no time"))
}

fn calendar(word: &str) -> Option<i64> {
    let (date, clock) = match word.split_once('T') {
        Some((date, clock)) => (date, clock),
        None => (word, "00:00:00"),
    };
    let fields = |text: &str, mark: char, widths: &[usize]| -> Option<Vec<i64>> {
        let parts: Vec<&str> = text.split(mark).collect();
        let fits = |(part, width): (&&str, &usize)| part.len() == *width && is_natural(part);
        let fits = parts.len() == widths.len() && parts.iter().zip(widths).all(fits);
        fits.then(|| parts.iter().filter_map(|part| part.parse().ok()).collect())
    };
    let date = fields(date, '-', &[4, 2, 2])?;
    let clock = fields(clock, ':', &[2, 2, 2]).or_else(|| fields(clock, ':', &[2, 2]))?;
    let ([year, month, day], [hour, minute, rest @ ..]) = (&date[..], &clock[..]) else {
        return None;
    };
    let second = rest.first().copied().unwrap_or(0);
    let leap = |year: i64| (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let february = if leap(*year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(*month - 1).ok()?;
    let fits = (1..=*months.get(before)?).contains(day) && *year > 0;
    if !fits || *hour > 23 || *minute > 59 || second > 59 {
        return None;
    }
    let last = *year - 1;
    let years = last * 365 + last / 4 - last / 100 + last / 400;
    let days = years + months.iter().take(before).sum::<i64>() + *day - 719_163;
    Some((((days * 24 + *hour) * 60 + *minute) * 60 + second) * 1_000_000)
}

/// The text that a value stands for; `None` for `-`.
pub(crate) fn decode(word: &str) -> Result<Option<String>, String> {
    let wrong = || format!("value {word:?} is not encoded as the format says");
    if word == "-" {
        return Ok(None);
    }
    let (text, count) = match word.split_once('*') {
        Some((text, count)) if is_natural(count) && !count.starts_with('0') => {
            (text, count.parse::<usize>().map_err(|_| wrong())?)
        }
        Some(_) => return Err(wrong()),
        None => (word, 1),
    };
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'=' | b'/' => return Err(wrong()),
            b'%' => {
                let (hex, after) = rest.split_first_chunk::<2>().ok_or_else(wrong)?;
                let upper = hex.iter().all(|digit| matches!(digit, b'0'..=b'9' | b'A'..=b'F'));
                let hex = std::str::from_utf8(hex).ok().filter(|_| upper).ok_or_else(wrong)?;
                bytes.push(u8::from_str_radix(hex, 16).map_err(|_| wrong())?);
                rest = after;
            }
            plain => bytes.push(plain),
        }
    }
    if word.is_empty() {
        return Err("a value is not empty; - is nothing".to_owned());
    }
    Ok(Some(String::from_utf8(bytes).map_err(|_| wrong())?.repeat(count)))
}

pub(crate) fn is_natural(word: &str) -> bool {
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit())
}

pub(crate) fn is_integer(word: &str) -> bool {
    is_natural(word.strip_prefix('-').unwrap_or(word))
}

pub(crate) fn is_decimal(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    digits.split_once('.').map_or(is_natural(digits), |(a, b)| is_natural(a) && is_natural(b))
}
