//! Whether a run is one of targets alone, and what its symbols cost.

use hashbrown::HashMap;

use super::fees::Charge;
use super::grid::{Grid, Raw};
use super::short::Short;
use crate::batch::orders::Targets;
use crate::batch::plan::Run;
use crate::batch::quick::terms::is_plain;
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
    pub(super) symbols: Symbols,
    pub(super) targets: Targets<'r>,
    /// Whether anybody wants to know the trades.
    pub(super) keeps_trades: bool,
    /// Closes, and lows and highs, in 32 bits.
    pub(super) closes: Option<&'r Short>,
    pub(super) extremes: Option<(&'r Short, &'r Short)>,
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
    /// Nothing when margin is cost.
    pub(super) leverage: Option<Leverage>,
    pub(super) charge: Charge,
    /// What is held of it is worth at most [`MOST`] among all symbols.
    pub(super) most: i64,
}

impl<'r> Terms<'r> {
    /// The terms of a run, if they are plain enough.
    pub(super) fn of(run: &'r Run<'r>, keeps_trades: bool) -> Option<Self> {
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
        let (symbols, raw) = (Symbols::of(run, grid)?, Raw::of(run.bars)?);
        let closes = grid.short_closes(&raw);
        let extremes = if keeps_trades { grid.short_extremes(&raw) } else { None };
        Some(Self {
            grid,
            raw,
            balance: configuration.initial_balance.raw(),
            symbols,
            targets,
            keeps_trades,
            closes,
            extremes,
        })
    }
}

/// The terms of the symbols of the bars.
#[derive(Debug)]
pub(super) struct Symbols {
    /// Each once for all symbols that follow each other with it.
    kinds: Vec<Symbol>,
    /// The kind of each symbol.
    kind_of: Vec<usize>,
    /// Instruments that are registered sooner or later.
    pub(super) registered: u64,
}

impl Symbols {
    /// The terms of a symbol.
    #[inline]
    pub(super) fn get(&self, symbol: usize) -> Option<&Symbol> {
        self.kinds.get(*self.kind_of.get(symbol)?)
    }

    fn of(run: &Run<'_>, grid: &Grid) -> Option<Self> {
        let (names, given) = (&run.bars.symbols, run.instruments.as_ref());
        let mut by_name = HashMap::with_capacity(given.len());
        for instrument in given {
            let twice = by_name.insert(instrument.symbol.as_str(), instrument).is_some();
            if twice || !is_plain(run, instrument) || instrument.check().is_err() {
                return None;
            }
        }
        let each = MOST.checked_div(i128::try_from(names.len()).ok()?)?;
        let most = each.checked_div(i128::from(grid.top().max(1)))?;
        let default = Instrument::default_for("");
        let (mut kinds, mut kind_of) = (Vec::new(), Vec::with_capacity(names.len()));
        let (mut others, mut last) = (0_usize, None);
        for (place, name) in names.iter().enumerate() {
            let known = by_name.get(name.as_str()).copied();
            others = others.checked_add(usize::from(known.is_none()))?;
            let instrument = known.unwrap_or(&default);
            let price_zeros = 9_u32.checked_sub(instrument.price_decimals)?;
            let zeros = || run.bars.facts.1.zeros(run.bars)?.get(place).copied();
            if price_zeros > 0 && zeros()? < price_zeros {
                return None;
            }
            if !last.is_some_and(|last| alike(last, instrument)) {
                kinds.push(Symbol::of(run, instrument, most)?);
                last = Some(instrument);
            }
            kind_of.push(kinds.len().checked_sub(1)?);
        }
        let registered = u64::try_from(given.len().checked_add(others)?).ok()?;
        Some(Self { kinds, kind_of, registered })
    }
}

/// Whether two instruments are traded by the same terms.
fn alike(one: &Instrument, other: &Instrument) -> bool {
    let terms = |instrument: &Instrument| {
        (instrument.size_decimals, instrument.contract, instrument.leverage)
    };
    std::ptr::eq(one, other) || (terms(one) == terms(other) && one.terms == other.terms)
}

impl Symbol {
    fn of(run: &Run<'_>, instrument: &Instrument, most: i128) -> Option<Self> {
        let lot = 10_i64.checked_pow(9_u32.checked_sub(instrument.size_decimals)?)?;
        let (digits, divisor) = instrument.contract.fraction();
        let leverage = instrument.leverage.unwrap_or(run.configuration.leverage);
        Some(Self {
            lot,
            unit: instrument.contract.raw().checked_mul(i128::from(lot))?,
            digits: i64::try_from(digits).ok()?,
            divisor: i64::try_from(divisor).ok()?,
            leverage: Some(Leverage::new(leverage).ok()?).filter(|known| *known != Leverage::ONE),
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
    pub(super) fn average(&self, size: i64, cost: i128) -> Option<i64> {
        let over = cost.checked_mul(i128::from(self.divisor))?;
        let under = i128::from(size.checked_abs()?).checked_mul(i128::from(self.digits))?;
        let price = (under > 0).then(|| div_half_even(over, under))?;
        // What is rounded to 0 stays what it was, which nobody remembers here.
        i64::try_from(price).ok().filter(|&price| price > 0)
    }
}
