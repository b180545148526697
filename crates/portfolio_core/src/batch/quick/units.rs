//! What money of a plain run is counted in, and what its fills are worth in that.
//!
//! All prices of a run are whole multiples of one price, all sizes of one size, and all money of
//! one amount. In these units a fill needs products only; where a fee has more decimals than money
//! can have, the amount is one raw unit, and the fee alone is rounded.

use super::facts::Divisor;
use super::terms::{Charge, Terms};
use crate::numbers::ratio_half_even;
use crate::terms::{ChargedOn, CommissionKind};

/// One at scale 9.
const ONE9: i128 = 1_000_000_000;
/// No money of a plain run comes near the limits of the ledger, in raw units.
const MOST: i128 = 1_000_000_000_000_000_000_000_000_000_000_000_000;

/// How many zeros all prices and all sizes have at their end, in raw units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Zeros {
    pub(super) price: u32,
    pub(super) size: u32,
}

/// The units of a run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Units {
    pub(super) zeros: Zeros,
    /// How many units of price a tick of the bars is.
    pub(super) ticks: i64,
    /// From raw prices to units.
    pub(super) by_price: Divisor,
    /// Raw.
    pub(super) price: i64,
    pub(super) size: i64,
    pub(super) money: i128,
    /// How many zeros that one has.
    pub(super) money_zeros: u32,
    /// The balance at the start, in units.
    pub(super) balance: i128,
    /// No money is larger, in units.
    most: i128,
    /// What one unit of size is worth at one unit of price.
    one: i64,
    /// No product of a size and a price is larger.
    most_product: u128,
    /// Whether that is so for all of 64 bits.
    narrow: bool,
    fee: Option<Fee>,
}

/// What a fill is charged, in units.
#[derive(Debug, Clone, Copy)]
struct Fee {
    kind: FeeKind,
    /// For what is taken, and for what is made.
    taker: i64,
    maker: i64,
    minimum: Option<i128>,
    on: ChargedOn,
}

#[derive(Debug, Clone, Copy)]
enum FeeKind {
    /// For each unit of size at each unit of price.
    Product,
    /// For each unit of size.
    Size,
    /// For each fill.
    Fill,
    /// A rate of raw money, at scale 9, rounded.
    RateOfMoney,
    /// For each raw unit of size, at scale 27 over a divisor, rounded.
    RateOfSize { digits: i128, divisor: i128 },
}

/// What a fee comes to before anything is rounded: so many units of 10 to a power, raw.
#[derive(Debug, Clone, Copy)]
struct Rule {
    kind: FeeKind,
    zeros: i64,
}

fn power(zeros: i64) -> Option<i128> {
    10_i128.checked_pow(u32::try_from(zeros).ok()?)
}

