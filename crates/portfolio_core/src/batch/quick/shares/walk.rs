//! From moment to moment of a run of targets (rules R5, R8 and G2).
//!
//! What a row asks for is only worked out where it is filled: until then nothing happens to its
//! symbol, and the equity it is sized by is noted with it.

use super::account::{Account, Fill};
use super::grid::{Spread, place};
use super::marks::{Bids, Marks, Worth};
use super::queue::{NONE, Queue, Waiting};
use super::size::Sizes;
use super::terms::Terms;
use crate::batch::Fill as When;
use crate::batch::actions::Placed;
use crate::batch::drive::unfillable;
use crate::batch::outcome::{Keep, Rejected};
use crate::batch::plan::Run;
use crate::numbers::fixed18_to_f64;

/// Memory that runs need.
#[derive(Debug, Default)]
pub(in crate::batch::quick) struct Room {
    pub(super) account: Account,
    queue: Queue,
    marks: Marks,
    pub(super) rejected: Vec<Rejected>,
    /// By moment.
    pub(super) equity: Vec<i128>,
    pub(super) gross: Vec<f64>,
    pub(super) net: Vec<f64>,
}

/// A run under way.
struct Walk<'w, 'r> {
    run: &'w Run<'r>,
    terms: &'w Terms<'r>,
    room: &'w mut Room,
    sizes: Sizes,
    /// The next row, and its time.
    next: usize,
    next_time: Option<i64>,
    events: u64,
    exposures: bool,
    closes: bool,
    /// At the last closes.
    worth: Worth,
}

/// Carries a run out, and answers how many events it was; nothing when anything happens that is not
/// plain.
pub(super) fn carry_out(
    run: &Run<'_>,
    terms: &Terms<'_>,
    keep: &Keep,
    room: &mut Room,
) -> Option<u64> {
    let bars = run.bars;
    let (symbols, moments) = (bars.symbols.len(), bars.moments.len());
    let apart = match terms.grid.spread() {
        Spread::Same(apart) => apart,
        Spread::Each => 0,
    };
    let units = terms.extremes.map(|(lows, highs)| (lows.unit, highs.unit));
    room.account.begin(terms.balance, symbols, (terms.keeps_trades, apart, units));
    room.account.trades.reserve(if terms.keeps_trades { run.len() / 2 } else { 0 })?;
    room.queue.begin(symbols);
    room.rejected.clear();
    room.equity.clear();
    room.equity.try_reserve_exact(moments).ok()?;
    for column in [&mut room.gross, &mut room.net] {
        column.clear();
    }
    let (sizes, next, events) = (Sizes::default(), 0, terms.symbols.registered);
    let (exposures, closes) = (keep.metrics, run.fill == When::Close);
    let (next_time, worth) = (terms.targets.time(0), Worth::default());
    let mut walk =
        Walk { run, terms, room, sizes, next, next_time, events, exposures, closes, worth };
    for moment in 0..moments {
        walk.moment(moment)?;
    }
    walk.rows_before(moments, None)?;
    let bars = u64::try_from(moments).ok()?;
    let events = walk.events.checked_add(bars)?;
    room.account.in_range().then_some(events)
}

impl Walk<'_, '_> {
    fn moment(&mut self, moment: usize) -> Option<()> {
        let time = *self.run.bars.moments.get(moment)?;
        self.rows_before(moment, Some(time))?;
        if self.closes {
            self.end_bar(moment)?;
            let late = self.rows_at(moment, time)?;
            if self.room.queue.left > 0 && self.fill_all(moment)? {
                self.events = self.events.checked_add(1)?;
                self.value(moment)?;
            }
            for place in late {
                self.reject(place);
            }
        } else {
            if self.room.queue.left > 0 {
                self.fill_at_open(moment)?;
            }
            self.end_bar(moment)?;
        }
        self.note()
    }

    /// The rows before a moment of a time, or all that are left.
    fn rows_before(&mut self, moment: usize, time: Option<i64>) -> Option<()> {
        let before = |next: Option<i64>| next.is_some_and(|next| time.is_none_or(|t| next < t));
        if !before(self.next_time) {
            return Some(());
        }
        let (terms, Room { account, queue, .. }) = (self.terms, &mut *self.room);
        let (symbols, targets) = (terms.grid.symbols(), &terms.targets);
        queue.at(account.equity);
        let mut late = Vec::new();
        while before(self.next_time) {
            let wanted = targets.get(self.next)?;
            let symbol = symbols.get(place(wanted.symbol))?;
            if symbol.first >= moment || symbol.last < moment {
                late.push(self.next);
            } else {
                queue.push(&wanted, self.next)?;
            }
            self.next = self.next.wrapping_add(1);
            self.next_time = targets.time(self.next);
        }
        for place in late {
            self.reject(place);
        }
        Some(())
    }

