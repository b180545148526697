//! The terms of an instrument as an interface hands them over (SPEC sections 13, 15 and 16).

use portfolio_core::event::Path;
use portfolio_core::numbers::{Money, Price, Size};
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Slippage, SlippageKind, Swap, SwapKind, Terms,
};

use super::calls::{Arguments, Parse, Refused, read_number, scale_9};
use super::values::{Groups, Term, groups};

/// What a file says was checked when it was read.
const READ: &str = "the form of a term was checked";

pub(crate) const PATHS: [(&str, Path); 4] = [
    ("pessimistic", Path::Pessimistic),
    ("optimistic", Path::Optimistic),
    ("ohlc", Path::Ohlc),
    ("olhc", Path::Olhc),
];

pub(crate) const SWAPS: [(&str, SwapKind); 3] =
    [("points", SwapKind::Points), ("rate", SwapKind::Rate), ("funding", SwapKind::Funding)];

/// The terms of an instrument, if it has any.
pub(crate) fn terms(given: &Arguments<'_>) -> Result<Option<Box<Terms>>, Refused> {
    let term = |name| {
        let word = given.given(name);
        word.map(|word| Term::parse(name, word).expect(READ))
    };
    let terms = Terms {
        tick_size: given.number("tick_size", Price::parse)?,
        lot_step: given.number("lot_step", Size::parse)?,
        min_size: given.number("min_size", Size::parse)?,
        max_size: given.number("max_size", Size::parse)?,
        base_currency: given.currency("base_currency")?,
        inverse: given.given("inverse") == Some("yes"),
        margin: term("margin").map(|term| margin(&term)).transpose()?,
        commission: term("commission").map(|term| commission(&term)).transpose()?,
        slippage: term("slippage").map(|term| slippage(&term)).transpose()?,
        swap: term("swap").map(|term| swap(&term)).transpose()?,
    };
    Ok((terms != Terms::default()).then(|| Box::new(terms)))
}

fn wrong(argument: &str) -> Refused {
    Refused::new(4017, argument)
}

/// Which of a few words a part is; the first one when it is not given.
fn word<T: Copy>(argument: &str, given: Option<&str>, known: &[(&str, T)]) -> Result<T, Refused> {
    let given = given.unwrap_or(known[0].0);
    let found = known.iter().find(|(name, _)| *name == given);
    found.map(|(_, value)| *value).ok_or_else(|| wrong(argument))
}

fn number<T>(argument: &str, given: Option<&str>, parse: Parse<T>) -> Result<Option<T>, Refused> {
    given.map(|text| read_number(argument, text, parse)).transpose()
}

/// The rows of tiers, each of so many figures.
fn tiers<'a>(argument: &str, term: &Term<'a>, width: usize) -> Result<Option<Groups<'a>>, Refused> {
    let read = term.part("tiers").map(|word| groups(word, None).expect(READ));
    match read {
        Some(rows) if rows.iter().any(|row| row.len() != width) => Err(wrong(argument)),
        read => Ok(read),
    }
}

fn margin(term: &Term<'_>) -> Result<Margin, Refused> {
    let mut asked = Vec::new();
    let leverage = number("margin.leverage", term.part("leverage"), scale_9)?;
    asked.extend(leverage.map(Requirement::Leverage));
    asked.extend(number("margin.rate", term.part("rate"), scale_9)?.map(Requirement::Rate));
    let per_lot = number("margin.per_lot", term.part("per_lot"), Money::parse)?;
    asked.extend(per_lot.map(Requirement::PerLot));
    let argument = "margin.tiers";
    if let Some(rows) = tiers(argument, term, 2)? {
        let tier = |row: &Vec<Option<&str>>| {
            let limit = number(argument, row[0], Money::parse)?;
            let rate = number(argument, row[1], scale_9)?.ok_or_else(|| wrong(argument))?;
            Ok(MarginTier { limit, rate })
        };
        asked.push(Requirement::Tiers(rows.iter().map(tier).collect::<Result<_, Refused>>()?));
    }
    let (Some(requirement), true) = (asked.pop(), asked.is_empty()) else {
        return Err(wrong("margin"));
    };
    let bases = [("open", Basis::Open), ("mark", Basis::Mark)];
    Ok(Margin {
        requirement,
        basis: word("margin.base", term.part("base"), &bases)?,
        hedged: number("margin.hedged", term.part("hedged"), scale_9)?,
        in_base: word(
            "margin.currency",
            term.part("currency"),
            &[("quote", false), ("base", true)],
        )?,
    })
}

