//! How large a position shall be (rule R7 for targets).

use super::divided;
use super::terms::Symbol;
use crate::batch::orders::SizeRule;

/// One at scale 18.
const ONE18: i128 = 1_000_000_000_000_000_000;

/// Sizes out of rules. Many rows ask for the same share of the same equity, so what they divide by
/// the price is kept from one to the next.
#[derive(Debug, Default)]
pub(super) struct Sizes {
    /// Amount, size and unit of the last one.
    asked: (i128, i64, i128),
    /// Their quotient, rounded down. Rounded down by one divisor after the other is rounded down
    /// by their product.
    quotient: u128,
}

impl Sizes {
    /// The size that is wanted at a price, of the sign of what was asked for.
    #[inline]
    pub(super) fn of(
        &mut self,
        (asked, rule): (i64, SizeRule),
        symbol: &Symbol,
        (equity, anchor): (i128, i64),
    ) -> Option<i64> {
        let amount = match rule {
            SizeRule::Units => {
                return (asked.checked_rem(symbol.lot)? == 0).then_some(asked);
            }
            SizeRule::Value => ONE18,
            SizeRule::Equity => equity,
            SizeRule::Risk => return None,
        };
        if equity <= 0 {
            return None;
        }
        if self.asked != (amount, asked, symbol.unit) {
            let product = amount.checked_mul(i128::from(asked.checked_abs()?))?;
            self.quotient = product.checked_div(symbol.unit)?.unsigned_abs();
            self.asked = (amount, asked, symbol.unit);
        }
        let (lots, _) = divided(self.quotient, anchor.unsigned_abs())?;
        let size = i64::try_from(lots).ok()?.checked_mul(symbol.lot)?;
        Some(if asked < 0 { size.checked_neg()? } else { size })
    }
}
