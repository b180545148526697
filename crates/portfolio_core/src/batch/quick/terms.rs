//! Whether a run is plain, and what its fills cost.

use super::facts::{Bars, Raw};
use crate::batch::Fill;
use crate::batch::plan::Run;
use crate::event::Path;
use crate::instrument::Instrument;
use crate::ledger::{Mode, Rounding};
use crate::numbers::{Contract, Leverage, Money, ratio_half_even};
use crate::terms::{ChargedOn, Commission, CommissionKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;
/// No money of a plain run comes near the limits of the ledger.
pub(super) const MOST: i128 = 1_000_000_000_000_000_000_000_000_000_000_000_000;

/// What a plain run is done by.
#[derive(Debug)]
pub(super) struct Terms<'r> {
    pub(super) bars: &'r Bars,
    pub(super) raw: Raw<'r>,
    pub(super) balance: i128,
    pub(super) leverage: Leverage,
    pub(super) netting: bool,
    pub(super) optimistic: bool,
    /// Prices and sizes are multiples of these, raw.
    pub(super) tick: i64,
    pub(super) lot: i64,
    pub(super) contract: Contract,
    commission: Option<Charge>,
}

/// A commission without tiers.
#[derive(Debug, Clone, Copy)]
struct Charge {
    kind: CommissionKind,
    taker: i128,
    maker: i128,
    minimum: Option<i128>,
    on: ChargedOn,
}

impl<'r> Terms<'r> {
    /// The terms of a run, if it is a plain one.
    pub(super) fn of(run: &Run<'r>) -> Option<Self> {
        let configuration = &run.configuration;
        let bars = run.bars.facts.get(run.bars)?;
        let walks = matches!(configuration.path, Path::Ohlc | Path::Olhc);
        let watched = configuration.margin_call.is_some() || configuration.stop_out.is_some();
        if run.fill != Fill::NextOpen || walks || watched {
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
        let quoted = instrument.quote_currency.is_none_or(|code| code == configuration.currency);
        let price_zeros = 9_u32.checked_sub(instrument.price_decimals)?;
        let size_zeros = 9_u32.checked_sub(instrument.size_decimals)?;
        if !quoted || bars.zeros < price_zeros || !is_plain(instrument) {
            return None;
        }
        Some(Self {
            bars,
            raw: Raw::of(run.bars)?,
            balance: configuration.initial_balance.raw(),
            leverage: Leverage::new(instrument.leverage.unwrap_or(configuration.leverage)).ok()?,
            netting: configuration.mode == Mode::Netting,
            optimistic: configuration.path == Path::Optimistic,
            tick: 10_i64.checked_pow(price_zeros)?,
            lot: 10_i64.checked_pow(size_zeros)?,
            contract: instrument.contract,
            commission: charge_of(instrument),
        })
    }

    /// What a size is worth at a price; nothing when it is not surely in range, or not exact.
    pub(super) fn worth(&self, size: i64, price: i64) -> Option<i128> {
        let product = i128::from(size).checked_mul(i128::from(price))?;
        let (digits, divisor) = self.contract.fraction();
        // A division of 128 bits is slow, and seldom needed.
        let whole = match divisor {
            1 => product,
            _ if product.checked_rem(divisor)? != 0 => return None,
            _ => product.checked_div(divisor)?,
        };
        let worth = whole.checked_mul(digits)?;
        (worth.abs() < MOST).then_some(worth)
    }

    /// What a fill is charged.
    pub(super) fn fee(&self, size: i64, worth: i128, maker: bool, opens: bool) -> Option<i128> {
        let Some(charge) = &self.commission else { return Some(0) };
        let charged = match charge.on {
            ChargedOn::Both => true,
            ChargedOn::Entry => opens,
            ChargedOn::Exit => !opens,
        };
        if !charged {
            return Some(0);
        }
        let value = if maker { charge.maker } else { charge.taker };
        let (digits, divisor) = self.contract.fraction();
        let size = i128::from(size);
        let fee = match charge.kind {
            CommissionKind::PerLot => ratio_half_even(&[value, size], ONE9).ok()?,
            CommissionKind::PerUnit => {
                ratio_half_even(&[value, size, digits], divisor.checked_mul(ONE9)?).ok()?
            }
            CommissionKind::PerTrade => value,
            CommissionKind::Rate => ratio_half_even(&[worth, value], ONE9).ok()?,
        };
        let fee = charge.minimum.map_or(fee, |minimum| fee.max(minimum));
        (fee.abs() < MOST).then_some(fee)
    }

    /// How many zeros all money of the run has at its end, in raw units, when all prices and all
    /// sizes have so many.
    pub(super) fn money_zeros(&self, (price, size): (u32, u32)) -> Option<u32> {
        let size = size.checked_sub(self.contract.decimals())?;
        let worth = price.checked_add(size)?;
        let mut zeros = worth.min(zeros_of(self.balance));
        if let Some(Charge { kind, taker, maker, minimum, .. }) = self.commission {
            let own = zeros_of(taker).min(zeros_of(maker));
            let product = match kind {
                CommissionKind::PerTrade => own,
                CommissionKind::Rate => own.saturating_add(worth).saturating_sub(9),
                // What is left of a size may have lost its decimals to the contract.
                CommissionKind::PerLot | CommissionKind::PerUnit => {
                    own.saturating_add(size).saturating_sub(9)
                }
            };
            zeros = zeros.min(product).min(minimum.map_or(18, zeros_of));
        }
        Some(zeros)
    }

    /// The margin of what is held.
    pub(super) fn margin(&self, cost: i128) -> Option<Money> {
        self.leverage.margin(Money::from_raw(cost).ok()?).ok()
    }
}

/// Zeros at the end of a number; those of money at most.
fn zeros_of(raw: i128) -> u32 {
    let is_multiple = |zeros: u32| {
        10_i128.checked_pow(zeros).is_some_and(|unit| raw.checked_rem(unit) == Some(0))
    };
    (0..=18).rev().find(|&zeros| is_multiple(zeros)).unwrap_or(0)
}

/// Whether an instrument has nothing beyond digits, a contract and a commission without tiers.
fn is_plain(instrument: &Instrument) -> bool {
    let Some(terms) = &instrument.terms else { return true };
    let steps = [terms.lot_step, terms.min_size, terms.max_size].iter().any(Option::is_some);
    let grids = steps || terms.tick_size.is_some();
    let costs = terms.margin.is_some() || terms.slippage.is_some() || terms.swap.is_some();
    let tiers = terms.commission.as_ref().is_some_and(|commission| commission.tiers.len() != 1);
    !(grids || costs || tiers || terms.base_currency.is_some() || terms.inverse)
}

/// Its commission.
fn charge_of(instrument: &Instrument) -> Option<Charge> {
    let Commission { kind, tiers, minimum, on } = instrument.terms.as_ref()?.commission.as_ref()?;
    let tier = tiers.first()?;
    let minimum = minimum.map(Money::raw);
    let (kind, on) = (*kind, *on);
    Some(Charge { kind, taker: tier.taker, maker: tier.maker, minimum, on })
}
