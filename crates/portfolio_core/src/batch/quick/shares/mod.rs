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
//! Reading order: `terms` asks whether a run is such a one, with `grid`, what many runs ask of the
//! same bars; `walk` goes from moment to moment, with `queue` (rows that wait), `size`, `account`
//! (fills), `fees`, `marks` (what is held is worth, and has seen) and `trades`; `answer` and
//! `figures` make the tables.

mod account;
mod answer;
mod fees;
mod figures;
mod grid;
mod marks;
mod queue;
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
    let terms = terms::Terms::of(run)?;
    let events = walk::carry_out(run, &terms, keep, room)?;
    answer::outcome(run, keep, recorded, events, (room, scratch))
}
