//! Which terms an instrument may have (rules I9, I10, M5, M6, Z1 to Z5).

use crate::instrument::Instrument;
use crate::numbers::{LIMIT, Money, Price, Size, format_fixed};
use crate::refusal::Refusal;
use crate::rollovers::is_zone;
use crate::terms::{Commission, CommissionKind, Margin, Requirement, Slippage, Swap, Terms};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;
/// Minutes of a day.
const DAY: u16 = 1_440;

const POSITIVE: &str = "must be greater than 0";
const NOT_NEGATIVE: &str = "must not be negative";

/// Refuses unless something holds.
fn require(
    holds: bool,
    argument: &'static str,
    value: impl FnOnce() -> String,
    rule: &'static str,
) -> Result<(), Refusal> {
    if holds { Ok(()) } else { Err(Refusal::TermNotAllowed { argument, value: value(), rule }) }
}

fn nine(raw: i128) -> String {
    format_fixed(raw, 9, 0)
}

impl Terms {
    /// Checks the terms of an instrument.
    ///
    /// # Errors
    /// The refusal of the first one that cannot be.
    pub(crate) fn check(&self, instrument: &Instrument) -> Result<(), Refusal> {
        self.check_grids(instrument)?;
        require(
            !self.inverse || self.base_currency.is_some(),
            "inverse",
            || "True".to_owned(),
            "needs a base_currency",
        )?;
        self.margin.as_ref().map_or(Ok(()), |margin| margin.check(self.base_currency.is_some()))?;
        self.commission.as_ref().map_or(Ok(()), Commission::check)?;
        self.slippage.as_ref().map_or(Ok(()), Slippage::check)?;
        self.swap.as_ref().map_or(Ok(()), Swap::check)
    }

    /// Whether the models by themselves are such that an instrument can have them.
    pub(crate) fn has_good_models(&self) -> bool {
        self.margin.as_ref().is_none_or(|margin| margin.check(true).is_ok())
            && self.commission.as_ref().is_none_or(|commission| commission.check().is_ok())
            && self.slippage.as_ref().is_none_or(|slippage| slippage.check().is_ok())
            && self.swap.as_ref().is_none_or(|swap| swap.check().is_ok())
    }

    fn check_grids(&self, instrument: &Instrument) -> Result<(), Refusal> {
        let step = |decimals: u32| 10_i128.pow(9_u32.saturating_sub(decimals));
        let (price_step, size_step) =
            (step(instrument.price_decimals), step(instrument.size_decimals));
        let multiple = |raw: i128, step: i128| raw.checked_rem(step) == Some(0);
        let grids = [
            ("tick_size", self.tick_size.map(Price::raw), price_step),
            ("lot_step", self.lot_step.map(Size::raw), size_step),
        ];
        for (argument, raw, step) in grids {
            if let Some(raw) = raw {
                require(raw > 0, argument, || nine(raw), POSITIVE)?;
                let rule = "must be a multiple of the instrument's last decimal";
                require(multiple(raw, step), argument, || nine(raw), rule)?;
            }
        }
        let lot = self.lot_step.map_or(size_step, Size::raw);
        for (argument, size) in [("min_size", self.min_size), ("max_size", self.max_size)] {
            if let Some(raw) = size.map(Size::raw) {
                require(raw > 0, argument, || nine(raw), POSITIVE)?;
                let rule = "must be a multiple of the lot step";
                require(multiple(raw, lot), argument, || nine(raw), rule)?;
            }
        }
        match (self.min_size, self.max_size) {
            (Some(least), Some(most)) => require(
                least <= most,
                "max_size",
                || most.to_string(),
                "must not be below min_size",
            ),
            _ => Ok(()),
        }
    }
}

