//! The walk of a price within a bar whose way is known (rule G4).

use super::{PlannedBar, Run};
use crate::event::{Path, Side};
use crate::ledger::Ledger;
use crate::ledger::stop::Stop;
use crate::numbers::Price;
use crate::orders::{Levels, Triggers, takes_within};

/// What comes next on the way, in the order of ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Stop,
    Take,
    StopOrder,
    LimitOrder,
}

/// Something on the way, at a level of the bid.
#[derive(Debug, Clone, Copy)]
struct Next {
    what: What,
    /// The level of the bid at which it comes.
    at: i128,
    id: u64,
    /// Whether its own level is one of the ask.
    asks: bool,
}

impl Ledger {
    /// Walks from the open over both extremes to the close.
    pub(super) fn walk(&mut self, bar: &PlannedBar, run: &mut Run) -> Result<(), Stop> {
        let [open, high, low, close] = [bar.open, bar.high, bar.low, bar.close].map(Price::raw);
        let legs = if run.path == Path::Olhc {
            [(open, low, false), (low, high, true), (high, close, false)]
        } else {
            [(open, high, true), (high, low, false), (low, close, true)]
        };
        for (from, to, rising) in legs {
            let mut stands = from;
            while let Some(next) = self.next_on_leg(bar, stands, to, rising) {
                stands = next.at;
                self.meet(bar, &next, run)?;
            }
        }
        Ok(())
    }

    /// The next thing between where the walk stands and the end of the leg.
    fn next_on_leg(&self, bar: &PlannedBar, stands: i128, end: i128, rising: bool) -> Option<Next> {
        let triggers = self.orders.triggers(bar.symbol)?;
        let spread = bar.spread.raw();
        let found = |what, levels: &Levels, asks: bool| {
            let shift = if asks { spread } else { 0 };
            let (from, to) = (stands.saturating_add(shift), end.saturating_add(shift));
            let (level, id) = if rising {
                levels.first_rising(from, to)
            } else {
                levels.first_falling(to, from)
            }?;
            Some(Next { what, at: level.saturating_sub(shift), id, asks })
        };
        let ways = candidates(triggers, rising);
        let nexts = ways.into_iter().filter_map(|(what, levels, asks)| found(what, levels, asks));
        // The first one on the way; of several at one level by what it is and then by number.
        let key = |next: &Next| {
            let way = if rising { next.at } else { next.at.saturating_neg() };
            (way, next.what, next.id)
        };
        nexts.min_by_key(key)
    }

    fn meet(&mut self, bar: &PlannedBar, next: &Next, run: &mut Run) -> Result<(), Stop> {
        let shift = if next.asks { bar.spread.raw() } else { 0 };
        let level = next.at.saturating_add(shift);
        let price = Price::from_raw(level).unwrap_or(Price::ZERO);
        match next.what {
            What::Stop => self.stop(next.id, price, run.time),
            What::StopOrder | What::LimitOrder => self.enter_at(next.id, price, run).map(|_| ()),
            What::Take => {
                let Some(position) = self.position(next.id) else { return Ok(()) };
                let protected = self.protections.get(position.protection);
                let takes = takes_within(&position, protected, (level, level));
                let Some(take) = takes.first() else { return Ok(()) };
                self.take_one(&position, take, price, run.time)
            }
        }
    }
}

/// What a rising or a falling bid may meet, and whether its levels are those of the ask.
fn candidates(triggers: &Triggers, rising: bool) -> [(What, &Levels, bool); 4] {
    let (gains, loses) = if rising { (Side::Long, Side::Short) } else { (Side::Short, Side::Long) };
    // A position is closed, and an order of the other side filled, at the same one of bid and ask.
    let asks = |side| side == Side::Short;
    [
        (What::Stop, &triggers.protecting(loses).stops, asks(loses)),
        (What::Take, &triggers.protecting(gains).takes, asks(gains)),
        (What::StopOrder, &triggers.entering(loses.other()).stops, asks(loses)),
        (What::LimitOrder, &triggers.entering(gains.other()).limits, asks(gains)),
    ]
}