    /// When closes fill: the rows at the time of a moment; answers those that nothing can fill.
    fn rows_at(&mut self, moment: usize, time: i64) -> Option<Vec<usize>> {
        let mut late = Vec::new();
        if self.next_time != Some(time) {
            return Some(late);
        }
        let (terms, Room { account, queue, .. }) = (self.terms, &mut *self.room);
        queue.at(account.equity);
        while self.next_time == Some(time) {
            let wanted = terms.targets.get(self.next)?;
            let symbol = terms.grid.symbols().get(place(wanted.symbol))?;
            if symbol.first > moment || symbol.last < moment {
                late.push(self.next);
            } else {
                queue.push(&wanted, self.next)?;
            }
            self.next = self.next.wrapping_add(1);
            self.next_time = terms.targets.time(self.next);
        }
        Some(late)
    }

    #[cold]
    fn reject(&mut self, place: usize) {
        self.room.rejected.push(unfillable(&self.run.row(place)));
    }

    /// Marks at the opens, and the orders that wait for them.
    fn fill_at_open(&mut self, moment: usize) -> Option<()> {
        let Room { account, marks, .. } = self.room;
        let worth = marks.at_open(self.terms, self.run.bars, (account, moment))?;
        account.equity = account.flat.checked_add(worth.longs)?.checked_sub(worth.shorts)?;
        self.fill_all(moment).map(|_| ())
    }

    /// Fills what waits for the symbols of a moment; answers whether an order was placed.
    fn fill_all(&mut self, moment: usize) -> Option<bool> {
        let (bars, raw) = (self.run.bars, &self.terms.raw);
        let (prices, before) = (if self.closes { raw.close } else { raw.open }, self.events);
        let Account { equity, seen, .. } = &self.room.account;
        let (apart, at_close) = (seen.apart, self.closes.then_some(*equity));
        for row in bars.rows(moment) {
            let symbol = place(*bars.symbol.get(row)?);
            let first = self.room.queue.take(symbol)?;
            if first == NONE {
                continue;
            }
            let bid = *prices.get(row)?;
            let spread = match self.terms.grid.spread() {
                Spread::Same(_) => apart,
                Spread::Each => *raw.spread.get(row)?,
            };
            let ask = bid.checked_add(spread)?;
            self.fill_symbol((symbol, first), (bid, ask, moment), at_close)?;
        }
        Some(self.events > before)
    }

    /// Fills the rows of a symbol, all placed before the first of them is filled; `at_close` is the
    /// equity at which closes place them.
    #[inline]
    fn fill_symbol(
        &mut self,
        (symbol, first): (usize, u32),
        (bid, ask, at): (i64, i64, usize),
        at_close: Option<i128>,
    ) -> Option<()> {
        let terms = self.terms.symbols.get(symbol)?;
        let held = self.room.account.held.get(symbol)?.size;
        let mut next = first;
        while next != NONE {
            let row = self.room.queue.row(next)?;
            next = row.next;
            let equity = match at_close {
                Some(equity) => equity,
                None => self.room.queue.equity(&row)?,
            };
            let size = self.sizes.of((row.size, row.rule), terms, (equity, bid))?;
            let missing = size.checked_sub(held)?;
            if missing == 0 {
                continue;
            }
            self.events = self.events.checked_add(1)?;
            let (buys, size) = (missing > 0, missing.checked_abs()?);
            let fill = Fill { buys, size, bid, ask, at, place: place(row.place) };
            if !self.room.account.fill(symbol, terms, &fill)? {
                self.reject_for_margin(&row, size, at)?;
            }
        }
        Some(())
    }

    #[cold]
    fn reject_for_margin(&mut self, row: &Waiting, size: i64, at: usize) -> Option<()> {
        let order = self.run.row(place(row.place));
        let placed = Placed { row: order.row, symbol: order.symbol, action: order.action };
        let time = *self.run.bars.moments.get(at)?;
        self.room.rejected.push(placed.wanting(time, i128::from(size)));
        Some(())
    }

    /// Marks at the closes, and what is held has seen the extremes.
    fn end_bar(&mut self, moment: usize) -> Option<()> {
        let terms = self.terms;
        let account = &mut self.room.account;
        if account.keeps_trades && !account.open.is_empty() {
            account.seen.see(terms, self.run.bars, (&account.shorts, moment))?;
        }
        self.value(moment)?;
        let Account { flat, .. } = self.room.account;
        self.room.account.equity =
            flat.checked_add(self.worth.longs)?.checked_sub(self.worth.shorts)?;
        self.room.account.in_range().then_some(())
    }

    /// What is held is worth at the closes of a moment.
    fn value(&mut self, moment: usize) -> Option<()> {
        let (grid, raw) = (self.terms.grid, &self.terms.raw);
        let (closes, spreads) = (Bids::at_close(self.terms, moment)?, grid.spreads(raw, moment)?);
        self.worth = self.room.account.worth(self.terms, closes, spreads);
        Some(())
    }

    /// The last row of the equity history of a moment.
    fn note(&mut self) -> Option<()> {
        let Worth { longs, shorts } = self.worth;
        let Account { flat, equity, .. } = self.room.account;
        debug_assert_eq!(flat.checked_add(longs)?.checked_sub(shorts)?, equity, "one equity");
        self.room.equity.push(equity);
        if self.exposures {
            self.room.gross.push(fixed18_to_f64(longs.checked_add(shorts)?));
            self.room.net.push(fixed18_to_f64(longs.checked_sub(shorts)?));
        }
        Some(())
    }
}
