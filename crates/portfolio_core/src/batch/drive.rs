//! One run: the translation of its rows into events (rules R4, R5, R8 and R9).
//!
//! Nothing here changes an account by itself: everything is an [`Event`] for [`Ledger::apply`].

use super::Fill;
use super::actions::Placed;
use super::bars::{BarTable, Prices};
use super::orders::{Action, OrderRow};
use super::outcome::Rejected;
use super::plan::Run;
use super::tags::Tags;
use super::times::{Due, schedule, time_of};
use crate::columns::schema::{ACTIVITY, View};
use crate::columns::text::TextView;
use crate::event::{Bar, Bars, Event, Marks, Quote, ask_of};
use crate::export::cells;
use crate::ledger::Ledger;
use crate::numbers::Price;
use crate::refusal::{Code, Refusal};

/// After so many moments the caller is asked whether to go on.
const ASK_EVERY: usize = 1_024;

/// A run that was carried out.
#[derive(Debug)]
pub struct Driven {
    /// The account at the end.
    pub ledger: Ledger,
    /// What was rejected, in the order in which it happened.
    pub rejected: Vec<Rejected>,
    /// Whether a bar or a quote was refused, which ended the run.
    pub failed: bool,
}

/// Why a run was not carried out to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Halted {
    /// The caller asked to stop.
    Cancelled,
    /// The allocator refused.
    OutOfMemory {
        /// How many bytes were asked for; 0 when it is not known.
        bytes: usize,
    },
}

impl Halted {
    /// What else than memory could lack was asked before.
    pub(super) const fn out_of_memory(refusal: &Refusal) -> Self {
        match refusal {
            Refusal::OutOfMemory { bytes } => Self::OutOfMemory { bytes: *bytes },
            _ => Self::OutOfMemory { bytes: 0 },
        }
    }
}

/// Carries a run out; `go_on` is asked every 1,024 moments.
///
/// # Errors
/// [`Halted`]; there is no account then.
///
/// # Panics
/// As [`Ledger::apply`].
pub fn drive(run: &Run<'_>, go_on: &mut dyn FnMut() -> bool) -> Result<Driven, Halted> {
    let mut driver = Driver::new(run)?;
    driver.failed = !driver.register()? || !driver.moments(go_on)?;
    Ok(driver.finish())
}

/// A run under way.
pub(super) struct Driver<'r> {
    pub(super) run: &'r Run<'r>,
    pub(super) ledger: Ledger,
    /// What the ledger calls the symbols of the bars, as far as it has met them.
    pub(super) indices: Vec<Option<u32>>,
    /// The rows behind the orders, by `order_id` from 1.
    pub(super) placed: Vec<Placed>,
    /// Rows of bars whose close fills something.
    pub(super) closing: Vec<usize>,
    /// Open positions and resting orders by their tags.
    pub(super) held_tags: Tags,
    pub(super) resting_tags: Tags,
    /// With the number of events that came before.
    rejected: Vec<(u64, Rejected)>,
    failed: bool,
}

impl<'r> Driver<'r> {
    fn new(run: &'r Run<'r>) -> Result<Self, Halted> {
        let made = Ledger::new(run.configuration.clone());
        // What an account cannot be was refused when the batch was made.
        let ledger = made.map_err(|refusal| Halted::out_of_memory(&refusal))?;
        Ok(Self {
            run,
            ledger,
            indices: vec![None; run.bars.symbols.len()],
            placed: Vec::new(),
            closing: Vec::new(),
            held_tags: Tags::default(),
            resting_tags: Tags::default(),
            rejected: Vec::new(),
            failed: false,
        })
    }