impl Units {
    /// The units of a run whose prices and sizes have so many zeros; nothing when no worth is sure
    /// to be money.
    pub(super) fn of(terms: &Terms<'_>, zeros: Zeros) -> Option<Self> {
        let (digits, divisor) = terms.contract.fraction();
        let decimals = i64::from(terms.contract.decimals());
        let worth = i64::from(zeros.price).checked_add(i64::from(zeros.size))?;
        let worth = worth.checked_sub(decimals).filter(|&worth| worth >= 0)?;
        let rule = terms.charge.as_ref().map(|charge| Rule::of(charge, worth, zeros));
        let minimum = terms.charge.as_ref().and_then(|charge| charge.minimum);
        let all = [Some(worth), rule.map(|rule| rule.zeros)];
        let own = [Some(zeros_of(terms.balance)), minimum.map(zeros_of)];
        let least = all.into_iter().chain(own).flatten().min()?.min(18);
        // A fee of more decimals than money has is rounded to a raw unit.
        let (money_zeros, rounds) = (least.max(0), least < 0);
        let money = power(money_zeros)?;
        let one = digits.checked_mul(power(worth.checked_sub(money_zeros)?)?)?;
        let one = i64::try_from(one).ok()?;
        let fee = match (&terms.charge, rule) {
            (Some(charge), Some(rule)) => {
                Some(Fee::of(charge, rule, (digits, divisor), (decimals, money_zeros, rounds))?)
            }
            _ => None,
        };
        let most = MOST.checked_div(money)?;
        let by_product = |fee: &Fee| match fee.kind {
            FeeKind::Product => fee.taker.saturating_abs().max(fee.maker.saturating_abs()),
            _ => 0,
        };
        let largest = one.max(fee.as_ref().map_or(0, by_product)).max(1);
        let most_product = most.checked_div(i128::from(largest))?.unsigned_abs();
        Some(Self {
            zeros,
            ticks: 10_i64.checked_pow(terms.bars.zeros.checked_sub(zeros.price)?)?,
            by_price: Divisor::new(10_i64.checked_pow(zeros.price)?)?,
            price: 10_i64.checked_pow(zeros.price)?,
            size: 10_i64.checked_pow(zeros.size)?,
            money,
            money_zeros: u32::try_from(money_zeros).ok()?,
            balance: terms.balance.checked_div(money)?,
            most,
            one,
            most_product,
            narrow: most_product >= u128::from(i64::MIN.unsigned_abs()),
            fee,
        })
    }

    /// What a size is worth at a price; nothing when it is not surely in range.
    #[inline(always)]
    pub(super) fn worth(&self, size: i64, price: i64) -> Option<i128> {
        self.times(size, price, self.one)
    }

    /// The product of a size, a price and a factor; nothing when it is not surely in range.
    #[inline(always)]
    fn times(&self, size: i64, price: i64, factor: i64) -> Option<i128> {
        match size.checked_mul(price) {
            Some(product) if self.narrow => {
                Some(i128::from(product).wrapping_mul(i128::from(factor)))
            }
            _ => self.times_wide(size, price, factor),
        }
    }

    #[cold]
    #[inline(never)]
    fn times_wide(&self, size: i64, price: i64, factor: i64) -> Option<i128> {
        let product = i128::from(size).wrapping_mul(i128::from(price));
        let sure = product.unsigned_abs() <= self.most_product;
        sure.then(|| product.wrapping_mul(i128::from(factor)))
    }

    /// No amount of a trade of at most this size is larger, at prices that are not above this one.
    pub(super) fn most_of(&self, size: i64, price: i64) -> Option<u128> {
        let amounts = [
            self.worth(size, price)?,
            self.any_fee((size, price), false)?,
            self.any_fee((size, price), true)?,
        ];
        amounts.into_iter().map(i128::unsigned_abs).max()
    }

    /// Money that is surely in range.
    #[inline(always)]
    pub(super) fn sure(&self, money: i128) -> Option<i128> {
        (money.unsigned_abs() < self.most.unsigned_abs()).then_some(money)
    }

    /// Raw money.
    pub(super) const fn raw(&self, money: i128) -> i128 {
        money.wrapping_mul(self.money)
    }

    /// What a fill is charged.
    #[inline(always)]
    pub(super) fn fee(&self, (size, price): (i64, i64), maker: bool, opens: bool) -> Option<i128> {
        let Some(fee) = &self.fee else { return Some(0) };
        let charged = match fee.on {
            ChargedOn::Both => true,
            ChargedOn::Entry => opens,
            ChargedOn::Exit => !opens,
        };
        if charged { self.any_fee((size, price), maker) } else { Some(0) }
    }

    /// What a fill that is charged is charged.
    #[inline(always)]
    fn any_fee(&self, (size, price): (i64, i64), maker: bool) -> Option<i128> {
        let Some(fee) = &self.fee else { return Some(0) };
        let value = if maker { fee.maker } else { fee.taker };
        let found = match fee.kind {
            FeeKind::Product => self.times(size, price, value)?,
            FeeKind::Size => i128::from(size).wrapping_mul(i128::from(value)),
            FeeKind::Fill => i128::from(value),
            _ => self.rounded(fee.kind, (size, price), value)?,
        };
        self.sure(fee.minimum.map_or(found, |minimum| found.max(minimum)))
    }
}

