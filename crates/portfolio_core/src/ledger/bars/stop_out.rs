//! Stop-out and margin call (rules M9, M10 and G6).

use super::PlannedBar;
use super::fills::Exit;
use crate::book::Book;
use crate::columns::rows::ActivityRow;
use crate::columns::text::TextView;
use crate::ledger::Ledger;
use crate::ledger::stop::Stop;
use crate::numbers::{Money, Price};
use crate::positions::Position;

impl Ledger {
    /// Closes positions of a bar one by one, each at the first price at which the account was below
    /// the level.
    pub(super) fn stop_out_within(&mut self, bar: &PlannedBar, time: i64) -> Result<(), Stop> {
        let Some(level) = self.configuration.stop_out else { return Ok(()) };
        let mut from = bar.open;
        while let Some(worst) = self.adverse(bar)
            && self.is_below_at(bar, worst, level)?
        {
            let trigger = if self.is_below_at(bar, from, level)? {
                from
            } else {
                self.first_below(bar, (from, worst), level)?
            };
            self.set_mark(bar, trigger)?;
            self.close_worst(time)?;
            from = trigger;
        }
        self.set_mark(bar, bar.close)
    }

    /// The extreme of a bar that is against the account.
    pub(super) fn adverse(&self, bar: &PlannedBar) -> Option<Price> {
        let book = self.book_at(bar.symbol)?;
        match book.long.size.cmp(&book.short.size) {
            std::cmp::Ordering::Greater => Some(bar.low),
            std::cmp::Ordering::Less => Some(bar.high),
            std::cmp::Ordering::Equal => None,
        }
    }

    pub(super) fn set_mark(&mut self, bar: &PlannedBar, bid: Price) -> Result<(), Stop> {
        let ask = bid.checked_add(bar.spread).unwrap_or(bid);
        self.set_quotes(&[(bar.symbol, bid, ask)], false)
    }

    pub(super) fn is_below_at(
        &mut self,
        bar: &PlannedBar,
        bid: Price,
        level: i128,
    ) -> Result<bool, Stop> {
        self.set_mark(bar, bid)?;
        Ok(self.account.is_below(level))
    }

    /// The first price after one that is fine at which the account is below, on the way to one at
    /// which it is.
    fn first_below(
        &mut self,
        bar: &PlannedBar,
        (fine, below): (Price, Price),
        level: i128,
    ) -> Result<Price, Stop> {
        let tick = self.book_at(bar.symbol).map_or(1, Book::tick).max(1);
        let ticks = |price: Price| price.raw().checked_div(tick).unwrap_or(0);
        let price = |ticks: i128| Price::from_raw(ticks.saturating_mul(tick)).unwrap_or(below);
        let (mut low, mut high) = (ticks(fine), ticks(below));
        while low.abs_diff(high) > 1 {
            let half = high.saturating_sub(low).checked_div(2).unwrap_or(0);
            let middle = low.saturating_add(half);
            if self.is_below_at(bar, price(middle), level)? {
                high = middle;
            } else {
                low = middle;
            }
        }
        Ok(price(high))
    }

    /// Closes positions at the marks as long as the account is below the level.
    pub(super) fn stop_out_at_marks(&mut self, time: i64) -> Result<(), Stop> {
        let Some(level) = self.configuration.stop_out else { return Ok(()) };
        while self.account.is_below(level) && !self.positions.rows().is_empty() {
            self.close_worst(time)?;
        }
        Ok(())
    }

    /// Closes the position with the least unrealized result at its mark.
    fn close_worst(&mut self, time: i64) -> Result<(), Stop> {
        let mut worst: Option<(Money, u64, Position)> = None;
        for position in self.positions.rows() {
            let Some(book) = self.book_at(position.symbol) else { continue };
            let (held, mark) = ((position.size, position.cost), book.mark(position.side));
            let native = book.native_result(position.side, held, mark)?;
            let unrealized = native.at_rate(self.profit_rate(book)?)?;
            let key = (unrealized, position.position_id);
            if worst.as_ref().is_none_or(|(least, id, _)| key < (*least, *id)) {
                worst = Some((unrealized, position.position_id, *position));
            }
        }
        let Some((_, position_id, position)) = worst else { return Ok(()) };
        let Some(book) = self.book_at(position.symbol) else { return Ok(()) };
        let (reference, symbol) = (book.mark(position.side), book.symbol_text);
        let exit =
            Exit { reason: TextView::STOP_OUT, size: None, reference, maker: false, slips: false };
        self.exit(&position, &exit, time)?;
        self.note_activity(&ActivityRow {
            event: 0,
            time,
            kind: TextView::STOP_OUT,
            order_id: 0,
            position_id,
            symbol,
            size: position.size,
            price: reference,
            detail: TextView::EMPTY,
        })
    }
}
