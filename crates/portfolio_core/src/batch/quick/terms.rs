//! Whether a run is plain, and what its fills cost.

use super::facts::{Bars, Raw};
use crate::batch::Fill;
use crate::batch::plan::Run;
use crate::event::Path;
use crate::instrument::Instrument;
use crate::ledger::{Mode, Rounding};
use crate::numbers::{Contract, Leverage, Money};
use crate::terms::{ChargedOn, Commission, CommissionKind};

/// What a plain run is done by.
#[derive(Debug)]
pub(super) struct Terms<'r> {
    pub(super) bars: &'r Bars,
    pub(super) raw: Raw<'r>,
    /// Raw.
    pub(super) balance: i128,
    pub(super) leverage: Leverage,
    pub(super) netting: bool,
    pub(super) optimistic: bool,
    /// Whether rows are filled at closes.
    pub(super) at_close: bool,
    /// How many zeros prices and sizes have at their end, in raw units.
    pub(super) tick_zeros: u32,
    pub(super) lot_zeros: u32,
    pub(super) contract: Contract,
    pub(super) charge: Option<Charge>,
}

/// A commission without tiers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    pub(super) kind: CommissionKind,
    pub(super) taker: i128,
    pub(super) maker: i128,
    pub(super) minimum: Option<i128>,
    pub(super) on: ChargedOn,
}

impl<'r> Terms<'r> {
    /// The terms of a run, if it is a plain one.
    pub(super) fn of(run: &Run<'r>) -> Option<Self> {
        let configuration = &run.configuration;
        let bars = run.bars.facts.get(run.bars)?;
        let walks = matches!(configuration.path, Path::Ohlc | Path::Olhc);
        let watched = configuration.margin_call.is_some() || configuration.stop_out.is_some();
        if walks || watched {
            return None;
        }
        if configuration.rounding != Rounding::Exact {
            return None;
        }
        let symbol = run.bars.symbols.first()?;
        let default;
        let instrument = match run.instruments.as_ref() {
            [] => {
                default = Instrument::default_for(symbol);
                &default
            }
            [instrument] if instrument.symbol == *symbol && instrument.check().is_ok() => {
                instrument
            }
            _ => return None,
        };
        let tick_zeros = 9_u32.checked_sub(instrument.price_decimals)?;
        let lot_zeros = 9_u32.checked_sub(instrument.size_decimals)?;
        if bars.zeros < tick_zeros || !is_plain(run, instrument) {
            return None;
        }
        Some(Self {
            bars,
            raw: Raw::of(run.bars)?,
            balance: configuration.initial_balance.raw(),
            leverage: Leverage::new(instrument.leverage.unwrap_or(configuration.leverage)).ok()?,
            netting: configuration.mode == Mode::Netting,
            optimistic: configuration.path == Path::Optimistic,
            at_close: run.fill == Fill::Close,
            tick_zeros,
            lot_zeros,
            contract: instrument.contract,
            charge: charge_of(instrument),
        })
    }

    /// The margin of what is held.
    pub(super) fn margin(&self, cost: i128) -> Option<Money> {
        self.leverage.margin(Money::from_raw(cost).ok()?).ok()
    }
}

/// Whether an instrument has nothing beyond digits, a contract and a commission without tiers, and
/// is paid for in the account's currency.
pub(super) fn is_plain(run: &Run<'_>, instrument: &Instrument) -> bool {
    let quoted = instrument.quote_currency.is_none_or(|code| code == run.configuration.currency);
    let Some(terms) = &instrument.terms else { return quoted };
    let steps = [terms.lot_step, terms.min_size, terms.max_size].iter().any(Option::is_some);
    let grids = steps || terms.tick_size.is_some();
    let costs = terms.margin.is_some() || terms.slippage.is_some() || terms.swap.is_some();
    let tiers = terms.commission.as_ref().is_some_and(|commission| commission.tiers.len() != 1);
    quoted && !(grids || costs || tiers || terms.base_currency.is_some() || terms.inverse)
}

/// Its commission.
fn charge_of(instrument: &Instrument) -> Option<Charge> {
    let Commission { kind, tiers, minimum, on } = instrument.terms.as_ref()?.commission.as_ref()?;
    let tier = tiers.first()?;
    let minimum = minimum.map(Money::raw);
    let (kind, on) = (*kind, *on);
    Some(Charge { kind, taker: tier.taker, maker: tier.maker, minimum, on })
}
