//! What a fill is charged, as one fraction.

use crate::instrument::Instrument;
use crate::numbers::{div_half_even, ratio_half_even};
use crate::terms::{ChargedOn, Commission, CommissionKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;

/// A commission without tiers: a fraction of something, rounded half-even once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Charge {
    of: Of,
    over: i128,
    under: i128,
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
    /// The commission of an instrument; the outer nothing for one that is not plain.
    pub(super) fn of(instrument: &Instrument) -> Option<Option<Self>> {
        let terms = instrument.terms.as_ref();
        let Some(commission) = terms.and_then(|terms| terms.commission.as_ref()) else {
            return Some(None);
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
        let minimum = minimum.map(|minimum| minimum.raw());
        Some(Some(Self { of, over, under, minimum, on: *on }))
    }

    /// The fee of a fill.
    #[inline]
    pub(super) fn fee(&self, size: i64, worth: i128, opens: bool, closes: bool) -> Option<i128> {
        let charged = match self.on {
            ChargedOn::Both => true,
            ChargedOn::Entry => opens,
            ChargedOn::Exit => closes,
        };
        if !charged {
            return Some(0);
        }
        let of = match self.of {
            Of::One => 1,
            Of::Size => i128::from(size),
            Of::Worth => worth,
        };
        let fee = match of.checked_mul(self.over) {
            Some(product) if self.under == 1 => product,
            Some(product) => div_half_even(product, self.under),
            None => ratio_half_even(&[of, self.over], self.under).ok()?,
        };
        Some(self.minimum.map_or(fee, |minimum| fee.max(minimum)))
    }
}

/// The greatest one; the other number when one is 0.
fn common_divisor(mut one: u128, mut other: u128) -> u128 {
    while let Some(rest) = one.checked_rem(other) {
        (one, other) = (other, rest);
    }
    one
}
