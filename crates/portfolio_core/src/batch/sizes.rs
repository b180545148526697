//! How large an order is, by the rule of its row (rule R7).

use super::orders::{Action, SizeRule};
use crate::book::Book;
use crate::numbers::{Money, Overflow, Price, Size, ratio_floor};
use crate::refusal::{Refusal, Refused};

/// One at scale 18.
const ONE18: i128 = 1_000_000_000_000_000_000;

/// What a size is asked of.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) action: Action,
    pub(super) size: Size,
    pub(super) rule: SizeRule,
    /// The price that a unit costs.
    pub(super) anchor: Price,
    /// Where it is stopped.
    pub(super) stop: Option<Price>,
}

/// What sizes of a symbol are counted in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Lots {
    /// Units of a lot, at scale 9.
    pub(super) contract: i128,
    /// The step of sizes, raw.
    pub(super) lot: i128,
    /// Whether its results are in its base currency.
    pub(super) inverse: bool,
}

impl Lots {
    /// Those of a registered symbol.
    pub(super) fn of(book: &Book) -> Self {
        Self { contract: book.contract.raw(), lot: book.lot(), inverse: book.is_inverse() }
    }
}

impl SizeRule {
    const fn word(self) -> &'static str {
        match self {
            Self::Units => "units",
            Self::Value => "value",
            Self::Equity => "equity",
            Self::Risk => "risk",
        }
    }
}

impl Asked {
    /// The size, of the sign of what was asked for. `rate` says what the profit currency is worth.
    pub(super) fn size(
        &self,
        lots: Lots,
        equity: Money,
        rate: impl FnOnce() -> Result<Money, Refusal>,
    ) -> Result<Size, Refused> {
        if self.rule == SizeRule::Units {
            return Ok(self.size);
        }
        let Lots { contract, lot, inverse } = lots;
        if inverse {
            return Err(self.not_allowed("an inverse instrument takes units"));
        }
        if !equity.is_positive() {
            return Err(self.not_allowed("the account has no equity"));
        }
        let unit = self.unit()?;
        let rate = rate()?.raw();
        let (amount, whole) = match self.rule {
            SizeRule::Value => (ONE18, ONE18),
            _ => (equity.raw(), ONE18),
        };
        let asked = self.size.raw();
        let whole_lots =
            ratio_floor(&[amount, asked.saturating_abs(), whole], &[unit, contract, rate, lot]);
        let raw = whole_lots.and_then(|lots| lots.checked_mul(lot).ok_or(Overflow));
        let size = raw.and_then(Size::from_raw).map_err(|Overflow| Refusal::ResultOutOfRange {
            argument: "size",
            value: self.size.to_string(),
        })?;
        if size.is_zero() && self.action == Action::Open {
            return Err(Refusal::SizeMustBePositive { size }.into());
        }
        Ok(if asked < 0 { size.negated() } else { size })
    }

    /// The price, or the distance to the stop, of one unit.
    fn unit(&self) -> Result<i128, Refused> {
        if self.rule != SizeRule::Risk {
            return Ok(self.anchor.raw());
        }
        if self.action == Action::Target {
            return Err(self.not_allowed("a target has no stop to be at risk"));
        }
        let stop = self.stop.ok_or_else(|| self.not_allowed("there is no stop_loss"))?;
        match self.anchor.raw().abs_diff(stop.raw()).try_into() {
            Ok(distance) if distance > 0 => Ok(distance),
            _ => Err(self.not_allowed("the stop_loss is where the order is filled")),
        }
    }

    #[cold]
    fn not_allowed(&self, rule: &'static str) -> Refused {
        let value = format!("{:?}", self.rule.word());
        Refusal::ArgumentNotAllowed { argument: "size_rule", value, rule }.into()
    }
}
