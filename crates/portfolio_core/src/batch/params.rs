//! What the runs override, as columns (rule R3).

use arrow_array::RecordBatch;
use arrow_schema::Schema;

use super::cells::Numeric;
use super::error::BatchError;
use super::orders::{LevelGiven, SizeRule};
use super::overrides::{Fill, Overrides};
use super::param_cells;
use crate::event::{Path, Side};
use crate::ledger::Mode;
use crate::numbers::{FloatPolicy, Money};
use crate::terms::{ChargedOn, Commission, CommissionKind, CommissionTier, Slippage, SlippageKind};

/// The runs of a batch and what each overrides: of each column that there is, the cells of all
/// runs.
#[derive(Debug, Clone, Default)]
pub struct ParamTable {
    pub(super) run_ids: Vec<u32>,
    pub(super) sizes: Numeric,
    pub(super) rules: Vec<Option<SizeRule>>,
    pub(super) sides: Vec<Option<Side>>,
    /// Stop loss, take profit and trailing.
    pub(super) levels: [Level; 3],
    pub(super) break_even: Numeric,
    pub(super) break_even_offset: Numeric,
    pub(super) initial_balance: Numeric,
    pub(super) leverage: Numeric,
    pub(super) modes: Vec<Option<Mode>>,
    pub(super) paths: Vec<Option<Path>>,
    pub(super) fills: Vec<Option<Fill>>,
    pub(super) margin_call: Numeric,
    pub(super) stop_out: Numeric,
    /// In the order of [`COMMISSIONS`].
    pub(super) commissions: [Numeric; 4],
    /// In the order of [`SLIPPAGES`].
    pub(super) slippages: [Numeric; 2],
}

/// The columns of a level, of which a row has one at most.
#[derive(Debug, Clone, Default)]
pub(super) struct Level {
    pub(super) price: Numeric,
    pub(super) distance: Numeric,
    pub(super) rate: Numeric,
}

/// What the columns of commissions are of.
pub(super) const COMMISSIONS: [CommissionKind; 4] = [
    CommissionKind::Rate,
    CommissionKind::PerLot,
    CommissionKind::PerUnit,
    CommissionKind::PerTrade,
];

/// What the columns of slippage are of.
pub(super) const SLIPPAGES: [SlippageKind; 2] = [SlippageKind::Points, SlippageKind::Rate];

impl ParamTable {
    /// Reads the parameters of batches of one schema; floats are taken under a policy. The columns
    /// named in `labels` mean nothing here.
    ///
    /// # Errors
    /// [`BatchError`] for a column that is not known, is missing, comes twice or is of a type that
    /// cannot be taken, for the first cell of the first row that cannot be taken, for a `run_id`
    /// that comes twice, and for two columns of one group in one row.
    ///
    /// # Examples
    /// ```
    /// use std::sync::Arc;
    ///
    /// use arrow_array::{ArrayRef, Float64Array, RecordBatch};
    /// use portfolio_core::batch::orders::LevelGiven;
    /// use portfolio_core::batch::params::ParamTable;
    /// use portfolio_core::numbers::{FloatPolicy, Price};
    ///
    /// let distance: ArrayRef = Arc::new(Float64Array::from(vec![Some(0.5), None]));
    /// let batch = RecordBatch::try_from_iter([("stop_loss_distance", distance)]).unwrap();
    /// let (schema, batches) = (batch.schema(), [batch]);
    /// let params = ParamTable::read(&schema, &batches, &[], FloatPolicy::Nearest)?;
    /// assert_eq!(params.run_ids(), [0, 1]);
    /// let half = Price::parse("0.5").unwrap();
    /// assert_eq!(params.overrides(0).stop_loss, LevelGiven::Distance(half));
    /// assert_eq!(params.overrides(1), Default::default());
    /// # Ok::<(), Box<portfolio_core::batch::BatchError>>(())
    /// ```
    pub fn read(
        schema: &Schema,
        batches: &[RecordBatch],
        labels: &[String],
        floats: FloatPolicy,
    ) -> Result<Self, Box<BatchError>> {
        param_cells::read(schema, batches, labels, floats)
    }

    /// The ids of the runs, in the order of the rows.
    #[must_use]
    pub fn run_ids(&self) -> &[u32] {
        &self.run_ids
    }

    /// The number of runs.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.run_ids.len()
    }

    /// Whether there is no run.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.run_ids.is_empty()
    }

    /// What the run of a row overrides; nothing behind the last row.
    #[must_use]
    pub fn overrides(&self, row: usize) -> Overrides {
        let [stop_loss, take_profit, trailing] = &self.levels;
        Overrides {
            size: self.sizes.size(row),
            rule: word(&self.rules, row),
            side: word(&self.sides, row),
            stop_loss: stop_loss.get(row),
            take_profit: take_profit.get(row),
            trailing: trailing.get(row),
            break_even: self.break_even.price(row),
            break_even_offset: self.break_even_offset.price(row),
            initial_balance: self
                .initial_balance
                .raw(row)
                .and_then(|raw| Money::from_raw(raw).ok()),
            leverage: self.leverage.raw(row),
            mode: word(&self.modes, row),
            path: word(&self.paths, row),
            fill: word(&self.fills, row),
            margin_call: self.margin_call.raw(row),
            stop_out: self.stop_out.raw(row),
            commission: self.commission(row),
            slippage: self.slippage(row),
        }
    }

    fn commission(&self, row: usize) -> Option<Commission> {
        let mut given = COMMISSIONS.iter().zip(&self.commissions);
        let (kind, raw) = given.find_map(|(kind, cells)| cells.raw(row).map(|raw| (kind, raw)))?;
        let tier = CommissionTier { volume: None, taker: raw, maker: raw };
        let on = ChargedOn::Both;
        Some(Commission { kind: *kind, tiers: vec![tier], minimum: None, on })
    }

    fn slippage(&self, row: usize) -> Option<Slippage> {
        let mut given = SLIPPAGES.iter().zip(&self.slippages);
        given.find_map(|(kind, cells)| {
            cells.raw(row).map(|value| Slippage { kind: *kind, value, seed: 0 })
        })
    }
}

impl Level {
    fn get(&self, row: usize) -> LevelGiven {
        if let Some(price) = self.price.price(row) {
            return LevelGiven::Price(price);
        }
        if let Some(distance) = self.distance.price(row) {
            return LevelGiven::Distance(distance);
        }
        self.rate.raw(row).map_or(LevelGiven::Nothing, LevelGiven::Rate)
    }
}

fn word<T: Copy>(words: &[Option<T>], row: usize) -> Option<T> {
    words.get(row).copied().flatten()
}