    /// Rule R4; answers whether everything was accepted.
    fn register(&mut self) -> Result<bool, Halted> {
        for instrument in self.run.instruments.iter() {
            let event = Event::RegisterInstrument(instrument.clone());
            let time = self.run.bars.moments.first().copied().unwrap_or(0);
            if !self.step(&event, time)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// All moments with their rows; answers whether every bar and quote was accepted.
    fn moments(&mut self, go_on: &mut dyn FnMut() -> bool) -> Result<bool, Halted> {
        let bars: &'r BarTable = self.run.bars;
        let due = schedule(bars, self.run.fill, self.run.rows());
        let mut next = due.iter().peekable();
        let mut buffer = Vec::new();
        while let Some(due) = next.next_if(|due| due.moments == 0) {
            self.carry_out(*due)?;
        }
        for (moment, &time) in bars.moments.iter().enumerate() {
            if moment.is_multiple_of(ASK_EVERY) && !go_on() {
                return Err(Halted::Cancelled);
            }
            buffer.clear();
            buffer.extend(bars.rows(moment).map(|row| bars.bar(row)));
            if !self.step(&Event::Bar(Bars { time, path: None, bars: &buffer }), time)? {
                return Ok(false);
            }
            let passed = moment.saturating_add(1);
            if next.peek().is_none_or(|due| due.moments > passed) {
                continue;
            }
            while let Some(due) = next.next_if(|due| due.moments == passed && !due.late) {
                self.carry_out(*due)?;
            }
            if !self.quote_closes(time)? {
                return Ok(false);
            }
            while let Some(due) = next.next_if(|due| due.moments == passed) {
                self.carry_out(*due)?;
            }
        }
        Ok(true)
    }

    /// The closes that fill what the rows of a moment have placed.
    fn quote_closes(&mut self, time: i64) -> Result<bool, Halted> {
        if self.closing.is_empty() {
            return Ok(true);
        }
        let mut rows = std::mem::take(&mut self.closing);
        rows.sort_unstable();
        rows.dedup();
        let bars: &'r BarTable = self.run.bars;
        let quote = |&row: &usize| {
            let bar = bars.bar(row);
            Quote { symbol: bar.symbol, bid: bar.close, ask: ask_of(bar.close, bar.spread) }
        };
        let quotes: Vec<Quote<'_>> = rows.iter().map(quote).collect();
        self.step(&Event::Quotes(Marks { time: Some(time), quotes: &quotes }), time)
    }

    /// An event of the run itself; one that is refused ends it.
    fn step(&mut self, event: &Event<'_>, time: i64) -> Result<bool, Halted> {
        match self.ledger.apply(event) {
            Ok(_) => Ok(true),
            Err(Refusal::OutOfMemory { bytes }) => Err(Halted::OutOfMemory { bytes }),
            Err(refusal) => {
                self.reject(Rejected::of_run(time, &refusal));
                Ok(false)
            }
        }
    }

    fn carry_out(&mut self, due: Due) -> Result<(), Halted> {
        let run = self.run;
        let row = run.row(due.place);
        let Some(bar) = due.bar else {
            self.reject(unfillable(&row));
            return Ok(());
        };
        let time = match run.fill {
            Fill::NextOpen => row.time,
            Fill::Close => time_of(run.bars, bar),
        };
        match self.act(&row, bar, time).map_err(|refused| *refused) {
            Ok(()) => {}
            Err(Refusal::OutOfMemory { bytes }) => return Err(Halted::OutOfMemory { bytes }),
            Err(refusal) => self.reject(Rejected {
                row: Some(row.row),
                symbol: Some(row.symbol),
                action: row.action.word(),
                ..Rejected::of_run(time, &refusal)
            }),
        }
        Ok(())
    }

    fn reject(&mut self, rejected: Rejected) {
        self.rejected.push((self.ledger.account().events, rejected));
    }

    fn finish(mut self) -> Driven {
        let wanting = self.for_margin();
        if !wanting.is_empty() {
            // What was rejected after the events in front of it comes before the next event.
            self.rejected.extend(wanting);
            self.rejected.sort_by_key(|(event, rejected)| (*event, !rejected.for_margin));
        }
        let rejected = self.rejected.into_iter().map(|(_, rejected)| rejected).collect();
        Driven { ledger: self.ledger, rejected, failed: self.failed }
    }

    /// The orders that are gone for want of margin (rule Q5), with the numbers of the events.
    fn for_margin(&self) -> Vec<(u64, Rejected)> {
        let snapshot = self.ledger.tables.activity.snapshot();
        let kinds = cells::<u128>(&snapshot, &ACTIVITY, "kind", View::Exact);
        if !kinds.contains(&TextView::REFUSED.bits()) {
            return Vec::new();
        }
        let times = cells::<i64>(&snapshot, &ACTIVITY, "time", View::Exact);
        let events = cells::<u64>(&snapshot, &ACTIVITY, "event", View::Exact);
        let orders = cells::<u64>(&snapshot, &ACTIVITY, "order_id", View::Exact);
        let sizes = cells::<i128>(&snapshot, &ACTIVITY, "size", View::Exact);
        let rows = kinds.iter().zip(&times).zip(&events).zip(&orders).zip(&sizes);
        let refused = rows.filter(|((((kind, ..), ..), ..), _)| **kind == TextView::REFUSED.bits());
        refused
            .filter_map(|((((_, &time), &event), &order_id), &size)| {
                let place = usize::try_from(order_id.checked_sub(1)?).ok()?;
                Some((event, self.placed.get(place)?.wanting(time, size)))
            })
            .collect()
    }
}

impl Placed {
    /// Rule R9 for an order of a size that is gone for want of margin.
    pub(super) fn wanting(&self, time: i64, size: i128) -> Rejected {
        Rejected {
            row: Some(self.row),
            time,
            symbol: Some(self.symbol),
            action: self.action.word(),
            code: Code::InsufficientMargin,
            argument: "size",
            value: crate::numbers::format_fixed(size, 9, 0),
            rule: "the account had not the margin for it when it was to be filled".into(),
            remedy: "use a smaller size or more leverage",
            for_margin: true,
        }
    }
}

impl Action {
    /// The word of a frame.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Close => "close",
            Self::Modify => "modify",
            Self::Cancel => "cancel",
            Self::Target => "target",
        }
    }
}

impl BarTable {
    /// The bar of a row.
    #[must_use]
    pub fn bar(&self, row: usize) -> Bar<'_> {
        let symbol = self.symbol.get(row).and_then(|&symbol| usize::try_from(symbol).ok());
        let name = symbol.and_then(|symbol| self.symbols.get(symbol));
        Bar {
            symbol: name.map_or("", String::as_str),
            open: price(&self.open, row),
            high: price(&self.high, row),
            low: price(&self.low, row),
            close: price(&self.close, row),
            spread: price(&self.spread, row),
        }
    }
}

fn price(prices: &Prices, row: usize) -> Price {
    prices.get(row).unwrap_or_default()
}

/// Rule R5 for a row that no bar can fill.
#[cold]
pub(super) fn unfillable(row: &OrderRow<'_>) -> Rejected {
    Rejected {
        row: Some(row.row),
        time: row.time,
        symbol: Some(row.symbol),
        action: row.action.word(),
        code: Code::InvalidTime,
        argument: "time",
        value: row.time.to_string(),
        rule: "is before the first bar of its symbol, or behind the last that could fill it".into(),
        remedy: "pass bars from before the row to behind it",
        for_margin: false,
    }
}
