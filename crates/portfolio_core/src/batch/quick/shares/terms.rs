//! Whether a run is one of targets alone, and what its symbols cost.

use hashbrown::HashMap;

use super::fees::Charge;
use super::grid::{Grid, Raw};
use crate::batch::orders::Targets;
use crate::batch::plan::Run;
use crate::instrument::Instrument;
use crate::ledger::{Mode, Rounding};
use crate::numbers::{Leverage, div_half_even};

/// No money of such a run comes near the limits of the ledger.
const MOST: i128 = 1 << 119;

/// What a run is done by.
#[derive(Debug)]
pub(super) struct Terms<'r> {
    pub(super) grid: &'r Grid,
    pub(super) raw: Raw<'r>,
    pub(super) balance: i128,
    pub(super) symbols: Vec<Symbol>,
    pub(super) targets: Targets<'r>,
    /// Instruments that are registered sooner or later.
    pub(super) registered: u64,
}

/// What a symbol is traded by.
#[derive(Debug, Clone)]
pub(super) struct Symbol {
    /// Sizes are multiples of it, raw.
    pub(super) lot: i64,
    /// What a lot takes of what it is divided by: lot * contract, raw.
    pub(super) unit: i128,
    /// The contract as a fraction.
    digits: i64,
    divisor: i64,
    pub(super) leverage: Leverage,
    pub(super) charge: Option<Charge>,
    /// What is held of it is worth at most [`MOST`] among all symbols.
    pub(super) most: i64,
}

impl<'r> Terms<'r> {
    /// The terms of a run, if they are plain enough.
    pub(super) fn of(run: &'r Run<'r>) -> Option<Self> {
        let configuration = &run.configuration;
        let watched = configuration.margin_call.is_some() || configuration.stop_out.is_some();
        let netting = configuration.mode == Mode::Netting;
        if watched || !netting || configuration.rounding != Rounding::Exact {
            return None;
        }
        // Most runs that are of another kind say so in their first row.
        let targets = run.targets()?;
        targets.get(0)?;
        let facts = &run.bars.facts.1;
        let grid = facts.grid(run.bars)?;
        let (symbols, registered) = symbols(run, grid)?;
        Some(Self {
            grid,
            raw: Raw::of(run.bars)?,
            balance: configuration.initial_balance.raw(),
            symbols,
            targets,
            registered,
        })
    }
}

/// The terms of the symbols of the bars, and how many instruments there are.
fn symbols(run: &Run<'_>, grid: &Grid) -> Option<(Vec<Symbol>, u64)> {
    let (bars, given) = (run.bars, run.instruments.as_ref());
    let mut by_name = HashMap::with_capacity(given.len());
    for instrument in given {
        let twice = by_name.insert(instrument.symbol.as_str(), instrument).is_some();
        if twice || !is_plain(run, instrument) {
            return None;
        }
    }
    let mut others = 0_usize;
    let mut symbols = Vec::with_capacity(bars.symbols.len());
    for (place, name) in bars.symbols.iter().enumerate() {
        let default;
        let instrument = match by_name.get(name.as_str()) {
            Some(instrument) => instrument,
            None => {
                others = others.checked_add(1)?;
                default = Instrument::default_for(name);
                &default
            }
        };
        let price_zeros = 9_u32.checked_sub(instrument.price_decimals)?;
        if price_zeros > 0 && *run.bars.facts.1.zeros(bars)?.get(place)? < price_zeros {
            return None;
        }
        symbols.push(Symbol::of(run, instrument, (grid.symbols().get(place)?.top, bars.symbols.len()))?);
    }
    let registered = given.len().checked_add(others)?;
    Some((symbols, u64::try_from(registered).ok()?))
}

impl Symbol {
    fn of(run: &Run<'_>, instrument: &Instrument, (top, among): (i64, usize)) -> Option<Self> {
        let lot = 10_i64.checked_pow(9_u32.checked_sub(instrument.size_decimals)?)?;
        let (digits, divisor) = instrument.contract.fraction();
        let leverage = instrument.leverage.unwrap_or(run.configuration.leverage);
        let each = MOST.checked_div(i128::try_from(among).ok()?)?;
        let most = each.checked_div(i128::from(top.max(1)))?;
        Some(Self {
            lot,
            unit: instrument.contract.raw().checked_mul(i128::from(lot))?,
            digits: i64::try_from(digits).ok()?,
            divisor: i64::try_from(divisor).ok()?,
            leverage: Leverage::new(leverage).ok()?,
            charge: Charge::of(instrument)?,
            most: i64::try_from(most).unwrap_or(i64::MAX),
        })
    }

    /// What a size, which is not negative, is worth for each unit of price; nothing when it is not
    /// surely in range, or not whole.
    #[inline]
    pub(super) fn weight(&self, size: i64) -> Option<i64> {
        let weight = size.checked_mul(self.digits)?;
        let weight = match self.divisor {
            1 => weight,
            divisor if weight.checked_rem(divisor)? != 0 => return None,
            divisor => weight.checked_div(divisor)?,
        };
        (weight <= self.most).then_some(weight)
    }
}

impl Symbol {
    /// The price at which a size would have cost so much, rounded half-even (rule P2).
    pub(super) fn average(&self, (size, cost): (i64, i128)) -> Option<i64> {
        let over = cost.checked_mul(i128::from(self.divisor))?;
        let under = i128::from(size.checked_abs()?).checked_mul(i128::from(self.digits))?;
        let price = (under > 0).then(|| div_half_even(over, under))?;
        // What is rounded to 0 stays what it was, which nobody remembers here.
        i64::try_from(price).ok().filter(|&price| price > 0)
    }
}

/// Whether an instrument has nothing beyond digits, a contract and a commission without tiers.
fn is_plain(run: &Run<'_>, instrument: &Instrument) -> bool {
    let quoted = instrument.quote_currency.is_none_or(|code| code == run.configuration.currency);
    let Some(terms) = &instrument.terms else { return quoted && instrument.check().is_ok() };
    let steps = [terms.lot_step, terms.min_size, terms.max_size].iter().any(Option::is_some);
    let grids = steps || terms.tick_size.is_some();
    let costs = terms.margin.is_some() || terms.slippage.is_some() || terms.swap.is_some();
    let odd = grids || costs || terms.base_currency.is_some() || terms.inverse;
    quoted && !odd && instrument.check().is_ok()
}
