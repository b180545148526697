//! What an instrument says beyond its digits and its contract: grids, margin, costs (SPEC sections
//! 13, 15 and 16). Plain data; what it means for the account is for the ledger to say.

use crate::currency::Currency;
use crate::numbers::{Money, Price, Size};

/// The terms of an instrument. An instrument without any of them has no terms at all.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Terms {
    /// Prices are multiples of it.
    pub tick_size: Option<Price>,
    /// Sizes are multiples of it.
    pub lot_step: Option<Size>,
    /// The least size of an open or an order.
    pub min_size: Option<Size>,
    /// The greatest size of an open or an order.
    pub max_size: Option<Size>,
    /// What one unit is of; with it the mark is a rate of exchange.
    pub base_currency: Option<Currency>,
    /// Whether the profit is made in the base currency (rule I10).
    pub inverse: bool,
    /// How margin is asked for; the leverage of the instrument or the account if not given.
    pub margin: Option<Margin>,
    /// What a fill without a given fee costs.
    pub commission: Option<Commission>,
    /// How much worse stops and market orders are filled.
    pub slippage: Option<Slippage>,
    /// What it costs to hold a position over a rollover.
    pub swap: Option<Swap>,
}

/// A margin model (rules M5 to M7).
#[derive(Debug, Clone, PartialEq)]
pub struct Margin {
    /// What is asked for.
    pub requirement: Requirement,
    /// Of which figure.
    pub basis: Basis,
    /// The part that is asked of hedged volume, at scale 9, 0 to 1.
    pub hedged: Option<i128>,
    /// Whether the margin is in the base currency.
    pub in_base: bool,
}

/// What a margin model asks for.
#[derive(Debug, Clone, PartialEq)]
pub enum Requirement {
    /// Basis / leverage, at scale 9.
    Leverage(i128),
    /// Basis * rate, at scale 9.
    Rate(i128),
    /// So much account money per 1 of size.
    PerLot(Money),
    /// Each part of the basis at its own rate; the last one has no limit.
    Tiers(Vec<MarginTier>),
}

/// A part of a basis and its rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MarginTier {
    /// Where it ends; the last one does not.
    pub limit: Option<Money>,
    /// The rate at scale 9.
    pub rate: i128,
}

/// The figure that margin is asked of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Basis {
    /// Cost.
    #[default]
    Open,
    /// Value at the mark.
    Mark,
}

/// A commission model (rules Z1 and Z2).
#[derive(Debug, Clone, PartialEq)]
pub struct Commission {
    /// What the values are of.
    pub kind: CommissionKind,
    /// One tier without a volume, or several; the last one has no volume.
    pub tiers: Vec<CommissionTier>,
    /// The least commission of a fill.
    pub minimum: Option<Money>,
    /// Which fills are charged.
    pub on: ChargedOn,
}

/// What a commission is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommissionKind {
    /// Account money per 1 of size.
    PerLot,
    /// Account money per unit of the underlying.
    PerUnit,
    /// Account money per fill.
    PerTrade,
    /// A part of the value, at scale 9.
    Rate,
}

/// Values of a commission up to some traded volume, raw: money at scale 18, rates at scale 9.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommissionTier {
    /// It holds while less than this was traded; the last one always.
    pub volume: Option<Money>,
    /// Of a fill that takes the market.
    pub taker: i128,
    /// Of a fill at a limit price.
    pub maker: i128,
}

/// Which fills pay commission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ChargedOn {
    /// All.
    #[default]
    Both,
    /// Those that open.
    Entry,
    /// Those that close.
    Exit,
}

/// A slippage model (rule Z4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Slippage {
    /// What the value is of.
    pub kind: SlippageKind,
    /// At scale 9.
    pub value: i128,
    /// Where the random numbers start.
    pub seed: u64,
}

/// What slippage is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlippageKind {
    /// A difference of prices.
    Points,
    /// A part of the price.
    Rate,
    /// A part of the spread.
    Spread,
    /// A random number of ticks, up to a difference of prices.
    Random,
}

/// A swap model (rule Z5).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Swap {
    /// What the values are of.
    pub kind: SwapKind,
    /// What a long gets, at scale 9.
    pub long: i128,
    /// What a short gets, at scale 9.
    pub short: i128,
    /// Local times of the rollovers in minutes of the day, ascending.
    pub rollovers: Vec<u16>,
    /// An IANA name.
    pub zone: String,
    /// How many days each weekday counts for, Monday first.
    pub multipliers: [u32; 7],
    /// Days of a year, 360 or 365.
    pub day_count: u32,
}

/// What a swap is counted in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SwapKind {
    /// A difference of prices.
    Points,
    /// A part of the value a year.
    Rate,
    /// A part of the value a rollover.
    Funding,
}