impl Units {
    /// A fee that is rounded to a raw unit.
    #[inline(never)]
    fn rounded(&self, kind: FeeKind, (size, price): (i64, i64), value: i64) -> Option<i128> {
        let value = i128::from(value);
        match kind {
            FeeKind::RateOfMoney => {
                ratio_half_even(&[self.raw(self.worth(size, price)?), value], ONE9).ok()
            }
            FeeKind::RateOfSize { digits, divisor } => {
                let size = i128::from(size).checked_mul(i128::from(self.size))?;
                ratio_half_even(&[value, size, digits], divisor).ok()
            }
            FeeKind::Product | FeeKind::Size | FeeKind::Fill => None,
        }
    }
}

impl Rule {
    fn of(charge: &Charge, worth: i64, zeros: Zeros) -> Self {
        let own = zeros_of(charge.taker).min(zeros_of(charge.maker));
        let of = |product: i64| own.saturating_add(product).saturating_sub(9);
        let (kind, zeros) = match charge.kind {
            CommissionKind::Rate => (FeeKind::Product, of(worth)),
            CommissionKind::PerLot => (FeeKind::Size, of(i64::from(zeros.size))),
            // The zeros of the worth are those of the size and the price, less the contract's.
            CommissionKind::PerUnit => {
                (FeeKind::Size, of(worth.saturating_sub(i64::from(zeros.price))))
            }
            CommissionKind::PerTrade => (FeeKind::Fill, own),
        };
        Self { kind, zeros }
    }
}

impl Fee {
    fn of(
        charge: &Charge,
        rule: Rule,
        (digits, divisor): (i128, i128),
        (decimals, money_zeros, rounds): (i64, i64, bool),
    ) -> Option<Self> {
        let per_unit = charge.kind == CommissionKind::PerUnit;
        let (digits, divisor) =
            if charge.kind == CommissionKind::PerLot { (1, 1) } else { (digits, divisor) };
        debug_assert!(!per_unit || power(decimals) == Some(divisor), "a contract of {decimals}");
        let kind = match rule.kind {
            FeeKind::Product if rounds => FeeKind::RateOfMoney,
            FeeKind::Size if rounds => {
                FeeKind::RateOfSize { digits, divisor: divisor.checked_mul(ONE9)? }
            }
            kind => kind,
        };
        // Without the zeros that both have, and with those that the unit of money lacks.
        let own = power(zeros_of(charge.taker).min(zeros_of(charge.maker)))?;
        let scale = |value: i128| match kind {
            FeeKind::Product | FeeKind::Size => {
                let wanted = power(rule.zeros.checked_sub(money_zeros)?)?;
                value.checked_div(own)?.checked_mul(digits)?.checked_mul(wanted)
            }
            FeeKind::Fill => value.checked_div(power(money_zeros)?),
            FeeKind::RateOfMoney | FeeKind::RateOfSize { .. } => Some(value),
        };
        let minimum = match charge.minimum {
            Some(minimum) => Some(minimum.checked_div(power(money_zeros)?)?),
            None => None,
        };
        let narrow = |value: i128| i64::try_from(scale(value)?).ok();
        let (taker, maker) = (narrow(charge.taker)?, narrow(charge.maker)?);
        Some(Self { kind, taker, maker, minimum, on: charge.on })
    }
}

/// Zeros at the end of a number; those of money at most.
fn zeros_of(raw: i128) -> i64 {
    let is_multiple =
        |zeros: i64| power(zeros).is_some_and(|unit| raw.checked_rem(unit) == Some(0));
    (0..=18).rev().find(|&zeros| is_multiple(zeros)).unwrap_or(0)
}
