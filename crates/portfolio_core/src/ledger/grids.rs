//! Numbers off their grids, rounded before anything else (rule I12).

mod orders;

use super::Ledger;
use crate::book::Book;
use crate::event::{Close, CloseBy, Event, Level, Marks, Modify, Open, Quote};
use crate::numbers::{Price, Size};
use crate::refusal::Refused;

/// Rounds the numbers of one symbol, and counts those that changed.
pub(super) struct Rounder<'b> {
    book: Option<&'b Book>,
    pub(super) changed: u64,
}

impl<'b> Rounder<'b> {
    pub(super) fn new(book: Option<&'b Book>) -> Self {
        Self { book, changed: 0 }
    }

    /// A price on the tick. One out of range stays as it is, for a rule to refuse.
    pub(super) fn price(&mut self, price: Price) -> Price {
        let rounded = self.book.and_then(|book| book.on_tick(price).ok()).unwrap_or(price);
        self.changed = self.changed.saturating_add(u64::from(rounded != price));
        rounded
    }

    /// A size on the lot step.
    pub(super) fn size(&mut self, size: Size) -> Size {
        let rounded = self.book.map_or(size, |book| book.on_lot(size));
        self.changed = self.changed.saturating_add(u64::from(rounded != size));
        rounded
    }

    fn level(&mut self, level: Level) -> Level {
        match level {
            Level::Set(price) => Level::Set(self.price(price)),
            other => other,
        }
    }
}

impl Ledger {
    /// Numbers of calls that were rounded to their grids so far.
    #[must_use]
    pub fn rounded_count(&self) -> u64 {
        self.rounded
    }

    /// Applies an event after its numbers were rounded to their grids.
    pub(super) fn apply_rounded(
        &mut self,
        event: &Event<'_>,
        symbol: Option<u32>,
    ) -> Result<(), Refused> {
        match event {
            Event::Open(open) => {
                let mut rounder = Rounder::new(self.known_book(open.symbol, symbol));
                let open = rounded_open(open, &mut rounder);
                let changed = rounder.changed;
                self.open_rounded(&open, symbol, changed)
            }
            Event::Close(close) => {
                let mut rounder = Rounder::new(self.book_of(close.position_id));
                let held = self.positions.find(close.position_id).map(|(_, held)| held.size);
                let size = close.size.map(|size| {
                    // What is left may be off the lot step; it is closed whole all the same.
                    if Some(size) == held { size } else { rounder.size(size) }
                });
                let close = Close { size, price: rounder.price(close.price), ..*close };
                self.apply_counted(&Event::Close(close), None, rounder.changed)
            }
            Event::CloseBy(close) => {
                let mut rounder = Rounder::new(self.book_of(close.position_id));
                let held = self.positions.find(close.position_id).map(|(_, held)| held.size);
                let size = close
                    .size
                    .map(|size| if Some(size) == held { size } else { rounder.size(size) });
                self.apply_counted(
                    &Event::CloseBy(CloseBy { size, ..*close }),
                    None,
                    rounder.changed,
                )
            }
            Event::Modify(modify) => {
                let mut rounder = Rounder::new(self.book_of(modify.position_id));
                let stop_loss = rounder.level(modify.stop_loss);
                let take_profit = rounder.level(modify.take_profit);
                let modify = Modify { stop_loss, take_profit, ..*modify };
                let changed = rounder.changed;
                self.modify_rounded(&modify, changed)
            }
            Event::PlaceOrder(order) => self.place_rounded(order),
            Event::Bar(bars) => self.bars_rounded(bars),
            Event::Quotes(quotes) => self.quotes_rounded(quotes),
            Event::Mark(marks) | Event::UpdateEquity(marks) => {
                let mut changed = 0_u64;
                let round = |quote: &Quote<'_>| {
                    let mut rounder = Rounder::new(self.known_book(quote.symbol, symbol));
                    let (bid, ask) = (rounder.price(quote.bid), rounder.price(quote.ask));
                    // One price for both is one number of the call.
                    let more =
                        if quote.bid == quote.ask { rounder.changed / 2 } else { rounder.changed };
                    (bid, ask, more)
                };
                let mut quotes = Vec::new();
                quotes.try_reserve(marks.quotes.len())?;
                for quote in marks.quotes {
                    let (bid, ask, more) = round(quote);
                    changed = changed.saturating_add(more);
                    quotes.push(Quote { bid, ask, ..*quote });
                }
                let marks = Marks { quotes: &quotes, ..*marks };
                let update = matches!(event, Event::UpdateEquity(_));
                let event = if update { Event::UpdateEquity(marks) } else { Event::Mark(marks) };
                self.apply_counted(&event, symbol, changed)
            }
            other => self.apply_counted(other, None, 0),
        }
    }

    fn apply_counted(
        &mut self,
        event: &Event<'_>,
        symbol: Option<u32>,
        changed: u64,
    ) -> Result<(), Refused> {
        if self.has_due(event) {
            self.apply_after_flows(event, symbol)?;
        } else {
            self.dispatch(event, symbol)?;
        }
        self.rounded = self.rounded.saturating_add(changed);
        Ok(())
    }

    /// The book of a symbol whose index the caller may know; its text then says nothing.
    fn known_book(&self, symbol: &str, index: Option<u32>) -> Option<&Book> {
        index.map_or_else(|| self.book(symbol), |index| self.book_at(index))
    }

    /// The book of an open position.
    pub(super) fn book_of(&self, position_id: u64) -> Option<&Book> {
        let (_, position) = self.positions.find(position_id)?;
        self.book_at(position.symbol)
    }
}

fn rounded_open<'a>(open: &Open<'a>, rounder: &mut Rounder<'_>) -> Open<'a> {
    Open {
        size: rounder.size(open.size),
        price: rounder.price(open.price),
        stop_loss: open.stop_loss.map(|level| rounder.price(level)),
        take_profit: open.take_profit.map(|level| rounder.price(level)),
        ..*open
    }
}