fn commission(term: &Term<'_>) -> Result<Commission, Refused> {
    let kinds = [
        ("per_lot", CommissionKind::PerLot),
        ("per_unit", CommissionKind::PerUnit),
        ("per_trade", CommissionKind::PerTrade),
        ("rate", CommissionKind::Rate),
    ];
    let kind = word("commission.kind", Some(term.kind), &kinds)?;
    let money = |text: &str| Money::parse(text).map(Money::raw);
    let figure: Parse<i128> = if kind == CommissionKind::Rate { scale_9 } else { money };
    let taker = number("commission.taker", term.value, figure)?;
    let maker = number("commission.maker", term.part("maker"), figure)?;
    let minimum = number("commission.minimum", term.part("min"), Money::parse)?;
    let argument = "commission.tiers";
    let tiers = match (tiers(argument, term, 3)?, taker) {
        (Some(_), _) if taker.or(maker).is_some() => return Err(wrong(argument)),
        (Some(rows), _) => {
            let read = |row: &Vec<Option<&str>>| {
                let volume = number(argument, row[0], Money::parse)?;
                let figure = |text| number(argument, text, figure)?.ok_or_else(|| wrong(argument));
                Ok(CommissionTier { volume, taker: figure(row[1])?, maker: figure(row[2])? })
            };
            rows.iter().map(read).collect::<Result<_, Refused>>()?
        }
        (None, Some(taker)) => {
            vec![CommissionTier { volume: None, taker, maker: maker.unwrap_or(taker) }]
        }
        (None, None) => return Err(wrong("commission.taker")),
    };
    let fills = [("both", ChargedOn::Both), ("entry", ChargedOn::Entry), ("exit", ChargedOn::Exit)];
    Ok(Commission { kind, tiers, minimum, on: word("commission.on", term.part("on"), &fills)? })
}

fn slippage(term: &Term<'_>) -> Result<Slippage, Refused> {
    let kinds = [
        ("points", SlippageKind::Points),
        ("rate", SlippageKind::Rate),
        ("spread", SlippageKind::Spread),
        ("random", SlippageKind::Random),
    ];
    let seed = term.part("seed").unwrap_or("0").parse().map_err(|_| wrong("slippage.seed"));
    Ok(Slippage {
        kind: word("slippage.kind", Some(term.kind), &kinds)?,
        value: number("slippage.value", term.value, scale_9)?.unwrap_or_default(),
        seed: seed?,
    })
}

fn swap(term: &Term<'_>) -> Result<Swap, Refused> {
    let kind = word("swap.kind", Some(term.kind), &SWAPS)?;
    let long = number("swap.long", term.part("long"), scale_9)?.unwrap_or_default();
    let short = number("swap.short", term.part("short"), scale_9)?.unwrap_or_default();
    let times = term.part("rollover").unwrap_or("17:00").split('|').map(minute_of_day);
    let times = times.collect::<Option<Vec<u16>>>();
    let mut rollovers = times.ok_or_else(|| wrong("swap.rollover"))?;
    rollovers.sort_unstable();
    let zone = term.part("zone").unwrap_or("UTC").to_owned();
    let multipliers = term.part("multipliers").unwrap_or("1|1|3|1|1|0|0").split('|');
    let multipliers = multipliers.map(str::parse).collect::<Result<Vec<u32>, _>>();
    let multipliers = multipliers.ok().and_then(|read| read.try_into().ok());
    let day_count = term.part("day_count").unwrap_or("360").parse();
    Ok(Swap {
        kind,
        long,
        short,
        rollovers,
        zone,
        multipliers: multipliers.ok_or_else(|| wrong("swap.multipliers"))?,
        day_count: day_count.map_err(|_| wrong("swap.day_count"))?,
    })
}

/// The minute of a local time `HH:MM`.
fn minute_of_day(clock: &str) -> Option<u16> {
    let (hour, minute) = clock.split_once(':').filter(|_| clock.len() == 5)?;
    let read = |text: &str, end| text.parse().ok().filter(|number: &u16| *number < end);
    Some(read(hour, 24)? * 60 + read(minute, 60)?)
}
