//! What a portfolio was at an earlier moment (SPEC J12): its events, applied again up to there.
//!
//! A second question does not begin at the first event again. On the way forks are left behind at
//! even distances, without the rows of their tables, which nobody asks for; there are at most
//! [`KEPT_MAX`] of them, fewer when each has many positions, and the distance doubles as the
//! history grows. A question goes on from the last one before its moment, or from where the last
//! question ended.

use arrow_schema::ArrowError;

use super::decode::RecordedEvents;
use super::record::op;
use super::{Ledger, Violation};
use crate::codec::Decoder;
use crate::columns::schema::{MOMENTS, View};
use crate::export::TableSnapshot;
use crate::numbers::Money;
use crate::rows_table::{Cells, RowsTable};

/// A moment of the past.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// After so many events.
    Seq(u64),
    /// After the last event at this time or before. An event without a time belongs to the moment
    /// of the one before it.
    Time(i64),
}

/// So many forks are kept at most.
const KEPT_MAX: usize = 64;
/// So many rows of positions and orders are kept at most in all forks together, as long as there
/// are more than a few.
const ROWS_MAX: usize = 1 << 17;
const FEW: usize = 4;
/// Events between the first forks.
const FIRST_STEP: u64 = 1 << 12;

/// What earlier questions have left behind.
#[derive(Debug)]
pub(super) struct Past {
    /// In the order of events.
    kept: Vec<Walker>,
    step: u64,
    /// Where the last question ended.
    last: Option<Walker>,
}

/// A portfolio on its way through the events of another one.
#[derive(Debug)]
struct Walker {
    ledger: Ledger,
    known: RecordedEvents,
    /// Bytes of events that it has seen.
    offset: usize,
}

impl Moment {
    /// Whether a portfolio with so many events, the last of them at a time, is not beyond it.
    fn is_from(self, ledger: &Ledger) -> bool {
        let account = ledger.account();
        match self {
            Self::Seq(seq) => account.events <= seq,
            Self::Time(time) => !account.has_time || account.last_time <= time,
        }
    }

    /// Whether the next event is still before it.
    fn takes(self, ledger: &Ledger, next: Decoder<'_>) -> bool {
        match self {
            Self::Seq(seq) => ledger.account.events < seq,
            Self::Time(time) => {
                let mut next = next;
                let Ok(op) = next.byte() else { return true };
                let moved = next.signed().unwrap_or(0);
                op == op::REGISTER
                    || i128::from(ledger.account.last_time).saturating_add(moved)
                        <= i128::from(time)
            }
        }
    }
}

impl Ledger {
    /// Looks at what the portfolio was at a moment; nothing when it has not had so many events.
    /// What is looked at has no tables, only the account and what is open.
    ///
    /// # Errors
    /// When the events cannot be applied again, which is a bug of this crate.
    ///
    /// # Examples
    /// ```
    /// use portfolio_core::event::{Cash, Event};
    /// use portfolio_core::ledger::{Configuration, Ledger, Moment};
    /// use portfolio_core::numbers::Money;
    ///
    /// let mut ledger = Ledger::new(Configuration::new(Money::parse("1000").unwrap())).unwrap();
    /// for time in [10, 20, 30] {
    ///     let amount = Money::parse("1").unwrap();
    ///     ledger.apply(&Event::Deposit(Cash { amount, time, currency: None })).unwrap();
    /// }
    /// let mut balance = |moment| {
    ///     ledger.at(moment, |past| past.account().balance.to_string()).unwrap()
    /// };
    /// assert_eq!(balance(Moment::Seq(2)).as_deref(), Some("1002"));
    /// assert_eq!(balance(Moment::Time(19)).as_deref(), Some("1001"));
    /// assert_eq!(balance(Moment::Time(9)).as_deref(), Some("1000"));
    /// assert_eq!(balance(Moment::Seq(4)), None);
    /// ```
    pub fn at<R>(
        &mut self,
        moment: Moment,
        look: impl FnOnce(&mut Self) -> R,
    ) -> Result<Option<R>, Violation> {
        match moment {
            Moment::Seq(seq) if seq > self.account.events => return Ok(None),
            Moment::Seq(seq) if seq == self.account.events => return Ok(Some(look(self))),
            Moment::Time(_) if moment.is_from(self) => return Ok(Some(look(self))),
            _ => {}
        }
        let mut past = self.past.take().unwrap_or_default();
        let found = past.walk(self, moment).map(look);
        self.past = Some(past);
        found.map(Some)
    }

    /// The account at many times, one row for each, in their order.
    ///
    /// # Errors
    /// As [`Ledger::at`], and what the export says.
    pub fn moments(
        &mut self,
        times: &[i64],
        view: View,
    ) -> Result<Result<TableSnapshot, ArrowError>, Violation> {
        let mut order: Vec<usize> = (0..times.len()).collect();
        order.sort_by_key(|&place| times.get(place));
        let mut rows = vec![Row::default(); times.len()];
        for place in order {
            let (Some(&time), Some(row)) = (times.get(place), rows.get_mut(place)) else {
                continue;
            };
            if let Some(found) = self.at(Moment::Time(time), |past| Row::of(past))? {
                *row = found;
            }
        }
        let mut table = RowsTable::new(&MOMENTS);
        for (&time, row) in times.iter().zip(&rows) {
            let mut cells = Cells::new(&mut table);
            cells.time(time).count(row.seq);
            for raw in row.figures {
                cells.number(raw);
            }
            cells.count(row.positions);
        }
        Ok(table.finish(view))
    }
}

