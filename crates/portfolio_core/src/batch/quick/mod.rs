//! A shorter road for plain runs: never another result than the ledger's.
//!
//! A run is plain when nothing can happen in it but market orders, whole closes, stops and take
//! profits of one symbol that is paid for in the account's currency. Between two fills its equity
//! is a straight line over the close, so only fills cost work, and the curve is one pass. Whatever
//! is not plain, or not surely in range, has no answer here, and goes the general road
//! ([`super::drive`]); this one only has to be right where it answers.
//!
//! Reading order: `terms` asks whether a run is plain, `units` what its numbers are counted in,
//! `rows` reads what it asks for; `events` goes from fill to fill, and `marks` is what one price
//! does; `curve` makes the columns of the equity, `money` those of the trades for the metrics,
//! `answer` the tables. `facts` is what many runs ask of the same bars, and `prepared` hands it on.
//! `shares` is the road of runs that bring many symbols to targets.

mod answer;
mod curve;
mod events;
mod facts;
mod marks;
mod money;
mod prepared;
mod rows;
mod shares;
mod terms;
mod trades;
mod units;

pub use facts::Facts;

use super::outcome::{EquityColumns, Keep, Outcome, Record, Recorded};
use super::plan::Run;
use crate::history::Resample;
use crate::metrics::Scratch;
use answer::Done;
use rows::{Odd, Rows};
use units::{Units, Zeros};

/// Memory that runs need, kept between them.
#[derive(Debug, Default)]
pub struct Rooms {
    one: Room,
    shares: shares::Room,
}

/// That of runs of one symbol.
#[derive(Debug, Default)]
struct Room {
    events: events::Room,
    curve: curve::Room,
    money: money::Columns,
    scratch: Scratch,
}

/// What is kept of a run, if it is a plain one.
#[must_use]
pub fn run(run: &Run<'_>, keep: &Keep, recorded: &Recorded, rooms: &mut Rooms) -> Option<Outcome> {
    let wide = keep.equity_columns == EquityColumns::All && keep.record != Record::None;
    let thin = keep.metrics && run.metrics.resample != Resample::None;
    if keep.digest || wide || thin {
        return None;
    }
    let Rooms { one, shares } = rooms;
    one_symbol(run, keep, recorded, one)
        .or_else(|| shares::run(run, keep, recorded, (shares, &mut one.scratch)))
}

/// Fills and closes of one symbol.
fn one_symbol(run: &Run<'_>, keep: &Keep, recorded: &Recorded, room: &mut Room) -> Option<Outcome> {
    let terms = terms::Terms::of(run)?;
    let mut zeros = Zeros { price: terms.bars.zeros, size: 9 };
    // A row that has more digits says so; the units cannot be finer than raw ones.
    loop {
        let units = Units::of(&terms, zeros)?;
        let carried = Rows::of(run, &terms, units).and_then(|rows| {
            let parts = (&terms, &units, &rows);
            let tells = keep.trades || keep.metrics;
            events::carry_out(parts, &run.bars.moments, tells, &mut room.events)
        });
        match carried {
            Ok(end) => {
                let done = Done { run, terms: &terms, units: &units, end };
                return done.outcome(keep, recorded, room);
            }
            Err(Odd::Finer(finer)) => zeros = finer,
            Err(Odd::NotPlain) => return None,
        }
    }
}
