//! What a fill is charged, as one fraction.

use super::wide;
use crate::instrument::Instrument;
use crate::numbers::{Money, div_half_even, ratio_half_even};
use crate::terms::{ChargedOn, Commission, CommissionKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// A commission without tiers: a fraction of something, rounded half-even once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    of: Of,
    over: i128,
    under: i128,
    /// Both, if they are short.
    short: Option<(i64, i64)>,
    minimum: Option<i128>,
    on: ChargedOn,
}

/// What it is a fraction of.
#[derive(Debug, Clone, Copy)]
enum Of {
    One,
    Size,
    Worth,
}

impl Charge {
    /// That of an instrument without one.
    const FREE: Self = Self {
        of: Of::One,
        over: 0,
        under: 1,
        short: Some((0, 1)),
        minimum: None,
        on: ChargedOn::Both,
    };

    /// The commission of an instrument; nothing for one that has tiers.
    pub(super) fn of(instrument: &Instrument) -> Option<Self> {
        let terms = instrument.terms.as_ref();
        let Some(commission) = terms.and_then(|terms| terms.commission.as_ref()) else {
            return Some(Self::FREE);
        };
        let Commission { kind, tiers, minimum, on } = commission;
        let [tier] = tiers.as_slice() else { return None };
        let (digits, divisor) = instrument.contract.fraction();
        let (of, over, under) = match kind {
            CommissionKind::PerTrade => (Of::One, tier.taker, 1),
            CommissionKind::PerLot => (Of::Size, tier.taker, ONE9),
            CommissionKind::PerUnit => {
                (Of::Size, tier.taker.checked_mul(digits)?, divisor.checked_mul(ONE9)?)
            }
            CommissionKind::Rate => (Of::Worth, tier.taker, ONE9),
        };
        let common = common_divisor(over.unsigned_abs(), under.unsigned_abs());
        let common = i128::try_from(common).ok()?;
        let (over, under) = (over.checked_div(common)?, under.checked_div(common)?);
        let minimum = minimum.map(Money::raw);
        let short = i64::try_from(over).ok().zip(i64::try_from(under).ok());
        Some(Self { of, over, under, short, minimum, on: *on })
    }

    /// The fee of a fill of a size, which is worth so much for each unit of price.
    #[inline]
    pub(super) fn fee(
        &self,
        (size, weight, price): (i64, i64, i64),
        (opens, closes): (bool, bool),
    ) -> Option<i128> {
        let charged = match self.on {
            ChargedOn::Both => true,
            ChargedOn::Entry => opens,
            ChargedOn::Exit => closes,
        };
        if !charged {
            return Some(0);
        }
        let fee = match (self.of, self.exact(price)) {
            (Of::One, _) => self.over,
            (Of::Worth, Some(each)) => wide(weight, each),
            (Of::Worth, None) => self.part(wide(weight, price))?,
            (Of::Size, _) => self.part(i128::from(size))?,
        };
        Some(self.minimum.map_or(fee, |minimum| fee.max(minimum)))
    }

    /// Of a price, if nothing is to be rounded.
    #[inline]
    fn exact(&self, price: i64) -> Option<i64> {
        let (over, under) = self.short?;
        let product = price.checked_mul(over)?;
        let each = product.checked_div(under)?;
        (each.wrapping_mul(under) == product).then_some(each)
    }

    fn part(&self, of: i128) -> Option<i128> {
        match of.checked_mul(self.over) {
            Some(product) => Some(div_half_even(product, self.under)),
            None => ratio_half_even(&[of, self.over], self.under).ok(),
        }
    }
}

/// The greatest one; the other number when one is 0.
fn common_divisor(mut one: u128, mut other: u128) -> u128 {
    while let Some(rest) = one.checked_rem(other) {
        (one, other) = (other, rest);
    }
    one
}