impl Margin {
    fn check(&self, has_base: bool) -> Result<(), Refusal> {
        let rate = |argument, raw: i128| {
            require((1..LIMIT).contains(&raw), argument, || nine(raw), POSITIVE)
        };
        match &self.requirement {
            Requirement::Leverage(raw) => rate("margin.leverage", *raw)?,
            Requirement::Rate(raw) => rate("margin.rate", *raw)?,
            Requirement::PerLot(amount) => {
                let holds = amount.is_positive();
                require(holds, "margin.per_lot", || amount.to_string(), POSITIVE)?;
            }
            Requirement::Tiers(tiers) => {
                for tier in tiers {
                    rate("margin.tiers", tier.rate)?;
                }
                let limits: Vec<_> = tiers.iter().map(|tier| tier.limit).collect();
                check_ascending("margin.tiers", &limits)?;
            }
        }
        if let Some(part) = self.hedged {
            let rule = "must be from 0 to 1";
            require((0..=ONE9).contains(&part), "margin.hedged", || nine(part), rule)?;
        }
        let rule = "needs a base_currency";
        require(!self.in_base || has_base, "margin.currency", || "'base'".to_owned(), rule)
    }
}

/// Limits above 0 that ascend, and none in the last place.
fn has_38_digits(raw: i128) -> bool {
    raw.unsigned_abs() < LIMIT.unsigned_abs()
}

fn check_ascending(argument: &'static str, limits: &[Option<Money>]) -> Result<(), Refusal> {
    let text = || format!("{} tiers", limits.len());
    let Some((last, others)) = limits.split_last() else {
        return require(false, argument, text, "must have at least one tier");
    };
    require(last.is_none(), argument, text, "the last tier has None in place of a limit")?;
    let mut before = Money::ZERO;
    for limit in others {
        let Some(limit) = *limit else {
            return require(false, argument, text, "only the last tier has None");
        };
        require(limit > before, argument, || limit.to_string(), "must be above the one before")?;
        before = limit;
    }
    Ok(())
}

impl Commission {
    fn check(&self) -> Result<(), Refusal> {
        let volumes: Vec<_> = self.tiers.iter().map(|tier| tier.volume).collect();
        check_ascending("commission.tiers", &volumes)?;
        let scale = if self.kind == CommissionKind::Rate { 9 } else { Money::SCALE };
        for tier in &self.tiers {
            let values = [("commission.taker", tier.taker), ("commission.maker", tier.maker)];
            for (argument, value) in values {
                let text = || format_fixed(value, scale, 0);
                require(has_38_digits(value), argument, text, "has more than 38 digits")?;
            }
        }
        let Some(minimum) = self.minimum else { return Ok(()) };
        let holds = !minimum.is_negative();
        require(holds, "commission.minimum", || minimum.to_string(), NOT_NEGATIVE)?;
        let holds = self.tiers.iter().all(|tier| tier.taker >= 0 && tier.maker >= 0);
        let rule = "goes with no rebate";
        require(holds, "commission.minimum", || minimum.to_string(), rule)
    }
}

impl Slippage {
    fn check(&self) -> Result<(), Refusal> {
        let (value, text) = (self.value, || nine(self.value));
        require((0..LIMIT).contains(&value), "slippage.value", text, NOT_NEGATIVE)
    }
}

impl Swap {
    fn check(&self) -> Result<(), Refusal> {
        for (argument, value) in [("swap.long", self.long), ("swap.short", self.short)] {
            let rule = "has more than 38 digits";
            require(has_38_digits(value), argument, || nine(value), rule)?;
        }
        let text = || format!("{:?}", self.rollovers);
        let rule = "must be at least one local time, each once, ascending";
        let ascending = self.rollovers.is_sorted_by(|one, next| one < next);
        let inside = self.rollovers.iter().all(|&minutes| minutes < DAY);
        let holds = ascending && inside && !self.rollovers.is_empty();
        require(holds, "swap.rollover", text, rule)?;
        let zone = || format!("{:?}", self.zone);
        let rule = "must be an IANA name with an area, such as Europe/London, or UTC";
        require(is_zone(&self.zone), "swap.zone", zone, rule)?;
        let days = || self.day_count.to_string();
        require(matches!(self.day_count, 360 | 365), "swap.day_count", days, "must be 360 or 365")
    }
}
