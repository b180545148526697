//! Margin, commission, slippage and swap of an instrument as the ledger takes them (SPEC sections
//! 13, 15 and 16). What the plain values cannot say is refused here, the rest is for the ledger to
//! check.

use portfolio_core::numbers::{FloatPolicy, Money};
use portfolio_core::refusal::Code;
use portfolio_core::terms::{
    Basis, ChargedOn, Commission, CommissionKind, CommissionTier, Margin, MarginTier, Requirement,
    Slippage, SlippageKind, Swap, Terms,
};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyInt, PyString, PyTuple};

use super::protection::items;
use super::{SWAP_KINDS, describe, flag, number, text, word, wrong_type};
use crate::fault::Fault;

type Value<'a, 'py> = &'a Bound<'py, PyAny>;

const MONEY_SCALE: u32 = 18;
const REMEDY: &str = "change this field of the instrument";

/// The terms of an `omega_portfolio.Instrument`, if it has any.
pub(crate) fn read_terms(
    given: Value<'_, '_>,
    policy: FloatPolicy,
) -> PyResult<Option<Box<Terms>>> {
    let price = |name| optional(given, name, |value| number::price(name, value, policy));
    let size = |name| optional(given, name, |value| number::size(name, value, policy));
    let terms = Terms {
        tick_size: price("tick_size")?,
        lot_step: size("lot_step")?,
        min_size: size("min_size")?,
        max_size: size("max_size")?,
        base_currency: optional(given, "base_currency", |code| {
            text::currency("base_currency", code)
        })?,
        inverse: flag("inverse", &given.getattr("inverse")?)?,
        margin: optional(given, "margin", |model| read_margin(model, policy))?,
        commission: optional(given, "commission", |model| read_commission(model, policy))?,
        slippage: optional(given, "slippage", |model| read_slippage(model, policy))?,
        swap: optional(given, "swap", |model| read_swap(model, policy))?,
    };
    Ok(if terms == Terms::default() { None } else { Some(Box::new(terms)) })
}

/// Reads an attribute unless it is `None`.
fn optional<R>(
    owner: Value<'_, '_>,
    name: &str,
    read: impl FnOnce(Value<'_, '_>) -> PyResult<R>,
) -> PyResult<Option<R>> {
    let value = owner.getattr(name)?;
    if value.is_none() { Ok(None) } else { read(&value).map(Some) }
}

fn wrong(argument: &'static str, value: Value<'_, '_>, rule: &'static str) -> PyErr {
    Fault::new(Code::InvalidInstrument, argument, describe(value), rule, REMEDY).into()
}

/// An object of a class of `omega_portfolio.terms`.
fn check_class(argument: &'static str, value: Value<'_, '_>, class: &'static str) -> PyResult<()> {
    let module = value.py().import("omega_portfolio.terms")?;
    if value.is_instance(&module.getattr(class)?)? {
        return Ok(());
    }
    let rule = "must be a model of omega_portfolio.terms";
    Err(wrong_type(argument, value, rule, "pass op.Margin, op.Commission and so on").into())
}

/// Which of a few words.
fn field<R: Copy>(
    argument: &'static str,
    value: Value<'_, '_>,
    known: &[(&str, R)],
) -> PyResult<R> {
    word(argument, value, Code::InvalidInstrument, known)
}