/// The figures of a moment.
#[derive(Debug, Clone, Copy, Default)]
struct Row {
    seq: u64,
    figures: [i128; 6],
    positions: u64,
}

impl Row {
    fn of(ledger: &Ledger) -> Self {
        let account = ledger.account();
        let totals = account.totals();
        let figures = [
            account.equity,
            account.balance,
            account.unrealized,
            account.margin_used,
            totals.gross_exposure(),
            totals.net_exposure(),
        ];
        Self {
            seq: account.events,
            figures: figures.map(Money::raw),
            positions: u64::try_from(ledger.positions.rows().len()).unwrap_or(u64::MAX),
        }
    }
}

impl Default for Past {
    fn default() -> Self {
        Self { kept: Vec::new(), step: FIRST_STEP, last: None }
    }
}

impl Past {
    /// The portfolio at a moment that is before its last event.
    fn walk(&mut self, origin: &Ledger, moment: Moment) -> Result<&mut Ledger, Violation> {
        let mut walker = self.nearest(origin, moment)?;
        loop {
            let next = walker.ledger.account.events.checked_div(self.step).unwrap_or(0);
            let next = next.saturating_add(1).saturating_mul(self.step);
            walker.advance(origin, moment, next)?;
            if walker.ledger.account.events < next {
                break;
            }
            walker.forget();
            self.keep(&mut walker)?;
        }
        Ok(&mut self.last.insert(walker).ledger)
    }

    /// The last one that is not beyond the moment, to go on from.
    fn nearest(&mut self, origin: &Ledger, moment: Moment) -> Result<Walker, Violation> {
        let count = self.kept.partition_point(|walker| moment.is_from(&walker.ledger));
        let kept = count.checked_sub(1).and_then(|place| self.kept.get_mut(place));
        let last = self.last.take_if(|last| moment.is_from(&last.ledger));
        match (kept, last) {
            (None, Some(last)) => Ok(last),
            (Some(kept), Some(last)) if last.offset >= kept.offset => Ok(last),
            (Some(kept), _) => kept.fork(),
            (None, None) => Walker::start(origin),
        }
    }

    /// Leaves a fork behind.
    fn keep(&mut self, walker: &mut Walker) -> Result<(), Violation> {
        if self.kept.last().is_none_or(|last| last.offset < walker.offset) {
            self.kept.push(walker.fork()?);
        }
        let rows = |walker: &Walker| {
            walker.ledger.positions.rows().len().saturating_add(walker.ledger.orders.len())
        };
        let all = self.kept.iter().map(rows).fold(0_usize, usize::saturating_add);
        if self.kept.len() > KEPT_MAX || (all > ROWS_MAX && self.kept.len() > FEW) {
            self.step = self.step.saturating_mul(2);
            let step = self.step;
            self.kept.retain(|walker| {
                walker.ledger.account.events.checked_rem(step).is_none_or(|rest| rest == 0)
            });
        }
        Ok(())
    }
}

impl Walker {
    fn start(origin: &Ledger) -> Result<Self, Violation> {
        let configuration = super::Configuration { capacity: None, ..origin.configuration.clone() };
        let ledger = Ledger::new(configuration).map_err(|refusal| broken(refusal.to_string()))?;
        Ok(Self { ledger, known: RecordedEvents::default(), offset: 0 })
    }

    fn fork(&mut self) -> Result<Self, Violation> {
        let ledger = self.ledger.fork().map_err(|refusal| broken(refusal.to_string()))?;
        let known = RecordedEvents::of(&ledger.books);
        Ok(Self { ledger, known, offset: self.offset })
    }

    /// Applies events up to a moment, or until there are so many.
    fn advance(&mut self, origin: &Ledger, moment: Moment, most: u64) -> Result<(), Violation> {
        let mut seen = self.offset;
        for chunk in origin.events.chunks() {
            let Some(rest) = chunk.get(seen..).filter(|rest| !rest.is_empty()) else {
                seen = seen.saturating_sub(chunk.len());
                continue;
            };
            seen = 0;
            let mut decoder = Decoder(rest);
            while !decoder.is_empty() {
                let number = self.ledger.account.events;
                if number >= most || !moment.takes(&self.ledger, decoder) {
                    return Ok(());
                }
                let before = decoder.0.len();
                self.ledger
                    .apply_recorded(&mut self.known, &mut decoder)
                    .map_err(|reason| broken(format!("event {number} + 1: {reason}")))?;
                let read = before.saturating_sub(decoder.0.len());
                self.offset = self.offset.saturating_add(read);
            }
        }
        Ok(())
    }

    /// Gives back what is never looked at.
    fn forget(&mut self) {
        self.ledger.tables.forget();
        self.ledger.events.forget();
    }
}

fn broken(details: String) -> Violation {
    Violation { name: "events_replay", details }
}
