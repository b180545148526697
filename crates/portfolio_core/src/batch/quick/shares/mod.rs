//! The road of runs that bring the symbols of a netting account to targets, as a portfolio that is
//! rebalanced does: never another result than the ledger's.
//!
//! All that can happen in such a run is market orders. A row asks for a size, an amount or a share
//! of the equity; the difference to what is held is filled at the next open, or at the close.
//! Between two fills the equity is a sum of products of what is held and the closes, so a bar costs
//! one multiplication, and only rows cost more. An order without margin is rejected as by the
//! ledger. Whatever else a run may have (levels, other actions, an equity that is not above 0, a
//! margin call, instruments with more than digits, contract and a commission without tiers, numbers
//! that are not surely in range) has no answer here.
//!
//! Reading order: `terms` asks whether a run is such a one, with `grid` and `short`, what many runs
//! ask of the same bars; `walk` goes from moment to moment, with `queue` (rows that wait), `size`,
//! `account` (fills), `fees`, `marks` (what is held is worth, and has seen) and `trades`; `answer`
//! and `figures` make the tables.

mod account;
mod answer;
mod fees;
mod figures;
mod grid;
mod marks;
mod prepared;
mod queue;
mod short;
mod size;
mod terms;
mod trades;
mod walk;

pub(super) use grid::Facts;
pub(super) use walk::Room;

use crate::batch::outcome::{Keep, Outcome, Recorded};
use crate::batch::plan::Run;
use crate::metrics::Scratch;

/// What is kept of a run, if it is one of targets alone.
pub(super) fn run(
    run: &Run<'_>,
    keep: &Keep,
    recorded: &Recorded,
    (room, scratch): (&mut Room, &mut Scratch),
) -> Option<Outcome> {
    let terms = terms::Terms::of(run, keep.trades || keep.metrics)?;
    let events = walk::carry_out(run, &terms, keep, room)?;
    answer::outcome(run, keep, recorded, events, (room, scratch))
}

/// A product that is in range whatever the factors.
#[inline(always)]
fn wide(one: i64, other: i64) -> i128 {
    i128::from(one).wrapping_mul(i128::from(other))
}

/// Quotient and remainder. A division of 128 bits is slow, and not always needed.
#[inline(always)]
fn divided(over: u128, under: u64) -> Option<(u128, u64)> {
    if let Ok(over) = u64::try_from(over) {
        let quotient = over.checked_div(under)?;
        return Some((quotient.into(), over.wrapping_sub(quotient.wrapping_mul(under))));
    }
    let quotient = over.checked_div(under.into())?;
    let rest = over.wrapping_sub(quotient.wrapping_mul(under.into()));
    Some((quotient, u64::try_from(rest).ok()?))
}

/// A part of an amount, rounded half-even: of so many of a whole, which are not negative.
#[inline(always)]
fn share(amount: i128, part: i64, whole: i64) -> Option<i128> {
    if part == whole || amount == 0 {
        return Some(amount);
    }
    let (part, whole) = (part.unsigned_abs(), whole.unsigned_abs());
    // What the whole has each, and what is left of it, one after the other.
    let (each, left) = divided(amount.unsigned_abs(), whole)?;
    let (more, rest) = divided(u128::from(left).wrapping_mul(u128::from(part)), whole)?;
    let down = each.wrapping_mul(u128::from(part)).wrapping_add(more);
    let missing = whole.wrapping_sub(rest);
    let up = rest > missing || (rest == missing && down & 1 == 1);
    let found = i128::try_from(down.wrapping_add(u128::from(up))).ok()?;
    Some(if amount < 0 { found.wrapping_neg() } else { found })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert_eq, proptest};

    use super::share;
    use crate::numbers::mul_div_half_even;

    proptest! {
        #[test]
        fn shares_are_rounded_as_the_ledger_does(
            amount in -(1_i128 << 119)..1_i128 << 119, whole in 1..i64::MAX, part: u64
        ) {
            let part = i64::try_from(part % whole.unsigned_abs()).unwrap();
            let wanted = mul_div_half_even(amount, part.into(), whole.into()).ok();
            prop_assert_eq!(share(amount, part, whole), wanted);
            let few = (amount % 100, part % 10, whole % 10 + 10);
            let wanted = mul_div_half_even(few.0, few.1.into(), few.2.into()).ok();
            prop_assert_eq!(share(few.0, few.1, few.2), wanted);
        }
    }
}