/// The rows of a sequence of tiers, each of so many items.
fn rows<'py>(
    argument: &'static str,
    value: Value<'_, 'py>,
    width: usize,
) -> PyResult<Vec<Bound<'py, PyTuple>>> {
    let no_rows = |value: Value<'_, '_>| {
        let remedy = "pass a list of tuples, with None in the last one";
        PyErr::from(wrong_type(argument, value, "must be a sequence of tiers", remedy))
    };
    let tiers = items(value).ok_or_else(|| no_rows(value))?;
    if tiers.is_empty() {
        return Err(wrong(argument, value, "has no tier"));
    }
    let mut rows = Vec::with_capacity(tiers.len());
    for tier in tiers.iter() {
        let row = items(&tier).ok_or_else(|| no_rows(&tier))?;
        if row.len() != width {
            return Err(wrong(argument, &tier, "has another number of figures"));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Where a tier ends; the last one does not.
fn limit(
    argument: &'static str,
    value: Value<'_, '_>,
    policy: FloatPolicy,
) -> PyResult<Option<Money>> {
    if value.is_none() { Ok(None) } else { number::money(argument, value, policy).map(Some) }
}

fn read_margin(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Margin> {
    check_class("margin", given, "Margin")?;
    let fixed =
        |argument, value: Value<'_, '_>| number::fixed(argument, value, number::SCALE, policy);
    let mut requirements = Vec::with_capacity(4);
    requirements.extend(optional(given, "leverage", |value| {
        fixed("margin.leverage", value).map(Requirement::Leverage)
    })?);
    requirements.extend(optional(given, "rate", |value| {
        fixed("margin.rate", value).map(Requirement::Rate)
    })?);
    requirements.extend(optional(given, "per_lot", |value| {
        number::money("margin.per_lot", value, policy).map(Requirement::PerLot)
    })?);
    requirements.extend(optional(given, "tiers", |value| {
        let tiers = rows("margin.tiers", value, 2)?.into_iter().map(|row| {
            let limit = limit("margin.tiers", &row.get_item(0)?, policy)?;
            Ok(MarginTier { limit, rate: fixed("margin.tiers", &row.get_item(1)?)? })
        });
        tiers.collect::<PyResult<Vec<_>>>().map(Requirement::Tiers)
    })?);
    let only = if requirements.len() == 1 { requirements.pop() } else { None };
    let rule = "must have one of leverage, rate, per_lot and tiers";
    let requirement = only.ok_or_else(|| wrong("margin", given, rule))?;
    let bases = [("open", Basis::Open), ("mark", Basis::Mark)];
    let base = given.getattr("base")?;
    let basis = field("margin.base", &base, &bases)?;
    let hedged = optional(given, "hedged", |value| fixed("margin.hedged", value))?;
    let currencies = [("quote", false), ("base", true)];
    let currency = given.getattr("currency")?;
    let in_base = field("margin.currency", &currency, &currencies)?;
    Ok(Margin { requirement, basis, hedged, in_base })
}

/// The commission of an instrument, or of all of them.
pub(crate) fn read_commission(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Commission> {
    check_class("commission", given, "Commission")?;
    let kinds = [
        ("per_lot", CommissionKind::PerLot),
        ("per_unit", CommissionKind::PerUnit),
        ("per_trade", CommissionKind::PerTrade),
        ("rate", CommissionKind::Rate),
    ];
    let kind = field("commission.kind", &given.getattr("kind")?, &kinds)?;
    let scale = if kind == CommissionKind::Rate { number::SCALE } else { MONEY_SCALE };
    let figure = |argument, value: Value<'_, '_>| number::fixed(argument, value, scale, policy);
    let taker = optional(given, "taker", |value| figure("commission.taker", value))?;
    let maker = optional(given, "maker", |value| figure("commission.maker", value))?;
    let minimum =
        optional(given, "minimum", |value| number::money("commission.minimum", value, policy))?;
    let tiers = optional(given, "tiers", |value| {
        if taker.or(maker).is_some() {
            return Err(wrong("commission.tiers", value, "stands beside taker or maker"));
        }
        let tiers = rows("commission.tiers", value, 3)?.into_iter().map(|row| {
            Ok(CommissionTier {
                volume: limit("commission.tiers", &row.get_item(0)?, policy)?,
                taker: figure("commission.tiers", &row.get_item(1)?)?,
                maker: figure("commission.tiers", &row.get_item(2)?)?,
            })
        });
        tiers.collect::<PyResult<Vec<_>>>()
    })?;
    let tiers = match (tiers, taker) {
        (Some(tiers), _) => tiers,
        (None, Some(taker)) => {
            vec![CommissionTier { volume: None, taker, maker: maker.unwrap_or(taker) }]
        }
        (None, None) => {
            let taker = given.getattr("taker")?;
            return Err(wrong("commission.taker", &taker, "is needed without tiers"));
        }
    };
    let fills = [("both", ChargedOn::Both), ("entry", ChargedOn::Entry), ("exit", ChargedOn::Exit)];
    let on = given.getattr("on")?;
    let on = field("commission.on", &on, &fills)?;
    Ok(Commission { kind, tiers, minimum, on })
}

/// The slippage of an instrument, or of all of them.
pub(crate) fn read_slippage(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Slippage> {
    check_class("slippage", given, "Slippage")?;
    let kinds = [
        ("points", SlippageKind::Points),
        ("rate", SlippageKind::Rate),
        ("spread", SlippageKind::Spread),
        ("random", SlippageKind::Random),
    ];
    let kind = field("slippage.kind", &given.getattr("kind")?, &kinds)?;
    let value = number::fixed("slippage.value", &given.getattr("value")?, number::SCALE, policy)?;
    let seed = whole("slippage.seed", &given.getattr("seed")?, "must be from 0 to 2^64 - 1")?;
    Ok(Slippage { kind, value, seed })
}

/// The swap of an instrument, or of all of them.
pub(crate) fn read_swap(given: Value<'_, '_>, policy: FloatPolicy) -> PyResult<Swap> {
    check_class("swap", given, "Swap")?;
    let kind = field("swap.kind", &given.getattr("kind")?, &SWAP_KINDS)?;
    let long = number::fixed("swap.long", &given.getattr("long")?, number::SCALE, policy)?;
    let short = number::fixed("swap.short", &given.getattr("short")?, number::SCALE, policy)?;
    let rollovers = read_rollovers(&given.getattr("rollover")?)?;
    let zone = given.getattr("zone")?;
    let zone = text::text("swap.zone", &zone, Code::InvalidInstrument)?.to_owned();
    let multipliers = read_multipliers(&given.getattr("multipliers")?)?;
    let days = given.getattr("day_count")?;
    let rule = "must be 360 or 365";
    let day_count = whole("swap.day_count", &days, rule)?;
    if !matches!(day_count, 360 | 365) {
        return Err(wrong("swap.day_count", &days, rule));
    }
    Ok(Swap { kind, long, short, rollovers, zone, multipliers, day_count })
}

/// One text `HH:MM` or several, in minutes of the day, ascending.
fn read_rollovers(given: Value<'_, '_>) -> PyResult<Vec<u16>> {
    let argument = "swap.rollover";
    let times = if given.is_instance_of::<PyString>() {
        PyTuple::new(given.py(), [given])?
    } else {
        let rule = "must be a str or a sequence of them";
        items(given).ok_or_else(|| wrong_type(argument, given, rule, "pass \"17:00\""))?
    };
    let mut minutes = Vec::with_capacity(times.len());
    for time in times.iter() {
        let clock = text::text(argument, &time, Code::InvalidInstrument)?;
        let minute = minute_of_day(clock);
        minutes.push(minute.ok_or_else(|| wrong(argument, &time, "is no time as HH:MM"))?);
    }
    minutes.sort_unstable();
    if minutes.is_empty() || minutes.iter().zip(minutes.iter().skip(1)).any(|(a, b)| a == b) {
        return Err(wrong(argument, given, "must be one or more times, each once"));
    }
    Ok(minutes)
}

fn minute_of_day(clock: &str) -> Option<u16> {
    let [a, b, b':', c, d] = clock.as_bytes() else { return None };
    let digits = [a, b, c, d].map(|byte| char::from(*byte).to_digit(10));
    let [Some(a), Some(b), Some(c), Some(d)] = digits else { return None };
    let number = |tens: u32, ones: u32| tens.checked_mul(10)?.checked_add(ones);
    let (hour, minute) = (number(a, b)?, number(c, d)?);
    if hour > 23 || minute > 59 {
        return None;
    }
    u16::try_from(hour.checked_mul(60)?.checked_add(minute)?).ok()
}

fn read_multipliers(given: Value<'_, '_>) -> PyResult<[u32; 7]> {
    let argument = "swap.multipliers";
    let rule = "must be seven whole numbers from 0";
    let weekdays = items(given)
        .ok_or_else(|| wrong_type(argument, given, "must be a sequence", "pass seven numbers"))?;
    let mut multipliers = Vec::with_capacity(weekdays.len());
    for weekday in weekdays.iter() {
        multipliers.push(whole(argument, &weekday, rule)?);
    }
    multipliers.try_into().map_err(|_| wrong(argument, given, rule))
}

/// A whole number; one that does not fit is refused as a wrong field.
fn whole<N>(argument: &'static str, value: Value<'_, '_>, rule: &'static str) -> PyResult<N>
where
    N: for<'a, 'py> FromPyObject<'a, 'py>,
{
    if !value.is_instance_of::<PyInt>() || value.is_instance_of::<PyBool>() {
        let remedy = "pass a whole number";
        return Err(wrong_type(argument, value, "must be an int", remedy).into());
    }
    value.extract::<N>().map_err(|_| wrong(argument, value, rule))
}
